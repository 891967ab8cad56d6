"""What a rule looks at: the account, a strategy, some symbols."""

from collections.abc import Callable
from collections.abc import Hashable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from typing import TypeVar

from sting.engine import state
from sting.model import orders
from sting.model import portfolio
from sting.risk import accounts
from sting.risk import rules

_Found = TypeVar('_Found')
_DENIED = orders.OrderStatus.DENIED
# A view has a property of the module's name.
_Portfolio = portfolio.Portfolio


class Scope:
    """Which orders and positions a rule is about.

    Attributes:
        strategy: Only of this strategy; empty for all and the operator.
        symbols: Only of these instruments; None for all.
        key: Equal where two are the same.
        is_whole: Whether it is the whole account.
    """

    def __init__(
        self, strategy: str = '', symbols: frozenset[str] | None = None
    ) -> None:
        self.strategy = strategy
        self.symbols = symbols
        self.key: Hashable = (strategy, symbols)
        self.is_whole = not strategy and symbols is None

    def has(self, order: orders.Order) -> bool:
        """Whether an order is in it."""
        return self.is_whole or self.covers(order.strategy, order.symbol)

    def covers(self, strategy: str, symbol: str) -> bool:
        """Whether a strategy's orders of a symbol are in it."""
        return (not self.strategy or strategy == self.strategy) and (
            self.symbols is None or symbol in self.symbols
        )


class View(accounts.Slice):
    """A scope's part of the state; a `rules.Account`.

    Attributes:
        prices: Last price by symbol.
    """

    def __init__(self, scope: Scope, system: state.SystemState) -> None:
        """Takes a part out of the state.

        Args:
            scope: Which part.
            system: The state; it is not copied.
        """
        named = scope.strategy
        super().__init__(system, complete=not named, symbols=scope.symbols)
        self.prices: Mapping[str, float] = system.prices
        self._scope = scope
        self._book = system.book(named) if named else system.portfolio

    @property
    def portfolio(self) -> _Portfolio:
        """What is held of it."""
        if self._scope.symbols is None:
            return self._book
        return self.once('part', self._part)

    def _part(self) -> _Portfolio:
        """Gives what is held of the scope's symbols."""
        part = _Portfolio()
        part.positions = self._book.positions
        symbols = self._scope.symbols or frozenset()
        held = self._book.held
        part.held = {s: held[s] for s in filter(symbols.__contains__, held)}
        return part

    @property
    def whole(self) -> state.SystemState | None:
        """The state, where the scope is all of it."""
        return self.system if self._scope.is_whole else None

    def once(self, key: Hashable, work: Callable[[], _Found]) -> _Found:
        """Gives what the rules of one order share."""
        if self._scope.is_whole:
            return self.system.once(key, work)
        return self.system.once((self._scope.key, key), work)

    def working(self, symbol: str | None = None) -> Iterator[orders.Order]:
        """Gives its working orders, of one instrument or of all."""
        if self._scope.is_whole:
            return self.system.working(symbol)
        return filter(self._scope.has, self.system.working(symbol))

    def quantity(self, symbol: str) -> float:
        """Units held of one of its symbols, negative when short."""
        return self._book.quantity(symbol)

    def working_but(self, order: orders.Order) -> int:
        """How many of its orders work, but for one."""
        if not self._scope.is_whole:
            return sum(other.id != order.id for other in self.working())
        same = self.system.working(order.symbol)
        mine = sum(other.id == order.id for other in same)
        return self.system.working_count() - mine

    def equity(self) -> float:
        """The account's equity: shares are of the whole."""
        return self.system.equity()

    def sent(self, since: int, but: str) -> Sequence[orders.Order]:
        """Gives its orders that risk let go, the newest first.

        Args:
            since: Only those created after this, nanoseconds UTC.
            but: Id of an order that is left out.

        Returns:
            The orders. The state remembers all that work and the last
            `state.DONE_ORDERS` that are done.
        """
        return self.once(('sent', since, but), lambda: self._sent(since, but))

    def asked(self, since: int) -> int:
        """Gives how many cancels and changes of its orders were asked for.

        Args:
            since: Only those after this, nanoseconds UTC.
        """
        count = 0
        for when, strategy, symbol in reversed(self.system.messages):
            if when <= since:
                break
            count += self._scope.covers(strategy, symbol)
        return count

    def _sent(self, since: int, but: str) -> Sequence[orders.Order]:
        found = []
        # They lie in the order in which they were created.
        for order in reversed(self.system.orders.values()):
            if order.created <= since:
                break
            if order.status is not _DENIED and order.id != but:
                found.append(order)
        if self._scope.is_whole:
            return found
        return list(filter(self._scope.has, found))


class ScopedRule(rules.RiskRule):
    """A rule that looks at a scope."""

    @classmethod
    def check(cls, scope: Scope) -> str:
        """Says why it cannot be held against a scope; empty where it can."""
        del scope
        return ''

    def __init__(self, limit: float, window_s: float = 60.0) -> None:
        """Sets up a rule.

        Args:
            limit: The highest figure that passes.
            window_s: Seconds that a rule of orders in a time looks back.
        """
        super().__init__(limit)
        self.window = round(window_s * 1e9)

    def figure(
        self, order: orders.Order, system: state.SystemState
    ) -> float | None:
        """The figure of the whole account."""
        return self.measure(order, View(Scope(), system))

    def measure(self, order: orders.Order, view: View) -> float | None:
        """Gives what the limit is held against; as `RiskRule.figure`.

        Args:
            order: The order, which is in the scope.
            view: What the rule looks at.
        """
        raise NotImplementedError


class Scoped(rules.RiskRule):
    """A rule by a name of its own, held against a scope.

    Attributes:
        soft: It only tells.
        reduces: An order past it may be made smaller.
    """

    def __init__(
        self,
        name: str,
        rule: ScopedRule | rules.AccountRule,
        scope: Scope,
        *,
        soft: bool = False,
        reduces: bool = False,
    ) -> None:
        """Sets up a rule.

        Args:
            name: As it is configured.
            rule: What it measures.
            scope: What it looks at.
            soft: It only tells.
            reduces: An order past it may be made smaller.
        """
        self.name = f'{rule.name}({name})'
        self.unit = rule.unit
        self.unknown = rule.unknown
        super().__init__(rule.limit)
        self.soft = soft
        self.reduces = reduces
        self._rule = rule
        # Of an abstract class it takes long to ask for each order.
        self._of_scope = rule if isinstance(rule, ScopedRule) else None
        self._of_account = rule if isinstance(rule, rules.AccountRule) else None
        self._scope = scope

    def figure(
        self, order: orders.Order, system: state.SystemState
    ) -> float | None:
        """The figure of its scope; None for orders outside of it."""
        scope = self._scope
        if not scope.has(order):
            return None
        if self._of_scope is not None:
            return self._of_scope.measure(order, _view(scope, system))
        if self._of_account is None or scope.is_whole:
            return self._rule.figure(order, system)
        return self._of_account.figure(order, View(scope, system))


def _view(scope: Scope, system: state.SystemState) -> View:
    """Gives a scope's part; most rules look at the whole."""
    shared = system.shared
    if shared is None or not scope.is_whole:
        return View(scope, system)
    view: View | None = shared.get('view')
    if view is None:
        view = shared['view'] = View(scope, system)
    return view
