"""Holds a broker's book against ours: what differs, and since when.

Much is under way at any moment: an order that was just sent, a fill that is
being booked. So a difference counts only when two looks some seconds apart
agree on it and nothing of its symbol moved in our book meanwhile. What is
found missing is never taken as rejected, or as anything else.
"""

from collections.abc import Container
from collections.abc import Mapping
from collections.abc import Sequence
import math

import msgspec

from sting.broker import interface
from sting.engine import state
from sting.model import orders
from sting.model import portfolio
from sting.model import records

_K = records.DifferenceKind
_S = orders.OrderStatus

# The broker has not answered these yet; whoever sent them asks for them.
_UNDER_WAY = frozenset({_S.SUBMITTED, _S.PENDING_CANCEL, _S.PENDING_REPLACE})


class Ours(msgspec.Struct, frozen=True, kw_only=True):
    """Our book at one moment.

    Attributes:
        working: The orders that work, by id.
        ended: Ids of the done orders that are remembered.
        held: Units by symbol.
        cash: In the account's currency.
    """

    working: Mapping[str, orders.Order]
    ended: frozenset[str]
    held: Mapping[str, float]
    cash: float

    def mark(self, symbol: str) -> tuple[object, ...]:
        """Gives what of a symbol must not move between two looks.

        Args:
            symbol: The instrument; empty for the cash.
        """
        if not symbol:
            return (self.cash,)
        return (
            self.held.get(symbol, 0.0),
            tuple(
                (
                    order.id,
                    order.status in _UNDER_WAY,
                    order.filled,
                    order.quantity,
                )
                for order in self.working.values()
                if order.symbol == symbol
            ),
        )


class Theirs(msgspec.Struct, frozen=True, kw_only=True):
    """The book of a broker, as it answered.

    Attributes:
        working: What works there.
        positions: What is held there.
        account: Its facts.
        fresh: Fills that were not booked when they were asked for.
    """

    working: Sequence[orders.Order] = ()
    positions: Sequence[portfolio.Position] = ()
    account: interface.AccountInfo
    fresh: Sequence[orders.Fill] = ()


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """What the profile says of the account.

    Attributes:
        currency: Its currency.
        account: Its name or number; empty where the profile names none.
        slack: Cash that may differ: fees that are told late.
    """

    currency: str = 'USD'
    account: str = ''
    slack: float = 1.0


def ours(system: state.SystemState, at: str = '') -> Ours:
    """Takes our book as it is now.

    Args:
        system: The engine's state.
        at: Only what is at this one of several brokers.
    """
    book = system.account_at(at)
    return Ours(
        working={
            order.id: order for order in system.working() if order.broker == at
        },
        ended=frozenset(
            order.id for order in system.orders.values() if not order.is_working
        ),
        held={symbol: book.quantity(symbol) for symbol in book.held},
        cash=book.cash,
    )


def compare(
    mine: Ours, theirs: Theirs, expected: Expected
) -> list[records.Difference]:
    """Says in what two books differ that were taken at about one moment.

    Args:
        mine: Our book.
        theirs: The broker's.
        expected: What the profile says of the account.

    Returns:
        The differences; under way or not, that two looks tell.
    """
    return [
        *_account(theirs.account, expected),
        *_orders(mine, theirs),
        *_missing(mine, theirs),
        *_positions(mine, theirs),
        *_cash(mine, theirs, expected),
    ]


def _account(
    theirs: interface.AccountInfo, expected: Expected
) -> list[records.Difference]:
    right = expected.account in ('', theirs.account)
    if right and theirs.currency == expected.currency:
        return []
    wanted = f'{expected.account} in {expected.currency}'.strip()
    return [
        records.Difference(
            id=f'account-{theirs.account}',
            kind=_K.ACCOUNT,
            text=(
                f'the broker answers for account {theirs.account} in '
                f'{theirs.currency}; the profile means {wanted}'
            ),
        )
    ]


def _orders(mine: Ours, theirs: Theirs) -> list[records.Difference]:
    """Finds orders that work there and not here."""
    found = []
    for order in theirs.working:
        if order.id in mine.working:
            continue
        what = 'is not ours'
        if order.id in mine.ended:
            what = 'has ended in our book'
        found.append(
            records.Difference(
                id=f'order-{order.broker_id or order.id}',
                kind=_K.ORDER,
                symbol=order.symbol,
                text=f'{terms(order)} works at the broker and {what}',
                order=order,
            )
        )
    return found


def _missing(mine: Ours, theirs: Theirs) -> list[records.Difference]:
    """Finds orders that work here and not there."""
    there = {order.id for order in theirs.working}
    return [
        records.Difference(
            id=f'missing-{order.id}',
            kind=_K.MISSING,
            symbol=order.symbol,
            text=(
                f'{terms(order)} works in our book and the broker does not '
                'show it'
            ),
            order=order,
        )
        for order in mine.working.values()
        if order.id not in there and order.status not in _UNDER_WAY
    ]


