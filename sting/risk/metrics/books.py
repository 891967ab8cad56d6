"""What is held at one moment, in plain values that never change."""

from collections.abc import Mapping
from typing import NamedTuple

from sting.engine import state
from sting.model import riskfigures

OPERATOR = 'operator'


class Book(NamedTuple):
    """A book at one moment.

    Attributes:
        time: Nanoseconds since the epoch, UTC.
        seq: Number of the last event in it.
        equity: Cash and holdings.
        day_equity: Equity when the day began.
        peak: The highest equity that was seen.
        quantities: Units held by symbol, negative when short; no flat ones.
        prices: What a unit counts at: its last price, before the first what
            was paid for it.
        parts: Strategy, symbol and units of what strategies hold.
        limits: The rules in force.
    """

    time: int
    seq: int
    equity: float
    day_equity: float
    peak: float
    quantities: Mapping[str, float]
    prices: Mapping[str, float]
    parts: tuple[tuple[str, str, float], ...] = ()
    limits: tuple[riskfigures.Limit, ...] = ()

    def values(self) -> dict[str, float]:
        """Gives what is held by symbol, negative when short."""
        return {
            symbol: quantity * self.prices[symbol]
            for symbol, quantity in self.quantities.items()
        }


def capture(system: state.SystemState, peak: float = 0.0) -> Book:
    """Takes the book out of the state.

    Args:
        system: The state; nothing else may change it meanwhile.
        peak: The highest equity so far.
    """
    equity = system.equity()
    positions = system.portfolio.positions
    held = {s: positions[s].quantity for s in system.portfolio.held}
    parts = tuple(
        (strategy, symbol, book.quantity(symbol))
        for strategy, book in system.books.items()
        for symbol in book.held
    )
    prices = {
        # Paid by the strategies where they hold the opposite of each other.
        **{
            symbol: system.books[name].positions[symbol].average_price
            for name, symbol, _ in parts
        },
        **{symbol: positions[symbol].average_price for symbol in held},
    }
    rules = system.rules[1]
    return Book(
        system.time,
        system.seq,
        equity,
        system.day_equity,
        max(peak, equity, system.day_equity),
        held,
        {s: system.prices.get(s, paid) for s, paid in prices.items()},
        parts,
        ()
        if rules is None
        else tuple(
            map(riskfigures.Limit, rules.names, rules.limits, rules.units)
        ),
    )
