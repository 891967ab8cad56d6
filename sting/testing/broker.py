"""A broker outside the engine that does what a script says, faults and all."""

import asyncio
from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Sequence
from typing import Any
from typing import ClassVar
from typing import TypeVar

import msgspec

from sting.broker import interface
from sting.engine import clock as clocks
from sting.model import errors
from sting.model import lifecycle
from sting.model import market
from sting.model import orders
from sting.model import portfolio as portfolio_lib
from sting.net import monitor as monitors
from sting.simulator import market as simulated

_Answer = TypeVar('_Answer')

_S = orders.OrderStatus

# Nanoseconds between two reports on one order.
_APART = 1_000

# Calls something after so many seconds, whatever becomes of the caller.
Later = Callable[..., None]

# Told why a connection was lost.
Lost = Callable[[str], None]


class Fate(msgspec.Struct, frozen=True):
    """What becomes of one request.

    Attributes:
        out_s: Seconds until it arrives.
        back_s: Seconds until the answer is here.
        arrives: Whether the broker ever sees it.
        error: Raised instead of the answer.
    """

    out_s: float = 0.0
    back_s: float = 0.0
    arrives: bool = True
    error: errors.BrokerError | None = None


class Script:
    """What goes wrong: in this one nothing."""

    def fate(self, request: str) -> Fate:
        """Says what becomes of a request.

        Args:
            request: place, replace, cancel, connect or ask.
        """
        del request
        return Fate()

    def refusal(self, order: orders.Order) -> str:
        """Says why an order is rejected; empty when it is taken."""
        del order
        return ''

    def deliveries(self, report: interface.Report) -> Sequence[float]:
        """Says after how many seconds a report comes, each time it comes."""
        del report
        return (0.0,)


