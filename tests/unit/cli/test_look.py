"""A look at a running engine."""

import json
import time

import pytest

from sting.cli import look
from sting.model import orders

pytestmark = pytest.mark.unit

COMMANDS = ('status', 'orders', 'positions')
NAMES = (
    'profile',
    'mode',
    'state',
    'reason',
    'pid',
    'uptime_s',
    'seq',
    'equity',
    'cash',
    'day_pnl',
    'open_orders',
    'positions',
    'strategies',
    'feeds',
    'brokers',
    'channels',
    'loop_lag_ms',
    'availability',
    'session',
    'health',
)


@pytest.mark.parametrize('name', COMMANDS)
def test_without_an_engine_it_exits_with_3(sting, home, name):
    outcome = sting(name)
    assert outcome.code == 3
    assert 'sting run' in outcome.err
    assert sting(name, '--json').out == ''


@pytest.mark.parametrize('name', COMMANDS)
def test_unknown_profile_exits_with_2(sting, home, name):
    outcome = sting(name, '--profile', 'nope')
    assert outcome.code == 2
    assert 'crypto, demo, ' in outcome.err


def test_known_profile_that_does_not_run_exits_with_3(sting, engine):
    assert sting('status', '--profile', 'paper').code == 3


def test_status_as_json_is_one_object_with_the_names(sting, engine):
    found = json.loads(sting('status', '--json').out)
    assert set(NAMES) <= set(found)
    assert (found['profile'], found['state']) == ('demo', 'TRADING')


def test_status_for_a_person_names_state_and_strategies(sting, engine):
    out = sting('status').out
    assert 'demo (DEMO, generated data)' in out
    assert 'TRADING' in out
    assert 'sma_demo' in out


def test_status_says_how_it_is_and_why(sting, engine):
    found = json.loads(sting('status', '--json', '--check').out)['health']
    assert set(found) == {'state', 'reasons'}
    assert f'health      {found["state"]}' in sting('status').out


def test_check_exits_with_1_while_it_is_failing(sting, engine):
    engine.station.emergency_stop('operator', 'a test of health')

    def failing():
        return sting('status', '--check').code == 1

    _wait_until(failing)
    found = json.loads(sting('status', '--json').out)['health']
    assert found['state'] == 'failing'
    assert 'a test of health' in found['reasons'][0]['reason']
    assert 'engine: trading is halted' in sting('status').out
    assert sting('status').code == 0
    # Not before the stop is an event.
    _wait_until(lambda: sting('resume', '--confirm', 'RESUME').code == 0)
    _wait_until(lambda: sting('status', '--check').code == 0)


def _wait_until(condition):
    for _ in range(400):
        if condition():
            return
        time.sleep(0.025)
    raise AssertionError('it did not happen in time')


def test_filled_order_is_in_orders_and_positions(sting, engine):
    sent = sting('order', 'buy', 'IBM', 3, '--json')
    order_id = json.loads(sent.out)['order_id']
    row = _wait_for_fill(sting, order_id)
    assert set(row) == set(orders.Order.__struct_fields__)
    assert (row['symbol'], row['filled']) == ('IBM', 3.0)
    held = json.loads(sting('positions', '--json').out)
    assert [p for p in held if p['symbol'] == 'IBM' and p['quantity'] >= 3]
    assert order_id in sting('orders').out
    assert 'IBM' in sting('positions').out
    assert 'IBM' in sting('status').out


def _wait_for_fill(sting, order_id):
    for _ in range(200):
        rows = json.loads(sting('orders', '--json').out)
        row = next((r for r in rows if r['id'] == order_id), None)
        if row is not None and row['status'] == 'filled':
            return row
        time.sleep(0.02)
    raise AssertionError(f'{order_id} was not filled')


def test_an_exit_that_waits_for_its_entry_is_held():
    assert look._stands({'status': 'accepted', 'held': 5.0}) == 'held'
    assert look._stands({'status': 'accepted', 'held': 0.0}) == 'accepted'
    assert look._stands({'status': 'cancelled', 'held': 5.0}) == 'cancelled'


def test_the_session_is_one_line():
    found = {
        'calendar': 'XNYS',
        'running': False,
        'begins': 1_000_000_000 * 10**9,
        'ends': 1_000_003_600 * 10**9,
    }
    assert look._session(found) == {
        'session': 'waits for XNYS: 2001-09-09 01:46 to 02:46 UTC'
    }
    assert look._session(None) == {}


def test_what_was_available_is_one_line():
    found = {
        'share': 0.9987,
        'days': [{'day': '2026-11-23', 'open_s': 400.0, 'up_s': 398.0}],
    }
    assert look._available(found) == {
        'available': '99.87% of the sessions of 30 days, 99.50% of 2026-11-23'
    }
    assert look._available({'share': None, 'days': []}) == {}
    assert look._available(None) == {}
