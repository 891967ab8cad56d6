"""What the terminal sees: immutable pictures of the engine.

A snapshot is built by the engine a few times a second and never changes. It is
plain data, so that the same terminal can be shown an engine in its own process
or one behind the control socket.
"""

import msgspec

from sting.model import drills
from sting.model import health as healths
from sting.model import market
from sting.model import orders
from sting.model import parameters as bounds
from sting.model import records
from sting.model import riskfigures
from sting.model import schedules
from sting.model import stops
from sting.model import uptime

# Snapshot has a field of the module's name, so its type is named here.
_Orders = tuple[orders.Order, ...]


class WatchRow(msgspec.Struct, frozen=True, gc=False):
    """A line of the watchlist.

    Attributes:
        symbol: The instrument.
        last: Last price; None before the first.
        change: Last price over the session's reference price less 1, as a
            fraction; None before the first.
        volume: Units traded since the session began.
        timestamp: Of the last bar, nanoseconds since the epoch, UTC.
        age_s: Seconds since something arrived for it; None before the first.
        bid: Best bid; None where the feed has no quotes.
        ask: Best ask; None where the feed has no quotes.
        trend: The last closes, oldest first, at most 30.
        usual_s: Seconds from one bar to the next; 0 where that says nothing.
        told: Number of the last fill, order or signal of the symbol; 0
            without one.
        group: The group of the watchlist that it is in; empty for none.
        read: How often values of strategies' indicators came for it.
    """

    symbol: str
    last: float | None = None
    change: float | None = None
    volume: float = 0.0
    timestamp: int = 0
    age_s: float | None = None
    bid: float | None = None
    ask: float | None = None
    trend: tuple[float, ...] = ()
    usual_s: float = 0.0
    told: int = 0
    group: str = ''
    read: int = 0

    @property
    def moved(self) -> float | None:
        """How much the last price is above the reference price."""
        if self.last is None or self.change is None or self.change == -1:
            return None
        return self.last - self.last / (1 + self.change)


class PositionRow(msgspec.Struct, frozen=True, gc=False):
    """A line of the positions pane.

    Attributes:
        symbol: The instrument.
        quantity: Units held, negative when short.
        average_price: Mean price paid.
        last: Last price; None before the first.
        value: Quantity times last price.
        unrealized: Profit if closed at the last price, before fees.
        realized: Profit realized so far, before fees.
    """

    symbol: str
    quantity: float
    average_price: float
    last: float | None
    value: float
    unrealized: float
    realized: float


