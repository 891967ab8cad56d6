"""What a gateway says when it is asked: orders, trades, the account."""

import asyncio
from collections.abc import Callable
from typing import Any
from typing import Final

from sting.broker.ibkr import book as books
from sting.broker.ibkr import codes
from sting.broker.ibkr import ears
from sting.broker.ibkr import record as records
from sting.broker.ibkr import session as sessions
from sting.broker.ibkr import terms
from sting.model import errors
from sting.model import orders
from sting.model import portfolio
from sting.net import limits

# How often what trades cost is looked for while it is waited for.
_LOOKS: Final = 50


class Questions:
    """Asks over one connection, as often as is allowed.

    Attributes:
        session: The connection.
        book: The orders.
        account: Whose they are.
    """

    session: sessions.Session
    book: books.Book

    def __init__(
        self, place: sessions.Place, limiter: limits.RateLimiter
    ) -> None:
        """Sets up what asks.

        Args:
            place: Where the gateway is.
            limiter: What every message waits for.
        """
        self.account = ''
        self._place = place
        self._limiter = limiter

    async def ask_open(self, *, urgent: bool = False) -> list[records.Record]:
        """Asks for the orders that work, whoever placed them.

        Args:
            urgent: Before orders that wait for their turn.
        """
        await self._limiter.acquire(urgent=urgent)
        client = self.session.client
        found = await self.session.ask(
            lambda _: client.reqAllOpenOrders(), 'open orders', ears.OPEN
        )
        # Each was taken up as it came. What happens while the list comes is
        # among it, so that the last word on an order counts.
        last = {
            self.book.names.named(order): state.status
            for _, order, state in found
        }
        return [
            each
            for each, word in last.items()
            if each is not None and not each.ended and word not in codes.OVER
        ]

    async def ask_done(self) -> list[Any]:
        """Asks for the orders of the day that are done."""
        await self._limiter.acquire()
        client = self.session.client
        return await self.session.ask(
            lambda _: client.reqCompletedOrders(False),
            'completed orders',
            ears.COMPLETED,
        )

    async def ask_trades(self) -> list[Any]:
        """Asks for the trades of the day."""
        await self._limiter.acquire()
        wanted = self.session.library.ExecutionFilter(acctCode=self.account)
        return await self._asked(
            lambda number: self.session.client.reqExecutions(number, wanted),
            'executions',
        )

    async def ask_fills(self) -> list[orders.Fill]:
        """Asks for the trades of the day, with what they cost.

        That may come behind the list; it is waited for as for live ones.
        """
        found = await self.ask_trades()
        for _ in range(_LOOKS):
            if all(self.book.trades.costs(each.execId) for _, each in found):
                break
            await asyncio.sleep(books.HELD_S / _LOOKS)
        return self.book.listed(found)

    async def ask_positions(self) -> list[portfolio.Position]:
        """Asks for the open positions of the account, by symbol."""
        await self._limiter.acquire()
        client = self.session.client

        def send(_number: int) -> None:
            client.reqPositions()

        found = await self._asked(send, 'positions', ears.POSITIONS)
        # Otherwise each change of one would come as a message.
        client.cancelPositions()
        held = [
            portfolio.Position(
                symbol=terms.symbol(contract),
                quantity=quantity,
                average_price=average,
            )
            for account, contract, quantity, average in found
            if account == self.account and quantity
        ]
        return sorted(held, key=lambda position: position.symbol)

    async def ask_account(self, tags: str) -> list[Any]:
        """Asks for figures of the account.

        Args:
            tags: Their names, with commas between them.
        """
        await self._limiter.acquire()
        client = self.session.client
        numbers = []

        def send(number: int) -> None:
            numbers.append(number)
            client.reqAccountSummary(number, 'All', tags)

        found = await self._asked(send, 'account')
        client.cancelAccountSummary(numbers[0])
        return [each for each in found if each[0] == self.account]

    async def ask_time(self) -> int:
        """Asks for the time, seconds since the epoch."""
        await self._limiter.acquire()
        client = self.session.client
        found = await self._asked(
            lambda _: client.reqCurrentTime(), 'the time', ears.TIME
        )
        return int(found[-1])

    async def _asked(
        self, send: Callable[[int], None], what: str, key: str = ''
    ) -> list[Any]:
        try:
            return await self.session.ask(send, what, key)
        except sessions.Refusal as error:
            raise errors.BrokerUnknownError(
                f'{self._place.name}: {what}: {error}'
            ) from None