def _positions(mine: Ours, theirs: Theirs) -> list[records.Difference]:
    held: dict[str, float] = {}
    cost: dict[str, float] = {}
    for each in theirs.positions:
        held[each.symbol] = held.get(each.symbol, 0.0) + each.quantity
        cost[each.symbol] = each.average_price
    found = []
    for symbol in sorted({*held, *mine.held}):
        there, here = held.get(symbol, 0.0), mine.held.get(symbol, 0.0)
        if abs(there - here) <= orders.DUST:
            continue
        found.append(
            records.Difference(
                id=f'position-{symbol}',
                kind=_K.POSITION,
                symbol=symbol,
                ours=here,
                theirs=there,
                price=cost.get(symbol, 0.0),
                text=f'the broker has {there:g} {symbol}, our book {here:g}',
            )
        )
    return found


def _cash(
    mine: Ours, theirs: Theirs, expected: Expected
) -> list[records.Difference]:
    there = theirs.account.cash
    if abs(there - mine.cash) <= expected.slack:
        return []
    return [
        records.Difference(
            id='cash',
            kind=_K.CASH,
            ours=mine.cash,
            theirs=there,
            text=(
                f'the broker has {there:,.2f} {expected.currency} in cash, '
                f'our book {mine.cash:,.2f}'
            ),
        )
    ]


def terms(order: orders.Order) -> str:
    """Says an order in a few words."""
    price = '' if order.price is None else f' at {order.price:g}'
    stop = '' if order.stop_price is None else f' stop {order.stop_price:g}'
    return (
        f'{order.side} {order.remaining:g} {order.symbol} {order.type}'
        f'{price}{stop} ({order.id or order.broker_id})'
    )


class Looks:
    """Lets a difference count once two looks agree on it."""

    def __init__(self, apart_s: float, cash_s: float = 0.0) -> None:
        """Sets up without a look.

        Args:
            apart_s: Two looks have to be so many seconds apart.
            cash_s: So long nothing may have been booked before a difference
                of cash counts: brokers work it out now and then.
        """
        self._apart_s = apart_s
        self._cash_s = cash_s
        # Our cash at the last look, and when it was last seen to have moved.
        self._cash: float | None = None
        self._booked = -math.inf
        self._unsettled = False
        # By id: when it was first seen, and what it and our book were then.
        self._waiting: dict[
            str, tuple[float, records.Difference, tuple[object, ...]]
        ] = {}

    @property
    def waits(self) -> bool:
        """Whether something was seen that the next look has to confirm.

        Or something that is open could not be looked at.
        """
        return bool(self._waiting) or self._unsettled

    def take(
        self,
        before: Ours,
        after: Ours,
        found: Sequence[records.Difference],
        known: Mapping[str, records.Difference],
        now: float,
        *,
        moving: Container[str] = (),
    ) -> list[records.Difference]:
        """Takes a look.

        Args:
            before: Our book before the broker was asked.
            after: Our book when it had answered.
            found: What differs between that and the answer.
            known: The differences that are open, by id.
            now: Seconds, by any clock.
            moving: Symbols of fills that are being booked; the cash is empty.

        Returns:
            All that are open after it.
        """
        waiting, self._waiting = self._waiting, {}
        if self._cash not in (None, after.cash):
            self._booked = now
        self._cash = after.cash

        def moves(symbol: str) -> bool:
            return symbol in moving or before.mark(symbol) != after.mark(symbol)

        self._unsettled = any(
            moves(each.symbol)
            for each in known.values()
            if each.kind is not _K.CASH
        )
        kept = {each.id: each for each in known.values() if moves(each.symbol)}
        for each in found:
            old = known.get(each.id)
            if each.id in kept:
                continue
            if each.kind is _K.ACCOUNT or (
                old is not None and _same(each, old)
            ):
                kept[each.id] = each
                continue
            if old is not None:
                kept[each.id] = old
            mark = after.mark(each.symbol)
            if moves(each.symbol) or (
                each.kind is _K.CASH and now - self._booked < self._cash_s
            ):
                continue
            since, seen, marked = waiting.get(each.id, (now, each, mark))
            if not _same(each, seen) or marked != mark:
                since = now
            if since + self._apart_s <= now:
                kept[each.id] = each
            else:
                self._waiting[each.id] = since, each, mark
        return list(kept.values())


def _same(one: records.Difference, other: records.Difference) -> bool:
    """Whether two looks saw the same thing."""
    return (
        abs(one.offset - other.offset) <= orders.DUST * max(1.0, abs(one.ours))
        and (one.order is None) == (other.order is None)
        and (
            one.order is None
            or other.order is None
            or one.order.remaining == other.order.remaining
        )
    )
