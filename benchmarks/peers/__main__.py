"""sting and its peers on the same work, in one run, and the page of it.

`python -m benchmarks.peers` sets the peers up where they are not, plays
everybody in turn for some rounds, and writes the page. Each script checks its
result before it gives a time.
"""

import argparse
from collections.abc import Sequence
import functools
import pathlib
import sys

from benchmarks import machine
from benchmarks import rows
from benchmarks.peers import environments
from benchmarks.peers import goals
from benchmarks.peers import race

PAGE = pathlib.Path(__file__).parents[2] / 'docs' / 'summaries' / 'PEERS.md'
OURS = 'ours'
ROUNDS = 3
# Some need minutes.
CONTENDERS = (
    race.Contender(OURS, 'W1'),
    race.Contender('backtesting', 'W1'),
    race.Contender(OURS, 'W2'),
    race.Contender('backtesting', 'W2'),
    race.Contender('nautilus', 'W2'),
    race.Contender(OURS, 'W1 compiled'),
    race.Contender(OURS, 'W3 one core'),
    race.Contender(OURS, 'W3 two cores'),
    race.Contender('vectorbt', 'W3'),
    race.Contender(OURS, 'W3 first'),
    race.Contender(OURS, 'W4'),
    race.Contender('nautilus', 'W4'),
    race.Contender('nautilus_rust', 'W4'),
    race.Contender(OURS, 'W1 memory', rounds=1),
    race.Contender(OURS, 'W1 orders', rounds=1),
    race.Contender('nautilus', 'W1', rounds=1),
    race.Contender('backtrader', 'W1', rounds=1),
    race.Contender('backtrader', 'W2', rounds=1),
)
LIBRARIES = ('sting', 'msgspec', 'numpy', 'numba')

_HEAD = """# sting beside its peers

Written by `make bench-peers`: one run, everybody in turn, rounds: {rounds}, the
medians. Each script checks fills and equity before it gives a time. The work is
told in `benchmarks/work.py`; the scripts are in `benchmarks/peers/`, the peers'
versions in `benchmarks/peers/pins/`. Ratios are of CPU time, to which others
who use the machine do not add; of the clock where two cores work or a whole
process is started. The bare coroutine loop makes one object and awaits one
coroutine for an event, and does nothing that a framework is there for.
nautilus fills at the close of the bar that decided.

{facts}

| what | reached | goal | |
|---|---|---|---|
{goals}

| who | work | CPU s | wall s | peak memory MB |
|---|---|---|---|---|
{table}
"""


def main(arguments: Sequence[str]) -> int:
    """Plays, prints and writes the page.

    Args:
        arguments: As typed.

    Returns:
        The exit status.
    """
    options = _options(arguments)
    try:
        interpreters = _interpreters(options.only, options.newer)
    except environments.NoInterpreterError as error:
        print(error, file=sys.stderr)
        return 2
    playing = [each for each in CONTENDERS if each.script in interpreters]
    results = race.play(
        playing,
        interpreters.__getitem__,
        options.rounds,
        functools.partial(print, flush=True),
    )
    page = _page(results, options.rounds)
    print(page)
    if not options.only:
        PAGE.write_text(page)
    return 0


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog='python -m benchmarks.peers')
    parser.add_argument('--rounds', type=int, default=ROUNDS)
    parser.add_argument(
        '--newer',
        metavar='PYTHON',
        help='an interpreter of 3.12 or newer, for the peer that needs one',
    )
    parser.add_argument(
        '--only',
        nargs='*',
        choices=environments.names(),
        metavar='PEER',
        help='sting and these, and no page',
    )
    return parser.parse_args(arguments)


def _interpreters(
    only: Sequence[str] | None, newer: str | None
) -> dict[str, str]:
    peers = environments.names() if only is None else only
    found = {peer: environments.python(peer, newer) for peer in peers}
    return {OURS: sys.executable, **found}


def _page(results: goals.Results, rounds: int) -> str:
    return _HEAD.format(
        rounds=rounds,
        facts=machine.facts(LIBRARIES),
        goals='\n'.join(goal.line(results) for goal in goals.GOALS),
        table='\n'.join(
            f'| {each.script} | {each.work} | {_number(took, "cpu")} | '
            f'{_number(took, "seconds")} | {_number(took, "memory_mb")} |'
            for each, took in results.items()
        ),
    )


def _number(took: race.Took, name: str) -> str:
    return rows.number(took[name]) if name in took else ''


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
