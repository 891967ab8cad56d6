"""The rules an order is held against: one class each, one figure each.

A rule gives a figure for an order in a state; the order passes while the
figure is not above the limit. Working orders count as if they were filled, on
the worse side.
"""

import abc
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
import functools
import math
import operator
from typing import NamedTuple

from sting.engine import state
from sting.model import errors
from sting.model import orders
from sting.model import portfolio
from sting.risk import accounts
from sting.risk import figures


class RiskRule(abc.ABC):
    """One rule.

    Attributes:
        name: Its name in risk.yaml and in verdicts.
        unit: What its figure counts.
        unknown: Why its figure can be infinite, for a person.
        limit: The highest figure that passes; None for a rule without one.
        soft: A figure past the limit is told of, and the order passes.
        reduces: An order past the limit may be made smaller.
    """

    name: str
    unit: str
    unknown: str = 'there is no price yet'
    soft: bool = False
    reduces: bool = False

    def __init__(self, limit: float | None = None) -> None:
        if limit is not None and (not math.isfinite(limit) or limit < 0):
            raise errors.ConfigError(
                f'{self.name}: limit {limit:g} must be 0 or more'
            )
        self.limit = limit

    @abc.abstractmethod
    def figure(
        self, order: orders.Order, system: state.SystemState
    ) -> float | None:
        """Gives what the limit is held against.

        Args:
            order: The order, not counted as working yet.
            system: The state to judge it in.

        Returns:
            The figure; infinity where it cannot be known, so that the order
            is denied; None where the rule does not apply.
        """

    def sentence(self, figure: float) -> str:
        """Says for a person why an order does not pass."""
        if math.isinf(figure):
            return f'{self.name}: {self.unknown}'
        return (
            f'{self.name}: {figure:,.6g} {self.unit} is above the limit of '
            f'{self.limit:,.6g}'
        )


Account = accounts.Account


class AccountRule(RiskRule):
    """A rule that can be held against a part of the account, too."""

    @abc.abstractmethod
    def figure(self, order: orders.Order, system: Account) -> float | None:
        """Gives what the limit is held against; as `RiskRule.figure`."""


def expected_price(order: orders.Order, system: Account) -> float:
    """Gives the price that an order is counted at.

    Args:
        order: The order.
        system: The state.

    Returns:
        The worse of the last price and the order's own prices, those of a
        change that the broker has not answered too; infinity without a last
        price.
    """
    last = system.prices.get(order.symbol)
    if last is None:
        return math.inf
    return figures.worst_price(
        order.side.sign,
        last,
        max(order.price or 0.0, order.changing_price or 0.0),
        max(order.stop_price or 0.0, order.changing_stop or 0.0),
    )


def reach(order: orders.Order, system: Account) -> tuple[float, float]:
    """Gives where a position can go with this order.

    Args:
        order: The order.
        system: The state.

    Returns:
        The units held if this order and every working order of its side
        fill, and the units held now.
    """
    symbol, side, left = order.symbol, order.side, order.free
    held = system.portfolio.quantity(symbol)
    sign = side.sign
    coming = sign * left
    # Of a group only one can fill whole.
    groups = {order.oco: left} if order.oco else {}
    for other in system.working(symbol):
        if other.id != order.id and other.side is side:
            coming += sign * _more(other, groups)
    return held + coming, held


def _more(order: orders.Order, groups: dict[str, float]) -> float:
    """Gives what an order can add to what its group was counted for."""
    if not order.oco:
        return order.exposed
    counted = groups.get(order.oco, 0.0)
    groups[order.oco] = max(counted, order.exposed)
    return groups[order.oco] - counted


def worth(
    order: orders.Order, system: Account, held: float, after: float
) -> float:
    """Gives the value of a position if an order and all of its side fill.

    Args:
        order: The order.
        system: The state.
        held: Units held now.
        after: Units held then; see `reach`.
    """
    price = expected_price(order, system)
    last = system.prices.get(order.symbol, 0.0)
    if price >= last:
        return figures.notional(after, price)
    coming = order.free * price
    groups = {order.oco: order.free} if order.oco else {}
    for other in system.working(order.symbol):
        if other.id != order.id and other.side is order.side:
            coming += _more(other, groups) * expected_price(other, system)
    return figures.worth(held, after, last, price, coming)


