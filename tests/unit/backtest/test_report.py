import pytest

from sting.backtest import report
from tests.unit.backtest import runs

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
