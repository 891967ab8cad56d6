"""Interactive Brokers as a broker: the engine's side of the connection."""

import asyncio
from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Coroutine
from collections.abc import Sequence
import math
from typing import Any
from typing import ClassVar
from typing import Final
from typing import TypeVar

from sting import settings as settings_lib
from sting.broker import interface
from sting.broker.ibkr import brackets
from sting.broker.ibkr import contracts
from sting.broker.ibkr import moments
from sting.broker.ibkr import record as records
from sting.broker.ibkr import session as sessions
from sting.broker.ibkr import single
from sting.broker.ibkr import stop as stops
from sting.broker.ibkr import trader as traders
from sting.engine import clock as clocks
from sting.engine import natives
from sting.model import errors
from sting.model import market
from sting.model import orders
from sting.model import portfolio
from sting.net import ib
from sting.net import loops
from sting.net import monitor as monitors
from sting.net import words

T = TypeVar('T')
_TAGS: Final = 'NetLiquidation,TotalCashValue,BuyingPower'
# Seconds for an answer to the guardian.
_EMERGENCY_S: Final = 3.0
# How the numbers of accounts with play money begin.
_PAPER: Final = 'D'


class IbkrBroker(interface.BrokerInterface):
    """An account at Interactive Brokers, through TWS or IB Gateway.

    The connection has a thread and a loop of its own. Calls go there, and
    reports come from there, so that neither waits for the engine's loop.
    """

    name: ClassVar[str] = 'ibkr'
    dedupes: ClassVar[bool] = False
    limits: ClassVar[str] = (
        'IB hangs up above 50 messages a second; sting sends up to '
        f'{traders.BURST} at once and {traders.RATE:g} a second, and keeps '
        f'{traders.RESERVE} of {traders.BURST} of them for cancels'
    )
    native: ClassVar[natives.Native] = natives.Native(
        times=frozenset({orders.TimeInForce.DAY, orders.TimeInForce.GTC}),
        whole=False,
    )

    def __init__(
        self,
        gateway: settings_lib.Gateway,
        time_source: clocks.Clock,
        account: str,
    ) -> None:
        """Sets up the way; nothing is connected yet.

        Args:
            gateway: Where it is.
            time_source: The engine's clock.
            account: Its number; empty for the only one of the login.

        Raises:
            errors.ConfigError: No library for it is installed.
        """
        ib.name()
        self.monitor = monitors.ConnectionMonitor(self.name, time_source)
        self._gateway = gateway
        self._account = account
        self._thread: loops.LoopThread | None = None
        self._trader: brackets.BracketTrader | None = None
        self._engine: asyncio.AbstractEventLoop | None = None
        self._stop = stops.Stop(
            self._place(gateway.stop_client_id), self._hear_loss
        )

    async def connect(
        self, sink: interface.Sink, halted: interface.Halted
    ) -> None:
        """Connects, and reports from here on; see the interface."""
        self._engine = asyncio.get_running_loop()
        if self._thread is None:
            self._thread = loops.LoopThread('ibkr')
        await self._call(self._open(sink, halted))
        await self._stop.open()
        await self._call(self._confirm())

    async def disconnect(self) -> None:
        """Ends the connection; orders go on working there."""
        thread, self._thread = self._thread, None
        left = [await self._stop.close()]
        if thread is not None:
            left.append(await thread.finish(self._close()))
        if any(left):
            # It stays as the reason why this is closed.
            self.monitor.lost('; '.join(filter(None, left)), final=True)
        self.monitor.closed()

    async def place_order(self, order: orders.Order) -> interface.OrderResponse:
        """Sends an order; see the interface."""
        return await self._call(self._sender().place(order))

    async def place_group(
        self, group: Sequence[orders.Order]
    ) -> list[interface.OrderResponse]:
        """Sends an entry with its exits; see the interface."""
        return await self._call(self._sender().place_group(group))

    async def replace_order(
        self,
        order_id: str,
        *,
        quantity: float | None = None,
        price: float | None = None,
        stop_price: float | None = None,
    ) -> interface.OrderResponse:
        """Changes a working order; see the interface."""
        wanted = {
            name: value
            for name, value in (
                ('quantity', quantity),
                ('price', price),
                ('stop_price', stop_price),
            )
            if value is not None
        }
        return await self._call(self._sender().change(order_id, wanted))

    async def cancel_order(self, order_id: str) -> interface.CancelResponse:
        """Takes an order out; see the interface."""
        return await self._call(self._sender().cancel(order_id))

    async def cancel_all(
        self, symbol: str | None = None
    ) -> list[interface.CancelResponse]:
        """Takes all orders out, or those of one symbol."""
        return await self._call(self._sender().cancel_all(symbol))

    def emergency_cancel_all(
        self, keep: Collection[str] = ()
    ) -> interface.EmergencyReport:
        """Takes all orders out, those placed elsewhere too; any thread.

        Where an order that works is to be kept, only those sent from here, one
        by one.
        """
        kept = frozenset(keep).intersection(one.id for one in self._working())
        trader, thread = self._trader, self._thread
        if not kept or trader is None or thread is None:
            return self._stop.pull(self._working)
        client_id = self._gateway.orders_client_id
        return single.Single(trader, client_id, kept).pull(thread)

    def emergency(self) -> interface.Emergency | None:
        """Says how a guardian can cancel: globally, as a client of its own."""
        gateway = self._gateway
        return interface.Emergency(
            reference='sting.broker.emergency.ibkr:make',
            options={
                'host': gateway.host,
                'port': gateway.port,
                'client_id': gateway.guardian_client_id,
                'timeout_s': min(gateway.answer_s, _EMERGENCY_S),
            },
        )

    async def get_orders(self) -> list[orders.Order]:
        """Gives the working orders, in order of arrival."""
        found = await self._call(self._asker().ask_open())
        # What has no number of ours yet was placed elsewhere, and comes last.
        found.sort(key=lambda each: each.perm)
        return [each.order for each in found]

    async def get_order_by_client_id(
        self, order_id: str
    ) -> orders.Order | None:
        """Looks up an order, working or done of late."""
        found = await self._call(self._asker().look(order_id))
        return None if found is None else found.order

    async def get_fills(self, since: int = 0) -> list[orders.Fill]:
        """Gives fills of the day from a moment on, oldest first.

        Their times are whole seconds, and so is the moment. Where they are in
        a zone that is not known, earlier ones are given too.
        """
        trader = self._asker()
        listed = await self._call(trader.ask_fills())
        first = since // market.NANOSECONDS * market.NANOSECONDS
        if trader.session.moments.vague:
            first -= moments.FARTHEST_S * market.NANOSECONDS
        found: dict[str, orders.Fill] = {}
        for fill in listed:
            if fill.timestamp >= first:
                # A correction comes after what it corrects.
                found[fill.execution_id] = fill
        return sorted(found.values(), key=lambda fill: fill.timestamp)

    async def get_positions(self) -> list[portfolio.Position]:
        """Gives the open positions, by symbol."""
        return await self._call(self._asker().ask_positions())

    async def get_account_info(self) -> interface.AccountInfo:
        """Gives the account."""
        trader = self._asker()
        found = await self._call(trader.ask_account(_TAGS))
        currency = {tag: currency for _, tag, _, currency in found}
        try:
            figures = {tag: _figure(value) for _, tag, value, _ in found}
            return interface.AccountInfo(
                account=trader.account,
                currency=currency['TotalCashValue'],
                cash=figures['TotalCashValue'],
                equity=figures['NetLiquidation'],
                buying_power=figures['BuyingPower'],
                simulated=trader.account.startswith(_PAPER),
            )
        except KeyError as error:
            raise errors.BrokerUnknownError(
                f'{self.name}: the account was told without {error}'
            ) from None
        except ValueError as error:
            raise errors.BrokerUnknownError(
                f'{self.name}: the account was told with {error}'
            ) from None

    async def get_time(self) -> int:
        """Asks the gateway's clock, which has whole seconds."""
        trader = self._asker()
        return await self._call(trader.ask_time()) * market.NANOSECONDS

    async def get_instruments(
        self, symbols: Sequence[str]
    ) -> list[market.Instrument]:
        """Gives the steps of prices and quantities; see the interface."""
        trader = self._asker()
        found = []
        for symbol in symbols:
            try:
                listed = await self._call(trader.instrument(symbol))
            except sessions.Refusal:
                continue
            found.append(
                market.Instrument(
                    symbol,
                    tick=listed.tick,
                    lot=listed.lot,
                    currency=listed.currency,
                    sector=listed.sector,
                )
            )
        return found

    async def _open(
        self, sink: interface.Sink, halted: interface.Halted
    ) -> None:
        """Connects, in the connection's loop; see `connect`."""
        old = self._trader
        tells = traders.Tells(sink, self._hear_loss, self._hear_wrong)
        if old is not None and old.session.alive:
            # The socket stayed; what is at IB may have changed.
            old.serve(tells, halted)
            try:
                await old.learn(old.book)
            except errors.BrokerError:
                if old.session.alive:
                    raise
                # It was lost, and nobody knew yet: a new one is made.
            else:
                return
        if old is not None:
            await old.close()
        trader = brackets.BracketTrader(
            self._place(self._gateway.orders_client_id),
            contracts.Where(self._gateway.exchange, self._gateway.currency),
            tells,
            halted,
            self._stop.gate,
        )
        try:
            await trader.open(self._account, None if old is None else old.book)
        except errors.BrokerError:
            await trader.close()
            raise
        self._trader = trader

    async def _close(self) -> None:
        if self._trader is not None:
            await self._trader.close()

    async def _confirm(self) -> None:
        """Says that it is connected, in the connection's loop.

        The connection may be lost already while that of the stop is made; and
        a loss after this is told behind it.

        Raises:
            errors.BrokerUnknownError: It is lost.
        """
        if self._trader is None or not self._trader.ready:
            raise errors.BrokerUnknownError(
                f'{self.name}: the connection was lost at once'
            )
        self._in_engine(self.monitor.connected)

    def _sender(self) -> brackets.BracketTrader:
        if self._thread is None or self._trader is None:
            raise errors.BrokerRejectedError(
                f'{self.name} is not connected; nothing was sent'
            )
        return self._trader

    def _asker(self) -> traders.Trader:
        if self._thread is None or self._trader is None:
            raise errors.BrokerUnknownError(f'{self.name} is not connected')
        return self._trader

    def _working(self) -> list[records.Record]:
        trader = self._trader
        return [] if trader is None else trader.book.working()

    async def _call(self, work: Coroutine[Any, Any, T]) -> T:
        """Has something done in the connection's thread."""
        if self._thread is None:
            work.close()
            raise errors.BrokerUnknownError(f'{self.name} is not connected')
        try:
            return await asyncio.wrap_future(self._thread.send(work))
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            raise errors.BrokerUnknownError(
                f'{self.name}: the connection was closed'
            ) from None

    def _hear_loss(self, reason: str) -> None:
        self._in_engine(lambda: self.monitor.lost(reason))

    def _hear_wrong(self, topic: str, reason: str) -> None:
        self._in_engine(lambda: self.monitor.complain(topic, reason))

    def _in_engine(self, work: Callable[[], None]) -> None:
        engine = self._engine
        if engine is not None and not engine.is_closed():
            engine.call_soon_threadsafe(work)

    def _place(self, client_id: int) -> sessions.Place:
        gateway = self._gateway
        return sessions.Place(
            name=self.name,
            host=gateway.host,
            port=gateway.port,
            client_id=client_id,
            timeout_s=gateway.answer_s,
        )


def _figure(said: str) -> float:
    """Reads a figure of an account.

    Raises:
        ValueError: It is none.
    """
    try:
        value = float(said)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f'{words.plain(said)!r} for a figure')
    return value
