"""What a command to reload comes to, before the host has it."""

import pytest

from sting.engine import clock
from sting.engine import state
from sting.engine import step
from sting.model import commands
from sting.model import records
from sting.model import specs
from sting.session import reload
from sting.strategy import handover
from sting.strategy import isolated
from tests.unit.session import stations

pytestmark = pytest.mark.unit

COUNTER = """
async def on_market_data(self, data):
    self.log.info('heard')
"""


def row(station):
    return station.snapshot().strategies[0]


def components(station):
    return [one.name for one in station._room._engine._components]


def test_a_strategy_that_is_in_no_file_keeps_its_parameters(tmp_path):
    home = stations.home_in(tmp_path)
    path = stations.write_strategy(home, 'mine.py', COUNTER)
    patient = specs.Process(deadline_ms=30_000, late_ms=30_000)
    entry = {'strategy': path, 'process': patient}
    with stations.running(home, strategies={'mine': entry}) as station:
        stations.until(lambda: row(station).status == 'running')
        assert 'watch' in components(station)
        command = commands.ReloadStrategy(name='mine')
        asked = stations.ask(station, command)
        assert asked.message == 'reloading mine'
        stations.until(lambda: row(station).answers == asked.seq)
        assert row(station).detail == 'reloaded: nothing changed'


def test_nothing_is_watched_where_the_operator_alone_reloads(tmp_path):
    home = stations.home_in(tmp_path)
    with stations.running(home, reload='manual') as station:
        assert 'watch' not in components(station)


async def test_a_strategy_that_stopped_meanwhile_is_left_alone(tmp_path):
    told = []
    hosted = isolated.IsolatedHost(
        [],
        log='t',
        folder=tmp_path,
        time_source=clock.VirtualClock(),
        emit=lambda name, seq, signals: None,
        status=lambda status, cause=0: told.append(status),
    )
    reloads = reload.Reloads(
        stations.home_in(tmp_path),
        hosted,
        state.SystemState(),
        None,
        lambda status, cause=0: told.append(status),
    )
    await reloads.carry_out(step.Reload('mine', 7, back=False))
    assert (told, reloads.tried('mine')) == ([], {})


SIZED = """
parameters = {'size': strategy.Parameter(1, low=1, high=9)}
"""


def test_what_is_set_by_hand_holds_over_a_restart(tmp_path):
    home = stations.home_in(tmp_path)
    path = stations.write_strategy(home, 'mine.py', SIZED)
    patient = specs.Process(deadline_ms=30_000, late_ms=30_000)
    entry = {'strategy': path, 'process': patient}

    def set_size(station, size, **more):
        return stations.ask(
            station,
            commands.SetParameters(
                name='mine', parameters={'size': size}, **more
            ),
        )

    def size(station):
        return [each.value for each in row(station).settings]

    with stations.running(home, strategies={'mine': entry}) as station:
        stations.until(lambda: row(station).status == 'running')
        refused = set_size(station, '10')
        assert (refused.ok, refused.message) == (
            False,
            "mine: parameter size is '10'; it must be an int from 1 to 9",
        )
        assert not set_size(station, 2, strategy='sting.library.rsi').ok
        asked = set_size(station, '3')
        stations.until(lambda: row(station).answers == asked.seq)
        assert row(station).detail == 'set: size 3 (was its default)'
        assert (size(station), row(station).given) == ([3], ('size',))
    with stations.running(home, strategies={'mine': entry}) as station:
        stations.until(lambda: row(station).status == 'running')
        assert (size(station), row(station).given) == ([3], ('size',))
        assert row(station).parameters == 'size=3'
        asked = set_size(station, None)
        stations.until(lambda: row(station).answers == asked.seq)
        assert (size(station), row(station).given) == ([1], ())


async def test_what_a_reload_took_away_cannot_be_set_any_more(tmp_path):
    told = []
    ran = handover.Ran(specs.StrategySpec('mine', 'mine.py'), 'c0de', {})

    class Hosted:
        def ran(self, name):
            return ran

    reloads = reload.Reloads(
        stations.home_in(tmp_path),
        Hosted(),
        state.SystemState(),
        None,
        lambda status, cause=0: told.append((status.error, cause)),
    )
    await reloads.carry_out(step.Reload('mine', 7, False, {'size': 2}))
    assert told == [
        ("there is no parameter 'size'; this strategy takes none", 7)
    ]


@pytest.mark.parametrize(
    ('mode', 'given', 'reloads'),
    [
        ('demo', None, 'auto'),
        ('paper', None, 'auto'),
        ('live', None, 'manual'),
        ('live', 'auto', 'auto'),
        ('paper', 'manual', 'manual'),
    ],
)
def test_in_live_nothing_reloads_by_itself_unless_it_is_wanted(
    tmp_path, mode, given, reloads
):
    config = stations.config(
        stations.home_in(tmp_path),
        mode=records.Mode(mode),
        broker='mine',
        account='U1',
        reload=given,
    )
    assert config.profiles['demo'].reloads == reloads
