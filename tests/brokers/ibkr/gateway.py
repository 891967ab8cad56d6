"""A gateway on loopback that speaks the wire protocol, before a venue."""

import asyncio
import collections
import itertools

from sting.model import orders
from tests.brokers.ibkr import wire

_S = orders.OrderStatus
# What a program asks.
PLACE, CANCEL, EXECUTIONS, DETAILS, ALL_OPEN = '3', '4', '7', '9', '16'
TIME, GLOBAL_CANCEL, POSITIONS, ACCOUNT = '49', '58', '61', '62'
COMPLETED = '99'


class Client:
    """A program that is connected.

    Attributes:
        id: The number that it gave itself; None before it did.
        heard: What it sent.
        waiting: Orders that are not to be transmitted yet.
    """

    def __init__(self, writer):
        self.id = None
        self.heard = []
        self.waiting = []
        self.highest = 0
        self._writer = writer

    def send(self, *frames):
        """Sends messages, in one go."""
        if not self._writer.is_closing():
            self._writer.write(b''.join(frames))

    def write(self, data):
        """Sends bytes."""
        self._writer.write(data)

    def hang_up(self):
        """Ends the connection, at once."""
        self._writer.transport.abort()


class Gateway:
    """Takes orders for a venue, and tells of them.

    It lives in one loop, the venue with it.

    Attributes:
        symbols: What can be traded.
        clients: The programs that are connected.
        seen: The numbers of all that ever were.
        refusing: Whether nobody may connect.
        instead: What to do in place of answering the next messages of a kind:
            functions of the client and the fields.
        accounts: Those of the login.
        mute: Orders of which nothing but fills is told.
        fees: What each trade costs; None when it does not say.
        hides_trades: Trades are not told, but listed.
        forgets_trades: Trades are not listed.
        port: Where it listens.
    """

    def __init__(self, venue, symbols):
        self.venue = venue
        self.symbols = symbols
        self.clients = []
        self.seen = []
        self.refusing = False
        self.instead = collections.defaultdict(collections.deque)
        self.accounts = (wire.ACCOUNT,)
        self.mute = set()
        self.fees = 0.0
        self.hides_trades = False
        self.forgets_trades = False
        self.port = 0
        self._server = None
        self._tasks = set()
        self._perms = itertools.count(700_001)
        self._held = {}
        self._names = {}
        self._numbers = {}
        self._used = collections.Counter()
        venue.attach(self.tell)

    async def start(self):
        """Listens."""
        self._server = await asyncio.start_server(self._serve, '127.0.0.1', 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self):
        """Ends it all."""
        self._server.close()
        for each in self.clients:
            each.hang_up()
        await asyncio.gather(*self._tasks)

    def drop(self):
        """Hangs up on everybody."""
        for each in self.clients:
            each.hang_up()

    def held(self, order_id):
        """Gives an order's numbers; those of others have none of a client."""
        if order_id not in self._held:
            perm = next(self._perms)
            self._held[order_id] = wire.Held(order_id, 0, 0, perm)
        return self._held[order_id]

    def execution_id(self, fill):
        """Gives the number of a trade; the last part counts corrections."""
        key = fill.order_id, fill.execution_id
        place = self._names.setdefault(key, len(self._names))
        return f'0000e0d5.{place:08x}.01.01'

    def say(self, *frames):
        """Tells every program something."""
        for each in self.clients:
            if each.id is not None:
                each.send(*frames)

    def say_to(self, held, *frames):
        """Tells an order's program something."""
        for each in self.clients:
            if each.id == held.client:
                each.send(*frames)

    # What becomes of orders, told by the venue.

    def tell(self, report):
        """Tells an order's program what became of it."""
        held = self.held(report.order_id)
        self.say_to(held, *self.frames(report, held))

    def frames(self, report, held):
        """Puts a report into messages."""
        if isinstance(report, orders.Fill):
            return self.trade(report, held)
        if held.id in self.mute:
            return []
        order = self.venue.orders[report.order_id]
        word = _word(order, report.status)
        told = wire.status(held, word, order.quantity)
        if report.status is _S.REJECTED:
            words = f'Order rejected - reason:{report.message}'
            return [wire.error(held.number, 201, words), told]
        if word == 'Cancelled':
            said = wire.error(held.number, 202, 'Order Canceled - reason:')
            return [told, said]
        return [wire.open_order(order, held, word), told]

    def trade(self, fill, held):
        """Puts a fill into messages."""
        held.filled += fill.quantity
        held.cost += fill.quantity * fill.price
        name = self.execution_id(fill)
        frames = []
        if not self.hides_trades:
            frames.append(wire.execution(fill, held, name))
        order = self.venue.orders.get(fill.order_id)
        if order is not None and held.id not in self.mute:
            done = held.filled >= order.quantity - orders.DUST
            word = 'Filled' if done else 'Submitted'
            frames.append(wire.open_order(order, held, word))
            frames.append(wire.status(held, word, order.quantity))
        if not self.hides_trades:
            frames += self.cost(fill, name)
        return frames

    def cost(self, fill, name):
        """Puts what a fill cost into a message, or into none."""
        if self.fees is None:
            return []
        return [wire.fee(self.fees or fill.fee, name)]

    # What programs ask.

    async def _serve(self, reader, writer):
        if self.refusing:
            writer.transport.abort()
            return
        client = Client(writer)
        self.clients.append(client)
        task = asyncio.current_task()
        self._tasks.add(task)
        try:
            assert await reader.readexactly(4) == b'API\0'
            assert (await wire.read_frame(reader)).startswith(b'v157..')
            client.send(wire.frame(wire.VERSION, '20260105 09:30:00 UTC'))
            # What came with the last word before it hung up is not read.
            while not writer.is_closing():
                body = await wire.read_frame(reader)
                self.take(client, body.decode().split('\0')[:-1])
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.clients.remove(client)
            self._tasks.discard(task)
            writer.close()

    def take(self, client, fields):
        """Takes one message."""
        client.heard.append(fields)
        instead = self.instead[fields[0]]
        if instead:
            instead.popleft()(client, fields)
        else:
            self.answer(client, fields)

    def answer(self, client, fields):
        """Answers a message."""
        _ANSWERS[fields[0]](self, client, fields)

    def _start(self, client, fields):
        number = int(fields[2])
        if any(each.id == number for each in self.clients):
            said = 'Unable to connect as the client id is already in use.'
            client.send(wire.error(-1, 326, said))
            client._writer.close()
            return
        client.id = number
        self.seen.append(number)
        client.send(
            wire.error(-1, 2104, 'Market data farm connection is OK:usfarm'),
            wire.frame(15, 1, ','.join(self.accounts)),
            wire.frame(9, 1, self._used[number] + 1),
        )

    def _place(self, client, fields):
        asked = wire.Asked(fields)
        known = self._numbers.get((client.id, asked.number))
        if known is not None:
            self._change(client, asked, known)
            return
        said = self._refusal(client, asked)
        if said:
            client.send(wire.error(asked.number, *said))
            return
        self._used[client.id] = asked.number
        client.waiting.append(asked)
        if not asked.transmit:
            return
        lost = self.venue.script.loss()
        group, client.waiting = client.waiting, []
        if lost == 'request':
            client.hang_up()
            return
        for each in group:
            self._take_up(client, each)
        made = [each.order(self.venue.time) for each in group]
        if len(made) > 1:
            self.venue.place_attached(made, whole=False)
        else:
            self.venue.place(made[0])
        if lost == 'answer':
            client.hang_up()

    def _take_up(self, client, asked):
        held = wire.Held(
            asked.reference, client.id, asked.number, next(self._perms)
        )
        held.parent = asked.parent
        self._held[asked.reference] = held
        self._numbers[client.id, asked.number] = held

    def _refusal(self, client, asked):
        if asked.number <= self._used[client.id]:
            return 103, 'Duplicate order id'
        if asked.account != wire.ACCOUNT:
            return 321, 'Error validating request: no such account'
        if asked.con_id != wire.con_id(asked.symbol):
            return 200, 'No security definition has been found'
        if asked.quantity % 1:
            return 10243, 'Fractional-sized order cannot be placed via API'
        return None

    def _change(self, client, asked, held):
        order = self.venue.orders[held.id]
        wanted = asked.order(self.venue.time)
        answer = self.venue.replace(
            held.id,
            *(
                None if old == new else new
                for old, new in (
                    (order.quantity, wanted.quantity),
                    (order.price, wanted.price),
                    (order.stop_price, wanted.stop_price),
                )
            ),
        )
        if not answer.accepted:
            client.send(wire.error(held.number, 105, answer.message))

    def _cancel(self, client, fields):
        number = int(fields[2])
        held = self._numbers.get((client.id, number))
        if held is None:
            said = f'OrderId {number} that needs to be cancelled is not found.'
            client.send(wire.error(number, 10147, said))
            return
        answer = self.venue.cancel(held.id)
        if not answer.accepted:
            said = f'OrderId {number} that needs to be cancelled can not be '
            said += f'cancelled, state: {answer.message}'
            client.send(wire.error(number, 10148, said))

    def _global_cancel(self, _client, _fields):
        self.venue.cancel_all()

    def _open(self, client, _fields):
        frames = []
        for order in self.venue.working():
            held = self.held(order.id)
            word = _word(order, order.status)
            frames.append(wire.open_order(order, held, word))
            frames.append(wire.status(held, word, order.quantity))
        client.send(*frames, wire.frame(53, 1))

    def _completed(self, client, _fields):
        frames = []
        for order in self.done():
            word = _word(order, order.status)
            words = order.message or f'{word} by System'
            held = self.held(order.id)
            frames.append(wire.completed_order(order, held, word, words))
        client.send(*frames, wire.frame(102))

    def _executions(self, client, fields):
        frames = []
        for fill in self.trades():
            name = self.execution_id(fill)
            held = self.held(fill.order_id)
            frames.append(wire.execution(fill, held, name, fields[2]))
            frames += self.cost(fill, name)
        client.send(*frames, wire.frame(55, 1, fields[2]))

    def done(self):
        """Gives the orders that are listed as done."""
        every = self.venue.orders.values()
        return [each for each in every if not each.is_working]

    def trades(self):
        """Gives the trades that are listed."""
        return [] if self.forgets_trades else self.venue.fills

    def _positions(self, client, _fields):
        book = self.venue.portfolio
        for symbol in book.held:
            held = book.positions[symbol]
            client.send(
                wire.frame(
                    61, 3, wire.ACCOUNT, *wire.contract(symbol), held.quantity,
                    held.average_price,
                )
            )  # fmt: skip
        client.send(wire.frame(62, 1))

    def _account(self, client, fields):
        book = self.venue.portfolio
        equity = book.value(self.venue.prices)
        figures = {
            'NetLiquidation': equity,
            'TotalCashValue': book.cash,
            'BuyingPower': 4 * equity,
        }
        for tag in fields[4].split(','):
            client.send(
                wire.frame(
                    63, 1, fields[2], wire.ACCOUNT, tag, figures[tag], 'USD'
                )
            )
        client.send(wire.frame(64, 1, fields[2]))

    def _time(self, client, _fields):
        client.send(wire.frame(49, 1, self.venue.time // 10**9))

    def _details(self, client, fields):
        symbol = fields[4]
        if symbol not in self.symbols:
            said = 'No security definition has been found for the request'
            client.send(wire.error(fields[2], 200, said))
            return
        client.send(
            wire.details(fields[2], symbol), wire.frame(52, 1, fields[2])
        )

    def _nothing(self, _client, _fields):
        pass


_ANSWERS = {
    '71': Gateway._start,
    PLACE: Gateway._place,
    CANCEL: Gateway._cancel,
    GLOBAL_CANCEL: Gateway._global_cancel,
    ALL_OPEN: Gateway._open,
    COMPLETED: Gateway._completed,
    EXECUTIONS: Gateway._executions,
    POSITIONS: Gateway._positions,
    '64': Gateway._nothing,
    ACCOUNT: Gateway._account,
    '63': Gateway._nothing,
    TIME: Gateway._time,
    DETAILS: Gateway._details,
}


def _word(order, status):
    if status in {_S.CANCELLED, _S.EXPIRED}:
        return 'Cancelled'
    if status is _S.FILLED:
        return 'Filled'
    if status is _S.REJECTED:
        return 'Inactive'
    waits = order.type in wire.STOPS and not order.triggered
    return 'PreSubmitted' if waits else 'Submitted'
