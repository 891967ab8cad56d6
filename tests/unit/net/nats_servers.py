"""A real NATS server on loopback, killed and started again at will."""

import asyncio
import contextlib
import pathlib
import shutil
import socket
import subprocess
import sys

SOON = 20.0


def free_port():
    with socket.socket() as asked:
        asked.bind(('127.0.0.1', 0))
        return asked.getsockname()[1]


class Server:
    """One server, at the same address each time it is started."""

    def __init__(self, folder, *lines, scheme='nats'):
        self.port = free_port()
        self.url = f'{scheme}://127.0.0.1:{self.port}'
        self._file = folder / f'nats-{self.port}.conf'
        self._file.write_text(
            '\n'.join(['host: "127.0.0.1"', f'port: {self.port}', *lines])
        )
        self._child = None

    async def start(self):
        beside = pathlib.Path(sys.executable).parent / 'nats-server'
        program = (
            str(beside) if beside.exists() else shutil.which('nats-server')
        )
        self._launch(program)
        async with asyncio.timeout(SOON):
            while True:
                with contextlib.suppress(OSError):
                    _, writer = await asyncio.open_connection(
                        '127.0.0.1', self.port
                    )
                    writer.close()
                    await writer.wait_closed()
                    return
                assert self._child.poll() is None, 'the server ended'
                await asyncio.sleep(0.02)

    def _launch(self, program):
        self._child = subprocess.Popen(
            [program, '-c', str(self._file)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def kill(self):
        if self._child is not None:
            self._child.kill()
            self._child.wait()
            self._child = None


@contextlib.asynccontextmanager
async def serving(folder, *lines, **options):
    server = Server(folder, *lines, **options)
    await server.start()
    try:
        yield server
    finally:
        server.kill()
