"""A paper broker in trouble, to see beforehand what becomes of it."""

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import ClassVar
from typing import Literal

import numpy as np

from sting.broker import interface
from sting.broker import paper
from sting.engine import clock as clocks
from sting.model import errors
from sting.model import market
from sting.model import orders
from sting.model import portfolio as portfolio_lib
from sting.net import monitor as monitors

Loss = Literal['', 'request', 'answer']


class Trouble:
    """What goes wrong, as a drill has it; in this one nothing."""

    def delay_s(self) -> float:
        """Gives the seconds until the next request arrives."""
        return 0.0

    def refusal(self) -> str:
        """Says why the next order is rejected; empty when it is taken."""
        return ''

    def loss(self) -> Loss:
        """Says what of the next order is lost."""
        return ''

    def is_cut(self, elapsed_s: float) -> bool:
        """Whether the line is cut so many seconds after it was set up."""
        del elapsed_s
        return False


class Chance(Trouble):
    """Trouble that comes by chance, the same for the same seed."""

    def __init__(
        self,
        *,
        delay_s: float = 0.0,
        reject: float = 0.0,
        lose: float = 0.0,
        cut_every_s: float = 0.0,
        cut_for_s: float = 0.0,
        seed: int = 0,
    ) -> None:
        """Sets what may go wrong.

        Args:
            delay_s: Seconds that a request takes on its way.
            reject: Share of orders that are rejected.
            lose: Share of orders of which the request or the answer is lost.
            cut_every_s: So many seconds the line holds; 0 for always.
            cut_for_s: So many seconds it is cut then.
            seed: Of the chances.
        """
        self._delay_s = delay_s
        self._reject = reject
        self._lose = lose
        self._every_s = cut_every_s
        self._for_s = cut_for_s
        self._random = np.random.default_rng(seed)

    def delay_s(self) -> float:
        """Gives the seconds until the next request arrives."""
        return self._delay_s

    def refusal(self) -> str:
        """Says why the next order is rejected; empty when it is taken."""
        hit = self._reject and self._random.random() < self._reject
        return 'rejected by the drill' if hit else ''

    def loss(self) -> Loss:
        """Says what of the next order is lost."""
        if not self._lose or self._random.random() >= self._lose:
            return ''
        return 'request' if self._random.random() < 0.5 else 'answer'

    def is_cut(self, elapsed_s: float) -> bool:
        """Whether the line is cut so many seconds after it was set up."""
        if not self._every_s:
            return False
        return elapsed_s % (self._every_s + self._for_s) >= self._every_s


