import json
import math
import os
import pathlib
import subprocess
import sys

import pytest

from sting import strategy
from sting.model import errors
from sting.model import orders
from sting.strategy import kinds
from sting.strategy import loader
from sting.strategy import runner
from tests.unit.strategy import processes
from tests.unit.strategy import samples

pytestmark = pytest.mark.unit

S = orders.OrderStatus


class Told(strategy.CompiledStrategy):
    """Asks for what the bar says: quantity, kind and price in its fields."""

    parameters = {  # noqa: RUF012
        'whole': strategy.Parameter(2),
        'word': strategy.Parameter('left out'),
        'share': strategy.Parameter(0.5),
        'flag': strategy.Parameter(True),
    }

    def inputs(self):
        return (self.indicator(strategy.indicators.SMA, period=2),)

    def initial_state(self):
        return (0, math.nan, (True, 1.5))

    @staticmethod
    def decide(
        open,
        high,
        low,
        close,
        volume,
        position,
        indicators,
        state,
        parameters,
    ):
        count, _, pair = state
        whole, share, flag = parameters
        state = (count + whole, position + indicators[0], (flag, share))
        if pair[0]:
            return volume, int(low), close, state
        return 0.0, 0, 0.0, state


class Plain(Told):
    """Has what numba cannot compile."""

    @staticmethod
    def decide(
        open,
        high,
        low,
        close,
        volume,
        position,
        indicators,
        state,
        parameters,
    ):
        return NAMES['one'], 0, 0.0, state


NAMES = {'one': 1.0}


class Drifting(Told):
    """Makes a float of what began as a whole number."""

    def initial_state(self):
        return (0,)

    @staticmethod
    def decide(
        open,
        high,
        low,
        close,
        volume,
        position,
        indicators,
        state,
        parameters,
    ):
        return 0.0, 0, 0.0, (state[0] + 0.5,)


class Bound(strategy.CompiledStrategy):
    """Has a decision with self."""

    def decide(self, *_):
        return 0.0, 0, 0.0, ()


class Bare(strategy.CompiledStrategy):
    """Asks for nothing but its decision."""

    @staticmethod
    def decide(
        open,
        high,
        low,
        close,
        volume,
        position,
        indicators,
        state,
        parameters,
    ):
        return position + 1.0, kinds.MARKET, 0.0, state


@pytest.fixture(autouse=True, scope='module')
def _cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('STING_HOME', str(tmp_path_factory.mktemp('home')))
        yield


async def started(kind=Told, **parameters):
    feeder = runner.StrategyRunner(kind('s', parameters), number=1, log='t')
    await feeder.start(0)
    return feeder


async def ask(feeder, seq, quantity, kind=kinds.MARKET, price=1.0, symbol='X'):
    bar = samples.bar(price, symbol=symbol, volume=quantity, low=float(kind))
    return list(await feeder.market_data(seq, bar))


async def tell(feeder, seq, order_id, status, filled=0.0, symbol='X', judged=0):
    order = samples.order(
        order_id, symbol=symbol, status=status, filled=filled, judged=judged
    )
    return list(await feeder.order_update(seq, order))


async def test_an_answer_becomes_an_order_with_its_reason():
    feeder = await started()
    (market,) = await ask(feeder, 1, 5.0)
    assert (market.side, market.quantity, market.type) == ('buy', 5.0, 'market')
    assert (market.price, market.stop_price) == (None, None)
    assert market.reason == 'decided +5 market, holding 0'
    (limit,) = await ask(feeder, 2, -3.0, kinds.LIMIT, 90.5, symbol='Y')
    assert (limit.side, limit.quantity, limit.price) == ('sell', 3.0, 90.5)
    assert limit.reason == 'decided -3 limit 90.5, holding 0'
    (stop,) = await ask(feeder, 3, 2.0, kinds.STOP, 99.0, symbol='Z')
    assert (stop.type, stop.stop_price, stop.price) == ('stop', 99.0, None)


async def test_dust_and_a_cancel_of_nothing_ask_for_nothing():
    feeder = await started()
    assert not await ask(feeder, 1, 0.0)
    assert not await ask(feeder, 2, 1e-10)
    assert not await ask(feeder, 3, 7.0, kinds.CANCEL)


