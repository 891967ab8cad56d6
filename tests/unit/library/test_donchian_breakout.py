import pytest

from sting.model import orders
from sting.risk import manager
from sting.risk import rules
from sting.strategy import loader
from sting.strategy import runner
from tests.unit.library import play
from tests.unit.strategy import samples

pytestmark = pytest.mark.unit

QUICK = {'entry': 3, 'exit': 2, 'atr': 1, 'stop': 2.0, 'weight': 0.5}


def bar(close, high=None, low=None, first=None):
    return (
        close if first is None else first,
        close + 1 if high is None else high,
        close - 1 if low is None else low,
        close,
    )


# A new high on day 3: the range is 5 - 0.5, from the close before to it.
RISE = [bar(10.0), bar(10.0), bar(10.0), bar(14.0, 14.5, 13.5)]


def breakout(rows, gate=None, **given):
    return play.play('donchian_breakout', rows, gate, **QUICK | given)


def test_it_buys_a_close_above_the_highest_of_the_bars_before():
    played = breakout([*RISE, bar(14.0)])
    assert played.wishes()[0] == (3, 'X', 0.5)
    assert played.fills[0][:3] == (4, 'X', 'buy')
    assert played.signals[0][1].reason == 'new high of 3 bars'


def test_a_close_at_the_highest_is_no_breakout():
    assert not breakout([bar(10.0)] * 3 + [bar(11.0), bar(11.0)]).signals


def test_a_stop_covers_the_position_as_soon_as_it_is_there():
    played = breakout([*RISE, bar(14.0)])
    # Two true ranges of 4.5 below the close of 14.
    assert played.wishes()[1] == (4, 'X', 'sell stop 5')
    assert played.signals[1][1].quantity == played.fills[0][3]
    assert played.signals[1][1].reason == '2 ATR(1) below'


def test_a_fall_to_the_stop_ends_the_position_there():
    rows = [*RISE, bar(14.0), bar(14.0, low=4.0), bar(14.0)]
    played = breakout(rows, exit=5)
    assert [fill[:3] for fill in played.fills] == [
        (4, 'X', 'buy'),
        (5, 'X', 'sell'),
    ]
    # Day 4 had a range of 2, and the stop went up to 14 - 2 * 2.
    assert played.fills[1][4] == 10.0


def test_the_stop_rises_and_never_falls_and_there_is_never_a_second():
    rows = [
        *RISE,
        bar(14.0),
        bar(18.0, low=17.0),
        bar(18.0, high=24.0, low=16.5),
        bar(30.0, low=18.0),
        bar(30.0),
    ]
    played = breakout(rows, exit=4)
    stops = [
        (day, word)
        for day, _, word in played.wishes()
        if str(word).startswith('sell')
    ]
    levels = [float(word.split()[-1]) for _, word in stops]
    assert levels == sorted(levels)
    assert len(levels) > 2
    cancels = sum(word == 'cancel' for *_, word in played.wishes())
    assert cancels == len(levels) - 1


def test_it_leaves_at_a_new_low_and_takes_the_stop_with_it():
    rows = [*RISE, bar(14.0), bar(14.0), bar(11.0), bar(11.0), bar(1.0)]
    played = breakout(rows, step=9.0)
    assert (6, 'X', 'close') in played.wishes()
    # Nothing is left that could sell short at 1.
    assert [fill[:3] for fill in played.fills] == [
        (4, 'X', 'buy'),
        (7, 'X', 'sell'),
    ]
    bought, sold = played.fills
    assert bought[3] == sold[3]


def test_a_stop_that_risk_denies_is_tried_again_at_the_next_bar():
    # Market orders have no price to collar; every stop lies too far away.
    class NoStops(rules.RiskRule):
        name = 'no_stops'
        unit = ''

        def figure(self, order, system):
            return float(order.type is orders.OrderType.STOP)

    gate = manager.RiskManager([NoStops(0.5)])
    played = breakout([*RISE, *[bar(14.0)] * 3], gate, exit=9)
    days = [
        day for day, _, word in played.wishes() if str(word).startswith('sell')
    ]
    assert days == [4, 4, 5, 6][: len(days)]
    assert len(days) >= 3


def test_what_is_bought_in_parts_is_covered_in_whole():
    table = play.bars(X=[*RISE, *[bar(14.0)] * 6])
    table.volume[:] = 8000.0
    played = breakout(table, exit=9)
    bought = sum(fill[3] for fill in played.fills)
    assert len(played.fills) > 1
    stops = [
        signal
        for _, signal in played.signals
        if signal.type is orders.OrderType.STOP
    ]
    assert stops[-1].quantity == pytest.approx(bought)


def test_a_stop_that_no_price_can_reach_is_not_placed():
    played = breakout([*RISE, bar(14.0), bar(14.0)], stop=9.0, step=9.0)
    assert [word for *_, word in played.wishes()] == [0.5]


async def test_a_stop_goes_when_somebody_else_closed_the_position():
    made = loader.create('sting.library.donchian_breakout', 'd', QUICK)
    feeder = runner.StrategyRunner(made, number=1, log='t')
    await feeder.start(0)
    for seq, row in enumerate(RISE):
        first, high, low, close = row
        await feeder.market_data(
            seq, samples.bar(close, open=first, high=high, low=low)
        )
    bought = samples.order()
    (stop,) = await feeder.fill(9, samples.fill(), bought)
    sold = samples.fill(
        't-9-0-1', execution_id='e2', side=orders.OrderSide.SELL
    )
    foreign = samples.order('t-9-0-1', side=orders.OrderSide.SELL)
    (cancel,) = await feeder.fill(10, sold, foreign)
    assert (cancel.kind, cancel.order_id) == ('cancel', stop.order_id)
