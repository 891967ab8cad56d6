"""A WebSocket service on loopback that does with each connection as told."""

import asyncio
import contextlib

from websockets.asyncio import server


class Service:
    """Gives each connection the next of its lives, the last for ever.

    Attributes:
        lives: Coroutine functions that take a connection and this service.
        paths: The path of each connection that was made.
        received: All messages that came, in their order.
    """

    def __init__(self, *lives):
        self.lives = list(lives)
        self.paths = []
        self.headers = []
        self.received = []

    async def handle(self, connection):
        self.paths.append(connection.request.path)
        self.headers.append(connection.request.headers)
        life = self.lives[0]
        if len(self.lives) > 1:
            self.lives.pop(0)
        await life(connection, self)


def says(*messages, stays=True):
    """A life: says so much, then waits for the end or drops the connection."""

    async def life(connection, service):
        for message in messages:
            await connection.send(message)
        if stays:
            await listens(connection, service)
        else:
            await drops(connection, service)

    return life


async def drops(connection, service):
    """A life without an end in order."""
    connection.transport.abort()


async def listens(connection, service):
    """A life that hears and says nothing."""
    async for message in connection:
        service.received.append(message)


def closes(code, reason):
    """A life that ends with these words."""

    async def life(connection, service):
        await connection.close(code, reason)

    return life


def answers(*refusals):
    """For `serving`: HTTP answers to the first tries; None connects."""
    rest = list(refusals)

    def process(connection, request):
        refusal = rest.pop(0) if rest else None
        if refusal is None:
            return None
        status, text, headers = refusal
        response = connection.respond(status, text)
        response.headers.update(headers)
        return response

    return process


@contextlib.asynccontextmanager
async def serving(*lives, process=None, **options):
    """Runs a service; gives its address and itself."""
    service = Service(*lives)
    async with server.serve(
        service.handle,
        '127.0.0.1',
        0,
        process_request=process,
        close_timeout=1,
        compression=None,
        **options,
    ) as running:
        port = running.sockets[0].getsockname()[1]
        yield f'ws://127.0.0.1:{port}', service


async def until(true, seconds=30):
    """Waits for a state.

    Raises:
        TimeoutError: It does not come.
    """
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.002)
