"""Which of several brokers an order goes to, and whose book it changes."""

import pytest

from sting.engine import image
from sting.engine import routes
from sting.engine import state
from sting.model import commands
from sting.model import orders
from sting.model import records
from sting.risk import rules
from tests.unit.engine import worlds

pytestmark = pytest.mark.unit

T, S = worlds.T, worlds.S
BUY, SELL = worlds.BUY, worlds.SELL
K, H = records.DifferenceKind, commands.How
CREATED = records.LogCreated(
    log='ab',
    profile='test',
    mode=records.Mode.PAPER,
    cash=100_000.0,
    venues=(
        records.Venue(broker='one', account='1', cash=80_000.0, began=3),
        records.Venue(broker='two', account='2', cash=20_000.0, began=4),
    ),
)
ROUTES = routes.Routes(main='one', by_symbol={'IBM': 'two'}, backup='two')


def build(*limits, plan=ROUTES):
    made = worlds.World(*limits, routes=plan, created=CREATED)
    for symbol in worlds.SYMBOLS:
        made.bar(symbol, 100.0)
    made.now += 60 * 1_000_000_000
    for name in ('one', 'two'):
        link(made, name, 'connected')
    return made


@pytest.fixture
def world():
    return build()


def link(world, broker, status):
    told = records.SystemStatus(component=f'broker:{broker}', status=status)
    world.tell(T.SYSTEM_STATUS, told)


def lose(world, broker, seconds=60):
    """Has a broker been lost for some seconds."""
    link(world, broker, 'lost')
    world.now += seconds * 1_000_000_000


def broker_of(world, *args, **more):
    return world.state.orders[world.order(*args, **more)].broker


def bought(world, quantity=10.0, symbol='AAPL', side=BUY):
    """Has an order filled where it went, and gives that broker."""
    order_id = world.accepted(side, quantity, symbol)
    world.fill(order_id, quantity, symbol=symbol, side=side)
    return world.state.orders[order_id].broker


def test_an_order_goes_to_the_broker_of_its_symbol(world):
    assert broker_of(world, symbol='AAPL') == 'one'
    assert broker_of(world, symbol='IBM') == 'two'
    assert world.placed()[0].broker == 'two'


def test_with_one_broker_an_order_names_none():
    world = worlds.World()
    world.bar('AAPL')
    assert broker_of(world) == ''
    assert not world.state.venues


def test_the_backup_takes_new_orders_of_a_lost_broker(world):
    lose(world, 'one')
    assert broker_of(world) == 'two'


def test_the_backup_waits_as_long_as_the_patience(world):
    lose(world, 'one', seconds=4)
    assert broker_of(world) == 'one'


def test_trading_waits_for_a_broker_that_is_lost(world):
    lose(world, 'two')
    order_id = world.order(symbol='IBM')
    assert world.status(order_id) is S.DENIED
    assert world.state.orders[order_id].message == (
        'broker two is not connected: trading in IBM waits for it'
    )
    assert world.status(world.order(symbol='AAPL')) is S.SUBMITTED
    link(world, 'two', 'connected')
    assert world.status(world.order(symbol='IBM')) is S.SUBMITTED


def test_a_broker_that_is_back_takes_its_orders_again(world):
    lose(world, 'one')
    link(world, 'one', 'reconciling')
    assert broker_of(world) == 'one'


def test_a_loss_counts_from_its_beginning(world):
    lose(world, 'one', seconds=4)
    link(world, 'one', 'reconnecting')
    world.now += 2_000_000_000
    assert broker_of(world) == 'two'


def test_a_backup_that_is_lost_takes_nothing(world):
    lose(world, 'two')
    lose(world, 'one')
    assert broker_of(world) == 'one'


def test_without_a_backup_nothing_is_moved():
    world = build(plan=routes.Routes(main='one'))
    lose(world, 'one')
    assert broker_of(world) == 'one'


def test_an_engine_that_starts_has_lost_all_until_they_connect(world):
    started = records.SystemStatus(component=state.ENGINE, status='started')
    world.tell(T.SYSTEM_STATUS, started)
    assert set(world.state.lost) == {'one', 'two'}
    link(world, 'two', 'connected')
    world.now += 60 * 1_000_000_000
    assert broker_of(world) == 'two'


def test_what_is_held_is_closed_where_it_is(world):
    assert bought(world) == 'one'
    lose(world, 'one')
    assert broker_of(world, SELL) == 'one'


def test_what_the_backup_bought_stays_there_until_it_is_sold(world):
    lose(world, 'one')
    assert bought(world) == 'two'
    link(world, 'one', 'connected')
    assert bought(world, 5.0) == 'two'
    assert bought(world, 15.0, side=SELL) == 'two'
    assert bought(world) == 'one'


def test_an_order_joins_those_of_its_symbol_that_work(world):
    assert broker_of(world) == 'one'
    lose(world, 'one')
    assert broker_of(world) == 'one'


def test_a_flatten_closes_each_position_where_it_is(world):
    bought(world, symbol='AAPL')
    bought(world, symbol='IBM')
    world.command(commands.Flatten, confirm=commands.FLATTEN_WORD)
    assert {o.symbol: o.broker for o in world.placed()} == {
        'AAPL': 'one',
        'IBM': 'two',
    }


def test_each_fill_changes_the_book_of_its_broker(world):
    bought(world, symbol='AAPL')
    bought(world, 20.0, symbol='IBM')
    one, two = world.state.venues['one'], world.state.venues['two']
    assert (one.quantity('AAPL'), one.cash) == (10.0, 79_000.0)
    assert (two.quantity('IBM'), two.cash) == (20.0, 18_000.0)
    assert world.state.portfolio.cash == 97_000.0
    assert world.state.account_at('') is world.state.portfolio


