"""What a strategy's indicators gave, bar by bar, packed for the way."""

from collections.abc import Iterator
from collections.abc import Sequence
import struct

import msgspec

# The most lines of a strategy that are told; more no chart could show.
LINES = 32
NAME_LIMIT = 80
_STAMP = 8


class Readings(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The values of a strategy's indicators at bars of one symbol.

    Attributes:
        symbol: The instrument.
        names: Of the lines, at most LINES.
        rows: A row a bar, oldest first, as `packer` packs it: when the bar
            closed, in nanoseconds since the epoch, UTC, and a value a name,
            nan where there is none.
    """

    symbol: str
    names: tuple[str, ...]
    rows: bytes

    def is_sound(self) -> bool:
        """Whether it holds whole rows of no more lines than may be."""
        names = self.names
        return (
            0 < len(names) <= LINES
            and len(set(names)) == len(names)
            and all(len(name) <= NAME_LIMIT for name in names)
            and len(self.rows) % row_bytes(len(names)) == 0
        )


def packer(lines: int) -> struct.Struct:
    """Gives what packs a row: the stamp, then the values."""
    return struct.Struct(f'<q{lines}d')


def row_bytes(lines: int) -> int:
    """Gives how long a row is, in bytes."""
    return _STAMP * (1 + lines)


def unpack(
    rows: bytes | bytearray, lines: int
) -> Iterator[tuple[int, Sequence[float]]]:
    """Gives the rows as stamps and values, oldest first."""
    for stamp, *values in packer(lines).iter_unpack(rows):
        yield stamp, values
