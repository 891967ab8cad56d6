"""Asks a running engine, from another process of its user."""

import os
import pathlib
import socket
import struct
from typing import Any

import msgspec

from sting import settings
from sting.control import protocol
from sting.model import commands
from sting.model import errors


class Client:
    """Talks to a running engine; every request has a connection of its own.

    Attributes:
        path: The socket.
        profile: The engine's profile.
    """

    def __init__(
        self,
        path: pathlib.Path,
        profile: str = '',
        *,
        timeout: float = 15.0,
        read_only: bool = False,
    ) -> None:
        """Makes a client; nothing is connected yet.

        Args:
            path: The socket.
            profile: The engine's profile, for messages.
            timeout: Seconds to wait for each part of an answer.
            read_only: It only watches; the engine refuses its commands.
        """
        self.path = path
        self.profile = profile
        self._timeout = timeout
        self._read_only = read_only

    def patient(self, timeout: float) -> 'Client':
        """Gives one that waits longer.

        Args:
            timeout: Seconds to wait for each part of an answer.
        """
        return Client(
            self.path,
            self.profile,
            timeout=timeout,
            read_only=self._read_only,
        )

    def request(self, request: str, **fields: Any) -> Any:
        """Asks the engine for something.

        Args:
            request: The name of a request of `protocol`, such as status.
            **fields: The request's fields.

        Returns:
            The result, as decoded from JSON.

        Raises:
            errors.NotRunningError: Nobody listens.
            errors.InputError: The request is wrong.
            errors.RefusedError: It is not allowed now.
            errors.StingError: It failed, or no answer came in time.
        """
        connection = connect(self.path, self._timeout)
        if connection is None:
            raise not_running(self.profile)
        with connection:
            if self._read_only:
                ask(connection, 'attach', read_only=True)
            return ask(connection, request, **fields)

    def submit(
        self, command: commands.Command, confirm: str = ''
    ) -> commands.CommandResult:
        """Puts a command into the sequence.

        Args:
            command: What the operator wants.
            confirm: The account's name, for orders in LIVE.

        Returns:
            What the engine answers.

        Raises:
            errors.StingError: As `request`.
        """
        answer = self.request('submit', command=command, confirm=confirm)
        return msgspec.convert(answer, commands.CommandResult)

    def is_running(self) -> bool:
        """Whether somebody listens."""
        connection = connect(self.path, self._timeout)
        if connection is None:
            return False
        connection.close()
        return True


def running(home: settings.Home) -> list[Client]:
    """Lists the engines that run, by profile."""
    clients = (Client(home.socket(name), name) for name in home.profiles())
    return [client for client in clients if client.is_running()]


def find(home: settings.Home, profile: str | None = None) -> Client:
    """Gives the engine that a command is meant for.

    Args:
        home: The user's folders.
        profile: The profile; None for the one engine that runs.

    Returns:
        A client of it.

    Raises:
        errors.NotRunningError: It does not run, or none does.
        errors.ConfigError: Several run and none was named.
    """
    found = running(home)
    if profile is not None:
        found = [client for client in found if client.profile == profile]
    if not found:
        raise not_running(profile)
    if len(found) > 1:
        names = ', '.join(client.profile for client in found)
        raise errors.ConfigError(
            f'several engines run; name one with --profile: {names}'
        )
    return found[0]


def not_running(profile: str | None) -> errors.NotRunningError:
    """Gives the error that says that there is no engine."""
    name = f' of profile {profile}' if profile else ''
    return errors.NotRunningError(
        f'no engine{name} is running; start one with `sting run` or `sting-tui`'
    )


def connect(path: pathlib.Path, timeout: float) -> socket.socket | None:
    """Connects to a socket; None where nobody listens."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(timeout)
    try:
        connection.connect(os.fspath(path))
    except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError):
        connection.close()
        return None
    except OSError as error:
        connection.close()
        raise errors.StingError(
            f'{path}: cannot connect to the engine: {error}'
        ) from None
    owner = peer(connection)
    if owner not in (os.getuid(), 0):
        connection.close()
        raise errors.RefusedError(
            f'{path}: what listens there belongs to another user (uid {owner})'
        )
    return connection


def peer(connection: socket.socket) -> int:
    """Gives the user at the other end of a connection; ours if unknown."""
    if not hasattr(socket, 'SO_PEERCRED'):
        # The modes of the socket and its folder have to do.
        return os.getuid()
    size = struct.calcsize('3i')
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
    return int(struct.unpack('3i', raw)[1])


def ask(connection: socket.socket, request: str, **fields: Any) -> Any:
    """Asks for something on a connection that is open.

    Args:
        connection: The connection.
        request: The request's name.
        **fields: Its fields.

    Returns:
        The result, as decoded from JSON.

    Raises:
        errors.StingError: As `Client.request`.
    """
    line = msgspec.json.encode({'request': request, **fields}) + b'\n'
    answer = _exchange(connection, line)
    if not answer['ok']:
        kind = protocol.KINDS.get(answer['kind'], errors.StingError)
        raise kind(answer['error'])
    return answer['result']


def _exchange(connection: socket.socket, line: bytes) -> Any:
    answer = bytearray()
    try:
        connection.sendall(line)
        while not answer.endswith(b'\n'):
            part = connection.recv(1 << 16)
            answer += part
            if not part or len(answer) > protocol.ANSWER_BYTES:
                break
    except TimeoutError:
        raise errors.StingError(
            'the engine did not answer in time; what was asked may still be '
            'done: see `sting status`'
        ) from None
    except OSError as error:
        raise errors.StingError(
            f'the engine hung up: {error.strerror}'
        ) from None
    if not answer.endswith(b'\n'):
        raise errors.StingError('the engine hung up before it answered')
    try:
        return msgspec.json.decode(answer)
    except msgspec.MsgspecError:
        raise errors.StingError('what answered is no engine') from None
