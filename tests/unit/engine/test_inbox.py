"""The inbox: what it keeps back, and how each kind of thing is settled."""

import msgspec
import pytest

from sting.engine import image
from sting.engine import step
from sting.model import commands
from sting.model import errors
from sting.model import orders
from sting.model import records
from tests.unit.engine import worlds

pytestmark = pytest.mark.unit

T, S = worlds.T, worlds.S
BUY, SELL = worlds.BUY, worlds.SELL
K, H = records.DifferenceKind, commands.How
CRITICAL, INFO = records.Severity.CRITICAL, records.Severity.INFO


@pytest.fixture
def world():
    made = worlds.World()
    for symbol in worlds.SYMBOLS:
        made.bar(symbol, 100.0)
    return made


def differ(kind, symbol='', ours=0.0, theirs=0.0, **more):
    name = symbol if kind is K.POSITION else more.pop('name', '')
    return records.Difference(
        id=f'{kind}-{name}' if name else str(kind),
        kind=kind,
        symbol=symbol,
        ours=ours,
        theirs=theirs,
        text=f'{kind} {symbol} differs',
        **more,
    )


def position(ours=0.0, theirs=0.0, symbol='AAPL', **more):
    return differ(K.POSITION, symbol, ours, theirs, **more)


def elsewhere(side=BUY, quantity=10.0, name='b-7', **more):
    order = orders.Order(
        id=name, symbol='AAPL', side=side, quantity=quantity,
        broker_id='7', **more,
    )  # fmt: skip
    return differ(K.ORDER, 'AAPL', name=name, order=order)


def look(world, *found, trigger='timer'):
    data = records.Reconciliation(trigger=trigger, differences=found)
    return world.tell(T.RECONCILIATION, data, 'broker:test')


def settle(world, found, how, **more):
    if how is H.FLATTEN:
        more.setdefault('confirm', 'FLATTEN')
    return world.command(commands.Settle, id=found.id, how=how, **more)


def refused(world, found, how, message, **more):
    before = worlds.image(world.state)
    with pytest.raises(errors.RefusedError, match=message):
        settle(world, found, how, **more)
    assert worlds.image(world.state) == before


def cash():
    return differ(K.CASH, '', worlds.CASH, worlds.CASH + 50.0)


# Found, and gone again.


def test_what_is_found_is_kept_and_told_once(world):
    look(world, position(theirs=10.0))
    assert list(world.state.differences) == ['position-AAPL']
    (told,) = world.alerts(CRITICAL)
    assert told == (
        'broker:test: position AAPL differs; see the inbox, position-AAPL'
    )
    look(world, position(theirs=10.0))
    assert world.alerts() == []


def test_what_differs_by_another_amount_is_told_again(world):
    look(world, position(theirs=10.0))
    look(world, position(theirs=12.0))
    assert len(world.alerts(CRITICAL)) == 1
    assert world.state.differences['position-AAPL'].theirs == 12.0


def test_what_settles_itself_is_told_as_settled(world):
    look(world, position(theirs=10.0))
    look(world)
    assert world.state.differences == {}
    assert world.alerts(INFO) == [
        'broker:test: both books agree again on position-AAPL'
    ]


def test_a_look_that_compared_an_older_book_changes_nothing(world):
    world.held(10.0)
    look(world, position(theirs=10.0), cash())
    assert world.state.differences == {}
    found = position(ours=10.0, theirs=15.0)
    look(world, found)
    look(world, position(ours=4.0, theirs=15.0))
    assert world.state.differences == {found.id: found}


def test_an_order_that_has_become_ours_or_has_ended_is_no_difference(world):
    found = elsewhere()
    look(world, found)
    settle(world, found, H.ADOPT)
    order_id = world.accepted()
    order = world.state.orders[order_id]
    gone = differ(K.MISSING, 'AAPL', name=order_id, order=order)
    world.update(order_id, S.CANCELLED)
    look(world, found, gone)
    assert world.state.differences == {}


