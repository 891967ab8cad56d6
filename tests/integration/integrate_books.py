"""The books of real adapters, each at its service, held against ours."""

import asyncio
import contextlib

import pytest

from sting.broker import reconcile
from sting.broker import reconciler
from sting.engine import clock
from sting.engine import step
from sting.model import commands
from sting.model import orders
from tests.brokers import table
from tests.unit.engine import worlds

pytestmark = pytest.mark.integration

S, T, H = worlds.S, worlds.T, commands.How
BUY = worlds.BUY
SOON_S = 20.0


class Books:
    """An engine whose reports come from a broker's threads."""

    def __init__(self, market):
        self.market = market
        self.engine = worlds.World(begun=False)
        self.engine.engine._desk._symbols = frozenset(market.symbols)
        created = worlds.records.LogCreated(
            log=market.log,
            profile='test',
            mode=worlds.records.Mode.PAPER,
            cash=market.cash,
        )
        self.engine.tell(T.LOG_CREATED, created)
        self.engine.keep(self.engine.engine.adopt_rules())
        self.loop = asyncio.get_running_loop()
        self.broker = market.make()
        self.reconciler = reconciler.Reconciler(
            self.broker,
            self.engine.state,
            sink=self.report,
            tell=lambda found: self.engine.tell(T.RECONCILIATION, found),
            booked=self.engine.state.knows_execution,
            time_source=clock.LiveClock(),
            expected=reconcile.Expected(),
            every_s=0.0,
            apart_s=0.2,
        )

    def report(self, report):
        self.loop.call_soon_threadsafe(self._take, report)

    def _take(self, report):
        kind = T.FILL if isinstance(report, orders.Fill) else T.ORDER_UPDATE
        self.engine.tell(kind, report, 'broker:test')

    async def command(self, cls, **fields):
        """Gives a command, and carries out what follows from it."""
        answer = self.engine.command(cls, **fields)
        for effect in list(self.engine.last.effects):
            if isinstance(effect, step.Place):
                await self.broker.place_order(effect.order)
            elif isinstance(effect, step.Cancel):
                self.answered = await self.broker.cancel_order(effect.order.id)
        return answer

    async def status(self, order_id, status):
        """Waits until our book has an order in a state."""
        end = self.loop.time() + SOON_S
        while self.engine.status(order_id) is not status:
            assert self.loop.time() < end, self.engine.status(order_id)
            await asyncio.sleep(0.02)

    async def differing(self, *kinds):
        """Looks until these kinds of things differ, and no others."""

        def found():
            return sorted(
                each.kind.value
                for each in self.engine.state.differences.values()
            )

        async with asyncio.timeout(SOON_S):
            while True:
                await self.reconciler.reconciled()
                if found() == sorted(kinds):
                    return list(self.engine.state.differences.values())
                await asyncio.sleep(0.1)


@contextlib.asynccontextmanager
async def open_books(name):
    market = table.WORLDS[name]()
    try:
        books = Books(market)
        await books.broker.connect(books.report, lambda order: False)
        yield books
        await books.broker.disconnect()
    finally:
        await market.close()


@pytest.mark.parametrize('name', list(table.WORLDS))
async def test_an_order_placed_elsewhere_is_adopted_and_cancelled(name):
    async with open_books(name) as books:
        symbol = books.market.symbols[0]
        await books.market.trade(symbol, 100.0)
        books.engine.bar(symbol)
        ours = await books.command(
            commands.SubmitOrder,
            symbol=symbol,
            side=BUY,
            quantity=2.0,
            type=orders.OrderType.LIMIT,
            price=95.0,
        )
        await books.status(ours.order_id, S.ACCEPTED)
        await books.market.place_elsewhere(symbol, BUY, 3.0, 90.0)
        (found,) = await books.differing('order')
        await books.command(commands.Settle, id=found.id, how=H.ADOPT)
        await books.differing()
        adopted = found.order.id
        assert books.engine.state.orders[adopted].is_working
        await books.command(commands.CancelOrder, order_id=adopted)
        left = [ours.order_id]
        if books.answered.accepted:
            await books.status(adopted, S.CANCELLED)
        else:
            # At Interactive Brokers only who placed an order takes it out.
            assert name == 'ibkr'
            assert books.answered.message
            left.append(adopted)
        working = await books.broker.get_orders()
        assert [one.id for one in working] == left


@pytest.mark.parametrize('name', list(table.WORLDS))
async def test_what_was_traded_elsewhere_is_in_our_book_in_the_end(name):
    async with open_books(name) as books:
        symbol = books.market.symbols[0]
        await books.market.trade(symbol, 100.0)
        books.engine.bar(symbol)
        await books.differing()
        await books.market.trade_elsewhere(symbol, BUY, 3.0, 90.0)
        system = books.engine.state
        await books.reconciler.reconciled()
        for found in list(system.differences.values()):
            if found.id in system.differences:
                await books.command(commands.Settle, id=found.id, how=H.ACCEPT)
        await books.differing()
        account = await books.broker.get_account_info()
        assert system.portfolio.quantity(symbol) == 3.0
        assert abs(system.portfolio.cash - account.cash) < 1.0
