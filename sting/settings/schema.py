"""What can be configured: one Struct a section of the YAML files."""

import datetime
import fnmatch
from typing import Annotated
from typing import Any
from typing import Literal

import msgspec

from sting.model import costs as costs_lib
from sting.model import errors
from sting.model import market
from sting.model import protection as protections
from sting.model import records
from sting.model import sizing as sizings
from sting.model import specs
from sting.model import timeframes
from sting.settings import alerts as alerts_lib
from sting.settings import brokers
from sting.settings import metrics as metrics_lib
from sting.settings import monitor as monitor_lib
from sting.settings import nodes as nodes_lib
from sting.settings import presets as presets_lib
from sting.settings import resources as resources_lib
from sting.settings import retention as retention_lib
from sting.settings import schedule as schedule_lib

Positive = Annotated[float, msgspec.Meta(gt=0)]
NotNegative = Annotated[float, msgspec.Meta(ge=0)]
Share = Annotated[float, msgspec.Meta(gt=0, le=1)]
Name = Annotated[str, msgspec.Meta(min_length=1)]


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """The base of all sections; keys that are not fields are errors."""


class Profile(Section, frozen=True, kw_only=True):
    """One account and what runs on it.

    Attributes:
        mode: What is at stake.
        broker: Where orders go: paper, or a broker outside.
        account: The name or number of the account there, which has to be the
            one that answers; empty for whichever does, but not in LIVE.
        routes: Brokers of symbols that do not go to `broker`, by symbol or by
            a pattern such as 'ES*'.
        backup: The broker that takes new orders for one that is lost for
            longer than `patience_s`.
        accounts: In place of `account`, by broker, where there are several.
        feed: Where bars come from: a name under `feeds`.
        symbols: The instruments, in the order in which they are shown.
        groups: Those of them that the watchlist shows together, by the name
            of the group.
        strategies: Names under `strategies` in strategy.yaml.
        cash: What a new account starts with, in its currency.
        currency: The one currency of the account.
        calendar: The exchange whose sessions count: for longer bars, orders
            for a day and bare dates in files.
        reload: Whether a changed file reloads the strategies that run it, or
            only the operator does; None is auto, and manual in LIVE.
        reconcile_s: Seconds between two looks at the broker's book; 0 looks
            only after each connection.
        cash_slack: Cash that its book and ours may differ by: fees that are
            told late.
        patience_s: Seconds that a new order waits for a lost connection; then
            it is rejected, and nothing was sent.
        on_disconnect: What becomes of working orders when the engine ends in
            order: they work on at the broker, or are cancelled.
        bus: Strategies that run on other nodes; None for none.
        schedule: The sessions in which strategies run; None for always.
    """

    mode: records.Mode
    broker: Name
    account: str = ''
    routes: dict[str, Name] = {}
    backup: str = ''
    accounts: dict[str, Name] = {}
    feed: Name
    symbols: tuple[Name, ...]
    groups: dict[str, tuple[Name, ...]] = {}
    strategies: tuple[Name, ...] = ()
    cash: Positive = 100_000.0
    currency: Name = 'USD'
    calendar: Name = 'XNYS'
    reload: Literal['auto', 'manual'] | None = None
    reconcile_s: NotNegative = 60.0
    cash_slack: NotNegative = 1.0
    patience_s: NotNegative = 5.0
    on_disconnect: Literal['keep', 'cancel'] = 'keep'
    bus: nodes_lib.Bus | None = None
    schedule: schedule_lib.Schedule | None = None

    @property
    def reloads(self) -> Literal['auto', 'manual']:
        """Whether a changed file reloads running strategies by itself."""
        if self.reload is not None:
            return self.reload
        return 'manual' if self.mode is records.Mode.LIVE else 'auto'

    @property
    def venues(self) -> tuple[str, ...]:
        """Its brokers, that of most symbols first."""
        named = (self.broker, *self.routes.values(), self.backup)
        return tuple(dict.fromkeys(name for name in named if name))

    @property
    def typed(self) -> str:
        """What has to be typed at a start in LIVE: its account or accounts."""
        if not self.accounts:
            return self.account
        return ','.join(self.accounts[name] for name in self.venues)

    @property
    def group_of(self) -> dict[str, str]:
        """The group of each symbol that is in one."""
        return {
            symbol: name
            for name, members in self.groups.items()
            for symbol in members
        }

    @property
    def to_type(self) -> str:
        """What `typed` is, for a person."""
        if not self.accounts:
            return 'the number of its account'
        named = ', '.join(self.venues)
        return (
            f'the numbers of its accounts, those at {named}, with commas '
            'between them'
        )

    def at(self, broker: str) -> 'Profile':
        """Gives it as it is for one of its brokers alone."""
        return msgspec.structs.replace(
            self,
            broker=broker,
            account=self.accounts.get(broker, self.account),
            routes={},
            backup='',
            accounts={},
        )

    def route(self, symbol: str) -> str:
        """Gives the broker of a symbol, before anything is held or lost.

        Its own name counts before a pattern.

        Raises:
            ValueError: Two patterns name two brokers.
        """
        if symbol in self.routes:
            return self.routes[symbol]
        found = {
            broker: pattern
            for pattern, broker in self.routes.items()
            if fnmatch.fnmatchcase(symbol, pattern)
        }
        if len(found) > 1:
            one, other, *_ = found.items()
            raise ValueError(
                f'{symbol} is {one[1]!r}, which goes to {one[0]}, and '
                f'{other[1]!r}, which goes to {other[0]}; name {symbol} itself'
            )
        return next(iter(found), self.broker)

    def __post_init__(self) -> None:
        """Refuses what makes no sense by itself."""
        self._check_several()
        if self.mode is records.Mode.LIVE and not (
            self.account or self.accounts
        ):
            raise ValueError(
                'mode: live needs account: the number of the account, which '
                'has to be typed at each start'
            )
        if self.mode is records.Mode.LIVE and self.broker == brokers.PAPER:
            raise ValueError(
                'mode: live with broker: paper: nothing is at stake there; '
                'write mode: paper'
            )
        if not self.symbols:
            raise ValueError('symbols is empty; name at least one')
        if len(set(self.symbols)) < len(self.symbols):
            raise ValueError('symbols has one twice')
        self._check_groups()

    def _check_groups(self) -> None:
        """Refuses a group of what is not watched, and a symbol in two."""
        seen: dict[str, str] = {}
        for name, members in self.groups.items():
            for symbol in members:
                if symbol not in self.symbols:
                    raise ValueError(
                        f'groups: {symbol!r} of {name!r} is not in symbols'
                    )
                if symbol in seen:
                    raise ValueError(
                        f'groups: {symbol!r} is in {seen[symbol]!r} and in '
                        f'{name!r}'
                    )
                seen[symbol] = name

    def _check_several(self) -> None:
        """Refuses what makes no sense of one broker, or of several."""
        if len(self.venues) == 1:
            for key in ('accounts', 'routes', 'backup'):
                if getattr(self, key):
                    raise ValueError(
                        f'{key}: there is one broker, {self.broker}; '
                        + (
                            'write account:'
                            if key == 'accounts'
                            else 'name another one there, or leave it out'
                        )
                    )
            return
        if brokers.PAPER in self.venues:
            raise ValueError(
                'broker paper is played here, and does not go together with a '
                'broker outside; use a profile for each'
            )
        if self.account:
            raise ValueError(
                'account: there are several brokers; write accounts: with one '
                'of each'
            )
        if self.mode is records.Mode.LIVE or self.accounts:
            missing = [n for n in self.venues if n not in self.accounts]
            unknown = [n for n in self.accounts if n not in self.venues]
            if missing or unknown:
                raise ValueError(
                    'accounts has to name one of each broker, and no other: '
                    + ', '.join(self.venues)
                )


