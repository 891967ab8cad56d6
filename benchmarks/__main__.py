"""Runs the benchmarks, all or by name, and writes the page of all."""

import datetime
import importlib
import importlib.metadata
import os
import pathlib
import platform
import sys

from benchmarks import rig
from benchmarks import rows
from sting.model import events

TOPICS = (
    'journal',
    'replay',
    'lanes',
    'backtests',
    'compiled',
    'isolation',
    'startup',
    'stop',
)
PAGE = (
    pathlib.Path(__file__).parents[1] / 'docs' / 'summaries' / 'BENCHMARKS.md'
)
LIBRARIES = ('sting', 'msgspec', 'aiosqlite', 'numpy', 'textual')

_HEAD = """# Benchmarks

Written by `make bench`; every script checks its result before it prints a
figure. `python -m benchmarks journal` runs one of {topics}.
Figures of another machine cannot be compared; ratios to what ran beside them in
the same minutes can, roughly. The best of a few runs counts, and where others
use the machine too, CPU time says more than the clock.

{facts}

| what | figure | beside |
|---|---|---|
{table}
"""


def main(names: list[str]) -> int:
    """Runs benchmarks.

    Args:
        names: Which; empty for all, and then the page is written.

    Returns:
        The exit status.
    """
    unknown = set(names) - set(TOPICS)
    if unknown:
        print(
            f'there is no {", ".join(unknown)}; there are {", ".join(TOPICS)}'
        )
        return 2
    made = []
    for name in names or TOPICS:
        for row in importlib.import_module(f'benchmarks.{name}').run():
            print(rows.line(row), flush=True)
            made.append(row)
    if not names:
        PAGE.write_text(_page(made))
    return 0


def _page(made: list[rows.Row]) -> str:
    return _HEAD.format(
        topics=', '.join(f'`{name}`' for name in TOPICS),
        facts='\n'.join(f'- {fact}' for fact in _facts()),
        table='\n'.join(map(rows.markdown, made)),
    )


def _facts() -> list[str]:
    versions = ', '.join(
        f'{name} {importlib.metadata.version(name)}' for name in LIBRARIES
    )
    today = datetime.datetime.now(datetime.UTC).date()
    load = os.getloadavg()[1]
    cores = os.cpu_count()
    return [
        f'{today}, {platform.system()} {platform.machine()}, {cores} cores, '
        f'on average {load:.1f} processes ran in the last 5 minutes',
        f'{platform.python_implementation()} {platform.python_version()}, '
        f'{versions}',
        f'reading one bar from JSON took {_yardstick():.2f} us of CPU, the '
        'yardstick of how busy the machine was',
    ]


def _yardstick() -> float:
    """Gives what one small thing costs just now, in microseconds."""
    text = events.encode(rig.bar(0).data)

    def read() -> None:
        for _ in range(100_000):
            events.decode(events.EventType.MARKET_DATA, text)

    return rows.best(lambda: rows.took(read)).cpu * 10


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
