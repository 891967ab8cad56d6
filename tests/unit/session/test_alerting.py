"""Alerts go out of an engine that really runs, to servers that do so too."""

import os
import signal
import subprocess
import sys

import pytest

from sting.model import commands
from sting.model import records
from sting.monitor import outbox
from sting.session import alerting
from sting.settings import alerts
from tests.unit.monitor import servers
from tests.unit.session import stations

pytestmark = pytest.mark.unit

T = stations.T


@pytest.fixture
def home(tmp_path):
    made = stations.home_in(tmp_path)
    made.config.mkdir()
    return made


@pytest.fixture
def webhook():
    made = servers.Webhook()
    yield made
    made.close()


def configure(home, text):
    (home.config / 'alerts.yaml').write_text(text)


def to(webhook, more=''):
    return f'channels:\n  hook: {{url: "{webhook.url}"}}\n{more}'


def halt(station, reason):
    station.emergency_stop('operator', reason)


def alerts_of(home):
    return [event.data for event in stations.log_of(home, T.RISK_ALERT)]


def channel(station):
    """How the channel is, as the newest picture has it; None for none."""
    return next(iter(station.snapshot().channels), None)


def test_a_halt_reaches_a_webhook(home, webhook):
    configure(home, to(webhook))
    with stations.running(home, interval_s=stations.NEVER) as station:
        halt(station, 'fire in the house')
        stations.until(lambda: 'fire in the house' in webhook.words)
        stations.until(lambda: channel(station).detail == '')
        assert channel(station).status == 'connected'
    assert webhook.titles[0].startswith('sting demo DEMO: ')


def test_nothing_runs_where_no_channel_is_configured(home):
    with stations.running(home, interval_s=stations.NEVER) as station:
        assert channel(station) is None
    assert not (home.state('demo') / outbox.FOLDER).exists()


def test_what_came_just_before_the_end_still_goes_out(home, webhook):
    configure(home, to(webhook))
    with stations.running(home, interval_s=stations.NEVER) as station:
        halt(station, 'the very last')
    assert 'the very last' in webhook.words


def test_a_dead_channel_is_an_alert_and_nothing_is_lost(home, webhook):
    configure(home, to(webhook))
    webhook.status = 503
    with stations.running(home, interval_s=stations.NEVER) as station:
        halt(station, 'while it was dead')
        (told,) = stations.until(
            lambda: [a for a in alerts_of(home) if a.source == 'alerts:hook']
        )
        assert told.severity is records.Severity.WARNING
        assert 'hook takes no alerts' in told.message
        dead = stations.until(
            lambda: channel(station).status == 'dead' and channel(station)
        )
        assert ' wait: ' in dead.detail
        assert 'alerts' in {
            each.area for each in station.snapshot().verdict.reasons
        }
    # The next engine tells it.
    webhook.status = 200
    with stations.running(home, interval_s=stations.NEVER):
        stations.until(lambda: 'while it was dead' in webhook.words)


def test_old_alerts_are_not_told_to_a_new_channel(home, webhook):
    with stations.running(home, interval_s=stations.NEVER) as station:
        halt(station, 'long ago')
        stations.until(lambda: any('long ago' in a.message
                                   for a in alerts_of(home)))  # fmt: skip
    configure(home, to(webhook))
    with stations.running(home, interval_s=stations.NEVER) as station:
        stations.ask(station, commands.Resume(confirm='RESUME'))
        halt(station, 'just now')
        stations.until(lambda: 'just now' in webhook.words)
    assert 'long ago' not in webhook.words


def test_a_channel_that_hangs_holds_nothing_up(home, webhook):
    configure(home, to(webhook))
    webhook.hang.clear()
    with stations.running(home) as station:
        halt(station, 'it hangs')
        stations.until(webhook.arrived.is_set)
        before = station.snapshot().seq
        stations.until(lambda: station.snapshot().seq > before + 20)
        webhook.hang.set()
        stations.until(lambda: 'it hangs' in webhook.words)


PROGRAM = """
import sys
from tests.unit.session import stations
home = stations.home_in(sys.argv[1])
with stations.running(home, interval_s=stations.NEVER) as station:
    station.emergency_stop('operator', 'before the crash')
    print('stopped', flush=True)
    station.wait()
"""


def test_a_kill_between_sending_and_noting_it_sends_it_again(home, webhook):
    configure(home, to(webhook))
    # It gets the message, and the engine never hears that it did.
    webhook.hang.clear()
    process = subprocess.Popen(
        [sys.executable, '-c', PROGRAM, str(home.config.parent)],
        stdout=subprocess.PIPE,
        env={**os.environ},
    )
    try:
        assert process.stdout.readline() == b'stopped\n'
        stations.until(webhook.arrived.is_set)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
    webhook.hang.set()
    stations.until(lambda: webhook.got)
    first = len(webhook.got)
    with stations.running(home, interval_s=stations.NEVER):
        stations.until(
            lambda: any(
                'before the crash' in each['message']
                for each in webhook.got[first:]
            )
        )


def test_each_log_has_an_outbox_of_its_own(home):
    one = alerting.place(home, 'demo', 'aa')
    assert one != alerting.place(home, 'demo', 'bb')


def test_the_clock_of_quiet_hours_is_the_exchanges():
    quiet = alerts.Quiet(begin='1:00', until='2:00')
    assert str(alerting._zone(quiet, 'XNYS')) == 'America/New_York'
    named = alerts.Quiet(begin='1:00', until='2:00', zone='Asia/Tokyo')
    assert str(alerting._zone(named, 'XNYS')) == 'Asia/Tokyo'


def test_an_outbox_that_is_broken_keeps_nobody_from_trading(home, webhook):
    configure(home, to(webhook))
    with stations.running(home, interval_s=stations.NEVER):
        pass
    (box,) = home.state('demo').glob(f'{outbox.FOLDER}/*/{outbox.FILE}')
    box.write_bytes(b'x' * 5000)
    with stations.running(home, interval_s=stations.NEVER) as station:
        (told,) = stations.until(
            lambda: [a for a in alerts_of(home) if a.source == 'alerts']
        )
        assert 'no alerts go out' in told.message
        assert channel(station) is None


def test_a_cursor_that_is_broken_is_made_anew(home, webhook):
    configure(home, to(webhook))
    with stations.running(home, interval_s=stations.NEVER) as station:
        halt(station, 'the first')
        stations.until(lambda: 'the first' in webhook.words)
    (cursor,) = home.state('demo').glob(f'{outbox.FOLDER}/*/alerts')
    cursor.write_text('')
    with stations.running(home, interval_s=stations.NEVER) as station:
        stations.ask(station, commands.Resume(confirm='RESUME'))
        halt(station, 'the second')
        stations.until(lambda: 'the second' in webhook.words)
    assert webhook.words.count('the first') <= 1
