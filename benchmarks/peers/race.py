"""Plays contenders in turn, round by round, and keeps what each one took."""

from collections.abc import Callable
from collections.abc import Sequence
import json
import os
import pathlib
import statistics
import subprocess
from typing import NamedTuple

ROOT = pathlib.Path(__file__).parents[2]
PATIENCE_S = 900.0


class Contender(NamedTuple):
    """A script and a work of it.

    Attributes:
        script: The module under benchmarks.peers.
        work: As `W1`.
        rounds: In how many rounds it plays at most; 0 for all.
    """

    script: str
    work: str
    rounds: int = 0


class FailedError(Exception):
    """A contender ended with an error, perhaps with a wrong result."""


Took = dict[str, float]


def play(
    contenders: Sequence[Contender],
    python: Callable[[str], str],
    rounds: int,
    told: Callable[[str], None],
) -> dict[Contender, Took]:
    """Plays everybody's work once a round.

    Args:
        contenders: In the order of play.
        python: Gives a script's interpreter.
        rounds: How many.
        told: Takes a line about each play.

    Returns:
        The medians of what each took.

    Raises:
        FailedError: A contender failed.
    """
    measured: dict[Contender, list[Took]] = {each: [] for each in contenders}
    for number in range(rounds):
        for each in contenders:
            if each.rounds and number >= each.rounds:
                continue
            took = _once(each, python(each.script))
            measured[each].append(took)
            told(f'{number + 1}: {each.script} {each.work} {_line(took)}')
    return {each: median(took) for each, took in measured.items()}


def median(measured: Sequence[Took]) -> Took:
    """Gives the middle of each figure."""
    return {
        name: statistics.median(took[name] for took in measured)
        for name in measured[0]
    }


def _once(contender: Contender, python: str) -> Took:
    module = f'benchmarks.peers.{contender.script}'
    done = subprocess.run(
        [python, '-W', 'ignore', '-m', module, contender.work],
        cwd=ROOT,
        env=os.environ | {'PYTHONPATH': ''},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    if done.returncode:
        why = (done.stderr.strip() or 'no word').splitlines()[-1]
        raise FailedError(f'{contender.script} {contender.work}: {why}')
    # Some engines write of themselves before.
    took: Took = json.loads(done.stdout.splitlines()[-1])
    return took


def _line(took: Took) -> str:
    return ', '.join(f'{name} {value:.4g}' for name, value in took.items())
