"""Backtests of compiled decisions over columns, without events.

The trades, the account at each bar and the figures are those of
`backtest.engine`, to the last digit. What is not made is the log: there is no
`log_hash`, and order ids only count the orders. Whatever the loop does not
have (several symbols, a risk rule of one's own, a callback besides `decide`)
is run event by event instead, and the run says so.
"""

import array
import asyncio
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
import itertools
import math
from typing import Any
from typing import Final

import numpy as np
import numpy.typing as npt

from sting.backtest import assumptions
from sting.backtest import engine
from sting.backtest import result
from sting.backtest import trades
from sting.backtest.columns import arrays
from sting.backtest.figures import analyzer
from sting.backtest.figures import benchmark as benchmarks
from sting.backtest.figures import excursions
from sting.backtest.figures import metrics
from sting.backtest.figures import summaries
from sting.data import table
from sting.engine import clock
from sting.model import orders
from sting.risk import manager
from sting.risk import rules
from sting.simulator import commissions
from sting.simulator import fills
from sting.simulator import modes
from sting.simulator import slippage
from sting.strategy import base
from sting.strategy import blame
from sting.strategy import compiled
from sting.strategy import context
from sting.strategy import handles
from sting.strategy import indicators
from sting.strategy import kinds
from sting.strategy import loader
from sting.strategy import runner

NO_LIMITS: Final[arrays.Limits] = (math.inf,) * 5
COLUMNS = ('open', 'high', 'low', 'close', 'volume')
_OWN = (
    'on_start',
    'on_market_data',
    'on_quote',
    'on_trade',
    'on_order_update',
    'on_position_update',
    'on_data_issue',
    'on_corporate_action',
    'on_stop',
    'generate_signals',
)
# The days are not counted here.
_NO_DAYS = np.full(1, -1, np.int64)
_SIDES = {1.0: orders.OrderSide.BUY, -1.0: orders.OrderSide.SELL}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a run over columns.

    Attributes:
        orders: How many orders, the denied ones too.
        row: For each fill, the number of its bar.
        order: For each fill, which order it is of, from 1.
        quantity: For each fill, the units, negative for a sell.
        price: For each fill, the price a unit.
        fee: For each fill, in the account's currency.
        tag: For each fill, its place in `fills.TAGS`.
        equity: For each bar, cash and holdings at its close.
        cash: For each bar, in the account's currency.
        exposed: For each bar, whether a position was held.
    """

    orders: int
    row: npt.NDArray[np.int64]
    order: npt.NDArray[np.int64]
    quantity: npt.NDArray[np.float64]
    price: npt.NDArray[np.float64]
    fee: npt.NDArray[np.float64]
    tag: npt.NDArray[np.int8]
    equity: npt.NDArray[np.float64]
    cash: npt.NDArray[np.float64]
    exposed: npt.NDArray[np.bool_]

    def fills(self, bars: table.BarTable) -> trades.FillTable:
        """Gives the fills as a run event by event gives them.

        Args:
            bars: What was run over.
        """
        made = trades.FillTable()
        (symbol,) = bars.symbols
        made.order_id.extend(f'{engine.LOG}-{n}' for n in self.order.tolist())
        made.symbol.extend(itertools.repeat(symbol, len(self.row)))
        made.side.extend(
            _SIDES[sign] for sign in np.sign(self.quantity).tolist()
        )
        made.tag.extend(fills.TAGS[tag] for tag in self.tag.tolist())
        made.quantity = array.array('d', np.abs(self.quantity).tobytes())
        made.price = array.array('d', self.price.tobytes())
        made.fee = array.array('d', self.fee.tobytes())
        made.timestamp = array.array('q', bars.timestamp[self.row].tobytes())
        return made

    def curve(self, bars: table.BarTable, start: float) -> analyzer.EquityCurve:
        """Gives the account after each bar, beside the symbol itself.

        Args:
            bars: What was run over.
            start: The cash before the first.
        """
        stamps = bars.timestamp.astype(np.int64)
        return analyzer.EquityCurve(
            start=start,
            timestamp=stamps,
            equity=self.equity,
            cash=self.cash,
            exposed=self.exposed,
            benchmark=benchmarks.of_bars(bars).equity(stamps, start),
        )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What came of a run, and how it was come by.

    Attributes:
        parameters: The strategy's values by name.
        orders: How many orders, the denied ones too.
        fills: What was traded.
        trades: The round trips that ended.
        curve: The account at each moment.
        metrics: The figures.
        elapsed_s: Seconds of the run without imports, loading and compiling.
        log: What the strategy wrote.
        note: Why it was run event by event; empty for a run over columns.
        events: The result of the run event by event; None for one over
            columns.
    """

    parameters: Mapping[str, Any]
    orders: int
    fills: trades.FillTable
    trades: trades.TradeTable
    curve: analyzer.EquityCurve
    metrics: metrics.PerformanceMetrics
    elapsed_s: float
    log: Sequence[context.LogLine] = ()
    note: str = ''
    events: result.BacktestResult | None = None

    @property
    def by_columns(self) -> bool:
        """Whether it was run over columns, by compiled code."""
        return self.events is None