def shrinks(order: orders.Order, system: Account) -> bool:
    """Whether an order can only take from the position it meets."""
    after, held = reach(order, system)
    return figures.shrinks(order.side.sign, held, after)


class MaxOrderNotional(AccountRule):
    """Quantity times price of one order.

    A position may be worth more than one order may; getting out of it at once
    is never held up.
    """

    name = 'max_order_notional'
    unit = 'in cash'

    def figure(self, order: orders.Order, system: Account) -> float | None:
        """The order's value; None for what shrinks a position."""
        if shrinks(order, system):
            return None
        return figures.notional(order.free, expected_price(order, system))


class MaxPosition(AccountRule):
    """Units of one symbol held, long or short."""

    name = 'max_position'
    unit = 'units'

    def figure(self, order: orders.Order, system: Account) -> float | None:
        """The units held if all fills; None for what shrinks a position."""
        after, held = reach(order, system)
        if figures.shrinks(order.side.sign, held, after):
            return None
        return abs(after)


class MaxPositionNotional(AccountRule):
    """Value of one symbol held, long or short."""

    name = 'max_position_notional'
    unit = 'in cash'

    def figure(self, order: orders.Order, system: Account) -> float | None:
        """The value held if all fills; None for what shrinks a position."""
        after, held = reach(order, system)
        if figures.shrinks(order.side.sign, held, after):
            return None
        return worth(order, system, held, after)


class PriceCollar(AccountRule):
    """How far a price lies on the side of the last price that costs money.

    For a limit that is beyond the last price; for a stop it is the side where
    it would trigger at once: a sell stop above, a buy stop below.
    """

    name = 'price_collar'
    unit = 'of the last price'

    def figure(self, order: orders.Order, system: Account) -> float | None:
        """The distance as a fraction; None for an order without a price.

        None for an attached exit about to be sent, too: one that the market
        has passed meanwhile has to go out, not to stay away.
        """
        if order.parent and order.status is orders.OrderStatus.CREATED:
            return None
        if order.price is None and order.stop_price is None:
            return None
        return figures.collar(
            order.side.sign,
            system.prices.get(order.symbol, 0.0),
            order.price or 0.0,
            order.stop_price or 0.0,
            order.triggered,
        )


class Leverage(AccountRule):
    """Value of all that is held or may come to be, over the equity.

    Long and short count alike, and working orders count as if filled.
    """

    unit = 'times the equity'
    unknown = 'there is no price yet, or no equity left'

    def figure(self, order: orders.Order, system: Account) -> float | None:
        """The ratio if all fills; None for what shrinks a position."""
        after, held = reach(order, system)
        if figures.shrinks(order.side.sign, held, after):
            return None
        total = worth(order, system, held, after)
        own = order.symbol
        if isinstance(system, state.SystemState) and system.shared is None:
            total = _with_others(total, own, system)
        else:
            others = system.once(('others', own), lambda: _others(own, system))
            total = functools.reduce(operator.add, others, total)
        return figures.leverage(total, system.equity())


class BuyingPower(Leverage):
    """The same at the broker that an order goes to."""

    name = 'buying_power'

    def figure(self, order: orders.Order, system: Account) -> float | None:
        """The ratio there if all fills; None for what shrinks a position."""
        return super().figure(order, accounts.behind(order, system))


def values(system: Account) -> Mapping[str, float]:
    """Gives what is held by symbol in cash, below 0 where it is short."""
    return system.once('values', lambda: system.portfolio.values(system.prices))


def _with_others(total: float, own: str, system: state.SystemState) -> float:
    """Adds `_others` to a total; cheaper where nobody else asks for them."""
    held, positions = system.portfolio.held, system.portfolio.positions
    busy, prices = system.busy(), system.prices
    coming = terms(system) if busy else {}
    for symbol in held:
        if symbol == own:
            continue
        if symbol in busy:
            total += _worst_value(symbol, coming[symbol], system)
        else:
            position = positions[symbol]
            price = prices.get(symbol)
            if price is None:
                price = position.average_price
            total += abs(position.quantity * price)
    for symbol in busy:
        if symbol != own and symbol not in held:
            total += _worst_value(symbol, coming[symbol], system)
    return total


