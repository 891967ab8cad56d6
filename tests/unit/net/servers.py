"""A service on loopback that answers as it is told."""

import asyncio
import contextlib
import threading

from aiohttp import test_utils
from aiohttp import web


class Service:
    """Answers each request with the next of its answers, the last for ever.

    Attributes:
        answers: Functions that take a request and give a response.
        requests: Path, query and headers of all that came.
    """

    def __init__(self, *answers):
        self.answers = list(answers)
        self.requests = []

    async def handle(self, request):
        self.requests.append(
            (request.path, dict(request.query), dict(request.headers))
        )
        answer = self.answers[0]
        if len(self.answers) > 1:
            self.answers.pop(0)
        return await answer(request)


def gives(body, status=200, **headers):
    """An answer: text and bytes as they are, anything else as JSON."""

    async def answer(request):
        if isinstance(body, str):
            return web.Response(text=body, status=status, headers=headers)
        if isinstance(body, bytes):
            return web.Response(body=body, status=status, headers=headers)
        return web.json_response(body, status=status, headers=headers)

    return answer


async def cut(request):
    """An answer that ends before it is whole."""
    response = web.StreamResponse(headers={'Content-Length': '100'})
    await response.prepare(request)
    await response.write(b'{"a": ')
    request.transport.close()
    return response


async def dropped(request):
    """No answer: the connection is closed."""
    request.transport.close()
    return web.Response()


@contextlib.asynccontextmanager
async def serving(service):
    """Runs the service; gives its address."""
    app = web.Application()
    app.router.add_route('*', '/{path:.*}', service.handle)
    server = test_utils.TestServer(app)
    await server.start_server()
    try:
        yield str(server.make_url('/')).rstrip('/')
    finally:
        await server.close()


@contextlib.contextmanager
def threaded(service):
    """Runs the service in a thread of its own; gives its address."""
    loop = asyncio.new_event_loop()
    ready = threading.Event()
    ends = asyncio.Event()
    found = []

    async def run():
        async with serving(service) as url:
            found.append(url)
            ready.set()
            await ends.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),))
    thread.start()
    try:
        assert ready.wait(30)
        yield found[0]
    finally:
        loop.call_soon_threadsafe(ends.set)
        thread.join(30)
        loop.close()