def test_differences_are_in_an_image_of_the_state(world):
    found = elsewhere()
    look(world, found, position(theirs=10.0))
    raw = image.encode(image.capture(world.state))
    again = type(world.state)()
    image.restore(again, raw)
    assert worlds.image(again) == worlds.image(world.state)
    assert again.differences[found.id] == found


# What waits.


def test_an_order_of_a_symbol_that_differs_is_denied_and_says_why(world):
    look(world, position(theirs=10.0))
    result = world.command(
        commands.SubmitOrder, symbol='AAPL', side=BUY, quantity=1.0
    )
    assert (result.ok, result.message) == (
        False,
        'denied: position AAPL differs; settle position-AAPL first',
    )
    assert world.order(symbol='IBM') == world.placed()[0].id
    world.signal(side=BUY, quantity=1.0)
    assert world.placed() == []


def test_another_account_keeps_every_symbol_back(world):
    look(world, differ(K.ACCOUNT))
    world.order(symbol='IBM')
    assert world.placed() == []
    refused(world, differ(K.ACCOUNT), H.ACCEPT, 'another account')


def test_cash_keeps_nothing_back(world):
    look(world, cash())
    world.order()
    assert len(world.placed()) == 1


@pytest.mark.parametrize(
    ('theirs', 'quantity', 'goes'),
    [(15.0, 10.0, True), (15.0, 11.0, False), (6.0, 6.0, True),
     (6.0, 7.0, False), (-5.0, 5.0, False), (0.0, 1.0, False)],
)  # fmt: skip
def test_what_shrinks_the_position_in_both_books_goes_out(
    world, theirs, quantity, goes
):
    world.held(10.0)
    look(world, position(ours=10.0, theirs=theirs))
    world.order(SELL, quantity)
    assert bool(world.placed()) is goes


def test_an_order_placed_elsewhere_counts_as_if_it_fills(world):
    world.held(10.0)
    look(world, elsewhere(SELL, 6.0))
    world.order(SELL, 5.0)
    assert world.placed() == []
    world.order(SELL, 4.0)
    assert len(world.placed()) == 1


def test_what_both_books_sold_since_the_look_still_counts(world):
    world.held(10.0)
    look(world, position(ours=10.0, theirs=15.0))
    sold = world.order(SELL, 10.0)
    world.fill(sold, 10.0, side=SELL, execution_id='x2')
    world.order(SELL, 5.0)
    assert world.placed() == []


def test_cancels_are_not_kept_back(world):
    order_id = world.accepted()
    look(world, position(theirs=10.0))
    assert world.command(commands.CancelOrder, order_id=order_id).ok
    assert len(world.effects(step.Cancel)) == 1


def test_a_flatten_closes_what_both_books_have(world):
    world.held(10.0)
    look(world, position(ours=10.0, theirs=6.0))
    world.command(commands.Flatten, symbol='AAPL')
    (order,) = world.placed()
    assert (order.side, order.quantity) == (SELL, 6.0)


def test_a_flatten_of_what_only_we_have_is_denied(world):
    world.held(10.0)
    look(world, position(ours=10.0))
    result = world.command(commands.Flatten, symbol='AAPL')
    assert not result.ok
    assert 'settle position-AAPL first' in result.message


# Settled.


def test_an_accepted_position_is_booked_with_who_did_it(world):
    found = position(theirs=10.0, price=90.0)
    look(world, found, cash())
    result = settle(world, found, H.ACCEPT)
    assert (result.ok, result.message) == (
        True,
        '+10 AAPL booked for the operator',
    )
    assert world.state.portfolio.positions['AAPL'].average_price == 90.0
    assert world.state.portfolio.cash == worlds.CASH - 900.0
    # The cash is looked at anew.
    assert world.state.differences == {}
    assert world.kinds() == [
        T.COMMAND, T.RECONCILIATION, T.ORDER_REQUEST, T.FILL,
        T.POSITION_UPDATE,
    ]  # fmt: skip
    booked = world.last.events[3]
    assert (booked.source, booked.cause) == ('operator', result.seq)
    assert booked.data.tag == 'settled'
    assert world.placed() == []


