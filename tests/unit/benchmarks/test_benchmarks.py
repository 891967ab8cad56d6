"""The benchmarks check what they time, on work small enough for a test."""

import numpy as np
import pytest

from benchmarks import __main__ as program
from benchmarks import bare
from benchmarks import compiled
from benchmarks import growth
from benchmarks import guardian
from benchmarks import isolation
from benchmarks import journal
from benchmarks import lanes
from benchmarks import quotes
from benchmarks import replay
from benchmarks import rows
from benchmarks import stop
from benchmarks import symbols
from benchmarks import where
from benchmarks import work
from sting.backtest import engine

pytestmark = pytest.mark.unit


def test_a_figure_of_something_wrong_is_not_printed():
    with pytest.raises(rows.WrongError, match='fills: 3, expected 4'):
        rows.check(3, 4, 'fills')


@pytest.mark.parametrize(
    ('figure', 'text'),
    [(123_456.7, '123,457'), (12.345, '12.3'), (0.00123, '0.00123')],
)
def test_a_figure_has_three_digits_that_mean_something(figure, text):
    assert rows.number(figure) == text


def test_a_rate_says_what_each_one_costs():
    row = rows.rate('bars', 1_000, rows.Took(0.5, 0.002), 'bars', 'x')
    assert (row.figure, row.unit) == (2_000, 'bars/s')
    assert row.beside == '2 us of CPU; x'


def test_a_long_wait_is_met_more_often_than_a_short_one():
    waits = [1.0] * 9 + [11.0]
    assert rows.met(waits, 40) == 1.0
    assert rows.met(waits, 50) == rows.met(waits, 100) == 11.0


def test_an_unknown_topic_is_named(capsys):
    assert program.main(['jurnal']) == 2
    assert 'jurnal' in capsys.readouterr().out


