"""Fills in columns, and the round trips that they make.

A run can have hundreds of thousands of fills; kept as objects they would be
most of its memory.
"""

import array
import collections
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
from typing import Any
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sting.backtest import texts
from sting.model import orders
from sting.model import records

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_SIDES = {1: orders.OrderSide.BUY, -1: orders.OrderSide.SELL}
DELISTED = 'delisted'
# What fills are called that are the first of their bar.
_AT_OPEN = ('open', 'gap')


class Change(NamedTuple):
    """What became of a position between two fills.

    Attributes:
        row: How many fills there were before.
        symbol: The instrument.
        ratio: New units for one old, at a split; else 1.
        cash: What came in without a fill, such as a dividend.
    """

    row: int
    symbol: str
    ratio: float = 1.0
    cash: float = 0.0


class FillTable:
    """The fills of a run, in the order in which they happened.

    A position that a delisting ends has a row of its own, which no order
    asked for; its tag is `delisted`.

    Attributes:
        changes: Splits and cash flows of positions, in their order.
        order_id: The orders.
        symbol: The instruments.
        side: Buy or sell.
        tag: What kind of fill each is.
        quantity: Units.
        price: Price a unit.
        fee: In the account's currency.
        timestamp: Nanoseconds since the epoch, UTC.
    """

    __slots__ = (
        'changes',
        'fee',
        'order_id',
        'price',
        'quantity',
        'side',
        'symbol',
        'tag',
        'timestamp',
    )

    def __init__(self) -> None:
        self.changes: list[Change] = []
        self.order_id = texts.Texts()
        self.symbol: texts.Names[str] = texts.Names()
        self.side: texts.Names[orders.OrderSide] = texts.Names()
        self.tag: texts.Names[str] = texts.Names()
        self.quantity = array.array('d')
        self.price = array.array('d')
        self.fee = array.array('d')
        self.timestamp = array.array('q')

    def __len__(self) -> int:
        return len(self.order_id)

    def append(self, fill: orders.Fill) -> None:
        """Adds a fill at the end."""
        self.order_id.append(fill.order_id)
        self.symbol.append(fill.symbol)
        self.side.append(fill.side)
        self.tag.append(fill.tag)
        self.quantity.append(fill.quantity)
        self.price.append(fill.price)
        self.fee.append(fill.fee)
        self.timestamp.append(fill.timestamp)

    def extend(self, fills: Sequence[orders.Fill]) -> None:
        """Adds fills at the end."""
        self.order_id.extend([each.order_id for each in fills])
        self.symbol.extend([each.symbol for each in fills])
        self.side.extend([each.side for each in fills])
        self.tag.extend([each.tag for each in fills])
        self.quantity.extend([each.quantity for each in fills])
        self.price.extend([each.price for each in fills])
        self.fee.extend([each.fee for each in fills])
        self.timestamp.extend([each.timestamp for each in fills])

    def act(
        self, action: records.CorporateAction, held: float, timestamp: int
    ) -> None:
        """Takes a split or a delisting; what a dividend brings is a flow.

        Args:
            action: What became of an instrument.
            held: Units that were held of it, negative when short.
            timestamp: When, nanoseconds since the epoch, UTC.
        """
        if action.kind is records.ActionKind.SPLIT:
            self.changes.append(
                Change(len(self), action.symbol, ratio=action.ratio)
            )
        elif action.kind is records.ActionKind.DELISTING and held:
            self.append(
                orders.Fill(
                    order_id='',
                    execution_id='',
                    symbol=action.symbol,
                    side=_SIDES[-1 if held > 0 else 1],
                    quantity=abs(held),
                    price=action.price,
                    timestamp=timestamp,
                    tag=DELISTED,
                )
            )

    def flow(self, flow: records.CashFlow) -> None:
        """Takes cash that came or went without a fill."""
        if flow.symbol:
            self.changes.append(
                Change(len(self), flow.symbol, cash=flow.amount)
            )

    def rows(
        self,
    ) -> Iterator[tuple[str, orders.OrderSide, float, float, float, int]]:
        """Gives symbol, side, quantity, price, fee, timestamp of each."""
        return zip(
            self.symbol,
            self.side,
            self.quantity,
            self.price,
            self.fee,
            self.timestamp,
            strict=True,
        )

    def traded(self) -> float:
        """The value of all that was traded, bought and sold."""
        return float(
            np.dot(
                np.asarray(self.quantity, dtype=np.float64),
                np.asarray(self.price, dtype=np.float64),
            )
        )

    def fees(self) -> float:
        """What the broker took for all of it."""
        return float(np.sum(np.asarray(self.fee, dtype=np.float64)))


