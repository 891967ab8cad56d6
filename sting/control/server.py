"""Answers for a running engine on its control socket.

The server has a thread and a loop of its own, so that it answers, and halts,
while the engine's loop is blocked.
"""

import asyncio
from collections.abc import Callable
from collections.abc import Mapping
from concurrent import futures
import contextlib
import os
import pathlib
import socket
import stat
import threading
from typing import Any
from typing import Self

import msgspec

from sting import settings
from sting import version
from sting.control import client
from sting.control import protocol
from sting.control import watching
from sting.model import commands
from sting.model import errors
from sting.model import profiles
from sting.model import records
from sting.model import stops
from sting.model import views
from sting.model import workstation
from sting.monitor import profiling

# Watchers stay; others come and go.
CLIENTS = 32
READ_TIMEOUT_S = 30.0
ENGINE_TIMEOUT_S = 10.0
# So often it is looked whether the other end still waits for its profile.
_GONE_S = 0.2


class _Visit:
    """What a connection has said about itself.

    Attributes:
        read_only: It may give no commands.
        watch: It wants pictures from now on.
        is_gone: Says whether the other end has hung up.
    """

    def __init__(self, is_gone: Callable[[], bool]) -> None:
        self.is_gone = is_gone
        self.read_only = False
        self.watch: protocol.Watch | None = None


