"""The risk of a book at one moment: what `sting.risk.metrics` works out.

A figure that cannot be worked out is None, and `RiskMetrics.missing` says why.
Money is in the account's currency, shares are fractions: 0.05 is 5 per cent.
"""

import msgspec


class Exposure(msgspec.Struct, frozen=True, gc=False):
    """What is held of a symbol, a sector or by a strategy.

    Attributes:
        name: Of the symbol, the sector or the strategy.
        long: Value of what is held long, 0 or more.
        short: Value of what is sold short, 0 or more.
    """

    name: str
    long: float
    short: float

    @property
    def net(self) -> float:
        """Long less short."""
        return self.long - self.short

    @property
    def gross(self) -> float:
        """Long and short together."""
        return self.long + self.short


class TailRisk(msgspec.Struct, frozen=True, gc=False):
    """What the book may lose over the horizon.

    Attributes:
        method: historical, normal, cornish-fisher or monte-carlo.
        confidence: The share of horizons that lose less: 0.95, 0.99.
        value_at_risk: The loss that is not passed with this confidence;
            below 0 it is a gain.
        shortfall: The mean loss where it is passed.
    """

    method: str
    confidence: float
    value_at_risk: float
    shortfall: float


class Exit(msgspec.Struct, frozen=True, gc=False):
    """How long it takes to get out of a position.

    Attributes:
        symbol: The instrument.
        days: Trading days; None where its volume is not known.
    """

    symbol: str
    days: float | None


class Stress(msgspec.Struct, frozen=True, gc=False):
    """What a scenario would do to the present book.

    Attributes:
        scenario: Its name.
        pnl: Profit; below 0 a loss.
        share: The same as a share of the equity; None without equity.
    """

    scenario: str
    pnl: float
    share: float | None


class Limit(msgspec.Struct, frozen=True, gc=False):
    """A rule in force, to be shown beside the figures.

    Attributes:
        rule: Its name.
        limit: What its figure may not pass; None where it has none.
        unit: What is counted.
    """

    rule: str
    limit: float | None
    unit: str


class RiskMetrics(msgspec.Struct, frozen=True, kw_only=True):
    """The risk of a book.

    Attributes:
        time: Of the book, nanoseconds since the epoch, UTC.
        seq: Number of the last event in it.
        equity: Cash and holdings.
        long: Value of what is held long.
        short: Value of what is sold short, 0 or more.
        gross: Both together.
        net: Long less short.
        leverage: Gross over equity.
        symbols: By symbol, the largest first.
        sectors: By sector, the largest first; 'unknown' where none is named.
        strategies: By strategy, the largest first; 'operator' for the rest.
        benchmark: What beta is to: a symbol, or 'universe'.
        beta: Of the book's return on equity to the benchmark's.
        volatility: Of the return on equity, a year, of equally weighted bars.
        volatility_ewma: The same with the newest bars weighing most.
        horizon_days: Trading days that the tails are of.
        tails: Value at risk and expected shortfall, each method at each
            confidence; empty where there are too few bars.
        peak_drawdown: Loss from the highest equity since the engine started,
            as a share of that.
        day_drawdown: Loss from the equity at the day's start, as a share of
            that; 0 in a gain.
        margin: What the book ties up at the configured initial margin.
        margin_use: The same over equity.
        largest: The symbol with the largest position; empty without any.
        largest_share: Its share of gross.
        concentration: Herfindahl-Hirschman index of gross by symbol: 1 for
            one name, 1/n for n of equal size; None without a position.
        exits: Days to get out, by symbol, the longest first.
        exit_days: The longest of them; None where one is not known.
        correlation: Mean correlation of the held, weighted by their values.
        stresses: By scenario.
        observations: Bars of returns behind the figures.
        limits: The rules in force.
        missing: Why a figure is None or empty, by its name.
    """

    time: int = 0
    seq: int = 0
    equity: float = 0.0
    long: float = 0.0
    short: float = 0.0
    gross: float = 0.0
    net: float = 0.0
    leverage: float | None = None
    symbols: tuple[Exposure, ...] = ()
    sectors: tuple[Exposure, ...] = ()
    strategies: tuple[Exposure, ...] = ()
    benchmark: str = ''
    beta: float | None = None
    volatility: float | None = None
    volatility_ewma: float | None = None
    horizon_days: float = 1.0
    tails: tuple[TailRisk, ...] = ()
    peak_drawdown: float | None = None
    day_drawdown: float | None = None
    margin: float = 0.0
    margin_use: float | None = None
    largest: str = ''
    largest_share: float | None = None
    concentration: float | None = None
    exits: tuple[Exit, ...] = ()
    exit_days: float | None = None
    correlation: float | None = None
    stresses: tuple[Stress, ...] = ()
    observations: int = 0
    limits: tuple[Limit, ...] = ()
    missing: dict[str, str] = {}
