"""How long a key waits where lists are long and all of them change."""

import asyncio
from collections.abc import Callable
from concurrent import futures
import time
from typing import NoReturn

from textual import events as textual_events
from textual.drivers import headless_driver

from benchmarks import rows
from sting.model import commands
from sting.model import market
from sting.model import orders
from sting.model import records
from sting.model import views
from tui import app
from tui import themes
from tui.panes import table

SYMBOLS = tuple(f'S{n:03}' for n in range(500))
ORDERS = 5_000
EVENTS = 100_000
# New events of a picture, of which there are ten a second.
FRESH = 50
KEYS = 210
SIZE = (200, 50)
START = 1_577_836_800 * market.NANOSECONDS
# Each of them moves the cursor, from the second row on.
_ROUND = ('pagedown', 'j', 'j', 'k', 'j', 'pageup', 'k')
_PANES = {'1': 'watchlist', '4': 'orders', '8': 'events'}
_PATIENCE_S = 20.0
_PICTURES = 16


class _Station:
    """A workstation whose every picture is another one."""

    def __init__(self) -> None:
        self._count = 0
        self._events = [_event(seq) for seq in range(1, EVENTS + 1)]
        self._orders = tuple(_order(number) for number in range(ORDERS))
        self._watch = [_watch(nth) for nth in range(_PICTURES)]

    def snapshot(self) -> views.Snapshot:
        """Gives the next picture."""
        self._count += 1
        last = self._events[-1].seq
        self._events += [_event(last + 1 + nth) for nth in range(FRESH)]
        del self._events[:FRESH]
        return views.Snapshot(
            profile='bench',
            mode=records.Mode.PAPER,
            account='paper',
            pid=1,
            started=START,
            uptime_s=self._count / 10,
            time=START + self._count * market.NANOSECONDS,
            seq=last + FRESH,
            equity=100_000.0 + self._count,
            cash=50_000.0,
            day_pnl=float(self._count),
            watch=self._watch[self._count % _PICTURES],
            orders=self._orders,
            events=tuple(self._events),
        )

    def bars(self, symbol: str, limit: int) -> tuple[market.MarketData, ...]:
        """Gives bars on a line."""
        return tuple(
            market.MarketData(
                symbol, START + nth * 60 * market.NANOSECONDS,
                100.0, 101.0, 99.0, 100.5, 1000.0,
            )
            for nth in range(min(limit, 200))
        )  # fmt: skip

    def lines(self, symbol: str, limit: int) -> tuple[views.Line, ...]:
        """Gives no indicators."""
        del symbol, limit
        return ()

    def marks(self, symbol: str, limit: int) -> tuple[views.Mark, ...]:
        """Gives none."""
        del symbol, limit
        return ()

    def submit(
        self, command: commands.Command
    ) -> futures.Future[commands.CommandResult]:
        """Takes nothing."""
        _unasked(command)

    def emergency_stop(self, who: str, reason: str, latched: int = 0) -> int:
        """Takes nothing."""
        _unasked(who, reason, latched)

    def judge(
        self, command: commands.SubmitOrder | commands.ReplaceOrder
    ) -> futures.Future[views.Judgement]:
        """Takes nothing."""
        _unasked(command)

    def why(self, seq: int) -> futures.Future[tuple[views.Cause, ...]]:
        """Takes nothing."""
        _unasked(seq)

    def output(
        self, strategy: str, limit: int
    ) -> futures.Future[tuple[str, ...]]:
        """Takes nothing."""
        _unasked(strategy, limit)

    def close(self) -> None:
        """Has nothing to end."""


def _unasked(*given: object) -> NoReturn:
    raise rows.WrongError(f'nobody was to ask for {given}')


def _event(seq: int) -> views.EventRow:
    return views.EventRow(
        seq,
        START + seq * market.NANOSECONDS,
        'market_data' if seq % 50 else 'fill',
        'feed:bench',
        SYMBOLS[seq % len(SYMBOLS)],
        seq - 1,
        f'close {seq / 7:.2f}',
    )


def _order(number: int) -> orders.Order:
    status = orders.OrderStatus
    return orders.Order(
        id=f'log-{number}-0-1',
        symbol=SYMBOLS[number % len(SYMBOLS)],
        side=orders.OrderSide.BUY,
        quantity=10.0,
        type=orders.OrderType.LIMIT,
        price=99.5,
        status=status.ACCEPTED if number < ORDERS // 2 else status.CANCELLED,
        created=START,
        updated=START,
        seq=number + 1,
    )


