"""What rules look at: the account, a part of it, what is at one broker."""

from collections.abc import Callable
from collections.abc import Hashable
from collections.abc import Iterator
from collections.abc import Mapping
from typing import Any
from typing import Protocol
from typing import TypeVar

from sting.engine import state
from sting.model import orders
from sting.model import portfolio

_Found = TypeVar('_Found')


class Account(Protocol):
    """What most rules look at: the state, or one strategy's part of it."""

    @property
    def portfolio(self) -> portfolio.Portfolio:
        """Cash and positions."""
        ...

    @property
    def prices(self) -> Mapping[str, float]:
        """Last price by symbol."""
        ...

    def quantity(self, symbol: str) -> float:
        """Units held of a symbol that is part of it, negative when short."""
        ...

    def working(self, symbol: str | None = None) -> Iterator[orders.Order]:
        """Gives the orders that are at the broker or may be."""
        ...

    def equity(self) -> float:
        """Cash and holdings at the last prices."""
        ...

    def once(self, key: Hashable, work: Callable[[], _Found]) -> _Found:
        """Gives what the rules of one order share: work done once."""
        ...


def behind(order: orders.Order, account: Account) -> Account:
    """Gives what is there to pay for an order.

    Cash does not move between brokers.

    Args:
        order: The order.
        account: The state, or a scope's part of it.

    Returns:
        Of several brokers what is at that of the order; else the account.
    """
    if not order.broker:
        return account
    system: Any = getattr(account, 'system', account)
    return AtBroker(order.broker, account, system)


class Slice:
    """A part of the whole account, or all of it.

    Attributes:
        system: The whole.
        complete: Of each symbol in it, it has all that there is.
        cut: Which symbols it has of the whole; None for all, and where it is
            not complete.
    """

    def __init__(
        self,
        system: state.SystemState,
        *,
        complete: bool,
        symbols: frozenset[str] | None,
    ) -> None:
        self.system = system
        self.complete = complete
        self.cut = symbols if complete else None


class AtBroker:
    """What of an account is at one broker; an `Account`.

    Attributes:
        portfolio: What of it is held there.
        prices: Last price by symbol.
    """

    def __init__(
        self, broker: str, account: Account, system: state.SystemState
    ) -> None:
        """Takes a broker's part.

        Args:
            broker: The broker.
            account: The account, or a scope's part of it.
            system: The state.
        """
        there = system.account_at(broker)
        self.prices: Mapping[str, float] = system.prices
        self.portfolio = portfolio.Portfolio(there.cash)
        self.portfolio.positions = there.positions
        self.portfolio.held = {
            symbol: units
            for symbol, units in there.held.items()
            if symbol in account.portfolio.held
        }
        self._account = account
        self._broker = broker
        self._equity = there.value(system.prices)

    def quantity(self, symbol: str) -> float:
        """Units of a symbol held there, negative when short."""
        return self.portfolio.quantity(symbol)

    def working(self, symbol: str | None = None) -> Iterator[orders.Order]:
        """Gives the orders that work there, of one instrument or of all."""
        return (
            order
            for order in self._account.working(symbol)
            if order.broker == self._broker
        )

    def equity(self) -> float:
        """Cash and holdings there at the last prices."""
        return self._equity

    def once(self, key: Hashable, work: Callable[[], _Found]) -> _Found:
        """Gives what the rules of one order share."""
        return self._account.once((self._broker, key), work)
