"""A stream of bytes over messages that may be lost, doubled or swapped.

Each end numbers its pieces, keeps them until the other end has said that it
has them, and sends them again when it is reminded. Each end hands on what
comes in the order of the numbers, each piece once. So a connection may break
and come back at any moment, and neither end notices more than a pause.
"""

import asyncio
import collections
from collections.abc import Callable
from typing import Final

import msgspec

# Bytes of a piece, well below what a NATS server takes at once.
PIECE: Final = 256 << 10
# Pieces that may be under way.
WINDOW: Final = 64
# Seconds in which what came is confirmed by whatever is sent anyway.
_CONFIRM_S: Final = 0.02


class Piece(msgspec.Struct, frozen=True, array_like=True):
    """One message.

    Attributes:
        stream: Which stream it is of.
        number: Its number, from 1; 0 where it only confirms.
        got: Up to which number the other end's pieces have come.
        body: Bytes of the stream; none are its end.
    """

    stream: str
    number: int
    got: int
    body: bytes = b''


_encode = msgspec.msgpack.Encoder().encode
_decoder = msgspec.msgpack.Decoder(Piece)


def read(data: bytes) -> Piece | None:
    """Reads a message; None where it is none."""
    try:
        return _decoder.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


class Courier:
    """One end of a stream.

    Attributes:
        stream: The stream's name, which both ends know.
    """

    def __init__(
        self,
        stream: str,
        send: Callable[[bytes], None],
        take: Callable[[bytes], None],
    ) -> None:
        """Sets up an end that has sent and got nothing.

        Args:
            stream: The stream's name.
            send: Sends a message, which may be lost; never waits.
            take: Given the bytes of the other end, in order; b'' is its end.
        """
        self.stream = stream
        self._send = send
        self._take = take
        self._sent = 0
        self._got = 0
        self._waiting: collections.deque[bytes] = collections.deque()
        self._under_way: collections.deque[Piece] = collections.deque()
        self._early: dict[int, bytes] = {}
        self._held = 0
        self._unconfirmed = 0
        self._timer: asyncio.TimerHandle | None = None
        self._reminded_of = 0
        self._closed = False

    @property
    def idle(self) -> bool:
        """Whether the other end is known to have all that was written."""
        return not self._under_way and not self._waiting

    @property
    def backlog(self) -> int:
        """How many pieces the other end is not known to have."""
        return len(self._under_way) + len(self._waiting)

    @property
    def held(self) -> int:
        """How many bytes the other end is not known to have."""
        return self._held

    def write(self, data: bytes) -> None:
        """Sends bytes; as one piece where there are no more than PIECE."""
        self._held += len(data)
        for start in range(0, len(data), PIECE):
            self._waiting.append(data[start : start + PIECE])
        self._pump()

    def end(self) -> None:
        """Tells the other end that nothing follows."""
        self._waiting.append(b'')
        self._pump()

    def close(self) -> None:
        """Forgets everything; nothing is sent or handed on any more."""
        self._closed = True
        self._held = 0
        self._waiting.clear()
        self._under_way.clear()
        self._early.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def hear(self, piece: Piece) -> None:
        """Takes a message of the other end.

        Args:
            piece: The message; one of another stream does no harm.
        """
        if self._closed or piece.stream != self.stream:
            return
        while self._under_way and self._under_way[0].number <= piece.got:
            self._held -= len(self._under_way.popleft().body)
        self._pump()
        if piece.number:
            self._sort_in(piece)

    def remind(self) -> None:
        """Sends again what the other end has not confirmed in the meantime.

        Call it every second or so, and when a connection is back.
        """
        oldest = self._under_way[0].number if self._under_way else 0
        if oldest and oldest == self._reminded_of:
            for piece in tuple(self._under_way):
                self._put(piece)
        self._reminded_of = oldest

    def repeat(self) -> None:
        """Sends again all that is not confirmed: what was sent is lost."""
        self._reminded_of = self._under_way[0].number if self._under_way else 0
        self.remind()

    def _sort_in(self, piece: Piece) -> None:
        """Hands on what is next; what is early waits for its turn."""
        first = self._got + 1
        if first <= piece.number < first + 2 * WINDOW:
            self._early[piece.number] = piece.body
        while not self._closed and self._got + 1 in self._early:
            self._got += 1
            self._take(self._early.pop(self._got))
        # Also what came twice: what confirmed it may be lost.
        self._unconfirmed += 1
        if self._closed:
            return
        if self._unconfirmed >= WINDOW // 2:
            self._confirm()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(
                _CONFIRM_S, self._confirm
            )

    def _confirm(self) -> None:
        if self._unconfirmed and not self._closed:
            self._put(Piece(self.stream, 0, self._got))
        elif self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _pump(self) -> None:
        while self._waiting and len(self._under_way) < WINDOW:
            self._sent += 1
            piece = Piece(
                self.stream, self._sent, self._got, self._waiting.popleft()
            )
            self._under_way.append(piece)
            self._put(piece)

    def _put(self, piece: Piece) -> None:
        self._unconfirmed = 0
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if piece.got != self._got:
            piece = msgspec.structs.replace(piece, got=self._got)
        self._send(_encode(piece))
