"""BacktestEngine: the engine over bars of the past, in lockstep.

The same CoreEngine, order table, risk rules and portfolio as live; the market
is the simulator. An event is answered before the next one is taken, so two
runs over the same bars give the same log, hash for hash.
"""

import asyncio
from collections.abc import Callable
from collections.abc import Container
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from concurrent import futures
import functools
import hashlib
from typing import Any

import msgspec

from sting.backtest import agenda
from sting.backtest import assumptions
from sting.backtest import curve as curves
from sting.backtest import detail as details
from sting.backtest import financing
from sting.backtest import record
from sting.backtest import result
from sting.backtest import settling
from sting.backtest import trades
from sting.backtest.figures import analyzer
from sting.backtest.figures import benchmark as benchmarks
from sting.backtest.figures import excursions
from sting.data import calendars
from sting.data import table
from sting.engine import clock
from sting.engine import core
from sting.engine import exits
from sting.model import events
from sting.model import market
from sting.model import orders
from sting.model import records
from sting.model import specs
from sting.risk import manager
from sting.simulator import market as simulated
from sting.strategy import base
from sting.strategy import context
from sting.strategy import loader
from sting.strategy import runner
from sting.strategy import versions

LOG = 'backtest'
# The strategy's name in orders and in the log: its path is no part of a run.
NAME = 'strategy'
PROGRESS = 16_384
# From so many bars on, indicators go bar by bar.
_LARGE = 4_000_000
_COLUMNS = ('timestamp', 'open', 'high', 'low', 'close', 'volume')

Progress = Callable[[int, int], None]

_T = events.EventType


class _All:
    """Contains every symbol."""

    def __contains__(self, symbol: object) -> bool:
        return True