class DemoFeed(
    Section, frozen=True, kw_only=True, tag_field='kind', tag='demo'
):
    """Generated one-minute bars, made from the sample's daily bars.

    Attributes:
        interval_s: Seconds between one minute and the next.
        start: The first day that is played.
    """

    interval_s: Positive = 1.0
    start: datetime.date = datetime.date(2012, 6, 1)


class FileFeed(
    Section, frozen=True, kw_only=True, tag_field='kind', tag='file'
):
    """Bars played from files.

    Attributes:
        path: A CSV or Parquet file, a folder or a pattern of such, or `sample`.
        bars_per_s: Bars of each symbol a second.
        timeframe: Length of a bar; None infers it.
        stamp: Whether the file's timestamps are openings or closes.
    """

    path: Name
    bars_per_s: Positive = 1.0
    timeframe: str | None = None
    stamp: Literal['open', 'close'] = 'open'


class MarketFeed(
    Section, frozen=True, kw_only=True, tag_field='kind', tag='market'
):
    """Real bars, as they close.

    Attributes:
        sources: Names in exchanges/, in the order of preference.
        timeframe: Length of a bar, a day at most.
        patience_s: Seconds after its close that a bar may take; then the next
            source is asked.
        ticks: What it gives beside bars, where a source streams it.
        names: By source, its name of a symbol by the profile's.
    """

    sources: tuple[Name, ...]
    timeframe: Name = '1m'
    patience_s: Annotated[float, msgspec.Meta(ge=1, le=3600)] = 10.0
    ticks: tuple[Literal['quotes', 'trades'], ...] = ()
    names: dict[str, dict[str, Name]] = {}

    def __post_init__(self) -> None:
        """Refuses what makes no sense by itself."""
        if not self.sources or len(set(self.sources)) < len(self.sources):
            raise ValueError('sources: name at least one, and each once')
        fault = timeframes.fault(self.timeframe)
        if not fault and timeframes.length(self.timeframe) > timeframes.DAY:
            fault = f'timeframe {self.timeframe} is longer than a day; use 1d'
        if fault:
            raise ValueError(fault)
        for source in self.names:
            if source not in self.sources:
                raise ValueError(f'names: {source!r} is not one of its sources')


