"""Pictures of an engine on their way to a screen: only what changed.

A frame is a map in msgpack with the fields of `views.Snapshot` that are not as
in the frame before; the first one has all. In a field of rows, `[3, 7]` stands
for the rows 3 to 6 of the picture before, and anything else is a new row.
"""

from collections.abc import Mapping
from collections.abc import Sequence
import typing
from typing import Any

import msgspec

from sting.model import records
from sting.model import views

# The first four bytes of a frame: its length.
HEAD_BYTES = 4
# More than any picture has; who sends more is not an engine.
FRAME_BYTES = 64 << 20

_FIELDS = {
    field.name: field.type for field in msgspec.structs.fields(views.Snapshot)
}
# Of the fields that have rows, what a row is.
_ROWS: Mapping[str, Any] = {
    name: typing.get_args(kind)[0]
    for name, kind in _FIELDS.items()
    if typing.get_origin(kind) is tuple
}


def _sent(name: str) -> Any:
    """Gives the type of what is sent for a field."""
    if name not in _ROWS:
        return _FIELDS[name] | msgspec.UnsetType
    row: Any = _ROWS[name]
    return tuple[row | tuple[int, int], ...] | msgspec.UnsetType


_Changes = msgspec.defstruct(
    '_Changes',
    [(name, _sent(name), msgspec.UNSET) for name in _FIELDS],
    frozen=True,
)


class Differ:
    """Makes frames of one picture after the other."""

    def __init__(self) -> None:
        self._last: views.Snapshot | None = None
        self._encoder = msgspec.msgpack.Encoder()

    def encode(self, picture: views.Snapshot) -> bytes:
        """Gives the frame that leads from the picture before to this one.

        Args:
            picture: The newest picture.

        Returns:
            The frame with its length before it.
        """
        last = self._last
        changes = {
            name: getattr(picture, name)
            if last is None
            else _change(name, getattr(last, name), getattr(picture, name))
            for name in _FIELDS
            if last is None or getattr(last, name) != getattr(picture, name)
        }
        self._last = picture
        body = self._encoder.encode(changes)
        return len(body).to_bytes(HEAD_BYTES, 'big') + body


class Joiner:
    """Makes pictures of frames again."""

    def __init__(self) -> None:
        self._last = views.Snapshot(profile='', mode=records.Mode.DEMO)
        self._decoder = msgspec.msgpack.Decoder(_Changes)

    def decode(self, body: bytes | bytearray) -> views.Snapshot:
        """Gives the picture that a frame leads to.

        Args:
            body: The frame without its length.

        Returns:
            The picture.

        Raises:
            msgspec.MsgspecError: It is no frame.
            IndexError: It wants rows that there are not.
        """
        changes = self._decoder.decode(body)
        values = {
            name: value
            for name in _FIELDS
            if (value := getattr(changes, name)) is not msgspec.UNSET
        }
        for name in _ROWS.keys() & values.keys():
            values[name] = _rows(getattr(self._last, name), values[name])
        self._last = msgspec.structs.replace(self._last, **values)
        return self._last


def _change(name: str, before: Any, now: Any) -> Any:
    return _spans(before, now) if name in _ROWS else now


def _spans(before: Sequence[Any], now: Sequence[Any]) -> list[Any]:
    """Writes rows as spans of those before, where they are the same."""
    # Most rows that go on are the very same object, at another place perhaps;
    # some are made anew, and stay where they are.
    places = {id(row): place for place, row in enumerate(before)}
    found: list[Any] = []
    span: list[int] | None = None
    for here, row in enumerate(now):
        place = places.get(id(row))
        if place is None and here < len(before) and before[here] == row:
            place = here
        if place is None:
            found.append(row)
            span = None
        elif span is not None and span[1] == place:
            span[1] += 1
        else:
            span = [place, place + 1]
            found.append(span)
    return found


def _rows(before: tuple[Any, ...], parts: Sequence[Any]) -> tuple[Any, ...]:
    """Puts rows together again."""
    found: list[Any] = []
    for part in parts:
        if isinstance(part, tuple):
            first, end = part
            if not 0 <= first < end <= len(before):
                raise IndexError(f'rows {first} to {end} of {len(before)}')
            found += before[first:end]
        else:
            found.append(part)
    return tuple(found)