class BacktestEngine:
    """Runs one strategy over a table of bars."""

    def __init__(
        self,
        feeder: runner.StrategyRunner,
        bars: table.BarTable,
        gate: manager.RiskManager,
        assumed: assumptions.Assumptions,
        *,
        watch: record.Watch | None = None,
        warm: table.BarTable | None = None,
        fine: table.BarTable | None = None,
    ) -> None:
        """Sets up a run.

        Args:
            feeder: Feeds the strategy.
            bars: In the order of their stamps.
            gate: Risk.
            assumed: Of the account and of the market.
            watch: Shown every event but the bars.
            warm: Bars before these, for the indicators alone.
            fine: Finer bars, which orders are held against.
        """
        self._agenda = agenda.Agenda(assumed, bars, warm)
        self._assumed = assumed
        self._feeder = feeder
        self._bars = bars
        self._market = self._open_market(
            assumed,
            session_close=functools.partial(
                calendars.session_close, calendar=assumed.calendar
            ),
            session_open=functools.partial(
                calendars.session_open, calendar=assumed.calendar
            ),
        )
        self._detail = None if fine is None else details.Detail(fine, bars)
        self._engine = core.CoreEngine(
            gate,
            symbols=bars.symbols,
            strategies={feeder.name: feeder.number},
            matcher=self._matcher(),
            taker=self._market.accept,
        )
        charged = assumed.costs
        self._financing = (
            financing.Financing(charged, self._engine.state)
            if charged.borrow or charged.margin
            else None
        )
        self._market.know(
            functools.partial(exits.standing, self._engine.state),
            () if self._financing is None else self._financing.cuts,
        )
        # Risk that looks at every bar, a lender, or the market, has to see it
        # first; so have costs that look back on the finer bars.
        by_all = (
            gate.watches
            or bool(gate.protections)
            or self._financing is not None
            or not (fine is None or charged.is_scalar)
        )
        self._concerned: Container[str] = (
            _All() if by_all else self._market.concerned
        )
        self._cash = assumed.cash
        self._curve = self._make_curve()
        self.record = record.Record(gate.rule_set().names, watch)
        self._settler = settling.Settler(
            self._engine, self._market, feeder, self.record
        )

    async def run(self, progress: Progress | None = None) -> None:
        """Plays all bars.

        Args:
            progress: Told now and then how many bars are done, and of how
                many.

        Raises:
            errors.StrategyError: The strategy raised.
        """
        first = int(self._bars.timestamp[0]) if len(self._bars) else 0
        self._expect()
        await self._begin(first)
        self._preload()
        done = 0
        for due, part in self._agenda.parts():
            for each in due:
                await self._take_action(each)
            await self._play(part, done, progress)
            done += len(part)
        last = self._engine.state.time
        seq = self._engine.state.seq
        await self._settler.take_signals(
            await self._feeder.stop(last, seq), seq
        )
        if progress is not None:
            progress(len(self._bars), len(self._bars))

    def curve(self) -> analyzer.EquityCurve:
        """Gives the account after each moment."""
        return self._curve.close()

    @functools.cached_property
    def data_hash(self) -> str:
        """The identity of the bars, and of all that belongs to them."""
        assumed = self._assumed
        parts = [self._bars.digest().encode()]
        if self._detail is not None:
            parts.append(self._detail.fine.digest().encode())
        if assumed.actions or assumed.universe:
            told = assumed.actions, assumed.universe
            parts.append(msgspec.json.encode(told))
        if len(parts) == 1:
            return parts[0].decode()
        return hashlib.blake2b(b''.join(parts), digest_size=16).hexdigest()

    def trips(self) -> tuple[trades.TradeTable, tuple[trades.OpenTrip, ...]]:
        """Gives the round trips, those still open at the last closes."""
        return trades.all_trips(self.record.fills, self._engine.state.prices)

    def log_hash(self) -> str:
        """Gives the hash over all bars and all that came of them."""
        return self.record.log_hash(self.data_hash)

    def told(self) -> dict[str, Any]:
        """Tells of the finer bars; nothing without any."""
        detail = self._detail
        if detail is None:
            return {}
        return {
            'detail_timeframe': detail.fine.timeframe,
            'detail_bars': len(detail.fine),
            'bars_decided_by_detail': detail.decided,
        }

    def _open_market(
        self, assumed: assumptions.Assumptions, **sessions: Any
    ) -> simulated.MarketSimulator:
        """Gives the market."""
        return simulated.MarketSimulator(
            assumed.costs,
            participation=assumed.participation,
            touch_fills=assumed.touch_fills,
            fill=assumed.fill,
            **sessions,
        )

    def _expect(self) -> None:
        """Says to the strategy what will come."""
        self._feeder.expect(self._bars.timeframe)

    def _stretches(self, part: table.BarTable) -> Iterator[market.Stretch]:
        """Gives what is played."""
        return part.stretches(PROGRESS)

    def _matcher(self) -> core.Matcher:
        """Gives what holds the orders against a bar."""
        if self._detail is None:
            return self._market.on_bar
        return functools.partial(self._detail.hold, self._market)

    async def _begin(self, now: int) -> None:
        created = records.LogCreated(
            log=LOG,
            profile=LOG,
            mode=records.Mode.REPLAY,
            cash=self._cash,
        )
        self._settler.put(_T.LOG_CREATED, created, 'engine', now)
        self._settler.add(self._engine.adopt_rules())
        name = self._feeder.name
        running = records.StrategyStatus(strategy=name, status='running')
        self._settler.put(_T.STRATEGY_STATUS, running, name, now)
        await self._settler.settle()
        seq = self._engine.state.seq
        await self._settler.take_signals(
            await self._feeder.start(now, seq), seq
        )

    def _preload(self) -> None:
        """Has the indicators of all symbols worked out by column.

        Those that are warmed up go on bar by bar.
        """
        warm = self._agenda.warm()
        if warm is not None:
            for bar in warm.rows():
                self._feeder.warm_up(bar)
            return
        bars = self._bars
        if len(bars) >= _LARGE:
            # The indicators' columns would need as much memory as the bars'.
            return
        for symbol, own in bars.split():
            columns = {name: getattr(bars, name)[own] for name in _COLUMNS}
            self._feeder.preload(symbol, columns)
            bars.release()

    def _make_curve(self) -> curves.Curve:
        bars, system = self._bars, self._engine.state
        if len(bars.symbols) != 1 or not bars.rises():
            return curves.OfSeveral(system, self._cash, len(bars))
        return curves.OfOne(system, self._cash, len(bars), bars.symbols[0])

    async def _take_action(self, due: agenda.Due) -> None:
        """Has all parts take a corporate action, between two bars."""
        self._curve.end_moment()
        system = self._engine.state
        action = self._agenda.record(due, system)
        symbol, now = action.symbol, max(due.moment, system.time)
        self.record.fills.act(action, system.portfolio.quantity(symbol), now)
        self._market.act(action, now)
        if action.kind is records.ActionKind.SPLIT and self._settler.running:
            together = self._feeder.together(symbol)
            history = self._agenda.history(together, due)
            self._feeder.restate(together, history.rows())
        self._settler.put(_T.CORPORATE_ACTION, action, 'data', now, symbol)
        await self._settler.settle()
        if action.kind is records.ActionKind.DELISTING:
            await self._clear(symbol, 'delisted')

    async def _play(
        self, bars: table.BarTable, done: int, progress: Progress | None
    ) -> None:
        """Plays bars that nothing becomes of in between.

        Args:
            bars: A part of the run's.
            done: How many came before.
            progress: Told how many are done.
        """
        total = len(self._bars)
        for stretch in self._stretches(bars):
            if progress is not None:
                progress(done, total)
            # Else an interrupt would have to wait for the end of the run.
            await asyncio.sleep(0)
            await self._play_stretch(stretch)
            done += len(stretch.bars)

    async def _play_stretch(self, stretch: market.Stretch) -> None:
        """Plays bars: at once what nothing can come of, else one by one."""
        system, rest = self._engine.state, iter(stretch.bars)
        place = 0
        symbol = stretch.symbols[0] if stretch.of_one else ''
        self._curve.begin(stretch)
        while True:
            before = system.seq
            number, met, signals = await self._pass_on(before, rest, symbol)
            passed = place + number - before
            if passed != place:
                self._pass_over(stretch, place, passed)
                place = passed
            if met is not None:
                self._curve.before(place)
                if self._financing is not None:
                    await self._finance(self._financing, met.timestamp)
                    number = system.seq
                place += 1
                number += 1
                signals = await self._meet(number, met)
            elif not signals:
                break
            if signals:
                await self._settler.take_signals(signals, number)
            if met is not None:
                # What is only wanted changes nothing of the account.
                self._curve.changed(place - 1)
        self._curve.finish()

    async def _pass_on(
        self, seq: int, bars: Iterator[Any], symbol: str
    ) -> tuple[int, Any, Sequence[orders.Signal]]:
        """Hands on bars that meet no order; see `StrategyRunner.pass_on`."""
        concerned = self._concerned
        if symbol and symbol in concerned:
            # The next bar is one that the market has to see.
            return seq, next(bars, None), ()
        if self._settler.running:
            return await self._feeder.pass_on(seq, bars, concerned, symbol)
        for bar in bars:
            if bar.symbol in concerned:
                return seq, bar, ()
            seq += 1
        return seq, None, ()

    async def _finance(
        self, lender: financing.Financing, timestamp: int
    ) -> None:
        """Has the lender look at the account before a moment's first bar."""
        if not lender.begins(timestamp):
            return
        system = self._engine.state
        call = lender.call()
        if call is not None:
            told = self._engine.call_margin(
                call.message, call.cuts, financing.BROKER, lender.cuts
            )
            self._settler.add(told)
            await self._settler.settle()
            for symbol in call.cuts:
                await self._clear(symbol, core.MARGIN_CALL, lender.cuts)
            came, made = self._engine.reduce(call.cuts, told.events[0])
            lender.asked(made)
            self._settler.add(came)
            await self._settler.settle()
        for flow in lender.flows(timestamp):
            self._settler.put(
                _T.CASH_FLOW, flow, financing.BROKER, system.time, flow.symbol
            )
        await self._settler.settle()

    async def _clear(
        self, symbol: str, reason: str, keep: Container[str] = ()
    ) -> None:
        """Has the market itself take out orders whose cancel is on its way."""
        now = self._engine.state.time
        self._settler.report(
            self._market.cancel_all(now, symbol, reason, keep=keep)
        )
        await self._settler.settle()

    async def _meet(self, number: int, bar: Any) -> Sequence[orders.Signal]:
        """Has the market see a bar, then the strategy."""
        came = self._engine.process_bar(bar)
        if came is not None:
            self._settler.add(came)
            await self._settler.settle()
        if not self._settler.running:
            return ()
        return await self._feeder.market_data(number, bar)

    def _pass_over(self, stretch: market.Stretch, start: int, end: int) -> None:
        """Has the engine take bars that nothing comes of."""
        first, over = start, self._engine.state.pass_over
        for stop in self._curve.stops(start, end):
            over(stretch, start, stop)
            self._curve.before(stop)
            start = stop
        over(stretch, start, end)
        self._market.pass_over(stretch, first, end)


