"""While the broker's book differs, only what shrinks both is admitted."""

import pytest

from sting.model import records
from sting.risk import manager
from tests.unit.risk import worlds

pytestmark = pytest.mark.unit

BUY, SELL = worlds.BUY, worlds.SELL
order = worlds.order
K = records.DifferenceKind


def differ(kind=K.POSITION, symbol='X', ours=0.0, theirs=0.0, **more):
    return records.Difference(
        id=f'{kind}-{symbol}',
        kind=kind,
        symbol=symbol,
        ours=ours,
        theirs=theirs,
        text=f'{kind} {symbol} differs',
        **more,
    )


def elsewhere(side, quantity, symbol='X'):
    """An order that works at the broker and is not ours."""
    one = order(side, quantity, symbol, 'b-7')
    return differ(K.ORDER, symbol, order=one)


def world(held, *found):
    made = worlds.World(X=100.0, Y=100.0)
    if held:
        made.hold('X', held)
    made.take(
        worlds.T.RECONCILIATION,
        records.Reconciliation(trigger='timer', differences=found),
    )
    return made


def passes(made, side, quantity, symbol='X'):
    one = order(side, quantity, symbol)
    verdict = manager.RiskManager().evaluate_order(one, made.system)
    return verdict.decision is records.Decision.APPROVE


@pytest.mark.parametrize(
    ('ours', 'theirs', 'side', 'most'),
    [
        # As many as both hold can be sold, and no more.
        (10.0, 4.0, SELL, 4.0),
        (10.0, 14.0, SELL, 10.0),
        (-10.0, -4.0, BUY, 4.0),
        (-10.0, -14.0, BUY, 10.0),
    ],
)
def test_what_both_books_hold_can_be_closed(ours, theirs, side, most):
    made = world(ours, differ(ours=ours, theirs=theirs))
    assert passes(made, side, most)
    assert not passes(made, side, most + 1.0)
    assert not passes(made, side.opposite, 1.0)


@pytest.mark.parametrize(
    ('ours', 'theirs'), [(10.0, 0.0), (10.0, -5.0), (0.0, 10.0), (-5.0, 5.0)]
)
def test_what_only_one_book_holds_cannot(ours, theirs):
    made = world(ours, differ(ours=ours, theirs=theirs))
    assert not passes(made, SELL, 1.0)
    assert not passes(made, BUY, 1.0)


def test_ways_out_of_ours_that_work_count_in_both_books():
    made = world(10.0, differ(ours=10.0, theirs=6.0))
    made.pend(order(SELL, 4.0, id='p'))
    assert passes(made, SELL, 2.0)
    assert not passes(made, SELL, 3.0)


def test_an_order_placed_elsewhere_counts_at_the_broker():
    made = world(10.0, elsewhere(SELL, 7.0))
    assert passes(made, SELL, 3.0)
    assert not passes(made, SELL, 4.0)
    short = world(-10.0, elsewhere(BUY, 7.0))
    assert passes(short, BUY, 3.0)
    assert not passes(short, BUY, 4.0)


def test_one_of_the_other_side_does_not():
    made = world(10.0, elsewhere(BUY, 7.0))
    assert passes(made, SELL, 10.0)
    assert not passes(made, SELL, 11.0)


def test_other_symbols_are_free_and_do_not_count():
    other = differ(symbol='Y', ours=0.0, theirs=-50.0)
    made = world(10.0, other, elsewhere(SELL, 7.0, 'Y'))
    assert passes(made, SELL, 10.0)
    assert passes(made, BUY, 10.0)
    assert not passes(made, BUY, 1.0, 'Y')


def test_another_account_is_in_the_way_of_every_symbol():
    made = world(10.0, differ(K.ACCOUNT, ''))
    assert passes(made, SELL, 10.0)
    assert not passes(made, BUY, 1.0)
    assert not passes(made, BUY, 1.0, 'Y')


def test_cash_and_what_was_accepted_are_in_nobodys_way():
    accepted = differ(ours=0.0, theirs=5.0, accepted=True)
    made = world(0.0, differ(K.CASH, '', 10.0, 20.0), accepted)
    assert passes(made, BUY, 1.0)


def test_the_first_difference_is_named_with_what_to_do():
    made = world(0.0, differ(ours=0.0, theirs=5.0))
    verdict = manager.RiskManager().evaluate_order(order(), made.system)
    assert verdict.message == 'position X differs; settle position-X first'
    assert verdict.failed == (0,)
