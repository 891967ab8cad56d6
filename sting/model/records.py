"""Payloads of events that are not market data, orders or fills."""

import enum
from typing import Any

import msgspec

from sting.model import orders
from sting.model import payload
from sting.model import portfolio
from sting.model import words


@words.direct
class Mode(enum.StrEnum):
    """What is at stake in a profile."""

    DEMO = 'demo'
    PAPER = 'paper'
    LIVE = 'live'
    REPLAY = 'replay'


@words.direct
class TradingState(enum.StrEnum):
    """What risk lets through.

    REDUCING admits only what shrinks a position; HALTED admits only the
    operator's typed flatten.
    """

    TRADING = 'TRADING'
    REDUCING = 'REDUCING'
    HALTED = 'HALTED'


@words.direct
class Severity(enum.StrEnum):
    """How much an alert matters."""

    INFO = 'info'
    WARNING = 'warning'
    CRITICAL = 'critical'


@words.direct
class Decision(enum.StrEnum):
    """What risk says of an order."""

    APPROVE = 'approve'
    REDUCE = 'reduce'
    DENY = 'deny'


@words.direct
class Gate(enum.StrEnum):
    """What kept a signal from becoming an order.

    An order that risk denies has a verdict instead.
    """

    # It makes no sense.
    DOORS = 'doors'
    # Its order is in the log already.
    DUPLICATE = 'duplicate'
    # The strategy has stopped or failed.
    STOPPED = 'stopped'
    # It was decided too long ago, as after a restart.
    STALE = 'stale'
    # There is no price to work a quantity out with.
    PRICE = 'price'
    # The position is what it is to be already.
    REACHED = 'reached'
    # Another way out waits, or nothing was left to get out of.
    EXIT = 'exit'
    # Trading was halted while it waited.
    HALTED = 'halted'
    # There is nothing to cancel.
    CANCEL = 'cancel'


@words.direct
class FlowKind(enum.StrEnum):
    """What cash came or went for, besides fills."""

    DIVIDEND = 'dividend'
    BORROW = 'borrow'
    INTEREST = 'interest'
    FEE = 'fee'
    # What the operator accepted that the broker has more, or less.
    ADJUSTMENT = 'adjustment'


@words.direct
class ActionKind(enum.StrEnum):
    """What an issuer or an exchange did to an instrument."""

    SPLIT = 'split'
    DIVIDEND = 'dividend'
    DELISTING = 'delisting'


@words.direct
class DifferenceKind(enum.StrEnum):
    """In what the broker's book and ours differ."""

    # Units held of a symbol.
    POSITION = 'position'
    # An order works there that is not ours, or that has ended here.
    ORDER = 'order'
    # An order of ours works that the broker does not show.
    MISSING = 'missing'
    CASH = 'cash'
    # It is another account, or another currency.
    ACCOUNT = 'account'


class Venue(payload.Payload, frozen=True, kw_only=True):
    """One of the brokers of a profile of several.

    Attributes:
        broker: Its name.
        account: The account there.
        cash: What that one starts with.
        began: The broker's time when its cash was asked for, nanoseconds since
            the epoch, UTC.
    """

    broker: str
    account: str = ''
    cash: float = 0.0
    began: int = 0


class LogCreated(payload.Payload, frozen=True, kw_only=True):
    """The first event of every log.

    Attributes:
        log: The id drawn once for this log, the start of every order id.
        profile: The profile that writes it.
        mode: What is at stake in it.
        currency: The one currency of its account.
        cash: What the account starts with.
        broker: Where its orders go; empty for what is played here, as in
            older logs.
        account: The account there.
        began: The broker's time when its cash was asked for, nanoseconds since
            the epoch, UTC: what was traded before is in that. 0 for what is
            played here.
        venues: Each broker of a profile of several, whose cash is theirs
            together; empty in all others.
    """

    log: str
    profile: str
    mode: Mode
    currency: str = 'USD'
    cash: float = 0.0
    broker: str = ''
    account: str = ''
    began: int = 0
    venues: tuple[Venue, ...] = ()


