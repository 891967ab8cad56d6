"""What stands behind a broker in the suite: a market that does as told."""

import abc

from sting.broker import interface
from sting.model import orders


class World(abc.ABC):
    """A market and an account at a broker, and ways to it.

    Prices are what the suite says they are: the market trades only when it is
    told to. Orders fill by the rules of the simulator: at the open of the next
    bar, at their limit, at their trigger, all together with at most a quarter
    of a bar's volume.

    Attributes:
        symbols: Two instruments that can be traded.
        cash: What the account starts with.
        whole: Whether the broker takes whole units alone, and has to refuse
            all others.
        log: What ids of orders begin with.
    """

    symbols: tuple[str, str] = ('AAPL', 'MSFT')
    cash: float = 100_000.0
    whole: bool = False
    log: str = 'a1b2c3d4'

    @abc.abstractmethod
    def make(self) -> interface.BrokerInterface:
        """Gives a new way to the account, as an engine makes when it starts."""

    @abc.abstractmethod
    def now(self) -> int:
        """Gives the market's time, nanoseconds since the epoch, UTC."""

    @abc.abstractmethod
    async def trade(
        self,
        symbol: str,
        open: float,
        high: float | None = None,
        low: float | None = None,
        close: float | None = None,
        volume: float = 1e6,
    ) -> None:
        """Lets the market trade through a bar of a minute from now on.

        Args:
            symbol: The instrument.
            open: First price.
            high: Highest price; None for the highest of the others.
            low: Lowest price; None for the lowest of the others.
            close: Last price; None for the first.
            volume: Units traded.
        """

    @abc.abstractmethod
    async def end_session(self) -> None:
        """Moves the time behind the next close of the session.

        What ends with the session has ended by the next bar.
        """

    @abc.abstractmethod
    async def begin_session(self) -> None:
        """Moves the time behind the next close, then to the next opening.

        The next bar is the first of the session.
        """

    @abc.abstractmethod
    async def last_minute(self) -> None:
        """Moves the time to a minute before the next close.

        The next bar ends with the session.
        """

    @abc.abstractmethod
    async def placed(self, order_id: str) -> int:
        """Counts the orders of this client id that the broker has taken."""

    @abc.abstractmethod
    async def refuse(self, words: str) -> None:
        """Has the next order rejected, for this reason."""

    @abc.abstractmethod
    async def lose_request(self) -> None:
        """Has the next order lost on its way, and no answer come."""

    @abc.abstractmethod
    async def lose_answer(self) -> None:
        """Has the next order taken, and the answer to it lost."""

    @abc.abstractmethod
    async def drop(self) -> None:
        """Breaks every connection; none is to be had until `restore`.

        Returns once the broker has noticed.
        """

    @abc.abstractmethod
    async def restore(self) -> None:
        """Lets connections be made again."""

    @abc.abstractmethod
    async def repeat(self) -> None:
        """Tells of the last fill once more."""

    @abc.abstractmethod
    async def place_elsewhere(
        self,
        symbol: str,
        side: orders.OrderSide,
        quantity: float,
        price: float,
    ) -> None:
        """Places a limit order in the account that is not ours."""

    @abc.abstractmethod
    async def trade_elsewhere(
        self,
        symbol: str,
        side: orders.OrderSide,
        quantity: float,
        price: float,
    ) -> None:
        """Trades in the account behind our back; the cash moves too."""

    @abc.abstractmethod
    async def close(self) -> None:
        """Ends the market, and every connection to it."""
