"""What screens show, folded from the same events as the state."""

import collections
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
import copy
from typing import Any

import msgspec

from sting.engine import describe
from sting.engine import fates
from sting.engine import latency
from sting.engine import performance
from sting.engine import state
from sting.engine import tracks
from sting.model import commands
from sting.model import events
from sting.model import market
from sting.model import orders
from sting.model import readings
from sting.model import records
from sting.model import stops
from sting.model import views

BARS = 2_000
TREND = 30
ALERTS = 200
EVENTS = 500
MARKS = 500
DONE = 200
# Signals not traded that are shown of each strategy.
UNTRADED = 50

_T = events.EventType


class _Watch:
    """What the watchlist shows of a symbol."""

    __slots__ = (
        'arrived', 'bars', 'last', 'marks', 'midnight', 'quote',
        'read', 'reference', 'stamp', 'told', 'tracks', 'trend', 'volume',
    )  # fmt: skip

    def __init__(self) -> None:
        self.arrived: float | None = None
        self.quote: market.Quote | None = None
        self.trend: collections.deque[float] = collections.deque(maxlen=TREND)
        self.bars: list[market.MarketData] = []
        self.marks: list[views.Mark] = []
        # By strategy, what its indicators gave.
        self.tracks: dict[str, tracks.Track] = {}
        self.read = 0
        self.told = 0
        self.begin()

    def begin(self) -> None:
        self.last: float | None = None
        self.reference: float | None = None
        self.volume = 0.0
        self.stamp = 0
        # When the day of the last bar ends, nanoseconds since the epoch.
        self.midnight = -state.DAY

    def copy(self) -> '_Watch':
        made = copy.copy(self)
        made.trend = self.trend.copy()
        made.bars = self.bars.copy()
        made.marks = self.marks.copy()
        # They are of what runs, not of the log.
        made.tracks = {}
        made.read = 0
        return made

    def take(self, bar: market.MarketData) -> None:
        timestamp = bar.timestamp
        if timestamp > self.midnight:
            self.reference = bar.open if self.last is None else self.last
            self.volume = 0.0
            self.midnight = (state.day_of(timestamp) + 1) * state.DAY
        self.last = close = bar.close
        self.volume += bar.volume
        self.stamp = timestamp
        self.trend.append(close)
        _keep(self.bars, bar, BARS)


def _keep(items: list[Any], item: Any, most: int) -> None:
    """Appends, and drops the oldest half past the bound now and then.

    A list, since other threads take slices of it, which is one step.
    """
    items.append(item)
    if len(items) > most + most // 2:
        del items[: len(items) - most]


