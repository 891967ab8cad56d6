"""Keys come from the environment, else from the keyring, and never leak."""

import pytest

from sting.model import errors
from sting.settings import keys
from tests.unit.settings import rings

pytestmark = pytest.mark.unit

BOTH = {'STING_ALPACA_KEY': 'k', 'STING_ALPACA_SECRET': ' s\n'}


@pytest.fixture
def ring(monkeypatch):
    return rings.install(monkeypatch)


def test_the_environment_has_them(monkeypatch):
    rings.remove(monkeypatch)
    assert keys.find('alpaca', BOTH) == ('k', 's')


def test_else_the_keyring_has(ring):
    keys.put('STING_ALPACA_KEY', 'kept')
    keys.put('STING_ALPACA_SECRET', 'too')
    assert ring == {
        ('sting', 'STING_ALPACA_KEY'): 'kept',
        ('sting', 'STING_ALPACA_SECRET'): 'too',
    }
    assert keys.find('alpaca', {}) == ('kept', 'too')
    assert keys.find('alpaca', BOTH) == ('k', 's')


def test_a_profile_may_have_its_own(ring):
    keys.put('STING_ALPACA_KEY__ALPACA_LIVE', 'live')
    own = BOTH | {'STING_ALPACA_SECRET__ALPACA_LIVE': 'secret'}
    assert keys.find('alpaca', {**own}, 'alpaca-live')[1] == 'secret'
    assert keys.find('alpaca', BOTH, 'other') == ('k', 's')
    assert keys.of_profile('STING_X_KEY', '') == 'STING_X_KEY'


@pytest.mark.parametrize('there', [True, False])
def test_what_is_nowhere_is_named_with_both_ways_to_give_it(monkeypatch, there):
    rings.install(monkeypatch) if there else rings.remove(monkeypatch)
    with pytest.raises(
        errors.ConfigError, match=r'set STING_ALPACA_SECRET.*sting keys set alp'
    ):
        keys.find('alpaca', {'STING_ALPACA_KEY': 'k'})


def test_some_need_none():
    assert keys.find('ibkr', {}) == keys.find('paper', {}) == ()


def test_a_broker_of_another_package_has_a_key_and_a_secret():
    assert keys.variables('my-id') == (
        'STING_MY_ID_KEY',
        'STING_MY_ID_SECRET',
    )


def test_it_is_said_where_a_key_is_and_not_what_it_is(ring):
    keys.put('STING_ALPACA_SECRET', 'canary')
    found = keys.places('alpaca', {'STING_ALPACA_KEY': 'canary'})
    assert [each.where for each in found] == ['environment', 'keyring']
    assert 'canary' not in repr(found)
    assert keys.places('alphavantage', {})[0].where == 'nowhere'


def test_a_key_is_forgotten_once(ring):
    keys.put('STING_ALPACA_KEY', 'k')
    assert keys.forget('STING_ALPACA_KEY')
    assert not keys.forget('STING_ALPACA_KEY')
    assert ring == {}


def test_without_the_library_it_says_what_to_install(monkeypatch):
    rings.remove(monkeypatch)
    for ask in (lambda: keys.put('X', 'canary'), lambda: keys.forget('X')):
        with pytest.raises(errors.ConfigError, match=r'sting\[keyring\]'):
            ask()


def test_a_system_without_a_keyring_has_no_keys_and_takes_none(monkeypatch):
    rings.install(monkeypatch, fault=rings.NoKeyringError('none'))
    assert keys.places('alphavantage', {})[0].where == 'nowhere'
    with pytest.raises(errors.ConfigError, match='this system has no keyring'):
        keys.put('X', 'canary')


def test_a_locked_keyring_is_told_without_its_words(monkeypatch):
    rings.install(monkeypatch, fault=rings.KeyringError('canary refused'))
    for ask in (
        lambda: keys.put('X', 'canary'),
        lambda: keys.forget('X'),
        lambda: keys.find('alpaca', {}),
    ):
        with pytest.raises(errors.ConfigError, match='unlock it') as caught:
            ask()
        assert 'canary' not in str(caught.value)


def test_one_that_keeps_a_key_says_so(monkeypatch, ring):
    keys.put('X', 'k')

    def refuse(service, name):
        raise rings.KeyringError('no')

    import keyring

    monkeypatch.setattr(keyring, 'delete_password', refuse)
    with pytest.raises(errors.ConfigError, match='does not work'):
        keys.forget('X')


@pytest.mark.parametrize(
    'key', ['can\nary', 'can ary', 'canar\u00ff', 'c\x00y']
)
def test_what_no_header_takes_is_refused_and_not_quoted(key):
    with pytest.raises(errors.ConfigError, match='STING_ALPACA_KEY has') as e:
        keys.find('alpaca', BOTH | {'STING_ALPACA_KEY': key})
    assert key not in str(e.value)


def test_keys_that_were_found_are_known_to_be_hidden():
    keys.get('alpaca', 'STING_ALPACA_KEY', {'STING_ALPACA_KEY': 'found-here'})
    assert 'found-here' in keys.given()
