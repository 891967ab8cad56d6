"""Runs the benchmarks, all or by name, and writes the page of all."""

import importlib
import pathlib
import sys

from benchmarks import machine
from benchmarks import rows

TOPICS = (
    'journal',
    'replay',
    'lanes',
    'backtests',
    'where',
    'growth',
    'quotes',
    'compiled',
    'sweeps',
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
        facts=machine.facts(LIBRARIES),
        table='\n'.join(map(rows.markdown, made)),
    )


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
