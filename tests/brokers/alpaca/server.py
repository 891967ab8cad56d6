"""Alpaca's trading API on loopback: REST, and the stream of trade updates."""

import asyncio
import collections
import json

from aiohttp import web

from sting.testing.brokers import venues
from tests.brokers.alpaca import exchange as exchanges
from tests.brokers.alpaca import shapes

KEY, SECRET = 'PKTESTTESTTESTTEST01', 'fortysecretletters0123456789'
HTML = '<html><body><h1>502 Bad Gateway</h1></body></html>'


class Server:
    """A service with one account.

    Attributes:
        exchange: What it does.
        faults: What goes wrong with the next requests; see `Fault`.
        asked: Method and path of each request, oldest first.
        mute: Nothing is told on the stream.
        down: Every connection breaks.
        changed: By path, changes the answers before they leave.
    """

    def __init__(self, world, assets):
        self.world = world
        self.exchange = exchanges.Exchange(world.venue, self._tell)
        self.assets = set(assets)
        self.faults = collections.deque()
        self.asked = []
        self.mute = False
        self.down = False
        self.changed = {}
        self.port = 0
        self._sockets = set()
        self._transports = set()
        self._sending = set()
        self._runner = None

    async def start(self):
        app = web.Application(middlewares=[self._middle])
        orders = '/v2/orders'
        app.add_routes(
            [
                web.get('/stream', self._stream),
                web.post(orders, self._post),
                web.get(orders, self._list),
                web.delete(orders, self._cancel_all),
                web.get('/v2/orders:by_client_order_id', self._by_client),
                web.get(orders + '/{id}', self._one),
                web.patch(orders + '/{id}', self._patch),
                web.delete(orders + '/{id}', self._cancel),
                web.get('/v2/positions', self._positions),
                web.get('/v2/account', self._account),
                web.get('/v2/account/activities/FILL', self._activities),
                web.get('/v2/assets/{symbol}', self._asset),
                web.get('/v2/clock', self._clock),
                web.get('/v2/calendar', self._calendar),
            ]
        )
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, '127.0.0.1', 0)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self):
        await self._runner.cleanup()

    async def drop(self):
        """Breaks all connections, until `down` is False again."""
        self.down = True
        for transport in list(self._transports):
            transport.abort()

    def _tell(self, message):
        if not self.mute:
            self.push(json.dumps(message).encode())

    def push(self, frame):
        """Sends a frame to all that listen."""
        for socket in self._sockets:
            task = asyncio.ensure_future(_send(socket, frame))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)

    @web.middleware
    async def _middle(self, request, handler):
        if self.down:
            request.transport.abort()
            return web.Response()
        self._transports.add(request.transport)
        if request.path == '/stream':
            return await handler(request)
        self.asked.append((request.method, request.path))
        if (
            request.headers.get('APCA-API-KEY-ID') != KEY
            or request.headers.get('APCA-API-SECRET-KEY') != SECRET
        ):
            # This one has no code.
            return web.json_response({'message': 'unauthorized.'}, status=401)
        fault = self._fault(request)
        try:
            if fault is not None:
                return await fault.answer(request, handler)
            return await handler(request)
        except exchanges.RefusalError as error:
            return web.json_response(error.body, status=error.status)

    def _fault(self, request):
        for fault in self.faults:
            if fault.fits(request):
                self.faults.remove(fault)
                return fault
        return None

    def _answer(self, request, found, status=200):
        change = self.changed.get(request.path)
        return web.json_response(
            change(found) if change else found,
            status=status,
            headers={
                'X-Ratelimit-Limit': '200',
                'X-Ratelimit-Remaining': '180',
                'X-Ratelimit-Reset': '1767622260',
            },
        )

    async def _post(self, request):
        body = await request.json()
        lost = self.world.script.loss()
        if lost == 'request':
            request.transport.abort()
            return web.Response()
        made = self.exchange.place(body)
        if lost == 'answer':
            request.transport.abort()
        return self._answer(request, self.exchange.shown(made, nested=True))

    async def _patch(self, request):
        record = self.exchange.find(request.match_info['id'])
        made = self.exchange.replace(record, await request.json())
        return self._answer(request, self.exchange.shown(made))

    async def _cancel(self, request):
        self.exchange.cancel(self.exchange.find(request.match_info['id']))
        return web.Response(status=204)

    async def _cancel_all(self, request):
        return self._answer(request, self.exchange.cancel_all(), 207)

    async def _one(self, request):
        record = self.exchange.find(request.match_info['id'])
        nested = request.query.get('nested') == 'true'
        return self._answer(request, self.exchange.shown(record, nested))

    async def _by_client(self, request):
        client_id = request.query['client_order_id']
        return self._answer(
            request, self.exchange.shown(self.exchange.find(client_id))
        )

    async def _list(self, request):
        asked = request.query
        status = asked.get('status', 'open')
        nested = asked.get('nested') == 'true'
        found = []
        for record in list(self.exchange.records.values()):
            if nested and record.parent is not None:
                continue
            working = not record.status and any(
                self.exchange.fresh(one).terms.is_working
                for one in (record, *(record.legs if nested else ()))
            )
            moment = shapes.stamp(record.submitted)
            if moment <= asked.get('after', '') or moment > asked.get(
                'until', 'Z'
            ):
                continue
            if status == 'all' or working == (status == 'open'):
                found.append(record)
        if asked.get('direction', 'desc') == 'desc':
            found.reverse()
        limit = min(int(asked.get('limit', 50)), 500)
        shown = [self.exchange.shown(one, nested) for one in found[:limit]]
        return self._answer(request, shown)

    async def _positions(self, request):
        book, prices = self.world.venue.portfolio, self.world.venue.prices
        return self._answer(
            request,
            [
                shapes.position(
                    book.positions[name],
                    prices.get(name, book.positions[name].average_price),
                )
                for name in sorted(book.held)
            ],
        )

    async def _account(self, request):
        venue = self.world.venue
        equity = venue.portfolio.value(venue.prices)
        return self._answer(
            request, shapes.account(venue.portfolio.cash, equity)
        )

    async def _activities(self, request):
        asked = request.query
        found = self.exchange.fills
        if 'after' in asked:
            found = [
                row for row in found if row['transaction_time'] > asked['after']
            ]
        if 'page_token' in asked:
            ids = [row['id'] for row in found]
            found = found[ids.index(asked['page_token']) + 1 :]
        return self._answer(request, found[: int(asked.get('page_size', 100))])

    async def _asset(self, request):
        symbol = request.match_info['symbol']
        if symbol not in self.assets:
            raise exchanges.RefusalError(
                404, 40410000, f'asset not found for {symbol}'
            )
        return self._answer(request, shapes.asset(symbol))

    async def _clock(self, request):
        now = self.world.venue.time
        return self._answer(
            request,
            {
                'timestamp': shapes.stamp(now),
                'is_open': True,
                'next_open': shapes.stamp(venues.session_open(now + 1)),
                'next_close': shapes.stamp(venues.session_close(now)),
            },
        )

    async def _calendar(self, request):
        return self._answer(
            request, [{'date': '2026-01-05', 'open': '09:30', 'close': '16:00'}]
        )

    async def _stream(self, request):
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        said = await _heard(socket)
        given = said.get('data', {})
        right = given.get('key_id') == KEY and given.get('secret_key') == SECRET
        status = 'authorized' if right else 'unauthorized'
        data = {'action': 'authenticate', 'status': status}
        await _say(socket, {'stream': 'authorization', 'data': data})
        if not right:
            await socket.close()
            return socket
        said = await _heard(socket)
        streams = said.get('data', {}).get('streams', [])
        await _say(
            socket, {'stream': 'listening', 'data': {'streams': streams}}
        )
        self._sockets.add(socket)
        try:
            async for _ in socket:
                pass
        finally:
            self._sockets.discard(socket)
        return socket