class Program:
    """A strategy's decision and its loop, compiled for one set of bars.

    Attributes:
        strategy: The instance, started.
    """

    def __init__(
        self, strategy: compiled.CompiledStrategy, bars: table.BarTable
    ) -> None:
        """Compiles; it is quick where the code is known or on disk.

        Args:
            strategy: One that was started; see `runner.StrategyRunner`.
            bars: Of one symbol, in the order of the stamps.

        Raises:
            errors.StrategyError: It cannot be compiled; naming file and line.
        """
        # Numba is slow to import, and only who compiles needs it.
        from sting.strategy import jit  # noqa: PLC0415

        self.strategy = strategy
        self._bars = bars
        self._columns = tuple(
            np.ascontiguousarray(getattr(bars, name), np.float64)
            for name in COLUMNS
        )
        count = len(strategy._inputs)
        samples = self._arguments(
            assumptions.Assumptions(), NO_LIMITS, np.empty((count, 1)), 1
        )
        self._loop: Callable[..., Any] = jit.compile(
            arrays.loop(
                compiled.answerer(type(strategy).decide), arrays.reader(count)
            ),
            samples,
        )

    def indicators(self) -> npt.NDArray[np.float64]:
        """Works out the indicators that the decision is given.

        Returns:
            A row each, in the order of `inputs`.
        """
        (symbol,) = self._bars.symbols
        columns: dict[str, npt.NDArray[Any]] = {
            'timestamp': self._bars.timestamp,
            **dict(zip(COLUMNS, self._columns, strict=True)),
        }
        inputs = self.strategy._inputs
        found = np.empty((len(inputs), len(self._bars)))
        known: dict[int, tuple[npt.NDArray[np.float64], ...]] = {}
        for row, line in zip(found, inputs, strict=True):
            handle, at = handle_of(self.strategy, line)
            if id(handle) not in known:
                own = handle[symbol].indicator
                known[id(handle)] = own.over_lines(columns) or stepped(
                    own, self._bars
                )
            row[:] = known[id(handle)][at]
        return found

    def run(
        self,
        assumed: assumptions.Assumptions,
        limited: arrays.Limits,
        indicators: npt.NDArray[np.float64],
    ) -> Outcome:
        """Runs it over all bars.

        Args:
            assumed: Of the account and of the market.
            limited: Of `arrays.RULES`, in their order; infinity for none.
            indicators: What `indicators` gave.

        Returns:
            What came of it.

        Raises:
            errors.StrategyError: `decide` gave what is no order.
        """
        given = self._arguments(assumed, limited, indicators, len(self._bars))
        self._loop(*given)
        *_, room, (told,), _ = given
        made, count, _, code, wanted, asked, level = told[:7].tolist()
        if code != kinds.SOUND:
            try:
                raise ValueError(
                    kinds.sentence(int(code), wanted, int(asked), level)
                )
            except ValueError as error:
                # As it is told when it happens event by event.
                files = blame.files_of(type(self.strategy))
                raise blame.failure(error, files) from error
        equity, cash, exposed, *columns = room
        row, order, quantity, price, fee, tag = (
            column[: int(count)].copy() for column in columns
        )
        return Outcome(
            orders=int(made),
            row=row,
            order=order,
            quantity=quantity,
            price=price,
            fee=fee,
            tag=tag,
            equity=equity,
            cash=cash,
            exposed=exposed,
        )

    def _arguments(
        self,
        assumed: assumptions.Assumptions,
        limited: arrays.Limits,
        indicators: npt.NDArray[np.float64],
        count: int,
    ) -> tuple[Any, ...]:
        """Lays out what the loop takes, with room for its results.

        There is at most one fill a bar, and what is never written takes no
        memory.
        """
        return (
            *self._columns,
            indicators,
            tuple(range(len(indicators))),
            self.strategy._first,
            self.strategy._figures,
            float(assumed.cash),
            commissions.rates_of_model(assumed.costs),
            slippage.slip_of_model(assumed.costs),
            float(assumed.participation),
            limited,
            _NO_DAYS,
            tuple(np.empty(count, word) for word in arrays.ROOM),
            np.zeros((1, len(summaries.TOLD))),
            0,
        )