class Venue:
    """The broker's own side: its orders and the account, whoever connects.

    Attributes:
        orders: By client order id.
        placed: How often each id was placed.
        attached: How many exits came with their entries.
        asleep: Exits that wait for fills of their entry; whether for all.
        fills: Oldest first.
        portfolio: The account.
        link: Number of the connection; a new one after each loss.
        connected: Whether there is a way to it.
    """

    def __init__(
        self,
        simulator: simulated.MarketSimulator,
        script: Script,
        *,
        later: Later,
        now: Callable[[], int],
        cash: float,
        dedupes: bool = True,
        groups: bool = True,
    ) -> None:
        """Opens an account.

        Args:
            simulator: The market, without orders.
            script: What goes wrong.
            later: Calls something after so many seconds.
            now: The broker's own clock, nanoseconds, UTC.
            cash: What the account starts with.
            dedupes: Whether it refuses an id that it has seen.
            groups: Whether it knows that of some orders one cancels the
                others.
        """
        self._groups = groups
        self.script = script
        self.later = later
        self.dedupes = dedupes
        self.orders: dict[str, orders.Order] = {}
        self.placed: dict[str, int] = {}
        self.attached = 0
        self.asleep: dict[str, bool] = {}
        self.fills: list[orders.Fill] = []
        self.portfolio = portfolio_lib.Portfolio(cash)
        self.prices: dict[str, float] = {}
        self.link = 0
        self.connected = True
        self._simulator = simulator
        self._now = now
        self._sink: interface.Sink | None = None
        self._lost: Lost | None = None
        self._session = 0
        self._held: list[interface.Report] = []
        self._told: dict[str, int] = {}

    @property
    def time(self) -> int:
        """Its own clock, nanoseconds since the epoch, UTC."""
        return self._now()

    def attach(self, sink: interface.Sink, lost: Lost | None = None) -> None:
        """Reports to this sink from here on; what was under way is lost.

        Args:
            sink: Takes each report.
            lost: Told when the connection is lost.
        """
        self._session += 1
        self._sink = sink
        self._lost = lost
        self._held = []

    def detach(self) -> None:
        """Reports to nobody; what is under way is lost."""
        self._session += 1
        self._sink = None
        self._lost = None
        self._held = []

    def drop(self, *, noticed: bool = True) -> None:
        """Loses the connection; reports wait for the next one.

        Args:
            noticed: Whether the other end is told; if not, it has to ask.
        """
        self.connected = False
        self.link += 1
        if noticed and self._lost is not None:
            self._lost('the connection was lost')

    def restore(self) -> None:
        """Has a connection again, and sends what waited for it."""
        self.connected = True
        held, self._held = self._held, []
        for report in held:
            self._deliver(self._session, report)

    def place(self, order: orders.Order) -> interface.OrderResponse:
        """Takes an order."""
        times = self.placed[order.id] = self.placed.get(order.id, 0) + 1
        known = self.orders.get(order.id)
        if known is not None and not self.dedupes:
            known = None
            order = msgspec.structs.replace(order, id=f'{order.id}~{times}')
        if known is None:
            # Its own clock counts, not that of the sender.
            fresh = msgspec.structs.replace(
                order,
                created=self._now(),
                updated=self._now(),
                status=_S.SUBMITTED,
                resting=_S.SUBMITTED,
                filled=0.0,
            )
            if not self._groups:
                fresh = msgspec.structs.replace(fresh, oco='')
            self.orders[order.id] = fresh
            refusal = self.script.refusal(order)
            if refusal:
                self._emit(
                    [
                        orders.OrderUpdate(
                            order_id=order.id,
                            status=_S.REJECTED,
                            message=refusal,
                        )
                    ]
                )
            else:
                self._emit(self._simulator.submit(fresh, self._now()))
            known = self.orders[order.id]
        accepted = known.status is not _S.REJECTED
        return interface.OrderResponse(
            order_id=order.id,
            accepted=accepted,
            broker_id=known.broker_id,
            message='' if accepted else known.message,
        )

    def place_attached(
        self, group: Sequence[orders.Order], *, whole: bool
    ) -> list[interface.OrderResponse]:
        """Takes an entry, and exits that wait here for its fills.

        Args:
            group: The entry, and then its exits.
            whole: They wait until it is filled wholly, and end with it; else
                each part of it wakes as much of them.
        """
        entry, *attached = group
        self.attached += len(attached)
        answer = self.place(entry)
        status = _S.ACCEPTED if answer.accepted else _S.REJECTED
        # What wakes them never takes more than is held.
        self._simulator.know(
            lambda _, symbol: (self.portfolio.quantity(symbol), 0.0)
        )
        for order in attached:
            self.placed[order.id] = self.placed.get(order.id, 0) + 1
            self.orders[order.id] = msgspec.structs.replace(
                order,
                created=self._now(),
                updated=self._now(),
                status=_S.SUBMITTED,
                resting=_S.SUBMITTED,
                parent=entry.id,
            )
            if answer.accepted:
                self.asleep[order.id] = whole
            self._emit(
                [
                    orders.OrderUpdate(
                        order_id=order.id,
                        status=status,
                        broker_id=f'held-{order.id}',
                        message=answer.message,
                    )
                ]
            )
        return [
            msgspec.structs.replace(answer, order_id=order.id)
            for order in group
        ]

    def cancel(self, order_id: str) -> interface.CancelResponse:
        """Takes an order out."""
        if order_id in self.asleep:
            self._end_asleep(order_id)
            return interface.CancelResponse(order_id=order_id, accepted=True)
        try:
            self._emit(self._simulator.cancel(order_id, self._now()))
        except errors.BrokerRejectedError as error:
            return interface.CancelResponse(
                order_id=order_id, accepted=False, message=str(error)
            )
        return interface.CancelResponse(order_id=order_id, accepted=True)

    def cancel_all(
        self, symbol: str | None = None, keep: Collection[str] = ()
    ) -> list[interface.CancelResponse]:
        """Takes all orders out but these, or those of one symbol."""
        asleep = [
            order_id
            for order_id in self.asleep
            if symbol in (None, self.orders[order_id].symbol)
            and order_id not in keep
        ]
        reports = self._simulator.cancel_all(self._now(), symbol, keep=keep)
        self._emit(reports)
        for order_id in asleep:
            self._end_asleep(order_id)
        return [
            interface.CancelResponse(order_id=order_id, accepted=True)
            for order_id in (*(one.order_id for one in reports), *asleep)
        ]

    def replace(
        self,
        order_id: str,
        quantity: float | None,
        price: float | None,
        stop_price: float | None,
    ) -> interface.OrderResponse:
        """Changes a working order."""
        if order_id in self.asleep:
            self._emit(
                [
                    orders.OrderUpdate(
                        order_id=order_id,
                        status=_S.ACCEPTED,
                        quantity=quantity,
                        price=price,
                        stop_price=stop_price,
                    )
                ]
            )
            return interface.OrderResponse(order_id=order_id, accepted=True)
        try:
            reports = self._simulator.replace(
                order_id, self._now(), quantity, price, stop_price
            )
        except errors.BrokerRejectedError as error:
            return interface.OrderResponse(
                order_id=order_id, accepted=False, message=str(error)
            )
        self._emit(reports)
        return interface.OrderResponse(order_id=order_id, accepted=True)

    def working(self) -> list[orders.Order]:
        """Gives the working orders, in order of arrival."""
        return [order for order in self.orders.values() if order.is_working]

    def trade(self, bar: market.MarketData) -> None:
        """Lets the market trade through a bar."""
        self.prices[bar.symbol] = bar.close
        self._emit(self._simulator.on_bar(bar))

    def repeat(self) -> None:
        """Tells of the last fill once more."""
        self._send(self.fills[-1])

    def fill_unasked(self, fill: orders.Fill) -> None:
        """Books a fill that sting did not ask for: somebody else traded."""
        self.fills.append(fill)
        self.portfolio.apply(fill)
        self._send(fill)

    def _emit(self, reports: Sequence[interface.Report]) -> None:
        for report in reports:
            order = self.orders[report.order_id]
            if isinstance(report, orders.Fill):
                order = lifecycle.apply_fill(order, report, self._now())
                self.fills.append(report)
                self.portfolio.apply(report)
            else:
                order = lifecycle.apply_update(order, report, self._now())
            self.orders[order.id] = order
            self._send(report)
            if self.asleep:
                self._tend_asleep(order)

    def _tend_asleep(self, entry: orders.Order) -> None:
        """Wakes the exits of an order, or ends them with it."""
        for order_id, whole in list(self.asleep.items()):
            order = self.orders[order_id]
            if order.parent != entry.id or order_id not in self.asleep:
                continue
            filled = entry.status is _S.FILLED
            if filled or (entry.filled and not whole):
                del self.asleep[order_id]
                self._emit(self._simulator.submit(order, self._now()))
            elif not entry.is_working:
                self._end_asleep(order_id)

    def _end_asleep(self, order_id: str) -> None:
        if self.asleep.pop(order_id, None) is not None:
            self._emit(
                [orders.OrderUpdate(order_id=order_id, status=_S.CANCELLED)]
            )

    def _send(self, report: interface.Report) -> None:
        """Sends a report, never before an older update of its order.

        Fills may be late, so that later updates come before them.
        """
        now = self._now()
        before = self._told.get(report.order_id, 0)
        for delay in self.script.deliveries(report):
            due = max(now + round(delay * market.NANOSECONDS), before + _APART)
            if isinstance(report, orders.OrderUpdate):
                before = self._told[report.order_id] = due
            wait = (due - now) / market.NANOSECONDS
            self.later(wait, self._deliver, self._session, report)

    def _deliver(self, session: int, report: interface.Report) -> None:
        if session != self._session or self._sink is None:
            return
        if not self.connected:
            self._held.append(report)
            return
        self._sink(report)


