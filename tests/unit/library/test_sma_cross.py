import numpy as np
import pytest

from sting.library import sma_cross
from sting.model import errors
from sting.model import orders
from sting.strategy import runner
from tests.unit.strategy import samples

pytestmark = pytest.mark.unit


async def started(**parameters):
    strategy = sma_cross.SmaCross('sma', parameters)
    feeder = runner.StrategyRunner(strategy, number=1, log='t')
    await feeder.start(0)
    return feeder


async def fill(feeder, seq, signal, price):
    await feeder.fill(
        seq,
        samples.fill(
            signal.order_id,
            symbol=signal.symbol,
            side=signal.side,
            quantity=signal.quantity,
            price=price,
        ),
        samples.order(
            signal.order_id,
            symbol=signal.symbol,
            side=signal.side,
            quantity=signal.quantity,
        ),
    )


async def trades(feeder, closes):
    """Feeds closes, fills every order at the next bar, and notes the bars."""
    done, wanted = [], ()
    for at, close in enumerate(closes):
        for signal in wanted:
            await fill(feeder, at, signal, close)
        wanted = await feeder.market_data(at, samples.bar(close))
        done += [(at, signal.side, signal.quantity) for signal in wanted]
    return done


def expected(closes, fast, slow):
    """The same by a loop that shares no code with the strategy."""
    done, held, before = [], False, None
    for at in range(slow - 1, len(closes)):
        now = np.mean(closes[at + 1 - fast : at + 1]) - np.mean(
            closes[at + 1 - slow : at + 1]
        )
        if before is not None:
            if before <= 0 < now and not held:
                done.append((at, orders.OrderSide.BUY, 100.0))
                held = True
            elif before >= 0 > now and held:
                done.append((at, orders.OrderSide.SELL, 100.0))
                held = False
        before = now
    return done


async def test_it_trades_as_an_independent_loop_does():
    returns = np.random.default_rng(5).normal(0, 0.01, 3000)
    closes = np.round(100 * np.exp(np.cumsum(returns)), 6).tolist()
    feeder = await started(fast=10, slow=30)
    found = await trades(feeder, closes)
    assert len(found) > 50
    assert found == expected(closes, 10, 30)


async def test_the_reason_and_the_figures_are_on_the_signal():
    feeder = await started(fast=1, slow=2)
    for at, close in enumerate([3.0, 2.0]):
        await feeder.market_data(at, samples.bar(close))
    (signal,) = await feeder.market_data(2, samples.bar(4.0))
    assert signal.reason == 'SMA(1) crossed above SMA(2)'
    assert signal.indicators == {'SMA(1)': 4.0, 'SMA(2)': 3.0}


async def test_each_symbol_is_traded_by_itself():
    feeder = await started(fast=1, slow=2)
    for at, close in enumerate([3.0, 2.0]):
        await feeder.market_data(at, samples.bar(close, symbol='A'))
        await feeder.market_data(at, samples.bar(5.0, symbol='B'))
    (signal,) = await feeder.market_data(3, samples.bar(4.0, symbol='A'))
    assert signal.symbol == 'A'
    assert not await feeder.market_data(4, samples.bar(5.0, symbol='B'))


async def test_nothing_more_is_ordered_while_an_order_works():
    feeder = await started(fast=1, slow=2)
    for at, close in enumerate([3.0, 2.0]):
        await feeder.market_data(at, samples.bar(close))
    (first,) = await feeder.market_data(2, samples.bar(4.0))
    await feeder.order_update(
        3,
        samples.order(first.order_id, status=orders.OrderStatus.ACCEPTED),
    )
    for at, close in enumerate([2.0, 1.0]):
        assert not await feeder.market_data(4 + at, samples.bar(close))
    assert not await feeder.market_data(6, samples.bar(4.0))


async def test_it_buys_again_after_an_order_was_denied():
    feeder = await started(fast=1, slow=2)
    for at, close in enumerate([3.0, 2.0]):
        await feeder.market_data(at, samples.bar(close))
    (first,) = await feeder.market_data(2, samples.bar(4.0))
    await feeder.order_update(
        3, samples.order(first.order_id, status=orders.OrderStatus.DENIED)
    )
    assert not await feeder.market_data(4, samples.bar(2.0))
    assert len(await feeder.market_data(5, samples.bar(4.0))) == 1


async def test_averages_the_wrong_way_round_are_refused():
    with pytest.raises(errors.StrategyError, match='fast 30 must be below'):
        await started(fast=30, slow=10)