def run(
    reference: str,
    bars: table.BarTable,
    gate: manager.RiskManager,
    *,
    parameters: Mapping[str, Any] | None = None,
    assumed: assumptions.Assumptions | None = None,
    seed: int = 0,
    warnings: Sequence[str] = (),
) -> Run:
    """Runs a strategy over columns, or event by event where it has to be.

    Args:
        reference: The strategy: a module or a file, with its class or not.
        bars: What it is given, in the order of the stamps.
        gate: Risk.
        parameters: By name; what is not named keeps its default.
        assumed: Of the account and of the market; None for the defaults.
        seed: Kept with the result; nothing in this run is drawn at random.
        warnings: What a reader has to know of the data.

    Returns:
        The result, and how it was come by.

    Raises:
        errors.StrategyError: The strategy cannot be loaded, or it raised.
    """
    assumed = assumed or assumptions.Assumptions()
    lines: list[context.LogLine] = []
    try:
        strategy = _ready(
            reference, parameters or {}, bars, gate, assumed, lines
        )
    except OutsideError as outside:
        done = engine.run(
            reference,
            bars,
            gate,
            parameters=parameters,
            assumed=assumed,
            seed=seed,
            warnings=[*warnings, f'it ran event by event: {outside}'],
        )
        return Run(
            parameters=done.parameters,
            orders=done.orders,
            fills=done.fills,
            trades=done.trades,
            curve=done.curve,
            metrics=done.metrics,
            elapsed_s=done.elapsed_s,
            log=done.log,
            note=str(outside),
            events=done,
        )
    program = Program(strategy, bars)
    time_source = clock.LiveClock()
    before = time_source.monotonic()
    came = program.run(assumed, limits(gate), program.indicators())
    traded = came.fills(bars)
    curve = came.curve(bars, assumed.cash)
    trips = excursions.measured(trades.round_trips(traded), bars)
    figures = analyzer.PerformanceAnalyzer().analyze(curve, traded, trips)
    return Run(
        parameters=strategy.parameters,
        orders=came.orders,
        fills=traded,
        trades=trips,
        curve=curve,
        metrics=figures,
        elapsed_s=time_source.monotonic() - before,
        log=lines,
    )


def limits(gate: manager.RiskManager) -> arrays.Limits:
    """Gives the limits of the rules that the loop has.

    Args:
        gate: Risk.

    Returns:
        One for each of `arrays.RULES`, infinity for one not in force.
    """
    found = dict.fromkeys(arrays.RULES, math.inf)
    for rule in gate.rules:
        if rule.limit is not None and rule.name in found:
            found[rule.name] = min(found[rule.name], rule.limit)
    made: arrays.Limits = tuple(found.values())  # type: ignore[assignment]
    return made