def test_a_position_that_came_without_cash_leaves_the_cash_as_it_is(world):
    found = position(theirs=10.0, price=90.0)
    look(world, found)
    settle(world, found, H.ACCEPT)
    assert world.state.portfolio.cash == worlds.CASH
    assert world.state.equity() == worlds.CASH + 1_000.0


def test_a_position_is_booked_at_the_last_price_or_not_at_all(world):
    found = position(theirs=-10.0)
    look(world, found)
    settle(world, found, H.ACCEPT)
    assert world.state.portfolio.positions['AAPL'].quantity == -10.0
    assert world.state.portfolio.positions['AAPL'].average_price == 100.0
    other = position(theirs=1.0, symbol='TSLA')
    look(world, other)
    for how in H:
        refused(world, other, how, 'no price yet')


def test_an_adopted_position_goes_to_the_strategy_that_is_named(world):
    found = position(theirs=10.0)
    look(world, found)
    settle(world, found, H.ADOPT, strategy='sma')
    assert world.state.book('sma').quantity('AAPL') == 10.0
    assert world.state.portfolio.quantity('AAPL') == 10.0
    told, flow = world.effects(step.Notify)
    assert flow.event.data.amount == 1_000.0
    assert told.order.strategy == 'sma'
    assert told.position.quantity == 10.0


def test_only_a_strategy_of_the_profile_gets_a_position(world):
    found = position(theirs=10.0)
    look(world, found, elsewhere())
    adopt = 'only a position that is adopted'
    refused(world, found, H.ACCEPT, adopt, strategy='sma')
    refused(world, elsewhere(), H.ADOPT, adopt, strategy='sma')
    refused(world, found, H.ADOPT, 'no strategy x', strategy='x')


def test_a_flattened_position_is_closed_by_an_order_like_any_other(world):
    world.held(10.0)
    found = position(ours=10.0, theirs=15.0)
    look(world, found)
    result = settle(world, found, H.FLATTEN)
    (order,) = world.placed()
    assert (order.side, order.quantity) == (SELL, 5.0)
    assert (result.order_id, result.status) == (order.id, 'submitted')
    assert T.RISK_VERDICT in world.kinds()
    assert world.state.portfolio.quantity('AAPL') == 15.0


def test_a_flatten_closes_no_more_than_is_there(world):
    world.held(10.0)
    found = position(ours=10.0, theirs=-5.0)
    look(world, found)
    settle(world, found, H.FLATTEN)
    (order,) = world.placed()
    assert (order.side, order.quantity) == (BUY, 5.0)


def test_a_position_that_the_broker_has_less_of_is_not_flattened(world):
    world.held(10.0)
    found = position(ours=10.0, theirs=6.0)
    look(world, found)
    refused(world, found, H.FLATTEN, 'nothing to close; accept it')
    assert settle(world, found, H.ACCEPT).ok
    assert world.state.portfolio.quantity('AAPL') == 6.0


def test_a_flatten_that_another_difference_keeps_back_is_answered_so(world):
    found = position(theirs=10.0)
    look(world, found, elsewhere(SELL, 10.0))
    result = settle(world, found, H.FLATTEN)
    assert not result.ok
    assert 'settle order-b-7 first' in result.message


def test_closing_a_position_needs_the_typed_word_and_goes_while_halted(world):
    found = position(theirs=10.0)
    look(world, found)
    world.command(commands.Halt)
    refused(world, found, H.FLATTEN, 'type FLATTEN', confirm='flatten')
    assert settle(world, found, H.FLATTEN).ok
    assert len(world.placed()) == 1


