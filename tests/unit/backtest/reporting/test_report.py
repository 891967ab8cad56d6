import dataclasses
import re

import pytest

from sting.backtest import assumptions
from sting.backtest import trades
from sting.backtest import verdicts
from sting.backtest.figures import analyzer
from sting.backtest.figures import groups
from sting.backtest.reporting import report
from sting.model import costs
from sting.model import events
from sting.model import records
from tests.unit.backtest import runs
from tests.unit.backtest import test_ambiguity

pytestmark = pytest.mark.unit


def lines(**fields):
    text = report.ReportGenerator().text(runs.result(**fields))
    return [' '.join(line.split()) for line in text.splitlines()]


def test_the_text_tells_the_figures():
    found = lines()
    assert found[0] == 'sting.library.sma_cross'
    for line in (
        'parameters fast=10',
        'took 0.500 s, 6 bars/s',
        'final equity 108.00',
        'total return +8.00%',
        'maximum drawdown -2.00%',
        'exposure 33.33%',
        'round trips 1',
        'won 100.00%',
        'profit factor -',
        'commission bps 10',
        'mind this',
    ):
        assert line in found


def test_what_is_empty_is_left_out():
    found = lines(assumptions={}, warnings=(), parameters={}, elapsed_s=0.0)
    assert 'parameters none' in found
    assert 'Assumptions' not in found
    assert 'Warnings' not in found
    assert not any(line.startswith('took') for line in found)


def test_the_table_fits_the_terminal():
    text = report.ReportGenerator().text(runs.result())
    assert max(len(line) for line in text.splitlines()) <= 80


def test_long_texts_are_broken_to_fit():
    text = report.ReportGenerator().text(
        runs.result(
            symbols=tuple(f'S{number}' for number in range(60)),
            parameters={f'name{number}': 1.5 for number in range(9)},
            warnings=('word ' * 40,),
        )
    )
    assert max(len(line) for line in text.splitlines()) <= 80
    assert 'S49 and 10 more' in text
    assert 'name8=1.5' in text


def test_a_strategy_that_asked_for_nothing_is_told_of():
    assert 'orders 0; the strategy asked for none' in lines(orders=0)


def test_control_characters_are_escaped():
    assert 'symbols X\\x1b[2J' in lines(symbols=('X\x1b[2J',))


def test_assumptions_are_written_for_people():
    found = lines(
        assumptions={
            'rules': ('halted', 'max_position'),
            'none_of_them': (),
            'generated': True,
            'adjusted': False,
            'participation': None,
        }
    )
    for line in (
        'rules halted, max_position',
        'none of them none',
        'generated yes',
        'adjusted no',
        'participation -',
    ):
        assert line in found


def test_costs_with_many_figures_are_told_in_sentences():
    model = costs.CostModel(
        commission=costs.Commission(per_unit=0.005, minimum=1.0),
        slippage=costs.Spread(bps=4.0),
    )
    assumed = assumptions.Assumptions(costs=model)
    text = ' '.join(lines(assumptions=assumed.told()))
    for words in (
        '0.005 a unit, at least 1 an order.',
        'half a spread of 4 basis points',
        'not modelled',
        'the impact of an order on the price;',
    ):
        assert words in text
    assert 'slippage kind' not in text


def test_lists_and_parts_of_an_assumption_are_written_out():
    assert report.assumed([{'name': 'SEC', 'bps': 1.0}, {}]) == (
        'name SEC, bps 1.0; none'
    )


def tabled():
    table = runs.fills(
        (runs.BUY, 1.0, 100.0),
        (runs.SELL, 3.0, 110.0),
        (runs.BUY, 2.0, 120.0),
    )
    line = runs.curve(100.0, 98.0, 108.0, 90.0, step=200 * runs.DAY)
    trips = trades.round_trips(table)
    tables = analyzer.PerformanceAnalyzer().tabulate('mine', line, trips, ())
    figures = dataclasses.replace(
        runs.result().metrics,
        benchmark_return=0.5,
        alpha=0.01,
        beta=0.25,
        information_ratio=0.0125,
    )
    return {'tables': tables, 'metrics': figures, 'benchmark': 'I'}


def test_the_text_tells_drawdowns_years_and_sides():
    found = lines(**tabled())
    for line in (
        'Deepest drawdowns',
        '1971-02-05 -16.67%, 200 days, not recovered',
        '1970-01-01 -2.00%, 400 days, 200 days of them from the bottom',
        'Years',
        '1970 -2.00%',
        '1971 -8.16%',
        'Sides',
        'long 10.00, 1 round trips, won 100.00%',
        'short -20.00, 1 round trips, won 0.00%',
    ):
        assert line in found
    # One symbol is the whole run.
    assert 'Symbols' not in found


def test_the_text_tells_how_it_did_beside_the_benchmark():
    found = lines(**tabled())
    at = found.index('Against I, bought and held')
    assert found[at + 1 : at + 5] == [
        'benchmark return +50.00%',
        'alpha, yearly +1.00%',
        'beta 0.25',
        'information ratio 0.0125 a day',
    ]
    assert not any('bought and held' in line for line in lines())


def test_short_times_are_told_in_hours():
    figures = dataclasses.replace(
        runs.result().metrics, longest_drawdown_s=5400.0
    )
    assert 'longest drawdown 1.5 h' in lines(metrics=figures)


def test_many_symbols_are_cut_and_counted():
    rows = [
        groups.Group(
            name=f'S{n}',
            trades=1,
            pnl=float(n),
            open_pnl=0.0,
            fees=0.0,
            win_rate=1.0,
            profit_factor=None,
            expectancy=1.0,
        )
        for n in range(report.MOST + 3)
    ]
    found = lines(tables=analyzer.Tables(symbols=rows))
    assert 'S22 22.00, 1 round trips, won 100.00%' in found
    assert 'S2 2.00, 1 round trips, won 100.00%' not in found
    assert '... 3 more with --json' in found


def test_what_was_denied_is_told_with_the_first_reason():
    found = verdicts.Verdicts(('halted', 'max_position'))
    for at in (1, 2):
        found.judged(
            events.Event(
                seq=at,
                timestamp=runs.NOON,
                type=events.EventType.RISK_VERDICT,
                source='risk',
                data=records.Verdict(
                    order_id=f'o{at}',
                    decision=records.Decision.DENY,
                    failed=(1,),
                    message='200 is above 100',
                ),
                symbol='X',
            )
        )
    text = '\n'.join(lines(verdicts=found))
    assert re.search(r'denied +2', text)
    assert re.search(r'by +max_position 2', text)
    assert re.search(r'the first +1970-01-01T12:00:00Z 200 is above 100', text)


def test_the_range_of_the_modes_of_filling_is_told():
    found = runs.result(range=test_ambiguity.made())
    text = report.ReportGenerator().text(found)
    assert '98.00 .. 101.20 (3.20% of the start)' in text
    assert '1 of 4 (25.00%)' in text
    assert '98.00, -2.00%, drawdown -10.00%, Sharpe -' in text


def test_one_mode_of_filling_has_no_range():
    text = report.ReportGenerator().text(runs.result())
    assert 'Modes of filling' not in text
