"""Rules of what is held: exposure, concentration, short sales, losses."""

import abc
from collections.abc import Iterable
import math

from sting.engine import state
from sting.model import orders
from sting.model import totals
from sting.risk import figures
from sting.risk import rules
from sting.risk import scopes
from sting.risk import worst


class GrossExposure(rules.Leverage):
    """Value of all that is held or may come to be, over the equity."""

    name = 'gross_exposure'


class NetExposure(scopes.ScopedRule):
    """Long less short, over the equity, if all of the order's side fills."""

    name = 'net_exposure'
    unit = 'times the equity'
    unknown = 'there is no price yet, or no equity left'

    def measure(self, order: orders.Order, view: scopes.View) -> float | None:
        """The ratio, long or short; None for what takes from it."""
        sign = order.side.sign
        price = rules.expected_price(order, view)
        total = coming = sign * order.free * price
        whole = view.whole or view
        total = totals.total(worst.worth(whole), total)
        others = [sign * more for more in worst.coming(order, whole)]
        coming = totals.total(others, coming)
        total = totals.total(others, total)
        if math.isfinite(total) and figures.shrinks(
            sign, total - coming, total
        ):
            return None
        return figures.leverage(abs(total), view.equity())


class Concentration(rules.AccountRule):
    """Value of one symbol held, over the equity."""

    name = 'concentration'
    unit = 'of the equity'
    unknown = 'there is no price yet, or no equity left'

    def figure(
        self, order: orders.Order, system: rules.Account
    ) -> float | None:
        """The share if all fills; None for what shrinks a position."""
        after, held = rules.reach(order, system)
        if figures.shrinks(order.side.sign, held, after):
            return None
        value = rules.worth(order, system, held, after)
        return figures.leverage(value, system.equity())


class NoShort(rules.AccountRule):
    """Units short of one symbol."""

    name = 'max_short'
    unit = 'units short'

    def figure(
        self, order: orders.Order, system: rules.Account
    ) -> float | None:
        """The units if all sales fill; None for what shrinks a position."""
        after, held = rules.reach(order, system)
        if order.side is orders.OrderSide.BUY:
            return None
        if figures.shrinks(order.side.sign, held, after):
            return None
        return max(0.0, -after)


class Shortable(NoShort):
    """Units short of a symbol that is not listed as one to be sold short."""

    name = 'shortable'
    unit = 'units short of what is not listed'

    def __init__(
        self, limit: float | None = None, listed: Iterable[str] = ()
    ) -> None:
        """Sets up the rule.

        Args:
            limit: The most units short of others.
            listed: The symbols that it does not hold up.
        """
        super().__init__(limit)
        self._listed = frozenset(listed)

    def figure(
        self, order: orders.Order, system: rules.Account
    ) -> float | None:
        """The units; None for what is listed and what shrinks a position."""
        if order.symbol in self._listed:
            return None
        return super().figure(order, system)


class Restricted(rules.AccountRule):
    """Whether an order does more than shrink a position: 0 or 1."""

    name = 'restricted'
    unit = 'in what is restricted'

    def figure(
        self, order: orders.Order, system: rules.Account
    ) -> float | None:
        """1 for what opens or adds; None for what shrinks a position."""
        return None if rules.shrinks(order, system) else 1.0


class OfAccount(scopes.ScopedRule):
    """A rule of the equity, which only the account has.

    Its figure is there without an order, too, so that it can act by itself.
    """

    @abc.abstractmethod
    def standing(self, system: state.SystemState) -> float:
        """Gives what the limit is held against.

        Args:
            system: The state.
        """

    def measure(self, order: orders.Order, view: scopes.View) -> float | None:
        """The standing figure; None for what shrinks a position."""
        if rules.shrinks(order, view):
            return None
        if not self.is_known(view.system):
            return math.inf
        return self.standing(view.system)

    def is_known(self, system: state.SystemState) -> bool:
        """Whether there is a figure now; one that is not known does nothing.

        Args:
            system: The state.
        """
        return math.isfinite(self.standing(system))

    @classmethod
    def check(cls, scope: scopes.Scope) -> str:
        """Says that it is of the account; empty for the account."""
        return '' if scope.is_whole else 'it is of the account, drop `for`'


class _Loss(OfAccount):
    """A rule of what the account has lost."""

    unknown = 'the equity is not known: something held has no price'

    def is_known(self, system: state.SystemState) -> bool:
        """Whether all that is held has a price, and the equity is a number."""
        return system.is_priced() and math.isfinite(system.equity())


class DailyLoss(_Loss):
    """What the account has lost since the day began, with fees."""

    name = 'daily_loss'
    unit = 'in cash'

    def standing(self, system: state.SystemState) -> float:
        """The loss."""
        return max(0.0, system.day_equity - system.equity())


class DailyDrawdown(_Loss):
    """What the account has lost since the day began, as a share."""

    name = 'daily_drawdown'
    unit = 'of the equity that the day began with'
    unknown = 'the day began without equity, or something held has no price'

    def standing(self, system: state.SystemState) -> float:
        """The share."""
        begun = system.day_equity
        return figures.leverage(max(0.0, begun - system.equity()), begun)


class Drawdown(_Loss):
    """What the account has lost from the best day's beginning, as a share."""

    name = 'drawdown'
    unit = 'of the highest equity that a day began with'
    unknown = 'no day began with equity, or something held has no price'

    def standing(self, system: state.SystemState) -> float:
        """The share."""
        peak = system.peak
        return figures.leverage(max(0.0, peak - system.equity()), peak)
