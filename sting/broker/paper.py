"""A broker that is played in this process, by the simulated market."""

import collections
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Mapping
import threading
from typing import ClassVar

import msgspec

from sting.broker import interface
from sting.engine import clock
from sting.model import errors
from sting.model import lifecycle
from sting.model import market
from sting.model import orders
from sting.model import portfolio as portfolio_lib
from sting.net import monitor as monitors
from sting.simulator import ticks

_S = orders.OrderStatus


# Done orders and fills that are remembered, to answer what is asked of them.
REMEMBERED = 1024


class PaperBroker(interface.Played):
    """Fills orders by the simulator's rules, with an account of its own.

    It keeps nothing on disk: what it has to know after a restart is in the
    engine's log, and `restore` hands it back.

    One lock stands around the market and the account, so that the emergency
    stop may come from any thread. Reports leave under it, in their order.
    """

    name: ClassVar[str] = 'paper'
    dedupes: ClassVar[bool] = True

    def __init__(
        self,
        simulator: ticks.TickMarket,
        time_source: clock.Clock,
        *,
        cash: float,
        account: str = 'paper',
        currency: str = 'USD',
    ) -> None:
        """Opens an account.

        Args:
            simulator: The market, without orders.
            time_source: The engine's clock.
            cash: What the account starts with.
            account: Its name.
            currency: The currency of its cash.
        """
        self._simulator = simulator
        self._clock = time_source
        self.account = account
        self._currency = currency
        self.monitor = monitors.ConnectionMonitor(self.name, time_source)
        self._lock = threading.Lock()
        self._sink: interface.Sink | None = None
        self._halted: interface.Halted | None = None
        self._orders: dict[str, orders.Order] = {}
        self._done: collections.deque[str] = collections.deque()
        self._fills: collections.deque[orders.Fill] = collections.deque(
            maxlen=REMEMBERED
        )
        self._portfolio = portfolio_lib.Portfolio(cash)
        self._prices: dict[str, float] = {}

    def restore(
        self,
        known: Iterable[orders.Order],
        portfolio: portfolio_lib.Portfolio,
        fills: Iterable[orders.Fill] = (),
        prices: Mapping[str, float] | None = None,
    ) -> None:
        """Takes back what the log has; to be called before `connect`.

        Only orders that this broker accepted count. One that was sent and
        never answered is not known here, so asking for it says so and it can
        be sent again.

        Args:
            known: Orders of the log, working or done, in order of creation.
            portfolio: Cash and positions of the log; they are copied.
            fills: Fills of the log, oldest first, for `get_fills`.
            prices: Last close by symbol.
        """
        with self._lock:
            accepted = [order for order in known if order.broker_id]
            self._prices.update(prices or {})
            self._simulator.restore(
                (order for order in accepted if order.is_working), prices
            )
            self._orders = {order.id: order for order in accepted}
            for order in self._simulator.working():
                self._orders[order.id] = order
            self._fills.extend(fills)
            self._portfolio = portfolio.copy()

    def know(self, holding: interface.Holding) -> None:
        """Learns what attached exits can be for; see the interface."""
        self._simulator.know(holding)

    async def connect(
        self, sink: interface.Sink, halted: interface.Halted
    ) -> None:
        """Reports to this sink from here on; see the interface."""
        with self._lock:
            self._sink = sink
            self._halted = halted
        self.monitor.connected()

    async def disconnect(self) -> None:
        """Reports no more; orders stay as they are."""
        with self._lock:
            self._sink = None
        self.monitor.closed()

    async def get_time(self) -> int:
        """Gives the engine's own time; see the interface."""
        return self._clock.now()

    async def place_order(
        self, order: orders.Order, *, refusal: str = ''
    ) -> interface.OrderResponse:
        """Sends an order to the simulated market; see the interface.

        Args:
            order: The order.
            refusal: Why a drill has it rejected; empty for the market's own
                judgement.

        Returns:
            The answer.
        """
        with self._lock:
            self._check_connected()
            if order.id not in self._orders:
                if self._halted is not None and self._halted(order):
                    raise errors.BrokerWithheldError(
                        'withheld by the emergency stop'
                    )
                self._orders[order.id] = msgspec.structs.replace(
                    order, status=_S.SUBMITTED
                )
                self._report(
                    [_rejection(order, refusal)]
                    if refusal
                    else self._simulator.submit(order, self._clock.now())
                )
            known = self._orders[order.id]
        accepted = known.status is not _S.REJECTED
        return interface.OrderResponse(
            order_id=order.id,
            accepted=accepted,
            broker_id=known.broker_id,
            message='' if accepted else known.message,
        )

    async def replace_order(
        self,
        order_id: str,
        *,
        quantity: float | None = None,
        price: float | None = None,
        stop_price: float | None = None,
    ) -> interface.OrderResponse:
        """Changes a working order; see the interface."""
        with self._lock:
            self._check_connected()
            try:
                reports = self._simulator.replace(
                    order_id, self._clock.now(), quantity, price, stop_price
                )
            except errors.BrokerRejectedError as error:
                return interface.OrderResponse(
                    order_id=order_id, accepted=False, message=str(error)
                )
            self._report(reports)
            known = self._orders[order_id]
        return interface.OrderResponse(
            order_id=order_id,
            accepted=known.is_working,
            broker_id=known.broker_id,
            message='' if known.is_working else f'the order is {known.status}',
        )

    async def cancel_order(self, order_id: str) -> interface.CancelResponse:
        """Takes an order out; see the interface."""
        with self._lock:
            self._check_connected()
            try:
                reports = self._simulator.cancel(order_id, self._clock.now())
            except errors.BrokerRejectedError as error:
                return interface.CancelResponse(
                    order_id=order_id, accepted=False, message=str(error)
                )
            self._report(reports)
            return self._cancel_response(order_id)

    async def cancel_all(
        self, symbol: str | None = None
    ) -> list[interface.CancelResponse]:
        """Takes all orders out, or those of one symbol."""
        with self._lock:
            self._check_connected()
            reports = self._simulator.cancel_all(self._clock.now(), symbol)
            self._report(reports)
            return [self._cancel_response(one.order_id) for one in reports]

    def emergency_cancel_all(
        self, keep: Collection[str] = ()
    ) -> interface.EmergencyReport:
        """Takes all orders out but these, now, from whatever thread."""
        with self._lock:
            reports = self._simulator.cancel_all(
                self._clock.now(), message='emergency stop', keep=keep
            )
            self._report(reports)
        return interface.EmergencyReport(
            cancelled=tuple(one.order_id for one in reports)
        )

    def working_ids(self) -> tuple[str, ...]:
        """Gives the ids of the working orders; from any thread."""
        with self._lock:
            return tuple(order.id for order in self._simulator.working())

    async def get_orders(self) -> list[orders.Order]:
        """Gives the working orders, in order of arrival."""
        with self._lock:
            return self._simulator.working()

    async def get_order_by_client_id(
        self, order_id: str
    ) -> orders.Order | None:
        """Looks up an order, working or done."""
        with self._lock:
            return self._orders.get(order_id)

    async def get_fills(self, since: int = 0) -> list[orders.Fill]:
        """Gives fills from a moment on, oldest first."""
        with self._lock:
            return [fill for fill in self._fills if fill.timestamp >= since]

    async def get_positions(self) -> list[portfolio_lib.Position]:
        """Gives the open positions, by symbol."""
        with self._lock:
            held = sorted(self._portfolio.held)
            return [self._portfolio.positions[symbol] for symbol in held]

    async def get_account_info(self) -> interface.AccountInfo:
        """Gives the account, at the last prices that were matched.

        Buying power is equity less all holdings, short ones too, at their
        absolute value: nothing is lent.
        """
        with self._lock:
            book = self._portfolio
            equity = book.value(self._prices)
            gross = 0.0
            for symbol in sorted(book.held):
                position = book.positions[symbol]
                price = self._prices.get(symbol, position.average_price)
                gross += abs(position.quantity) * price
            return interface.AccountInfo(
                account=self.account,
                currency=self._currency,
                cash=book.cash,
                equity=equity,
                buying_power=max(0.0, equity - gross),
                simulated=True,
            )

    def match(
        self, data: market.MarketData | market.Quote | market.Trade
    ) -> list[interface.Report]:
        """Holds working orders against the market; see the interface."""
        with self._lock:
            if isinstance(data, market.MarketData):
                self._prices[data.symbol] = data.close
                reports = self._simulator.on_bar(data)
            elif isinstance(data, market.Quote):
                self._prices[data.symbol] = data.middle
                reports = self._simulator.on_quote(data)
            else:
                self._prices[data.symbol] = data.price
                reports = self._simulator.on_trade(data)
            for report in reports:
                self._book(report)
            return reports

    def _check_connected(self) -> None:
        if self._sink is None:
            raise errors.BrokerRejectedError(
                f'broker {self.name} is not connected; nothing was sent'
            )

    def _report(self, reports: list[interface.Report]) -> None:
        """Books reports and hands them to the sink, where there is one."""
        for report in reports:
            self._book(report)
        if self._sink is not None:
            for report in reports:
                self._sink(report)

    def _book(self, report: interface.Report) -> None:
        """Brings the order and the account to where a report says."""
        order = self._orders[report.order_id]
        if isinstance(report, orders.Fill):
            order = lifecycle.apply_fill(order, report, report.timestamp)
            self._fills.append(report)
            self._portfolio.apply(report)
        else:
            order = lifecycle.apply_update(order, report, self._clock.now())
        self._orders[order.id] = order
        if not order.is_working:
            self._done.append(order.id)
            if len(self._done) > REMEMBERED:
                self._orders.pop(self._done.popleft(), None)

    def _cancel_response(self, order_id: str) -> interface.CancelResponse:
        status = self._orders[order_id].status
        if status is _S.CANCELLED:
            return interface.CancelResponse(order_id=order_id, accepted=True)
        return interface.CancelResponse(
            order_id=order_id,
            accepted=False,
            message=f'the order is {status}',
        )


def _rejection(order: orders.Order, words: str) -> orders.OrderUpdate:
    return orders.OrderUpdate(
        order_id=order.id, status=_S.REJECTED, message=words
    )
