"""Logs to travel in: an engine with a market, written without an engine."""

from sting.engine import image
from sting.engine import recovery
from sting.model import commands
from sting.model import events
from sting.model import records
from tests.unit.engine import histories
from tests.unit.engine import logs
from tests.unit.engine import worlds

T = events.EventType
BUY, SELL = worlds.BUY, worlds.SELL


def traded(rounds=6):
    """A day with trades, a refusal, a reload, a halt and a resume."""
    world = histories.History()
    for nth in range(rounds):
        world.do_submit('AAPL', BUY, 10.0, {})
        world.bar('AAPL', 100.0 + nth, open=100.0)
        world.do_submit('IBM', SELL, 5.0, {})
        world.bar('IBM', 100.0 - nth, open=100.0)
    world.do_order('sma', 'MSFT', BUY, 7.0, {})
    world.bar('MSFT', 103.0, open=100.0)
    alert = records.Alert(
        severity=records.Severity.WARNING, message='look', source='feed'
    )
    world.tell(T.RISK_ALERT, alert)
    world.do_start('sma')
    world.do_status('sma', 'running')
    world.command(commands.ReloadStrategy, name='sma')
    world.do_halt()
    world.do_submit('AAPL', BUY, 10.0, {})
    world.do_resume()
    world.bar('AAPL', 111.0)
    return world


def write(path, world, checkpoint=0):
    """Writes what happened in a world; with an image after an event."""
    batch = list(world.events)
    if not checkpoint:
        logs.write_quickly(path, batch)
        return path
    replayed = worlds.World(begun=False).state
    for event in batch[:checkpoint]:
        replayed.apply(event)
    raw, digest = recovery.pack(image.capture(replayed))
    last = batch[-1]
    batch.append(
        events.Event(
            last.seq + 1,
            last.timestamp,
            T.CHECKPOINT,
            'engine',
            records.Checkpoint(up_to=checkpoint, digest=digest),
        )
    )
    logs.write_quickly(path, batch, (checkpoint, raw))
    return path
