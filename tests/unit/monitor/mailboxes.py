"""A mail server on this machine."""

from aiosmtpd import controller


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
