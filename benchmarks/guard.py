"""Fails where a hot part has become slower than what is kept in guard.json.

`python -m benchmarks.guard` times each part in turn with a loop in plain
Python and compares the ratios of CPU time, medians of many rounds, with those
kept. A machine that is slow or busy makes both slower; a part that seems
slower is measured again before it counts. `--write` keeps today's.
"""

import argparse
import asyncio
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
import functools
import json
import pathlib
import statistics
import sys
import tempfile
import time
from typing import Any

import msgspec

from benchmarks import backtests
from benchmarks import bare
from benchmarks import growth
from benchmarks import rig
from benchmarks import rows
from benchmarks import work
from sting import strategy as strategies
from sting.backtest import engine
from sting.engine import core
from sting.model import events
from sting.risk import manager
from sting.strategy import runner

KEPT = pathlib.Path(__file__).parent / 'guard.json'
ROUNDS = 15
# So often a part is measured once more before its loss counts.
AGAIN = 3
LOSS = 1.30
BARS = 1_000
EVENTS = 10_000

Part = Callable[[], object]


class Quiet(strategies.AbstractStrategy):
    """Sees every bar and wants nothing."""

    async def on_market_data(self, data: strategies.MarketData) -> None:
        """Looks at the price."""
        self.last = data.close


def parts(folder: pathlib.Path) -> dict[str, Part]:
    """Gives what is guarded, by name.

    Args:
        folder: For the files that a part needs.
    """
    flip = folder / 'flip.py'
    flip.write_text(growth.FLIP)
    one = backtests.table_of({'W': work.bars(1, BARS)})
    many = backtests.table_of({'W': work.bars(1, EVENTS)})
    several = backtests.table_of(
        {f'S{seed}': work.bars(seed, BARS // 8) for seed in range(8)}
    )
    incoming = rig.bars(EVENTS)
    made = _events(incoming)
    return {
        'a backtest of orders': functools.partial(_backtest, str(flip), one),
        'a backtest of eight symbols': functools.partial(
            _backtest, backtests.STRATEGY, several
        ),
        'events through the core': functools.partial(_events, incoming),
        'events as JSON and back': functools.partial(_coded, made),
        'bars to a strategy': functools.partial(_told, list(many.rows())),
    }


def _backtest(strategy: str, bars: Any) -> None:
    engine.run(strategy, bars, manager.RiskManager())


def _events(incoming: Sequence[Any]) -> list[events.Event]:
    made = core.CoreEngine(manager.RiskManager(), symbols=rig.SYMBOLS)
    return [
        event
        for each in incoming
        for event in made.process_event(each, each.data.timestamp).events
    ]


def _coded(made: Sequence[events.Event]) -> None:
    for event in made:
        events.decode(event.type, msgspec.json.encode(event.data))


def _told(bars: Sequence[Any]) -> None:
    async def tell() -> None:
        strategy = Quiet('quiet', {})
        feeder = runner.StrategyRunner(strategy, number=1, log='guard')
        await feeder.start(bars[0].timestamp, 0)
        for number, bar in enumerate(bars, 1):
            await feeder.market_data(number, bar)

    asyncio.run(tell())


def ratio(part: Part, reference: Part) -> float:
    """Times a part and the reference in turn, so that a busy moment hits both.

    Args:
        part: What is guarded.
        reference: What it is held against.

    Returns:
        The median of what the part took, as a multiple of the reference.
    """
    return statistics.median(
        _spent(part) / _spent(reference) for _ in range(ROUNDS)
    )


def _spent(call: Part) -> float:
    before = time.process_time()
    call()
    return time.process_time() - before


def check(
    guarded: Mapping[str, Part],
    reference: Part,
    kept: Mapping[str, float],
    told: Callable[[str], None],
) -> dict[str, float]:
    """Measures all parts, one that seems slower several times.

    Args:
        guarded: What is guarded, by name.
        reference: What it is held against.
        kept: The ratios that were; a part without one has nothing to lose.
        told: Takes a line about each.

    Returns:
        The ratios.
    """
    now = {}
    for name, part in guarded.items():
        limit = LOSS * kept.get(name, float('inf'))
        now[name] = ratio(part, reference)
        for _ in range(AGAIN):
            if now[name] <= limit:
                break
            now[name] = min(now[name], ratio(part, reference))
        before = kept.get(name)
        beside = '' if before is None else f'{now[name] / before:.2f} of before'
        told(f'{name:<30} {rows.number(now[name]):>8} {beside}')
    return now


def lost(now: Mapping[str, float], kept: Mapping[str, float]) -> list[str]:
    """Names the parts that are slower than they may be."""
    return [
        name
        for name, before in kept.items()
        if name in now and now[name] > LOSS * before
    ]


def main(arguments: Sequence[str]) -> int:
    """Measures, and compares or keeps.

    Args:
        arguments: As typed.

    Returns:
        The exit status: 1 where a part was lost.
    """
    parser = argparse.ArgumentParser(prog='python -m benchmarks.guard')
    parser.add_argument('--write', action='store_true', help="keep today's")
    options = parser.parse_args(arguments)
    kept = {} if options.write else json.loads(KEPT.read_text())
    columns = work.bars(2, 20_000)
    with tempfile.TemporaryDirectory() as folder:
        now = check(
            parts(pathlib.Path(folder)),
            lambda: bare.crossing([columns]),
            kept,
            print,
        )
    if options.write:
        rounded = {name: round(value, 3) for name, value in now.items()}
        KEPT.write_text(json.dumps(rounded, indent=2) + '\n')
    slower = lost(now, kept)
    if slower:
        print(
            f'slower by more than {LOSS - 1:.0%}: {", ".join(slower)}; mend '
            'it, or say why and keep it with --write'
        )
    return 1 if slower else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
