"""A pause after losses: nothing new is opened for a while."""

from sting.engine import state
from sting.model import market
from sting.model import orders
from sting.model import protection
from sting.risk import rules
from sting.risk import scopes


class Cooldown(rules.RiskRule):
    """Seconds that are left of a strategy's pause.

    It follows from the round trips in the strategy's ledger and from the time
    of the events, so that a restart neither shortens nor forgets it.
    """

    unit = 'seconds of its pause after losses'

    def __init__(self, wanted: protection.Cooldown, strategy: str) -> None:
        """Sets up the rule.

        Args:
            wanted: As it is configured.
            strategy: The strategy's name.
        """
        self.name = f'strategy_cooldown({strategy})'
        super().__init__(0.0)
        self._strategy = strategy
        self._scope = scopes.Scope(strategy)
        self._losses = wanted.losses
        self._within = protection.span(wanted.within)
        self._pause = protection.span(wanted.pause)
        self._by_symbol = wanted.per == 'symbol'

    def figure(
        self, order: orders.Order, system: state.SystemState
    ) -> float | None:
        """The seconds left; None for others and for what shrinks."""
        if order.strategy != self._strategy:
            return None
        if order.parent or rules.shrinks(
            order, scopes.View(self._scope, system)
        ):
            return None
        ends = [
            when
            for when, symbol in system.ledger.losses.get(self._strategy, ())
            if symbol == order.symbol or not self._by_symbol
        ]
        until = 0
        for first, last in zip(ends, ends[self._losses - 1 :], strict=False):
            if last - first <= self._within:
                until = last + self._pause
        return max(0.0, (until - system.time) / market.NANOSECONDS)
