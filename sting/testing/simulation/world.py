"""A world in which the engine lives, dies and has to get everything right."""

import asyncio
from collections.abc import Callable
import contextvars
import pathlib
import tempfile
from typing import Any

import msgspec
import numpy as np

from sting.engine import journal
from sting.engine import layout
from sting.engine import mark
from sting.engine import state
from sting.model import errors
from sting.model import market
from sting.model import orders
from sting.simulator import costs
from sting.simulator import market as simulated
from sting.testing import broker
from sting.testing.simulation import disk
from sting.testing.simulation import faults as faults_lib
from sting.testing.simulation import loop as loops
from sting.testing.simulation import operator
from sting.testing.simulation import oracle
from sting.testing.simulation import prices
from sting.testing.simulation import process
from sting.testing.simulation import way

START = 1_700_000_000 * market.NANOSECONDS
MINUTE_S = 60.0
MINUTES = 90
# What is under way takes at most this long to be told, asked and settled.
SETTLE_MINUTES = 8
CLOSING_MINUTES = 6
# The share of worlds whose broker takes no exits.
_PLAIN = 0.75


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a seed.

    Attributes:
        seed: The seed.
        head: The last hash of the log, in hexadecimal.
        events: How many events the log has.
        deaths: How often the process died.
        fills: How many fills the broker made.
        held: How many exits it was sent with their entries.
        failure: What was not as it has to be; empty when all was.
    """

    seed: int
    head: str
    events: int
    deaths: int
    fills: int
    held: int = 0
    failure: str = ''


class World:
    """The outside of one engine, and the engine's lives in it."""

    def __init__(self, seed: int, folder: pathlib.Path, kind: str = '') -> None:
        """Draws what goes wrong.

        Args:
            seed: Of everything.
            folder: Where the log is put.
            kind: Of the broker, see `way.NATIVES`; empty to draw it.
        """
        self._seed = seed
        chances = [
            np.random.default_rng(each)
            for each in np.random.SeedSequence(seed).spawn(7)
        ]
        self._chance = chances[0]
        self._native = way.NATIVES[kind or draw_kind(chances[6])]
        self._faults = faults_lib.draw(self._chance)
        self._loop = loops.VirtualLoop()
        self._clock = loops.LoopClock(self._loop, START)
        self._latch = process.MemoryLatch()
        self._script = faults_lib.RandomScript(self._faults, chances[1])
        self._venue = broker.Venue(
            simulated.MarketSimulator(costs.CostModel(commission_bps=1.0)),
            self._script,
            later=self._loop.call_outside,
            now=self._clock.true,
            cash=process.CASH,
            dedupes=self._faults.dedupes,
            groups=bool(chances[5].random() < 0.5),
        )
        self._chain = oracle.Chain()
        self._durable = oracle.Books(process.LIMITS)
        self._rows: list[layout.Row] = []
        self._disk = disk.Disk(
            folder / 'events.db', self._faults, chances[2], self._keep
        )
        self._prices = prices.Prices(
            process.SYMBOLS, chances[3], self._faults.bad_bar
        )
        self._operator = operator.Operator(chances[4])
        self._process: process.Process | None = None
        self._life: loops.Life | None = None
        self._context = contextvars.copy_context()
        self._deaths = 0
        self._quiet = False
        # When losses began that the engine was told of, and when they ended.
        self._outages: list[tuple[float, float]] = []
        self._minute = 0
        self._failure: BaseException | None = None
        self._ended: asyncio.Future[None] = self._loop.create_future()

    def run(self) -> Outcome:
        """Lets everything happen.

        Returns:
            What became of it.
        """
        self._loop.set_exception_handler(self._unhandled)
        main = self._loop.create_task(self._main())
        try:
            self._loop.run_until_complete(
                asyncio.wait(
                    {main, self._ended}, return_when=asyncio.FIRST_COMPLETED
                )
            )
            if main.done() and self._failure is None:
                self._failure = main.exception()
        except errors.StateError as error:
            self._failure = error
        finally:
            if self._life is not None:
                self._life.alive = False
            self._disk.close()
            self._loop.forget()
        failure = self._failure
        return Outcome(
            seed=self._seed,
            head=self._chain.head.hex(),
            events=self._durable.seq,
            deaths=self._deaths,
            fills=len(self._venue.fills),
            held=self._venue.attached,
            failure='' if failure is None else f'{_name(failure)}: {failure}',
        )

    async def _main(self) -> None:
        self._boot()
        for _ in range(MINUTES):
            self._meddle()
            await self._pass_minute()
        self._calm_down()
        for _ in range(SETTLE_MINUTES):
            await self._pass_minute()
        await asyncio.sleep(MINUTE_S / 2)
        self._check_settled()
        await self._close_all()
        if self._life is not None:
            self._life.die()
        for _ in range(SETTLE_MINUTES):
            await self._pass_minute()
        await asyncio.sleep(MINUTE_S / 2)
        self._check_settled()

    async def _close_all(self) -> None:
        """Halts, flattens with the typed word, and looks what is left."""
        self._inside(self._operator.halt)
        for _ in range(CLOSING_MINUTES):
            await self._pass_minute()
        left = [order.id for order in self._venue.working()]
        oracle.check(not left, f'{left} work on after a halt')
        self._prices.flood()
        self._inside(self._operator.flatten)
        for _ in range(CLOSING_MINUTES):
            await self._pass_minute()
        held = list(self._venue.portfolio.held)
        oracle.check(not held, f'{held} are held after a typed flatten')

    # The process.

    def _boot(self) -> None:
        """Starts a process on what the last one left."""
        dies_at = 0
        if self._deaths < self._faults.deaths and not self._quiet:
            # Some die while they recover and ask, some while they trade.
            latest = int(self._chance.choice([60, 600, 6000]))
            dies_at = int(self._chance.integers(1, latest))
        self._life = loops.Life(dies_at, self._died)
        self._context = loops.context_of(self._life)
        self._loop.call_soon(self._begin, context=self._context.copy())

    def _begin(self) -> None:
        books = oracle.Books(process.LIMITS)
        chain = oracle.Chain()
        for row in self._rows:
            books.take(chain.take(row))
        made = self._process = process.Process(
            way.WatchedBroker(
                self._venue, self._clock, self._check_sent, self._native
            ),
            self._latch,
            self._clock,
            books,
            self._repeats,
            # It would mend what must not need it.
            looks=self._seed % 2 == 0,
        )
        task = asyncio.get_running_loop().create_task(
            made.run(self._disk, self._faults.batch, self._faults.checkpoint)
        )
        task.add_done_callback(self._process_ended)

    def _died(self) -> None:
        """The process is gone: so is its connection."""
        self._deaths += 1
        self._process = None
        self._loop.bury()
        self._venue.detach()
        # By then nothing is on its way any more.
        down = faults_lib.ON_THE_WAY_S + 40.0 * float(self._chance.random())
        self._loop.call_outside(down, self._boot)

    def _process_ended(self, task: asyncio.Task[None]) -> None:
        error = task.exception()
        if isinstance(error, errors.JournalWriteError) and self._life:
            # A start on a full disk ends with one line; it is tried again.
            self._life.die()
            return
        self._fail(error or oracle.ViolationError('the engine ended'))

    def _unhandled(self, loop: Any, context: dict[str, Any]) -> None:
        error = context.get('exception')
        self._fail(error or oracle.ViolationError(context['message']))

    def _fail(self, error: BaseException) -> None:
        if self._failure is None:
            self._failure = error
        if not self._ended.done():
            self._ended.set_result(None)

    def _inside(self, act: Callable[[process.Process], None]) -> None:
        """Does something to the process that lives, if one does."""
        made = self._process
        if made is not None and hasattr(made, 'sequence'):
            self._loop.call_soon(act, made, context=self._context.copy())

    def _repeats(self) -> bool:
        share = 0.0 if self._quiet else self._faults.doubled_signal
        return bool(share and self._chance.random() < share)

    # What happens outside.

    async def _pass_minute(self) -> None:
        """Lets a minute pass and its bars come."""
        self._minute += 1
        await asyncio.sleep(MINUTE_S)
        stamp = self._clock.true()
        for bar in self._prices.next_bars(stamp):
            self._venue.trade(bar)
        self._check_venue()
        for bar in self._prices.seen(quiet=self._quiet):
            if self._process is not None:
                self._process.feed.bars.put_nowait(bar)

    def _meddle(self) -> None:
        """Does to the next minute what the faults and the operator do."""
        chance, faults = self._chance, self._faults
        later = self._loop.call_outside
        if chance.random() < faults.drops and self._venue.connected:
            begins = MINUTE_S * float(chance.random())
            noticed = bool(chance.random() < 0.5)
            later(begins, self._drop, noticed)
            later(begins + 150.0 * float(chance.random()), self._restore)
        if chance.random() < faults.jumps:
            seconds = int(chance.integers(-600, 600))
            self._clock.error = seconds * market.NANOSECONDS
        if chance.random() < faults.unasked:
            self._venue.fill_unasked(self._unasked())
        # Often in one moment, and about when the bars come.
        for _ in range(int(chance.integers(0, 3))):
            wait = MINUTE_S * float(chance.random())
            if chance.random() < 0.3:
                wait = MINUTE_S + 2.0 * float(chance.random())
            for _ in range(int(chance.integers(1, 4))):
                later(wait, self._inside, self._operator.act)

    def _drop(self, noticed: bool) -> None:
        """Cuts the connection, until `_restore`."""
        if noticed:
            self._outages.append((self._loop.time(), float('inf')))
        self._venue.drop(noticed=noticed)

    def _restore(self) -> None:
        """Ends every outage."""
        now = self._loop.time()
        self._outages = [(begin, min(end, now)) for begin, end in self._outages]
        self._venue.restore()

    def _unasked(self) -> orders.Fill:
        number = len(self._venue.fills)
        symbol = process.SYMBOLS[number % len(process.SYMBOLS)]
        return orders.Fill(
            order_id=f'other-{number}',
            execution_id=f'other-{number}',
            symbol=symbol,
            side=(orders.OrderSide.BUY, orders.OrderSide.SELL)[number // 2 % 2],
            quantity=3.0,
            price=self._prices.last[symbol],
            timestamp=self._clock.true(),
        )

    def _calm_down(self) -> None:
        """Nothing goes wrong any more."""
        self._quiet = self._script.quiet = self._disk.quiet = True
        self._clock.error = 0
        self._loop.call_outside(160.0, self._restore)
        if self._life is not None:
            self._life.spare()

    # What has to be true.

    def _keep(self, rows: list[layout.Row]) -> None:
        """Takes rows that are durable from this moment on."""
        for row in rows:
            self._durable.take(self._chain.take(row))
        self._rows += rows

    def _check_sent(self, order: orders.Order) -> None:
        """Holds an order that leaves against the log."""
        try:
            known = self._durable.asked.get(order.id)
            oracle.check(known is not None, f'{order.id} leaves unlogged')
            oracle.check(
                order.id in self._durable.approved,
                f'{order.id} leaves without an approving verdict',
            )
            oracle.check(
                not self._latch.is_set or self._durable.is_flatten(order.id),
                f'{order.id} leaves while everything is halted',
            )
            oracle.check(
                order.id not in self._venue.orders,
                f'{order.id} is sent again though the broker has it',
            )
            self._check_waited(order.id)
        except oracle.ViolationError as error:
            self._fail(error)
            raise

    def _check_waited(self, order_id: str) -> None:
        """Holds an order that leaves for the first time against its age."""
        if self._process is None:
            return
        handed = self._process.brokers.handed.pop(order_id, None)
        if handed is None:
            return
        now = self._loop.time()
        lost = [
            min(end, now) - max(begin, handed) for begin, end in self._outages
        ]
        most = process.POLICY.patience_s + oracle.CLOSE
        oracle.check(
            max(lost, default=0.0) <= most,
            f'{order_id} leaves after an outage of {max(lost, default=0.0)} s',
        )

    def _check_venue(self) -> None:
        """Holds the broker's side against the limits."""
        twice = [key for key, count in self._venue.placed.items() if count > 1]
        oracle.check(not twice, f'{twice} were placed twice')
        strange = sum(
            fill.quantity
            for fill in self._venue.fills
            if fill.order_id.startswith('other')
        )
        most = process.LIMITS['max_position'] + strange + oracle.CLOSE
        for symbol, position in self._venue.portfolio.positions.items():
            oracle.check(
                abs(position.quantity) <= most,
                f'{position.quantity} {symbol} are held at the broker',
            )

    def _check_settled(self) -> None:
        """Holds the engine against the broker, when nothing is under way."""
        made = self._process
        oracle.check(made is not None, 'the engine does not live')
        assert made is not None  # noqa: S101 - for the type checker.
        system: state.SystemState = made.engine.state
        oracle.compare(self._durable, system)
        ours = {order.id: order for order in system.working()}
        theirs = {order.id: order for order in self._venue.working()}
        oracle.check(
            set(ours) == set(theirs),
            f'here work {sorted(ours)}, at the broker {sorted(theirs)}: '
            + ', '.join(
                f'{key} {system.orders[key].status}'
                for key in sorted(set(ours) ^ set(theirs))
                if key in system.orders
            ),
        )
        for order_id, order in ours.items():
            oracle.check(
                order.status.value in ('accepted', 'partially_filled')
                and _terms(order) == _terms(theirs[order_id]),
                f'here {order}, at the broker {theirs[order_id]}',
            )
            self._check_held(order)
        oracle.check(
            not system.differences,
            f'the inbox has {sorted(system.differences)}',
        )
        book = self._venue.portfolio
        oracle.check(
            abs(book.cash - system.portfolio.cash) < oracle.CLOSE * 1000,
            f'cash here {system.portfolio.cash}, at the broker {book.cash}',
        )
        for symbol in process.SYMBOLS:
            here = system.portfolio.quantity(symbol)
            there = book.quantity(symbol)
            oracle.check(
                abs(here - there) < oracle.CLOSE,
                f'{symbol}: here {here}, at the broker {there}',
            )

    def _check_held(self, order: orders.Order) -> None:
        """Holds what waits for an entry here against what does there."""
        entry = self._venue.orders.get(order.parent)
        waits = order.id in self._venue.asleep
        coming = bool(entry and entry.is_working and entry.filled)
        # Where each part of an entry wakes its exits, both may be so.
        parts = coming and self._native is not None and not self._native.whole
        oracle.check(
            parts or bool(order.held) == waits,
            f'{order.held} of {order.id} wait for their entry here; at the '
            f'broker the order {"waits" if waits else "works"}',
        )


def _terms(order: orders.Order) -> tuple[float | None, ...]:
    return (order.quantity, order.price, order.stop_price, order.filled)


def _name(error: BaseException) -> str:
    return type(error).__name__


def draw_kind(chance: np.random.Generator) -> str:
    """Draws what the broker makes of attached exits: mostly nothing."""
    if chance.random() < _PLAIN:
        return way.PLAIN
    return str(
        chance.choice([kind for kind in way.NATIVES if kind != way.PLAIN])
    )


def simulate(seed: int, kind: str = '') -> Outcome:
    """Runs one seed.

    Args:
        seed: Of everything that is drawn.
        kind: Of the broker, see `way.NATIVES`; empty to draw it.

    Returns:
        What became of it.
    """
    with tempfile.TemporaryDirectory(prefix='sting-sim-') as name:
        folder = pathlib.Path(name)
        (folder / 'events.db').write_bytes(_empty_log())
        return World(seed, folder, kind).run()


_template: list[bytes] = []


def _empty_log() -> bytes:
    """Gives the file of a log without events, as the journal makes it."""
    if not _template:
        with tempfile.TemporaryDirectory(prefix='sting-sim-') as name:
            path = pathlib.Path(name) / 'events.db'
            asyncio.run(_make(path))
            _template.append(path.read_bytes())
    return _template[0]


async def _make(path: pathlib.Path) -> None:
    made = await journal.Journal.open(
        path, seq=mark.START.seq, head=mark.START.head
    )
    await made.close()