class SystemStatus(payload.Payload, frozen=True, kw_only=True):
    """A part of the engine changed its state.

    Attributes:
        component: Which part: engine, feed:demo, broker:paper, ...
        status: started, stopped, connected, silent, lost, ...
        detail: One sentence for a person.
    """

    component: str
    status: str
    detail: str = ''


class StrategyStatus(payload.Payload, frozen=True, kw_only=True):
    """A strategy changed its state.

    Attributes:
        strategy: The name of the instance.
        status: starting, running, lost (its node is not heard; it may run on),
            stopped, failed, restarting (it waits to be started again) or
            quarantined (it failed too often; only the
            operator starts it).
        detail: Why, for a person.
        policy: What becomes of its orders and its position, for failed and
            quarantined, and for stopped at the end of a session: keep, cancel
            or flatten.
        code: Hash of the code that it runs, 16 hex digits, where it runs.
        error: Why it could not change to another version of its code; it
            goes on as it was.
        parameters: What is set by hand from now on, over strategy.yaml; None
            where that stays as it was.
    """

    strategy: str
    status: str
    detail: str = ''
    code: str = ''
    policy: str = ''
    error: str = ''
    parameters: dict[str, bool | int | float | str] | None = None


class StrategyState(payload.Payload, frozen=True, kw_only=True):
    """What a strategy has to know again after a restart.

    Attributes:
        strategy: The name of the instance.
        seq: Number of the last event that it had answered.
        saved: What its `save_state` gave.
        cash: Of its own book, in the account's currency.
        positions: Of its own book.
        code: Hash of the code that gave it, 16 hex digits.
    """

    strategy: str
    seq: int
    saved: dict[str, Any] = msgspec.field(default_factory=dict)
    cash: float = 0.0
    positions: tuple[portfolio.Position, ...] = ()
    code: str = ''


class Alert(payload.Payload, frozen=True, kw_only=True):
    """Something that a person should know.

    Attributes:
        severity: How much it matters.
        message: One sentence.
        source: The rule or part that raised it.
    """

    severity: Severity
    message: str
    source: str = ''


class AlertSeen(payload.Payload, frozen=True, kw_only=True):
    """The operator acknowledged alerts.

    Attributes:
        up_to: Number of the newest alert that was acknowledged.
        only: Not the older ones.
    """

    up_to: int
    only: bool = False


# The start of `who` where a rule changed the trading state by itself.
BY_RULE = 'rule '


class TradingStateChange(payload.Payload, frozen=True, kw_only=True):
    """Trading was halted, reduced or resumed.

    Attributes:
        state: What holds from here on.
        who: operator, signal, a rule's name, ...
        reason: Why, for a person.
    """

    state: TradingState
    who: str
    reason: str = ''


class Checkpoint(payload.Payload, frozen=True, kw_only=True):
    """An image of the state was kept; this puts it into the chain.

    Attributes:
        up_to: Number of the last event in the image.
        digest: BLAKE2b of the image, 32 bytes in hexadecimal.
    """

    up_to: int
    digest: str


class RuleSet(payload.Payload, frozen=True, kw_only=True):
    """The risk rules in force from here on.

    Attributes:
        names: The rules' names, in the order in which they are asked.
        limits: Their limits, in the same order.
        units: What a figure counts, in the same order.
    """

    names: tuple[str, ...]
    limits: tuple[float | None, ...]
    units: tuple[str, ...]


class Verdict(payload.Payload, frozen=True, kw_only=True):
    """What risk said of an order.

    Attributes:
        order_id: The order.
        decision: approve, reduce or deny.
        figures: Each rule's figure, in the rule set's order; None where the
            rule did not apply.
        failed: Positions in the rule set of the rules that said no.
        rules: Number of the event that has the rule set.
        quantity: The quantity let through.
        message: Why it was denied or reduced, for a person.
    """

    order_id: str
    decision: Decision
    figures: tuple[float | None, ...] = ()
    failed: tuple[int, ...] = ()
    rules: int = 0
    quantity: float = 0.0
    message: str = ''


