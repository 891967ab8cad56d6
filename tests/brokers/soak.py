"""Many orders at a broker while things go wrong, and both books after it.

What a session does is done here in short: what was not answered is looked up,
and after each new connection fills and orders are asked for.
"""

import asyncio
import contextlib
import random

from sting.model import errors
from sting.model import market
from sting.model import orders
from sting.testing.brokers import desk as desks

_S = orders.OrderStatus
_BATCH = 5
# Of so many, one is an entry with its exits.
_ATTACHED = 0.2
_FINAL = (_S.CANCELLED, _S.EXPIRED, _S.REJECTED)
# Fills are asked for from so long before the last connection, as a session
# does.
_SINCE = 3600 * market.NANOSECONDS


class Soak:
    """Sends orders and makes trouble, by a seed.

    Attributes:
        desk: Who sends them.
        trouble: How much of it.
        sent: Their ids.
        counts: What happened how often.
    """

    def __init__(self, world, seed, trouble=1.0):
        self.desk = desks.Desk(world)
        self.world = world
        self.sent = []
        self.trouble = trouble
        self.counts = dict.fromkeys(
            (
                'unknown',
                'again',
                'connections',
                'cancels',
                'changes',
                'exits',
            ),
            0,
        )
        self._random = random.Random(seed)
        self._price = 100.0
        self._asked = world.now()

    async def run(self, count):
        """Sends so many orders, and waits for the end of each."""
        await self.desk.open()
        while len(self.sent) < count:
            await self._trouble()
            batch = [self._group() for _ in range(_BATCH)]
            self.sent += [order.id for group in batch for order in group]
            answers = await asyncio.gather(
                *(self._attempt(self._send(group)) for group in batch)
            )
            await self._back()
            for group, answer in zip(batch, answers, strict=True):
                if answer is None:
                    await self._resolve(group)
            await self._fiddle()
            await self._trade()
        await self._finish()

    async def check(self):
        """Holds our book against the broker's."""
        desk = self.desk
        desk.check()
        found, positions, working = await self._broker_says()
        theirs = {}
        for fill in found:
            key = fill.order_id, fill.execution_id
            assert key not in theirs, f'twice: {fill}'
            theirs[key] = fill.quantity, fill.price
        ours = {
            (fill.order_id, fill.execution_id): (fill.quantity, fill.price)
            for fill in desk.fills
        }
        assert ours == theirs
        assert {p.symbol: p.quantity for p in positions} == {
            symbol: desk.book.quantity(symbol) for symbol in desk.book.held
        }
        for order_id in self.sent:
            assert self.world.venue.placed.get(order_id, 0) <= 1
            order = desk.order(order_id)
            assert order.status in (_S.FILLED, *_FINAL), order
            if order.parent and order.filled:
                self.counts['exits'] += 1
                assert desk.order(order.parent).filled, order
        assert working == []

    async def _broker_says(self):
        """Gives fills, positions and orders, all asked over one connection.

        The last answer may have come with the end of the connection, which
        is only noticed later.
        """
        broker = self.desk.broker
        for _ in range(10):
            await self._back()
            with contextlib.suppress(errors.BrokerError):
                return (
                    await broker.get_fills(),
                    await broker.get_positions(),
                    await broker.get_orders(),
                )
        raise AssertionError('the broker never answers')

    def _order(self):
        draw = self._random
        kind = draw.choice(['market', 'limit', 'limit', 'stop'])
        side = draw.choice(['buy', 'sell'])
        away = draw.uniform(-2.0, 2.0)
        price = round(self._price + away, 2)
        terms = {
            'limit': {'price': price},
            'stop': {'stop_price': price},
        }
        return self.desk.make(
            side,
            float(draw.randint(1, 20)),
            kind,
            symbol=draw.choice(self.world.symbols),
            **terms.get(kind, {}),
        )

    def _group(self):
        """Makes an order, or an entry with the exits that go with it."""
        entry = self._order()
        draw = self._random
        attached = draw.random() < _ATTACHED and entry.stop_price is None
        if not attached or not self.desk.broker.native:
            return [entry]
        sign = entry.side.sign
        base = self._price if entry.price is None else entry.price
        levels = {
            orders.TAKE_PROFIT: ('limit', 'price', sign),
            orders.STOP_LOSS: ('stop', 'stop_price', -sign),
        }
        exits = [
            self.desk.make(
                str(entry.side.opposite),
                entry.quantity,
                kind,
                symbol=entry.symbol,
                id=f'{entry.id}{ending}',
                parent=entry.id,
                oco=entry.id,
                held=entry.quantity,
                **{field: round(base + way * draw.uniform(0.5, 3.0), 2)},
            )
            for ending, (kind, field, way) in levels.items()
        ]
        return [entry, *exits[draw.choice([0, 0, 1]) :]]

    async def _send(self, group):
        """Sends an order, or an entry with its exits."""
        for order in group:
            self.desk.know(order)
        if len(group) > 1:
            return await self.desk.broker.place_group(group)
        return await self.desk.broker.place_order(*group)

    async def _trouble(self):
        """Has the next order meet with something, or the connection."""
        draw = self._random.random() / self.trouble
        if draw < 0.04:
            await self.world.lose_answer()
        elif draw < 0.08:
            await self.world.lose_request()
        elif draw < 0.12:
            await self.world.refuse('not today')
        elif draw < 0.16:
            await self.world.drop()
            await self._trade()
            await self._back()
        elif draw < 0.24 and self.desk.fills:
            await self.world.repeat()

    async def _attempt(self, work):
        """Gives an answer; None where there is none."""
        try:
            return await work
        except (errors.BrokerUnknownError, errors.BrokerRejectedError):
            self.counts['unknown'] += 1
            return None

    async def _back(self):
        """Connects again where that is needed, and asks what was missed."""
        await asyncio.sleep(0)
        while not self.desk.broker.monitor.works:
            await self.world.restore()
            try:
                await self.desk.open()
                self.counts['connections'] += 1
                await self._reconcile()
            except errors.BrokerError:
                continue

    async def _reconcile(self):
        begun = self.world.now()
        await self._take_fills(self._asked - _SINCE)
        for order_id in self.sent[-60:]:
            if self.desk.order(order_id).is_working:
                await self._look(order_id)
        self._asked = begun

    async def _take_fills(self, since):
        ours = set(self.sent)
        for fill in await self.desk.broker.get_fills(since):
            if fill.order_id in ours:
                self.desk._sink(fill)

    async def _look(self, order_id):
        """Takes the end of an order that was not told; says if it is there."""
        found = await self.desk.broker.get_order_by_client_id(order_id)
        if found is not None and found.status in _FINAL:
            self.desk._sink(
                orders.OrderUpdate(order_id=order_id, status=found.status)
            )
        return found is not None

    async def _resolve(self, group):
        """Finds out about a group without an answer; or sends it again."""
        while True:
            try:
                there = [await self._look(order.id) for order in group]
                assert len(set(there)) == 1, f'in part: {group}'
                if not any(there):
                    self.counts['again'] += 1
                    await self._send(group)
                await self._take_fills(group[0].created)
                return
            except errors.BrokerError:
                await self._back()

    async def _fiddle(self):
        """Changes and cancels some of the last orders."""
        broker = self.desk.broker
        for order_id in self.sent[-2 * _BATCH :]:
            order = self.desk.order(order_id)
            draw = self._random.random()
            if not order.is_working:
                continue
            if draw < 0.15:
                self.counts['cancels'] += 1
                await self._attempt(broker.cancel_order(order_id))
            elif draw < 0.3 and order.type is not orders.OrderType.MARKET:
                self.counts['changes'] += 1
                which = 'price' if order.stop_price is None else 'stop_price'
                wanted = {which: round(getattr(order, which) + 0.5, 2)}
                await self._attempt(broker.replace_order(order_id, **wanted))
        await self._back()

    async def _trade(self):
        draw = self._random
        for symbol in self.world.symbols:
            self._price += draw.uniform(-1.0, 1.0)
            await self.world.trade(
                symbol,
                round(self._price, 2),
                round(self._price + 0.5, 2),
                round(self._price - 0.5, 2),
                volume=draw.choice([40.0, 400.0, 1e6]),
            )

    async def _finish(self):
        """Takes out what works, and waits until everything has ended."""
        working = {}
        for _ in range(20):
            await self._back()
            try:
                await self.desk.broker.cancel_all()
                await self._reconcile()
                working = {
                    each: self.desk.order(each)
                    for each in self.sent
                    if self.desk.order(each).is_working
                }
                for order_id in working:
                    await self._look(order_id)
            except errors.BrokerError:
                continue
            if not working:
                return
            await asyncio.sleep(0.1)
        raise AssertionError(f'still working: {working}')
