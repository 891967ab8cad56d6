"""A broker for sting: Acme, which speaks a line of JSON at a time over TCP.

Acme is made up; the order of things is that of any adapter. It calls orders,
fills and states by sting's own words, so that the translation, a table in most
adapters, is missing.
"""

import asyncio
import itertools
import json
import socket
import threading

import msgspec

from sting.broker import interface
from sting.broker import registry
from sting.engine import clock as clocks
from sting.model import errors
from sting.model import orders
from sting.model import portfolio
from sting.net import monitor as monitors

ANSWER_S = 5.0
STOP_S = 3.0
_ENDED = frozenset(
    {
        orders.OrderStatus.CANCELLED,
        orders.OrderStatus.EXPIRED,
        orders.OrderStatus.REJECTED,
    }
)


def build(setup: registry.Setup) -> interface.BrokerInterface:
    """Makes the broker of a profile; named in pyproject.toml.

    Args:
        setup: What exchanges/acme.yaml says (`options`), the profile, the
            clock, and the environment, for keys.
    """
    return AcmeBroker(
        setup.options.get('host', '127.0.0.1'),
        setup.options.get('port', 7070),
        setup.clock,
    )


class AcmeBroker(interface.BrokerInterface):
    """Sends orders to Acme."""

    name = 'acme'
    # Acme itself makes one order of an id that comes twice.
    dedupes = True

    def __init__(self, host: str, port: int, clock: clocks.Clock) -> None:
        self.monitor = monitors.ConnectionMonitor(self.name, clock)
        self._place = host, port
        self._sink: interface.Sink | None = None
        self._halted: interface.Halted | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None
        self._numbers = itertools.count()
        self._waiting: dict[int, asyncio.Future[dict]] = {}
        # A connection that only the emergency stop uses, made beforehand.
        self._line: socket.socket | None = None
        # Held from the question whether the stop holds until the order is on
        # its way: the stop takes it too, so nothing slips in behind it.
        self._last_step = threading.Lock()
        # What may work there, for a stop that cannot ask.
        self._sent: set[str] = set()

    async def connect(self, sink, halted):
        await self.disconnect()
        try:
            reader, self._writer = await asyncio.wait_for(
                asyncio.open_connection(*self._place), ANSWER_S
            )
            self._line = await asyncio.to_thread(
                socket.create_connection, self._place, STOP_S
            )
        except (OSError, TimeoutError) as error:
            raise errors.BrokerUnknownError(
                f'acme: nobody answers at {self._place[0]}:{self._place[1]}: '
                f'{error}; see host and port in exchanges/acme.yaml'
            ) from None
        self._sink, self._halted = sink, halted
        self._reading = asyncio.create_task(self._read(reader))
        await self._ask('subscribe')
        for order in await self.get_orders():
            self._sent.add(order.id)
        self.monitor.connected()

    async def disconnect(self):
        reading, self._reading = self._reading, None
        if reading is not None:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
        self._hang_up()
        self.monitor.closed()

    async def place_order(self, order):
        self._check_connected()
        with self._last_step:
            if self._halted is not None and self._halted(order):
                raise errors.BrokerWithheldError(
                    'withheld by the emergency stop'
                )
            self._sent.add(order.id)
            answer = self._send('place', order=msgspec.to_builtins(order))
        found = await self._answer(answer)
        return msgspec.convert(found, interface.OrderResponse)

    async def replace_order(
        self, order_id, *, quantity=None, price=None, stop_price=None
    ):
        self._check_connected()
        found = await self._ask(
            'replace',
            order_id=order_id,
            quantity=quantity,
            price=price,
            stop_price=stop_price,
        )
        return msgspec.convert(found, interface.OrderResponse)

    async def cancel_order(self, order_id):
        self._check_connected()
        found = await self._ask('cancel', order_id=order_id)
        return msgspec.convert(found, interface.CancelResponse)

    async def cancel_all(self, symbol=None):
        self._check_connected()
        found = await self._ask('cancel_all', symbol=symbol)
        return msgspec.convert(found, list[interface.CancelResponse])

    def emergency_cancel_all(self, keep=()):
        """Asks on the stop's own line; the loop may be blocked."""
        with self._last_step:
            line, sent = self._line, sorted(self._sent.difference(keep))
        if not sent:
            return interface.EmergencyReport()
        try:
            if keep:
                told = [_stop(line, 'cancel', order_id=each) for each in sent]
            else:
                told = _stop(line, 'cancel_all', symbol=None)
        except OSError:
            return interface.EmergencyReport(unknown=tuple(sent))
        return interface.EmergencyReport(
            cancelled=tuple(each['order_id'] for each in told)
        )

    async def get_orders(self):
        return msgspec.convert(await self._ask('orders'), list[orders.Order])

    async def get_order_by_client_id(self, order_id):
        found = await self._ask('order', order_id=order_id)
        return None if found is None else msgspec.convert(found, orders.Order)

    async def get_fills(self, since=0):
        found = await self._ask('fills', since=since)
        return msgspec.convert(found, list[orders.Fill])

    async def get_positions(self):
        found = await self._ask('positions')
        return msgspec.convert(found, list[portfolio.Position])

    async def get_account_info(self):
        found = await self._ask('account')
        return msgspec.convert(found, interface.AccountInfo)

    async def get_time(self):
        return int(await self._ask('time'))

    async def _read(self, reader: asyncio.StreamReader) -> None:
        """Takes what Acme says, until the connection ends."""
        why = 'acme hung up'
        try:
            while line := await reader.readline():
                self._take(json.loads(line))
        except (OSError, ValueError) as error:
            why = f'acme: {error}'
        self._hang_up()
        self.monitor.lost(why)

    def _take(self, said: dict) -> None:
        if 'report' in said:
            self._tell(said['report'])
            return
        waiting = self._waiting.pop(said['n'], None)
        if waiting is not None and not waiting.done():
            waiting.set_result(said['answer'])

    def _tell(self, said: dict) -> None:
        """Reports what became of an order."""
        is_fill = 'execution_id' in said
        kind = orders.Fill if is_fill else orders.OrderUpdate
        report = msgspec.convert(said, kind)
        if not is_fill and report.status in _ENDED:
            self._sent.discard(report.order_id)
        if self._sink is not None:
            self._sink(report)

    def _send(self, do: str, **given: object) -> asyncio.Future[dict]:
        if self._writer is None or self._writer.is_closing():
            raise errors.BrokerUnknownError('acme: not connected')
        number = next(self._numbers)
        waiting = asyncio.get_running_loop().create_future()
        self._waiting[number] = waiting
        line = json.dumps({'n': number, 'do': do, **given})
        self._writer.write(line.encode() + b'\n')
        return waiting

    async def _answer(self, waiting: asyncio.Future[dict]) -> dict:
        try:
            return await asyncio.wait_for(waiting, ANSWER_S)
        except TimeoutError:
            raise errors.BrokerUnknownError(
                f'acme: no answer within {ANSWER_S:g} s'
            ) from None

    async def _ask(self, do: str, **given: object) -> dict:
        return await self._answer(self._send(do, **given))

    def _check_connected(self) -> None:
        if self._sink is None or self._writer is None:
            raise errors.BrokerRejectedError(
                'broker acme is not connected; nothing was sent'
            )

    def _hang_up(self) -> None:
        """Ends both lines; whoever waits for an answer will not get it."""
        if self._writer is not None:
            self._writer.close()
        if self._line is not None:
            self._line.close()
        self._writer = self._line = self._sink = None
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(
                    errors.BrokerUnknownError('acme: the connection was lost')
                )
        self._waiting.clear()


def _stop(line, do, **fields):
    """Asks on the line of the emergency stop, and waits for the answer."""
    if line is None:
        raise OSError('there is no line')
    line.sendall(json.dumps({'n': 0, 'do': do, **fields}).encode() + b'\n')
    answer = b''
    while not answer.endswith(b'\n'):
        part = line.recv(65536)
        if not part:
            raise OSError('the line is cut')
        answer += part
    return json.loads(answer)['answer']
