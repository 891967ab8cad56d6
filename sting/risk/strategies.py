"""The rules of one strategy: those of the account, held against its own part.

A strategy's part is its own book and its own working orders. With a capital
its equity is that capital and what it has made of it.
"""

from collections.abc import Callable
from collections.abc import Hashable
from collections.abc import Iterator
from collections.abc import Mapping
import math
from typing import TypeVar

from sting.engine import state
from sting.model import orders
from sting.model import specs
from sting.risk import cooldown
from sting.risk import figures
from sting.risk import rules

_ACCOUNT: Mapping[str, type[rules.AccountRule]] = {
    rule.name: rule
    for rule in (
        rules.MaxOrderNotional,
        rules.MaxPosition,
        rules.MaxPositionNotional,
    )
}
# A loss has to shrink to this share of its limit before it is told of again.
_CALM = 0.9
_Found = TypeVar('_Found')


class Part:
    """What one strategy holds and has ordered; a `rules.Account`.

    Attributes:
        portfolio: Its own book.
        prices: Last price by symbol.
    """

    def __init__(
        self, strategy: str, capital: float, system: state.SystemState
    ) -> None:
        """Takes a strategy's part out of the state.

        Args:
            strategy: Its name.
            capital: What it began with.
            system: The state.
        """
        self.portfolio = system.book(strategy)
        self.prices = system.prices
        self._strategy = strategy
        self._capital = capital
        self._system = system

    def quantity(self, symbol: str) -> float:
        """Units of a symbol that it holds, negative when short."""
        return self.portfolio.quantity(symbol)

    def working(self, symbol: str | None = None) -> Iterator[orders.Order]:
        """Gives its working orders, of one instrument or of all."""
        for order in self._system.working(symbol):
            if order.strategy == self._strategy:
                yield order

    def equity(self) -> float:
        """Its capital and what it has made of it."""
        return self._capital + self.portfolio.value(self.prices)

    def once(self, key: Hashable, work: Callable[[], _Found]) -> _Found:
        """Gives what the rules of one order share."""
        return self._system.once(('part', self._strategy, key), work)


class StrategyRule(rules.RiskRule):
    """A rule of the account that one strategy has to keep by itself."""

    def __init__(
        self,
        rule: rules.AccountRule,
        strategy: str,
        capital: float = 0.0,
    ) -> None:
        """Sets up a rule.

        Args:
            rule: What it is for the whole account.
            strategy: The strategy's name.
            capital: What the strategy began with.
        """
        self.name = f'strategy_{rule.name}({strategy})'
        self.unit = rule.unit
        self.unknown = rule.unknown
        super().__init__(rule.limit)
        self._rule = rule
        self._strategy = strategy
        self._capital = capital

    def figure(
        self, order: orders.Order, system: state.SystemState
    ) -> float | None:
        """The figure of the strategy's part; None for orders of others."""
        if order.strategy != self._strategy:
            return None
        part = Part(self._strategy, self._capital, system)
        return self._rule.figure(order, part)


class Capital(rules.Leverage):
    """Value of all that a strategy holds or may come to hold."""

    name = 'capital'
    unit = 'times its capital'
    unknown = 'there is no price yet, or nothing is left of its capital'


class MaxLoss(rules.RiskRule):
    """What a strategy has lost, realised or not, with fees.

    Past its limit the strategy may only get out.
    """

    unit = 'in cash'
    unknown = 'it is not known: something that the strategy holds has no price'

    def __init__(
        self, limit: float, strategy: str, *, stops: bool = False
    ) -> None:
        """Sets up a rule.

        Args:
            limit: The most that it may lose.
            strategy: Its name.
            stops: A loss past the limit stops the strategy.
        """
        self.name = f'strategy_max_loss({strategy})'
        super().__init__(limit)
        self.strategy = strategy
        self._stops = stops
        self._told = False
        self._due = False

    def figure(
        self, order: orders.Order, system: state.SystemState
    ) -> float | None:
        """The loss; None for orders of others and what shrinks a position."""
        if order.strategy != self.strategy:
            return None
        if rules.shrinks(order, Part(self.strategy, 0.0, system)):
            return None
        return self._loss(system)

    def breach(self, system: state.SystemState) -> str:
        """Says, once, that the loss has passed its limit.

        Args:
            system: The state.

        Returns:
            One sentence; empty when there is nothing new to say.
        """
        loss, limit = self._loss(system), self.limit or 0.0
        if math.isinf(loss):
            # What is not known holds up orders, and stops nobody.
            return ''
        if self._told:
            self._told = loss > limit * _CALM
            return ''
        if figures.passes(loss, limit):
            return ''
        self._told = True
        self._due = self._stops
        does = 'is stopped' if self._stops else 'may only get out'
        return f'{self.sentence(loss)}: {self.strategy} {does}'

    def take_stop(self) -> bool:
        """Whether the strategy is to be stopped for what was just said."""
        due, self._due = self._due, False
        return due

    def _loss(self, system: state.SystemState) -> float:
        """Gives the loss; infinite where it is not known."""
        book, prices = system.book(self.strategy), system.prices
        value = book.value(prices)
        if math.isnan(value) or not book.held.keys() <= prices.keys():
            return math.inf
        return max(0.0, -value)


def rules_of(spec: specs.StrategySpec) -> Iterator[rules.RiskRule]:
    """Gives the rules that hold for one strategy alone.

    Args:
        spec: As it is configured.

    Yields:
        One rule for its capital and one for each of its limits.
    """
    if spec.capital is not None:
        yield StrategyRule(Capital(1.0), spec.name, spec.capital)
    for name, rule in _ACCOUNT.items():
        limit = getattr(spec.limits, name)
        if limit is not None:
            yield StrategyRule(rule(limit), spec.name)
    if spec.protection is not None and spec.protection.cooldown is not None:
        yield cooldown.Cooldown(spec.protection.cooldown, spec.name)
    if spec.limits.max_loss is not None:
        yield MaxLoss(
            spec.limits.max_loss,
            spec.name,
            stops=spec.limits.on_loss == 'stop',
        )