def test_a_fill_of_somebody_else_is_booked_where_it_was_made(world):
    world.fill('other-7', 3.0, broker='two')
    assert world.state.venues['two'].quantity('AAPL') == 3.0
    assert world.state.venues['one'].quantity('AAPL') == 0.0


def test_a_late_fill_can_leave_a_symbol_at_two(world):
    late = world.accepted()
    world.update(late, S.CANCELLED)
    lose(world, 'one')
    assert bought(world, 4.0) == 'two'
    link(world, 'one', 'connected')
    world.fill(late, 10.0, execution_id='x2')
    order_id = world.order(SELL, 14.0)
    assert world.status(order_id) is S.DENIED
    assert 'AAPL is at several brokers' in world.state.orders[order_id].message
    assert '10 at one and 4 at two' in world.state.orders[order_id].message
    assert world.status(world.order(BUY, 1.0)) is S.DENIED
    assert bought(world, 10.0, side=SELL) == 'one'
    assert bought(world, 4.0, side=SELL) == 'two'


def test_an_order_is_paid_for_by_its_broker_alone():
    world = build(rules.BuyingPower(1.0))
    assert world.status(world.order(quantity=700.0)) is S.SUBMITTED
    assert world.status(world.order(quantity=200.0)) is S.DENIED
    assert world.status(world.order(quantity=150.0, symbol='IBM')) is (
        S.SUBMITTED
    )
    assert world.status(world.order(quantity=100.0, symbol='IBM')) is S.DENIED


def difference(kind, broker, **more):
    return records.Difference(
        id=f'{kind}@{broker}', kind=kind, text='differs', broker=broker, **more
    )


def look(world, broker, *found):
    data = records.Reconciliation(
        trigger='timer', differences=found, broker=broker
    )
    return world.tell(T.RECONCILIATION, data, f'broker:{broker}')


def settle(world, name, how, **more):
    return world.command(commands.Settle, id=name, how=how, **more)


def test_a_look_at_one_broker_settles_nothing_at_another(world):
    look(world, 'one', difference(K.CASH, 'one', ours=80_000.0, theirs=1.0))
    look(world, 'two', difference(K.CASH, 'two', ours=20_000.0, theirs=2.0))
    assert set(world.state.differences) == {'cash@one', 'cash@two'}
    look(world, 'one')
    assert set(world.state.differences) == {'cash@two'}
    assert 'both books agree again on cash@one' in world.alerts()[0]


def test_cash_is_settled_at_its_broker(world):
    look(
        world, 'two', difference(K.CASH, 'two', ours=20_000.0, theirs=20_007.0)
    )
    assert settle(world, 'cash@two', H.ACCEPT).ok
    assert world.state.venues['two'].cash == 20_007.0
    assert world.state.venues['one'].cash == 80_000.0
    assert world.state.portfolio.cash == 100_007.0


def test_a_position_is_adopted_at_its_broker(world):
    look(world, 'two', difference(K.POSITION, 'two', symbol='AAPL', theirs=5.0))
    assert settle(world, 'position@two', H.ADOPT).ok
    assert world.state.venues['two'].quantity('AAPL') == 5.0
    assert broker_of(world, SELL, 5.0) == 'two'


def test_a_position_found_at_a_second_broker_can_only_be_closed(world):
    bought(world)
    look(world, 'two', difference(K.POSITION, 'two', symbol='AAPL', theirs=5.0))
    for how in (H.ADOPT, H.ACCEPT):
        with pytest.raises(Exception, match='one holds 10 of it'):
            settle(world, 'position@two', how)
    told = settle(
        world, 'position@two', H.FLATTEN, confirm=commands.FLATTEN_WORD
    )
    assert told.ok
    assert world.state.orders[told.order_id].broker == 'two'


def test_an_adopted_order_stays_at_its_broker(world):
    theirs = orders.Order(
        id='b-7', symbol='AAPL', side=BUY, quantity=5.0, broker='two'
    )
    look(world, 'two', difference(K.ORDER, 'two', symbol='AAPL', order=theirs))
    assert settle(world, 'order@two', H.ADOPT).ok
    world.fill('b-7', 5.0)
    assert world.state.venues['two'].quantity('AAPL') == 5.0


def test_a_split_changes_the_book_of_each_broker(world):
    bought(world)
    split = records.CorporateAction(
        symbol='AAPL', kind=records.ActionKind.SPLIT, ratio=4.0
    )
    world.tell(T.CORPORATE_ACTION, split)
    assert world.state.venues['one'].quantity('AAPL') == 40.0


def test_a_dividend_is_paid_where_the_shares_are(world):
    bought(world)
    bought(world, symbol='IBM')
    paid = records.CorporateAction(
        symbol='IBM', kind=records.ActionKind.DIVIDEND, amount=2.0
    )
    world.tell(T.CORPORATE_ACTION, paid)
    assert world.state.venues['two'].cash == 19_020.0
    assert world.state.venues['one'].cash == 79_000.0


def test_a_checkpoint_knows_all_of_several_brokers(world):
    bought(world)
    lose(world, 'two')
    again = state.SystemState()
    image.restore(again, image.encode(image.capture(world.state)))
    assert worlds.image(again) == worlds.image(world.state)
    assert again.places == CREATED.venues


def test_the_image_of_one_broker_says_nothing_of_several():
    assert b'several' not in image.encode(image.capture(worlds.World().state))


def test_events_read_back_give_the_same_books(world):
    bought(world)
    lose(world, 'one')
    bought(world, symbol='MSFT')
    again = state.SystemState()
    for event in world.events:
        again.apply(event)
    assert worlds.image(again) == worlds.image(world.state)