class ScriptedBroker(interface.BrokerInterface):
    """The way of one engine to a venue; the venue outlives it."""

    name: ClassVar[str] = 'scripted'
    dedupes: ClassVar[bool] = True

    def __init__(self, venue: Venue, time_source: clocks.Clock) -> None:
        """Sets up the way.

        Args:
            venue: Where it leads.
            time_source: The engine's clock.
        """
        self.monitor = monitors.ConnectionMonitor(self.name, time_source)
        self._venue = venue
        self._halted: interface.Halted | None = None
        self._open = False

    async def connect(
        self, sink: interface.Sink, halted: interface.Halted
    ) -> None:
        """Reports to this sink from here on; see the interface."""
        await self._request(
            'connect', lambda: self._venue.attach(sink, self.monitor.lost)
        )
        self._halted = halted
        self._open = True
        self.monitor.connected()

    async def disconnect(self) -> None:
        """Ends the connection; orders go on working at the venue."""
        self._venue.detach()
        self._open = False
        self.monitor.closed()

    async def get_time(self) -> int:
        """Asks the venue's clock."""
        return await self._request('ask', lambda: self._venue.time)

    async def place_order(self, order: orders.Order) -> interface.OrderResponse:
        """Sends an order; see the interface."""
        self._check_connected()
        if self._halted is not None and self._halted(order):
            raise errors.BrokerWithheldError('withheld by the emergency stop')
        self.sent(order)
        return await self._request('place', lambda: self._venue.place(order))

    def sent(self, order: orders.Order) -> None:
        """Called in the very moment when an order leaves."""

    async def replace_order(
        self,
        order_id: str,
        *,
        quantity: float | None = None,
        price: float | None = None,
        stop_price: float | None = None,
    ) -> interface.OrderResponse:
        """Changes a working order; see the interface."""
        self._check_connected()
        return await self._request(
            'replace',
            lambda: self._venue.replace(order_id, quantity, price, stop_price),
        )

    async def cancel_order(self, order_id: str) -> interface.CancelResponse:
        """Takes an order out; see the interface."""
        self._check_connected()
        return await self._request(
            'cancel', lambda: self._venue.cancel(order_id)
        )

    async def cancel_all(
        self, symbol: str | None = None
    ) -> list[interface.CancelResponse]:
        """Takes all orders out, or those of one symbol."""
        self._check_connected()
        return await self._request(
            'cancel', lambda: self._venue.cancel_all(symbol)
        )

    def emergency_cancel_all(
        self, keep: Collection[str] = ()
    ) -> interface.EmergencyReport:
        """Takes all orders out, now, where there is a way to the venue."""
        if not self._venue.connected:
            return interface.EmergencyReport(
                unknown=tuple(
                    one.id
                    for one in self._venue.working()
                    if one.id not in keep
                )
            )
        taken = self._venue.cancel_all(keep=keep)
        return interface.EmergencyReport(
            cancelled=tuple(one.order_id for one in taken)
        )

    async def get_orders(self) -> list[orders.Order]:
        """Gives the working orders, in order of arrival."""
        return await self._request('ask', self._venue.working)

    async def get_order_by_client_id(
        self, order_id: str
    ) -> orders.Order | None:
        """Looks up an order, working or done."""
        return await self._request(
            'ask', lambda: self._venue.orders.get(order_id)
        )

    async def get_fills(self, since: int = 0) -> list[orders.Fill]:
        """Gives fills from a moment on, oldest first."""
        return await self._request(
            'ask',
            lambda: [f for f in self._venue.fills if f.timestamp >= since],
        )

    async def get_positions(self) -> list[portfolio_lib.Position]:
        """Gives the open positions, by symbol."""
        book = self._venue.portfolio
        return await self._request(
            'ask', lambda: [book.positions[name] for name in sorted(book.held)]
        )

    async def get_account_info(self) -> interface.AccountInfo:
        """Gives the account, at the last closes."""
        return await self._request('ask', self._account)

    def _account(self) -> interface.AccountInfo:
        book, prices = self._venue.portfolio, self._venue.prices
        equity = book.value(prices)
        return interface.AccountInfo(
            account=self.name,
            currency='USD',
            cash=book.cash,
            equity=equity,
            buying_power=equity,
            simulated=True,
        )

    def _check_connected(self) -> None:
        if not (self._open and self._venue.connected):
            raise errors.BrokerRejectedError(
                f'broker {self.name} is not connected; nothing was sent'
            )

    async def _request(self, name: str, ask: Callable[[], _Answer]) -> _Answer:
        """Sends a request to the venue and waits for what becomes of it.

        Raises:
            errors.BrokerUnknownError: The connection was lost meanwhile.
            errors.BrokerError: What the script says.
        """
        venue = self._venue
        fate = venue.script.fate(name)
        link = venue.link
        answer: asyncio.Future[_Answer] = (
            asyncio.get_running_loop().create_future()
        )

        def arrive() -> None:
            lost = not venue.connected or venue.link != link
            got = None if lost or not fate.arrives else ask()
            venue.later(fate.back_s, settle, lost, got)

        def settle(lost: bool, got: Any) -> None:
            if answer.done():
                return
            if lost or not venue.connected or venue.link != link:
                answer.set_exception(
                    errors.BrokerUnknownError('the connection was lost')
                )
            elif fate.error is not None:
                answer.set_exception(fate.error)
            else:
                answer.set_result(got)

        venue.later(fate.out_s, arrive)
        return await answer


class ForgetfulBroker(ScriptedBroker):
    """The same, and an id that comes twice makes two orders."""

    dedupes: ClassVar[bool] = False
