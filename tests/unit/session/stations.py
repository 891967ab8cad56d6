"""Workstations for the tests: the demo, faster, in a folder of its own."""

import contextlib
import sqlite3
import textwrap
import time

import msgspec

from sting import session
from sting import settings
from sting.engine import reader
from sting.engine import recovery
from sting.engine import state
from sting.model import commands
from sting.model import events
from sting.model import orders

T = events.EventType
BUY, SELL = orders.OrderSide.BUY, orders.OrderSide.SELL
FAST = 0.02
NEVER = 3600.0
SOON = 20.0


def home_in(folder):
    return settings.Home.find({'STING_HOME': str(folder)})


def config(home, *, interval_s=FAST, strategies=None, **profile):
    """The shipped demo with other strategies, AAPL and IBM, and faster.

    Args:
        home: Where the files are.
        interval_s: Seconds from one bar to the next.
        strategies: By name: what it runs, or a dict of fields.
        **profile: Other fields of the profile.
    """
    loaded = settings.load(home)
    entries = {
        name: settings.StrategyEntry(
            **({'strategy': what} if isinstance(what, str) else what)
        )
        for name, what in (strategies or {}).items()
    }
    demo = msgspec.structs.replace(
        loaded.profiles['demo'],
        **(
            {'symbols': ('AAPL', 'IBM'), 'strategies': tuple(entries)} | profile
        ),
    )
    feed = msgspec.structs.replace(loaded.feeds['demo'], interval_s=interval_s)
    return msgspec.structs.replace(
        loaded,
        profiles={**loaded.profiles, 'demo': demo},
        feeds={**loaded.feeds, 'demo': feed},
        strategies=entries,
    )


@contextlib.contextmanager
def running(home, **options):
    """A session that has been started, and is ended whatever happens."""
    station = session.open('demo', home=home, config=config(home, **options))
    station.start()
    try:
        yield station
    finally:
        station.close()


def until(condition, seconds=SOON):
    """Waits until something holds, and gives what was found."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, 'it did not happen in time'
        time.sleep(0.005)
    return found


def ask(station, command):
    return station.submit(command).result(SOON)


def buy(station, quantity=10.0, symbol='AAPL', **more):
    """Sends an order by hand, once there is a price."""
    until(lambda: symbol in station._room._engine.state.prices)
    return ask(
        station,
        commands.SubmitOrder(
            symbol=symbol, side=BUY, quantity=quantity, **more
        ),
    )


def order_of(station, order_id):
    """The order as the newest picture has it."""
    for one in station.snapshot().orders:
        if one.id == order_id:
            return one
    return None


def wait_for(station, order_id, status):
    def reached():
        one = order_of(station, order_id)
        return one if one is not None and one.status == status else None

    return until(reached)


def log_of(home, kind=None, profile='demo'):
    """What the log has, of one kind or all."""
    return [
        event
        for event in reader.read(home.log(profile))
        if kind is None or event.type is kind
    ]


def state_of(home):
    """The state that the log gives."""
    system = state.SystemState()
    recovery.restore(home.log('demo'), system, lambda event: None)
    return system


def write_strategy(home, name, body):
    """Writes a user's strategy; its class is called Mine."""
    home.strategies.mkdir(parents=True, exist_ok=True)
    path = home.strategies / name
    path.write_text(
        'from sting import strategy\n\n\n'
        'class Mine(strategy.AbstractStrategy):\n'
        + textwrap.indent(textwrap.dedent(body), '    ')
    )
    return str(path)


def change(home, which):
    """Changes an event behind the engine's back."""
    database = sqlite3.connect(home.log('demo'))
    database.execute('DROP TRIGGER events_are_not_updated')
    database.execute(f"UPDATE events SET source = 'me' WHERE seq = {which}")
    database.commit()
    database.close()
