"""A log rerun from a moment on with other settings."""

import msgspec
import pytest

from sting import settings
from sting.model import errors
from sting.model import events
from sting.model import records
from sting.session import fork
from sting.session import forkform
from tests.unit.engine import logs
from tests.unit.session import replays
from tests.unit.session import stations

pytestmark = pytest.mark.unit

T = events.EventType
ENTRY = {
    'strategy': 'sting.library.sma_cross',
    'parameters': {'fast': 3, 'slow': 8},
}
MINE = """
    parameters = {'size': strategy.Parameter(1.0)}
    seen = 0

    async def on_market_data(self, data):
        self.seen += 1
        if self.seen % 5 == 0:
            self.buy('AAPL', self.parameters['size'])

    def save_state(self):
        return {'seen': self.seen}

    def load_state(self, state):
        self.seen = state['seen']
"""


@pytest.fixture(scope='module')
def ran(tmp_path_factory):
    """The log of a demo that traded, and what it was configured with."""
    home = stations.home_in(tmp_path_factory.mktemp('fork'))
    chosen = {
        'cross': ENTRY,
        'mine': stations.write_strategy(home, 'mine.py', MINE),
    }
    with stations.running(home, strategies=chosen) as station:

        def traded():
            rows = station.snapshot().strategies
            return all(row.trades > 3 for row in rows)

        stations.until(traded, 60)
        stations.buy(station)
    # An end in order has the states saved; the next life goes on from them.
    with stations.running(home, strategies=chosen) as station:
        before = {r.name: r.trades for r in station.snapshot().strategies}

        def traded_again():
            rows = station.snapshot().strategies
            return all(row.trades > before[row.name] for row in rows)

        stations.until(traded_again, 60)
    return home.log('demo'), stations.config(home, strategies=chosen)


@pytest.fixture(scope='module')
def at(ran):
    """The second fill: both strategies run by then."""
    path, _ = ran
    fills = [e.seq for e in logs.events_of(path) if e.type is T.FILL]
    return fills[1]


def rerun(ran, **asked):
    path, config = ran
    return fork.run(config, fork.Asked(path=path, **asked))


def test_a_change_without_effect_makes_no_difference(ran, at):
    found = rerun(ran, seq=at, limits={'max_position': 1e9})
    assert found.base == found.fork
    assert found.difference == 0.0
    assert found.curves['base'] == found.curves['fork']
    assert found.base.orders > 2
    assert found.changes[0][0] == 'max_position'


def test_a_parameter_changes_the_fork_and_nothing_else(ran, at):
    found = rerun(ran, seq=at, parameters={'mine': {'size': '40'}})
    plain = rerun(ran, seq=at, limits={'max_position': 1e9})
    assert found.base == plain.base
    assert found.then == plain.then
    assert found.fork != found.base
    assert found.difference == found.fork.pnl - found.base.pnl
    assert found.changes == (('mine.size', 'default', '40'),)


def test_a_limit_has_orders_denied(ran, at):
    found = rerun(ran, seq=at, limits={'max_position': 0.0})
    assert found.fork.denied > 0
    assert found.fork != found.base


def test_two_reruns_are_the_same(ran, at):
    asked = {'seq': at, 'parameters': {'cross': {'fast': '2'}}}
    assert rerun(ran, **asked) == rerun(ran, **asked)


def test_then_is_what_the_log_has(ran, at):
    path, _ = ran
    found = rerun(ran, seq=at, limits={'max_position': 1e9})
    later = [e for e in logs.events_of(path) if e.seq > at]
    assert found.then.fills == sum(e.type is T.FILL for e in later)
    begun = fork.travel.Travel(path)
    begun.seek(at)
    start = begun.picture().equity
    begun.seek(begun.last)
    assert found.then.pnl == pytest.approx(begun.picture().equity - start)
    assert found.curves['then'][0] == start
    assert found.until == begun.last
    assert found.events == sum(e.type is T.MARKET_DATA for e in later)
    assert list(found.times) == sorted(set(found.times))
    assert {len(c) for c in found.curves.values()} == {len(found.times)}


def test_a_moment_and_an_end_can_be_named(ran, at):
    path, _ = ran
    time = next(e.timestamp for e in logs.events_of(path) if e.seq == at)
    limits = {'max_position': 1e9}
    found = rerun(ran, time=time, limits=limits)
    # Many events have one time; it is the last of them.
    assert found.at >= at
    assert found.time == time
    assert rerun(ran, seq=at, until=at + 40, limits=limits).until == at + 40
    with pytest.raises(errors.InputError, match='--time leaves nothing'):
        rerun(ran, time=2**62, limits=limits)


def test_what_it_does_not_know_is_said(ran, at):
    notes = ' '.join(rerun(ran, seq=at, limits={'max_position': 1e9}).notes)
    assert 'simulated' in notes
    assert 'cross: the log has no state' in notes
    assert '1 orders and cancels by hand' in notes


