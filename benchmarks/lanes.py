"""Fifty publishers at once: each symbol keeps its order, none is lost."""

import asyncio
import collections
import gc
import pathlib
import tempfile

from benchmarks import rig
from benchmarks import rows
from sting.engine import bus
from sting.engine import reader
from sting.model import events

PUBLISHERS = 50
EACH = 1_000
# So small that publishers have to wait for room.
ROOM = 64


def run() -> list[rows.Row]:
    """Measures, then reads the order out of the log."""
    gc.collect()
    spent, blocked = asyncio.run(_measure())
    return [
        rows.rate(
            f'{PUBLISHERS} publishers into a lane of {ROOM}, durable, in order',
            PUBLISHERS * EACH,
            spent,
            'events',
            f'waited for room {blocked:,} times',
        )
    ]


async def _measure() -> tuple[rows.Took, int]:
    limits = {**bus.LIMITS, bus.Lane.MARKET: ROOM}
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / 'events.db'
        async with rig.durable(path, limits=limits) as made:
            spent = await rows.took_by(_publish_all(made))
            *_, market = made.bus.statistics()
        _check_order(path)
    return spent, market.blocked


async def _publish_all(made: rig.Rig) -> None:
    work = rig.bars(PUBLISHERS * EACH)
    by_symbol: dict[str, list[bus.Incoming]] = collections.defaultdict(list)
    for incoming in work:
        by_symbol[incoming.symbol].append(incoming)

    async def publish(mine: list[bus.Incoming]) -> None:
        for incoming in mine:
            await made.bus.publish(bus.Lane.MARKET, incoming)

    await asyncio.gather(*map(publish, by_symbol.values()))
    await made.sequence.drain()


def _check_order(path: pathlib.Path) -> None:
    stamps: dict[str, list[int]] = collections.defaultdict(list)
    for event in reader.read(path):
        if event.type is events.EventType.MARKET_DATA:
            stamps[event.symbol].append(event.data.timestamp)
    counts = {symbol: len(each) for symbol, each in stamps.items()}
    rows.check(counts, dict.fromkeys(rig.SYMBOLS, EACH), 'events by symbol')
    for symbol, each in stamps.items():
        rows.check(each, sorted(each), f'the order of {symbol}')
