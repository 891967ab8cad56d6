import asyncio
import pathlib
import sys
import time

import pytest

from sting.model import errors
from tests.unit.tui.screens import backtest_program
from tui.screens import backtest_child
from tui.screens import backtest_process

pytestmark = pytest.mark.unit

PROGRAM = (sys.executable, str(pathlib.Path(backtest_program.__file__)))


async def run(strategy, progress=None, **fields):
    child = backtest_child.Child(PROGRAM)
    seen = progress if progress is not None else []
    form = backtest_child.Form(strategy, **fields)
    return await child.run(form, lambda *step: seen.append(step))


def test_the_form_becomes_options():
    form = backtest_child.Form(
        'my_strategy.py:Mine',
        data="sample 'my file.csv'",
        symbols='GOOG, IBM',
        start='2012-01-01',
        end='2012-12-31',
        cash='5000',
        costs='ibkr_fixed',
        commission_bps='1',
        slippage_bps='2.5',
        fill='path',
        parameters='fast=10 slow=30',
    )

    assert form.arguments() == [
        '--data=sample',
        '--data=my file.csv',
        '--symbol=GOOG',
        '--symbol=IBM',
        '--start=2012-01-01',
        '--end=2012-12-31',
        '--cash=5000',
        '--costs=ibkr_fixed',
        '--commission-bps=1',
        '--slippage-bps=2.5',
        '--fill=path',
        '--set=fast=10',
        '--set=slow=30',
        '--',
        'my_strategy.py:Mine',
    ]


def test_all_modes_of_filling_are_a_range():
    arguments = backtest_child.Form('good', fill=' all ').arguments()

    assert '--fill-range' in arguments
    assert not any(each.startswith('--fill=') for each in arguments)


def test_an_empty_field_leaves_the_default():
    assert backtest_child.Form('good').arguments() == [
        '--data=sample',
        '--',
        'good',
    ]


def test_no_field_can_be_taken_for_an_option():
    form = backtest_child.Form('--json', start='--end')

    assert form.arguments()[-2:] == ['--', '--json']
    assert '--start=--end' in form.arguments()


@pytest.mark.parametrize(
    ('fields', 'message'),
    [
        ({'strategy': ' '}, 'strategy is empty'),
        ({'strategy': 'good', 'data': ''}, 'data is empty'),
        ({'strategy': 'good', 'data': "'open"}, 'data: close'),
        ({'strategy': 'good', 'parameters': '"a'}, 'parameters: close'),
    ],
)
def test_a_field_that_cannot_be_read_is_named(fields, message):
    with pytest.raises(errors.InputError, match=message):
        backtest_child.Form(**fields).arguments()


async def test_figures_curve_and_trades_are_read():
    outcome = await run('good')

    assert outcome.error == ''
    assert outcome.figures['final_equity'] == 112345.678
    assert outcome.curve.times[0] == '2012-06-01T20:00:00Z'
    assert outcome.curve.equity == [100000.0, 90000.0, 112345.678]
    assert outcome.curve.drawdown == [0.0, -0.1, 0.0]
    assert [trade['pnl'] for trade in outcome.trades] == ['975.0', '-250.0']


async def test_progress_is_passed_on():
    seen = []
    await run('good', seen)

    assert seen == [(1, 3), (2, 3), (3, 3)]


async def test_the_child_gets_the_form():
    outcome = await run('good', symbols='IBM', parameters='fast=5')

    arguments = outcome.figures['arguments']
    assert arguments[0] == 'backtest'
    assert {'--json', '--symbol=IBM', '--set=fast=5'} <= set(arguments)


async def test_bad_input_is_told_in_the_childs_own_line():
    outcome = await run('wrong')

    assert outcome.error == 'prices.csv:7: high is below low'
    assert outcome.figures == {}


async def test_a_child_that_fails_without_a_word_gives_its_status():
    assert (await run('mute')).error == 'the backtest ended with 1'


async def test_an_unreadable_result_is_an_error():
    outcome = await run('garbled')

    assert outcome.error.startswith('the result cannot be read')


async def test_a_wrong_form_runs_nothing():
    child = backtest_child.Child(('/nowhere/at/all',))

    outcome = await child.run(backtest_child.Form(''), lambda *_: None)

    assert outcome.error.startswith('strategy is empty')


async def start(strategy):
    """Starts a child and waits until it has said that it runs."""
    child = backtest_child.Child(PROGRAM)
    running = asyncio.Event()
    task = asyncio.create_task(
        child.run(backtest_child.Form(strategy), lambda *_: running.set())
    )
    await asyncio.wait_for(running.wait(), 10)
    return child, task


async def test_cancel_ends_the_child():
    child, task = await start('slow')
    began = time.monotonic()

    await child.cancel()

    assert (await task).error == backtest_child.CANCELLED
    assert time.monotonic() - began < 5


async def test_cancel_kills_a_child_that_will_not_end(monkeypatch):
    monkeypatch.setattr(backtest_process, 'PATIENCE_S', 0.2)
    child, task = await start('stubborn')

    await child.cancel()

    assert (await task).error == backtest_child.CANCELLED


async def test_cancel_before_the_start_runs_nothing_to_its_end():
    child = backtest_child.Child(PROGRAM)
    await child.cancel()

    form = backtest_child.Form('slow')
    outcome = await asyncio.wait_for(child.run(form, lambda *_: None), 10)

    assert outcome.error == backtest_child.CANCELLED


async def test_cancel_after_the_end_does_nothing():
    child = backtest_child.Child(PROGRAM)
    outcome = await child.run(backtest_child.Form('good'), lambda *_: None)

    await child.cancel()

    assert outcome.error == ''


async def test_a_cancelled_task_leaves_no_child_behind():
    child, task = await start('stubborn')
    process = child._process

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert await asyncio.wait_for(process.wait(), 10) != 0


async def test_a_program_that_cannot_be_started_is_told():
    child = backtest_child.Child(('/no/such/program',))
    outcome = await child.run(backtest_child.Form('good'), lambda *_: None)
    assert 'it cannot be started' in outcome.error


async def test_a_disk_that_takes_nothing_is_told(monkeypatch):
    monkeypatch.setattr('tempfile.tempdir', '/no/such/folder')
    child = backtest_child.Child(PROGRAM)
    outcome = await child.run(backtest_child.Form('good'), lambda *_: None)
    assert 'it cannot be run' in outcome.error
