"""Runs seeds: `python -m sting.testing.simulation --seeds 500`."""

import argparse
from collections.abc import Iterable
from concurrent import futures
import functools
import multiprocessing
import sys

from sting.testing.simulation import way
from sting.testing.simulation import world

COMMAND = 'python -m sting.testing.simulation --seed'


def main(arguments: list[str] | None = None) -> int:
    """Runs the seeds that are asked for.

    Args:
        arguments: The command line; None for that of the process.

    Returns:
        1 when any seed failed, 0 otherwise.
    """
    parser = argparse.ArgumentParser(prog='python -m sting.testing.simulation')
    parser.add_argument('--seed', type=int, help='run this seed alone')
    parser.add_argument('--seeds', type=int, default=100, help='how many')
    parser.add_argument('--first', type=int, default=1, help='the first one')
    parser.add_argument('--workers', type=int, default=2, help='processes')
    parser.add_argument(
        '--broker',
        choices=[*way.NATIVES],
        default='',
        help='what the broker makes of attached exits: nothing, or it holds '
        'them for the whole entry or for each part; without it a quarter of '
        'the seeds has one that does',
    )
    given = parser.parse_args(arguments)
    say = functools.partial(print, file=sys.stdout, flush=True)
    if given.seed is not None:
        outcome = world.simulate(given.seed, given.broker)
        say(describe(outcome, given.broker))
        return int(bool(outcome.failure))
    seeds = range(given.first, given.first + given.seeds)
    failed = 0
    for outcome in run(seeds, given.workers, given.broker):
        if outcome.failure:
            failed += 1
            say(describe(outcome, given.broker))
    say(f'{len(seeds)} seeds, {failed} failed')
    return int(bool(failed))


def run(
    seeds: Iterable[int], workers: int, kind: str = ''
) -> Iterable[world.Outcome]:
    """Runs seeds, in processes of their own.

    Args:
        seeds: Which.
        workers: How many processes.
        kind: Of the broker; empty to draw it.

    Yields:
        What became of each, in order.
    """
    context = multiprocessing.get_context('spawn')
    with futures.ProcessPoolExecutor(workers, mp_context=context) as pool:
        yield from pool.map(
            functools.partial(world.simulate, kind=kind), seeds, chunksize=4
        )


def describe(outcome: world.Outcome, kind: str = '') -> str:
    """Says what became of a seed, and how to see it again."""
    option = f' --broker {kind}' if kind else ''
    if outcome.failure:
        return (
            f'seed {outcome.seed} failed: {outcome.failure}\n'
            f'  again: {COMMAND} {outcome.seed}{option}'
        )
    return (
        f'seed {outcome.seed}: {outcome.events} events, {outcome.fills} fills, '
        f'{outcome.held} held exits, {outcome.deaths} deaths, '
        f'log {outcome.head}'
    )


if __name__ == '__main__':
    sys.exit(main())