Feed = DemoFeed | FileFeed | MarketFeed


class Journal(Section, frozen=True, kw_only=True):
    """The event log.

    Attributes:
        batch: The most events that one commit may take.
        checkpoint_events: After so many events the state is kept.
        checkpoint_s: After so many seconds at the latest.
        archive_after_days: Events older than this, by the time of the newest,
            are archived when an engine starts; None for never.
        archive_above_mb: A log above this many megabytes is archived down to
            half of it when an engine starts; None for never.
    """

    batch: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 2000
    checkpoint_events: Annotated[int, msgspec.Meta(ge=100)] = 10_000
    checkpoint_s: Positive = 300.0
    archive_after_days: Positive | None = None
    archive_above_mb: Positive | None = None


class Terminal(Section, frozen=True, kw_only=True):
    """The workstation's screen.

    Attributes:
        theme: A theme's name.
        kind: Where the terminal is: over SSH data is painted less often and
            the mouse is left alone; auto finds out.
        on_hangup: What to do when the terminal goes away: end the engine in
            order, keep it without a terminal, or pull the emergency stop and
            keep it.
        confirm: Which orders are reviewed before they are sent.
        frames_per_s: How often data may be painted; auto: 10, over SSH 4.
    """

    theme: Name = 'dark'
    kind: Literal['auto', 'local', 'ssh'] = 'auto'
    on_hangup: Literal['stop', 'keep', 'halt'] = 'keep'
    confirm: Literal['always'] = 'always'
    frames_per_s: (
        Literal['auto'] | Annotated[float, msgspec.Meta(ge=1, le=10)]
    ) = 'auto'