class RuleFigure(msgspec.Struct, frozen=True, gc=False):
    """What one rule said of an order.

    Attributes:
        name: The rule.
        figure: What it measured; None where it did not apply, or there was
            no figure.
        limit: What the figure may not pass; None for a rule without one.
        unit: What both count.
        failed: The rule said no.
    """

    name: str
    figure: float | None
    limit: float | None
    unit: str
    failed: bool


def figures(rules: RuleSet, verdict: Verdict) -> list[RuleFigure]:
    """Names the figures of a verdict.

    Args:
        rules: Those that were asked.
        verdict: What they said.

    Returns:
        One a rule, in the order in which they were asked.
    """
    return [
        RuleFigure(name, figure, limit, unit, number in verdict.failed)
        for number, (name, figure, limit, unit) in enumerate(
            zip(rules.names, verdict.figures, rules.limits, rules.units)  # noqa: B905
        )
    ]


class Refusal(payload.Payload, frozen=True, kw_only=True):
    """A signal that becomes no order, and what stopped it.

    Attributes:
        order_id: The id that the order would have had, or that was to be
            cancelled.
        strategy: Who wanted it.
        gate: What stopped it.
        reason: Why, for a person.
        signal: What was wanted, where no signal's event tells; None also for
            one that cannot be written down.
    """

    order_id: str
    strategy: str
    gate: Gate
    reason: str = ''
    signal: orders.Signal | None = None


class CashFlow(payload.Payload, frozen=True, kw_only=True):
    """Cash that came or went without a fill.

    Attributes:
        kind: What for.
        amount: In the account's currency; what comes in is above 0.
        symbol: The instrument that it is of; empty for the whole account.
        quantity: The position that it is of, negative when short.
        rate: The yearly rate, a fraction, where it follows from one.
        detail: One sentence for a person.
        shares: What of the amount belongs to which strategy's own book; the
            rest is the operator's.
        broker: In whose account, in a profile of several brokers; empty in all
            others.
        order_id: The order whose costs it is of; empty for none.
    """

    kind: FlowKind
    amount: float
    symbol: str = ''
    quantity: float = 0.0
    rate: float = 0.0
    detail: str = ''
    shares: dict[str, float] = msgspec.field(default_factory=dict)
    broker: str = ''
    order_id: str = ''


class CorporateAction(payload.Payload, frozen=True, kw_only=True):
    """What became of an instrument before a session's first price.

    Attributes:
        symbol: The instrument.
        kind: What it is.
        ratio: For a split: new units for one old.
        amount: For a dividend: cash a unit, in the account's currency. The
            cash itself is a CashFlow.
        price: For a delisting: what a unit is paid out with; 0 when it has
            become worthless.
        detail: One sentence for a person.
    """

    symbol: str
    kind: ActionKind
    ratio: float = 0.0
    amount: float = 0.0
    price: float = 0.0
    detail: str = ''


class Difference(payload.Payload, frozen=True, kw_only=True):
    """One thing in which the broker's book and ours differ.

    Attributes:
        id: Its name, the same one at every look: position-AAPL, cash, ...
        kind: In what they differ.
        symbol: The instrument; empty for the whole account.
        ours: Units, or cash, in our book.
        theirs: The same at the broker.
        text: One sentence for a person.
        price: What a unit of the position was bought at there; 0 where the
            broker does not say.
        order: The order that it is about.
        accepted: The operator leaves it as it is, and it is in nobody's way.
        broker: Whose book it is, in a profile of several brokers; empty in all
            others.
    """

    id: str
    kind: DifferenceKind
    symbol: str = ''
    ours: float = 0.0
    theirs: float = 0.0
    text: str = ''
    price: float = 0.0
    order: orders.Order | None = None
    accepted: bool = False
    broker: str = ''

    @property
    def offset(self) -> float:
        """What the broker has more; fills since change both books alike."""
        return self.theirs - self.ours


class Reconciliation(payload.Payload, frozen=True, kw_only=True):
    """The broker's book was held against ours.

    Attributes:
        trigger: What for: start, reconnect, timer, ...
        took: Seconds that it took.
        differences: All that are open now.
        broker: The only one that was looked at, in a profile of several; what
            is open at the others stays. Empty for all.
    """

    trigger: str
    took: float = 0.0
    differences: tuple[Difference, ...] = ()
    broker: str = ''