class Board:
    """Keeps what screens show, and makes pictures of it."""

    def __init__(
        self,
        profile: str,
        symbols: tuple[str, ...],
        system: state.SystemState,
        timing: latency.BarToOrder | None = None,
        groups: Mapping[str, str] | None = None,
    ) -> None:
        """Sets up an empty board.

        Args:
            profile: The profile's name.
            symbols: The watchlist, in order.
            system: The state that takes the same events before the board.
            timing: Knows how long orders took; None where nobody does.
            groups: The group of the watchlist that a symbol is in, by symbol.
        """
        self._system = system
        self._timing = timing
        self._groups = groups or {}
        self._profile = profile
        # When what is being taken came; None for what is read back.
        self._arrived: float | None = None
        self._watch = {symbol: _Watch() for symbol in symbols}
        self._events: list[events.Event] = []
        self._rows: tuple[views.EventRow, ...] = ()
        self._alerts: list[views.AlertRow] = []
        self._seen = 0
        # Newer alerts that were acknowledged one by one.
        self._seen_alone: set[int] = set()
        self._done: dict[str, None] = {}
        self._wanted: dict[int, orders.Signal] = {}
        self._fates = fates.Fates()
        self._untraded: dict[str, list[views.UntradedRow]] = {}
        self._answers: dict[str, int] = {}
        self._stop: tuple[int, stops.StopReport | None] = (0, None)
        self._takers: Mapping[
            events.EventType, Callable[[events.Event, Any], None]
        ] = {
            _T.COMMAND: self._take_command,
            _T.MARKET_DATA: self._take_bar,
            _T.QUOTE: self._take_quote,
            _T.RISK_ALERT: self._take_alert,
            _T.ALERT_SEEN: self._take_seen,
            _T.ORDER_REQUEST: self._take_order,
            _T.SIGNAL: self._take_signal,
            _T.SIGNAL_REFUSED: self._take_refusal,
            _T.RISK_VERDICT: self._take_verdict,
            _T.FILL: self._take_fill,
            _T.STRATEGY_STATUS: self._take_status,
            _T.STOP_REPORT: self._take_stop,
            _T.TRADING_STATE: self._take_trading,
        }

    def take(
        self, batch: Sequence[events.Event], arrived: float | None = None
    ) -> None:
        """Takes events.

        Args:
            batch: The next ones.
            arrived: When they came, in seconds of the clock that `picture` is
                given; None for what is read back.
        """
        self._arrived = arrived
        takers = self._takers
        for event in batch:
            taker = takers.get(event.type)
            if taker is not None:
                taker(event, event.data)
        shown = self._events
        shown += batch[-EVENTS:]
        if len(shown) > EVENTS + EVENTS // 2:
            del shown[:-EVENTS]

    def add(self, symbol: str) -> None:
        """Shows one more symbol, if it is not shown yet."""
        self._watch.setdefault(symbol, _Watch())

    def over(self, system: state.SystemState) -> 'Board':
        """Gives a board of the same content that goes on by itself.

        Args:
            system: The state that takes the same events before that board.
        """
        made = Board(self._profile, (), system, self._timing, self._groups)
        made._watch = {name: each.copy() for name, each in self._watch.items()}
        made._events = self._events.copy()
        made._rows = self._rows
        made._alerts = self._alerts.copy()
        made._seen = self._seen
        made._done = self._done.copy()
        made._wanted = self._wanted.copy()
        made._fates = self._fates.copy()
        made._untraded = {
            name: rows.copy() for name, rows in self._untraded.items()
        }
        made._answers = self._answers.copy()
        made._stop = self._stop
        return made

    def fill_history(self, bars: list[market.MarketData]) -> None:
        """Shows bars from before the log began.

        Args:
            bars: Of any symbols, oldest first; what is not older than the
                first bar of the log is left out.
        """
        older: dict[str, list[market.MarketData]] = {}
        for bar in bars:
            older.setdefault(bar.symbol, []).append(bar)
        for symbol, history in older.items():
            watch = self._watch.get(symbol)
            if watch is None:
                continue
            known, watch.bars = watch.bars, []
            first = known[0].timestamp if known else None
            # All over again: the change of a day is from the close before it.
            watch.begin()
            for bar in history:
                if first is None or bar.timestamp < first:
                    watch.take(bar)
            for bar in known:
                watch.take(bar)

    def bars(self, symbol: str, limit: int) -> tuple[market.MarketData, ...]:
        """Gives the last closed bars of a symbol, oldest first."""
        watch = self._watch.get(symbol)
        return () if watch is None else tuple(watch.bars[-limit:])

    def history(self, limit: int) -> list[market.MarketData]:
        """Gives the last closed bars of every symbol, by their stamps."""
        bars = [b for w in self._watch.values() for b in w.bars[-limit:]]
        return sorted(bars, key=_by_stamp)

    def marks(self, symbol: str, limit: int) -> tuple[views.Mark, ...]:
        """Gives the last fills of a symbol, oldest first."""
        watch = self._watch.get(symbol)
        return () if watch is None else tuple(watch.marks[-limit:])

    def lines(self, symbol: str, limit: int) -> tuple[views.Line, ...]:
        """Gives what indicators of strategies had at a symbol's last bars."""
        watch = self._watch.get(symbol)
        return () if watch is None else tracks.lines(watch.tracks, limit)

    def read(self, strategy: str, told: readings.Readings) -> None:
        """Takes what a strategy's indicators have.

        Args:
            strategy: The instance's name.
            told: The values, of a symbol that is shown; others are left out.
        """
        watch = self._watch.get(told.symbol)
        if watch is None:
            return
        track = watch.tracks.get(strategy)
        if track is None:
            track = tracks.Track(BARS)
            # Replaced, since another thread may be going through it.
            watch.tracks = {**watch.tracks, strategy: track}
        track.take(told)
        watch.read += 1

    def _take_bar(self, event: events.Event, bar: market.MarketData) -> None:
        watch = self._watch.get(bar.symbol)
        if watch is not None:
            if self._arrived is not None:
                watch.arrived = self._arrived
            if bar.closed:
                watch.take(bar)

    def _take_command(
        self, event: events.Event, given: events.CommandGiven
    ) -> None:
        command = given.command
        if isinstance(command, commands.WatchSymbol):
            self.add(command.symbol)
        elif isinstance(command, commands.UnwatchSymbol):
            self._watch.pop(command.symbol, None)

    def _take_quote(self, event: events.Event, quote: market.Quote) -> None:
        watch = self._watch.get(quote.symbol)
        if watch is not None:
            if self._arrived is not None:
                watch.arrived = self._arrived
            watch.quote = quote

    def _take_alert(self, event: events.Event, alert: records.Alert) -> None:
        row = views.AlertRow(
            event.seq,
            event.timestamp,
            alert.severity,
            alert.message,
            alert.source,
            seen=False,
        )
        _keep(self._alerts, row, ALERTS)

    def _take_seen(self, event: events.Event, seen: records.AlertSeen) -> None:
        if seen.only:
            self._seen_alone.add(seen.up_to)
            return
        self._seen = max(self._seen, seen.up_to)
        self._seen_alone = {seq for seq in self._seen_alone if seq > self._seen}

    def _tell(self, event: events.Event) -> None:
        """Keeps the last that can be explained of a symbol."""
        watch = self._watch.get(event.symbol)
        if watch is not None:
            watch.told = event.seq

    def _take_order(self, event: events.Event, order: orders.Order) -> None:
        self._tell(event)
        self._done[order.id] = None
        if len(self._done) > 2 * DONE:
            for order_id in list(self._done)[:DONE]:
                del self._done[order_id]

    def _take_signal(self, event: events.Event, signal: orders.Signal) -> None:
        self._tell(event)
        watch = self._watch.get(signal.symbol)
        self._fates.take(event, signal, 0 if watch is None else watch.stamp)
        self._wanted[event.seq] = signal
        if len(self._wanted) > 2 * EVENTS:
            for seq in list(self._wanted)[:EVENTS]:
                del self._wanted[seq]

    def _take_refusal(
        self, event: events.Event, refusal: records.Refusal
    ) -> None:
        self._tell(event)
        self._fates.refuse(event.cause, refusal)
        signal = refusal.signal or self._wanted.get(event.cause)
        self._keep_untraded(
            event, refusal.strategy, refusal.gate, refusal.reason, signal
        )

    def _take_verdict(
        self, event: events.Event, verdict: records.Verdict
    ) -> None:
        self._tell(event)
        if verdict.decision is not records.Decision.DENY:
            return
        order = self._system.orders.get(verdict.order_id)
        if order is not None and order.judged == event.seq and order.strategy:
            signal = self._wanted.get(order.cause)
            self._keep_untraded(
                event, order.strategy, 'risk', verdict.message, signal
            )

    def _keep_untraded(
        self,
        event: events.Event,
        strategy: str,
        gate: str,
        reason: str,
        signal: orders.Signal | None,
    ) -> None:
        kept = self._untraded.setdefault(strategy, [])
        same = event.symbol, str(gate), reason
        # A strategy that asks with each bar must not hide what else happened.
        before = [
            place
            for place, row in enumerate(kept)
            if (row.symbol, row.gate, row.reason) == same
        ]
        row = views.UntradedRow(
            event.seq,
            event.timestamp,
            strategy,
            *same,
            wanted='' if signal is None else describe.wanted(signal),
            times=1 + (kept.pop(before[-1]).times if before else 0),
        )
        _keep(kept, row, UNTRADED)

    def _take_fill(self, event: events.Event, fill: orders.Fill) -> None:
        self._tell(event)
        watch = self._watch.get(fill.symbol)
        if watch is not None:
            _keep(watch.marks, describe.mark(event), MARKS)

    def _take_status(
        self, event: events.Event, status: records.StrategyStatus
    ) -> None:
        self._answers[status.strategy] = event.cause

    def _take_stop(self, event: events.Event, told: stops.StopReport) -> None:
        self._stop = event.seq, told

    def _take_trading(
        self, event: events.Event, change: records.TradingStateChange
    ) -> None:
        if change.state is records.TradingState.TRADING:
            self._stop = 0, None

    def picture(
        self,
        now: float,
        rows: tuple[views.StrategyRow, ...],
        **rest: Any,
    ) -> views.Snapshot:
        """Makes a picture of this moment.

        Args:
            now: Seconds, by the clock that gave the arrivals.
            rows: The strategies; profit and counts are filled in here.
            **rest: Fields of Snapshot that are not kept here.

        Returns:
            The picture.
        """
        system = self._system
        equity = system.equity()
        alerts = tuple(self._alert_rows())
        return views.Snapshot(
            profile=self._profile,
            mode=system.mode,
            state=system.trading,
            reason=system.halted_by,
            time=system.time,
            seq=system.seq,
            equity=equity,
            cash=system.portfolio.cash,
            day_pnl=equity - system.day_equity,
            watch=tuple(self._watch_rows(now)),
            orders=tuple(self._order_rows(system)),
            open_orders=system.working_count(),
            positions=tuple(_position_rows(system)),
            strategies=tuple(self._strategy_row(row, system) for row in rows),
            untraded=self._untraded_rows(),
            signals=self._fates.rows(system),
            alerts=alerts,
            unseen=sum(not row.seen for row in alerts),
            events=self._event_rows(),
            inbox=tuple(system.differences.values()),
            stop=self._stop[1],
            stop_seq=self._stop[0],
            **rest,
        )

    def _event_rows(self) -> tuple[views.EventRow, ...]:
        """Describes what is shown and came since the last picture.

        Not when it comes: of a flood, most is never shown.
        """
        known = self._rows[-1].seq if self._rows else 0
        fresh = [
            describe.to_row(event)
            for event in self._events[-EVENTS:]
            if event.seq > known
        ]
        self._rows = (*self._rows, *fresh)[-EVENTS:]
        return self._rows

    def _watch_rows(self, now: float) -> list[views.WatchRow]:
        rows = []
        for symbol, watch in self._watch.items():
            change = None
            if watch.last is not None and watch.reference:
                change = watch.last / watch.reference - 1
            age = None if watch.arrived is None else now - watch.arrived
            quote = watch.quote
            rows.append(
                views.WatchRow(
                    symbol,
                    last=watch.last,
                    change=change,
                    volume=watch.volume,
                    timestamp=watch.stamp,
                    age_s=age,
                    bid=None if quote is None else quote.bid,
                    ask=None if quote is None else quote.ask,
                    trend=tuple(watch.trend),
                    told=watch.told,
                    group=self._groups.get(symbol, ''),
                    read=watch.read,
                )
            )
        return rows

    def _order_rows(self, system: state.SystemState) -> list[orders.Order]:
        working = sorted(system.working(), key=_newest)
        done = []
        for order_id in reversed(self._done):
            order = system.orders.get(order_id)
            if order is not None and not order.is_working:
                done.append(order)
            if len(done) == DONE:
                break
        return working + done

    def _alert_rows(self) -> list[views.AlertRow]:
        return [
            msgspec.structs.replace(
                row,
                seen=row.seq <= self._seen or row.seq in self._seen_alone,
            )
            for row in reversed(self._alerts[-ALERTS:])
        ]

    def _untraded_rows(self) -> tuple[views.UntradedRow, ...]:
        rows = [r for kept in self._untraded.values() for r in kept[-UNTRADED:]]
        return tuple(sorted(rows, key=_newest))

    def _performance(
        self, name: str, system: state.SystemState
    ) -> views.Performance:
        tally = system.ledger.tallies.get(name) or performance.Tally()
        figures = performance.picture(tally, system.book(name), system.prices)
        took = self._timing and self._timing.figures(name)
        if not took:
            return figures
        return msgspec.structs.replace(
            figures, wire_p50_ms=took[0], wire_p99_ms=took[1]
        )

    def _strategy_row(
        self, row: views.StrategyRow, system: state.SystemState
    ) -> views.StrategyRow:
        status = system.strategies.get(row.name)
        done = self._performance(row.name, system)
        return msgspec.structs.replace(
            row,
            status='stopped' if status is None else status.status,
            detail='' if status is None else status.detail,
            pnl=done.pnl,
            trades=done.fills,
            performance=done,
            code='' if status is None else status.code,
            error='' if status is None else status.error,
            answers=self._answers.get(row.name, 0),
            given=tuple(system.parameters.get(row.name, ())),
            working=sum(
                order.strategy == row.name for order in system.working()
            ),
        )


def _by_stamp(bar: market.MarketData) -> int:
    return bar.timestamp


def _newest(row: orders.Order | views.UntradedRow) -> int:
    return -row.seq


def _position_rows(system: state.SystemState) -> list[views.PositionRow]:
    rows = []
    for symbol, position in sorted(system.portfolio.positions.items()):
        today = state.day_of(position.updated) == state.day_of(system.time)
        if not position.quantity and not today:
            continue
        last = system.prices.get(symbol)
        price = position.average_price if last is None else last
        rows.append(
            views.PositionRow(
                symbol,
                position.quantity,
                position.average_price,
                last,
                value=position.quantity * price,
                unrealized=position.unrealized(price),
                realized=position.realized,
            )
        )
    return rows