class Main(Section, frozen=True, kw_only=True):
    """sting.yaml."""

    profile: Name
    profiles: dict[str, Profile]
    feeds: dict[str, Feed]
    journal: Journal = Journal()
    terminal: Terminal = Terminal()
    presets: dict[str, presets_lib.Preset] = {}
    monitor: monitor_lib.Monitor = monitor_lib.Monitor()
    resources: resources_lib.Resources = resources_lib.Resources()
    retention: retention_lib.Retention = retention_lib.Retention()


class StrategyEntry(Section, frozen=True, kw_only=True):
    """A strategy with its parameters.

    Attributes:
        strategy: What to run: `module` or `path/to/file.py:ClassName`.
        symbols: What it is given; empty for all symbols of the profile.
        timeframes: The bars it is given; empty for what its class says.
        parameters: By name; what is not named keeps its default.
        capital: What its sizes and shares are of, together with what it has
            made of it, and what it may hold; None for the whole account.
        limits: What it may do by itself.
        on_failure: What becomes of its orders and its position if it fails.
        process: What its process may use.
        shadow_s: Seconds that a new version of its code runs beside the old
            one before it takes over; 0 for none.
        enabled: Whether it starts with the engine.
        sizing: How many units an order has that does not say; None leaves it
            to risk.yaml.
        protection: What protects its positions.
    """

    strategy: Name
    symbols: tuple[Name, ...] = ()
    timeframes: tuple[Name, ...] = ()
    parameters: dict[str, bool | int | float | str] = {}
    capital: Positive | None = None
    limits: specs.Limits = specs.Limits()
    on_failure: specs.OnFailure = 'cancel'
    process: specs.Process = specs.Process()
    shadow_s: Annotated[float, msgspec.Meta(ge=0, le=604_800)] = 0.0
    enabled: bool = True
    sizing: sizings.Sizing | None = None
    protection: protections.Protection | None = None

    def spec(self, name: str, number: int) -> specs.StrategySpec:
        """Gives the instance that this makes.

        Args:
            name: Its name.
            number: Its number in order ids, from 1.
        """
        return specs.StrategySpec(
            name=name,
            reference=self.strategy,
            symbols=self.symbols,
            timeframes=self.timeframes,
            parameters=self.parameters,
            number=number,
            capital=self.capital,
            limits=self.limits,
            on_failure=self.on_failure,
            process=self.process,
            shadow_s=self.shadow_s,
            enabled=self.enabled,
            sizing=self.sizing,
            protection=self.protection,
        )


class Strategies(Section, frozen=True, kw_only=True):
    """strategy.yaml."""

    strategies: dict[str, StrategyEntry]


RuleName = Literal[
    'max_order_notional',
    'max_position_notional',
    'max_position',
    'price_collar',
    'buying_power',
]


class Rule(Section, frozen=True, kw_only=True):
    """A risk rule.

    Attributes:
        limit: What its figure may not pass; what it counts is the rule's.
        enabled: Whether it is asked.
    """

    limit: NotNegative
    enabled: bool = True


ScopedName = Literal[
    'max_order_notional',
    'max_position',
    'max_position_notional',
    'price_collar',
    'buying_power',
    'gross_exposure',
    'net_exposure',
    'concentration',
    'max_short',
    'shortable',
    'restricted',
    'daily_loss',
    'daily_drawdown',
    'drawdown',
    'order_rate',
    'message_rate',
    'repeated_orders',
    'cancel_ratio',
    'max_open_orders',
    'self_trade',
    'max_bar_age',
    'session_hours',
    'volatility',
    'value_at_risk',
    'correlation',
]
# What only a running profile knows.
_NO_SECTORS = 'a backtest knows no sectors; name the `symbols` instead'
_OUTSIDE = frozenset(
    {'session_hours', 'volatility', 'value_at_risk', 'correlation'}
)


