"""In what two books differ, and which of that counts."""

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
import msgspec
import pytest

from sting.broker import interface
from sting.broker import reconcile
from sting.model import commands
from sting.model import orders
from sting.model import portfolio
from sting.model import records
from tests.unit.engine import worlds

pytestmark = pytest.mark.unit

S, K = orders.OrderStatus, records.DifferenceKind
EXPECTED = reconcile.Expected(currency='USD', account='DU1')
APART = 2.0


def order(name='ab-1-0-1', status=S.ACCEPTED, **more):
    fields = {'symbol': 'AAPL', 'side': orders.OrderSide.BUY, 'quantity': 10.0}
    return orders.Order(id=name, status=status, **(fields | more))


def mine(*working, ended=(), cash=1_000.0, **held):
    return reconcile.Ours(
        working={each.id: each for each in working},
        ended=frozenset(ended),
        held=held,
        cash=cash,
    )


def theirs(*working, cash=1_000.0, account='DU1', currency='USD', **held):
    return reconcile.Theirs(
        working=working,
        positions=[
            portfolio.Position(symbol=s, quantity=q, average_price=50.0)
            for s, q in held.items()
        ],
        account=interface.AccountInfo(
            account=account,
            currency=currency,
            cash=cash,
            equity=cash,
            buying_power=cash,
        ),
    )


def found(ours, there, expected=EXPECTED):
    return {each.id: each for each in reconcile.compare(ours, there, expected)}


def test_equal_books_do_not_differ():
    one = order()
    assert found(mine(one, AAPL=5.0), theirs(one, AAPL=5.0)) == {}


@pytest.mark.parametrize(
    ('here', 'there'), [(0.0, 10.0), (10.0, 0.0), (10.0, -5.0), (1.5, 1.25)]
)
def test_a_position_differs_by_its_units(here, there):
    held = {} if not here else {'AAPL': here}
    at = {} if not there else {'AAPL': there}
    (each,) = found(mine(**held), theirs(**at)).values()
    assert (each.id, each.kind) == ('position-AAPL', K.POSITION)
    assert (each.ours, each.theirs) == (here, there)
    assert each.text == f'the broker has {there:g} AAPL, our book {here:g}'
    assert each.price == (50.0 if there else 0.0)


def test_positions_of_two_brokers_count_together():
    there = msgspec.structs.replace(
        theirs(),
        positions=[
            portfolio.Position(symbol='AAPL', quantity=4.0),
            portfolio.Position(symbol='AAPL', quantity=6.0),
        ],
    )
    assert found(mine(AAPL=10.0), there) == {}


def test_an_order_that_is_not_ours_is_found():
    other = order('web-7', broker_id='7', price=99.0, stop_price=98.0)
    (each,) = found(mine(), theirs(other)).values()
    assert (each.id, each.kind, each.order) == ('order-7', K.ORDER, other)
    assert each.text == (
        'buy 10 AAPL market at 99 stop 98 (web-7) works at the broker and is '
        'not ours'
    )


def test_an_order_that_has_ended_here_and_works_there_is_found():
    one = order()
    (each,) = found(mine(ended=[one.id]), theirs(one)).values()
    assert each.id == f'order-{one.id}'
    assert each.text.endswith('has ended in our book')


def test_an_order_of_ours_that_is_not_shown_is_missing():
    one = order()
    (each,) = found(mine(one), theirs()).values()
    assert (each.id, each.kind) == (f'missing-{one.id}', K.MISSING)
    assert each.text.endswith('the broker does not show it')


@pytest.mark.parametrize(
    'status', [S.SUBMITTED, S.PENDING_CANCEL, S.PENDING_REPLACE]
)
def test_an_order_under_way_is_not_missing(status):
    assert found(mine(order(status=status)), theirs()) == {}


