"""`sting node`: what it refuses, and that it waits and ends."""

import os
import signal
import subprocess
import sys

import pytest

pytestmark = pytest.mark.unit

BUS = """\
profiles:
  demo:
    bus:
      url: nats://127.0.0.1:1
      nodes: {n1: [sma_demo]}
"""


def configure(home, text=BUS):
    home.config.mkdir(parents=True, exist_ok=True)
    (home.config / 'sting.yaml').write_text(text)


def test_a_profile_without_a_bus_has_no_nodes(sting, home):
    found = sting('node', 'n1')
    assert found.code == 2
    assert 'profile demo has no bus' in found.err
    assert 'has no bus' in sting('node', 'n1', '--bus', 'nats://x').err


def test_a_node_that_is_not_configured_is_refused(sting, home):
    configure(home)
    found = sting('node', 'n2')
    assert found.code == 2
    assert "has no node 'n2'; there are: n1" in found.err


def test_a_wrong_address_is_refused(sting, home):
    configure(home)
    found = sting('node', 'n1', '--bus', 'http://x')
    assert found.code == 2
    assert '--bus: url' in found.err


def test_it_waits_for_a_server_and_ends_when_it_is_told_to(home):
    configure(home)
    process = subprocess.Popen(
        [sys.executable, '-u', '-m', 'sting.cli.main', 'node', 'n1'],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ},
    )
    try:
        first = process.stdout.readline()
        assert first == 'node n1 of profile demo; ctrl+c ends it\n'
        assert process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        assert process.stderr.read() == ''
    finally:
        process.kill()
        process.communicate()


def test_observers_need_a_stream_and_a_plain_name(sting, home):
    configure(home)
    found = sting('observe')
    assert found.code == 2
    assert 'no bus with events_days' in found.err
    assert '--name: letters' in sting('observe', '--name', '../x').err


def test_an_observer_waits_for_a_server_and_ends(home):
    configure(home, BUS.replace('nodes:', 'events_days: 1\n      nodes:'))
    process = subprocess.Popen(
        [sys.executable, '-u', '-m', 'sting.cli.main', 'observe', 'IBM'],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ},
    )
    try:
        assert process.stderr.readline().startswith('sting: ')
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
        assert process.stdout.read() == ''
    finally:
        process.kill()
        process.communicate()
