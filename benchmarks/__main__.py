"""Runs the benchmarks, all or by name, and writes the page of all."""

import concurrent.futures
import multiprocessing
import pathlib
import sys

from benchmarks import machine
from benchmarks import rows

TOPICS = (
    'journal',
    'replay',
    'lanes',
    'feeds',
    'loading',
    'backtests',
    'where',
    'growth',
    'quotes',
    'compiled',
    'sweeps',
    'isolation',
    'nodes',
    'sockets',
    'symbols',
    'startup',
    'lines',
    'keys',
    'panes',
    'stop',
    'guardian',
    'risk',
    'brokers',
)
PAGE = (
    pathlib.Path(__file__).parents[1] / 'docs' / 'summaries' / 'BENCHMARKS.md'
)
LIBRARIES = ('sting', 'msgspec', 'aiosqlite', 'numpy', 'textual')

# By the row's name, in its unit.
GOALS = {
    'through lanes and core, log in memory': '>= 200000',
    'through lanes, core and durable log': '>= 100000',
    'bars from a WebSocket through a feed, the rules, core and log': (
        '>= 10000'
    ),
    'bars from a WebSocket through lanes, core and durable log': '>= 10000',
    '1,000,009 events: replay to the state': '<= 2',
    "feed's socket to decision, 1,000/s, engine in its own process, p99": (
        '<= 1'
    ),
    "feed's socket to decision, 1,000/s, engine in its own process, p99.9": (
        '<= 5'
    ),
    "feed's socket to decision, 1,000/s, engine in a thread, screen painting, "
    'p99': '<= 3',
    'bar to order, 50 bars/s, durable, isolated strategy, p99': '<= 10',
    'bar to order, 1,000 bars/s, durable, isolated strategy, p99': '<= 10',
    'sting --help': '<= 0.15',
    'sting-tui --demo to its first frame': '<= 0.5',
    'to the terminal, 50 symbols all seen, ssh': '<= 40',
    'the trade screen, 50 symbols all changing, ssh': '<= 40',
    'key to paint, 5,000 events/s arriving, p99': '<= 50',
    '500 watchlist: key to paint, p99': '<= 50',
    '5,000 orders: key to paint, p99': '<= 50',
    '100,000 events: key to paint, p99': '<= 50',
    '5,000 orders through a filter, the longest wait': '<= 50',
    '100,000 events through a filter, the longest wait': '<= 50',
    'sting backtest of W1 from Parquet, around the run': '<= 0.5',
    'stop to first cancel, 100,000 queued, loop blocked, the slowest of 200': (
        '<= 50'
    ),
    'latch to first cancel, the lock held in C, the slowest of 50': '<= 50',
    'risk metrics of 500 positions': '<= 50',
    'verdict of 20 rules, 500 positions, p99': '<= 200',
    'backtest W1 from Parquet, whole process': '<= 200',
    'the same, a further bar': '<= 16',
    'the same, a further fill': '<= 100',
    'sting sweep on W3, whole process, empty home': '<= 4',
    'sting sweep on W3, whole process, compiled before': '<= 0.8',
}

_HEAD = """# Benchmarks

Written by `make bench`; every script checks its result before it prints a
figure. `python -m benchmarks journal` runs one of {topics}.
Figures of another machine cannot be compared; ratios to what ran beside them in
the same minutes can, roughly. The best of a few runs counts, and where others
use the machine too, CPU time says more than the clock. Goals are of a machine
that nobody else uses; those beside other engines are in [PEERS.md](PEERS.md).

Asked for and not measured yet: the memory of a day.

{facts}

| what | figure | goal | beside |
|---|---|---|---|
{table}
"""


def main(names: list[str]) -> int:
    """Runs benchmarks.

    Args:
        names: Which; empty for all, and then the page is written. With `--to`
            and a file before them the page goes there, of some topics too.

    Returns:
        The exit status.
    """
    page = None if names else PAGE
    if names[:1] == ['--to']:
        page, names = pathlib.Path(names[1]), names[2:]
    unknown = set(names) - set(TOPICS)
    if unknown:
        print(
            f'there is no {", ".join(unknown)}; there are {", ".join(TOPICS)}'
        )
        return 2
    made = []
    for name in names or TOPICS:
        for row in _apart(name) if page else rows.of(name):
            print(rows.line(row), flush=True)
            made.append(row)
    if page:
        page.write_text(_page(made))
    if not names:
        gone = GOALS.keys() - {row.name for row in made}
        rows.check(gone, set(), 'goals of rows that are not there')
    return 0


def _apart(name: str) -> list[rows.Row]:
    """Measures in a new process: what one leaves would slow the next."""
    with concurrent.futures.ProcessPoolExecutor(
        1, multiprocessing.get_context('spawn')
    ) as process:
        return process.submit(rows.of, name).result()


def _page(made: list[rows.Row]) -> str:
    return _HEAD.format(
        topics=', '.join(f'`{name}`' for name in TOPICS),
        facts=machine.facts(LIBRARIES),
        table='\n'.join(
            rows.markdown(row, GOALS.get(row.name, '')) for row in made
        ),
    )


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