class Performance(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """How a strategy does, in its own book and the account's currency.

    Attributes:
        since: From when on it is counted, nanoseconds since the epoch, UTC;
            0 before its first signal.
        realized: Profit realized, before fees.
        unrealized: Profit if its positions closed at the last prices, before
            fees.
        fees: Fees paid.
        income: Cash that came without a fill: dividends, interest and what
            borrowing costs; below 0 it went.
        signals: What it wanted, cancels too.
        orders: Orders made of that.
        denied: Of these, the ones kept back by risk or by the stop.
        untraded: Signals that became no order.
        fills: Fills.
        trips: Round trips that ended: from flat to flat, or to the other side.
        wins: Of these, the ones with a profit after fees.
        hit_rate: Their share, a fraction; None without a round trip.
        slippage: What the fills cost against the last price when each order
            was decided; below 0 they gained.
        slippage_bps: The same in basis points of what was traded; None
            without a fill.
        bar_to_order_s: Mean seconds from the close of the symbol's last bar
            to the order, by the times in the log; None without an order.
        wire_p50_ms: Median milliseconds from when the engine took the event
            to when the order that answers it went to the broker, of the last
            1,000 orders since the engine started; None without one.
        wire_p99_ms: The 99th percentile of the same.
    """

    since: int = 0
    realized: float = 0.0
    unrealized: float = 0.0
    fees: float = 0.0
    income: float = 0.0
    signals: int = 0
    orders: int = 0
    denied: int = 0
    untraded: int = 0
    fills: int = 0
    trips: int = 0
    wins: int = 0
    hit_rate: float | None = None
    slippage: float = 0.0
    slippage_bps: float | None = None
    bar_to_order_s: float | None = None
    wire_p50_ms: float | None = None
    wire_p99_ms: float | None = None

    @property
    def pnl(self) -> float:
        """Profit, realized or not, with all that came and after fees."""
        return self.realized + self.unrealized + self.income - self.fees


class UntradedRow(msgspec.Struct, frozen=True, gc=False):
    """A signal that was not traded.

    Attributes:
        seq: Number of the event that says so.
        timestamp: When, nanoseconds since the epoch, UTC.
        strategy: Who wanted it.
        symbol: The instrument.
        gate: What stopped it; risk for an order that was denied.
        reason: Why, for a person.
        wanted: What was wanted, with its reason and the indicators, in a few
            words; empty where that is no longer at hand.
        times: How often this gate stopped it for this very reason, this being
            the last time.
    """

    seq: int
    timestamp: int
    strategy: str
    symbol: str
    gate: str
    reason: str
    wanted: str = ''
    times: int = 1


class SignalRow(msgspec.Struct, frozen=True, gc=False):
    """What a strategy wanted, and what became of it.

    Attributes:
        seq: Number of the signal's event.
        timestamp: When, nanoseconds since the epoch, UTC.
        strategy: Who wanted it.
        symbol: The instrument.
        text: What was wanted, in a few words.
        reason: Why, for a person.
        indicators: Values of the strategy's indicators at that moment.
        order_id: The id of its order, or of what was to be cancelled.
        bar: Stamp of the symbol's last bar then, nanoseconds since the epoch.
        fate: What became of it, in a few words.
        is_done: Nothing more can become of it.
    """

    seq: int
    timestamp: int
    strategy: str
    symbol: str
    text: str
    reason: str = ''
    indicators: dict[str, float] = msgspec.field(default_factory=dict)
    order_id: str = ''
    bar: int = 0
    fate: str = ''
    is_done: bool = False


class StrategyRow(msgspec.Struct, frozen=True, gc=False):
    """A line of the strategies pane.

    Attributes:
        name: The instance's name.
        strategy: What it runs: module or file.
        status: starting, running, stopped, failed, restarting or quarantined.
        symbols: What it is given.
        parameters: name=value, joined with blanks.
        pnl: Realized and unrealized profit of its own book, after fees.
        trades: Fills so far.
        working: Working orders.
        detail: Why it failed or stopped.
        performance: How it does.
        pid: Its process; 0 without one.
        restarts: How often it was started again by itself.
        late: How many of its answers were late.
        waiting: Events that it has yet to answer.
        code: Hash of the code that it runs, 16 hex digits, where it runs.
        error: Why it could not change to another version of its code.
        answers: Number of the event that its status answers; 0 for none.
        settings: Its parameters with bounds and values, once it ran.
        given: Names of those that are set by hand over strategy.yaml.
    """

    name: str
    strategy: str
    status: str
    symbols: tuple[str, ...]
    parameters: str = ''
    pnl: float = 0.0
    trades: int = 0
    working: int = 0
    detail: str = ''
    performance: Performance = Performance()
    pid: int = 0
    restarts: int = 0
    late: int = 0
    waiting: int = 0
    code: str = ''
    error: str = ''
    answers: int = 0
    settings: tuple[bounds.Setting, ...] = ()
    given: tuple[str, ...] = ()


class AlertRow(msgspec.Struct, frozen=True, gc=False):
    """A line of the alerts pane."""

    seq: int
    timestamp: int
    severity: records.Severity
    message: str
    source: str
    seen: bool


class EventRow(msgspec.Struct, frozen=True, gc=False):
    """A line of the events pane.

    Attributes:
        seq: The event's number.
        timestamp: Nanoseconds since the epoch, UTC.
        type: The event's type.
        source: Who says so.
        symbol: The instrument, or empty.
        cause: Number of the event that led to it.
        text: The payload in a few words.
    """

    seq: int
    timestamp: int
    type: str
    source: str
    symbol: str
    cause: int
    text: str


class LinkRow(msgspec.Struct, frozen=True, gc=False):
    """A feed, a broker, or a channel of alerts.

    Attributes:
        name: Its name in the configuration.
        status: connected, dead, failover, stale, lost, stopped, ended, ...
        detail: One sentence for a person.
        age_s: Seconds since it last gave something; None before the first.
        source: Where a feed has its bars from, if from one of several.
        usual_s: Seconds from one bar to the next; 0 where that says nothing.
    """

    name: str
    status: str
    detail: str = ''
    age_s: float | None = None
    source: str = ''
    usual_s: float = 0.0


class QueueRow(msgspec.Struct, frozen=True, gc=False):
    """How a queue is.

    Attributes:
        name: The lane.
        waiting: What waits now.
        limit: What may wait.
        taken: What has passed so far.
        replaced: What was replaced by something newer.
        blocked: How often a publisher had to wait.
    """

    name: str
    waiting: int
    limit: int
    taken: int = 0
    replaced: int = 0
    blocked: int = 0


class Attachment(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """How a screen in another process hangs on to its engine.

    Attributes:
        read_only: It only watches.
        lost_s: Seconds since the engine was heard; None while it is.
        detail: What went wrong, one sentence; empty while nothing did.
        answers: How often bars or fills came that were asked for.
    """

    read_only: bool = False
    lost_s: float | None = None
    detail: str = ''
    answers: int = 0


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """The engine at one moment.

    Attributes:
        profile: The profile.
        mode: What is at stake.
        account: The account's name at the broker.
        currency: The one currency of the account.
        state: What risk lets through.
        reason: Who halted it and why; empty while trading.
        halting: The emergency stop was pulled and is not yet an event.
        pid: The engine's process.
        started: When the engine started, nanoseconds since the epoch, UTC.
        uptime_s: Seconds since then.
        time: The engine's clock, nanoseconds since the epoch, UTC.
        seq: Number of the last event.
        equity: Cash and holdings.
        cash: In the account's currency.
        day_pnl: Equity less that at the start of the day.
        watch: One row a symbol, in the profile's order.
        orders: Working orders first, then the newest done ones.
        open_orders: How many work.
        positions: Open ones, and those that were closed today.
        strategies: One row an instance.
        untraded: Signals that were not traded, the newest first; of each
            strategy at most the last 50.
        signals: The newest signals of each strategy, the newest first, and
            what became of them.
        alerts: Newest first.
        unseen: How many alerts are not acknowledged.
        events: The newest events, oldest first.
        feeds: One row a feed.
        brokers: One row a broker.
        channels: One row a channel that alerts go out by.
        queues: One row a lane.
        inbox: In what the broker's book and ours differ, and what was done
            elsewhere.
        loop_lag_ms: How late the engine's loop is, in milliseconds.
        generated: The market data is generated, not real.
        risk: The risk of the book, a second old at most; None before the
            first was worked out.
        stop: What came of the last emergency stop; None while trading, and
            until that is known.
        stop_seq: Number of the event that tells; 0 without one.
        drill: What the last drill of the stop has shown; None where there was
            none.
        health: How long things take, memory and disk, a second old at most;
            None before that was measured.
        availability: How much of the sessions trading was possible; None for
            a profile whose bars are played.
        easing: How far the engine gives way to what the machine lacks.
        session: The session of the profile's schedule that runs, or the next;
            None without a schedule.
        verdict: What of all this is not well.
        attached: How the screen is attached; None for one in the engine's own
            process.
    """

    profile: str
    mode: records.Mode
    account: str = ''
    currency: str = 'USD'
    state: records.TradingState = records.TradingState.TRADING
    reason: str = ''
    halting: bool = False
    pid: int = 0
    started: int = 0
    uptime_s: float = 0.0
    time: int = 0
    seq: int = 0
    equity: float = 0.0
    cash: float = 0.0
    day_pnl: float = 0.0
    watch: tuple[WatchRow, ...] = ()
    orders: _Orders = ()
    open_orders: int = 0
    positions: tuple[PositionRow, ...] = ()
    strategies: tuple[StrategyRow, ...] = ()
    untraded: tuple[UntradedRow, ...] = ()
    signals: tuple[SignalRow, ...] = ()
    alerts: tuple[AlertRow, ...] = ()
    unseen: int = 0
    events: tuple[EventRow, ...] = ()
    feeds: tuple[LinkRow, ...] = ()
    brokers: tuple[LinkRow, ...] = ()
    channels: tuple[LinkRow, ...] = ()
    queues: tuple[QueueRow, ...] = ()
    inbox: tuple[records.Difference, ...] = ()
    loop_lag_ms: float = 0.0
    generated: bool = False
    risk: riskfigures.RiskMetrics | None = None
    stop: stops.StopReport | None = None
    stop_seq: int = 0
    drill: drills.Result | None = None
    health: healths.Health | None = None
    availability: uptime.Availability | None = None
    easing: healths.Easing = healths.Easing()
    session: schedules.Session | None = None
    verdict: healths.Verdict = healths.Verdict()
    attached: Attachment | None = None


class Line(msgspec.Struct, frozen=True, gc=False):
    """An indicator of a running strategy, as it had it.

    Attributes:
        strategy: The strategy's name.
        name: What the strategy calls the indicator.
        times: Stamps of bars, oldest first, nanoseconds since the epoch, UTC.
        values: The value after each of them.
    """

    strategy: str
    name: str
    times: tuple[int, ...]
    values: tuple[float, ...]


class Mark(msgspec.Struct, frozen=True, gc=False):
    """A fill on the chart.

    Attributes:
        timestamp: When, nanoseconds since the epoch, UTC.
        price: At what price.
        side: Buy or sell.
        quantity: Units.
        seq: Number of its event.
    """

    timestamp: int
    price: float
    side: orders.OrderSide
    quantity: float
    seq: int = 0


class Cause(EventRow, frozen=True, gc=False):
    """An event of the chain that led to another, with its figures.

    Attributes:
        rules: Of a verdict, each rule's figure and limit.
        reason: Of a signal, why it was made.
        indicators: Of a signal, the strategy's indicators at that moment.
        bar: Of market data, the bar.
        mark: Of a fill, where it is on a chart.
    """

    rules: tuple[records.RuleFigure, ...] = ()
    reason: str = ''
    indicators: dict[str, float] = msgspec.field(default_factory=dict)
    bar: market.MarketData | None = None
    mark: Mark | None = None


class Judgement(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What risk would say of an order that is not sent.

    Attributes:
        decision: approve, reduce or deny.
        quantity: The quantity that would be let through.
        message: Why it would be denied or reduced, for a person.
        rules: Each rule's figure and limit.
    """

    decision: records.Decision
    quantity: float
    message: str = ''
    rules: tuple[records.RuleFigure, ...] = ()