def _others(own: str, system: Account) -> list[float]:
    """Gives the most that each position can be worth, but for one symbol."""
    worst = dict(system.once('worst', lambda: _worst_values(system)))
    if own in worst:
        worst[own] = 0.0
    return list(worst.values())


def _worst_values(system: Account) -> dict[str, float]:
    """Gives the most that each symbol's position can be worth."""
    held = values(system)
    # Most have nothing working.
    worst = dict(zip(held, map(abs, held.values()), strict=True))
    found, kept = terms(system), _kept_worst(system)
    positions, prices = system.portfolio.positions, system.prices
    for symbol, coming in found.items():
        last, position = prices.get(symbol), positions.get(symbol)
        before = kept.get(symbol)
        if before is None or (
            before[0] is not last or before[1] is not position
        ):
            value = _worst_value(symbol, coming, system)
            before = kept[symbol] = last, position, value
        worst[symbol] = before[2]
    return worst


# By symbol: the last price, the position, and the most that it can be worth
# with them and the orders that work.
_Worst = dict[str, tuple[float | None, portfolio.Position | None, float]]


def _kept_worst(system: Account) -> _Worst:
    """Gives what orders before have worked out; all new where orders are."""
    if not isinstance(system, state.SystemState) or system.terms is None:
        return {}
    found: _Worst = system.terms[2]
    return found


class Term(NamedTuple):
    """What a working order can come to; prices are 0 where it has none.

    Attributes:
        order: The order.
        exposed: Units that may still fill.
        fixed: Its limit, where it never pays more.
        least: Of other orders, what a unit counts at least.
    """

    order: orders.Order
    exposed: float
    fixed: float
    least: float

    def price(self, last: float | None) -> float:
        """Gives `expected_price` of the order."""
        if last is None:
            return math.inf
        return self.fixed or max(last, self.least)


def terms(system: Account) -> Mapping[str, Sequence[Term]]:
    """Gives the terms of what works, by symbol in the order of coming."""
    return system.once('terms', lambda: _kept_terms(system))


def _kept_terms(system: Account) -> Mapping[str, Sequence[Term]]:
    working = list(system.working())
    if not isinstance(system, state.SystemState):
        return _terms(working)
    if system.terms is None or system.terms[0] != working:
        system.terms = working, _terms(working), {}
    found: Mapping[str, Sequence[Term]] = system.terms[1]
    return found


def _terms(working: Iterable[orders.Order]) -> Mapping[str, Sequence[Term]]:
    found: dict[str, list[Term]] = {}
    for order in working:
        limit = max(order.price or 0.0, order.changing_price or 0.0)
        stop = max(order.stop_price or 0.0, order.changing_stop or 0.0)
        fixed = limit if order.side is orders.OrderSide.BUY else 0.0
        term = Term(order, order.exposed, fixed, max(limit, stop))
        found.setdefault(order.symbol, []).append(term)
    return found


def _worst_value(symbol: str, coming: Iterable[Term], system: Account) -> float:
    """Gives the most that a symbol's position can be worth."""
    high = low = system.portfolio.quantity(symbol)
    last = system.prices.get(symbol)
    price = last or 0.0
    if last is None and high:
        # As the equity counts it: at what was paid.
        price = system.portfolio.positions[symbol].average_price
    groups: dict[str, float] = {}
    for term in coming:
        order = term.order
        price = max(price, term.price(last))
        more = _more(order, groups) if order.oco else term.exposed
        if order.side is orders.OrderSide.BUY:
            high += more
        else:
            low -= more
    return max(abs(high), abs(low)) * price


RULES: Mapping[str, type[RiskRule]] = {
    rule.name: rule
    for rule in (
        MaxOrderNotional,
        MaxPosition,
        MaxPositionNotional,
        PriceCollar,
        BuyingPower,
    )
}
