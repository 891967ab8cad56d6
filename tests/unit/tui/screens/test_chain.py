"""A chain of causes as text."""

import io

import pytest
from rich import console

from sting.model import records
from sting.model import views
from tui import themes
from tui.screens import chain

pytestmark = pytest.mark.unit

PALETTE = themes.Palette(themes.load_all()['dark'])
FILL = views.Cause(
    9,
    1_338_580_800_000_000_000,
    'fill',
    'paper',
    'GOOG',
    7,
    'bought 100 at 570.12',
)
RULES = (
    records.RuleFigure('halted', None, None, 'state', False),
    records.RuleFigure('max_position', 500.0, 2000.0, 'units', False),
    records.RuleFigure('max_order', 60_000.0, 50_000.0, 'in cash', True),
    records.RuleFigure('collar[/b]\x1b', None, 0.05, 'of price', False),
)
VERDICT = views.Cause(
    7, FILL.timestamp, 'risk_verdict', 'risk', '', 3, 'deny', rules=RULES
)
SIGNAL = views.Cause(
    5,
    FILL.timestamp,
    'signal',
    'sma',
    'GOOG',
    3,
    'order buy 10 GOOG',
    reason='fast is above [/b] \x1b[2J',
    indicators={'SMA(2)': 570.123456, 'SMA(5)': 569.0},
)


def lines(*causes, width=90):
    out = console.Console(file=io.StringIO(), width=width)
    out.print(chain.render(causes, PALETTE))
    return [line.rstrip() for line in out.file.getvalue().splitlines()]


def test_an_event_has_number_time_type_and_what_it_says():
    assert chain.cells(FILL, 0) == (
        '9',
        '20:00:00',
        'fill',
        'GOOG bought 100 at 570.12',
    )


def test_what_led_to_the_event_above_is_marked():
    assert chain.cells(FILL, 2)[0] == '└ 9'


def test_a_symbol_is_not_said_twice():
    row = views.Cause(9, 0, 'fill', 'x', 'GOOG', 7, 'buy 20 GOOG')
    assert chain.cells(row, 0)[3] == 'buy 20 GOOG'


def test_events_stand_below_each_other_in_columns():
    found = lines(FILL, VERDICT)
    assert found[0].index('20:00:00') == found[1].index('20:00:00')


def test_a_verdict_has_rule_figure_limit_and_result_those_that_failed_first():
    found = lines(VERDICT)

    assert found[1].split() == ['rule', 'figure', 'limit', 'result']
    assert found[2].split() == [
        '✗', 'max_order', '60,000', '50,000', 'in', 'cash', 'said', 'no',
    ]  # fmt: skip
    assert found[3].split() == [
        '✓', 'max_position', '500', '2,000', 'units', 'passed,', '25%', 'used',
    ]  # fmt: skip


def test_rules_that_did_not_apply_are_only_named():
    assert lines(VERDICT)[-1].strip().startswith('did not apply: halted, colla')


def test_a_verdict_no_rule_had_anything_to_say_of_has_no_table():
    row = views.Cause(
        7, 0, 'risk_verdict', 'risk', '', 3, 'ok', rules=RULES[:1]
    )
    assert [line.strip() for line in lines(row)[1:]] == [
        'did not apply: halted'
    ]


def test_a_signal_has_its_reason_and_a_line_for_each_indicator():
    found = [line.strip() for line in lines(SIGNAL)]

    assert found[1].startswith('because fast is above [/b]')
    assert [line.split() for line in found[2:]] == [
        ['SMA(2)', '570.12346'],
        ['SMA(5)', '569'],
    ]


def test_text_from_outside_cannot_steer_the_terminal():
    assert '\x1b' not in '\n'.join(lines(SIGNAL, VERDICT))


def test_narrow_screens_fold_the_text():
    found = lines(FILL, VERDICT, SIGNAL, width=40)
    assert max(map(len, found)) <= 40