class Scope(Section, frozen=True, kw_only=True):
    """What a rule is for; what is not said is not asked.

    Attributes:
        strategy: Only its own orders and positions.
        symbols: Only these instruments.
        sector: Only instruments of this sector in instruments.yaml.
    """

    strategy: str = ''
    symbols: tuple[Name, ...] = ()
    sector: str = ''


class ScopedRule(
    Section,
    frozen=True,
    kw_only=True,
    rename={'scope': 'for', 'listed': 'list'},
):
    """A risk rule by a name of its own.

    Attributes:
        rule: What it measures.
        limit: What its figure may not pass.
        scope: What it is for; the whole account where nothing is said.
        soft: It only tells.
        reduce: An order past it is made smaller, where that helps.
        act: What it does by itself past its limit, once a day.
        window_s: Seconds that rates look back.
        listed: What may be sold short; for `shortable` alone.
        backtest: Whether it holds in backtests, too.
        enabled: Whether it is asked.
    """

    rule: ScopedName
    limit: NotNegative
    scope: Scope = Scope()
    soft: bool = False
    reduce: bool = False
    act: Literal['', 'reduce', 'halve', 'close', 'halt'] = ''
    window_s: Positive = 60.0
    listed: tuple[Name, ...] = ()
    backtest: bool = False
    enabled: bool = True

    def __post_init__(self) -> None:
        """Refuses what a backtest cannot know, and a list that is amiss."""
        if self.rule == 'shortable' and not self.listed:
            raise ValueError(
                'shortable needs a `list` of symbols; max_short is for none'
            )
        if self.rule != 'shortable' and self.listed:
            raise ValueError(
                f'{self.rule} has no `list`; use `for: {{symbols: [...]}}`'
            )
        if self.backtest and self.scope.sector:
            raise ValueError(_NO_SECTORS)
        if self.backtest and self.act:
            raise ValueError('`act` is for running profiles, not backtests')
        if self.backtest and self.rule in _OUTSIDE:
            raise ValueError(f'a backtest does not know its {self.rule}')


class OwnRule(Section, frozen=True, kw_only=True, rename={'scope': 'for'}):
    """A risk rule whose code is the user's.

    Attributes:
        rule: What measures: `path/to/file.py:Class`, from the folder of
            risk.yaml; `module:Class`; or the name of an entry point in the
            group `sting.rules`.
        limit: What its figure may not pass.
        scope: What it is for; the whole account where nothing is said.
        soft: It only tells.
        reduce: An order past it is made smaller, where that helps.
        parameters: By name; what is not named keeps its default.
        backtest: Whether it holds in backtests, too.
        enabled: Whether it is asked.
    """

    rule: Name
    limit: NotNegative
    scope: Scope = Scope()
    soft: bool = False
    reduce: bool = False
    parameters: dict[str, bool | int | float | str] = {}
    backtest: bool = False
    enabled: bool = True

    def __post_init__(self) -> None:
        """Refuses what a backtest cannot know."""
        if self.backtest and self.scope.sector:
            raise ValueError(_NO_SECTORS)


class Sizing(Section, frozen=True, kw_only=True):
    """How many units an order has that does not say.

    Attributes:
        method: How it is worked out.
        fraction: Share of the equity that one order gets.
    """

    method: Literal['equity_fraction'] = 'equity_fraction'
    fraction: Share = 0.1


class Stop(Section, frozen=True, kw_only=True):
    """What the emergency stop does.

    Attributes:
        keep_protective: Whether exits and stops that protect a position stay
            at the broker.
    """

    keep_protective: bool = False


class Risk(Section, frozen=True, kw_only=True):
    """risk.yaml.

    Attributes:
        rules: In force in every running profile, by name.
        backtest: In force in backtests, by name.
        sizing: For orders without a quantity.
        scoped: More rules, by names of their own.
        own: Rules of the user's own, by names of their own, in force in every
            running profile.
        metrics: How the risk of the book is measured.
        stop: What the emergency stop does.
    """

    rules: dict[RuleName, Rule]
    backtest: dict[RuleName, Rule]
    sizing: Sizing = Sizing()
    scoped: dict[str, ScopedRule] = {}
    own: dict[str, OwnRule] = {}
    metrics: metrics_lib.Metrics = metrics_lib.Metrics()
    stop: Stop = Stop()


