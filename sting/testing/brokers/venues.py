"""A market for the suite, made of a venue: what its services have in common."""

import asyncio
import collections
from collections.abc import Callable
from collections.abc import Coroutine
import threading
from typing import Any
from typing import Final
from typing import Literal
from typing import TypeVar

from sting.engine import clock as clocks
from sting.model import errors
from sting.model import market
from sting.model import orders
from sting.simulator import costs as costs_lib
from sting.simulator import market as simulated
from sting.testing import broker as scripted
from sting.testing.brokers import world

MINUTE: Final = 60 * market.NANOSECONDS
# Sessions of an hour begin with every other hour.
HOUR: Final = 60 * MINUTE
# Ten minutes into one of them: 2026-01-05, 14:10 UTC.
START: Final = 1_767_622_200 * market.NANOSECONDS
# The id of what others place.
OTHERS: Final = 'placed-elsewhere-'

T = TypeVar('T')
Loss = Literal['', 'request', 'answer']


def session_close(timestamp: int) -> int:
    """Gives the first close of a session at or after a moment."""
    return -(-(timestamp - HOUR) // (2 * HOUR)) * 2 * HOUR + HOUR


def session_open(timestamp: int) -> int:
    """Gives the first opening of a session at or after a moment."""
    return -(-timestamp // (2 * HOUR)) * 2 * HOUR


class OneOffs(scripted.Script):
    """What goes wrong once, when it was asked for.

    Attributes:
        refusals: Why the next orders are rejected.
        losses: What of the next orders is lost.
    """

    def __init__(self) -> None:
        self.refusals: collections.deque[str] = collections.deque()
        self.losses: collections.deque[Loss] = collections.deque()

    def refusal(self, order: orders.Order) -> str:
        """Says why an order is rejected; empty when it is taken."""
        del order
        return self.refusals.popleft() if self.refusals else ''

    def fate(self, request: str) -> scripted.Fate:
        """Loses an order, or the answer to it."""
        lost = self.loss() if request == 'place' else ''
        if not lost:
            return scripted.Fate()
        return scripted.Fate(
            arrives=lost == 'answer',
            error=errors.BrokerUnknownError(f'the {lost} was lost'),
        )

    def loss(self) -> Loss:
        """Says what of an order that is sent now is lost."""
        return self.losses.popleft() if self.losses else ''


class VenueWorld(world.World):
    """A world whose market is a venue; a service has to be put before it.

    What is left to a service: `make`, `drop`, `restore`, `repeat`, `close`,
    and to heed `script.loss()` for each order.

    The loop of an engine may be blocked while the emergency stop works, so a
    service that talks over a socket needs a loop and a thread of its own: with
    `apart` the venue and all that is given to `there` run in one.

    Attributes:
        clock: The market's time, which moves with each bar.
        script: What goes wrong next.
        venue: Orders and account, whoever connects.
    """

    def __init__(
        self,
        costs: costs_lib.CostModel | None = None,
        *,
        groups: bool = True,
        apart: bool = False,
    ) -> None:
        """Opens the market; to be made in a running loop.

        Args:
            costs: What it charges; None for nothing.
            groups: Whether it knows that of some orders one cancels the
                others.
            apart: It runs in a thread of its own, until `end`.
        """
        self.clock = clocks.VirtualClock(START)
        self.script = OneOffs()
        self._loop = asyncio.get_running_loop()
        self._thread: threading.Thread | None = None
        if apart:
            self._loop = asyncio.new_event_loop()
            self._thread = threading.Thread(
                target=self._loop.run_forever, name='venue', daemon=True
            )
            self._thread.start()
        self._others = 0
        self.venue = scripted.Venue(
            simulated.MarketSimulator(
                costs, session_close=session_close, session_open=session_open
            ),
            self.script,
            later=self._later,
            now=self.clock.now,
            cash=self.cash,
            groups=groups,
        )

    async def there(self, work: Coroutine[Any, Any, T]) -> T:
        """Runs something in the loop of the venue.

        Args:
            work: What to run.

        Returns:
            What it gives.
        """
        if self._thread is None:
            return await work
        sent = asyncio.run_coroutine_threadsafe(work, self._loop)
        return await asyncio.wrap_future(sent)

    async def end(self) -> None:
        """Ends the thread of a venue that runs apart."""
        if self._thread is not None:
            self._loop.call_soon_threadsafe(self._loop.stop)
            await asyncio.to_thread(self._thread.join)
            self._loop.close()
            self._thread = None

    def now(self) -> int:
        """Gives the market's time, nanoseconds since the epoch, UTC."""
        return self.clock.now()

    async def trade(
        self,
        symbol: str,
        open: float,
        high: float | None = None,
        low: float | None = None,
        close: float | None = None,
        volume: float = 1e6,
    ) -> None:
        """Lets the market trade through a bar; see the world."""
        last = open if close is None else close
        self.clock.advance(self.clock.now() + MINUTE)
        bar = market.MarketData(
            symbol=symbol,
            timestamp=self.clock.now(),
            open=open,
            high=max(open, last) if high is None else max(high, open, last),
            low=min(open, last) if low is None else min(low, open, last),
            close=last,
            volume=volume,
        )
        await self.there(self._call(self.venue.trade, bar))

    async def end_session(self) -> None:
        """Moves the time behind the next close of the session."""
        self.clock.advance(session_close(self.clock.now()) + MINUTE)

    async def begin_session(self) -> None:
        """Moves the time to the next opening."""
        self.clock.advance(session_open(self.clock.now() + 1))

    async def last_minute(self) -> None:
        """Moves the time to a minute before the next close."""
        self.clock.advance(session_close(self.clock.now()) - MINUTE)

    async def placed(self, order_id: str) -> int:
        """Counts the orders of this client id that were taken."""
        return int(order_id in self.venue.orders)

    async def refuse(self, words: str) -> None:
        """Has the next order rejected, for this reason."""
        self.script.refusals.append(words)

    async def lose_request(self) -> None:
        """Has the next order lost on its way, and no answer come."""
        self.script.losses.append('request')

    async def lose_answer(self) -> None:
        """Has the next order taken, and the answer to it lost."""
        self.script.losses.append('answer')

    async def place_elsewhere(
        self,
        symbol: str,
        side: orders.OrderSide,
        quantity: float,
        price: float,
    ) -> None:
        """Places a limit order in the account that is not ours."""
        self._others += 1
        order = orders.Order(
            id=f'{OTHERS}{self._others}',
            symbol=symbol,
            side=side,
            quantity=quantity,
            type=orders.OrderType.LIMIT,
            price=price,
            created=self.clock.now(),
        )
        await self.there(self._call(self.venue.place, order))

    async def trade_elsewhere(
        self,
        symbol: str,
        side: orders.OrderSide,
        quantity: float,
        price: float,
    ) -> None:
        """Trades in the account behind our back; the cash moves too."""
        self._others += 1
        self.venue.prices[symbol] = price
        fill = orders.Fill(
            order_id=f'{OTHERS}{self._others}',
            execution_id=f'{OTHERS}{self._others}',
            symbol=symbol,
            side=side,
            quantity=quantity,
            price=price,
            timestamp=self.clock.now(),
        )
        await self.there(self._call(self.venue.fill_unasked, fill))

    async def _call(self, work: Callable[..., object], *given: object) -> None:
        work(*given)

    def _later(
        self, seconds: float, call: Callable[..., None], *given: object
    ) -> None:
        self._loop.call_later(seconds, call, *given)
