"""After losses nothing new is opened for a while."""

import pytest

from sting.engine import image
from sting.engine import state
from sting.model import orders
from sting.model import protection
from sting.model import specs
from tests.unit.engine import worlds

pytestmark = pytest.mark.unit

BUY, SELL = worlds.BUY, worlds.SELL
HOUR = 60 * worlds.MINUTE


def world(**wanted):
    wanted = {'losses': 2, 'within': '3h', 'pause': '4h'} | wanted
    guard = protection.Protection(cooldown=protection.Cooldown(**wanted))
    made = worlds.World(
        configured=[specs.StrategySpec('sma', 'a', protection=guard)]
    )
    made.bar('AAPL')
    made.bar('IBM')
    return made


def trip(made, nth, out=90.0, symbol='AAPL'):
    """A round trip of the strategy; at 90 it loses."""
    for side, price in ((BUY, 100.0), (SELL, out)):
        name = f'ab-{nth}{side}'
        made.signal(name, symbol, side=side, quantity=1.0)
        made.fill(name, 1.0, price, symbol=symbol, side=side, execution_id=name)


def wait(made, hours):
    made.bar('AAPL', timestamp=made.now + int(hours * HOUR))


def buys(made, symbol='AAPL', strategy='sma', side=BUY, quantity=1.0):
    """Whether an order gets through now."""
    name = f'ab-{len(made.events)}'
    made.signal(name, symbol, side=side, quantity=quantity, strategy=strategy)
    return made.state.orders[name].status is orders.OrderStatus.SUBMITTED


def test_it_begins_with_the_last_of_so_many_losses():
    made = world()
    trip(made, 1)
    assert buys(made, 'MSFT') is True
    wait(made, 1)
    trip(made, 2)
    assert not buys(made)
    (text,) = made.alerts()[-1:]
    assert 'strategy_cooldown(sma): 14,400 seconds of its pause' in text


@pytest.mark.parametrize(('hours', 'through'), [(3.9999, False), (4, True)])
def test_it_ends_with_the_time_of_the_events(hours, through):
    made = world()
    trip(made, 1)
    trip(made, 2)
    wait(made, hours)
    assert buys(made) is through


def test_losses_farther_apart_or_gains_begin_none():
    made = world()
    trip(made, 1)
    wait(made, 3.1)
    trip(made, 2)
    trip(made, 3, 110.0)
    trip(made, 4, 110.0)
    assert buys(made)


def test_losses_exactly_that_far_apart_begin_one():
    made = world()
    trip(made, 1)
    first = made.state.ledger.losses['sma'][0][0]
    made.bar('AAPL', timestamp=first + 3 * HOUR)
    trip(made, 2)
    assert not buys(made)


def test_what_another_holds_is_not_the_strategys_to_close():
    made = world()
    made.order(BUY, 5.0)
    made.fill('b-7', 5.0, execution_id='in')
    trip(made, 1, symbol='IBM')
    trip(made, 2, symbol='IBM')
    assert not buys(made, side=SELL, quantity=1.0)


def test_what_shrinks_gets_out_and_others_are_free():
    made = world()
    made.signal('ab-in', side=BUY, quantity=5.0)
    made.fill('ab-in', 5.0, execution_id='in')
    trip(made, 1, symbol='IBM')
    trip(made, 2, symbol='IBM')
    assert not buys(made)
    assert not buys(made, side=SELL, quantity=6.0)
    assert buys(made, side=SELL, quantity=5.0)
    assert buys(made, strategy='mean')


def test_two_ways_out_open_nothing_behind_the_position():
    made = world()
    made.signal('ab-in', side=BUY, quantity=5.0)
    made.fill('ab-in', 5.0, execution_id='in')
    trip(made, 1, symbol='IBM')
    trip(made, 2, symbol='IBM')
    assert buys(made, side=SELL, quantity=5.0)
    assert not buys(made, side=SELL, quantity=5.0)


def test_it_may_be_counted_for_each_symbol():
    made = world(per='symbol')
    trip(made, 1, symbol='IBM')
    trip(made, 2)
    assert buys(made)
    trip(made, 3, symbol='IBM')
    assert not buys(made, 'IBM')


def test_it_holds_after_a_restart():
    made = world()
    trip(made, 1)
    trip(made, 2)
    again = state.SystemState()
    for event in made.events:
        again.apply(event)
    restored = state.SystemState()
    image.restore(restored, image.encode(image.capture(made.state)))
    assert again.ledger.losses == restored.ledger.losses
    assert restored.ledger.losses == made.state.ledger.losses
    assert len(restored.ledger.losses['sma']) == 2


def test_what_is_no_time_is_refused():
    with pytest.raises(ValueError, match='pause'):
        protection.Cooldown(pause='soon')