Play = Callable[..., BacktestEngine]


def run(
    reference: str,
    bars: table.BarTable,
    gate: manager.RiskManager,
    *,
    parameters: Mapping[str, Any] | None = None,
    assumed: assumptions.Assumptions | None = None,
    spec: specs.StrategySpec | None = None,
    seed: int = 0,
    progress: Progress | None = None,
    warnings: Sequence[str] = (),
    written: list[context.LogLine] | None = None,
    benchmark: benchmarks.Benchmark | None = None,
    recorder: versions.Recorder | None = None,
    watch: record.Watch | None = None,
    warm: table.BarTable | None = None,
    fine: table.BarTable | None = None,
    play: Play | None = None,
) -> result.BacktestResult:
    """Runs a strategy over bars.

    Args:
        reference: The strategy: a module or a file, with its class or not.
        bars: What it is given, in the order of the stamps.
        gate: Risk.
        parameters: By name; what is not named keeps its default.
        assumed: Of the account and of the market; None for the defaults.
        spec: What is configured of the strategy: its timeframes, sizing,
            capital and limits hold, the last two besides the gate. None for
            nothing.
        seed: Kept with the result; nothing in this run is drawn at random.
        progress: Told now and then how many bars are done, and of how many.
        warnings: What a reader has to know of the data.
        written: Takes what the strategy wrote to its log, also when it fails.
        benchmark: What the run is held against; None for its own symbol,
            bought and held, where there is but one.
        recorder: Sees what the strategy is loaded of, for the result.
        watch: Shown every event but the bars.
        warm: Bars before these, of the same symbols, for the indicators
            alone: the strategy itself does not see them.
        fine: Finer bars, which the bars were built of: orders are held
            against these. See `detail`.
        play: Makes what plays the bars; None for a `BacktestEngine`.

    Returns:
        The result.

    Raises:
        errors.StrategyError: The strategy cannot be loaded, or it raised.
        errors.DataError: The benchmark begins after the bars, or there is no
            such calendar.
    """
    assumed = assumed or assumptions.Assumptions()
    strategy = loader.instantiate(
        loader.load(reference, recorder), NAME, parameters or {}
    )
    first = bars if warm is None or not len(warm) else warm
    feeder = _feeder(strategy, first, assumed.calendar, spec)
    assumed, told = agenda.ready(assumed, bars, warm)
    gate = agenda.gated(gate, assumed)
    if spec is not None:
        gate = gate.holding(msgspec.structs.replace(spec, name=NAME))
    if assumed.costs.margin is not None:
        gate = gate.lending(assumed.costs.margin.initial)
    played = (play or BacktestEngine)(
        feeder, bars, gate, assumed, watch=watch, warm=warm, fine=fine
    )
    if benchmark is None and len(bars.symbols) == 1:
        benchmark = benchmarks.of_bars(bars, assumed.actions, assumed.calendar)
    time_source = clock.LiveClock()
    before = time_source.monotonic()
    lines = [] if written is None else written
    # To hash the bars needs no lock: it is done beside the run.
    with futures.ThreadPoolExecutor(1) as beside:
        beside.submit(getattr, played, 'data_hash')
        try:
            asyncio.run(played.run(progress))
        finally:
            lines += feeder.take_log()
    curve = played.curve()
    if benchmark is not None:
        curve = curve.beside(benchmark.parts(curve.timestamp, assumed.cash))
    trips, still_open = played.trips()
    trips = excursions.measured(
        trips,
        bars if fine is None else fine,
        assumed.actions,
        assumed.calendar,
    )
    analyst = analyzer.PerformanceAnalyzer()
    figures = analyst.analyze(
        curve, played.record.fills, trips, played.record.flows
    )
    tables = analyst.tabulate(reference, curve, trips, still_open)
    elapsed = time_source.monotonic() - before
    return result.BacktestResult(
        strategy=reference,
        parameters=strategy.parameters,
        symbols=bars.symbols,
        start=int(bars.timestamp[0]) if len(bars) else 0,
        end=int(bars.timestamp[-1]) if len(bars) else 0,
        bars=len(bars),
        orders=played.record.orders,
        verdicts=played.record.verdicts,
        fills=played.record.fills,
        trades=trips,
        curve=curve,
        metrics=figures,
        tables=tables,
        benchmark=None if benchmark is None else benchmark.name,
        data_hash=played.data_hash,
        code_hash=_code(recorder),
        log_hash=played.log_hash(),
        elapsed_s=elapsed,
        assumptions={
            **assumed.told(),
            'rules': gate.rule_set().names,
            'timeframe': bars.timeframe,
            **played.told(),
            'generated': bars.generated,
            'seed': seed,
        },
        warnings=[
            *warnings,
            *told,
            *financing.warnings(played.record.calls),
        ],
        log=lines,
    )


def _feeder(
    strategy: base.AbstractStrategy,
    bars: table.BarTable,
    calendar: str,
    spec: specs.StrategySpec | None,
) -> runner.StrategyRunner:
    """Gives what feeds the strategy.

    Raises:
        errors.DataError: There is no such calendar.
    """
    first = int(bars.timestamp[0]) if len(bars) else None
    if calendar not in calendars.KNOWN:
        # A name that is none is told before the strategy meets it.
        calendars.sessions(calendar, first)
    return runner.StrategyRunner(
        strategy,
        number=1,
        log=LOG,
        timeframes=() if spec is None else spec.timeframes,
        sessions=functools.partial(calendars.sessions, calendar, first),
        sizing=None if spec is None else spec.sizing,
    )


def _code(recorder: versions.Recorder | None) -> str | None:
    """Gives the hash of the strategy's code, where it was seen."""
    if recorder is None or not recorder.version().sources:
        return None
    return recorder.version().code
