"""How much of the sessions trading was possible, from a real log."""

import msgspec
import pytest

from sting.engine import clock
from sting.engine import journal
from sting.model import events
from sting.model import market
from sting.model import records
from sting.model import sessions
from sting.monitor import availability

pytestmark = pytest.mark.unit

T = events.EventType
HOUR = 3600 * market.NANOSECONDS
DAY = 24 * HOUR
# A week of sessions from 10 to 18 o'clock.
FIRST = 20_000
HOURS = sessions.Sessions(
    calendar='TEST',
    days=tuple(range(FIRST, FIRST + 7)),
    opens=tuple(d * DAY + 10 * HOUR for d in range(FIRST, FIRST + 7)),
    closes=tuple(d * DAY + 18 * HOUR for d in range(FIRST, FIRST + 7)),
)


def at(day, hour):
    return (FIRST + day) * DAY + round(hour * HOUR)


class World:
    """A log that is written by hand, and what is made of it."""

    def __init__(self, folder, log):
        self.folder = folder
        self.log = log
        self.seq = 0
        self.clock = clock.VirtualClock()
        self.keeper = self.again()

    def again(self, name='aa'):
        return availability.Keeper(
            self.folder,
            self.folder / 'events.db',
            name,
            journaled=self.log,
            sessions=lambda: HOURS,
            time_source=self.clock,
        )

    async def write(self, day, hour, data):
        kind = {
            records.SystemStatus: T.SYSTEM_STATUS,
            records.TradingStateChange: T.TRADING_STATE,
            market.Quote: T.QUOTE,
        }[type(data)]
        self.seq += 1
        event = events.Event(self.seq, at(day, hour), kind, 'engine', data)
        await self.log.append([event])

    async def part(self, day, hour, component, status):
        told = records.SystemStatus(component=component, status=status)
        await self.write(day, hour, told)

    async def engine(self, day, hour, status):
        await self.part(day, hour, 'engine', status)

    async def tick(self, day, hour):
        quote = market.Quote('A', at(day, hour), 1.0, 2.0, 3.0, 4.0)
        await self.write(day, hour, quote)

    async def trading(self, day, hour, state):
        change = records.TradingStateChange(
            state=records.TradingState(state), who='me', reason='x'
        )
        await self.write(day, hour, change)

    async def hours(self, day, hour, keeper=None):
        """Gives the hours up and open of each session, as of a moment."""
        self.clock.advance(at(day, hour))
        keeper = keeper or self.keeper
        await keeper.look()
        return [
            (round(one.up_s / 3600, 3), round(one.open_s / 3600, 3))
            for one in keeper.found.days
        ]


@pytest.fixture
async def world(tmp_path):
    log = await journal.Journal.open(
        tmp_path / 'events.db', seq=0, head=events.GENESIS
    )
    yield World(tmp_path, log)
    await log.close()


async def test_an_engine_that_runs_is_there(world):
    await world.engine(0, 9, 'started')
    assert await world.hours(0, 12) == [(2, 2)]
    assert world.keeper.found.share == 1.0
    assert world.keeper.found.days[0].day == '2024-10-04'
    assert await world.hours(1, 20) == [(8, 8), (8, 8)]


async def test_only_hours_of_the_exchange_count(world):
    await world.engine(0, 9, 'started')
    await world.engine(0, 19, 'stopped')
    await world.engine(1, 9, 'started')
    assert await world.hours(1, 14) == [(8, 8), (4, 4)]


async def test_before_the_log_nothing_was_promised(world):
    await world.engine(0, 16, 'started')
    assert await world.hours(0, 20) == [(2, 2)]


async def test_a_stop_within_a_session_costs(world):
    await world.engine(0, 10, 'started')
    await world.engine(0, 12, 'stopped')
    await world.engine(0, 13, 'started')
    assert await world.hours(0, 18) == [(7, 8)]
    assert world.keeper.found.share == 7 / 8


async def test_a_killed_engine_was_there_until_its_last_event(world):
    await world.engine(0, 10, 'started')
    await world.tick(0, 12)
    await world.engine(0, 15, 'started')
    assert await world.hours(0, 18) == [(5, 8)]


async def test_a_halt_costs_and_outlives_a_restart(world):
    await world.engine(0, 10, 'started')
    await world.trading(0, 11, 'HALTED')
    await world.engine(0, 12, 'stopped')
    await world.engine(0, 12, 'started')
    await world.trading(0, 13, 'TRADING')
    await world.trading(0, 14, 'REDUCING')
    assert await world.hours(0, 18) == [(6, 8)]


@pytest.mark.parametrize('component', ['broker:alpaca', 'feed:binance'])
async def test_a_lost_connection_costs(world, component):
    await world.engine(0, 10, 'started')
    await world.part(0, 10, component, 'connected')
    await world.part(0, 11, component, 'lost')
    await world.part(0, 11.5, component, 'reconnecting')
    await world.part(0, 12, component, 'connected')
    await world.part(0, 13, 'subscriber:mail', 'failed')
    assert await world.hours(0, 18) == [(7, 8)]


async def test_it_goes_on_from_its_file(world):
    await world.engine(0, 10, 'started')
    await world.hours(0, 12)
    kept = msgspec.json.decode(
        (world.folder / availability.FILE).read_bytes(),
        type=availability.Ledger,
    )
    assert kept.seq == 1
    await world.engine(0, 14, 'stopped')
    assert await world.hours(0, 18, world.again()) == [(4, 8)]


async def test_the_file_of_another_log_counts_for_nothing(world):
    await world.engine(0, 10, 'started')
    await world.hours(0, 12)
    other = world.again('bb')
    (world.folder / availability.FILE).write_text('{')
    assert await world.hours(0, 12, other) == [(2, 2)]


async def test_a_log_that_is_older_than_thirty_days(world):
    await world.engine(-40, 10, 'started')
    await world.tick(-35, 10)
    await world.engine(0, 12, 'stopped')
    assert await world.hours(0, 18) == [(2, 8)]


async def test_an_engine_that_was_off_thirty_days_ago(world):
    await world.engine(-40, 10, 'started')
    await world.engine(-39, 10, 'stopped')
    await world.engine(0, 12, 'started')
    assert await world.hours(0, 18) == [(6, 8)]


async def test_outside_of_all_sessions_there_is_no_share(world):
    await world.engine(-1, 10, 'started')
    assert await world.hours(0, 9) == []
    assert world.keeper.found.share is None


async def test_it_looks_by_itself(world):
    await world.engine(0, 10, 'started')
    world.clock.advance(at(0, 12))
    await world.keeper.start()
    for _ in range(500):
        if world.keeper.found is not None:
            break
        await availability.asyncio.sleep(0.01)
    await world.keeper.stop()
    assert world.keeper.found.share == 1.0
