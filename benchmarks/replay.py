"""From the log back to the state: how long a start takes."""

import asyncio
from collections.abc import Iterator
from collections.abc import Sequence
import gc
import pathlib
import tempfile

from benchmarks import rows
from benchmarks import trader
from sting.engine import image
from sting.engine import journal
from sting.engine import mark
from sting.engine import reader
from sting.engine import recovery
from sting.engine import state
from sting.model import events
from sting.model import records

EVENTS = 1_000_000
TAIL = 10_000
BATCH = 10_000


def run() -> list[rows.Row]:
    """Writes one log and reads it in three ways."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / 'events.db'
        live = trader.Trader()
        at, raw, digest = asyncio.run(_write(path, live))
        gc.collect()
        gc.freeze()
        made = list(_read(path, live))
        asyncio.run(_keep(path, live, at, raw, digest))
        made.append(_restart(path, live))
        gc.unfreeze()
    return made


def _read(path: pathlib.Path, live: trader.Trader) -> Iterator[rows.Row]:
    count = live.seq
    lived = image.capture(live.state)

    def decode() -> None:
        rows.check(sum(1 for _ in reader.read(path)), count, 'events read')

    def replay() -> None:
        found = recovery.state_at(path, count)
        rows.check(image.capture(found) == lived, True, 'the state')

    def restore() -> None:
        found = state.SystemState()
        recovery.restore(path, found, _nothing)
        rows.check(image.capture(found) == lived, True, 'the state')

    read = rows.best(lambda: rows.took(decode), 2)
    for name, spent in (
        ('replay to the state', rows.best(lambda: rows.took(replay), 2)),
        ('start without a checkpoint, verified', rows.took(restore)),
    ):
        yield rows.Row(
            f'{count:,} events: {name}',
            spent.wall,
            's',
            f'{spent.cpu:.3g} s of CPU; {spent.wall / read.wall:.2f} of '
            'decoding alone',
        )


def _restart(path: pathlib.Path, live: trader.Trader) -> rows.Row:
    found = state.SystemState()
    spent = rows.took(lambda: recovery.restore(path, found, _nothing))
    same = image.capture(found) == image.capture(live.state)
    rows.check(same, True, 'the state from the checkpoint')
    return rows.Row(
        f'{live.seq:,} events: start from a checkpoint {TAIL:,} before the end',
        spent.wall,
        's',
        f'{spent.cpu:.3g} s of CPU',
    )


def _nothing(batch: Sequence[events.Event]) -> None:
    """Shows events to nobody."""


async def _write(
    path: pathlib.Path, live: trader.Trader
) -> tuple[mark.Mark, bytes, str]:
    """Writes the log of an engine that trades.

    Returns:
        A place near its end, and the state there as a checkpoint keeps it.
    """
    log = await journal.Journal.open(path, seq=0, head=events.GENESIS)
    while live.seq < EVENTS - TAIL:
        await log.append(live.batch(BATCH))
    at = log.last
    raw, digest = recovery.pack(image.capture(live.state))
    while live.seq < EVENTS:
        await log.append(live.batch(BATCH))
    await log.close()
    return at, raw, digest


async def _keep(
    path: pathlib.Path,
    live: trader.Trader,
    at: mark.Mark,
    raw: bytes,
    digest: str,
) -> None:
    """Puts a checkpoint into the log, which had none until now."""
    last = mark.read(mark.beside(path))
    assert last is not None
    log = await journal.Journal.open(path, seq=last.seq, head=last.head)
    await log.keep(at, raw)
    await log.append(
        live.tell(
            events.EventType.CHECKPOINT,
            records.Checkpoint(up_to=at.seq, digest=digest),
        )
    )
    await log.close()
