"""alerts.yaml: channels, rules, quiet hours, and no secrets."""

import pytest

from sting import settings
from sting.model import errors
from sting.settings import alerts

pytestmark = pytest.mark.unit


@pytest.fixture
def load(tmp_path):
    home = settings.Home.find({'STING_HOME': str(tmp_path)})
    home.config.mkdir()

    def call(text):
        (home.config / 'alerts.yaml').write_text(text)
        return settings.load(home).alerts

    return call


def test_none_ship(load):
    assert load('') == alerts.Alerts()


def test_channels_and_rules_are_read(load):
    found = load(
        'channels:\n  phone: {}\n'
        '  hook: {url: "json://127.0.0.1:80/a", profiles: [demo]}\n'
        'rules:\n  urgent: {severity: critical, channels: [phone]}\n'
        'quiet: {from: 22:00, until: "07:00", zone: Europe/Berlin}\n'
    )
    assert list(found.of('demo')) == ['phone', 'hook']
    assert list(found.of('paper')) == ['phone']
    assert found.rules['urgent'].severity == 'critical'
    assert found.quiet.span == (22 * 60, 7 * 60)
    assert found.quiet.clock.key == 'Europe/Berlin'


@pytest.mark.parametrize(
    ('minute', 'quiet'),
    [(22 * 60, True), (3 * 60, True), (7 * 60, False), (12 * 60, False)],
)
def test_hours_may_go_past_midnight(minute, quiet):
    hours = alerts.Quiet(begin='22:00', until='07:00')
    assert hours.covers(minute) is quiet


def test_hours_of_a_day():
    hours = alerts.Quiet(begin='9:30', until='16:00')
    assert hours.covers(9 * 60 + 30)
    assert not hours.covers(16 * 60)


SECRET = 'hunter2hunter2'


@pytest.mark.parametrize(
    'url',
    [
        f'mailtos://me:{SECRET}@example.com',
        f'tgram://{SECRET}/123',
        f'json://example.com/?token={SECRET}',
        f'json://example.com/?+Authorization={SECRET}',
        f'slack://{SECRET}/b/c',
    ],
)
def test_a_secret_in_the_file_is_refused_and_not_quoted(load, url):
    with pytest.raises(errors.ConfigError, match='do not belong') as caught:
        load(f'channels:\n  one:\n    url: "{url}"\n')
    assert caught.value.line == 2
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('channels: {a: {ulr: x}}', "did you mean 'url'"),
        ('channels: {a: {url: example.com}}', 'as apprise does'),
        ('channels: {a: {url: "json://${pass word}@h"}}', 'name of a key'),
        ('channels: {"a b": {}}', 'letters, digits'),
        ('channels: {a: {profiles: [dmeo]}}', "did you mean 'demo'"),
        ('channels: {a: {per_minute: 0}}', '>= 1'),
        ('rules: {r: {channels: [b]}}', "no channel 'b'"),
        ('rules: {r: {severity: loud}}', 'info, warning, critical'),
        ('quiet: {from: 25:00, until: "7:00"}', 'no time'),
        ('quiet: {from: "7:00", until: "7:00"}', 'the same'),
        ('quiet: {from: "7:00", until: "8:00", zone: Mars}', 'Europe/Berlin'),
    ],
)
def test_what_makes_no_sense_names_the_file(load, text, message):
    with pytest.raises(errors.ConfigError, match=message) as caught:
        load(text)
    assert caught.value.path.name == 'alerts.yaml'


def test_keys_are_put_into_the_address_and_quoted():
    channel = alerts.Channel(url='mailtos://me:${STING_MAIL}@example.com')
    assert channel.variables('mail') == ('STING_MAIL',)
    found = alerts.address('mail', channel, {'STING_MAIL': 'a/b@c'})
    assert found.url == 'mailtos://me:a%2Fb%40c@example.com'
    assert found.redact('no a/b@c, a%2Fb%40c') == 'no ***, ***'
    assert 'a/b' not in repr(found)


def test_a_whole_address_is_secret():
    environ = {'STING_ALERTS_MY_PHONE_URL': 'tgram://123456:abcdef/789'}
    found = alerts.address('my-phone', alerts.Channel(), environ)
    assert found.url == 'tgram://123456:abcdef/789'
    assert found.redact('bot 123456 with abcdef') == 'bot *** with ***'


def test_a_profile_may_have_an_address_of_its_own():
    environ = {
        'STING_ALERTS_PHONE_URL': 'json://all',
        'STING_ALERTS_PHONE_URL__DEMO': 'json://own',
    }
    found = alerts.address('phone', alerts.Channel(), environ, 'demo')
    assert found.url == 'json://own'


def test_a_missing_key_is_named():
    with pytest.raises(errors.ConfigError, match='STING_ALERTS_PHONE_URL'):
        alerts.address('phone', alerts.Channel(), {})
