"""Who is on a bus: what machines tell of themselves, and under which names."""

from collections.abc import Callable
import os
from typing import Final
from typing import Protocol

import msgspec

from sting import version
from sting.engine import clock

# Seconds between two words that somebody is here.
BEAT_S: Final = 0.5


class Bus(Protocol):
    """What carries messages, which may lose them; see `net.postal`."""

    renewed: Callable[[], None]

    def subscribe(self, subject: str, take: Callable[[bytes], None]) -> None:
        """Has messages heard."""
        ...

    def publish(self, subject: str, data: bytes) -> None:
        """Sends a message, perhaps."""
        ...

    async def start(self) -> None:
        """Begins to connect."""
        ...

    async def stop(self) -> None:
        """Closes the connection."""
        ...


class Here(msgspec.Struct, frozen=True, array_like=True):
    """Somebody is here.

    Attributes:
        id: Drawn anew at each start of it.
        streams: The streams that it keeps up.
        leaves: It is about to end.
        version: Of its sting; two of them may not understand each other.
    """

    id: str
    streams: tuple[str, ...] = ()
    leaves: bool = False
    version: str = version.__version__


_encode = msgspec.msgpack.Encoder().encode
_here = msgspec.msgpack.Decoder(Here)


def read_here(data: bytes) -> Here | None:
    """Reads that somebody is here; None where it is no such message."""
    try:
        return _here.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def encode(here: Here) -> bytes:
    """Gives it as a message."""
    return _encode(here)


def drawn(time_source: clock.Clock) -> str:
    """Gives a name that no other start of anything has."""
    return f'{time_source.now():x}-{os.getpid():x}'


class Subjects:
    """The subjects of one profile's engine and nodes."""

    def __init__(self, prefix: str, profile: str) -> None:
        """Names them.

        Args:
            prefix: Of the installation.
            profile: The profile's name.
        """
        self._root = f'{prefix}.{_plain(profile)}'
        self.engine = f'{self._root}.engine'
        self.readers = f'{self._root}.readers'
        self.stream = f'{prefix}_{_plain(profile)}'

    def events(self, symbol: str) -> str:
        """Where the log's events of a symbol are.

        Args:
            symbol: The symbol; empty for those of none, '>' for all.
        """
        which = symbol if symbol == '>' else _plain(symbol) or '%'
        return f'{self._root}.events.{which}'

    def node(self, name: str) -> str:
        """Where a node says that it is here."""
        return f'{self._root}.node.{name}'

    def desk(self, node: str) -> str:
        """Where a node says that its sources are here."""
        return f'{self._root}.desk.{node}'

    def told(self, node: str) -> str:
        """Where a node is told things, by its drawn name."""
        return f'{self._root}.told.{node}'

    def said(self, engine: str) -> str:
        """Where an engine hears what is said, by its drawn name."""
        return f'{self._root}.said.{engine}'


def _plain(name: str) -> str:
    """Gives a name as one word of a subject."""
    return ''.join(
        c if c.isascii() and (c.isalnum() or c in '-_') else f'%{ord(c):x}'
        for c in name
    )