def test_a_saved_state_is_taken_up(ran):
    path, _ = ran
    last = [e.seq for e in logs.events_of(path) if e.type is T.FILL][-1]
    found = rerun(ran, seq=last, limits={'max_position': 1e9})
    assert 'mine: the log has no state' not in ' '.join(found.notes)
    assert 'cross: the log has no state' in ' '.join(found.notes)


def test_a_strategy_that_fails_is_told_and_the_rest_goes_on(ran, at):
    found = rerun(ran, seq=at, parameters={'mine': {'size': '-1'}})
    assert found.base.fills > 0
    assert 'fork: mine failed' in ' '.join(found.notes)


@pytest.mark.parametrize(
    ('asked', 'said'),
    [
        ({'parameters': {}}, 'nothing is changed'),
        ({'parameters': {'nobody': {'x': '1'}}}, "'nobody' is none"),
        ({'limits': {'nothing': 1.0}}, "no rule 'nothing'"),
    ],
)
def test_what_is_not_there_is_said(ran, at, asked, said):
    with pytest.raises(errors.InputError, match=said):
        rerun(ran, seq=at, **asked)


def test_an_unknown_parameter_is_said(ran, at):
    with pytest.raises(errors.StrategyError, match='nope'):
        rerun(ran, seq=at, parameters={'mine': {'nope': '1'}})


def test_behind_the_end_there_is_nothing_to_rerun(ran):
    with pytest.raises(errors.InputError, match='leaves nothing'):
        rerun(ran, seq=10**9, limits={'max_position': 1.0})


def test_a_log_without_strategies_and_a_halt(tmp_path, ran):
    world = replays.traded()
    halt = next(
        e.seq
        for e in world.events
        if e.type is T.TRADING_STATE
        and e.data.state is records.TradingState.HALTED
    )
    path = replays.write(tmp_path / 'events.db', world)
    found = fork.run(
        ran[1],
        fork.Asked(
            path=path,
            profile='demo',
            seq=halt,
            limits={'max_position': 1.0},
        ),
    )
    notes = ' '.join(found.notes)
    assert 'no strategy of the profile ran' in notes
    assert 'trading was halted then' in notes
    assert found.fork.orders == 0


def test_long_curves_are_thinned_and_keep_their_ends(monkeypatch):
    monkeypatch.setattr(fork, 'POINTS', 10)
    curves = fork._Curves(100.0, 0)
    for nth in range(1, 500):
        curves.take(nth, (100.0 + nth, 100.0 - nth, 100.0))
    curves.end((599.0, -399.0, 100.0))
    given = curves.given()
    assert 10 <= len(curves.times()) < 25
    assert (given['then'][0], given['then'][-1]) == (100.0, 599.0)
    tally = fork.forked.Tally()
    figures = [curves.figures(nth, tally) for nth in range(3)]
    assert [each.drawdown for each in figures] == [0.0, 499.0, 0.0]
    assert [each.pnl for each in figures] == [499.0, -499.0, 0.0]


def test_what_came_of_it_is_plain_data(ran, at):
    found = rerun(ran, seq=at, limits={'max_position': 1e9})
    again = msgspec.json.decode(msgspec.json.encode(found), type=fork.Forked)
    assert again == found


def test_what_can_be_changed_has_the_values_of_today(ran, at):
    path, config = ran
    off = msgspec.structs.replace(
        config.risk.rules['price_collar'], enabled=False
    )
    mine = settings.ScopedRule(rule='order_rate', limit=20.0)
    risk = msgspec.structs.replace(
        config.risk,
        rules={**config.risk.rules, 'price_collar': off},
        scoped={'pace': mine},
    )
    config = msgspec.structs.replace(config, risk=risk)
    found = forkform.offer(config, path, at)
    fast, slow, *_ = found.strategies['cross']
    assert (fast.name, fast.value, slow.value) == ('fast', 3, 8)
    assert [each.name for each in found.strategies['mine']] == ['size']
    limits = {each.name: each for each in found.limits}
    assert limits['price_collar'].value == 'off'
    assert limits['pace'].value == 20.0
    assert limits['pace'].doc == 'order_rate'
    for wrong in ('-1', 'nan', 'inf'):
        with pytest.raises(errors.StrategyError):
            limits['pace'].convert(wrong)
    assert not found.notes


def test_a_strategy_that_cannot_be_loaded_is_told(ran, at):
    path, config = ran
    gone = msgspec.structs.replace(
        config.strategies['mine'], strategy='sting.library.gone'
    )
    config = msgspec.structs.replace(
        config, strategies={**config.strategies, 'mine': gone}
    )
    found = forkform.offer(config, path, at)
    assert [*found.strategies] == ['cross']
    assert 'mine: ' in found.notes[0]


def test_before_any_strategy_ran_there_are_limits(ran):
    path, config = ran
    found = forkform.offer(config, path, 1)
    assert not found.strategies
    assert found.limits
    assert 'no strategy' in found.notes[0]
