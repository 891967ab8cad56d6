"""Gives metrics out to Prometheus, to this machine alone.

It has a thread of its own, which reads what the engine's loop left for it and
never asks that loop for anything: an engine that hangs still tells that.
"""

from collections.abc import Callable
from collections.abc import Iterator
from http import server
import ipaddress
import itertools
import socket
import threading
from typing import Any
from typing import Final
from urllib import parse

from prometheus_client import core
from prometheus_client import exposition
from prometheus_client import registry

from sting.model import errors
from sting.model import health
from sting.monitor import metrics

PATH: Final = '/metrics'
# Who is slower is hung up on, so that nobody is in the way of others.
SLOW_S: Final = 5.0
_ENDS: Final = (
    *(str(float(f'{end / 1e3:g}')) for end in health.ENDS_MS),
    '+Inf',
)


class _Collector(registry.Collector):
    """Makes families of what is known now."""

    def __init__(self, facts: Callable[[], metrics.Facts]) -> None:
        self._facts = facts

    def collect(self) -> Iterator[core.Metric]:
        """Gives all metrics."""
        facts = self._facts()
        for each in metrics.TABLE:
            if each.kind is metrics.Kind.HISTOGRAM:
                yield _histogram(each, facts)
            else:
                yield _plain(each, facts)


def _plain(each: metrics.Metric, facts: metrics.Facts) -> core.Metric:
    kind = (
        core.CounterMetricFamily
        if each.kind is metrics.Kind.COUNTER
        else core.GaugeMetricFamily
    )
    family = kind(each.name, each.help, labels=each.labels)
    for labels, value in each.read(facts):
        if value is not None:
            family.add_metric(labels, value)
    return family


def _histogram(each: metrics.Metric, facts: metrics.Facts) -> core.Metric:
    family = core.HistogramMetricFamily(
        each.name, each.help, labels=each.labels
    )
    for labels, sums in each.histograms(facts):
        counts = itertools.accumulate(sums.counts)
        family.add_metric(
            labels, list(zip(_ENDS, counts, strict=True)), sums.total_s
        )
    return family


class _Server(server.HTTPServer):
    """Answers one after the other: what it gives is made in milliseconds."""

    def __init__(self, place: tuple[str, int], **how: Any) -> None:
        self.known = how['known']
        self.place = place
        self.address_family = (
            socket.AF_INET6 if ':' in place[0] else socket.AF_INET
        )
        super().__init__(place, _Handler)

    def server_bind(self) -> None:
        """Binds, and does not ask a name server what it is called."""
        socket_server_bind = super(server.HTTPServer, self).server_bind
        socket_server_bind()
        self.server_name, self.server_port = self.place

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says nothing: whoever asked has gone."""


class _Handler(server.BaseHTTPRequestHandler):
    """Answers a request."""

    timeout = SLOW_S
    server: _Server

    def do_GET(self) -> None:
        """Gives the metrics."""
        if not _is_here(self.headers.get('Host') or ''):
            # A page of the web that has a name of its own lead here.
            self.send_error(403, 'asked by another name than this machine')
        elif self.path.partition('?')[0] != PATH:
            self.send_error(404, f'there is only {PATH}')
        else:
            self._give()

    def _give(self) -> None:
        encode, kind = exposition.choose_encoder(
            self.headers.get('Accept') or ''
        )
        body = encode(self.server.known)
        self.send_response(200)
        self.send_header('Content-Type', kind)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def version_string(self) -> str:
        """Names what answers, and no versions."""
        return 'sting'

    def log_message(self, *_: Any) -> None:
        """Writes nothing: it would be on the screen of the terminal."""


class Exporter:
    """Gives metrics out while it is open."""

    def __init__(
        self, place: tuple[str, int], facts: Callable[[], metrics.Facts]
    ) -> None:
        """Opens it.

        Args:
            place: Address and port.
            facts: Gives what is known now, from any thread.

        Raises:
            errors.ConfigError: The port cannot be had.
        """
        known = registry.CollectorRegistry(auto_describe=False)
        known.register(_Collector(facts))
        try:
            self._server = _Server(place, known=known)
        except OSError as error:
            raise errors.ConfigError(
                f'monitor: exporter: {place[0]}:{place[1]} cannot be had: '
                f'{error.strerror}; another engine may give its figures out '
                'there'
            ) from None
        self._thread = threading.Thread(
            target=self._server.serve_forever, name='exporter', daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Closes it."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _is_here(asked: str) -> bool:
    """Whether a Host header names this machine as it names itself."""
    try:
        host = parse.urlsplit(f'//{asked}').hostname or ''
        return host == 'localhost' or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
