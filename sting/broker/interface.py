"""What every broker can do, and what it promises."""

import abc
from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any
from typing import ClassVar

import msgspec

from sting.engine import natives
from sting.model import market
from sting.model import orders
from sting.model import portfolio
from sting.model import records
from sting.net import monitor as monitors

# What is told: a cash flow is what a fill cost that comes later than the fill.
Report = orders.Fill | orders.OrderUpdate
Told = Report | records.CashFlow
Sink = Callable[[Told], None]
Halted = Callable[[orders.Order], bool]
# By a strategy, '' for the operator, and a symbol: units that the owner holds,
# and of a strategy what was traded by hand.
Holding = Callable[[str, str], tuple[float, float]]


class OrderResponse(msgspec.Struct, frozen=True, kw_only=True):
    """What a broker answers to an order or to a change of one.

    Attributes:
        order_id: The order, by the id that we gave it.
        accepted: Whether it works, or works with the new terms.
        broker_id: The broker's own id, once it has given one.
        message: Why not, for a person.
    """

    order_id: str
    accepted: bool
    broker_id: str = ''
    message: str = ''


class CancelResponse(msgspec.Struct, frozen=True, kw_only=True):
    """What a broker answers to a cancel.

    Attributes:
        order_id: The order, by the id that we gave it.
        accepted: Whether the broker takes it out; when it has done so is told
            by a report. False also when there was nothing to take out.
        message: Why not, for a person.
    """

    order_id: str
    accepted: bool
    message: str = ''


class AccountInfo(msgspec.Struct, frozen=True, kw_only=True):
    """An account at a broker.

    Attributes:
        account: Its name or number.
        currency: The currency of the figures.
        cash: Cash, negative when borrowed.
        equity: Cash and holdings.
        buying_power: What can be bought with it.
        simulated: Whether its money is play money; None where the broker does
            not say.
        blocked: Why it may not trade now, for a person; empty where it may.
        shorting: Whether it may sell short; None where the broker does not
            say.
    """

    account: str
    currency: str
    cash: float
    equity: float
    buying_power: float
    simulated: bool | None = None
    blocked: str = ''
    shorting: bool | None = None


class EmergencyReport(msgspec.Struct, frozen=True, kw_only=True):
    """What an emergency cancel did.

    Attributes:
        cancelled: Orders that are known to work no more.
        unknown: Orders of which that is not known.
        first_s: Seconds from the call until the first cancel had left; None
            where none did, or the broker does not say.
        note: What else the cancels did, for a person.
    """

    cancelled: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    first_s: float | None = None
    note: str = ''


class Emergency(msgspec.Struct, frozen=True, kw_only=True):
    """How all orders are taken out from another process.

    Attributes:
        reference: package.module:function; called with the options it gives a
            `sting.risk.guardian.Way`. What it imports should be small.
        options: What JSON can carry; keys of the account may be among them,
            and reach the other process through a pipe.
    """

    reference: str
    options: Mapping[str, Any]

    def __repr__(self) -> str:
        """Says what makes the way, and no key."""
        return f'Emergency({self.reference!r})'

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """Says the same where rich prints it."""
        return [('reference', self.reference)]