def test_one_topic_leaves_the_page_alone(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(program, 'PAGE', tmp_path / 'BENCHMARKS.md')
    monkeypatch.setattr(lanes, 'EACH', 20)
    assert program.main(['lanes']) == 0
    assert 'events/s' in capsys.readouterr().out
    assert not program.PAGE.exists()


def test_some_topics_have_a_page_elsewhere(monkeypatch, tmp_path):
    monkeypatch.setattr(program, 'PAGE', tmp_path / 'BENCHMARKS.md')
    assert program.main(['--to', str(tmp_path / 'page.md'), 'loops']) == 2
    monkeypatch.setattr(program, 'TOPICS', ('lanes',))
    assert program.main(['--to', str(tmp_path / 'page.md'), 'lanes']) == 0
    assert '| 50 publishers' in (tmp_path / 'page.md').read_text()
    assert not program.PAGE.exists()


def test_all_topics_write_the_page(monkeypatch, tmp_path):
    monkeypatch.setattr(program, 'PAGE', tmp_path / 'BENCHMARKS.md')
    monkeypatch.setattr(program, 'TOPICS', ('lanes',))
    name = '50 publishers into a lane of 64, durable, in order'
    monkeypatch.setattr(program, 'GOALS', {name: '>= 1'})
    assert program.main([]) == 0
    page = program.PAGE.read_text()
    assert '| 50 publishers' in page
    assert '| >= 1: met |' in page
    assert 'cores' in page


def test_the_log_is_checked_before_its_rate_is_given(monkeypatch):
    monkeypatch.setattr(journal, 'EVENTS', 2_000)
    monkeypatch.setattr(journal, 'PACED_S', 0.05)
    monkeypatch.setattr(journal, 'SYNCS', 5)
    assert [row.unit for row in journal.run()] == ['events/s'] * 2 + ['ms'] * 2


def test_the_replay_is_held_against_the_state_that_was(monkeypatch):
    monkeypatch.setattr(replay, 'EVENTS', 4_000)
    monkeypatch.setattr(replay, 'TAIL', 1_000)
    monkeypatch.setattr(replay, 'BATCH', 500)
    assert len(replay.run()) == 3


def test_the_guardian_cancels_while_the_lock_is_held(monkeypatch):
    monkeypatch.setattr(guardian, 'TRIALS', 2)
    monkeypatch.setattr(guardian, 'HELD_US', 50_000)
    assert len(guardian.run()) == 4


def test_the_stop_cancels_while_the_loop_is_blocked(monkeypatch):
    monkeypatch.setattr(stop, 'TRIALS', 2)
    monkeypatch.setattr(stop, 'QUEUED', 100)
    assert max(row.figure for row in stop.run()) < 5_000


def test_an_engine_of_many_symbols_takes_all_their_bars():
    taken = symbols.measured(100, pass_s=0.5)
    assert [row.unit for row in taken] == ['MB', 'ms', 'ms']
    assert '100 symbols' in taken[0].name


def test_the_generated_work_is_the_one_that_the_figures_are_of():
    first = work.bars(1, 3)
    assert first['close'].tolist() == [100.010368, 100.035022, 100.044939]


@pytest.mark.timeout(400)
def test_the_compiled_run_trades_as_the_bare_loop_does(monkeypatch, tmp_path):
    monkeypatch.setenv('STING_HOME', str(tmp_path))
    monkeypatch.setattr(compiled, 'REPEATS', 1)
    monkeypatch.setattr(compiled, 'CALLS', 10)
    assert [row.unit for row in compiled.run()] == ['bars/s', 'bars/s', 'us']


def test_every_bar_is_answered_with_an_order_by_the_process(monkeypatch):
    monkeypatch.setattr(isolation, 'PACES', {1_000: 50})
    monkeypatch.setattr(journal, 'SYNCS', 5)
    monkeypatch.setattr(isolation, 'KILLS', 1)
    assert [row.unit for row in isolation.run()] == ['ms'] * 3


def test_loops_without_a_framework_reach_what_every_engine_has_to():
    columns = work.bars(1, 5_000)
    fast, slow = (
        work.average(columns['close'], period)
        for period in (work.FAST, work.SLOW)
    )
    played = bare.crossing([columns])
    count, equity = bare.compiled(
        columns['open'], columns['close'], fast, slow, work.SLOW
    )
    assert (count, round(equity, 2)) == (played.fills, played.equity)
    assert played.fills - 2 * played.trips in {0, 1}


def test_symbols_are_played_as_if_each_were_alone():
    parts = [work.bars(seed, 3_000) for seed in (7, 8)]
    alone = [bare.crossing([columns]) for columns in parts]
    both = bare.crossing(parts)
    assert both.fills == sum(each.fills for each in alone)
    gained = sum(each.equity - work.CASH for each in alone)
    assert both.equity == pytest.approx(work.CASH + gained, abs=0.02)


def test_grid_is_the_runs_one_by_one():
    columns = work.bars(3, 2_000)
    finals = bare.sweep(columns, [5, 6], [30, 40])
    slow = work.average(columns['close'], 40)
    fast = work.average(columns['close'], 6)
    _, alone = bare.compiled(columns['open'], columns['close'], fast, slow, 40)
    assert finals[3] == alone


def test_average_is_of_the_last_values():
    values = np.arange(10.0)
    found = work.average(values, 4)
    assert np.isnan(found[:3]).all()
    assert found[3:].tolist() == [1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5]


def test_quotes_are_counted_and_averaged():
    columns = {'bid': np.array([1.0, 2.0]), 'ask': np.array([3.0, 4.0])}
    count, average = bare.averaging(columns)
    assert (count, average) == (2, 2.0 + work.W4_DECAY)


def test_quotes_are_counted_by_the_strategy_before_a_time_is_given(
    monkeypatch,
):
    columns = {'bid': np.full(50, 99.99), 'ask': np.full(50, 100.01)}
    monkeypatch.setattr(work, 'w4', lambda: columns)
    monkeypatch.setattr(work, 'W4_QUOTES', 50)
    monkeypatch.setattr(work, 'W4_AVERAGE', 100.0)
    assert quotes.run()[0].unit == 'quotes/s'
    monkeypatch.setattr(work, 'W4_AVERAGE', 100.1)
    with pytest.raises(rows.WrongError, match='W4'):
        quotes.run()


def test_orders_are_counted_and_each_costs_about_the_same(monkeypatch):
    monkeypatch.setattr(growth, 'FEW', 300)
    monkeypatch.setattr(growth, 'MANY', 3_000)
    monkeypatch.setattr(engine, 'PROGRESS', 250)
    found = growth.orders()
    assert set(found) == {'order_us', 'growth', 'tenths'}
    assert found['order_us'] > 0


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_memory_is_that_of_whole_processes(monkeypatch, tmp_path):
    small = work.bars(1, 400)
    monkeypatch.setattr(work, 'w1', lambda: small)
    monkeypatch.setattr(work, 'W1', bare.crossing([small]))
    monkeypatch.setattr(growth, 'FURTHER', 600)
    monkeypatch.setattr(growth, 'FILLS', 200)
    found = growth.memory()
    assert set(found) == {'memory_mb', 'bar_b', 'fill_b'}
    assert found['memory_mb'] > 10


def test_stages_of_a_backtest_are_told_one_by_one(monkeypatch):
    monkeypatch.setattr(where, 'BARS', 2_000)
    monkeypatch.setattr(where, 'RUNS', 1)
    units = [row.unit for row in where.run()]
    assert units == ['us a bar', 'us a bar', 'us an order', 'us a bar']


def test_row_says_whether_its_goal_is_met():
    row = rows.Row('a', 2.0, 's')
    assert rows.markdown(row) == '| a | 2 s |  |  |'
    assert rows.judged(row, '<= 2') == '<= 2: met'
    assert rows.judged(row, '<= 1.5') == '<= 1.5: **not met**'
    assert rows.judged(row, '>= 1000') == '>= 1,000: **not met**'
