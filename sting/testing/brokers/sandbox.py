"""The play-money account of a real service, as a world whose market is its own.

For `suite.AT_REST` alone: it cannot be told what to trade. It needs an account
that nothing else uses, in which two stocks cost more than 110 and 60, and may
take any order out of it.
"""

from collections.abc import Callable
import secrets

from sting.broker import interface
from sting.engine import clock as clocks
from sting.model import errors
from sting.model import orders
from sting.testing.brokers import world


class SandboxWorld(world.World):
    """An account with play money at a service."""

    def __init__(self, build: Callable[[], interface.BrokerInterface]) -> None:
        """Sets up the world; `begin` looks whether it may be used.

        Args:
            build: Makes a way to the account.
        """
        self.log = secrets.token_hex(4)
        self._build = build
        self._clock = clocks.LiveClock()
        self._way: interface.BrokerInterface | None = None

    async def begin(self) -> 'SandboxWorld':
        """Looks whether the money is play money, and cancels all that works.

        Raises:
            errors.BrokerError: The service does not answer.
            errors.RefusedError: The account is not known to be a sandbox.
        """
        broker = self._build()
        await broker.connect(_unheard, _never)
        try:
            account = await broker.get_account_info()
            if account.simulated is not True:
                raise errors.RefusedError(
                    f'{broker.name}: account {account.account} is not known to '
                    'have play money alone; the suite is for those'
                )
            await broker.cancel_all()
        finally:
            await broker.disconnect()
        return self

    def make(self) -> interface.BrokerInterface:
        """Gives a new way to the account."""
        self._way = self._build()
        return self._way

    def now(self) -> int:
        """Gives the time."""
        return self._clock.now()

    async def placed(self, order_id: str) -> int:
        """Counts the working orders of this client id."""
        assert self._way is not None  # noqa: S101 - for the type checker
        found = await self._way.get_orders()
        return sum(each.id == order_id for each in found)

    async def close(self) -> None:
        """Takes out what the scenario has left."""
        broker = self._build()
        await broker.connect(_unheard, _never)
        try:
            await broker.cancel_all()
        finally:
            await broker.disconnect()

    async def trade(self, *given: object, **more: object) -> None:
        """Cannot be told."""
        raise _other()

    async def end_session(self) -> None:
        """Cannot be told."""
        raise _other()

    async def begin_session(self) -> None:
        """Cannot be told."""
        raise _other()

    async def last_minute(self) -> None:
        """Cannot be told."""
        raise _other()

    async def refuse(self, words: str) -> None:
        """Cannot be told."""
        raise _other()

    async def lose_request(self) -> None:
        """Cannot be told."""
        raise _other()

    async def lose_answer(self) -> None:
        """Cannot be told."""
        raise _other()

    async def drop(self) -> None:
        """Cannot be told."""
        raise _other()

    async def restore(self) -> None:
        """Cannot be told."""
        raise _other()

    async def repeat(self) -> None:
        """Cannot be told."""
        raise _other()

    async def place_elsewhere(self, *given: object) -> None:
        """Cannot be told."""
        raise _other()

    async def trade_elsewhere(self, *given: object) -> None:
        """Cannot be told."""
        raise _other()


def _other() -> errors.StateError:
    return errors.StateError('the market of a sandbox does as it likes')


def _unheard(report: interface.Told) -> None:
    del report


def _never(order: orders.Order) -> bool:
    del order
    return False