class Server:
    """Answers on a control socket, from a thread of its own."""

    def __init__(
        self, station: workstation.Workstation, path: pathlib.Path
    ) -> None:
        """Makes a server that does not listen yet.

        Args:
            station: The engine.
            path: The socket's path; its folder has mode 0700.
        """
        self._station = station
        self._path = path
        self._thread: threading.Thread | None = None
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._serving: asyncio.Task[None] | None = None
        self._clients: set[asyncio.Task[None]] = set()
        self._profiling = False
        self._decoder = msgspec.json.Decoder(protocol.Anything)

    def start(self) -> None:
        """Begins to listen.

        Raises:
            errors.RefusedError: Another engine listens there.
            errors.ConfigError: The socket cannot be made.
        """
        listener = _listen(self._path)
        self._thread = threading.Thread(
            target=self._run,
            args=(listener,),
            name='sting-control',
            daemon=True,
        )
        self._thread.start()
        self._ready.wait()

    def stop(self) -> None:
        """Hangs up on all clients and removes the socket."""
        if self._thread is None or self._loop is None:
            return
        if self._serving is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._serving.cancel)
        self._thread.join()

    def __enter__(self) -> Self:
        """Begins to listen."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Ends."""
        self.stop()

    def _run(self, listener: socket.socket) -> None:
        mark = self._path.stat()
        try:
            with contextlib.suppress(asyncio.CancelledError):
                asyncio.run(self._serve(listener))
        finally:
            self._ready.set()
            listener.close()
            _unlink(self._path, mark)

    async def _serve(self, listener: socket.socket) -> None:
        self._loop = asyncio.get_running_loop()
        self._serving = asyncio.current_task()
        # Not sock_accept: when it is cancelled, it can lose a connection.
        self._loop.add_reader(listener, self._accept, listener)
        self._ready.set()
        try:
            await asyncio.Event().wait()
        finally:
            self._loop.remove_reader(listener)
            # Each task has to begin, so that it closes its connection.
            await asyncio.sleep(0)
            leaving = list(self._clients)
            for task in leaving:
                task.cancel()
            await asyncio.gather(*leaving, return_exceptions=True)

    def _accept(self, listener: socket.socket) -> None:
        try:
            connection, _ = listener.accept()
        except OSError:
            # The client is gone already, or there is no room for more files.
            return
        connection.setblocking(False)
        task = asyncio.create_task(self._greet(connection))
        self._clients.add(task)
        task.add_done_callback(self._clients.discard)

    async def _greet(self, connection: socket.socket) -> None:
        reader, writer = await asyncio.open_unix_connection(
            sock=connection, limit=protocol.REQUEST_BYTES
        )
        try:
            if len(self._clients) > CLIENTS:
                # Whoever writes to a closed socket never sees the answer.
                async with asyncio.timeout(READ_TIMEOUT_S):
                    await reader.read(protocol.REQUEST_BYTES)
                await _send(writer, _refusal('refused', 'too many clients'))
            elif _is_own(connection):
                await self._attend(reader, writer)
        except OSError:
            # The client went away, or stopped reading or writing.
            writer.transport.abort()
        except asyncio.CancelledError:
            writer.transport.abort()
            raise
        finally:
            writer.close()

    async def _attend(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        visit = _Visit(reader.at_eof)
        while visit.watch is None:
            if not await self._attend_once(reader, writer, visit):
                return
        await watching.show(writer, self._station, visit.watch.frames_per_s)

    async def _attend_once(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        visit: _Visit,
    ) -> bool:
        try:
            async with asyncio.timeout(READ_TIMEOUT_S):
                line = await reader.readline()
        except ValueError:
            message = f'a request has at most {protocol.REQUEST_BYTES} bytes'
            await _send(writer, _refusal('input', message))
            return False
        if not line.endswith(b'\n'):
            return False
        answer = await self._answer(line, visit)
        if visit.watch is None:
            await _send(writer, answer)
        return True

    async def _answer(self, line: bytes, visit: _Visit) -> bytes:
        try:
            result = await self._do(self._decoder.decode(line), visit)
            return msgspec.json.encode({'ok': True, 'result': result})
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            return _refusal('input', f'not a request: {error}')
        except errors.InputError as error:
            return _refusal('input', str(error))
        except errors.RefusedError as error:
            return _refusal('refused', str(error))
        except errors.StingError as error:
            return _refusal('failed', str(error))

    async def _do(self, request: protocol.Anything, visit: _Visit) -> Any:
        match request:
            case protocol.Attach(read_only=read_only):
                # Once it only watches, it never does more.
                visit.read_only |= read_only
                return self._introduction()
            case protocol.Watch():
                visit.watch = request
                return None
            case protocol.Submit() if visit.read_only:
                raise errors.RefusedError(protocol.WATCHES)
            case (
                protocol.Submit()
                | protocol.Judge()
                | protocol.Why()
                | protocol.Output()
            ):
                return await _outcome(self._ask(request))
            case protocol.Profile(seconds=seconds):
                return await self._profile(seconds, visit)
            case protocol.Halt(who=who, reason=reason, latched=latched):
                pull = self._station.emergency_stop(who, reason, latched)
                return {'pull': pull}
            case _:
                return self._look(request)

    async def _profile(self, seconds: float, visit: _Visit) -> profiles.Profile:
        """Looks at all threads, in one of its own, while somebody waits."""
        if self._profiling:
            raise errors.RefusedError(
                'somebody takes a profile already; wait until it is done'
            )
        self._profiling = True
        ended = threading.Event()
        looking = asyncio.create_task(
            asyncio.to_thread(profiling.Sampler().run, seconds, ended)
        )
        try:
            while not looking.done():
                await asyncio.wait({looking}, timeout=_GONE_S)
                if visit.is_gone():
                    ended.set()
            return looking.result()
        finally:
            ended.set()
            self._profiling = False

    def _ask(
        self,
        request: protocol.Submit
        | protocol.Judge
        | protocol.Why
        | protocol.Output,
    ) -> futures.Future[Any]:
        """Asks the engine's loop."""
        match request:
            case protocol.Submit():
                self._check_live(request)
                return self._station.submit(request.command)
            case protocol.Judge(command=command):
                return self._station.judge(command)
            case protocol.Why(seq=seq):
                return self._station.why(seq)
            case protocol.Output(strategy=strategy, limit=limit):
                return self._station.output(strategy, limit)

    def _look(self, request: protocol.Anything) -> Any:
        """Answers what needs nothing of the engine's loop."""
        match request:
            case protocol.Bars(symbol=symbol, limit=limit):
                return self._station.bars(symbol, limit)
            case protocol.Marks(symbol=symbol, limit=limit):
                return self._station.marks(symbol, limit)
            case protocol.Lines(symbol=symbol, limit=limit):
                return self._station.lines(symbol, limit)
            case _:
                return _look(request, self._station.snapshot())

    def _introduction(self) -> dict[str, Any]:
        picture = self._station.snapshot()
        return {
            'version': version.__version__,
            'profile': picture.profile,
            'pid': os.getpid(),
        }

    def _check_live(self, request: protocol.Submit) -> None:
        picture = self._station.snapshot()
        if picture.mode is not records.Mode.LIVE or not _names_account(
            request.command
        ):
            return
        if not picture.account:
            raise errors.RefusedError(
                'the account is not known yet, so that nothing can name '
                'it; try again in a moment'
            )
        if request.confirm != picture.account:
            raise errors.InputError(
                'this is LIVE: this needs --confirm with the name of the '
                f'account, {picture.account}'
            )


def _names_account(command: commands.Command) -> bool:
    """Whether it is done in LIVE only with the account's name."""
    if isinstance(command, commands.Settle):
        # Closing a position has a typed word of its own.
        return command.how is not commands.How.FLATTEN
    return isinstance(command, commands.SubmitOrder | commands.ReplaceOrder)


# What is shown as it stands in the picture.
_FIELDS: Mapping[type[protocol.Request], str] = {
    protocol.Positions: 'positions',
    protocol.Risk: 'risk',
    protocol.Strategies: 'strategies',
}


def _look(request: protocol.Anything, picture: views.Snapshot) -> Any:
    """Answers what a look at the engine answers."""
    field = _FIELDS.get(type(request))
    if field is not None:
        return getattr(picture, field)
    match request:
        case protocol.Orders():
            # As dicts: payloads leave fields out that are at their default.
            return [msgspec.structs.asdict(row) for row in picture.orders]
        case protocol.Inbox():
            return [_difference(row) for row in picture.inbox]
        case protocol.Stop(pull=pull):
            return _stopped(picture, pull)
        case protocol.Untraded(strategy=name):
            return [
                row for row in picture.untraded if name in ('', row.strategy)
            ]
        case _:
            return protocol.status(picture)


def _stopped(picture: views.Snapshot, pull: int) -> stops.StopReport | None:
    """Gives the report of a pull since the start, or of a newer one."""
    report = picture.stop
    if report is None or not pull:
        return report
    is_newer = report.pulled >= picture.started and report.pull >= pull
    return report if is_newer else None


def _difference(row: records.Difference) -> dict[str, Any]:
    """Gives all fields, those at their default too."""
    order = None if row.order is None else msgspec.structs.asdict(row.order)
    return msgspec.structs.asdict(row) | {'order': order}


def _refusal(kind: str, message: str) -> bytes:
    return msgspec.json.encode({'ok': False, 'kind': kind, 'error': message})


async def _send(writer: asyncio.StreamWriter, answer: bytes) -> None:
    writer.write(answer + b'\n')
    async with asyncio.timeout(READ_TIMEOUT_S):
        await writer.drain()


async def _outcome(future: futures.Future[Any]) -> Any:
    """Waits for the engine, and leaves its future alone when it is late."""
    waiting = asyncio.wrap_future(future)
    try:
        async with asyncio.timeout(ENGINE_TIMEOUT_S):
            return await asyncio.shield(waiting)
    except TimeoutError:
        # Nobody waits any more; an error that comes later has no reader.
        waiting.add_done_callback(lambda done: done.exception())
        raise errors.StingError(
            f'the engine did not answer within {ENGINE_TIMEOUT_S:g} s; what '
            'was asked may still be done: see `sting status`'
        ) from None


def _is_own(connection: socket.socket) -> bool:
    """Whether the other end belongs to this process's user, or to root."""
    return client.peer(connection) in (os.getuid(), 0)


def _listen(path: pathlib.Path) -> socket.socket:
    """Binds a socket, in the place of one that nobody listens on."""
    settings.make_private(path.parent)
    connection = client.connect(path, 1.0)
    if connection is not None:
        connection.close()
        raise errors.RefusedError(
            f'another engine listens on {path}; end it first'
        )
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        path.unlink(missing_ok=True)
        listener.bind(os.fspath(path))
        path.chmod(0o600)
        listener.listen(CLIENTS)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        raise errors.ConfigError(
            f'cannot make the control socket: {error.strerror}', path=path
        ) from None
    return listener


def _unlink(path: pathlib.Path, mark: os.stat_result) -> None:
    """Removes the socket, unless another has taken its place."""
    try:
        now = path.stat()
        if stat.S_ISSOCK(now.st_mode) and now.st_ino == mark.st_ino:
            path.unlink()
    except FileNotFoundError:
        pass
