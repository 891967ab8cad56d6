"""What is to be reached, as ratios of what was taken in one run."""

from collections.abc import Callable
from collections.abc import Mapping
from typing import NamedTuple

from benchmarks import rows
from benchmarks.peers import race

Results = Mapping[race.Contender, race.Took]

_SIGN = {True: '>=', False: '<='}


class Goal(NamedTuple):
    """A figure that has to be reached.

    Attributes:
        what: What it is of.
        figure: Works it out; raises KeyError where a contender did not play.
        bound: What it has to be.
        at_least: True where more is better.
        unit: Stands behind both.
    """

    what: str
    figure: Callable[[Results], float]
    bound: float
    at_least: bool = True
    unit: str = ''

    def line(self, results: Results) -> str:
        """Writes the goal and what was reached as a row in Markdown."""
        unit = f' {self.unit}' if self.unit else ''
        wanted = f'{_SIGN[self.at_least]} {self.bound:g}{unit}'
        try:
            found = self.figure(results)
        except KeyError:
            return f'| {self.what} | not taken | {wanted} | |'
        met = found >= self.bound if self.at_least else found <= self.bound
        verdict = 'met' if met else '**not met**'
        shown = f'{rows.number(found)}{unit}'
        return f'| {self.what} | {shown} | {wanted} | {verdict} |'


def took(
    script: str, work: str, figure: str = 'cpu'
) -> Callable[[Results], float]:
    """Gives what a contender took.

    Args:
        script: The contender's script.
        work: The work.
        figure: Which of its figures.
    """
    return lambda results: _of(results, script, work)[figure]


def times(
    theirs: Callable[[Results], float], ours: Callable[[Results], float]
) -> Callable[[Results], float]:
    """Gives how many times faster ours is: their time over ours."""
    return lambda results: theirs(results) / ours(results)


def a_run(
    script: str, work: str, figure: str = 'cpu'
) -> Callable[[Results], float]:
    """Gives what a contender took for one of its runs, in seconds."""

    def of(results: Results) -> float:
        found = _of(results, script, work)
        return found[figure] / found['runs']

    return of


def _of(results: Results, script: str, work: str) -> race.Took:
    for each, found in results.items():
        if (each.script, each.work) == (script, work):
            return found
    raise KeyError(script)


GOALS = (
    Goal(
        'W1, ordinary strategy, full path, over backtesting.py',
        times(took('backtesting', 'W1'), took('ours', 'W1')),
        4,
    ),
    Goal(
        'W1 over the bare coroutine loop',
        times(took('ours', 'W1', 'limit_cpu'), took('ours', 'W1')),
        0.40,
    ),
    Goal(
        'W2, shared cash, over backtesting.py, which does not share it',
        times(took('backtesting', 'W2'), took('ours', 'W2')),
        3.5,
    ),
    Goal(
        'W2 over nautilus 1.221',
        times(took('nautilus', 'W2'), took('ours', 'W2')),
        18,
    ),
    Goal(
        'W1, compiled decision, fills and report arrays, over the numba loop',
        times(
            took('ours', 'W1 compiled', 'limit_cpu'),
            took('ours', 'W1 compiled'),
        ),
        0.2,
    ),
    Goal(
        'W3 on one core over vectorbt, with the same figures of each run',
        times(a_run('vectorbt', 'W3'), a_run('ours', 'W3 one core')),
        70,
    ),
    Goal(
        'W3 on one core over vectorbt, which gives final equities alone',
        times(
            a_run('vectorbt', 'W3', 'lean_cpu'), a_run('ours', 'W3 one core')
        ),
        70,
    ),
    Goal(
        'W3 on two cores, a grid of 10,000, over vectorbt, the same figures',
        times(
            a_run('vectorbt', 'W3', 'seconds'),
            a_run('ours', 'W3 two cores', 'seconds'),
        ),
        120,
    ),
    Goal(
        'W3 on one core over the numba loop',
        times(
            a_run('ours', 'W3 one core', 'limit_cpu'),
            a_run('ours', 'W3 one core'),
        ),
        0.6,
    ),
    Goal(
        'W3, first result of the whole process, nothing compiled before',
        took('ours', 'W3 first', 'cold_seconds'),
        4,
        at_least=False,
        unit='s',
    ),
    Goal(
        'W3, first result of the whole process, compiled before',
        took('ours', 'W3 first', 'warm_seconds'),
        0.8,
        at_least=False,
        unit='s',
    ),
    Goal(
        "W4 over nautilus 1.231's Rust engine",
        times(took('nautilus_rust', 'W4'), took('ours', 'W4')),
        2.5,
    ),
    Goal(
        'W4 over the bare coroutine loop',
        times(took('ours', 'W4', 'limit_cpu'), took('ours', 'W4')),
        0.4,
    ),
    Goal(
        'W1, memory of the whole process',
        took('ours', 'W1 memory', 'memory_mb'),
        200,
        at_least=False,
        unit='MB',
    ),
    Goal(
        'memory of a further bar',
        took('ours', 'W1 memory', 'bar_b'),
        16,
        at_least=False,
        unit='B',
    ),
    Goal(
        'memory of a fill',
        took('ours', 'W1 memory', 'fill_b'),
        100,
        at_least=False,
        unit='B',
    ),
    Goal(
        'an order at 400,000 of them over one at 39,000',
        took('ours', 'W1 orders', 'growth'),
        1.15,
        at_least=False,
    ),
    Goal(
        'the last tenth of 400,000 orders over the first',
        took('ours', 'W1 orders', 'tenths'),
        1.15,
        at_least=False,
    ),
    Goal(
        'simulated over wall time, W1',
        took('ours', 'W1', 'simulated'),
        1_000,
    ),
)
