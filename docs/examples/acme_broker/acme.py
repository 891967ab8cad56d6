"""Acme itself, for the tests: a server before sting's simulated market."""

import asyncio
import json

import msgspec

from sting.model import orders
from sting.testing.brokers import venues

import acme_broker


class AcmeWorld(venues.VenueWorld):
    """A market of its own in a thread of its own, and a server before it."""

    def __init__(self):
        super().__init__(apart=True)
        self._server = None
        self._port = 0
        self._writers = set()
        self._told = None

    async def begin(self):
        """Opens the server."""
        await self.there(self._open())
        return self

    def make(self):
        return acme_broker.AcmeBroker('127.0.0.1', self._port, self.clock)

    async def drop(self):
        await self.there(self._shut())

    async def restore(self):
        await self.there(self._open())

    async def repeat(self):
        await self.there(self._repeat())

    async def close(self):
        await self.there(self._shut())
        await self.end()

    async def _open(self):
        self._server = await asyncio.start_server(
            self._serve, '127.0.0.1', self._port
        )
        self._port = self._server.sockets[0].getsockname()[1]

    async def _shut(self):
        self._server.close()
        for writer in tuple(self._writers):
            writer.close()
        self.venue.detach()

    async def _repeat(self):
        self.venue.repeat()

    async def _serve(self, reader, writer):
        self._writers.add(writer)
        try:
            while line := await reader.readline():
                asked = json.loads(line)
                answer = self._do(asked.pop('do'), asked.pop('n'), asked, writer)
                if answer is not None:
                    _write(writer, answer)
        except OSError:
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    def _do(self, do, number, asked, writer):
        if do == 'subscribe':
            self.venue.attach(
                lambda report: _write(
                    writer, {'report': msgspec.to_builtins(report)}
                )
            )
            return {'n': number, 'answer': None}
        if do == 'place':
            lost = self.script.loss()
            if lost == 'request':
                writer.close()
                return None
            order = msgspec.convert(asked['order'], orders.Order)
            answer = self.venue.place(order)
            if lost:
                writer.close()
                return None
        else:
            answer = getattr(self, f'_{do}')(**asked)
        return {'n': number, 'answer': msgspec.to_builtins(answer)}

    def _replace(self, **given):
        return self.venue.replace(**given)

    def _cancel(self, order_id):
        return self.venue.cancel(order_id)

    def _cancel_all(self, symbol):
        return self.venue.cancel_all(symbol)

    def _orders(self):
        return self.venue.working()

    def _order(self, order_id):
        return self.venue.orders.get(order_id)

    def _fills(self, since):
        return [each for each in self.venue.fills if each.timestamp >= since]

    def _positions(self):
        book = self.venue.portfolio
        return [book.positions[name] for name in sorted(book.held)]

    def _account(self):
        book = self.venue.portfolio
        equity = book.value(self.venue.prices)
        return {
            'account': 'A-1',
            'currency': 'USD',
            'cash': book.cash,
            'equity': equity,
            'buying_power': equity,
            'simulated': True,
        }

    def _time(self):
        return self.venue.time


def _write(writer, said):
    if not writer.is_closing():
        writer.write(json.dumps(said).encode() + b'\n')