def test_cash_differs_by_more_than_late_fees():
    assert found(mine(), theirs(cash=1_000.9)) == {}
    (each,) = found(mine(), theirs(cash=990.0)).values()
    assert (each.id, each.kind, each.offset) == ('cash', K.CASH, -10.0)
    assert each.text == ('the broker has 990.00 USD in cash, our book 1,000.00')


@pytest.mark.parametrize(
    ('account', 'currency'), [('DU2', 'USD'), ('DU1', 'EUR')]
)
def test_another_account_or_currency_is_told(account, currency):
    (each,) = found(mine(), theirs(account=account, currency=currency)).values()
    assert (each.kind, each.symbol) == (K.ACCOUNT, '')
    assert f'account {account} in {currency}' in each.text
    assert 'the profile means DU1 in USD' in each.text


def test_a_profile_that_names_no_account_takes_any():
    any_one = reconcile.Expected(currency='USD')
    assert found(mine(), theirs(account='DU2'), any_one) == {}


# Two looks.


class Watch:
    """Looks one after the other, and what is open after each."""

    def __init__(self):
        self.looks = reconcile.Looks(APART)
        self.known = {}
        self.now = 0.0

    def look(self, ours, there, before=None, after=APART):
        self.now += after
        listed = reconcile.compare(ours, there, EXPECTED)
        kept = self.looks.take(
            before or ours, ours, listed, self.known, self.now
        )
        self.known = {each.id: each for each in kept}
        return sorted(self.known)


@pytest.fixture
def watch():
    return Watch()


def test_a_difference_counts_at_the_second_look(watch):
    assert watch.look(mine(), theirs(AAPL=10.0)) == []
    assert watch.looks.waits
    assert watch.look(mine(), theirs(AAPL=10.0)) == ['position-AAPL']
    assert not watch.looks.waits


def test_two_looks_have_to_be_apart(watch):
    watch.look(mine(), theirs(AAPL=10.0))
    assert watch.look(mine(), theirs(AAPL=10.0), after=0.5) == []
    assert watch.look(mine(), theirs(AAPL=10.0), after=1.5) != []


def test_a_difference_that_is_gone_at_the_second_look_was_none(watch):
    watch.look(mine(), theirs(AAPL=10.0))
    assert watch.look(mine(AAPL=10.0), theirs(AAPL=10.0)) == []
    assert watch.look(mine(), theirs(AAPL=10.0)) == []


def test_a_difference_that_changes_is_seen_for_the_first_time(watch):
    watch.look(mine(), theirs(AAPL=10.0))
    assert watch.look(mine(), theirs(AAPL=11.0)) == []
    assert watch.look(mine(), theirs(AAPL=11.0)) == ['position-AAPL']


def test_what_moved_between_two_looks_does_not_count(watch):
    watch.look(mine(AAPL=1.0), theirs(AAPL=10.0))
    assert watch.look(mine(AAPL=2.0), theirs(AAPL=11.0)) == []
    assert watch.look(mine(AAPL=2.0), theirs(AAPL=11.0)) != []


def test_an_order_sent_between_two_looks_makes_its_symbol_move(watch):
    sent = order(status=S.SUBMITTED)
    watch.look(mine(), theirs(AAPL=10.0))
    assert watch.look(mine(sent), theirs(AAPL=10.0)) == []
    other = order(symbol='IBM', status=S.SUBMITTED)
    watch = Watch()
    watch.look(mine(), theirs(AAPL=10.0))
    assert watch.look(mine(other), theirs(AAPL=10.0)) == ['position-AAPL']


def test_what_moves_while_the_broker_answers_does_not_count(watch):
    for _ in range(3):
        was = mine(AAPL=1.0)
        assert watch.look(mine(), theirs(AAPL=10.0), before=was) == []
    assert not watch.looks.waits


def test_what_is_open_stays_open_while_its_symbol_moves(watch):
    watch.look(mine(), theirs(AAPL=10.0))
    watch.look(mine(), theirs(AAPL=10.0))
    was = mine(AAPL=1.0)
    assert watch.look(mine(), theirs(), before=was) == ['position-AAPL']
    assert watch.look(mine(), theirs()) == []


