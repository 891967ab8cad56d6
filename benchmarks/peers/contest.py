"""What a contender's script needs: checks first, then one line of JSON."""

from collections.abc import Callable
from collections.abc import Mapping
import json
import pathlib
import resource
import sys
import time

KIB = 1024

# Does the work and gives seconds by name; raises where a result is wrong.
Work = Callable[[], dict[str, float]]


class WrongError(Exception):
    """What was timed gave a wrong result, so that its time means nothing."""


def check(found: object, expected: object, what: str) -> None:
    """Refuses a time of something that does not work.

    Args:
        found: What came out.
        expected: What has to.
        what: What it is.

    Raises:
        WrongError: They differ.
    """
    if found != expected:
        raise WrongError(f'{what}: {found!r}, expected {expected!r}')


def near(found: float, expected: float, by: float, what: str) -> None:
    """Refuses a figure that is farther off than so much.

    Args:
        found: What came out.
        expected: What has to.
        by: The largest difference.
        what: What it is.

    Raises:
        WrongError: They differ by more.
    """
    if not abs(found - expected) <= by:
        raise WrongError(f'{what}: {found!r}, expected {expected!r} +- {by}')


def timed(work: Callable[[], object]) -> dict[str, float]:
    """Gives how long something takes.

    Args:
        work: The thing.

    Returns:
        `seconds` by the clock on the wall; `cpu`, seconds that this process
        computed, to which others who use the machine do not add.
    """
    cpu = time.process_time()
    before = time.perf_counter()
    work()
    took = time.perf_counter() - before
    return {'seconds': took, 'cpu': time.process_time() - cpu}


def main(works: Mapping[str, Work]) -> None:
    """Does the work named on the command line and prints what it took.

    Args:
        works: By name.
    """
    name = sys.argv[1]
    took = works[name]()
    print(json.dumps({'memory_mb': peak_mb(), **took}))


def peak_mb() -> float:
    """Gives the most memory that this process held at a time, in MB."""
    try:
        status = pathlib.Path('/proc/self/status').read_text()
    except FileNotFoundError:
        # Not Linux; what the parent held when it started us may count here.
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    else:
        (peak,) = (
            int(line.split()[1])
            for line in status.splitlines()
            if line.startswith('VmHWM:')
        )
    return peak * KIB / 1e6
