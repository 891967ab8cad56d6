"""On what a page's figures were taken."""

from collections.abc import Sequence
import datetime
import importlib.metadata
import os
import platform

from benchmarks import rig
from benchmarks import rows
from sting.model import events


def facts(libraries: Sequence[str]) -> str:
    """Gives machine, versions and date as a list in Markdown.

    Args:
        libraries: Whose versions matter.
    """
    versions = ', '.join(
        f'{name} {importlib.metadata.version(name)}' for name in libraries
    )
    today = datetime.datetime.now(datetime.UTC).date()
    load = os.getloadavg()[1]
    cores = os.cpu_count()
    lines = (
        f'{today}, {platform.system()} {platform.machine()}, {cores} cores, '
        f'on average {load:.1f} processes ran in the last 5 minutes',
        f'{platform.python_implementation()} {platform.python_version()}, '
        f'{versions}',
        f'reading one bar from JSON took {_yardstick():.2f} us of CPU, the '
        'yardstick of how busy the machine was',
    )
    return '\n'.join(f'- {line}' for line in lines)


def _yardstick() -> float:
    """Gives what one small thing costs just now, in microseconds."""
    text = events.encode(rig.bar(0).data)

    def read() -> None:
        for _ in range(100_000):
            events.decode(events.EventType.MARKET_DATA, text)

    return rows.best(lambda: rows.took(read)).cpu * 10