def test_accepted_cash_becomes_a_flow(world):
    look(world, cash())
    assert settle(world, cash(), H.ACCEPT).message == '+50.00 booked'
    assert world.state.portfolio.cash == worlds.CASH + 50.0
    flow = world.last.events[-1].data
    assert flow.kind is records.FlowKind.ADJUSTMENT
    assert 'accepted by the operator' in flow.detail
    assert world.state.differences == {}


@pytest.mark.parametrize('how', [H.ADOPT, H.FLATTEN])
def test_cash_can_only_be_accepted(world, how):
    look(world, cash())
    refused(world, cash(), how, 'only positions and orders')


def test_an_adopted_order_is_the_operators_by_the_id_it_has_there(world):
    found = elsewhere(filled=4.0, average_price=99.0)
    look(world, found)
    result = settle(world, found, H.ADOPT)
    order = world.state.orders['b-7']
    assert (order.status, order.filled) == (S.PARTIALLY_FILLED, 4.0)
    assert (order.strategy, order.cause) == ('', result.seq)
    assert world.state.working_count() == 1
    assert world.placed() == []
    world.fill('b-7', 6.0)
    assert world.alerts() == []
    assert world.status('b-7') is S.FILLED


def test_an_adopted_order_can_be_cancelled(world):
    found = elsewhere()
    look(world, found)
    settle(world, found, H.ADOPT)
    world.command(commands.CancelOrder, order_id='b-7')
    assert [one.order.id for one in world.effects(step.Cancel)] == ['b-7']


def test_an_order_that_cannot_be_followed_is_not_adopted(world):
    found = elsewhere(name='')
    look(world, found)
    refused(world, found, H.ADOPT, 'no id to follow it by')
    refused(world, found, H.FLATTEN, 'no id to cancel it by')
    ended = world.accepted()
    world.update(ended, S.CANCELLED)
    found = elsewhere(name=ended)
    look(world, found)
    refused(world, found, H.ADOPT, 'has ended here')


def test_an_order_is_not_adopted_while_trading_is_halted(world):
    look(world, elsewhere())
    world.command(commands.Halt)
    refused(world, elsewhere(), H.ADOPT, 'trading is halted; flatten it')
    assert settle(world, elsewhere(), H.FLATTEN).ok


def test_an_accepted_order_is_in_nobodys_way_and_not_told_again(world):
    found = elsewhere()
    look(world, found)
    assert 'left as it is' in settle(world, found, H.ACCEPT).message
    world.order()
    assert len(world.placed()) == 1
    look(world, found)
    assert world.state.differences[found.id].accepted
    assert world.alerts() == []


def test_an_order_elsewhere_is_cancelled_there_and_waited_for(world):
    found = elsewhere()
    look(world, found)
    assert settle(world, found, H.FLATTEN).message == 'cancel sent'
    (sent,) = world.effects(step.Cancel)
    assert sent.order == found.order
    assert found.id in world.state.differences


def test_an_order_of_ours_that_is_missing_ends_when_the_operator_says(world):
    order_id = world.accepted()
    order = world.state.orders[order_id]
    found = differ(K.MISSING, 'AAPL', name=order_id, order=order)
    look(world, found)
    assert world.status(order_id) is S.ACCEPTED
    refused(world, found, H.ADOPT, 'accept it')
    settle(world, found, H.FLATTEN)
    assert world.status(order_id) is S.PENDING_CANCEL
    assert found.id in world.state.differences
    settle(world, found, H.ACCEPT)
    assert world.status(order_id) is S.CANCELLED
    assert world.state.differences == {}


def test_what_is_not_in_the_inbox_cannot_be_settled(world):
    refused(world, cash(), H.ACCEPT, 'no cash in the inbox; there is nothing')
    look(world, cash())
    refused(world, position(), H.ACCEPT, 'there is cash')
    bare = msgspec.structs.replace(elsewhere(), order=None)
    look(world, bare)
    refused(world, bare, H.ACCEPT, 'no order-b-7')
