import dataclasses
import json

import numpy as np
import pytest

from sting.backtest import result as results
from sting.backtest import trades
from sting.backtest import verdicts
from sting.backtest.figures import analyzer
from sting.model import errors
from tests.unit.backtest import runs
from tests.unit.backtest import test_ambiguity

pytestmark = pytest.mark.unit


def test_json_has_what_the_command_promises():
    found = runs.result().to_json()
    assert set(found) >= {
        'strategy',
        'parameters',
        'symbols',
        'start',
        'end',
        'bars',
        'orders',
        'fills',
        'trades',
        'final_equity',
        'total_return',
        'cagr',
        'volatility',
        'sharpe',
        'sortino',
        'calmar',
        'max_drawdown',
        'win_rate',
        'profit_factor',
        'exposure',
        'turnover',
        'fees',
        'log_hash',
        'elapsed_s',
        'bars_per_s',
    }
    assert (found['fills'], found['trades'], found['bars_per_s']) == (2, 1, 6.0)
    assert found['start'] == '1970-01-01T12:00:00Z'


def test_json_is_strict():
    text = json.dumps(runs.result(elapsed_s=0.0).to_json(), allow_nan=False)
    assert json.loads(text)['bars_per_s'] is None
    assert json.loads(text)['profit_factor'] is None


def test_json_has_the_tables():
    table = runs.fills((runs.BUY, 1.0, 100.0), (runs.SELL, 3.0, 110.0))
    trips = trades.round_trips(table)
    still_open = trades.all_trips(table, {'X': 111.0})[1]
    tables = analyzer.PerformanceAnalyzer().tabulate(
        'mine', runs.curve(100.0, 98.0, 108.0), trips, still_open
    )
    found = runs.result(tables=tables, benchmark='I').to_json()
    json.dumps(found, allow_nan=False)
    assert found['benchmark'] == 'I'
    assert found['monthly'] == {'1970-01': pytest.approx(0.08)}
    assert found['yearly'] == {'1970': pytest.approx(0.08)}
    assert found['drawdowns'] == [
        {
            'depth': pytest.approx(-0.02),
            'start': '1970-01-01T12:00:00Z',
            'bottom': '1970-01-02T12:00:00Z',
            'end': '1970-01-03T12:00:00Z',
            'length_s': 172_800.0,
            'recovery_s': 86_400.0,
        }
    ]
    assert [row['name'] for row in found['by_side']] == ['long', 'short']
    assert found['by_symbol'][0]['open_pnl'] == -2.0
    assert found['by_strategy'][0]['name'] == 'mine'
    assert found['open_trades'][0]['entry_time'] == '1970-01-01T00:00:02Z'


def test_excursions_are_written(tmp_path):
    path = tmp_path / 'trades.csv'
    made = runs.result()
    trips = dataclasses.replace(
        made.trades, mae=np.array([-0.5]), mfe=np.array([0.25])
    )
    runs.result(trades=trips).write_trades(path)
    assert path.read_text().splitlines()[1].endswith(',8.0,2.0,-0.5,0.25')


def test_fills_are_written(tmp_path):
    path = tmp_path / 'fills.csv'
    runs.result().write_fills(path)
    assert path.read_text().splitlines() == [
        'order_id,symbol,side,quantity,price,fee,timestamp,tag',
        'o1,X,buy,1.0,100.0,1.0,1970-01-01T00:00:01Z,open',
        'o2,X,sell,1.0,110.0,1.0,1970-01-01T00:00:02Z,open',
    ]


def test_trades_are_written(tmp_path):
    path = tmp_path / 'trades.csv'
    runs.result().write_trades(path)
    assert path.read_text().splitlines() == [
        'symbol,side,quantity,entry_time,entry_price,exit_time,exit_price,'
        'pnl,fees,mae,mfe',
        'X,buy,1.0,1970-01-01T00:00:01Z,100.0,1970-01-01T00:00:02Z,110.0,'
        '8.0,2.0,,',
    ]


def test_equity_is_written(tmp_path):
    path = tmp_path / 'equity.csv'
    runs.result().write_equity(path)
    assert path.read_text().splitlines()[:3] == [
        'timestamp,equity,cash,drawdown',
        '1970-01-01T12:00:00Z,100.0,100.0,0.0',
        '1970-01-02T12:00:00Z,98.0,98.0,-0.020000000000000018',
    ]


@pytest.mark.parametrize(
    ('moments', 'rows'),
    [(0, []), (1, [0]), (4, [0, 1, 2, 3]), (5, [0, 3, 4]), (7, [0, 4, 6])],
)
def test_of_a_long_curve_one_moment_of_so_many_is_written(
    tmp_path, monkeypatch, moments, rows
):
    monkeypatch.setattr(results, '_WHOLE', 4)
    path = tmp_path / 'equity.csv'
    line = runs.curve(*map(float, range(1, moments + 1)), start=1.0)
    runs.result(curve=line).write_equity(path)
    written = [line.split(',')[1] for line in path.read_text().splitlines()]
    assert written[1:] == [str(row + 1.0) for row in rows]


def test_what_was_not_let_through_is_written(tmp_path):
    found = verdicts.Verdicts(())
    found.rows.append(
        verdicts.Refused(0, 'o1', 'X', 'deny', 'max_position', 'a, b')
    )
    runs.result(verdicts=found).write_verdicts(tmp_path / 'v.csv')
    assert (tmp_path / 'v.csv').read_text().splitlines() == [
        'timestamp,order_id,symbol,decision,by,message',
        '1970-01-01T00:00:00Z,o1,X,deny,max_position,"a, b"',
    ]


def test_parts_of_a_second_are_kept(tmp_path):
    path = tmp_path / 'fills.csv'
    made = runs.result()
    made.fills.timestamp[0] += 500_000_000
    made.write_fills(path)
    assert '1970-01-01T00:00:01.500000Z' in path.read_text()


def test_a_run_without_fills_is_written_too(tmp_path):
    path = tmp_path / 'fills.csv'
    runs.result(fills=runs.fills()).write_fills(path)
    assert len(path.read_text().splitlines()) == 1


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    path = tmp_path / 'no' / 'fills.csv'
    with pytest.raises(errors.InputError) as caught:
        runs.result().write_fills(path)
    assert str(caught.value) == (
        f'{path}: cannot be written: No such file or directory'
    )


def test_json_has_the_range_where_all_modes_were_run():
    assert runs.result().to_json()['range'] is None
    found = runs.result(range=test_ambiguity.made()).to_json()
    assert found['range'] == test_ambiguity.made().to_json()
