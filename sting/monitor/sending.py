"""The program that sends messages to one channel: python -m, in a process.

On stdin it gets one JSON object, `Task`; it writes a JSON line for each message
that it tried, and ends with the first that was not taken. The libraries that
talk to the services are loaded here and nowhere else, so that neither they nor
a service that hangs are ever in the engine's way.
"""

import importlib
import sys
from typing import Any

import msgspec

from sting.model import records
from sting.monitor import notices

# Of the services' own answers so much is told.
_LENGTH = 300
_KINDS = {
    records.Severity.INFO: 'info',
    records.Severity.WARNING: 'warning',
    records.Severity.CRITICAL: 'failure',
}


class Task(msgspec.Struct, frozen=True):
    """What is to be sent.

    Attributes:
        url: Where to, as apprise writes it.
        messages: What.
    """

    url: str
    messages: tuple[notices.Message, ...]


class Outcome(msgspec.Struct, frozen=True):
    """What came of one message.

    Attributes:
        fault: Why it was not taken; empty if it was.
    """

    fault: str = ''


def main() -> None:
    """Sends what stdin has."""
    task = msgspec.json.decode(sys.stdin.buffer.read(), type=Task)
    try:
        library: Any = importlib.import_module('apprise')
    except ImportError:
        _answer("apprise is not installed: pip install 'sting[alerts]'")
        return
    apprise = library.Apprise()
    with _listening(library) as log:
        known = apprise.add(task.url)
        said = log.getvalue()
    if not known:
        _answer(_last(said) or 'its address is none that apprise knows')
        return
    for message in task.messages:
        with _listening(library) as log:
            taken = apprise.notify(
                title=message.title,
                body=message.body,
                notify_type=_KINDS[message.severity],
                body_format=library.NotifyFormat.TEXT,
            )
            said = log.getvalue()
        _answer('' if taken else _last(said) or 'it was not taken')
        if not taken:
            return


def _listening(library: Any) -> Any:
    return library.LogCapture(level=library.logging.WARNING, fmt='%(message)s')


def _last(said: str) -> str:
    """Gives the last line that a library logged."""
    lines = [each.strip() for each in said.splitlines() if each.strip()]
    return lines[-1][:_LENGTH].rstrip('.') if lines else ''


def _answer(fault: str) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(Outcome(fault)) + b'\n')
    sys.stdout.buffer.flush()


if __name__ == '__main__':
    main()
