"""The examples of connections, before services on loopback."""

import os
import pathlib
import subprocess
import sys

import pytest

from tests.integration import exchanges

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

EXAMPLES = pathlib.Path(__file__).parents[2] / 'docs' / 'examples' / 'connect'


@pytest.fixture
def services(tmp_path):
    with exchanges.Exchanges() as running:
        folder = tmp_path / 'config' / 'exchanges'
        folder.mkdir(parents=True)
        (folder / 'binance.yaml').write_text(
            f'base_url: {running.rest}\ndata_stream_url: {running.streams}\n'
        )
        (folder / 'yahoo.yaml').write_text(f'base_url: {running.rest}\n')
        yield running


def call(home, name, *arguments, **environment):
    return subprocess.run(
        [sys.executable, EXAMPLES / name, *arguments],
        env=os.environ | {'STING_HOME': str(home)} | environment,
        capture_output=True,
        text=True,
        timeout=100,
    )


@pytest.mark.usefixtures('services')
def test_a_feed_is_shown_with_its_past(tmp_path):
    done = call(tmp_path, 'feed.py', 'yahoo', 'BTC-USD')
    assert (done.returncode, done.stderr) == (0, '')
    assert done.stdout.count('closed ') == 5


@pytest.mark.usefixtures('services')
def test_a_stream_is_shown_until_its_time_is_over(tmp_path):
    done = call(tmp_path, 'feed.py', 'binance', 'BTCUSDT', '--seconds', '2')
    assert (done.returncode, done.stderr) == (0, '')
    assert 'connected: well' in done.stdout


def test_a_service_that_refuses_is_told_in_a_line(tmp_path, services):
    services.fails.add('yahoo')
    done = call(tmp_path, 'feed.py', 'yahoo', 'BTC-USD')
    assert done.returncode == 1
    assert done.stderr.count('\n') == 1
    assert 'yahoo' in done.stderr


@pytest.mark.parametrize(
    ('source', 'remedy'),
    [
        ('alpaca', 'set STING_ALPACA_KEY in the environment'),
        ('alphavantage', 'set STING_ALPHAVANTAGE_KEY in the environment'),
        ('nobody', 'there are: '),
    ],
)
def test_what_is_missing_is_named(tmp_path, source, remedy):
    done = call(tmp_path, 'feed.py', source, 'AAPL')
    assert done.returncode == 1
    assert remedy in done.stderr


def test_the_paper_broker_shows_its_account(tmp_path):
    done = call(tmp_path, 'broker.py', '--profile', 'paper', '--order')
    assert (done.returncode, done.stderr) == (0, '')
    assert 'play money' in done.stdout
    assert 'cancelled    accepted' in done.stdout


def test_an_unknown_profile_is_named(tmp_path):
    done = call(tmp_path, 'broker.py', '--profile', 'nobody')
    assert done.returncode == 1
    assert "unknown profile 'nobody'" in done.stderr
