"""How a running engine is: ok, degraded or failing, and why.

One function says so, of the picture that the screens are shown, so that the
command line, the screen and the exporter never differ.
"""

from collections.abc import Callable
from collections.abc import Iterator
from typing import Final

from sting.model import health
from sting.model import records
from sting.model import views
from sting.monitor import delivery

_DEGRADED, _FAILING = health.Condition.DEGRADED, health.Condition.FAILING
_WORST_FIRST: Final = (_FAILING, _DEGRADED, health.Condition.OK)

# How bad a status of a feed is; none of those that are well is here.
FEEDS: Final = {
    'connecting': _DEGRADED,
    'degraded': _DEGRADED,
    'failover': _DEGRADED,
    'stale': _FAILING,
    'failed': _FAILING,
    'stopped': _FAILING,
}
FEEDS_WELL: Final = frozenset({'connected', 'starting', 'closed', 'ended'})
# The same of a broker.
BROKERS: Final = {
    'closed': _DEGRADED,
    'reconciling': _DEGRADED,
    'degraded': _DEGRADED,
    'silent': _FAILING,
    'lost': _FAILING,
    'reconnecting': _FAILING,
}
BROKERS_WELL: Final = frozenset({'connected'})
# The same of a strategy: the others go on without it.
STRATEGIES: Final = {
    'failed': _DEGRADED,
    'quarantined': _DEGRADED,
    'restarting': _DEGRADED,
    'lost': _DEGRADED,
}
# A feed is silent when nothing came for so long after the next bar was due.
SILENT_S: Final = 60.0
# Milliseconds of which a figure is too slow: degraded by its 99th percentile,
# failing by its median.
SLOW_MS: Final = {health.LOOP: (250.0, 500.0), health.LOG: (250.0, 1_000.0)}
# Before so many times, one that was slow would be all of the percentile.
LEAST_TIMES: Final = 200
# Milliseconds by which the loop is late right now that are too many.
STUCK_MS: Final = 2_000.0
# Shares of a lane's limit.
FULL: Final = (0.8, 1.0)
MIB: Final = 1 << 20
# Bytes that are to be free where the log is.
FREE: Final = (1_024 * MIB, 128 * MIB)
# Hours that the disk has to last.
LASTS_H: Final = (24.0, 1.0)
# Seconds by which a clock may be moved.
STEP_S: Final = 1.0

_Found = Iterator[health.Finding]


def judge(picture: views.Snapshot) -> health.Verdict:
    """Says how an engine is.

    Args:
        picture: The engine at one moment.

    Returns:
        The worst that was found, and all that was found, the worst first.
    """
    found = [each for look in _LOOKS for each in look(picture)]
    found.sort(key=lambda each: _WORST_FIRST.index(each.state))
    return health.Verdict(found[0].state, tuple(found)) if found else _WELL


_WELL: Final = health.Verdict()


def _engine(picture: views.Snapshot) -> _Found:
    why = f': {picture.reason}' if picture.reason else ''
    if picture.state is records.TradingState.HALTED:
        yield health.Finding(_FAILING, 'engine', f'trading is halted{why}')
    elif picture.halting:
        yield health.Finding(_FAILING, 'engine', 'the stop was pulled')
    elif picture.state is records.TradingState.REDUCING:
        yield health.Finding(
            _DEGRADED, 'engine', f'only orders that shrink go out{why}'
        )


def _loop(picture: views.Snapshot) -> _Found:
    if picture.loop_lag_ms > STUCK_MS:
        yield health.Finding(
            _FAILING,
            'loop',
            f'the loop is {picture.loop_lag_ms / 1e3:.0f} s late',
        )


def _timed(picture: views.Snapshot) -> _Found:
    measured = picture.health
    for row in () if measured is None else measured.latencies:
        if row.name not in SLOW_MS or row.taken < LEAST_TIMES:
            continue
        area, what = _WORDS[row.name]
        slow, broken = SLOW_MS[row.name]
        if row.p50_ms > broken:
            yield health.Finding(
                _FAILING, area, f'{what} {row.p50_ms:,.0f} ms in the median'
            )
        elif row.p99_ms > slow:
            yield health.Finding(
                _DEGRADED,
                area,
                f'{what} {row.p99_ms:,.0f} ms at the 99th percentile',
            )