@dataclasses.dataclass(frozen=True, slots=True)
class TradeTable:
    """The round trips of a run, in the order in which they ended.

    A round trip begins when a position leaves flat and ends when it is flat
    again or reverses. One that is still open at the end is not among them.
    Units and prices are those at its end, also where a split came between, and
    its profit has the dividends.

    Attributes:
        symbol: The instruments.
        side: Buy for a long one, sell for a short one.
        quantity: Units entered in all, which is what was left in all.
        entry_time: Of the first fill, nanoseconds since the epoch, UTC.
        entry_price: Mean price of what entered.
        exit_time: Of the last fill, nanoseconds since the epoch, UTC.
        exit_price: Mean price of what left.
        pnl: Profit after fees, in the account's currency.
        fees: Fees of the way in and out.
        at_open: Whether the first fill was at its bar's open.
        mae: How far the price was against the entry at worst, a fraction of
            the entry's price, 0 or less; None until measured.
        mfe: How far it was in its favour at best, 0 or more.
    """

    symbol: list[str]
    side: list[orders.OrderSide]
    quantity: FloatArray
    entry_time: IntArray
    entry_price: FloatArray
    exit_time: IntArray
    exit_price: FloatArray
    pnl: FloatArray
    fees: FloatArray
    at_open: npt.NDArray[np.bool_]
    mae: FloatArray | None = None
    mfe: FloatArray | None = None

    def __len__(self) -> int:
        return len(self.symbol)

    def take(self, rows: IntArray) -> 'TradeTable':
        """Picks round trips by number."""
        changes: dict[str, Any] = {}
        for field in dataclasses.fields(self):
            column = getattr(self, field.name)
            if isinstance(column, list):
                changes[field.name] = [column[row] for row in rows.tolist()]
            elif column is not None:
                changes[field.name] = column[rows]
        return TradeTable(**changes)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class OpenTrip:
    """A round trip that had not ended when the run did.

    Attributes:
        symbol: The instrument.
        side: Buy for a long one, sell for a short one.
        quantity: Units held at the end, above 0.
        entry_time: Of the first fill, nanoseconds since the epoch, UTC.
        entry_price: Mean price of what entered.
        last_price: The last close.
        pnl: Profit after fees, with what is held at the last close.
        fees: So far.
    """

    symbol: str
    side: orders.OrderSide
    quantity: float
    entry_time: int
    entry_price: float
    last_price: float
    pnl: float
    fees: float


class _Open:
    """A round trip under way.

    Attributes:
        sign: 1 when long, -1 when short.
        held: Units held now, signed.
        entered: Units that went in.
        paid: Their value.
        left: Units that came out.
        received: Their value.
        fees: Of all that so far.
        since: Time of the first fill.
        at_open: Whether that was at its bar's open.
        income: Cash that came in without a fill, such as dividends.
    """

    __slots__ = (
        'at_open',
        'entered',
        'fees',
        'held',
        'income',
        'left',
        'paid',
        'received',
        'sign',
        'since',
    )

    def __init__(self, sign: int, since: int, tag: str) -> None:
        self.sign = sign
        self.since = since
        self.at_open = tag in _AT_OPEN
        self.held = 0.0
        self.entered = 0.0
        self.paid = 0.0
        self.left = 0.0
        self.received = 0.0
        self.fees = 0.0
        self.income = 0.0

    def change(self, change: Change) -> None:
        """Takes a split or a cash flow: units become the new ones."""
        self.held *= change.ratio
        self.entered *= change.ratio
        self.left *= change.ratio
        self.income += change.cash

    def enter(self, quantity: float, price: float, fee: float) -> None:
        """Adds to the position."""
        self.held += self.sign * quantity
        self.entered += quantity
        self.paid += quantity * price
        self.fees += fee

    def leave(self, quantity: float, price: float, fee: float) -> None:
        """Takes from the position."""
        self.held -= self.sign * quantity
        self.left += quantity
        self.received += quantity * price
        self.fees += fee