class BrokerInterface(abc.ABC):
    """A broker.

    Reports are the truth about orders: each acceptance, rejection, fill,
    change and end goes to the sink that `connect` was given, in the order in
    which it happened to its order. The sink may be called from any thread; it
    must neither wait nor call the broker. A fill that it tells twice, as after
    a new connection, has the same execution id both times.

    A broker does not connect again by itself. That a connection was lost, or
    works badly, it tells its monitor; `connect` may then be called again.
    What happened meanwhile is not reported: it is there to be asked for.

    An order's id is the client order id. A broker that is sent one id twice
    has one order, and answers the second time as it did the first.

    Attributes:
        name: Its name in the configuration and in the log.
        dedupes: Whether the broker itself refuses an id that it has seen. If
            not, the adapter has to ask before it sends again.
        groups: Whether orders of which one cancels the others (`Order.oco`) are
            to be given to `place_group` together.
        limits: How often it may be asked, and is, in words for `sting doctor`.
        native: Which entries `place_group` takes with their exits; None where
            these have to be sent by themselves.
        monitor: How the connection is.
        account: The account's name or number, once it has been asked for.
    """

    name: ClassVar[str]
    dedupes: ClassVar[bool]
    groups: ClassVar[bool] = False
    limits: ClassVar[str] = ''
    native: ClassVar[natives.Native | None] = None
    monitor: monitors.ConnectionMonitor
    account: str = ''

    @abc.abstractmethod
    async def connect(self, sink: Sink, halted: Halted) -> None:
        """Connects, and reports from here on.

        Args:
            sink: Takes each report.
            halted: Whether the emergency stop keeps an order back; it lets
                the flatten through that was typed after it. It is asked in
                the last step before an order leaves, under whatever keeps
                that step and `emergency_cancel_all` apart, so that no order
                can slip in behind the cancels.

        Raises:
            errors.BrokerError: There is no connection to be had.
        """

    @abc.abstractmethod
    async def disconnect(self) -> None:
        """Ends the connection; orders go on working at the broker."""

    @abc.abstractmethod
    async def place_order(self, order: orders.Order) -> OrderResponse:
        """Sends an order, whose intent is in the log by now.

        Args:
            order: The order.

        Returns:
            The broker's answer, the first one when the id was sent before.

        Raises:
            errors.BrokerWithheldError: The emergency stop holds; nothing was
                sent.
            errors.BrokerRejectedError: It is not connected; nothing was sent.
            errors.BrokerUnknownError: No answer; the order may work.
        """

    async def place_group(
        self, group: Sequence[orders.Order]
    ) -> list[OrderResponse]:
        """Sends orders that belong together, all or none of them.

        It is only called where `groups` or `native` is set.

        Args:
            group: Orders of which one cancels the others, all with the same
                `oco`, symbol and side; or an entry and then its exits, which
                are `held` and name it as their `parent`.

        Returns:
            The broker's answer for each.

        Raises:
            errors.BrokerWithheldError: The emergency stop holds; nothing was
                sent.
            errors.BrokerRejectedError: It is not connected; nothing was sent.
            errors.BrokerUnknownError: No answer; each of them may work.
        """
        raise NotImplementedError(f'{self.name} takes no groups: {group}')

    @abc.abstractmethod
    async def replace_order(
        self,
        order_id: str,
        *,
        quantity: float | None = None,
        price: float | None = None,
        stop_price: float | None = None,
    ) -> OrderResponse:
        """Changes a working order; None leaves a field as it is.

        Args:
            order_id: The order.
            quantity: Units wanted in all, with what is filled.
            price: The limit.
            stop_price: The trigger.

        Returns:
            The broker's answer.

        Raises:
            errors.BrokerRejectedError: It is not connected; nothing was sent.
            errors.BrokerUnknownError: No answer; it may have been changed.
        """

    @abc.abstractmethod
    async def cancel_order(self, order_id: str) -> CancelResponse:
        """Takes an order out.

        Args:
            order_id: The order.

        Returns:
            The broker's answer.

        Raises:
            errors.BrokerRejectedError: It is not connected; nothing was sent.
            errors.BrokerUnknownError: No answer; it may be cancelled.
        """

    @abc.abstractmethod
    async def cancel_all(
        self, symbol: str | None = None
    ) -> list[CancelResponse]:
        """Takes all orders out, or those of one symbol.

        Args:
            symbol: The instrument; None for all.

        Returns:
            An answer for each order that worked.

        Raises:
            errors.BrokerRejectedError: It is not connected; nothing was sent.
            errors.BrokerUnknownError: No answer; some may be cancelled.
        """

    @abc.abstractmethod
    def emergency_cancel_all(
        self, keep: Collection[str] = ()
    ) -> EmergencyReport:
        """Takes all orders out, now.

        It may be called from any thread at any time. It uses a connection of
        its own and never waits for the engine's loop. It does not keep later
        orders out: that is the engine's latch.

        Args:
            keep: Ids of orders that are to work on: what else works is then
                taken out one by one. The engine names none unless
                `stop.keep_protective` is set or the stop is repeated.

        Returns:
            What is known to work no more, and what is not known.
        """

    def emergency(self) -> Emergency | None:
        """Says how the guardian, a process of its own, can cancel everything.

        It does so when the engine's process cannot do anything. It is asked
        for once the account is known.

        Returns:
            None where only this process can.
        """
        return None

    @abc.abstractmethod
    async def get_orders(self) -> list[orders.Order]:
        """Gives the working orders, in order of arrival.

        Those placed elsewhere too, each with an id by which it is reported,
        changed, cancelled and asked for like one of ours.

        Raises:
            errors.BrokerUnknownError: No answer.
        """

    @abc.abstractmethod
    async def get_order_by_client_id(
        self, order_id: str
    ) -> orders.Order | None:
        """Looks up an order, working or done.

        Args:
            order_id: The order, by the id that we gave it.

        Returns:
            The order as the broker has it; None when it says that it has none.

        Raises:
            errors.BrokerUnknownError: No answer, which is not the same.
        """

    @abc.abstractmethod
    async def get_fills(self, since: int = 0) -> list[orders.Fill]:
        """Gives fills, oldest first.

        Args:
            since: The first moment, nanoseconds since the epoch, UTC.

        Raises:
            errors.BrokerUnknownError: No answer.
        """

    @abc.abstractmethod
    async def get_positions(self) -> list[portfolio.Position]:
        """Gives the open positions, by symbol.

        Raises:
            errors.BrokerUnknownError: No answer.
        """

    @abc.abstractmethod
    async def get_account_info(self) -> AccountInfo:
        """Gives the account.

        Raises:
            errors.BrokerUnknownError: No answer.
        """

    @abc.abstractmethod
    async def get_time(self) -> int:
        """Asks the smallest question there is: the heartbeat.

        Returns:
            The broker's clock, nanoseconds since the epoch, UTC.

        Raises:
            errors.BrokerUnknownError: No answer.
        """

    async def get_instruments(
        self, symbols: Sequence[str]
    ) -> list[market.Instrument]:
        """Gives what the broker knows of instruments.

        Args:
            symbols: The instruments.

        Returns:
            Those that it can trade; a broker that knows nothing of
            instruments gives them as they come.

        Raises:
            errors.BrokerUnknownError: No answer.
        """
        return [market.Instrument(symbol) for symbol in symbols]


class Played(BrokerInterface):
    """A broker that is played in the engine's own process.

    It has neither a clock nor a disk of its own: market data move it, and
    after a restart the engine's log hands back what it has to know.
    """

    @abc.abstractmethod
    def match(
        self, data: market.MarketData | market.Quote | market.Trade
    ) -> list[Report]:
        """Holds working orders against the market.

        The engine calls it in the step that takes the data, before strategies
        see them, and applies the reports in that step; they do not go to the
        sink.

        Args:
            data: A bar, a quote or a trade.

        Returns:
            What became of the orders.
        """

    @abc.abstractmethod
    def restore(
        self,
        known: Iterable[orders.Order],
        portfolio: portfolio.Portfolio,
        fills: Iterable[orders.Fill] = (),
        prices: Mapping[str, float] | None = None,
    ) -> None:
        """Takes back what the log has; to be called before `connect`.

        Args:
            known: Orders of the log, working or done, in order of creation.
            portfolio: Cash and positions of the log; they are copied.
            fills: Fills of the log, oldest first, for `get_fills`.
            prices: Last close by symbol.
        """

    @abc.abstractmethod
    def know(self, holding: Holding) -> None:
        """Learns what attached exits can be for.

        Args:
            holding: Asked before one fills.
        """
