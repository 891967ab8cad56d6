"""The global cancel at Interactive Brokers, on a warm client of its own.

Of the protocol it speaks the handshake, the cancel, the open orders and the
clock: frames of fields, each ended by a zero byte, at versions 157 to 176.
"""

from collections.abc import Mapping
import socket
from typing import Any
from typing import Final

from sting.model import errors

_VERSIONS: Final = b'v157..176'
# Messages, by their numbers on the wire.
_START: Final = ('71', '2')
_ALL_OPEN: Final = ('16', '1')
_TIME: Final = ('49', '1')
_GLOBAL_CANCEL: Final = ('58', '1')
_ERROR, _OPEN, _NEXT_ID, _ACCOUNTS = '4', '5', '9', '15'
_CLOCK, _OPEN_END = '49', '53'
# Another client has this number.
_TAKEN: Final = '326'
_LONGEST: Final = 1 << 24


def make(options: Mapping[str, Any]) -> 'Way':
    """Makes the way of what `IbkrBroker.emergency` gives.

    Args:
        options: host, port, client_id and timeout_s.
    """
    return Way(**options)


class Way:
    """A connection to TWS or IB Gateway; for one thread."""

    def __init__(
        self, host: str, port: int, client_id: int, timeout_s: float
    ) -> None:
        """Sets it up; nothing is connected yet.

        Args:
            host: Where the gateway is.
            port: Its port.
            client_id: The number of this connection; no two may have one.
            timeout_s: Seconds for one answer.
        """
        self._place = (host, port)
        self._client_id = client_id
        self._timeout_s = timeout_s
        self._socket: socket.socket | None = None

    def keep(self) -> None:
        """Asks for the time, so that a connection that is gone is noticed.

        Raises:
            errors.BrokerUnknownError: There is no answer.
        """
        self._ask(_TIME, _CLOCK)

    def cancel(self, keep: frozenset[str]) -> None:
        """Sends the global cancel, which is not answered.

        It takes out orders that were placed elsewhere, too.

        Args:
            keep: What is to work on: with any of it nothing is sent, since a
                client cannot cancel single orders of another.

        Raises:
            errors.BrokerUnknownError: It could not be sent.
        """
        if keep:
            raise errors.BrokerUnknownError(
                'single orders can be cancelled by the engine alone, and some '
                'are kept'
            )
        self._ask(_GLOBAL_CANCEL)

    def working(self, keep: frozenset[str]) -> int:
        """Counts the orders that work, those placed elsewhere too.

        Args:
            keep: As for `cancel`, which finds out that there are some.

        Raises:
            errors.BrokerUnknownError: There is no answer.
        """
        del keep
        return self._ask(_ALL_OPEN, _OPEN_END).count(_OPEN)

    def close(self) -> None:
        """Ends the connection."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _ask(self, question: tuple[str, ...], end: str = '') -> list[str]:
        """Sends something and reads to the end of the answer.

        Returns:
            The numbers of the messages that came.
        """
        try:
            self._open()
            self._send(*question)
            return self._read_until({end}) if end else []
        except errors.BrokerUnknownError:
            self.close()
            raise
        except OSError as error:
            self.close()
            raise errors.BrokerUnknownError(
                str(error) or type(error).__name__
            ) from None

    def _open(self) -> None:
        if self._socket is not None:
            return
        self._socket = socket.create_connection(self._place, self._timeout_s)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(b'API\0' + _framed(_VERSIONS))
        self._read()
        self._send(*_START, str(self._client_id), '')
        self._read_until({_NEXT_ID, _ACCOUNTS})

    def _send(self, *fields: str) -> None:
        raw = ''.join(f'{each}\0' for each in fields).encode()
        self._connected().sendall(_framed(raw))

    def _read_until(self, wanted: set[str]) -> list[str]:
        """Reads until each of the messages has come."""
        left = set(wanted)
        seen = []
        while left:
            fields = self._read()
            if fields[0] == _ERROR and _TAKEN in fields[3:4]:
                raise errors.BrokerUnknownError(
                    f'client id {self._client_id} is taken; another '
                    'guardian_client_id in exchanges/ibkr.yaml'
                )
            seen.append(fields[0])
            left.discard(fields[0])
        return seen

    def _read(self) -> list[str]:
        size = int.from_bytes(self._read_exactly(4), 'big')
        if size > _LONGEST:
            raise errors.BrokerUnknownError('this is no gateway')
        return self._read_exactly(size).decode(errors='replace').split('\0')

    def _read_exactly(self, size: int) -> bytes:
        found = b''
        while len(found) < size:
            part = self._connected().recv(size - len(found))
            if not part:
                raise errors.BrokerUnknownError('the gateway hung up')
            found += part
        return found

    def _connected(self) -> socket.socket:
        if self._socket is None:
            raise errors.BrokerUnknownError('it is not connected')
        return self._socket


def _framed(raw: bytes) -> bytes:
    return len(raw).to_bytes(4, 'big') + raw