def round_trips(fills: FillTable) -> TradeTable:
    """Finds the round trips in a run's fills.

    The fee of a fill that reverses a position is shared between the trip that
    it ends and the one that it begins, by quantity.

    Args:
        fills: The run's fills.

    Returns:
        The round trips that ended.
    """
    return _walk(fills)[0].table()


def all_trips(
    fills: FillTable, prices: Mapping[str, float]
) -> tuple[TradeTable, tuple[OpenTrip, ...]]:
    """Finds the round trips that ended, and those that had not.

    Args:
        fills: The run's fills.
        prices: The last closes.

    Returns:
        The ended ones in the order in which they did, the open ones by symbol.
    """
    done, still_open = _walk(fills)
    found = []
    for symbol, trip in sorted(still_open.items()):
        price = prices[symbol]
        gained = (trip.received - trip.paid) * trip.sign
        found.append(
            OpenTrip(
                symbol=symbol,
                side=_SIDES[trip.sign],
                quantity=abs(trip.held),
                entry_time=trip.since,
                entry_price=trip.paid / trip.entered,
                last_price=price,
                pnl=gained + trip.held * price + trip.income - trip.fees,
                fees=trip.fees,
            )
        )
    return done.table(), tuple(found)


def _walk(
    fills: FillTable,
) -> tuple['_Ended', dict[str, _Open]]:
    """Gives the round trips that ended, and those that did not."""
    trips: dict[str, _Open] = {}
    done = _Ended()
    changes = collections.deque(fills.changes)
    for at, (row, tag) in enumerate(zip(fills.rows(), fills.tag, strict=True)):
        while changes and changes[0].row <= at:
            _change(trips, changes.popleft())
        symbol, side, quantity, price, fee, timestamp = row
        sign = 1 if side is orders.OrderSide.BUY else -1
        trip = trips.get(symbol)
        if trip is None:
            trip = trips[symbol] = _Open(sign, timestamp, tag)
        if sign == trip.sign:
            trip.enter(quantity, price, fee)
            continue
        closing = min(quantity, abs(trip.held))
        share = fee * closing / quantity
        trip.leave(closing, price, share)
        if abs(trip.held) >= orders.DUST:
            continue
        del trips[symbol]
        done.append(symbol, timestamp, trip)
        rest = quantity - closing
        if rest >= orders.DUST:
            trips[symbol] = _Open(sign, timestamp, tag)
            trips[symbol].enter(rest, price, fee - share)
    for change in changes:
        _change(trips, change)
    return done, trips


def _change(trips: Mapping[str, _Open], change: Change) -> None:
    trip = trips.get(change.symbol)
    if trip is not None:
        trip.change(change)


class _Ended:
    """The round trips that ended, in columns."""

    def __init__(self) -> None:
        self._symbol: list[str] = []
        self._side: list[orders.OrderSide] = []
        self._quantity = array.array('d')
        self._entry_time = array.array('q')
        self._entry_price = array.array('d')
        self._exit_time = array.array('q')
        self._exit_price = array.array('d')
        self._pnl = array.array('d')
        self._fees = array.array('d')
        self._at_open = array.array('b')

    def append(self, symbol: str, timestamp: int, trip: _Open) -> None:
        """Adds one that ends at a moment."""
        self._symbol.append(symbol)
        self._side.append(_SIDES[trip.sign])
        self._quantity.append(trip.entered)
        self._entry_time.append(trip.since)
        self._entry_price.append(trip.paid / trip.entered)
        self._exit_time.append(timestamp)
        self._exit_price.append(trip.received / trip.left)
        gained = (trip.received - trip.paid) * trip.sign
        self._pnl.append(gained + trip.income - trip.fees)
        self._fees.append(trip.fees)
        self._at_open.append(trip.at_open)

    def table(self) -> TradeTable:
        """Gives them; no more can be added."""
        return TradeTable(
            symbol=self._symbol,
            side=self._side,
            quantity=np.asarray(self._quantity),
            entry_time=np.asarray(self._entry_time),
            entry_price=np.asarray(self._entry_price),
            exit_time=np.asarray(self._exit_time),
            exit_price=np.asarray(self._exit_price),
            pnl=np.asarray(self._pnl),
            fees=np.asarray(self._fees),
            at_open=np.asarray(self._at_open).astype(np.bool_),
        )
