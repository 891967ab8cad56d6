"""What a benchmark prints: rows of figures, as text and as Markdown."""

from collections.abc import Awaitable
from collections.abc import Callable
import importlib
import statistics
import time
from typing import NamedTuple

import numpy as np


class Row(NamedTuple):
    """A figure.

    Attributes:
        name: What was measured.
        figure: How much, in the unit.
        unit: What is counted.
        beside: The same beside a reference timed in the same run.
    """

    name: str
    figure: float
    unit: str
    beside: str = ''


def of(topic: str) -> list[Row]:
    """Measures a topic: a module of this package."""
    return list(importlib.import_module(f'benchmarks.{topic}').run())


class WrongError(Exception):
    """What was timed gave a wrong result, so that its time means nothing."""


def check(found: object, expected: object, what: str) -> None:
    """Refuses to print a figure of something that does not work.

    Args:
        found: What came out.
        expected: What has to.
        what: What it is.

    Raises:
        WrongError: They differ.
    """
    if found != expected:
        raise WrongError(f'{what}: {found!r}, expected {expected!r}')


def number(figure: float) -> str:
    """Writes a figure with three digits that mean something."""
    if figure >= 1000:
        return f'{figure:,.0f}'
    return f'{figure:.3g}'


def line(row: Row) -> str:
    """Writes a row as text."""
    return (
        f'{row.name:<58} {number(row.figure):>12} {row.unit:<10} {row.beside}'
    )


def markdown(row: Row, goal: str = '') -> str:
    """Writes a row as a line of a Markdown table.

    Args:
        row: The row.
        goal: What it has to be, as `<= 0.5`, in the row's unit; empty where
            nothing is asked.
    """
    figure = f'{number(row.figure)} {row.unit}'
    return f'| {row.name} | {figure} | {judged(row, goal)} | {row.beside} |'


def judged(row: Row, goal: str) -> str:
    """Says whether a goal is met."""
    if not goal:
        return ''
    sign, bound = goal.split()
    wanted = float(bound)
    met = row.figure >= wanted if sign == '>=' else row.figure <= wanted
    return f'{sign} {number(wanted)}: {"met" if met else "**not met**"}'


def percentile(values: list[float], per_cent: float) -> float:
    """Gives the value that so many per cent do not exceed."""
    return float(np.percentile(values, per_cent))


def met(values: list[float], per_cent: float) -> float:
    """Gives the length that so many per cent of the moments do not exceed.

    What comes at any moment meets a long wait more often than a short one, in
    proportion to its length.
    """
    ranked = np.sort(np.asarray(values))
    passed = np.cumsum(ranked)
    at = int(np.searchsorted(passed, passed[-1] * per_cent / 100))
    return float(ranked[min(at, len(ranked) - 1)])


def median(values: list[float]) -> float:
    """Gives the middle value."""
    return statistics.median(values)


class Took(NamedTuple):
    """How long something took.

    Attributes:
        wall: Seconds by the clock on the wall.
        cpu: Seconds that this process computed, in all its threads; others
            who use the machine do not add to it.
    """

    wall: float
    cpu: float


def took(work: Callable[[], object]) -> Took:
    """Measures a function."""
    cpu = time.process_time()
    before = time.perf_counter()
    work()
    return Took(time.perf_counter() - before, time.process_time() - cpu)


async def took_by(work: Awaitable[object]) -> Took:
    """Measures something awaited."""
    cpu = time.process_time()
    before = time.perf_counter()
    await work
    return Took(time.perf_counter() - before, time.process_time() - cpu)


def best(measure: Callable[[], Took], runs: int = 3) -> Took:
    """Gives the quickest of several runs: the rest is others' work."""
    return min(measure() for _ in range(runs))


def rate(name: str, count: int, spent: Took, unit: str, beside: str) -> Row:
    """Makes a row of how many went through a second."""
    cpu = spent.cpu / count * 1e6
    return Row(
        name, count / spent.wall, f'{unit}/s', f'{cpu:.2g} us of CPU; {beside}'
    )
