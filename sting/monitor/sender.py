"""Sends messages to a channel by a process of its own, with a deadline."""

import asyncio
from collections.abc import Mapping
from collections.abc import Sequence
import contextlib
import os
import pathlib
import signal
import sys
from typing import NamedTuple

import msgspec

import sting
from sting.monitor import notices
from sting.monitor import sending
from sting.settings import alerts

# What its process may see of the environment: the desktop, proxies and
# certificates, but no secrets of others.
_PASSED = frozenset(
    {
        'DBUS_SESSION_BUS_ADDRESS', 'DISPLAY', 'HOME', 'LANG', 'PATH',
        'PYTHONPATH', 'REQUESTS_CA_BUNDLE', 'SSL_CERT_DIR', 'SSL_CERT_FILE',
        'TMPDIR', 'TZ', 'WAYLAND_DISPLAY', 'all_proxy', 'http_proxy',
        'https_proxy', 'no_proxy',
    }
)  # fmt: skip
_PASSED_PREFIXES = ('COVERAGE_PROCESS_', 'LC_', 'XDG_')
_HERE = str(pathlib.Path(sting.__file__).parents[1])


class Result(NamedTuple):
    """What came of some messages.

    Attributes:
        taken: How many were, from the first on.
        fault: Why the next one was not; empty when all were.
    """

    taken: int
    fault: str = ''


async def send(
    address: alerts.Address,
    messages: Sequence[notices.Message],
    timeout_s: float,
) -> Result:
    """Sends messages, one after the other.

    Args:
        address: Where to.
        messages: What.
        timeout_s: Seconds for all of it; then its process is killed.

    Returns:
        What was taken; a message in hand when the time was up may have been.
    """
    task = sending.Task(address.url, tuple(messages))
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            # The folder that the engine was started in hides no modules.
            '-P',
            '-m',
            'sting.monitor.sending',
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
            env=_environment(os.environ),
        )
    except OSError as error:
        return Result(0, f'no process can be started: {error.strerror}')
    heard: list[bytes] = []
    try:
        async with asyncio.timeout(timeout_s):
            said = await _talk(process, msgspec.json.encode(task), heard)
    except TimeoutError:
        return _result(heard, len(messages), f'no answer in {timeout_s:g} s')
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
    last = said.decode(errors='replace').strip().splitlines()
    why = last[-1] if last else f'exit status {process.returncode}'
    found = _result(heard, len(messages), f'its process failed: {why}')
    return found._replace(fault=address.redact(found.fault))


async def _talk(
    process: asyncio.subprocess.Process, task: bytes, heard: list[bytes]
) -> bytes:
    """Gives a process its task, and takes its answers as they come."""
    if process.stdin is None or process.stdout is None:
        return b''
    if process.stderr is None:
        return b''
    said = asyncio.create_task(process.stderr.read())
    try:
        with contextlib.suppress(ConnectionError):
            process.stdin.write(task)
            await process.stdin.drain()
            process.stdin.close()
        async for line in process.stdout:
            heard.append(line)
        return await said
    finally:
        said.cancel()


def _result(heard: Sequence[bytes], wanted: int, otherwise: str) -> Result:
    taken = 0
    for line in heard:
        try:
            fault = msgspec.json.decode(line, type=sending.Outcome).fault
        except msgspec.MsgspecError:
            # A library printed something.
            continue
        if fault:
            return Result(taken, fault)
        taken += 1
    return Result(taken, '' if taken >= wanted else otherwise)


def _environment(given: Mapping[str, str]) -> dict[str, str]:
    passed = {
        name: value
        for name, value in given.items()
        if name in _PASSED
        or name.lower() in _PASSED
        or name.startswith(_PASSED_PREFIXES)
    }
    paths = [_HERE, passed.get('PYTHONPATH', '')]
    passed['PYTHONPATH'] = os.pathsep.join(filter(None, paths))
    return passed
