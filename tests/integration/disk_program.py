"""An engine whose disk fills up and has room again; says what it saw.

Run as a program in a process of its own, since the limit on the size of files
is the process's.
"""

import resource
import sys
import time

import msgspec

from sting.broker import registry
from sting.model import commands
from sting.model import orders
from tests.integration import durable_program
from tests.unit.session import stations

S = orders.OrderStatus
# Into the middle of a transaction.
ROOM = 6_000


def limit(size):
    """Lets no file grow beyond a size; -1 for none."""
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))


def wal_of(home):
    log = home.log('demo')
    return log.with_name(f'{log.name}-wal')


class Broker(durable_program.OutlivingBroker):
    """Counts how often it was told to cancel everything."""

    cancels = 0

    def emergency_cancel_all(self):
        Broker.cancels += 1
        return super().emergency_cancel_all()


def order(side=stations.BUY):
    return commands.SubmitOrder(symbol='AAPL', side=side, quantity=1.0)


def fill_up(home, station):
    """Trades until the disk is full and the engine has stopped for it."""
    limit(wal_of(home).stat().st_size + ROOM)
    waiting = []
    end = time.monotonic() + stations.SOON
    while not station._stop.is_set:
        assert time.monotonic() < end, 'it does not stop'
        waiting.append(station.submit(order()))
        time.sleep(0.002)
    return waiting


def main():
    home = Broker.home = stations.home_in(sys.argv[1])
    registry.paper.PaperBroker = Broker
    with stations.running(home) as station:
        assert stations.buy(station, quantity=1.0).ok
        waiting = fill_up(home, station)
        sent = len(durable_program.sent(home))
        stations.until(lambda: station.snapshot().state == 'HALTED')
        stations.until(lambda: Broker.cancels)
        reason = station.snapshot().reason
        resumed = stations.ask(station, commands.Resume(confirm='RESUME'))
        time.sleep(1.5)
        sent_meanwhile = len(durable_program.sent(home)) - sent
        limit(-1)
        results = [each.result(stations.SOON) for each in waiting]
        stations.until(lambda: not station.snapshot().halting)
        still = station.snapshot().state
        stations.until(
            lambda: stations.ask(station, commands.Resume(confirm='RESUME')).ok
        )
        again = stations.buy(station, quantity=1.0)
        stations.wait_for(station, again.order_id, S.FILLED)
    seen = {
        'reason': reason,
        'resumed': resumed.message,
        'sent_meanwhile': sent_meanwhile,
        'let_through': sum(each.ok for each in results),
        'answers': [[each.seq, each.order_id] for each in results if each.seq],
        'still': still,
        'cancels': Broker.cancels,
    }
    sys.stdout.write(msgspec.json.encode(seen).decode())


if __name__ == '__main__':
    main()
