"""An engine on a broker that outlives it, to be killed at any moment.

Run as a program: the folder of its files, and `right` or `swapped`: with
intent and act swapped, orders leave before what decided them is durable.
"""

import asyncio
import os
import sys
import time

import msgspec

from sting import session
from sting.broker import interface
from sting.broker import paper
from sting.broker import registry
from sting.engine import journal
from sting.engine import sequence
from sting.model import commands
from sting.model import errors
from sting.model import orders
from sting.session import parts
from tests.unit.session import stations

S = orders.OrderStatus
PRICE = 100.0
# A disk so slow that the moment between deciding and writing is often hit.
SLOW_S = 0.005
AT_ONCE = 10


def books(home):
    """Where the broker keeps what it was sent, a line an order."""
    return home.state('demo') / 'broker.jsonl'


def sent(home):
    """What the broker was sent, oldest first."""
    path = books(home)
    lines = path.read_bytes().splitlines() if path.exists() else []
    return [msgspec.json.decode(line, type=orders.Order) for line in lines]


def fill_of(order):
    return orders.Fill(
        order_id=order.id,
        execution_id=f'x-{order.id}',
        symbol=order.symbol,
        side=order.side,
        quantity=order.quantity,
        price=PRICE,
        timestamp=order.created,
    )


class OutlivingBroker(paper.PaperBroker):
    """Fills each order at once; what it was sent stands in a file.

    It takes an id that it has seen as a new order, so that one which is sent
    twice is found.
    """

    home = None

    def restore(self, known, portfolio, fills=(), prices=None):
        """Has books of its own."""

    async def place_order(self, order):
        if self._halted(order):
            raise errors.BrokerWithheldError('withheld')
        file = os.open(
            books(self.home), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600
        )
        os.write(file, msgspec.json.encode(order) + b'\n')
        os.close(file)
        # What the network takes.
        await asyncio.sleep(0.001)
        self._sink(
            orders.OrderUpdate(
                order_id=order.id, status=S.ACCEPTED, broker_id=order.id
            )
        )
        self._sink(fill_of(order))
        return interface.OrderResponse(order_id=order.id, accepted=True)

    async def get_order_by_client_id(self, order_id):
        for order in sent(self.home):
            if order.id == order_id:
                return msgspec.structs.replace(
                    order,
                    status=S.FILLED,
                    filled=order.quantity,
                    average_price=PRICE,
                    broker_id=order.id,
                )
        return None

    async def get_fills(self, since=0):
        return [fill_of(order) for order in sent(self.home)]

    def match(self, bar):
        return []


class SlowJournal(journal.Journal):
    """The log on a slow disk."""

    async def append(self, batch):
        await asyncio.sleep(SLOW_S)
        await super().append(batch)


class Swapped(sequence.Sequence):
    """Acts and answers first, and writes what it decided afterwards."""

    async def _finish(self, done):
        decided = [event for _, taken in done for event in taken.events]
        await super()._finish(
            [
                (reply, msgspec.structs.replace(taken, events=[]))
                for reply, taken in done
            ]
        )
        if decided:
            await self._commit(decided)
            self._board.take(decided)


def say(text):
    sys.stdout.write(f'{text}\n')
    sys.stdout.flush()


def main():
    """Trades by hand until it is killed; says each answer that it got."""
    home = OutlivingBroker.home = stations.home_in(sys.argv[1])
    registry.paper.PaperBroker = OutlivingBroker
    parts.journal.Journal = SlowJournal
    if sys.argv[2] == 'swapped':
        parts.sequence.Sequence = Swapped
    before = time.monotonic()
    station = session.open('demo', home=home, config=stations.config(home))
    station.start()
    say(f'ready {time.monotonic() - before}')
    side = stations.BUY
    while True:
        side = side.opposite
        order = commands.SubmitOrder(symbol='AAPL', side=side, quantity=1.0)
        for answer in [station.submit(order) for _ in range(AT_ONCE)]:
            result = answer.result()
            say(f'answer {result.seq} {result.order_id}')


def end_in_order(home):
    """Starts once more in this process, on the same broker, and ends."""
    OutlivingBroker.home = home
    before = registry.paper.PaperBroker
    registry.paper.PaperBroker = OutlivingBroker
    try:
        with stations.running(home, interval_s=stations.NEVER) as station:
            stations.until(lambda: station.snapshot().open_orders == 0)
    finally:
        registry.paper.PaperBroker = before


if __name__ == '__main__':
    main()
