"""An SSH server that gives its one user a terminal, as sshd does.

A program, since a fork wants no threads beside it: `python -m
tests.integration.ssh_server KEYS` prints its port. KEYS has the server's key
as `host` and the user's public one as `user.pub`.
"""

import asyncio
import contextlib
import os
import pathlib
import shlex
import sys

import asyncssh
import ptyprocess


async def attend(process):
    """Runs the command of a session in a terminal of its own."""
    columns, lines, *_ = process.term_size
    child = ptyprocess.PtyProcess.spawn(
        shlex.split(process.command),
        env=os.environ
        | {
            'TERM': process.term_type,
            'SSH_CONNECTION': '127.0.0.1 1 127.0.0.1 2',
        },
        dimensions=(lines, columns),
    )
    loop = asyncio.get_running_loop()
    gone = loop.create_future()

    def hand_on():
        try:
            data = os.read(child.fd, 65_536)
        except OSError:
            data = b''
        if data:
            process.stdout.write(data)
        else:
            loop.remove_reader(child.fd)
            gone.set_result(None)

    loop.add_reader(child.fd, hand_on)
    typing = asyncio.create_task(type_in(process.stdin, child.fd))
    await asyncio.wait({gone, typing}, return_when=asyncio.FIRST_COMPLETED)
    typing.cancel()
    if gone.done():
        with contextlib.suppress(OSError):
            process.exit(await asyncio.to_thread(child.wait))
    else:
        # The line was cut: sshd closes the terminal, and waits for nobody.
        loop.remove_reader(child.fd)
        child.fileobj.close()
        # Or it would end the process as well when it is forgotten.
        child.fd, child.closed = -1, True


async def type_in(stdin, terminal):
    """Types what comes, until the line is cut."""
    with contextlib.suppress(asyncssh.Error, ConnectionError, OSError):
        while data := await stdin.read(4096):
            os.write(terminal, data)


async def main(keys):
    """Serves until the process is ended."""
    server = await asyncssh.listen(
        '127.0.0.1',
        0,
        server_host_keys=[str(keys / 'host')],
        authorized_client_keys=str(keys / 'user.pub'),
        process_factory=attend,
        line_editor=False,
        encoding=None,
    )
    sys.stdout.write(f'{server.get_port()}\n')
    sys.stdout.flush()
    await server.wait_closed()


if __name__ == '__main__':
    asyncio.run(main(pathlib.Path(sys.argv[1])))
