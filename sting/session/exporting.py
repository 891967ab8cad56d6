"""Gives figures out to Prometheus, where sting.yaml asks for that."""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib

from sting import settings
from sting.model import errors
from sting.monitor import metrics

Tell = Callable[[str, str], None]
_NAME = 'exporter'
_MISSING = (
    'monitor: exporter needs prometheus-client: pip install "sting[monitor]"'
)


@contextlib.contextmanager
def running(
    configured: settings.Monitor,
    facts: Callable[[], metrics.Facts],
    tell: Tell,
) -> Iterator[None]:
    """Gives figures out while it is entered; trading never waits for that.

    Args:
        configured: Where.
        facts: Gives what is known now, from any thread.
        tell: Is told why there are none, and by whom.
    """
    place = configured.place()
    if place is None:
        yield
        return
    try:
        # An extra, and 20 ms at each start.
        from sting.monitor import exporter  # noqa: PLC0415

        opened = exporter.Exporter(place, facts)
    except ImportError:
        tell(_MISSING, _NAME)
        yield
        return
    except errors.ConfigError as error:
        tell(str(error), _NAME)
        yield
        return
    with contextlib.closing(opened):
        yield
