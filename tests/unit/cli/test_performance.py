"""How strategies do, in tables."""

import pytest

from sting.cli import performance
from sting.model import views

pytestmark = pytest.mark.unit

DONE = views.Performance(
    realized=10.0, fees=1.0, trips=2, hit_rate=0.5, slippage_bps=1.5,
    denied=1, untraded=3,
)  # fmt: skip


def test_there_is_a_cell_for_each_column():
    assert performance.cells(DONE) == ('+9.00', 2, '50%', '+1.5', 4)
    assert set(performance.cells(None)) == {'-'}
    assert len(performance.cells(None)) == len(performance.COLUMNS)


def test_a_detail_leaves_out_what_is_empty(capsys):
    performance.print_detail({'name': 'sma', 'detail': ''}, None, [])
    assert capsys.readouterr().out == 'name          sma\n'


def test_a_detail_lists_what_was_not_traded_without_control_characters(capsys):
    row = {
        'seq': 7,
        'timestamp': 0,
        'gate': 'risk',
        'reason': 'too \x1bmuch',
        'times': 2,
        'wanted': 'order buy 10 AAPL: crossed (SMA(3) 99.5)',
    }
    performance.print_detail({'name': 'sma'}, DONE, [row])
    out = capsys.readouterr().out
    assert 'P&L           +9.00 after fees\n' in out
    assert out.splitlines()[-1].split()[:7] == [
        '7', '1970-01-01T00:00:00Z', 'risk', 'too', '\\x1bmuch', '(2', 'times)',
    ]  # fmt: skip