class Fault:
    """What goes wrong with one request.

    Attributes:
        what: late: it is done, and the answer is the fault; early: it is not
            done; hang: it is done, and no answer comes for so long; hold:
            the same until `free`; cut: the connection breaks.
    """

    def __init__(
        self, method, path, status=500, body='', headers=None, what='early'
    ):
        self.method, self.path = method, path
        self.status, self.body = status, body
        self.headers = headers or {}
        self.what = what
        self.free = False

    def fits(self, request):
        return request.method == self.method and self.path in request.path

    async def answer(self, request, handler):
        if self.what != 'early':
            await handler(request)
        if self.what == 'hang':
            await asyncio.sleep(float(self.body))
        while self.what == 'hold' and not self.free:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        if self.what == 'cut':
            request.transport.abort()
        body = self.body
        if not isinstance(body, str):
            body = json.dumps(body)
        kind = 'application/json' if body[:1] in '{[' else 'text/html'
        return web.Response(
            status=self.status,
            body=body,
            headers=self.headers,
            content_type=kind,
        )


async def _send(socket, frame):
    try:
        if isinstance(frame, str):
            await socket.send_str(frame)
        else:
            await socket.send_bytes(frame)
    except ConnectionError:
        pass


async def _say(socket, message):
    await socket.send_bytes(json.dumps(message).encode())


async def _heard(socket):
    message = await socket.receive()
    try:
        return json.loads(message.data)
    except (TypeError, ValueError):
        return {}
