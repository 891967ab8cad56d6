"""The rules an order is held against: one class each, one figure each.

A rule gives a figure for an order in a state; the order passes while the
figure is not above the limit. Working orders count as if they were filled, on
the worse side.
"""

import abc
from collections.abc import Mapping
import math

from sting.engine import state
from sting.model import errors
from sting.model import orders
from sting.risk import accounts
from sting.risk import figures
from sting.risk import worst


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
    return _reached(order, system)[:2]


def _reached(order: orders.Order, system: Account) -> '_Reached':
    if isinstance(system, accounts.Slice) and system.complete:
        system = system.system
    if not isinstance(system, state.SystemState) or system.shared is None:
        after, held = _reach(order, system)
        return after, held, figures.shrinks(order.side.sign, held, after), order
    # Most rules ask, and always of the same order.
    found: _Reached | None = system.shared.get('reach')
    if found is None or found[3] is not order:
        after, held = _reach(order, system)
        shrinks = figures.shrinks(order.side.sign, held, after)
        found = system.shared['reach'] = after, held, shrinks, order
    return found


# Where it goes, from where, whether it can only take from that, and the order.
_Reached = tuple[float, float, bool, orders.Order]


def _reach(order: orders.Order, system: Account) -> tuple[float, float]:
    symbol, side, left = order.symbol, order.side, order.free
    held = system.quantity(symbol)
    sign = side.sign
    coming = sign * left
    # Of a group only one can fill whole.
    groups = {order.oco: left} if order.oco else {}
    for other in system.working(symbol):
        if other.id != order.id and other.side is side:
            coming += sign * worst.more(other, groups)
    return held + coming, held


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
            coming += worst.more(other, groups) * expected_price(other, system)
    return figures.worth(held, after, last, price, coming)


def shrinks(order: orders.Order, system: Account) -> bool:
    """Whether an order can only take from the position it meets."""
    return _reached(order, system)[2]


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
        total = worst.with_others(
            worth(order, system, held, after), order.symbol, system
        )
        return figures.leverage(total, system.equity())


class BuyingPower(Leverage):
    """The same at the broker that an order goes to."""

    name = 'buying_power'

    def figure(self, order: orders.Order, system: Account) -> float | None:
        """The ratio there if all fills; None for what shrinks a position."""
        return super().figure(order, accounts.behind(order, system))


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