async def test_position_indicators_state_and_parameters_are_handed_over():
    feeder = await started(whole=3, flag=True)
    held = samples.fill(quantity=4.0)
    feeder.strategy.portfolio.apply(held)
    await ask(feeder, 1, 0.0, price=10.0)
    assert feeder.strategy.save_state()['states'] == {
        'X': [3, 'nan', [True, 0.5]]
    }
    await ask(feeder, 2, 0.0, price=20.0)
    assert feeder.strategy.save_state()['states'] == {
        'X': [6, 19.0, [True, 0.5]]
    }


async def test_each_symbol_has_a_state_of_its_own():
    feeder = await started()
    for symbol in 'XYX':
        await ask(feeder, 1, 0.0, symbol=symbol)
    states = feeder.strategy.save_state()['states']
    assert (states['X'][0], states['Y'][0]) == (4, 2)


async def test_a_new_order_waits_until_the_old_one_is_cancelled():
    feeder = await started()
    (first,) = await ask(feeder, 1, 5.0, kinds.LIMIT, 90.0)
    assert not await tell(feeder, 2, first.order_id, S.ACCEPTED)
    (cancel,) = await ask(feeder, 3, 5.0, kinds.LIMIT, 91.0)
    assert (cancel.kind, cancel.order_id) == ('cancel', first.order_id)
    assert not await tell(feeder, 4, first.order_id, S.PENDING_CANCEL)
    (second,) = await tell(feeder, 5, first.order_id, S.CANCELLED)
    assert (second.price, second.order_id) == (91.0, 't-5-1-1')
    (again,) = await ask(feeder, 6, 1.0)
    assert again.order_id == second.order_id


async def test_the_newest_of_what_waits_is_sent():
    feeder = await started()
    (first,) = await ask(feeder, 1, 5.0, kinds.LIMIT, 90.0)
    await ask(feeder, 2, 5.0, kinds.LIMIT, 91.0)
    await ask(feeder, 3, 5.0, kinds.LIMIT, 92.0)
    (sent,) = await tell(feeder, 4, first.order_id, S.CANCELLED)
    assert sent.price == 92.0


@pytest.mark.parametrize('status', [S.FILLED, S.CANCELLED])
async def test_an_order_that_fills_meanwhile_has_no_successor(status):
    feeder = await started()
    (first,) = await ask(feeder, 1, 10.0, kinds.LIMIT, 90.0)
    await ask(feeder, 2, 10.0)
    assert not await tell(feeder, 3, first.order_id, S.PENDING_CANCEL, 4.0)
    assert not await tell(feeder, 4, first.order_id, status, 10.0)
    assert [each.kind for each in await ask(feeder, 5, 1.0)] == ['order']


async def test_a_cancel_takes_out_the_order_and_what_waits_for_it():
    feeder = await started()
    (first,) = await ask(feeder, 1, 5.0, kinds.LIMIT, 90.0)
    (cancel,) = await ask(feeder, 2, 6.0)
    assert cancel.order_id == first.order_id
    assert not await ask(feeder, 3, 9.0, kinds.CANCEL)
    assert not await tell(feeder, 4, first.order_id, S.CANCELLED)
    assert not await ask(feeder, 5, 0.0, kinds.CANCEL)


async def test_a_cancel_takes_out_an_order_that_is_let_be():
    feeder = await started()
    (first,) = await ask(feeder, 1, 5.0, kinds.LIMIT, 90.0)
    (cancel,) = await ask(feeder, 2, 0.0, kinds.CANCEL)
    assert (cancel.kind, cancel.order_id) == ('cancel', first.order_id)
    assert not await tell(feeder, 3, first.order_id, S.CANCELLED)


async def test_a_partial_fill_leaves_the_order_working():
    feeder = await started()
    (first,) = await ask(feeder, 1, 5.0)
    await tell(feeder, 2, first.order_id, S.PARTIALLY_FILLED, 2.0)
    (cancel,) = await ask(feeder, 3, 5.0)
    assert cancel.kind == 'cancel'
    (second,) = await tell(feeder, 4, first.order_id, S.CANCELLED, 2.0)
    assert second.kind == 'order'


@pytest.mark.parametrize('status', [S.DENIED, S.REJECTED, S.EXPIRED])
async def test_an_order_that_came_to_nothing_frees_the_symbol(status):
    feeder = await started()
    (first,) = await ask(feeder, 1, 5.0)
    assert not await tell(feeder, 2, first.order_id, status)
    (second,) = await ask(feeder, 3, 5.0)
    assert second.kind == 'order'


