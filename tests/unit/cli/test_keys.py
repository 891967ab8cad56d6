"""Keys go into the keyring, and are never shown."""

import io
import json
import sys

import pytest

from tests.unit.broker import plugins
from tests.unit.settings import rings

pytestmark = pytest.mark.unit


@pytest.fixture
def ring(monkeypatch):
    for name in ('KEY', 'SECRET'):
        monkeypatch.delenv(f'STING_ALPACA_{name}', raising=False)
    return rings.install(monkeypatch)


@pytest.fixture
def typed(monkeypatch):
    def type_in(*lines):
        text = ''.join(f'{line}\n' for line in lines)
        monkeypatch.setattr(sys, 'stdin', io.StringIO(text))

    return type_in


def test_keys_are_asked_for_and_kept(sting, home, ring, typed):
    typed('canary1', ' canary2 ')
    outcome = sting('keys', 'set', 'alpaca')
    assert outcome.code == 0
    assert 'canary' not in outcome.out + outcome.err
    assert list(ring.values()) == ['canary1', 'canary2']


def test_half_of_them_are_not_kept(sting, home, ring, typed):
    typed('canary1')
    outcome = sting('keys', 'set', 'alpaca')
    assert outcome.code == 2
    assert 'STING_ALPACA_SECRET is empty' in outcome.err
    assert ring == {}


def test_a_profile_may_have_its_own(sting, home, ring, typed):
    typed('a', 'b')
    assert sting('keys', 'set', 'alpaca', '--profile', 'paper').code == 0
    assert ('sting', 'STING_ALPACA_KEY__PAPER') in ring
    assert sting('keys', 'set', 'alpaca', '--profile', 'none').code == 2


def test_the_list_says_where_and_not_what(sting, home, ring, monkeypatch):
    monkeypatch.setenv('STING_ALPACA_KEY', 'canary')
    ring['sting', 'STING_ALPACA_SECRET'] = 'canary'
    outcome = sting('keys', 'list', '--json')
    found = {row['key']: row['where'] for row in json.loads(outcome.out)}
    assert found['STING_ALPACA_KEY'] == 'environment'
    assert found['STING_ALPACA_SECRET'] == 'keyring'
    shown = sting('keys', 'list').out
    assert 'STING_ALPACA_SECRET' in shown
    assert 'canary' not in shown + outcome.out


def test_brokers_of_other_packages_are_listed(
    sting, home, ring, tmp_path, monkeypatch
):
    plugins.install(tmp_path, monkeypatch)
    assert 'STING_MINE_SECRET' in sting('keys', 'list').out


def test_keys_are_forgotten(sting, home, ring):
    ring['sting', 'STING_ALPACA_SECRET'] = 'canary'
    assert 'forgotten: STING_ALPACA_SECRET' in (
        sting('keys', 'forget', 'alpaca').out
    )
    assert ring == {}
    assert 'had none' in sting('keys', 'forget', 'alpaca').out


@pytest.mark.parametrize(
    ('service', 'words'),
    [('nowhere', "unknown service 'nowhere'"), ('ibkr', 'needs no keys')],
)
def test_a_service_without_keys_is_refused(sting, home, ring, service, words):
    outcome = sting('keys', 'set', service)
    assert outcome.code == 2
    assert words in outcome.err


def test_without_a_keyring_it_says_what_to_do(sting, home, monkeypatch, typed):
    rings.remove(monkeypatch)
    typed('canary', 'canary')
    outcome = sting('keys', 'set', 'alpaca')
    assert outcome.code == 2
    assert 'sting[keyring]' in outcome.err
    assert 'canary' not in outcome.err
