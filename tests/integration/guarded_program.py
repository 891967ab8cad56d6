"""An engine at Alpaca that does what it is told: places, hangs, tells.

Run as a program in a process of its own: a call that holds the interpreter's
lock is to stop this one, and not the test.
"""

import ctypes
import os
import sys
import threading

from sting.engine import bus
from sting.engine import signals

# Before numpy starts threads.
signals.hold_back()

# ruff: noqa: E402
from sting.model import commands
from sting.model import events
from sting.model import market
from sting.model import orders
from sting.model import records
from tests.unit.session import stations

LIMIT = orders.OrderType.LIMIT
OUTSIDE = {
    'broker': 'alpaca',
    'mode': records.Mode.PAPER,
    'reconcile_s': 0.0,
}


def read():
    """Gives what is said, line by line, and reads no further."""
    line = b''
    while byte := os.read(0, 1):
        if byte != b'\n':
            line += byte
            continue
        if line:
            yield line.decode()
        line = b''


def say(text):
    sys.stdout.write(text + '\n')
    sys.stdout.flush()


def place(station):
    """Has an order work that is never filled."""
    ended = (orders.OrderStatus.ACCEPTED, orders.OrderStatus.CANCELLED)
    done = stations.ask(
        station,
        commands.SubmitOrder(
            symbol='AAPL',
            side=stations.BUY,
            quantity=1.0,
            type=LIMIT,
            price=1.0,
        ),
    )
    stations.until(
        lambda: (
            (one := stations.order_of(station, done.order_id))
            and one.status in ended
        ),
        60.0,
    )


def send_many(station):
    """Wants orders, and does not wait for them."""
    for _ in range(100):
        station.submit(
            commands.SubmitOrder(
                symbol='AAPL',
                side=stations.BUY,
                quantity=1.0,
                type=LIMIT,
                price=1.0,
            )
        )


def hold():
    """Holds the interpreter's lock until there is something to read."""
    libc = ctypes.PyDLL(None)
    libc.read(0, ctypes.create_string_buffer(1), 1)


def block(station, flag, how, flood):
    """Blocks the engine's loop, behind a flood of events, until the flag."""
    last = station._room._engine.state.last_bar.get('AAPL', 0)
    last = max(last, station._room._clock.now())

    def run():
        for number in range(flood):
            bar = market.MarketData(
                'AAPL', last + number + 1, 1e3, 1e3, 1e3, 1e3, 1.0
            )
            station._room.bus.put(
                bus.Lane.MARKET,
                bus.Incoming(
                    events.EventType.MARKET_DATA, bar, 'flood', symbol='AAPL'
                ),
            )
        say('holding')
        while how == 'spin' and not flag.is_set():
            sum(range(100))
        flag.wait()

    station._loop.call_soon_threadsafe(run)


def guardian(station):
    """The guardian's process, once it has a connection."""
    found = [
        each
        for each in station._room._engine._components
        if each.name == 'guardian'
    ]
    return found[0]


def another(station, gone):
    """The guardian's number, once that is another than one that is gone."""
    part = guardian(station)
    stations.until(lambda: part.armed and part.pid != gone, 60.0)
    return part.pid


def resume(station):
    stations.until(lambda: station.snapshot().state == 'HALTED', 60.0)
    stations.until(
        lambda: stations.ask(station, commands.Resume(confirm='RESUME')).ok,
        60.0,
    )


def main():
    home = stations.home_in(sys.argv[1])
    more = {'on_disconnect': sys.argv[2]}
    config = stations.config(home, interval_s=stations.NEVER, **OUTSIDE, **more)
    station = stations.session.open('demo', home=home, config=config)
    signals.watch(station)
    station.start()
    try:
        stations.until(lambda: guardian(station).armed == {'alpaca'}, 60.0)
        flag = threading.Event()
        for line in read():
            what, *rest = line.split()
            if what == 'end':
                break
            if what == 'place':
                for _ in range(int(rest[0])):
                    place(station)
            elif what == 'block':
                send_many(station)
                block(station, flag, rest[0], int(rest[1]))
                continue
            elif what == 'free':
                flag.set()
                flag = threading.Event()
            elif what == 'resume':
                resume(station)
            elif what == 'hold':
                send_many(station)
                # Said before, as nothing is said while it is held.
                say('holding')
                hold()
            elif what == 'guardian':
                say(str(another(station, int(rest[0]) if rest else 0)))
                continue
            say('done')
    finally:
        station.close()


if __name__ == '__main__':
    main()
