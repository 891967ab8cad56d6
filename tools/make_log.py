"""Writes a log with an event of every type, to be read by every later version.

Run once when a version is released: `python tools/make_log.py`. What is there
for a released version is never written again.
"""

import asyncio
import pathlib
import sys
import tempfile

import msgspec

ROOT = pathlib.Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from sting import version  # noqa: E402
from sting.engine import image  # noqa: E402
from sting.engine import journal  # noqa: E402
from sting.engine import recovery  # noqa: E402
from sting.model import commands  # noqa: E402
from sting.model import events  # noqa: E402
from sting.model import orders  # noqa: E402
from sting.model import records  # noqa: E402
from tests.integration import integrate_old_logs  # noqa: E402
from tests.unit.engine import worlds  # noqa: E402
from tests.unit.model import samples  # noqa: E402

_T = events.EventType


def trade(world: worlds.World) -> None:
    """Has an order of every end, by hand and by a strategy."""
    for symbol in worlds.SYMBOLS:
        world.bar(symbol)
    world.run()
    world.held(40.0)
    world.signal(side=worlds.BUY, quantity=5.0, indicators={'SMA(3)': 100.5})
    world.update('ab-s-1-1', orders.OrderStatus.ACCEPTED, broker_id='b2')
    world.fill('ab-s-1-1', 2.0, 101.0, execution_id='x2', fee=0.5)
    limit = {'type': orders.OrderType.LIMIT, 'price': 99.0}
    resting = world.accepted(**limit)
    world.command(commands.ReplaceOrder, order_id=resting, quantity=20.0)
    world.update(resting, orders.OrderStatus.ACCEPTED, quantity=20.0)
    world.command(commands.CancelOrder, order_id=resting)
    world.update(resting, orders.OrderStatus.CANCELLED)
    world.update(world.order(), orders.OrderStatus.REJECTED, message='no')
    world.accepted(worlds.SELL, 1.0, 'IBM', **limit | {'price': 120.0})
    entry = world.order(worlds.BUY, 3.0, 'IBM', stop_loss=90.0)
    world.fill(entry, 3.0, symbol='IBM', execution_id='x3')
    world.update(f'{entry}-sl', orders.OrderStatus.ACCEPTED, broker_id='b3')


def command(world: worlds.World) -> None:
    """Gives the commands that are left."""
    world.command(commands.CancelAll, symbol='IBM')
    world.command(commands.Halt, who='operator', reason='a look')
    world.order()
    world.command(commands.Flatten, symbol='AAPL', confirm='FLATTEN')
    world.command(commands.Resume, confirm='RESUME')
    world.command(commands.StopStrategy, name='sma')
    world.command(commands.AcknowledgeAlerts, up_to=world.state.seq)


def tell(world: worlds.World) -> None:
    """Tells what is left, as the samples have it."""
    told = {event.type for event in world.events}
    flow = samples.SAMPLES[_T.CASH_FLOW]
    # The log is of one account.
    one = {_T.CASH_FLOW: msgspec.structs.replace(flow, broker='')}
    for kind, data in (samples.SAMPLES | one).items():
        if kind not in told and kind is not _T.CHECKPOINT:
            world.tell(kind, data, 'test', getattr(data, 'symbol', ''))


async def write(path: pathlib.Path, world: worlds.World) -> str:
    """Writes the log, with a checkpoint in its middle; gives its head."""
    log = await journal.Journal.open(path, seq=0, head=events.GENESIS)
    trade(world)
    await log.append(world.events)
    raw, digest = recovery.pack(image.capture(world.state))
    at = log.last
    await log.keep(at, raw)
    written = len(world.events)
    world.tell(_T.CHECKPOINT, records.Checkpoint(up_to=at.seq, digest=digest))
    command(world)
    tell(world)
    await log.append(world.events[written:])
    head = log.last.head.hex()
    await log.close()
    return head


def main() -> None:
    """Writes the log of this version, and what it has to say."""
    target = integrate_old_logs.LOGS / f'{version.__version__}.db'
    target.parent.mkdir(parents=True, exist_ok=True)
    world = worlds.World()
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / target.name
        head = asyncio.run(write(path, world))
        target.write_bytes(path.read_bytes())
    says = {'head': head, **integrate_old_logs.told(world.state)}
    target.with_suffix('.json').write_bytes(
        msgspec.json.format(msgspec.json.encode(says)) + b'\n'
    )


if __name__ == '__main__':
    main()
