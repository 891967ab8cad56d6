"""What the exporter gives out: one table, which the guide is made from.

Each metric is worked out of the picture that the screens are shown and of
sums that the engine's loop copied, so that nothing is measured for it.
"""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
import enum
from typing import Final
from typing import NamedTuple

import msgspec

from sting import version
from sting.model import health as healths
from sting.model import market
from sting.model import records
from sting.model import views
from sting.monitor import health

Sums = Mapping[tuple[str, str], healths.Sums]
# Labels, and the value; None where it is not known, which gives nothing.
Sample = tuple[tuple[str, ...], float | None]


class Kind(enum.StrEnum):
    """How a metric's values go on."""

    GAUGE = 'gauge'
    # It only grows, until the engine starts again.
    COUNTER = 'counter'
    HISTOGRAM = 'histogram'


class Facts(msgspec.Struct, frozen=True):
    """What is known of an engine.

    Attributes:
        picture: The engine at one moment.
        sums: How long things took, by what and whose it was.
        counts: How many events of each type there were.
    """

    picture: views.Snapshot
    sums: Sums
    counts: Mapping[str, int]


class Metric(NamedTuple):
    """A metric.

    Attributes:
        name: As Prometheus has it, with its unit; a counter's ends in _total.
        kind: How it goes on.
        help: What it is, one sentence.
        labels: What tells its series from each other.
        read: Gives its series.
        timed: Of a histogram, the name of what is timed.
    """

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    read: Callable[[Facts], Iterable[Sample]] = lambda _: ()
    timed: str = ''

    def histograms(
        self, facts: Facts
    ) -> Iterator[tuple[tuple[str, ...], healths.Sums]]:
        """Gives the series of a histogram.

        Args:
            facts: What is known.
        """
        for (what, whose), sums in facts.sums.items():
            if what == self.timed:
                yield ((whose,) if self.labels else ()), sums


def _one(
    read: Callable[[views.Snapshot], float | None],
) -> Callable[[Facts], Iterable[Sample]]:
    """Gives one series, without labels."""
    return lambda facts: [((), read(facts.picture))]


def _each(
    rows: Callable[[views.Snapshot], Iterable[object]],
    label: str,
    field: str,
) -> Callable[[Facts], Iterable[Sample]]:
    """Gives a series a row, labelled by one of its fields."""

    def read(facts: Facts) -> Iterable[Sample]:
        for row in rows(facts.picture):
            value = row
            for part in field.split('.'):
                value = getattr(value, part)
            yield (str(getattr(row, label)),), _number(value)

    return read


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _choice(
    values: Iterable[str], now: Callable[[views.Snapshot], str]
) -> Callable[[Facts], Iterable[Sample]]:
    """Gives a series for each value that there can be: 1 for the present."""
    every = tuple(str(value) for value in values)

    def read(facts: Facts) -> Iterable[Sample]:
        present = str(now(facts.picture))
        return [((value,), float(value == present)) for value in every]

    return read


def _health_of(
    read: Callable[[healths.Health], float | None],
) -> Callable[[Facts], Iterable[Sample]]:
    def found(picture: views.Snapshot) -> float | None:
        return None if picture.health is None else read(picture.health)

    return _one(found)


def _links(
    rows: Callable[[views.Snapshot], Iterable[views.LinkRow]],
    well: frozenset[str],
) -> Callable[[Facts], Iterable[Sample]]:
    return lambda facts: [
        ((row.name,), float(row.status in well)) for row in rows(facts.picture)
    ]


def _info(facts: Facts) -> Iterable[Sample]:
    picture = facts.picture
    return [((picture.profile, picture.mode, version.__version__), 1.0)]


def _events(facts: Facts) -> Iterable[Sample]:
    return [((str(kind),), count) for kind, count in facts.counts.items()]


def _reasons(facts: Facts) -> Iterable[Sample]:
    found = facts.picture.verdict.reasons
    areas = dict.fromkeys((row.area, row.state) for row in found)
    return [
        (key, float(sum((r.area, r.state) == key for r in found)))
        for key in areas
    ]


def _processes(picture: views.Snapshot) -> Iterable[healths.ProcessRow]:
    return () if picture.health is None else picture.health.processes


def _strategies(field: str) -> Callable[[Facts], Iterable[Sample]]:
    return _each(lambda picture: picture.strategies, 'name', field)


def _queues(field: str) -> Callable[[Facts], Iterable[Sample]]:
    return _each(lambda picture: picture.queues, 'name', field)


