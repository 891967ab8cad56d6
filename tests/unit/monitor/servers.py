"""Services on this machine that alerts can be sent to."""

import contextlib
import http.server
import json
import threading

from aiosmtpd import controller


class Webhook:
    """A web server that notes what is posted.

    Attributes:
        got: The JSON objects that it took.
        status: What it answers; 200 takes it.
        hang: While it is clear, no answer is given.
        arrived: Set by each request.
    """

    def __init__(self, port=0):
        self.got = []
        self.status = 200
        self.hang = threading.Event()
        self.hang.set()
        self.arrived = threading.Event()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                length = int(self.headers['Content-Length'])
                told = json.loads(self.rfile.read(length))
                outer.arrived.set()
                outer.hang.wait(30)
                if outer.status == 200:
                    outer.got.append(told)
                with contextlib.suppress(OSError):
                    self.send_response(outer.status)
                    self.send_header('Content-Length', '0')
                    self.end_headers()

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(
            ('127.0.0.1', port), Handler
        )
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    @property
    def url(self):
        return f'json://127.0.0.1:{self.port}/alerts'

    @property
    def titles(self):
        return [each['title'] for each in self.got]

    @property
    def words(self):
        return '\n'.join(each['message'] for each in self.got)

    def close(self):
        self.hang.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _AnyPort(controller.Controller):
    """Asks itself at the port that it was given by the system."""

    def _trigger_server(self):
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


class Mailbox:
    """A mail server that keeps what it gets."""

    def __init__(self):
        self.got = []
        self._controller = _AnyPort(self, hostname='127.0.0.1', port=0)
        self._controller.start()
        self.port = self._controller.port

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802
        self.got.append(envelope.content.decode())
        return '250 OK'

    @property
    def url(self):
        return (
            f'mailto://127.0.0.1:{self.port}?from=sting@example.com'
            '&to=me@example.com'
        )

    def close(self):
        self._controller.stop()