DataRule = Literal[
    'missing',
    'price',
    'range',
    'future',
    'order',
    'duplicate',
    'gap',
    'hours',
    'split',
    'unit',
    'spike',
    'stale',
    'volume',
    'idle',
]


class Columns(Section, frozen=True, kw_only=True):
    """What the columns of a table of bars are named.

    Attributes:
        timestamp: Moments, as in files.
        date: Days, which are sessions; in place of `timestamp`.
        symbol: The instruments.
        open: First prices.
        high: Highest prices.
        low: Lowest prices.
        close: Last prices.
        volume: Units traded.
    """

    timestamp: Name | None = None
    date: Name | None = None
    symbol: Name = 'symbol'
    open: Name = 'open'
    high: Name = 'high'
    low: Name = 'low'
    close: Name = 'close'
    volume: Name = 'volume'

    def __post_init__(self) -> None:
        """Takes `timestamp` where neither is named, and refuses both."""
        if self.timestamp is not None and self.date is not None:
            raise ValueError('name timestamp or date, not both')
        if self.timestamp is None and self.date is None:
            msgspec.structs.force_setattr(self, 'timestamp', 'timestamp')

    def named(self) -> dict[str, str]:
        """Gives the columns that there are, by our names."""
        return {
            name: title
            for name, title in msgspec.structs.asdict(self).items()
            if title is not None
        }


class Database(Section, frozen=True, kw_only=True):
    """Tables of bars in a database.

    Attributes:
        url: Where it is, as SQLAlchemy writes it.
        tables: The table of each timeframe that there is, `name` or
            `schema.name`.
        columns: What their columns are named.
        stamp: Whether their timestamps are openings or closes.
        calendar: The exchange whose sessions their dates are.
        timeout_s: Seconds that a request may take.
    """

    url: Name
    tables: dict[str, Name]
    columns: Columns = Columns()
    stamp: Literal['open', 'close'] = 'open'
    calendar: Name = 'XNYS'
    timeout_s: Positive = 60.0

    def __post_init__(self) -> None:
        """Refuses one without tables, or with a timeframe that is none."""
        if not self.tables:
            raise ValueError('tables is empty; name one, such as 1d: bars')
        for name in self.tables:
            fault = timeframes.fault(name)
            if fault:
                raise ValueError(f'tables: {fault}')


class Archive(Section, frozen=True, kw_only=True):
    """Files of bars.

    Attributes:
        path: A CSV or Parquet file, a folder or a pattern of such.
        stamp: Whether their timestamps are openings or closes.
        calendar: The exchange whose sessions their dates are.
    """

    path: Name
    stamp: Literal['open', 'close'] = 'open'
    calendar: Name = 'XNYS'


class Generator(Section, frozen=True, kw_only=True):
    """Made-up bars.

    Attributes:
        model: How prices move.
        symbols: How many there are: SYNTH1, SYNTH2, ...
        seed: Another one gives other bars.
        start: The first day.
        calendar: The exchange whose sessions they follow.
    """

    model: Literal['gbm', 'jumps', 'regimes', 'gaps'] = 'gbm'
    symbols: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 9
    seed: int = 0
    start: datetime.date = datetime.date(2024, 1, 2)
    calendar: Name = 'XNYS'


class Data(Section, frozen=True, kw_only=True):
    """data.yaml.

    Attributes:
        rules: What is done about bars in which something is wrong, by rule.
        databases: Those that bars can be fetched from, by name.
        archives: Files that bars can be fetched from, by name.
        generators: Bars that are made up, by name.
    """

    rules: dict[DataRule, Literal['off', 'warn', 'repair', 'reject']]
    databases: dict[str, Database] = {}
    archives: dict[str, Archive] = {}
    generators: dict[str, Generator] = {}