def _bad_strategies(facts: Facts) -> Iterable[Sample]:
    return [
        ((row.name,), float(row.status in health.STRATEGIES))
        for row in facts.picture.strategies
    ]


def _held(picture: views.Snapshot) -> float:
    return sum(row.quantity != 0 for row in picture.positions)


def _available(picture: views.Snapshot) -> float | None:
    found = picture.availability
    return None if found is None else found.share


def _gross(picture: views.Snapshot) -> float:
    return sum(abs(row.value) for row in picture.positions)


_G, _C, _H = Kind
_S: Final = ('strategy',)
_L: Final = ('lane',)
_P: Final = ('process',)

TABLE: Final = (
    Metric(
        'sting_info',
        _G,
        'Always 1; its labels say what runs.',
        ('profile', 'mode', 'version'),
        _info,
    ),
    Metric(
        'sting_health',
        _G,
        'How the engine is: 1 for the present state, 0 for the others.',
        ('state',),
        _choice(healths.Condition, lambda picture: picture.verdict.state),
    ),
    Metric(
        'sting_health_reasons',
        _G,
        'What is not well, counted by area and by how bad it is.',
        ('area', 'state'),
        _reasons,
    ),
    Metric(
        'sting_trading_state',
        _G,
        'What risk lets through: 1 for the present state, 0 for the others.',
        ('state',),
        _choice(records.TradingState, lambda picture: picture.state),
    ),
    Metric(
        'sting_start_time_seconds',
        _G,
        'When the engine started, seconds since the epoch.',
        (),
        _one(lambda picture: picture.started / market.NANOSECONDS),
    ),
    Metric(
        'sting_availability_ratio',
        _G,
        'Share of the sessions of 30 days in which trading was possible.',
        (),
        _one(_available),
    ),
    Metric(
        'sting_loop_late_seconds',
        _H,
        "By how much the engine's loop was late, ten times a second.",
        timed=healths.LOOP,
    ),
    Metric(
        'sting_journal_commit_seconds',
        _H,
        'From when a batch of events was taken to when it was in the log.',
        timed=healths.LOG,
    ),
    Metric(
        'sting_tick_to_decision_seconds',
        _H,
        'From when an event was taken to when the signal that answers it was.',
        _S,
        timed='decision',
    ),
    Metric(
        'sting_decision_to_order_seconds',
        _H,
        'From when a signal was taken to when its order went to the broker.',
        _S,
        timed='sending',
    ),
    Metric(
        'sting_tick_to_order_seconds',
        _H,
        'From when an event was taken to when the order that answers it went '
        'to the broker.',
        _S,
        timed='order',
    ),
    Metric(
        'sting_strategy_answer_seconds',
        _H,
        'What a strategy took, in its process, to answer an event.',
        _S,
        timed='answer',
    ),
    Metric(
        'sting_order_to_ack_seconds',
        _H,
        'From when something was asked of a broker to its answer.',
        ('broker',),
        timed='broker',
    ),
    Metric(
        'sting_events_total',
        _C,
        'Events made durable since the engine started.',
        ('type',),
        _events,
    ),
    Metric(
        'sting_log_events',
        _G,
        'Number of the last event.',
        (),
        _one(lambda picture: picture.seq),
    ),
    Metric(
        'sting_lane_waiting', _G, 'What waits in a lane.', _L,
        _queues('waiting'),
    ),
    Metric(
        'sting_lane_limit', _G, 'What may wait in a lane; 0 for no limit.', _L,
        _queues('limit'),
    ),
    Metric(
        'sting_lane_taken_total', _C, 'What has passed a lane.', _L,
        _queues('taken'),
    ),
    Metric(
        'sting_lane_replaced_total',
        _C,
        'What was replaced in a lane by something newer.',
        _L,
        _queues('replaced'),
    ),
    Metric(
        'sting_lane_blocked_total',
        _C,
        'How often somebody had to wait for room in a lane.',
        _L,
        _queues('blocked'),
    ),
    Metric(
        'sting_process_resident_memory_bytes',
        _G,
        'Memory of the engine or of a strategy.',
        _P,
        _each(_processes, 'name', 'memory'),
    ),
    Metric(
        'sting_process_cpu_seconds_total',
        _C,
        'What the engine or a strategy used of a processor.',
        _P,
        _each(_processes, 'name', 'cpu_s'),
    ),
    Metric(
        'sting_process_open_fds',
        _G,
        'Files, sockets and pipes that the engine or a strategy has open.',
        _P,
        _each(_processes, 'name', 'files'),
    ),
    Metric(
        'sting_log_size_bytes',
        _G,
        'Size of the event log with its archive.',
        (),
        _health_of(lambda found: found.log),
    ),
    Metric(
        'sting_disk_free_bytes',
        _G,
        'What is free where the log is.',
        (),
        _health_of(lambda found: found.free),
    ),
    Metric(
        'sting_feed_up',
        _G,
        '1 while a feed is well.',
        ('feed',),
        _links(lambda picture: picture.feeds, health.FEEDS_WELL),
    ),
    Metric(
        'sting_feed_age_seconds',
        _G,
        'Since a feed gave something last.',
        ('feed',),
        _each(lambda picture: picture.feeds, 'name', 'age_s'),
    ),
    Metric(
        'sting_broker_up',
        _G,
        '1 while a broker is connected.',
        ('broker',),
        _links(lambda picture: picture.brokers, health.BROKERS_WELL),
    ),
    Metric(
        'sting_strategy_failed',
        _G,
        '1 while a strategy has failed, is quarantined or restarting.',
        _S,
        _bad_strategies,
    ),
    Metric(
        'sting_strategy_restarts_total',
        _C,
        'How often a strategy was started again by itself.',
        _S,
        _strategies('restarts'),
    ),
    Metric(
        'sting_strategy_late_answers_total',
        _C,
        'Answers of a strategy that were late.',
        _S,
        _strategies('late'),
    ),
    Metric(
        'sting_strategy_waiting',
        _G,
        'Events that a strategy has yet to answer.',
        _S,
        _strategies('waiting'),
    ),
    Metric(
        'sting_strategy_signals_total',
        _C,
        'What a strategy wanted, cancels too.',
        _S,
        _strategies('performance.signals'),
    ),
    Metric(
        'sting_strategy_orders_total',
        _C,
        'Orders made of that.',
        _S,
        _strategies('performance.orders'),
    ),
    Metric(
        'sting_strategy_denied_total',
        _C,
        'Orders kept back by risk or by the stop.',
        _S,
        _strategies('performance.denied'),
    ),
    Metric(
        'sting_strategy_fills_total',
        _C,
        'Fills of a strategy.',
        _S,
        _strategies('performance.fills'),
    ),
    Metric(
        'sting_strategy_trips_total',
        _C,
        'Round trips that ended.',
        _S,
        _strategies('performance.trips'),
    ),
    Metric(
        'sting_strategy_hit_ratio',
        _G,
        'Share of the round trips that had a profit after fees.',
        _S,
        _strategies('performance.hit_rate'),
    ),
    Metric(
        'sting_strategy_pnl',
        _G,
        "Profit of a strategy after fees, in the account's currency.",
        _S,
        _strategies('performance.pnl'),
    ),
    Metric(
        'sting_strategy_fees',
        _G,
        "Fees that a strategy paid, in the account's currency.",
        _S,
        _strategies('performance.fees'),
    ),
    Metric(
        'sting_strategy_slippage_bps',
        _G,
        'What fills cost against the price of the decision, in basis points '
        'of what was traded.',
        _S,
        _strategies('performance.slippage_bps'),
    ),
    Metric(
        'sting_equity', _G, "Cash and holdings, in the account's currency.", (),
        _one(lambda picture: picture.equity),
    ),
    Metric(
        'sting_cash', _G, "Cash, in the account's currency.", (),
        _one(lambda picture: picture.cash),
    ),
    Metric(
        'sting_day_pnl',
        _G,
        "Equity less that at the start of the day, in the account's currency.",
        (),
        _one(lambda picture: picture.day_pnl),
    ),
    Metric(
        'sting_gross_exposure',
        _G,
        "Value of all positions without their signs, in the account's "
        'currency.',
        (),
        _one(_gross),
    ),
    Metric(
        'sting_positions', _G, 'Symbols in which something is held.', (),
        _one(_held),
    ),
    Metric(
        'sting_open_orders', _G, 'Orders that work.', (),
        _one(lambda picture: picture.open_orders),
    ),
    Metric(
        'sting_unseen_alerts', _G, 'Alerts that nobody has acknowledged.', (),
        _one(lambda picture: picture.unseen),
    ),
)  # fmt: skip


def page() -> str:
    """Gives the table of the guide."""
    head = [
        '| metric | kind | labels | what it is |',
        '| --- | --- | --- | --- |',
    ]
    rows = [
        f'| `{each.name}` | {each.kind} | {", ".join(each.labels)} | '
        f'{each.help} |'
        for each in TABLE
    ]
    return '\n'.join([*head, *rows]) + '\n'