async def test_an_order_of_before_a_restart_is_known_once_it_is_told_of():
    feeder = await started()
    assert not await tell(feeder, 1, 'old', S.ACCEPTED)
    assert not await tell(feeder, 2, 'other', S.CANCELLED)
    (cancel,) = await ask(feeder, 3, 5.0)
    assert (cancel.kind, cancel.order_id) == ('cancel', 'old')
    done = await started()
    assert not await tell(done, 1, 'old', S.CANCELLED)
    assert [each.kind for each in await ask(done, 2, 5.0)] == ['order']


async def test_an_order_that_ended_during_a_restart_is_forgotten():
    feeder = await started()
    feeder.strategy.load_state({'working': {'X': ['lost', 0.0]}})
    asked = [await ask(feeder, seq, 5.0) for seq in range(1, 6)]
    assert [[each.kind for each in signals] for signals in asked] == [
        ['cancel'],
        *[[]] * 3,
        ['order'],
    ]
    lines = [line.text for line in feeder.take_log()]
    assert lines[-1] == 'order lost does not work any more'


@pytest.mark.parametrize('restored', [False, True])
async def test_any_other_order_is_waited_for_however_long(restored):
    feeder = await started()
    order_id = 'old'
    if restored:
        feeder.strategy.load_state({'working': {'X': ['old', 0.0]}})
        await tell(feeder, 2, 'old', S.ACCEPTED)
    else:
        # It is on its way; the bars that wait are older than its answer.
        (first,) = await ask(feeder, 1, 5.0)
        order_id = first.order_id
    (cancel,) = await ask(feeder, 3, 5.0)
    assert cancel.kind == 'cancel'
    for seq in range(4, 12):
        assert not await ask(feeder, seq, 5.0)
    assert len(await tell(feeder, 12, order_id, S.CANCELLED)) == 1


async def test_what_came_too_late_is_forgotten_with_what_waits_for_it():
    feeder = await started()
    (first,) = await ask(feeder, 1, 5.0)
    assert len(await ask(feeder, 2, 6.0)) == 1
    assert not await tell(feeder, 3, first.order_id, S.DENIED)
    assert [each.kind for each in await ask(feeder, 4, 7.0)] == ['order']


async def test_what_waits_for_an_order_that_risk_denies_is_sent():
    feeder = await started()
    (first,) = await ask(feeder, 1, 5.0)
    assert len(await ask(feeder, 2, 6.0)) == 1
    sent = await tell(feeder, 3, first.order_id, S.DENIED, judged=2)
    assert [each.quantity for each in sent] == [6.0]


async def test_a_cancel_that_was_refused_is_asked_for_again():
    feeder = await started()
    (first,) = await ask(feeder, 1, 5.0)
    assert len(await ask(feeder, 2, 6.0)) == 1
    await tell(feeder, 3, first.order_id, S.PENDING_CANCEL)
    assert not await ask(feeder, 4, 7.0)
    await tell(feeder, 5, first.order_id, S.ACCEPTED)
    (cancel,) = await ask(feeder, 6, 8.0)
    assert (cancel.kind, cancel.order_id) == ('cancel', first.order_id)


async def test_what_was_saved_is_loaded_through_json():
    feeder = await started()
    (first,) = await ask(feeder, 1, 5.0)
    saved = json.loads(
        json.dumps(feeder.strategy.save_state(), allow_nan=False)
    )
    other = await started()
    other.strategy.load_state(saved)
    assert other.strategy.save_state() == saved
    count, last, pair = other.strategy._states['X']
    assert (count, pair) == (2, (True, 0.5))
    assert math.isnan(last)
    assert type(count) is int
    (cancel,) = await ask(other, 2, 5.0)
    assert (cancel.kind, cancel.order_id) == ('cancel', first.order_id)


@pytest.mark.parametrize('state', [[1], 7, [1, 2.0, 3], [1, 2.0, [True]]])
async def test_a_state_that_does_not_fit_is_refused(state):
    feeder = await started()
    with pytest.raises(errors.StrategyError, match='does not fit'):
        feeder.strategy.load_state({'states': {'X': state}})


async def test_without_inputs_and_state_there_is_only_the_decision():
    feeder = await started(Bare)
    assert feeder.strategy.is_compiled
    (wanted,) = await feeder.market_data(1, samples.bar(1.0))
    assert wanted.quantity == 1.0


async def test_the_log_says_which_of_the_two_runs():
    fast, slow = await started(), await started(Plain)
    (line,) = fast.take_log()
    assert line.text == 'decide runs compiled'
    (line,) = slow.take_log()
    assert line.level == 'warning'
    code = Plain.decide.__code__
    where = f'{code.co_filename}:{code.co_firstlineno + 12}'
    assert f'as plain Python, not compiled: {where}' in line.text
    assert 'decide uses NAMES, a dict' in slow.strategy.why_plain
    assert not slow.strategy.is_compiled