class DrilledBroker(interface.Played):
    """The way to a paper broker on which things go wrong.

    While the line is cut, orders go on working there and are filled: what
    happened has to be asked for afterwards, as at a real broker.
    """

    name: ClassVar[str] = paper.PaperBroker.name
    dedupes: ClassVar[bool] = paper.PaperBroker.dedupes

    def __init__(
        self,
        inner: paper.PaperBroker,
        trouble: Trouble,
        time_source: clocks.Clock,
    ) -> None:
        """Sets up the way.

        Args:
            inner: Where it leads.
            trouble: What goes wrong.
            time_source: The engine's clock.
        """
        self.monitor = monitors.ConnectionMonitor(self.name, time_source)
        self.account = inner.account
        self._inner = inner
        self._trouble = trouble
        self._clock = time_source
        self._since = time_source.monotonic()
        self._sink: interface.Sink | None = None

    def restore(
        self,
        known: Iterable[orders.Order],
        portfolio: portfolio_lib.Portfolio,
        fills: Iterable[orders.Fill] = (),
        prices: Mapping[str, float] | None = None,
    ) -> None:
        """Takes back what the log has; see the interface."""
        self._inner.restore(known, portfolio, fills, prices)

    def know(self, holding: interface.Holding) -> None:
        """Learns what attached exits can be for; see the interface."""
        self._inner.know(holding)

    async def connect(
        self, sink: interface.Sink, halted: interface.Halted
    ) -> None:
        """Reports to this sink from here on; see the interface."""
        if self._is_cut():
            raise errors.BrokerUnknownError(
                'paper: nobody answers; the drill of exchanges/paper.yaml has '
                'cut the line'
            )
        self._sink = sink
        await self._inner.connect(self._tell, halted)
        self.monitor.connected()

    async def disconnect(self) -> None:
        """Reports no more; orders stay as they are."""
        self._sink = None
        await self._inner.disconnect()
        self.monitor.closed()

    async def place_order(self, order: orders.Order) -> interface.OrderResponse:
        """Sends an order; see the interface."""
        await self._send()
        lost = self._trouble.loss()
        if lost == 'request':
            raise _lost(lost)
        words = self._trouble.refusal()
        answer = await self._inner.place_order(order, refusal=words)
        if lost:
            raise _lost(lost)
        return answer

    async def replace_order(
        self,
        order_id: str,
        *,
        quantity: float | None = None,
        price: float | None = None,
        stop_price: float | None = None,
    ) -> interface.OrderResponse:
        """Changes a working order; see the interface."""
        await self._send()
        return await self._inner.replace_order(
            order_id, quantity=quantity, price=price, stop_price=stop_price
        )

    async def cancel_order(self, order_id: str) -> interface.CancelResponse:
        """Takes an order out; see the interface."""
        await self._send()
        return await self._inner.cancel_order(order_id)

    async def cancel_all(
        self, symbol: str | None = None
    ) -> list[interface.CancelResponse]:
        """Takes all orders out, or those of one symbol."""
        await self._send()
        return await self._inner.cancel_all(symbol)

    def emergency_cancel_all(
        self, keep: Collection[str] = ()
    ) -> interface.EmergencyReport:
        """Takes all orders out, now, where the line is not cut."""
        if self._is_cut():
            return interface.EmergencyReport(
                unknown=tuple(
                    each
                    for each in self._inner.working_ids()
                    if each not in keep
                )
            )
        return self._inner.emergency_cancel_all(keep)

    async def get_orders(self) -> list[orders.Order]:
        """Gives the working orders, in order of arrival."""
        await self._ask()
        return await self._inner.get_orders()

    async def get_order_by_client_id(
        self, order_id: str
    ) -> orders.Order | None:
        """Looks up an order, working or done."""
        await self._ask()
        return await self._inner.get_order_by_client_id(order_id)

    async def get_fills(self, since: int = 0) -> list[orders.Fill]:
        """Gives fills from a moment on, oldest first."""
        await self._ask()
        return await self._inner.get_fills(since)

    async def get_positions(self) -> list[portfolio_lib.Position]:
        """Gives the open positions, by symbol."""
        await self._ask()
        return await self._inner.get_positions()

    async def get_account_info(self) -> interface.AccountInfo:
        """Gives the account."""
        await self._ask()
        return await self._inner.get_account_info()

    async def get_time(self) -> int:
        """Gives the engine's own time; see the interface."""
        await self._ask()
        return await self._inner.get_time()

    async def get_instruments(
        self, symbols: Sequence[str]
    ) -> list[market.Instrument]:
        """Gives instruments as they come; see the interface."""
        await self._ask()
        return await self._inner.get_instruments(symbols)

    def match(
        self, data: market.MarketData | market.Quote | market.Trade
    ) -> list[interface.Report]:
        """Holds working orders against the market; see the interface."""
        reports = self._inner.match(data)
        return [] if self._is_cut() or self._sink is None else reports

    def _tell(self, report: interface.Told) -> None:
        if self._sink is not None and not self._is_cut():
            self._sink(report)

    def _is_cut(self) -> bool:
        cut = self._trouble.is_cut(self._clock.monotonic() - self._since)
        if cut:
            # Reports are not taken up again without a new connection.
            self._sink = None
            if self.monitor.works:
                self.monitor.lost('the drill has cut the line')
        return cut

    async def _send(self) -> None:
        """Waits as long as a request takes.

        Raises:
            errors.BrokerRejectedError: There is no line; nothing was sent.
        """
        if self._is_cut() or self._sink is None:
            raise errors.BrokerRejectedError(
                f'broker {self.name} is not connected; nothing was sent'
            )
        await self._wait()
        if self._is_cut():
            raise errors.BrokerUnknownError(
                f'broker {self.name}: the line was cut before an answer came'
            )

    async def _ask(self) -> None:
        """Waits as long as a question takes.

        Raises:
            errors.BrokerUnknownError: There is no line.
        """
        await self._wait()
        if self._is_cut():
            raise errors.BrokerUnknownError(
                f'broker {self.name} is not connected; nobody answers'
            )

    async def _wait(self) -> None:
        wait = self._trouble.delay_s()
        if wait:
            await self._clock.sleep(wait)


def _lost(what: Loss) -> errors.BrokerUnknownError:
    return errors.BrokerUnknownError(
        f'paper: the {what} was lost, by the drill of exchanges/paper.yaml'
    )
