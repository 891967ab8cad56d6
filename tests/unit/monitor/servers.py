"""Services on this machine that alerts can be sent to."""

import contextlib
import http.server
import json
import threading


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
