"""Fills in columns, and the round trips that they make.

A run can have hundreds of thousands of fills; kept as objects they would be
most of its memory.
"""

import array
from collections.abc import Iterator
import dataclasses

import numpy as np
import numpy.typing as npt

from sting.model import orders

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


class FillTable:
    """The fills of a run, in the order in which they happened.

    Attributes:
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
        self.order_id: list[str] = []
        self.symbol: list[str] = []
        self.side: list[orders.OrderSide] = []
        self.tag: list[str] = []
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

    def __len__(self) -> int:
        return len(self.symbol)


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
    """

    __slots__ = (
        'entered',
        'fees',
        'held',
        'left',
        'paid',
        'received',
        'sign',
        'since',
    )

    def __init__(self, sign: int, since: int) -> None:
        self.sign = sign
        self.since = since
        self.held = 0.0
        self.entered = 0.0
        self.paid = 0.0
        self.left = 0.0
        self.received = 0.0
        self.fees = 0.0

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
    trips: dict[str, _Open] = {}
    done: list[tuple[str, int, _Open]] = []
    for symbol, side, quantity, price, fee, timestamp in fills.rows():
        sign = 1 if side is orders.OrderSide.BUY else -1
        trip = trips.get(symbol)
        if trip is None:
            trip = trips[symbol] = _Open(sign, timestamp)
        if sign == trip.sign:
            trip.enter(quantity, price, fee)
            continue
        closing = min(quantity, abs(trip.held))
        share = fee * closing / quantity
        trip.leave(closing, price, share)
        if abs(trip.held) >= orders.DUST:
            continue
        del trips[symbol]
        done.append((symbol, timestamp, trip))
        rest = quantity - closing
        if rest >= orders.DUST:
            trips[symbol] = _Open(sign, timestamp)
            trips[symbol].enter(rest, price, fee - share)
    return _table(done)


def _table(done: list[tuple[str, int, _Open]]) -> TradeTable:
    """Lays round trips out in columns."""
    trips = [trip for _, _, trip in done]
    sides = {1: orders.OrderSide.BUY, -1: orders.OrderSide.SELL}

    def column(*values: float) -> FloatArray:
        return np.array(values, dtype=np.float64)

    sign = column(*(trip.sign for trip in trips))
    paid = column(*(trip.paid for trip in trips))
    received = column(*(trip.received for trip in trips))
    fees = column(*(trip.fees for trip in trips))
    entered = column(*(trip.entered for trip in trips))
    return TradeTable(
        symbol=[symbol for symbol, _, _ in done],
        side=[sides[trip.sign] for trip in trips],
        quantity=entered,
        entry_time=np.array([trip.since for trip in trips], dtype=np.int64),
        entry_price=paid / entered,
        exit_time=np.array([time for _, time, _ in done], dtype=np.int64),
        exit_price=received / column(*(trip.left for trip in trips)),
        pnl=(received - paid) * sign - fees,
        fees=fees,
    )