_WORDS: Final = {
    health.LOOP: ('loop', 'the loop is late by'),
    health.LOG: ('log', 'an event is in the log after'),
}


def _feeds(picture: views.Snapshot) -> _Found:
    for row in picture.feeds:
        if row.status not in FEEDS_WELL:
            state = FEEDS.get(row.status, _DEGRADED)
            yield health.Finding(state, 'feed', _link(row))
        elif row.status == 'connected' and _is_silent(row):
            yield health.Finding(
                _DEGRADED, 'feed', f'{row.name} gives nothing though it is due'
            )


def _is_silent(row: views.LinkRow) -> bool:
    return (
        row.age_s is not None
        and row.usual_s > 0
        and row.age_s > row.usual_s + SILENT_S
    )


def _brokers(picture: views.Snapshot) -> _Found:
    for row in picture.brokers:
        if row.status not in BROKERS_WELL:
            state = BROKERS.get(row.status, _DEGRADED)
            yield health.Finding(state, 'broker', _link(row))


def _channels(picture: views.Snapshot) -> _Found:
    for row in picture.channels:
        if row.status == delivery.DEAD:
            yield health.Finding(_DEGRADED, 'alerts', _link(row))


def _link(row: views.LinkRow) -> str:
    return f'{row.name} is {row.status}' + (
        f': {row.detail}' if row.detail else ''
    )


def _lanes(picture: views.Snapshot) -> _Found:
    for row in picture.queues:
        share = row.waiting / row.limit if row.limit else 0.0
        if share >= FULL[0]:
            yield health.Finding(
                _FAILING if share >= FULL[1] else _DEGRADED,
                'lane',
                f'lane {row.name} is nearly full, with a limit of {row.limit:,}'
                if share < FULL[1]
                else f'lane {row.name} is full, with {row.limit:,}',
            )


def _strategies(picture: views.Snapshot) -> _Found:
    out = [row for row in picture.strategies if row.status in STRATEGIES]
    for row in out:
        why = f': {row.detail}' if row.detail else ''
        yield health.Finding(
            STRATEGIES[row.status], 'strategy', f'{row.name} {row.status}{why}'
        )
    if out and len(out) == len(picture.strategies):
        yield health.Finding(_FAILING, 'strategy', 'no strategy is well')


def _inbox(picture: views.Snapshot) -> _Found:
    count = sum(not row.accepted for row in picture.inbox)
    if count:
        yield health.Finding(
            _DEGRADED,
            'inbox',
            f"{count} to settle between the broker's book and ours: "
            'sting inbox',
        )


def _disk(picture: views.Snapshot) -> _Found:
    measured = picture.health
    if measured is None or measured.free is None:
        return
    if measured.free < FREE[0]:
        yield health.Finding(
            _FAILING if measured.free < FREE[1] else _DEGRADED,
            'disk',
            f'{measured.free // MIB:,} MiB are free where the log is',
        )
    if measured.log_growth is None or measured.log_growth <= 0:
        return
    hours = measured.free / measured.log_growth
    if hours < LASTS_H[0]:
        yield health.Finding(
            _FAILING if hours < LASTS_H[1] else _DEGRADED,
            'disk',
            f'the log will fill the disk within {int(hours) + 1} h',
        )


def _resources(picture: views.Snapshot) -> _Found:
    given = picture.easing
    if given.level:
        why = '; '.join(given.reasons) or 'it is better by now'
        yield health.Finding(_DEGRADED, 'resources', f'{given.step}: {why}')


def _clock(picture: views.Snapshot) -> _Found:
    measured = picture.health
    step = 0.0 if measured is None else measured.clock_step or 0.0
    if abs(step) > STEP_S:
        yield health.Finding(
            _DEGRADED,
            'clock',
            f"the machine's clock was moved by {step:+,.0f} s within a minute",
        )


_LOOKS: Final[tuple[Callable[[views.Snapshot], _Found], ...]] = (
    _engine,
    _loop,
    _timed,
    _feeds,
    _brokers,
    _channels,
    _lanes,
    _strategies,
    _inbox,
    _disk,
    _resources,
    _clock,
)