class OutsideError(Exception):
    """Something that the loop does not have, in one sentence."""


def outside(
    kind: type[base.AbstractStrategy],
    bars: table.BarTable,
    gate: manager.RiskManager,
    assumed: assumptions.Assumptions,
) -> str:
    """Says what the loop does not have, whatever the parameters are.

    Args:
        kind: The strategy.
        bars: What it is given.
        gate: Risk.
        assumed: Of the account and of the market.

    Returns:
        A sentence; empty where nothing is missing.
    """
    if not issubclass(kind, compiled.CompiledStrategy):
        return f'{kind.__name__} is no CompiledStrategy'
    reasons = [
        f'{kind.__name__} has a {name} of its own'
        for name in _OWN
        if getattr(kind, name) is not getattr(compiled.CompiledStrategy, name)
    ]
    # Of the loop's orders a bar leaves nothing open but touches.
    if modes.fills_on_touch(modes.number(assumed.fill), assumed.touch_fills):
        reasons.append('limits fill when they are touched')
    if not (assumed.costs.is_scalar and assumed.costs.is_immediate):
        reasons.append('its costs follow from more than the fill and its order')
    if assumed.actions or assumed.universe:
        reasons.append('corporate actions and universes need the events')
    if len(bars.symbols) != 1:
        reasons.append(f'{len(bars.symbols)} symbols share the cash')
    if np.any(np.diff(bars.timestamp) <= 0):
        reasons.append('the stamps of the bars do not rise')
    if gate.protections:
        reasons.append('its positions are protected, which needs the events')
    reasons += [
        f'the risk rule {rule.name} is not compiled'
        for rule in gate.rules
        if type(rule) is not rules.RULES.get(rule.name)
    ]
    return reasons[0] if reasons else ''


def _ready(
    reference: str,
    parameters: Mapping[str, Any],
    bars: table.BarTable,
    gate: manager.RiskManager,
    assumed: assumptions.Assumptions,
    lines: list[context.LogLine],
) -> compiled.CompiledStrategy:
    """Gives the strategy, started and fit for the loop.

    Raises:
        OutsideError: It, the bars, the rules or what is assumed need the
            events.
        errors.StrategyError: It cannot be loaded, or it raised.
    """
    strategy = loader.create(reference, engine.NAME, parameters)
    why = outside(type(strategy), bars, gate, assumed)
    if why or not isinstance(strategy, compiled.CompiledStrategy):
        raise OutsideError(why)
    feeder = runner.StrategyRunner(strategy, number=1, log=engine.LOG)
    first = int(bars.timestamp[0]) if len(bars) else 0
    feeder.expect(bars.timeframe)
    asyncio.run(_started(feeder, first))
    lines += feeder.take_log()
    if not strategy.is_compiled:
        raise OutsideError(strategy.why_plain)
    if feeder.built:
        raise OutsideError('it asks for bars of longer timeframes')
    for line in strategy._inputs:
        handle, _ = handle_of(strategy, line)
        if not handle.covers(bars.symbols[0]):
            raise OutsideError(f'{handle.name} is of another symbol')
    return strategy


def handle_of(
    strategy: compiled.CompiledStrategy, line: handles.Line
) -> tuple[handles.Handle, int]:
    """Finds the indicator that a line is of, and which of its lines it is."""
    for handle in strategy._context.handles:
        for at, each in enumerate((handle, *handle.others.values())):
            if each is line:
                return handle, at
    raise OutsideError(f'{line.name} is no indicator of its own')


def stepped(
    own: indicators.Indicator, bars: table.BarTable
) -> tuple[npt.NDArray[np.float64], ...]:
    """Works out what has only the one speed, a column for each line."""
    found = np.empty((len(bars), max(1, len(own.lines))))
    for at, bar in enumerate(bars.rows()):
        main = own.update(bar)
        found[at] = own.values or (main,)
    return tuple(found.T)


async def _started(feeder: runner.StrategyRunner, now: int) -> None:
    await feeder.start(now)
