"""What a backtest of the command line is made of, read from its options."""

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
import functools
import pathlib
from typing import Any

import msgspec

from sting import settings
from sting.backtest import agenda
from sting.backtest import assumptions
from sting.backtest import detail
from sting.backtest import engine
from sting.backtest import ownrules
from sting.backtest import quotes as quoted
from sting.backtest import ranges
from sting.backtest import record
from sting.backtest import result as results
from sting.backtest.figures import benchmark as benchmarks
from sting.data import actions
from sting.data import calendars
from sting.data import files
from sting.data import quotes as quote_files
from sting.data import splits
from sting.data import table
from sting.data import universe
from sting.model import errors
from sting.model import specs
from sting.model import timeframes
from sting.risk import manager
from sting.simulator import costs
from sting.strategy import context
from sting.strategy import versions

# What has no meaning where the data are quotes.
_OF_BARS = (
    'timeframe',
    'detail_timeframe',
    'fill',
    'fill_range',
    'touch_fills',
    'actions',
    'universe',
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """All that the options of `runs.options` name.

    Attributes:
        strategy: The module or the file, where it lies.
        parameters: What was set of its parameters, as text.
        loaded: The bars.
        risk: The rules and the sizing in force.
        assumed: Of the account and of the market.
        seed: Of what is drawn at random.
        benchmark: What a run is held against; None for its own symbol.
        fine: Finer bars, which orders are held against; None for the bars.
        quotes: What runs in place of bars; the bars are their middles then.
        spec: What is configured of the strategy; None for nothing.
    """

    strategy: str
    parameters: Mapping[str, str]
    loaded: files.Loaded
    risk: settings.Risk
    assumed: assumptions.Assumptions
    seed: int
    benchmark: benchmarks.Benchmark | None = None
    fine: table.BarTable | None = None
    quotes: table.QuoteTable | None = None
    spec: specs.StrategySpec | None = None

    @property
    def what(self) -> str:
        """What runs, in one word."""
        return 'bars' if self.quotes is None else 'quotes'

    def gate(self) -> manager.RiskManager:
        """Gives the risk manager of one run."""
        return ownrules.gate_of(self.risk)

    def run(
        self,
        *,
        written: list[context.LogLine],
        progress: engine.Progress | None,
        recorder: versions.Recorder,
        every_mode: bool,
        watch: record.Watch | None = None,
    ) -> results.BacktestResult:
        """Runs it.

        Args:
            written: Takes what the strategy wrote, also when it fails.
            progress: Told now and then how many bars are done, and of how
                many.
            recorder: Sees what the strategy is loaded of.
            every_mode: In all modes of filling, for the result's range.
            watch: Shown every event but the bars.

        Returns:
            The result as assumed.

        Raises:
            errors.StrategyError: The strategy cannot be loaded, or it raised.
        """

        def once(
            assumed: assumptions.Assumptions, told: engine.Progress | None
        ) -> results.BacktestResult:
            shown = assumed == self.assumed
            play = None
            if self.quotes is not None:
                play = quoted.player(self.quotes)
            return engine.run(
                self.strategy,
                self.loaded.table,
                self.gate(),
                play=play,
                parameters=self.parameters,
                assumed=assumed,
                spec=self.spec,
                seed=self.seed,
                progress=told,
                warnings=self.loaded.warnings,
                written=written if shown else None,
                benchmark=self.benchmark,
                recorder=recorder if shown else None,
                watch=watch if shown else None,
                fine=self.fine,
            )

        if every_mode:
            return ranges.run(once, self.assumed, progress)
        return once(self.assumed, progress)


def read(
    strategy: str,
    data: Sequence[str],
    options: Mapping[str, Any],
    *,
    takes_quotes: bool = False,
) -> Setup:
    """Reads what a run is made of.

    Args:
        strategy: As `place` gave it.
        data: Files, or `sample`.
        options: The options of `runs.options` by name, and `benchmark` and
            `detail_timeframe` where the command has them.
        takes_quotes: The command runs over quotes too.

    Returns:
        The setup.

    Raises:
        errors.InputError: An option makes no sense, or the data are wrong.
        errors.ConfigError: A file of rules is wrong.
    """
    _check_figures(options)
    assumed = assumptions.Assumptions(
        cash=options['cash'],
        costs=_costs(options),
        participation=options['participation'],
        fill=options['fill'],
        touch_fills=options['touch_fills'],
        calendar=options['calendar'],
        actions=actions.read(options['actions']) if options['actions'] else (),
        universe=(
            universe.read(options['universe']) if options['universe'] else ()
        ),
        delisting_haircut=options['delisting_haircut'],
    )
    risk = _risk(options['risk'])
    parameters = _parameters(options['given'])
    named = ('timeframe', 'stamp', 'start', 'end', 'calendar')
    reading = {name: options[name] for name in named}
    own = options.get('detail_timeframe')
    if own is not None:
        if options['timeframe'] is None:
            raise errors.InputError(
                f'--detail-timeframe {own} needs --timeframe: the length of '
                'the bars that the strategy is given'
            )
        detail.check(options['timeframe'], own)
        reading['timeframe'] = own
    whole = functools.partial(
        Setup,
        strategy=strategy,
        parameters=parameters,
        risk=risk,
        assumed=assumed,
        seed=options['seed'],
        spec=_configured(options.get('configured')),
    )
    if quote_files.are_quotes(data):
        _check_quotes(options, takes_quotes=takes_quotes)
        return whole(**_quotes(data, options, reading))
    loaded = files.read(data, symbols=options['symbol'] or None, **reading)
    _check_instruments(loaded.table.symbols, options['calendar'])
    if assumed.costs.latency_ms and timeframes.traded(loaded.table.timeframe):
        raise errors.InputError(
            f'latency cannot be held against bars of {loaded.table.timeframe}, '
            'which do not say when they open; use bars of time'
        )
    fine = None
    if own is not None:
        fine = loaded.table
        loaded = _built(loaded, options)
    loaded = dataclasses.replace(
        loaded, warnings=(*loaded.warnings, *_odd(loaded.table, assumed))
    )
    beside = None
    if options.get('benchmark') is not None:
        beside = benchmarks.read(
            options['benchmark'],
            data,
            loaded.table,
            assumed.actions,
            **reading,
        )
    return whole(loaded=loaded, benchmark=beside, fine=fine)


def _configured(name: str | None) -> specs.StrategySpec | None:
    """Gives what strategy.yaml says of a strategy.

    Raises:
        errors.InputError: It has none of this name.
        errors.ConfigError: A file is wrong.
    """
    if name is None:
        return None
    known = settings.load(settings.Home.find()).strategies
    if name not in known:
        raise errors.InputError(
            f'--configured {name}: strategy.yaml has no such strategy; it has '
            + ', '.join(sorted(known))
        )
    return known[name].spec(name, 1)


def _quotes(
    data: Sequence[str],
    options: Mapping[str, Any],
    reading: Mapping[str, Any],
) -> dict[str, Any]:
    """Reads quotes in place of bars."""
    made = quote_files.read(
        data,
        symbols=options['symbol'] or None,
        start=options['start'],
        end=options['end'],
    )
    middles = made.quotes.middles()
    _check_instruments(middles.symbols, options['calendar'])
    warnings = (*made.warnings, *_open_always(options['calendar']))
    return {
        'loaded': files.Loaded(middles, warnings),
        'benchmark': _beside_quotes(options['benchmark'], middles, reading),
        'quotes': made.quotes,
    }


def _check_quotes(options: Mapping[str, Any], *, takes_quotes: bool) -> None:
    """Refuses what has no meaning where the data are quotes."""
    remedy = 'make bars of them first: sting data bars FILE --make 1m'
    if not takes_quotes:
        raise errors.InputError(
            'the data are quotes, over which only sting backtest runs; '
            + remedy
        )
    for name in _OF_BARS:
        if options[name] not in (None, False, 'next_open'):
            raise errors.InputError(
                f'--{name.replace("_", "-")} is of bars, and the data are '
                f'quotes; leave it out, or {remedy}'
            )


def _beside_quotes(
    name: str | None, middles: table.BarTable, reading: Mapping[str, Any]
) -> benchmarks.Benchmark | None:
    """Gives what a run over quotes is held against."""
    if name is None:
        return None
    if name not in middles.symbols and not pathlib.Path(name).is_file():
        raise errors.InputError(
            f'--benchmark {name}: with quotes it has to be a symbol that runs, '
            'or a file of bars'
        )
    return benchmarks.read(name, (), middles, **reading)


def _check_instruments(symbols: Iterable[str], calendar: str) -> None:
    """Refuses instruments that do not go together in one account."""
    known = settings.read_instruments(settings.Home.find())
    currency = ''
    for each in filter(None, map(known.get, symbols)):
        fault = each.misfit(calendar, currency)
        if fault:
            raise errors.InputError(fault)
        currency = currency or each.currency


def _built(loaded: files.Loaded, options: Mapping[str, Any]) -> files.Loaded:
    """Builds the bars that the strategy is given of finer ones."""
    fine = loaded.table
    sessions = calendars.sessions(options['calendar'], int(fine.timestamp[0]))
    bars = detail.build(fine, options['timeframe'], sessions)
    return dataclasses.replace(loaded, table=bars)


def _odd(
    bars: table.BarTable, assumed: assumptions.Assumptions
) -> Iterator[str]:
    """Says what the bars lack beside what is told of them."""
    yield from splits.unexplained(bars, assumed.actions, assumed.calendar)
    yield from agenda.survivorship(assumed, bars)
    named = {each.symbol for each in assumed.actions}
    if named and named.isdisjoint(bars.symbols):
        yield '--actions has nothing for the symbols that run'
    if timeframes.length(bars.timeframe) > timeframes.DAY:
        yield (
            f'each bar of {bars.timeframe} counts as one of the 252 days of a '
            'year: figures by the year, such as CAGR and Sharpe, are too '
            'large'
        )
    else:
        yield from _open_always(assumed.calendar)


def _open_always(calendar: str) -> Iterator[str]:
    if calendar == calendars.ALWAYS:
        yield (
            'a year counts 252 days, and an exchange that never closes has '
            '365: figures by the year, such as CAGR and Sharpe, are too small'
        )


def place(reference: str) -> str:
    """Finds a file that lies in the strategies folder, and not here."""
    file, colon, name = reference.partition(':')
    own = settings.Home.find().strategies / file
    if not file.endswith('.py') or pathlib.Path(file).exists():
        return reference
    return f'{own}{colon}{name}' if own.exists() else reference


def _check_figures(options: Mapping[str, Any]) -> None:
    for name, low, high in (
        ('cash', 0.0, float('inf')),
        ('commission_bps', -1e-300, 10_000.0),
        ('slippage_bps', -1e-300, 10_000.0),
        ('latency_ms', -1e-300, 86_400_000.0),
        ('participation', 0.0, 1.0),
        ('delisting_haircut', -1e-300, 1.0),
    ):
        value = options[name]
        if value is None:
            continue
        # Written so that NaN fails too.
        if not low < value <= high or value == float('inf'):
            option = name.replace('_', '-')
            raise errors.InputError(
                f'--{option} {value:g} is out of range: it has to be '
                + ('0 or more' if low < 0 else 'above 0')
                + (f' and at most {high:g}' if high < float('inf') else '')
            )


def _costs(options: Mapping[str, Any]) -> costs.CostModel:
    """Gives what the market charges: a schedule, and what is laid over it."""
    model = costs.CostModel()
    if options['costs'] is not None:
        model = settings.read_costs(options['costs'], settings.Home.find())
    changed: dict[str, Any] = {}
    for name, part in (
        ('commission_bps', 'commission'),
        ('slippage_bps', 'slippage'),
    ):
        if options[name] is not None:
            changed |= {name: options[name], part: None}
    if options['latency_ms'] is not None:
        changed['latency_ms'] = options['latency_ms']
    return msgspec.structs.replace(model, **changed)


def _risk(path: pathlib.Path | None) -> settings.Risk:
    if path is not None:
        return settings.read_risk(path)
    return settings.read_rules(settings.Home.find())


def _parameters(given: Iterable[str]) -> dict[str, str]:
    values: dict[str, str] = {}
    for text in given:
        name, equals, value = text.partition('=')
        if not equals or not name:
            raise errors.InputError(
                f'--set {text!r} has to be name=value, such as fast=10'
            )
        if name in values:
            raise errors.InputError(f'--set {name} is given twice')
        values[name] = value
    return values
