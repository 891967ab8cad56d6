"""Cluster: runs worked out by the workers of a Dask cluster.

Dask repeats what a lost worker was at. What all tasks share is sent again
where the last worker that had it is gone, so that a death costs time alone.
"""

from collections.abc import Iterable
from concurrent import futures
import contextlib
import logging
import pathlib
import threading
from typing import Any
from typing import Final
import uuid

import msgspec

from sting.backtest.sweeping import executors
from sting.backtest.sweeping import remote
from sting.data import table
from sting.model import errors
from sting.settings import owned

# Seconds until an address counts as silent, and without a worker until a
# sweep is given up.
CONNECT_S: Final = 10
WAIT_S: Final = 30
_LOOK_S: Final = 1.0
_LOCAL: Final = 'local'
_LOGS = ('distributed', 'distributed.client', 'distributed.nanny', 'tornado')


class Tls(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file of `--cluster-tls`; paths are relative to it.

    Attributes:
        ca_file: Who signed the certificates of the cluster, PEM.
        cert: One's own certificate, PEM.
        key: Its key, PEM.
    """

    ca_file: str
    cert: str
    key: str


class Cluster(executors.Pool):
    """The workers of a Dask cluster, or some of this machine."""

    def __init__(
        self,
        address: str,
        *,
        tls: pathlib.Path | None = None,
        share: str | None = None,
        wait_s: int = WAIT_S,
    ) -> None:
        """Connects, and sees that all workers run the same code.

        Args:
            address: Of the scheduler: tcp://host:8786 or tls://host:8786; or
                `local:N` for N processes of this machine.
            tls: A file as `Tls` has it.
            share: A folder or a URL of fsspec that all workers see; the bars
                lie there while the pool is open. None sends them.
            wait_s: Seconds without any worker until it is given up.

        Raises:
            errors.InputError: There is no cluster, no worker, or one that
                runs something else; or `distributed` is missing.
            errors.ConfigError: The file of TLS is wrong.
        """
        try:
            import distributed  # noqa: PLC0415
        except ImportError:
            raise errors.InputError(
                f'--cluster {address} needs the package distributed; install '
                'sting[cluster]'
            ) from None
        for name in _LOGS:
            # What matters is said in sting's own words.
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self.broken = (
            futures.BrokenExecutor,
            futures.CancelledError,
            distributed.KilledWorker,
        )
        self._address = address
        self._share = share
        self._wait_s = wait_s
        self._things: dict[str, remote.Sent] = {}
        self._placed: dict[str, Any] = {}
        self._files: dict[str, list[str]] = {}
        self._waiting: set[Any] = set()
        with contextlib.ExitStack() as undo:
            security = None if tls is None else _security(tls, address)
            target: Any = address
            self._own: Any = None
            if address.partition(':')[0] == _LOCAL:
                target = self._own = undo.enter_context(_local(address))
            self._client = _connected(target, security, address)
            undo.callback(self._client.close)
            self._wait()
            self.workers = sum(self._client.ncores().values())
            self._check()
            undo.pop_all()

    def place(self, thing: Any) -> str:
        """Sends a thing to every worker, once."""
        key = uuid.uuid4().hex
        self._files[key] = []
        while len(self._things) >= remote.KEPT:
            self._drop(next(iter(self._things)))

        def store(bars: table.BarTable) -> remote.Bars:
            return self._stored(key, bars)

        data = remote.packed(thing, store if self._share else None)
        self._things[key] = remote.Sent(key, remote.release(), data)
        self._send(key)
        return key

    def submit(self, call: executors.Call, placed: str, task: range) -> Any:
        """Has a task done."""
        future = self._client.submit(
            remote.call, call, self._placed[placed], task, pure=False
        )
        self._waiting.add(future)
        return future

    def result(self, future: Any) -> Any:
        """Waits for what a task gave."""
        try:
            return future.result()
        finally:
            self._waiting.discard(future)

    def renew(self) -> None:
        """Waits for a worker, and sends again what the lost ones had.

        Raises:
            errors.InputError: None came.
        """
        self._wait()
        for key in list(self._things):
            self._send(key)

    def close(self, *, now: bool = False) -> None:
        """Takes back what has not begun where asked to, and hangs up."""
        with contextlib.suppress(OSError, TimeoutError, futures.CancelledError):
            if now and self._waiting:
                self._client.cancel(list(self._waiting), force=True)
        for key in list(self._things):
            self._drop(key)
        self._waiting.clear()
        with contextlib.suppress(OSError, TimeoutError, futures.CancelledError):
            self._client.close()
        if self._own is not None:
            self._own.close()

    def _send(self, key: str) -> None:
        try:
            (self._placed[key],) = self._client.scatter(
                [self._things[key]], broadcast=True, hash=False
            )
        except (OSError, TimeoutError, ValueError) as error:
            raise errors.InputError(
                f'the cluster at {self._address} does not take what the runs '
                f'share: {_line(error)}'
            ) from None

    def _drop(self, key: str) -> None:
        """Forgets a thing, here and there."""
        self._things.pop(key)
        self._placed.pop(key, None)
        for url in self._files.pop(key):
            _removed(url)

    def _stored(self, key: str, bars: table.BarTable) -> remote.Bars:
        """Writes bars where all workers read them."""
        # Not everybody has it.
        from fsspec import core  # noqa: PLC0415

        data, rest = remote.columns(bars)
        name = f'sting-{key}-{len(self._files[key])}.npz'
        url = f'{str(self._share).rstrip("/")}/{name}'
        try:
            system, path = core.url_to_fs(url)
            system.makedirs(path.rpartition('/')[0], exist_ok=True)
            self._files[key].append(url)
            with system.open(path, 'wb') as file:
                file.write(data)
        except (OSError, ValueError, ImportError) as error:
            raise errors.InputError(
                f'--cluster-share {self._share} cannot be written: '
                f'{_line(error)}'
            ) from None
        return remote.Bars(url, remote.digest_of(data), rest)

    def _any(self) -> bool:
        """Whether there is a worker now."""
        if self._client.status != 'running':
            return False
        try:
            return bool(self._client.ncores())
        except (OSError, TimeoutError, futures.CancelledError):
            return False

    def _wait(self) -> None:
        """Waits until there is a worker."""
        pause = threading.Event()
        for _ in range(int(self._wait_s / _LOOK_S) + 1):
            if self._any():
                return
            pause.wait(_LOOK_S)
        raise self._nobody()

    def _nobody(self) -> errors.InputError:
        if self._client.status != 'running':
            return errors.InputError(
                f'the scheduler at {self._address} is gone; start it again '
                'and repeat the sweep'
            )
        return errors.InputError(
            f'the cluster at {self._address} has had no worker for '
            f'{self._wait_s} s; start one: dask worker {self._address}'
        )

    def _check(self) -> None:
        """Refuses workers that would give other figures."""
        try:
            found = self._client.run(remote.release, on_error='return')
        except (OSError, TimeoutError, ImportError) as error:
            found = {'': error}
        for worker, theirs in found.items():
            if isinstance(theirs, ImportError):
                different = f'it has no such sting ({_line(theirs)})'
            elif isinstance(theirs, BaseException):
                different = f'it does not answer: {_line(theirs)}'
            else:
                different = remote.release().difference(theirs)
            if different:
                raise errors.InputError(
                    f'the worker {worker or "there"} would run something '
                    f'else: {different}; install the same there'
                )


def _line(error: BaseException) -> str:
    return ' '.join(str(error).split()) or type(error).__name__


def _removed(url: str) -> None:
    """Takes a file away; one that is gone already is no matter."""
    from fsspec import core  # noqa: PLC0415

    with contextlib.suppress(OSError, ValueError):
        system, path = core.url_to_fs(url)
        system.rm(path)


def _connected(target: Any, security: Any, address: str) -> Any:
    """Gives a client.

    Raises:
        errors.InputError: Nobody answers.
    """
    import distributed  # noqa: PLC0415

    try:
        return distributed.Client(
            target,
            security=security,
            timeout=CONNECT_S,
            set_as_default=False,
        )
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        raise errors.InputError(
            f'no cluster answers at {address}: {_line(error)}; start one '
            'there: dask scheduler'
        ) from None


def _local(address: str) -> Any:
    """Starts processes of this machine.

    Raises:
        errors.InputError: The address is none.
    """
    import distributed  # noqa: PLC0415

    _, _, words = address.partition(':')
    if words and not (words.isascii() and words.isdigit() and int(words)):
        raise errors.InputError(
            f'--cluster {address} has to be local:N with N processes, or '
            'tcp://host:port'
        )
    return distributed.LocalCluster(
        n_workers=int(words) if words else None,
        threads_per_worker=1,
        processes=True,
        host='127.0.0.1',
        dashboard_address='127.0.0.1:0',
        memory_limit=0,
        silence_logs=logging.CRITICAL,
    )


def _security(path: pathlib.Path, address: str) -> Any:
    """Reads the file of TLS.

    Raises:
        errors.ConfigError: It is wrong, or others may change it.
    """
    import distributed  # noqa: PLC0415

    if not address.startswith('tls://'):
        raise errors.ConfigError(
            f'--cluster-tls is for tls://host:port, and --cluster is {address}',
            path=path,
        )
    try:
        read = msgspec.yaml.decode(path.read_bytes(), type=Tls)
    except OSError as error:
        raise errors.ConfigError(
            f'cannot be read: {error.strerror}', path=path
        ) from None
    except msgspec.MsgspecError as error:
        raise errors.ConfigError(
            f'{_line(error)}; it has ca_file, cert and key', path=path
        ) from None
    ca_file, cert, key = _files(path, (read.ca_file, read.cert, read.key))
    return distributed.Security(
        tls_ca_file=ca_file,
        tls_client_cert=cert,
        tls_client_key=key,
        require_encryption=True,
    )


def _files(path: pathlib.Path, names: Iterable[str]) -> Iterable[str]:
    """Gives the files that a file names."""
    owned.check(path)
    for name in names:
        file = path.parent / pathlib.Path(name).expanduser()
        if not file.is_file():
            raise errors.ConfigError(f'{name} is no file', path=path)
        owned.check(file)
        yield str(file)