async def test_plain_python_trades_too():
    (wanted,) = await ask(await started(Plain), 1, 0.0)
    assert wanted.quantity == 1.0


async def test_a_state_that_changes_its_type_is_not_compiled():
    feeder = await started(Drifting)
    assert 'both must be the same, 0.0 is not 0' in feeder.strategy.why_plain


async def test_a_decision_with_self_is_refused():
    with pytest.raises(errors.StrategyError, match='@staticmethod'):
        await started(Bound)


async def test_bars_of_two_timeframes_are_refused():
    made = Bare('s', {})
    feeder = runner.StrategyRunner(
        made, number=1, log='t', timeframes=('1m', '5m')
    )
    with pytest.raises(errors.StrategyError, match='of one timeframe'):
        await feeder.start(0)


def test_a_decision_is_needed():
    with pytest.raises(errors.StrategyError, match='decide'):
        loader.instantiate(strategy.CompiledStrategy, 's', {})


async def test_what_is_no_order_is_an_error():
    feeder = await started()
    with pytest.raises(errors.StrategyError, match='kind 9'):
        await ask(feeder, 1, 5.0, 9)


async def test_it_is_compiled_in_a_process_of_its_own(tmp_path):
    path = tmp_path / 'own.py'
    path.write_text(
        FILE.replace('import helper\n', '').replace(
            'helper.size(close)', 'close + 0.5'
        )
    )
    async with processes.running(tmp_path, '', reference=str(path)) as seen:
        seen.bar(7)
        await processes.until(lambda: len(seen.answers) == 2)
        (wanted,) = seen.answers[1].signals
        assert wanted.quantity == 1.5
        (line,) = seen.answers[0].lines
        assert line.text == 'decide runs compiled'


RUN = """
import asyncio, sys
from sting.strategy import loader, runner
from tests.unit.strategy import samples

async def main():
    made = loader.create(sys.argv[1], 's', {})
    feeder = runner.StrategyRunner(made, number=1, log='t')
    await feeder.start(0)
    (wanted,) = await feeder.market_data(1, samples.bar(10.0))
    print(wanted.quantity, made.is_compiled, made._answer._cache.hit)

asyncio.run(main())
"""

FILE = """
from sting import strategy
import helper


class Far(strategy.CompiledStrategy):
    @staticmethod
    def decide(open, high, low, close, volume, position, indicators, state,
               parameters):
        return helper.size(close), strategy.kinds.MARKET, 0.0, state
"""
HELPER = """
import deep

def size(close):
    return deep.twice(close) + deep.figures.OFFSET
"""
DEEP = """
import figures

def twice(value):
    return 2.0 * value
"""


def test_only_what_compiles_imports_numba():
    text = (
        'import sys; from sting.backtest import compiled; from sting import '
        'library; [__import__(name) for name in library.names()]; '
        "print(sorted(sys.modules.keys() & {'numba', 'llvmlite', 'pandas'}))"
    )
    done = subprocess.run(
        [sys.executable, '-c', text], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == '[]'


@pytest.mark.timeout(400)
def test_an_edit_in_any_module_that_is_used_changes_the_next_process(tmp_path):
    folder = tmp_path / 'own'
    folder.mkdir()

    def write(name, text):
        path = folder / f'{name}.py'
        stamp = path.stat() if path.exists() else None
        path.write_text(text)
        if stamp is not None:
            # An edit within one tick of the clock, that keeps the size.
            os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))

    def run():
        environ = os.environ | {
            'STING_HOME': str(tmp_path / 'home'),
            'PYTHONDONTWRITEBYTECODE': '1',
        }
        done = subprocess.run(
            [sys.executable, '-c', RUN, str(folder / 'far.py')],
            env=environ,
            cwd=pathlib.Path(__file__).parents[3],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.split()

    write('far', FILE)
    write('helper', HELPER)
    write('deep', DEEP)
    write('figures', 'OFFSET = 0.5')
    assert run() == ['20.5', 'True', 'False']
    assert run() == ['20.5', 'True', 'True']
    write('figures', 'OFFSET = 1.5')
    assert run() == ['21.5', 'True', 'False']
    write('deep', DEEP.replace('2.0', '3.0'))
    assert run() == ['31.5', 'True', 'False']
    write('helper', HELPER.replace(') +', ') -'))
    assert run() == ['28.5', 'True', 'False']