class Service(Section, frozen=True, kw_only=True):
    """exchanges/NAME.yaml of a service that gives market data.

    Attributes:
        base_url: Where it is asked for bars of the past; without it, it has
            none.
        per_minute: How much it is asked, in the service's own units.
        burst: Of these, how many may go at once.
        timeout_s: Seconds for one answer.
        calendar: The exchange whose closes stamp the bars of a day, and in
            whose hours a stream is not silent.
        data_stream_url: Where it streams; without it, it does not.
        silence_s: Seconds in which nothing comes, after which a stream is
            connected anew.
        feed: Of alpaca, whose trades make its bars of the past: iex or sip.
    """

    calendar: Name
    base_url: Name | None = None
    per_minute: Positive = 60.0
    burst: Annotated[int, msgspec.Meta(ge=1)] = 1
    timeout_s: Positive = 10.0
    data_stream_url: Name | None = None
    silence_s: Positive = 90.0
    feed: Literal['iex', 'sip'] | None = None


class Alpaca(Service, frozen=True, kw_only=True):
    """exchanges/alpaca.yaml: market data, and where orders go.

    Attributes:
        trading_url: Where orders go that are for play money.
        live_url: Where those of profiles go whose mode is live.
        orders_per_minute: Requests about orders.
        orders_burst: Of these, how many may go at once.
        answer_s: Seconds for one answer about orders.
        compare_s: Seconds without a word about orders that work, after which
            they are looked up.
    """

    trading_url: Name = 'https://paper-api.alpaca.markets'
    live_url: Name = 'https://api.alpaca.markets'
    orders_per_minute: Positive = 180.0
    orders_burst: Annotated[int, msgspec.Meta(ge=2)] = 20
    answer_s: Positive = 10.0
    compare_s: Positive = 30.0


class Gateway(Section, frozen=True, kw_only=True):
    """exchanges/ibkr.yaml: where TWS or IB Gateway is.

    Attributes:
        calendar: The exchange whose hours count, and whose closes stamp the
            bars of a day.
        host: Its address.
        port: Its port.
        client_id: The number of the connection for data.
        timeout_s: Seconds for one answer.
        exchange: Where stocks trade; SMART for wherever.
        currency: Of their prices.
        orders_client_id: The number of the connection for orders.
        stop_client_id: The number of the emergency stop's connection.
        guardian_client_id: The number of the guardian's, which cancels when
            the engine cannot.
        answer_s: Seconds for one answer about orders.
    """

    calendar: Name
    host: Name
    port: Annotated[int, msgspec.Meta(ge=1, le=65_535)]
    client_id: Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
    timeout_s: Positive = 60.0
    exchange: Name = 'SMART'
    currency: Name = 'USD'
    orders_client_id: Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)] = 72
    stop_client_id: Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)] = 73
    guardian_client_id: Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)] = 74
    answer_s: Positive = 10.0


# What bars can be fetched from.
Source = Service | Gateway | Database | Archive | Generator


class Instrument(Section, frozen=True, kw_only=True):
    """What is known of an instrument; see `market.Instrument`.

    Attributes:
        tick: Smallest step of a price.
        lot: Smallest step of a quantity.
        multiplier: What a move of the price by 1 is worth, a unit.
        currency: The currency it is quoted in.
        sector: What its issuer does.
        calendar: Its exchange's name in exchange_calendars, or 24/7.
    """

    tick: NotNegative = 0.0
    lot: NotNegative = 0.0
    multiplier: Positive = 1.0
    currency: str = ''
    sector: str = ''
    calendar: str = ''


class Instruments(Section, frozen=True, kw_only=True):
    """instruments.yaml."""

    instruments: dict[str, Instrument]


class Costs(Section, frozen=True, kw_only=True):
    """costs.yaml: what simulated markets charge, by name."""

    schedules: dict[str, costs_lib.CostModel]


