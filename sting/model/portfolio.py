"""Positions and portfolios: fills in, holdings and profit and loss out.

Accounting is by average cost: a fill that adds to a position moves the average
price, one that takes from it realizes the difference to the average.
"""

from collections.abc import Iterable
from collections.abc import Mapping
import operator
from typing import cast

import msgspec

from sting.model import orders
from sting.model import payload
from sting.model import totals


def held_after(held: float, signed: float) -> float:
    """Gives the units held after a fill; dust counts as flat.

    Args:
        held: Units held before, negative when short.
        signed: Units traded, negative for a sell.
    """
    after = held + signed
    return 0.0 if abs(after) < orders.DUST else after


def cash_after(
    cash: float, sign: int, quantity: float, price: float, fee: float
) -> float:
    """Gives the cash after a fill.

    Args:
        cash: In the account's currency.
        sign: 1 for a buy, -1 for a sell.
        quantity: Units traded, above 0.
        price: Price a unit.
        fee: In the account's currency.
    """
    return cash - (sign * quantity * price + fee)


class Position(payload.Payload, frozen=True, kw_only=True):
    """A holding.

    Attributes:
        symbol: The instrument.
        quantity: Units held, negative when short.
        average_price: Mean price paid for what is held; 0 when flat.
        realized: Profit realized so far, before fees.
        fees: Fees paid so far.
        opened: When it was last opened from flat, nanoseconds, UTC.
        updated: When it last changed, nanoseconds, UTC.
    """

    symbol: str
    quantity: float = 0.0
    average_price: float = 0.0
    realized: float = 0.0
    fees: float = 0.0
    opened: int = 0
    updated: int = 0

    def unrealized(self, price: float) -> float:
        """Profit if it were closed at this price, before fees."""
        return self.quantity * (price - self.average_price)

    def after(self, fill: orders.Fill) -> 'Position':
        """Gives the position after a fill.

        Args:
            fill: A fill of this symbol.

        Returns:
            The new position; dust below 1e-9 units counts as flat.
        """
        signed = fill.side.sign * fill.quantity
        held, price, timestamp = self.quantity, fill.price, fill.timestamp
        quantity = held_after(held, signed)
        average = self.average_price
        realized = self.realized
        opened = self.opened
        if quantity and (held == 0.0 or (held > 0) == (signed > 0)):
            average = (held * average + signed * price) / quantity
            opened = timestamp if held == 0.0 else opened
        else:
            closing = min(abs(held), abs(signed))
            sign = 1.0 if held > 0 else -1.0
            realized += closing * (price - average) * sign
            if quantity == 0.0:
                average = 0.0
            elif (quantity > 0) != (held > 0):
                average = price
                opened = timestamp
        return Position(
            symbol=self.symbol,
            quantity=quantity,
            average_price=average,
            realized=realized,
            fees=self.fees + fill.fee,
            opened=opened,
            updated=timestamp,
        )


class Portfolio:
    """Cash and positions, changed by fills, cash flows and corporate actions.

    Attributes:
        cash: In the account's currency.
        positions: By symbol; flat ones stay, with what they realized.
        held: Units of each symbol that is not flat, negative when short, in
            the order of their opening.
    """

    __slots__ = ('cash', 'held', 'positions')

    def __init__(self, cash: float = 0.0) -> None:
        self.cash = cash
        self.positions: dict[str, Position] = {}
        self.held: dict[str, float] = {}

    def apply(
        self, fill: orders.Fill, after: Position | None = None
    ) -> Position:
        """Books a fill.

        Args:
            fill: What was traded.
            after: The position after it, where that is known already.

        Returns:
            The position after it.
        """
        symbol = fill.symbol
        if after is None:
            before = self.positions.get(symbol)
            if before is None:
                before = Position(symbol=symbol)
            after = before.after(fill)
        self.positions[symbol] = after
        if after.quantity:
            self.held[symbol] = after.quantity
        else:
            self.held.pop(symbol, None)
        self.cash = cash_after(
            self.cash, fill.side.sign, fill.quantity, fill.price, fill.fee
        )
        return after

    def split(self, symbol: str, ratio: float) -> None:
        """Gives new units for old ones; nothing is gained or lost.

        Args:
            symbol: The instrument.
            ratio: New units for one old, above 0.
        """
        held = self.positions.get(symbol)
        if held is not None and held.quantity:
            self.positions[symbol] = msgspec.structs.replace(
                held,
                quantity=held.quantity * ratio,
                average_price=held.average_price / ratio,
            )
            self.held[symbol] = held.quantity * ratio

    def pay_out(self, symbol: str, price: float, timestamp: int) -> None:
        """Takes a position out at a price, without a fill.

        Args:
            symbol: The instrument.
            price: What a unit is paid out with, 0 or more.
            timestamp: When, nanoseconds since the epoch, UTC.
        """
        held = self.positions.get(symbol)
        if held is None or not held.quantity:
            return
        self.cash += held.quantity * price
        self.positions[symbol] = msgspec.structs.replace(
            held,
            quantity=0.0,
            average_price=0.0,
            realized=held.realized + held.unrealized(price),
            updated=timestamp,
        )
        del self.held[symbol]

    @classmethod
    def of(cls, cash: float, positions: Iterable[Position]) -> 'Portfolio':
        """Puts a portfolio together again.

        Args:
            cash: In the account's currency.
            positions: All of them, flat ones too.
        """
        made = cls(cash)
        made.positions = {each.symbol: each for each in positions}
        held = [each for each in made.positions.values() if each.quantity]
        held.sort(key=_opened)
        made.held = {each.symbol: each.quantity for each in held}
        return made

    def copy(self) -> 'Portfolio':
        """Gives a copy: fills then change one of the two alone."""
        made = Portfolio(self.cash)
        made.positions = dict(self.positions)
        made.held = dict(self.held)
        return made

    def quantity(self, symbol: str) -> float:
        """Units held of a symbol, negative when short."""
        position = self.positions.get(symbol)
        return 0.0 if position is None else position.quantity

    def value(self, prices: Mapping[str, float]) -> float:
        """Cash and holdings at these prices.

        A position without a price counts at what was paid for it.

        Args:
            prices: Last price by symbol.

        Returns:
            The value in the account's currency.
        """
        return totals.total(self.worth(prices), self.cash)

    def worth(self, prices: Mapping[str, float]) -> list[float]:
        """Gives what each holding is worth, below 0 where it is short.

        Args:
            prices: Last price by symbol; without one it is what was paid.

        Returns:
            In the order of `held`. Added to the cash from left to right they
            come to `value`, to the last bit.
        """
        held = self.held
        known = list(map(prices.get, held))
        if None in known:
            known = [
                self.positions[symbol].average_price if price is None else price
                for symbol, price in zip(held, known, strict=True)
            ]
        return list(
            map(operator.mul, held.values(), cast('list[float]', known))
        )

    def realized(self) -> float:
        """Profit realized so far, before fees."""
        return sum(p.realized for p in self.positions.values())

    def fees(self) -> float:
        """Fees paid so far."""
        return sum(p.fees for p in self.positions.values())


def _opened(position: Position) -> int:
    return position.opened
