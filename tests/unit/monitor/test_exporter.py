"""Metrics over HTTP, as Prometheus asks for them."""

import contextlib
from http import client
import socket

from prometheus_client import parser
import pytest

from sting.model import errors
from sting.model import health
from sting.model import records
from sting.model import views
from sting.monitor import exporter
from sting.monitor import metrics

pytestmark = pytest.mark.unit

# Twice the fifth bucket, once what is longer than all.
COUNTS = (
    *(2 if end == health.ENDS_MS[4] else 0 for end in health.ENDS_MS),
    1,
)
FACTS = metrics.Facts(
    views.Snapshot(profile='demo', mode=records.Mode.DEMO, equity=123.5),
    {
        (health.LOG, ''): health.Sums(COUNTS, 0.5),
        ('answer', 'a "b"'): health.Sums(COUNTS, 0.25),
    },
    {'fill': 7},
)


def free_port(address='127.0.0.1'):
    kind = socket.AF_INET6 if ':' in address else socket.AF_INET
    with socket.socket(kind) as taken:
        taken.bind((address, 0))
        return taken.getsockname()[1]


@contextlib.contextmanager
def given_out(address='127.0.0.1', facts=lambda: FACTS):
    port = free_port(address)
    with contextlib.closing(exporter.Exporter((address, port), facts)):
        yield port


def get(port, path='/metrics', address='127.0.0.1', **headers):
    with contextlib.closing(
        client.HTTPConnection(address, port, timeout=10)
    ) as asked:
        asked.request('GET', path, headers=headers)
        answer = asked.getresponse()
        return answer, answer.read().decode()


def samples(text):
    return {
        (one.name, *one.labels.values()): one.value
        for family in parser.text_string_to_metric_families(text)
        for one in family.samples
    }


def test_every_metric_is_given_with_its_help():
    with given_out() as port:
        answer, text = get(port)
    assert answer.status == 200
    assert answer.headers['Content-Type'].startswith('text/plain')
    assert answer.headers['Access-Control-Allow-Origin'] is None
    for each in metrics.TABLE:
        name = each.name
        assert f'# HELP {name} {each.help}' in text
        assert f'# TYPE {name} {each.kind}' in text


def test_gauges_counters_and_histograms_have_their_values():
    with given_out() as port:
        found = samples(get(port)[1])
    assert found['sting_equity',] == 123.5
    assert found['sting_events_total', 'fill'] == 7
    name = 'sting_journal_commit_seconds'
    assert found[f'{name}_count',] == 3
    assert found[f'{name}_sum',] == 0.5
    assert found[f'{name}_bucket', '+Inf'] == 3
    assert found[f'{name}_bucket', '10.0'] == 2
    assert found['sting_strategy_answer_seconds_count', 'a "b"'] == 3


def test_open_metrics_are_spoken_too():
    with given_out() as port:
        answer, text = get(
            port, Accept='application/openmetrics-text; version=1.0.0'
        )
    assert 'openmetrics' in answer.headers['Content-Type']
    assert text.endswith('# EOF\n')


def test_each_time_it_is_what_is_known_then():
    facts = [FACTS]
    with given_out(facts=lambda: facts[0]) as port:
        before = samples(get(port)[1])
        picture = views.Snapshot(
            profile='demo', mode=records.Mode.DEMO, equity=1.0
        )
        facts[0] = metrics.Facts(picture, {}, {})
        after = samples(get(port)[1])
    assert (before['sting_equity',], after['sting_equity',]) == (123.5, 1.0)


def test_another_path_is_not_found():
    with given_out() as port:
        assert get(port, '/')[0].status == 404


@pytest.mark.parametrize('host', ['evil.example', 'evil.example:9464', ''])
def test_who_asks_by_another_name_gets_nothing(host):
    with given_out() as port:
        answer, text = get(port, Host=host)
    assert answer.status == 403
    assert 'sting_equity' not in text


@pytest.mark.parametrize('host', ['localhost', 'localhost:1', '[::1]:1'])
def test_names_of_this_machine_are_its_own(host):
    with given_out() as port:
        assert get(port, Host=host)[0].status == 200


def test_a_client_that_says_nothing_holds_nobody_up_for_long(monkeypatch):
    monkeypatch.setattr(exporter._Handler, 'timeout', 0.2)
    with (
        given_out() as port,
        socket.create_connection(('127.0.0.1', port)),
    ):
        assert get(port)[0].status == 200


def test_a_port_that_is_taken_is_an_error():
    taken = pytest.raises(errors.ConfigError, match='cannot be had')
    with given_out() as port, taken:
        exporter.Exporter(('127.0.0.1', port), lambda: FACTS)


def test_once_closed_nobody_listens():
    with given_out() as port:
        pass
    with pytest.raises(ConnectionRefusedError):
        get(port)
