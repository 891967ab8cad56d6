"""Alpaca as a broker."""

import asyncio
from collections.abc import Collection
from collections.abc import Sequence
import contextlib
import functools
from typing import Any
from typing import ClassVar
from typing import Final

from sting.broker import interface
from sting.broker.alpaca import asking
from sting.broker.alpaca import book as books
from sting.broker.alpaca import brackets
from sting.broker.alpaca import comparing
from sting.broker.alpaca import listing
from sting.broker.alpaca import rest
from sting.broker.alpaca import stop as stops
from sting.broker.alpaca import translate
from sting.broker.alpaca import updates
from sting.engine import clock as clocks
from sting.engine import natives
from sting.model import errors
from sting.model import market
from sting.model import orders
from sting.model import portfolio
from sting.net import limits
from sting.net import monitor as monitors
from sting.net import wires

_UNIQUE: Final = 'must be unique'


class AlpacaBroker(interface.BrokerInterface):
    """The way to one account at Alpaca.

    Orders and questions go over REST, through the SDK, in threads of its own;
    what becomes of orders comes on the stream of trade updates.
    """

    name: ClassVar[str] = 'alpaca'
    dedupes: ClassVar[bool] = True
    groups: ClassVar[bool] = True
    # Exits have the time in force of their entry, and one that ends with the
    # day would leave a position bare.
    native: ClassVar[natives.Native] = natives.Native(
        times=frozenset({orders.TimeInForce.GTC}), whole=True
    )

    def __init__(
        self,
        access: rest.Access,
        stream_url: str,
        time_source: clocks.Clock,
        *,
        per_minute: float = 180.0,
        burst: int = 20,
        compare_s: float = 30.0,
        policy: wires.Policy | None = None,
    ) -> None:
        """Sets up the way; nothing is connected yet.

        Args:
            access: Where the service is, and who asks.
            stream_url: Where it streams trade updates.
            time_source: Waits, and tells the time.
            per_minute: Requests that it is asked at most.
            burst: Of these, how many may go at once.
            compare_s: Seconds without a word of the stream, while orders
                work, after which they are looked up.
            policy: How the stream is kept; None for the defaults.
        """
        self.monitor = monitors.ConnectionMonitor(self.name, time_source)
        self._access = access
        self._stream_url = stream_url
        self._clock = time_source
        self._limiter = limits.RateLimiter(
            max(per_minute - burst, 1.0) / 60, burst, burst // 4
        )
        self._policy = policy or wires.Policy()
        self._book = books.Book()
        self._comparison = comparing.Comparison(
            self._book, self.monitor, time_source, compare_s
        )
        self._gate = stops.Gate()
        self._halted: interface.Halted = _never
        self._stop = stops.Stop(access, self._gate, self._book, time_source)
        self._rest: rest.Rest | None = None
        self._stream: updates.Updates | None = None
        self._reading: asyncio.Task[None] | None = None

    async def connect(
        self, sink: interface.Sink, halted: interface.Halted
    ) -> None:
        """Connects, and reports from here on; see the interface."""
        await self._end()
        self._halted = halted
        way = self._rest = rest.Rest(
            self._access, self._clock, self._limiter, self._limited
        )
        try:
            await way.run(self._stop.prepare)
            self._stream = await updates.Updates.open(
                self._access, self._stream_url, self._policy, self._clock
            )
            ask = self._ask()
            for found, order_id in await ask.recent():
                self._book.learn(found, order_id, ends=True)
            for found, order_id in await ask.working():
                self._book.learn(found, order_id, ends=True)
        except errors.SourceRefusedError as error:
            await self._fail(str(error))
            raise errors.BrokerRejectedError(str(error)) from None
        except errors.SourceError as error:
            await self._fail(str(error))
            raise errors.BrokerUnknownError(str(error)) from None
        except errors.BrokerError as error:
            if isinstance(error, rest.LimitedError):
                way.limit(error)
            await self._fail(str(error))
            raise
        self._book.sink = sink
        self._comparison.begin()
        self._reading = asyncio.create_task(
            self._read(self._stream), name='alpaca-updates'
        )
        self.monitor.connected()

    async def disconnect(self) -> None:
        """Ends the connection; orders go on working at Alpaca."""
        await self._end()
        self._book.sink = None
        # A pull that is under way is waited for, and not by the loop.
        await asyncio.to_thread(self._stop.close)
        self.monitor.closed()

    async def place_order(self, order: orders.Order) -> interface.OrderResponse:
        """Sends an order; see the interface."""
        way = self._sending()
        self._book.expect(order)
        try:
            fault = translate.refusal(order)
            body = {} if fault else translate.request(order)
        except errors.OrderError as error:
            fault = str(error)
        if fault:
            return self._refuse(order, fault)
        around = functools.partial(self._gate.through, [order], self._asked)
        try:
            raw = await way.call('POST', '/orders', body, around=around)
        except rest.RefusalError as error:
            if _UNIQUE in error.said:
                return await self._known(order, str(error))
            return self._refuse(order, str(error))
        except (errors.BrokerWithheldError, errors.BrokerRejectedError):
            self._book.forget(order.id)
            raise
        return self._accept(translate.model(raw), order.id)

    async def place_group(
        self, group: Sequence[orders.Order]
    ) -> list[interface.OrderResponse]:
        """Sends a pair (oco), or an entry with exits, as one request."""
        way = self._sending()
        for order in group:
            self._book.expect(order, alone=False)
        try:
            if brackets.is_bracket(group):
                body = brackets.body(group)
            else:
                body = translate.pair_request(*translate.pair(group))
        except errors.OrderError as error:
            return [self._refuse(order, str(error)) for order in group]
        client_id = body['client_order_id']
        around = functools.partial(self._gate.through, group, self._asked)
        try:
            raw = await way.call('POST', '/orders', body, around=around)
            found = translate.model(raw)
            return self._accept_group(found, group)
        except rest.RefusalError as error:
            if _UNIQUE not in error.said:
                return [self._refuse(order, str(error)) for order in group]
            return await self._known_group(client_id, group, str(error))
        except (errors.BrokerWithheldError, errors.BrokerRejectedError):
            for order in group:
                self._book.forget(order.id)
            raise

    async def replace_order(
        self,
        order_id: str,
        *,
        quantity: float | None = None,
        price: float | None = None,
        stop_price: float | None = None,
    ) -> interface.OrderResponse:
        """Changes an order: another one takes its place under our id."""
        way = self._way()
        found = await self._ask().find(order_id)
        if found is None:
            return _refused(order_id, f'Alpaca has no order {order_id}')
        if found.status.value in translate.ENDED:
            return _refused(order_id, f'the order is {found.status.value}')
        if quantity == translate.number(found.qty):
            # Quantities of fractions cannot be changed, not even to the same.
            quantity = None
        body = translate.change(quantity, price, stop_price)
        try:
            raw = await self._patch(way, found, order_id, body)
        except rest.RefusalError as error:
            return _refused(order_id, str(error))
        made = translate.model(raw)
        if made.status.value == 'rejected':
            return _refused(order_id, 'the change was rejected')
        return self._accept(made, order_id)

    async def cancel_order(self, order_id: str) -> interface.CancelResponse:
        """Takes an order out; see the interface."""
        way = self._way()
        uuid = self._book.current(order_id)
        if not uuid:
            found = await self._ask(urgent=True).find(order_id)
            if found is None:
                return _uncancelled(order_id, f'Alpaca has no order {order_id}')
            uuid = str(found.id)
        try:
            await way.call('DELETE', f'/orders/{uuid}', urgent=True)
        except rest.RefusalError as error:
            return _uncancelled(order_id, str(error))
        return interface.CancelResponse(order_id=order_id, accepted=True)

    async def cancel_all(
        self, symbol: str | None = None
    ) -> list[interface.CancelResponse]:
        """Takes all orders out, or those of one symbol."""
        way = self._way()
        found = await self._ask(urgent=True).working()
        for each, order_id in found:
            self._book.learn(each, order_id)
        if symbol is not None:
            chosen = [name for each, name in found if each.symbol == symbol]
            # All of them are sent, whatever becomes of one.
            return await asyncio.gather(*map(self.cancel_order, chosen))
        if not found:
            return []
        try:
            rows = await way.call('DELETE', '/orders', urgent=True)
        except rest.RefusalError as error:
            return [_uncancelled(name, str(error)) for _, name in found]
        said = _statuses(listing.listed(rows, self.name))
        return [
            _answer(name, said.get(str(each.id), 200)) for each, name in found
        ]

    def emergency_cancel_all(
        self, keep: Collection[str] = ()
    ) -> interface.EmergencyReport:
        """Takes all orders out, now; see the interface."""
        return self._stop.pull(keep)

    def emergency(self) -> interface.Emergency | None:
        """Says how a guardian can cancel, on a connection of its own."""
        access = self._access
        return interface.Emergency(
            reference='sting.broker.emergency.alpaca:make',
            options={
                'url': access.url,
                'key': access.key,
                'secret': access.secret,
                'timeout_s': min(access.timeout_s, stops.ANSWER_S),
            },
        )

    async def get_orders(self) -> list[orders.Order]:
        """Gives the working orders, in order of arrival."""
        found = await self._ask().working()
        for each, order_id in found:
            self._book.learn(each, order_id)
        return [translate.order(each, order_id) for each, order_id in found]

    async def get_order_by_client_id(
        self, order_id: str
    ) -> orders.Order | None:
        """Looks up an order, working or done, by the id that it always had."""
        found = await self._ask().find(order_id)
        return None if found is None else translate.order(found, order_id)

    async def get_fills(self, since: int = 0) -> list[orders.Fill]:
        """Gives fills from a moment on, oldest first."""
        return await self._ask().fills(since)

    async def get_positions(self) -> list[portfolio.Position]:
        """Gives the open positions, by symbol."""
        return await self._ask().positions()

    async def get_account_info(self) -> interface.AccountInfo:
        """Gives the account."""
        return await self._ask().account()

    async def get_time(self) -> int:
        """Asks their clock, and looks whether the stream still speaks."""
        way, told = self._way(), await self._ask().time()
        if self._comparison.is_due and not way.resting_s:
            missed = await self._comparison.look(self._ask().working)
            if missed and self.monitor.works and self._stream is not None:
                self.monitor.silent(
                    f'{self.name}: the stream says nothing of '
                    f'{", ".join(missed[:3])}'
                )
                self._stream.abort()
        return told

    async def get_instruments(
        self, symbols: Sequence[str]
    ) -> list[market.Instrument]:
        """Gives those of the instruments that can be traded."""
        ask = self._ask()
        found = [await ask.instrument(symbol) for symbol in symbols]
        return [each for each in found if each is not None]

    async def _read(self, stream: updates.Updates) -> None:
        """Hands on what the stream says, until it ends."""
        wrong = functools.partial(self.monitor.complain, 'stream')
        try:
            await stream.read(self._take, wrong)
        except errors.SourceError as error:
            self.monitor.lost(str(error))
        # Supervision: a stream that nobody reads any more is a lost one.
        except Exception as error:  # noqa: BLE001
            stream.abort()
            self.monitor.lost(f'{self.name}: what came broke it: {error}')

    def _limited(self, seconds: float) -> None:
        """Says that requests wait; cancels do not."""
        self.monitor.complain(
            'limit',
            f'{self.name} was asked too often (HTTP 429): orders and questions '
            f'wait for {max(seconds, 1.0):.0f} s',
        )

    def _take(self, update: Any) -> None:
        self._comparison.hear()
        self._book.heard(update)
        symbol = update.order.symbol or ''
        self.monitor.heard(symbol, translate.moment(update.timestamp))

    async def _patch(
        self,
        way: rest.Rest,
        found: Any,
        order_id: str,
        body: dict[str, Any],
    ) -> Any:
        """Sends a change, under the next name that is free."""
        for client_id in translate.next_names(found.client_order_id, order_id):
            named = body | {'client_order_id': client_id}
            try:
                return await way.call('PATCH', f'/orders/{found.id}', named)
            except rest.RefusalError as error:
                # A change that was rejected has its name for ever.
                if _UNIQUE not in error.said:
                    raise
        raise errors.BrokerUnknownError(
            f'{self.name}: no name is free for a change of {order_id}'
        )

    async def _known(
        self, order: orders.Order, said: str
    ) -> interface.OrderResponse:
        """Answers for an id that Alpaca has already."""
        found = await self._ask().find(order.id)
        if found is None:
            raise errors.BrokerUnknownError(f'{said}, and it is not there')
        if found.status.value == 'rejected':
            return _refused(order.id, 'rejected by Alpaca')
        if found.status.value in {'canceled', 'expired'}:
            return interface.OrderResponse(
                order_id=order.id, accepted=True, broker_id=str(found.id)
            )
        return self._accept(found, order.id)

    async def _known_group(
        self, client_id: str, group: Sequence[orders.Order], said: str
    ) -> list[interface.OrderResponse]:
        ask = self._ask()
        found = await ask.by_client_id(client_id)
        whole = None if found is None else await ask.nested(found.id)
        if whole is None:
            raise errors.BrokerUnknownError(f'{said}, and it is not there')
        return self._accept_group(whole, group)

    def _accept(self, found: Any, order_id: str) -> interface.OrderResponse:
        self._book.answered(found, order_id)
        return interface.OrderResponse(
            order_id=order_id, accepted=True, broker_id=str(found.id)
        )

    def _accept_group(
        self, found: Any, group: Sequence[orders.Order]
    ) -> list[interface.OrderResponse]:
        made = {
            name: self._accept(leaf, name)
            for leaf, name in translate.leaves(found)
        }
        if not all(order.id in made for order in group):
            raise errors.BrokerUnknownError(
                f'{self.name}: the answer to a group does not have both orders'
            )
        return [made[order.id] for order in group]

    def _refuse(
        self, order: orders.Order, said: str
    ) -> interface.OrderResponse:
        self._book.rejected(order.id, said)
        return _refused(order.id, said)

    def _asked(self, order: orders.Order) -> bool:
        return self._halted(order)

    def _sending(self) -> rest.Rest:
        """Gives the way for an order: without the stream none is sent."""
        if not self.monitor.works:
            raise self._closed()
        return self._way()

    def _way(self) -> rest.Rest:
        if self._rest is None:
            raise self._closed()
        return self._rest

    def _closed(self) -> errors.BrokerRejectedError:
        return errors.BrokerRejectedError(
            f'broker {self.name} is not connected; nothing was sent'
        )

    def _ask(self, *, urgent: bool = False) -> asking.Questions:
        if self._rest is None:
            raise errors.BrokerUnknownError(
                f'broker {self.name} is not connected'
            )
        return asking.Questions(
            self._rest, self._book, self.name, urgent=urgent
        )

    async def _fail(self, reason: str) -> None:
        await self._end()
        self.monitor.lost(reason)

    async def _end(self) -> None:
        """Ends what runs; a stream that is gone already is no matter."""
        reading, self._reading = self._reading, None
        stream, self._stream = self._stream, None
        way, self._rest = self._rest, None
        if reading is not None:
            reading.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await reading
        if stream is not None:
            await stream.close()
        if way is not None:
            way.close()


def _never(order: orders.Order) -> bool:
    del order
    return False


def _refused(order_id: str, said: str) -> interface.OrderResponse:
    return interface.OrderResponse(
        order_id=order_id, accepted=False, message=said
    )


def _uncancelled(order_id: str, said: str) -> interface.CancelResponse:
    return interface.CancelResponse(
        order_id=order_id, accepted=False, message=said
    )


def _statuses(rows: list[Any]) -> dict[str, int]:
    """Reads what became of each cancel of many."""
    found = {}
    for row in rows:
        if isinstance(row, dict) and isinstance(row.get('status'), int):
            found[str(row.get('id'))] = row['status']
    return found


def _answer(order_id: str, status: int) -> interface.CancelResponse:
    if status < 300:
        return interface.CancelResponse(order_id=order_id, accepted=True)
    return _uncancelled(order_id, f'Alpaca answers {status}')
