"""What a run's account pays for what it borrows, and when it is called.

A margin call cuts the largest position first, in value at the last prices, by
just enough units that the equity carries what is left; then the next one. The
cuts are orders: market orders, judged by risk as all others are, which fill
from the next bar on. What works in their symbol is cancelled first, stops too,
as brokers do.
"""

from collections.abc import Iterator
from collections.abc import Sequence
from typing import NamedTuple

from sting.engine import state
from sting.model import costs
from sting.model import market
from sting.model import orders
from sting.model import portfolio
from sting.model import records
from sting.simulator import financing

# Who lends, in the log.
BROKER = 'broker'


class Call(NamedTuple):
    """A margin call.

    Attributes:
        message: One sentence for a person.
        cuts: Units to take off, by symbol, negative for a sale.
    """

    message: str
    cuts: dict[str, float]


class Financing:
    """Looks at an account between the moments of a run.

    Attributes:
        cuts: Ids of the orders of all calls so far.
    """

    def __init__(
        self, model: costs.CostModel, system: state.SystemState
    ) -> None:
        """Begins with an account that owes nothing.

        Args:
            model: What is charged, with `borrow` or `margin`.
            system: What it looks at.
        """
        self._model = model
        self._system = system
        self._moment: int | None = None
        self._day: int | None = None
        self.cuts: set[str] = set()
        # Symbols whose cut was denied: asked again the next day.
        self._denied: set[str] = set()

    def begins(self, timestamp: int) -> bool:
        """Whether a bar is the first of its moment.

        Args:
            timestamp: Of the next bar, nanoseconds since the epoch, UTC.
        """
        before, self._moment = self._moment, timestamp
        return before != timestamp

    def flows(self, timestamp: int) -> list[records.CashFlow]:
        """Gives what fell due since the last bar, at a change of the day.

        Interest and fees run by calendar days on what stands at the last
        prices of the day before.

        Args:
            timestamp: Of the next bar, nanoseconds since the epoch, UTC.
        """
        day, before = state.day_of(timestamp), self._day
        self._day = day
        if before is None or day == before:
            return []
        self._denied.clear()
        days = day - before
        return [*self._fees(days), *self._interest(days)]

    def call(self) -> Call | None:
        """Gives the margin call that the last prices lead to, if any.

        What its orders have still to fill counts as gone.
        """
        margin, system = self._model.margin, self._system
        if margin is None or not system.portfolio.held:
            return None
        left = {name: self._left(name) for name in system.portfolio.held}
        values = {
            name: abs(units) * self._price(name) for name, units in left.items()
        }
        gross, equity = sum(values.values()), system.equity()
        off = financing.excess(gross, equity, margin.maintenance)
        cuts: dict[str, float] = {}
        for name in sorted(values, key=lambda each: (-values[each], each)):
            if off <= orders.DUST:
                break
            if name in self._denied or not values[name]:
                continue
            units = financing.units_off(left[name], self._price(name), off)
            cuts[name] = -units if left[name] > 0 else units
            off -= units * self._price(name)
        if not cuts:
            return None
        told = ', '.join(f'{name} {units:+g}' for name, units in cuts.items())
        return Call(
            f'margin call: the equity of {equity:,.2f} is below '
            f'{margin.maintenance:.4g} of positions worth {gross:,.2f}; '
            f'reducing {told}',
            cuts,
        )

    def asked(self, requested: Sequence[orders.Order]) -> None:
        """Takes note of a call's orders; denied ones wait for the next day.

        Args:
            requested: After their verdicts.
        """
        for order in requested:
            if order.is_working:
                self.cuts.add(order.id)
            else:
                self._denied.add(order.symbol)

    def _fees(self, days: int) -> Iterator[records.CashFlow]:
        """Gives what short positions pay for what they borrow."""
        borrow, system = self._model.borrow, self._system
        if borrow is None:
            return
        for symbol in system.portfolio.held:
            held = system.portfolio.quantity(symbol)
            rate = borrow.symbols.get(symbol, borrow.rate)
            if held >= 0 or not rate:
                continue
            owed = financing.accrued(-held * self._price(symbol), rate, days)
            yield records.CashFlow(
                kind=records.FlowKind.BORROW,
                amount=-owed,
                symbol=symbol,
                quantity=held,
                rate=rate,
                detail=_days(days),
                shares={
                    name: -owed * book.quantity(symbol) / held
                    for name, book in system.books.items()
                    if book.quantity(symbol) < 0
                },
            )

    def _interest(self, days: int) -> Iterator[records.CashFlow]:
        """Gives what cash that is owed costs."""
        margin, system = self._model.margin, self._system
        cash = system.portfolio.cash
        if margin is None or cash >= 0 or not margin.interest:
            return
        owed = financing.accrued(-cash, margin.interest, days)
        yield records.CashFlow(
            kind=records.FlowKind.INTEREST,
            amount=-owed,
            rate=margin.interest,
            detail=f'{_days(days)} on {-cash:,.2f}',
            # A run has one strategy, whose the debt is.
            shares=dict.fromkeys(system.books, -owed),
        )

    def _price(self, symbol: str) -> float:
        position: portfolio.Position = self._system.portfolio.positions[symbol]
        return self._system.prices.get(symbol, position.average_price)

    def _left(self, symbol: str) -> float:
        """Gives the units held once all cuts that work are filled."""
        held = self._system.portfolio.quantity(symbol)
        for order in self._system.working(symbol):
            if order.id in self.cuts:
                held += order.signed_remaining
        return held if abs(held) > orders.DUST else 0.0


def _days(days: int) -> str:
    return '1 day' if days == 1 else f'{days} days'


def warnings(calls: Sequence[int]) -> list[str]:
    """Gives what a reader has to know of margin calls.

    Args:
        calls: When they were, nanoseconds since the epoch, UTC.
    """
    if not calls:
        return []
    first = market.to_iso(calls[0])
    many = '1 margin call' if len(calls) == 1 else f'{len(calls)} margin calls'
    return [f'{many}, the first at {first}: the broker reduced positions']