class Drill(Section, frozen=True, kw_only=True):
    """Of exchanges/paper.yaml: what goes wrong on the way to the market.

    Attributes:
        delay_ms: What a request takes on its way.
        reject: Share of orders that are rejected.
        lose: Share of orders of which the request or the answer is lost.
        cut_every_s: So many seconds the line holds; 0 for always.
        cut_for_s: So many seconds it is cut then.
        seed: Of the chances; the same one has the same troubles.
    """

    delay_ms: NotNegative = 0.0
    reject: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.0
    lose: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.0
    cut_every_s: NotNegative = 0.0
    cut_for_s: NotNegative = 0.0
    seed: Annotated[int, msgspec.Meta(ge=0)] = 0


class Paper(Section, frozen=True, kw_only=True):
    """exchanges/paper.yaml: how the simulated market fills.

    Attributes:
        costs: A schedule of costs.yaml: its commission, slippage and impact
            take the place of the two figures below.
        commission_bps: Of the notional, in basis points.
        slippage_bps: How much worse market and stop orders fill, in basis
            points of the price.
        participation: The most of a bar's volume that is filled, as a
            fraction.
        drill: What goes wrong on the way to it; None for nothing.
    """

    costs: str | None = None
    commission_bps: NotNegative = 0.0
    slippage_bps: NotNegative = 0.0
    participation: Share = 0.25
    drill: Drill | None = None


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All that is configured.

    Attributes:
        default: The profile that is meant when none is named.
        profiles: By name.
        feeds: By name.
        journal: The event log.
        terminal: The workstation's screen.
        presets: Terms that the ticket takes at once, by name.
        alerts: Where alerts go besides the screen.
        monitor: What others may watch an engine by.
        resources: What an engine may use before it gives way.
        retention: How long files are kept that nothing needs.
        strategies: By name.
        risk: Rules and sizing.
        paper: The simulated market.
        costs: Schedules of what simulated markets charge, by name.
        data: What is done about bars in which something is wrong.
        instruments: What is known of them, by symbol.
        services: What gives market data, of data.yaml too, by name.
        plugins: What exchanges/NAME.yaml says of brokers of other packages, by
            name; each reads its own.
        misfits: Profiles with an instrument that cannot be traded in them,
            and what is wrong.
        places: File and line of each strategy by its name, of each of its
            parameters by `name.parameter`, and of its timeframes by
            `name:timeframes`, for errors found later.
    """

    default: str
    profiles: dict[str, Profile]
    feeds: dict[str, Feed]
    journal: Journal
    terminal: Terminal
    strategies: dict[str, StrategyEntry]
    risk: Risk
    paper: Paper
    costs: dict[str, costs_lib.CostModel] = {}
    data: Data = Data(rules={})
    instruments: dict[str, market.Instrument] = {}
    services: dict[str, Source] = {}
    plugins: dict[str, dict[str, Any]] = {}
    misfits: dict[str, errors.ConfigError] = {}
    places: dict[str, tuple[str, int]] = {}
    presets: dict[str, presets_lib.Preset] = {}
    alerts: alerts_lib.Alerts = alerts_lib.Alerts()
    monitor: monitor_lib.Monitor = monitor_lib.Monitor()
    resources: resources_lib.Resources = resources_lib.Resources()
    retention: retention_lib.Retention = retention_lib.Retention()

    def profile(self, name: str | None = None) -> Profile:
        """Gives a profile.

        Args:
            name: Its name; None for the default.

        Returns:
            The profile.

        Raises:
            errors.ConfigError: There is none of that name; lists those that
                there are. Or an instrument does not fit it.
        """
        wanted = self.default if name is None else name
        found = self.profiles.get(wanted)
        if found is None:
            names = ', '.join(sorted(self.profiles))
            raise errors.ConfigError(
                f'unknown profile {wanted!r}; there are: {names}'
            )
        if wanted in self.misfits:
            raise self.misfits[wanted]
        return found