def test_what_is_open_is_brought_up_to_date_as_both_books_move(watch):
    watch.look(mine(AAPL=5.0), theirs(AAPL=10.0))
    watch.look(mine(AAPL=5.0), theirs(AAPL=10.0))
    watch.look(mine(AAPL=4.0), theirs(AAPL=9.0))
    assert watch.known['position-AAPL'].ours == 4.0


def test_another_amount_of_what_is_open_needs_two_looks_again(watch):
    watch.look(mine(), theirs(AAPL=10.0))
    watch.look(mine(), theirs(AAPL=10.0))
    watch.look(mine(), theirs(AAPL=12.0))
    assert watch.known['position-AAPL'].theirs == 10.0
    watch.look(mine(), theirs(AAPL=12.0))
    assert watch.known['position-AAPL'].theirs == 12.0


def test_cash_is_compared_while_nothing_is_booked(watch):
    watch.look(mine(), theirs(cash=900.0))
    assert watch.look(mine(cash=990.0), theirs(cash=890.0)) == []
    assert watch.look(mine(cash=990.0), theirs(cash=890.0)) == ['cash']


def test_another_account_counts_at_once(watch):
    assert watch.look(mine(), theirs(account='DU2')) == ['account-DU2']


def test_an_order_that_fills_there_is_seen_anew(watch):
    other = order('web-7')
    watch.look(mine(), theirs(other))
    part = msgspec.structs.replace(other, filled=4.0)
    assert watch.look(mine(), theirs(part)) == []
    assert watch.look(mine(), theirs(part)) == ['order-web-7']


def test_cash_counts_only_a_while_after_the_last_booking(watch):
    watch.looks = reconcile.Looks(APART, 60.0)
    watch.look(mine(cash=1_000.0), theirs(cash=1_000.0))
    late = theirs(cash=1_000.0)
    assert watch.look(mine(cash=900.0), late) == []
    assert watch.look(mine(cash=900.0), late) == []
    assert watch.look(mine(cash=900.0), late, after=60.0) == []
    assert watch.look(mine(cash=900.0), late) == ['cash']


def test_what_is_open_and_moves_is_looked_at_again_soon(watch):
    watch.look(mine(), theirs(AAPL=10.0))
    watch.look(mine(), theirs(AAPL=10.0))
    assert not watch.looks.waits
    watch.look(mine(), theirs(AAPL=10.0), before=mine(AAPL=1.0))
    assert watch.looks.waits


UNITS = st.sampled_from([-12.5, -1.0, 0.0, 0.25, 3.0, 40.0])
BOOKS = st.fixed_dictionaries(dict.fromkeys(worlds.SYMBOLS, UNITS))


@given(here=BOOKS, there=BOOKS, cash=st.floats(-1e5, 1e5))
@settings(max_examples=40, deadline=None)
def test_books_are_equal_once_all_that_differs_is_accepted(here, there, cash):
    world = worlds.World()
    for symbol, units in here.items():
        side = worlds.BUY if units > 0 else worlds.SELL
        world.bar(symbol)
        if units:
            world.held(abs(units), symbol, side)
    at = {symbol: units for symbol, units in there.items() if units}
    book = theirs(cash=cash, **at)
    any_one = reconcile.Expected()
    for _ in range(2):
        # What a position did to the cash is found by the second look.
        listed = reconcile.compare(reconcile.ours(world.state), book, any_one)
        data = records.Reconciliation(
            trigger='timer', differences=tuple(listed)
        )
        world.tell(worlds.T.RECONCILIATION, data, 'broker:test')
        while world.state.differences:
            name = next(iter(world.state.differences))
            world.command(commands.Settle, id=name, how=commands.How.ACCEPT)
    listed = reconcile.compare(reconcile.ours(world.state), book, any_one)
    assert listed == []
    assert world.state.working_count() == 0
