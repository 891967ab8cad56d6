"""How an engine is, and why."""

import msgspec
import pytest

from sting.model import health as healths
from sting.model import records
from sting.model import views
from sting.monitor import health
from sting.net import monitor
from tests.unit.session import stations

pytestmark = pytest.mark.unit

OK, DEGRADED, FAILING = healths.Condition
WELL = views.Snapshot(
    profile='demo',
    mode=records.Mode.DEMO,
    feeds=(views.LinkRow('demo', 'connected', '', 0.4, usual_s=60.0),),
    brokers=(views.LinkRow('paper', 'connected'),),
    queues=(views.QueueRow('market', 3, 100),),
    strategies=(
        views.StrategyRow('one', 'a', 'running', ()),
        views.StrategyRow('two', 'b', 'stopped', ()),
    ),
    health=healths.Health(free=10 << 30, disk=20 << 30, clock_step=0.01),
)


def _judged(**changes):
    verdict = health.judge(msgspec.structs.replace(WELL, **changes))
    return verdict.state, [(each.area, each.reason) for each in verdict.reasons]


def _timed(name, p50_ms, p99_ms, times=1_000):
    row = healths.Latency(name, (times,), p50_ms, p99_ms, p99_ms)
    return {'health': healths.Health(latencies=(row,))}


def _disk(**told):
    return {'health': healths.Health(**told)}


def test_what_is_well_has_no_reasons():
    assert _judged() == (OK, [])


CASES = {
    'halted': (
        {'state': records.TradingState.HALTED, 'reason': 'operator: enough'},
        FAILING,
        ('engine', 'trading is halted: operator: enough'),
    ),
    'a stop that is no event yet': (
        {'halting': True},
        FAILING,
        ('engine', 'the stop was pulled'),
    ),
    'reducing': (
        {'state': records.TradingState.REDUCING},
        DEGRADED,
        ('engine', 'only orders that shrink go out'),
    ),
    'a loop that hangs': (
        {'loop_lag_ms': 3_000.0},
        FAILING,
        ('loop', 'the loop is 3 s late'),
    ),
    'a loop that is often late': (
        _timed(healths.LOOP, 1.0, 300.0),
        DEGRADED,
        ('loop', 'the loop is late by 300 ms at the 99th percentile'),
    ),
    'a slow log': (
        _timed(healths.LOG, 2_000.0, 3_000.0),
        FAILING,
        ('log', 'an event is in the log after 2,000 ms in the median'),
    ),
    'a stale feed': (
        {'feeds': (views.LinkRow('demo', 'stale', 'IBM'),)},
        FAILING,
        ('feed', 'demo is stale: IBM'),
    ),
    'a feed by its second source': (
        {'feeds': (views.LinkRow('demo', 'failover'),)},
        DEGRADED,
        ('feed', 'demo is failover'),
    ),
    'a feed that says nothing': (
        {'feeds': (views.LinkRow('demo', 'connected', '', 130, usual_s=60.0),)},
        DEGRADED,
        ('feed', 'demo gives nothing though it is due'),
    ),
    'a lost broker': (
        {'brokers': (views.LinkRow('ibkr', 'lost', 'it hung up'),)},
        FAILING,
        ('broker', 'ibkr is lost: it hung up'),
    ),
    'a dead channel of alerts': (
        {'channels': (views.LinkRow('phone', 'dead', '2 wait: no'),)},
        DEGRADED,
        ('alerts', 'phone is dead: 2 wait: no'),
    ),
    'a lane that fills': (
        {'queues': (views.QueueRow('market', 80, 100),)},
        DEGRADED,
        ('lane', 'lane market is nearly full, with a limit of 100'),
    ),
    'a full lane': (
        {'queues': (views.QueueRow('market', 100, 100),)},
        FAILING,
        ('lane', 'lane market is full, with 100'),
    ),
    'a broker whose book is another': (
        {
            'inbox': (
                records.Difference(
                    id='position-IBM', kind=records.DifferenceKind.POSITION
                ),
            )
        },
        DEGRADED,
        (
            'inbox',
            "1 to settle between the broker's book and ours: sting inbox",
        ),
    ),
    'little room': (
        _disk(free=500 << 20),
        DEGRADED,
        ('disk', '500 MiB are free where the log is'),
    ),
    'no room': (
        _disk(free=100 << 20),
        FAILING,
        ('disk', '100 MiB are free where the log is'),
    ),
    'a log that grows too fast': (
        _disk(free=10 << 30, log_growth=float(1 << 30)),
        DEGRADED,
        ('disk', 'the log will fill the disk within 11 h'),
    ),
    'a clock that was set': (
        _disk(clock_step=-3_600.0),
        DEGRADED,
        ('clock', "the machine's clock was moved by -3,600 s within a minute"),
    ),
}


@pytest.mark.parametrize('name', CASES)
def test_one_trouble_is_one_reason(name):
    changes, state, reason = CASES[name]
    assert _judged(**changes) == (state, [reason])


def test_few_times_say_nothing_of_percentiles():
    assert _judged(**_timed(healths.LOG, 5e3, 5e3, times=100)) == (OK, [])


def test_some_strategies_out_are_less_than_all():
    out = views.StrategyRow('one', 'a', 'quarantined', (), detail='it failed')
    state, reasons = _judged(strategies=(out, WELL.strategies[1]))
    assert (state, reasons) == (
        DEGRADED,
        [('strategy', 'one quarantined: it failed')],
    )
    assert _judged(strategies=(out,))[0] is FAILING


def test_the_worst_comes_first():
    state, reasons = _judged(
        feeds=(views.LinkRow('demo', 'failover'),),
        brokers=(views.LinkRow('ibkr', 'lost'),),
    )
    assert state is FAILING
    assert [area for area, _ in reasons] == ['broker', 'feed']


@pytest.mark.parametrize('link', monitor.Link)
def test_every_state_of_a_connection_is_judged(link):
    assert (link in health.BROKERS) != (link in health.BROKERS_WELL)


def test_a_session_tells_how_it_is(tmp_path):
    with stations.running(stations.home_in(tmp_path)) as station:
        stations.until(
            lambda: (
                station.snapshot().verdict.state is not FAILING
                and station.snapshot().seq > 5
            )
        )
        station.emergency_stop('operator', 'a test')

        def failing():
            found = station.snapshot().verdict
            reasons = [each.reason for each in found.reasons]
            return found if 'a test' in ' '.join(reasons) else None

        found = stations.until(failing)
    assert (found.state, found.reasons[0].area) == (FAILING, 'engine')
