"""Has backtests give way to an engine that runs on the same machine."""

from collections.abc import Iterator
import contextlib
import functools
import os
import signal
import threading
from typing import Any

from sting import settings
from sting.cli import common
from sting.model import errors
from sting.model import health

# So often a running one asks, and so long it waits for an answer, seconds.
EVERY_S = 2.0
_PATIENCE_S = 1.0


def gives_way(function: common.F) -> common.F:
    """Has a command refused, or ended, where an engine lacks something.

    An engine that runs short of memory, disk or files has backtests stopped
    before it touches trading: docs/guides/RESOURCES.md.
    """

    @functools.wraps(function)
    def run(*given: Any, **named: Any) -> Any:
        with way(settings.Home.find()):
            return function(*given, **named)

    return run  # type: ignore[return-value]


@contextlib.contextmanager
def way(home: settings.Home) -> Iterator[None]:
    """Runs what is within as long as no engine needs the machine.

    Args:
        home: Whose engines are asked.

    Raises:
        errors.RefusedError: One does.
    """
    why = shortage(home)
    if why:
        raise errors.RefusedError(why)
    over = threading.Event()
    found: list[str] = []

    def look() -> None:
        while not over.wait(EVERY_S):
            found.extend(filter(None, [shortage(home)]))
            if found and not over.is_set():
                # As by ctrl+c, which everything below ends in order for.
                os.kill(os.getpid(), signal.SIGINT)
                return

    looking = threading.Thread(target=look, name='gives-way', daemon=True)
    looking.start()
    try:
        yield
    except KeyboardInterrupt:
        if found:
            raise errors.RefusedError(found[0]) from None
        raise
    finally:
        over.set()


def workers() -> int:
    """Gives how many runs there are at a time, where nobody says.

    One a core; where an engine runs here, one core less.
    """
    from sting.backtest.sweeping import sweeps  # noqa: PLC0415

    return max(1, sweeps.cores() - running(settings.Home.find()))


def running(home: settings.Home) -> bool:
    """Says whether an engine may run here."""
    return any(home.socket(name).exists() for name in home.profiles())


def shortage(home: settings.Home) -> str:
    """Gives what an engine lacks that has backtests stopped; else nothing."""
    if not running(home):
        return ''
    # Most who run backtests have no engine to wait for.
    from sting.control import client  # noqa: PLC0415

    for engine in client.running(home):
        try:
            told = engine.patient(_PATIENCE_S).request('status')['resources']
        except (errors.StingError, OSError, LookupError):
            # It ends, or is of another version.
            continue
        if told['level'] >= health.BACKTESTS:
            reasons = (
                '; '.join(told['reasons']) or health.STEPS[health.BACKTESTS - 1]
            )
            return (
                f'the engine of profile {engine.profile} needs the machine: '
                f'{common.clean(reasons)}; run it again when `sting status` '
                'has no resources any more'
            )
    return ''