def _watch(nth: int) -> tuple[views.WatchRow, ...]:
    return tuple(
        views.WatchRow(
            symbol=symbol,
            last=100.0 + (index * 7 + nth) % 50 / 8,
            change=0.01 * (nth - 8),
            volume=1000.0 * nth,
            timestamp=START,
            age_s=0.4,
            trend=tuple(float((each + nth) % 9) for each in range(30)),
        )
        for index, symbol in enumerate(SYMBOLS)
    )


class _Screen(headless_driver.HeadlessDriver):
    """A terminal that takes all at once, and says when it was painted.

    Attributes:
        is_due: Whether what is waited for is in what is written now.
        painted: It was.
    """

    is_due: Callable[[], bool]
    painted: asyncio.Event

    @property
    def is_headless(self) -> bool:
        """All that a terminal gets is made for this one, too."""
        return False

    def write(self, data: str) -> None:
        """Takes what is painted."""
        del data
        if self.is_due():
            self.painted.set()


def run() -> list[rows.Row]:
    """Scrolls through the panes while every price changes, and filters."""
    return asyncio.run(_run())


async def _run() -> list[rows.Row]:
    _Screen.painted = asyncio.Event()
    _Screen.is_due = staticmethod(lambda: True)
    shown = app.StingApp(_Station(), themes.load_all(), driver_class=_Screen)
    running = asyncio.create_task(shown.run_async(size=SIZE, mouse=False))
    made = []
    try:
        await asyncio.wait_for(_Screen.painted.wait(), _PATIENCE_S)
        await asyncio.sleep(1)
        for number, scope in _PANES.items():
            pane = shown.query_one(f'#{scope}', table.Table)
            await _press(shown, number, lambda pane=pane: pane.has_focus)
            made.append(await _scrolled(shown, pane))
        for scope, text in (('orders', 's011'), ('events', 'fill s100')):
            pane = shown.query_one(f'#{scope}', table.Table)
            made += await _filtered(pane, text)
    finally:
        shown.exit()
        await running
    return made


async def _press(
    shown: app.StingApp, key: str, is_due: Callable[[], bool]
) -> float:
    """Presses a key; gives the seconds to the paint that shows it."""
    _Screen.painted.clear()
    _Screen.is_due = staticmethod(is_due)
    before = time.perf_counter()
    character = key if len(key) == 1 else None
    shown.post_message(textual_events.Key(key, character))
    await asyncio.wait_for(_Screen.painted.wait(), _PATIENCE_S)
    return time.perf_counter() - before


async def _scrolled(shown: app.StingApp, pane: table.Table[object]) -> rows.Row:
    """Moves the cursor of a pane up and down."""

    def place() -> object:
        return pane.key_of(pane.current)

    waits = []
    top = place()
    await _press(shown, 'j', lambda: place() != top)
    for nth in range(KEYS):
        # Now before a picture comes, now after it.
        await asyncio.sleep(0.013 * (nth % 8))
        at = place()
        waits.append(
            await _press(
                shown, _ROUND[nth % len(_ROUND)], lambda at=at: place() != at
            )
        )
    return rows.Row(
        f'{len(pane.rows):,} {pane.scope}: key to paint, p99',
        rows.percentile(waits, 99) * 1000,
        'ms',
        f'p50 {rows.median(waits) * 1000:.3g} ms; {len(SYMBOLS)} symbols, '
        f'{ORDERS:,} orders and {EVENTS:,} events are shown',
    )


async def _filtered(pane: table.Table[object], text: str) -> list[rows.Row]:
    """Filters a pane; gives the longest that nothing else could be done."""
    count = len(pane.rows)
    gaps = []
    began = last = time.perf_counter()
    # By the app's own task, as a key does.
    pane.call_later(pane.set_filter, text)
    while not pane.filter_text or 'looking' in pane.note:
        await asyncio.sleep(0)
        now = time.perf_counter()
        gaps.append(now - last)
        last = now
    rows.check(0 < len(pane.rows) < count, True, 'rows that hold the filter')
    found = len(pane.rows)
    pane.call_later(pane.set_filter, '')
    return [
        rows.Row(
            f'{count:,} {pane.scope} through a filter, the longest wait',
            max(gaps) * 1000,
            'ms',
            f'all found after {(last - began) * 1000:.3g} ms: {found}',
        )
    ]
