"""`sting alerts`, and the keys of its channels."""

import json

import pytest

from tests.unit.monitor import servers

pytestmark = pytest.mark.unit


@pytest.fixture
def webhook():
    made = servers.Webhook()
    yield made
    made.close()


@pytest.fixture
def configure(home):
    home.config.mkdir()

    def call(text):
        (home.config / 'alerts.yaml').write_text(text)

    return call


def test_a_test_reaches_each_channel(sting, configure, webhook, monkeypatch):
    monkeypatch.setenv('STING_ALERTS_PHONE_URL', webhook.url)
    configure(f'channels: {{phone: {{}}, hook: {{url: "{webhook.url}"}}}}\n')
    found = sting('alerts', 'test')
    assert found.code == 0
    assert found.out == 'phone: taken\nhook: taken\n'
    assert webhook.titles == ['sting test: info'] * 2
    assert 'This is a test' in webhook.words


def test_one_that_does_not_take_it_fails(sting, configure, webhook):
    webhook.status = 500
    configure(f'channels: {{a: {{url: "{webhook.url}"}}, b: {{}}}}\n')
    found = sting('alerts', 'test')
    assert found.code == 1
    assert found.err.startswith('sting: not taken by a: ')
    assert '; b: alerts needs a key: set STING_ALERTS_B_URL' in found.err
    assert 'STING_ALERTS_B_URL' in found.out
    found = sting('alerts', 'test', 'a', '--json')
    (told,) = json.loads(found.out)
    assert told['channel'] == 'a'
    assert not told['ok']
    assert told['fault']


def test_a_script_can_tell_something(sting, configure, webhook):
    configure(f'channels: {{a: {{url: "{webhook.url}"}}, b: {{}}}}\n')
    words = 'the engine of demo has failed'
    found = sting('alerts', 'send', words, '--channel', 'a')
    assert found.code == 0
    assert webhook.got[0]['type'] == 'failure'
    assert words in webhook.words
    found = sting('alerts', 'send', words, '--severity', 'info')
    assert found.code == 1
    assert 'not taken by b: ' in found.err
    assert len(webhook.got) == 2


@pytest.mark.parametrize(
    ('text', 'words', 'message'),
    [
        ('', [], 'no channel is configured'),
        ('channels: {a: {}}', ['b'], "unknown channel 'b'; there are: a"),
        ('channels: {a: {}}', ['--profile', 'x'], "unknown profile 'x'"),
        (
            'channels: {a: {profiles: [paper]}}',
            ['--profile', 'demo'],
            'no channel is configured',
        ),
    ],
)
def test_what_is_not_there_is_bad_input(sting, configure, text, words, message):
    configure(text)
    found = sting('alerts', 'test', *words)
    assert found.code == 2
    assert message in found.err


def test_the_list_shows_no_secrets(sting, configure, monkeypatch):
    monkeypatch.setenv('STING_ALERTS_PHONE_URL', 'tgram://123456:hunter2/789')
    configure(
        'channels:\n  phone: {}\n'
        '  mail: {url: "mailtos://me:${MY_MAIL}@h", profiles: [demo]}\n'
        '  lost: {}\n'
    )
    found = sting('alerts', 'list')
    assert found.out.splitlines()[1].split() == [
        'phone', 'tgram', 'all', 'STING_ALERTS_PHONE_URL', '(environment)', '0',
    ]  # fmt: skip
    assert 'mail     mailtos  demo      MY_MAIL (nowhere)' in found.out
    assert 'hunter2' not in found.out
    rows = json.loads(sting('alerts', 'list', '--json').out)
    assert [row['kind'] for row in rows] == ['tgram', 'mailtos', '']


def test_keys_lists_those_of_channels(sting, configure, monkeypatch):
    monkeypatch.setenv('MY_MAIL', 'x')
    configure('channels: {mail: {url: "mailtos://me:${MY_MAIL}@h"}}\n')
    found = json.loads(sting('keys', 'list', '--json').out)
    assert found[-1] == {
        'service': 'alerts', 'key': 'MY_MAIL', 'where': 'environment',
    }  # fmt: skip


def test_keys_of_no_channels_cannot_be_set(sting, configure):
    configure('')
    found = sting('keys', 'set', 'alerts')
    assert found.code == 2
    assert 'no channel of alerts.yaml needs a key' in found.err


def test_the_doctor_looks_at_channels(sting, configure, monkeypatch):
    monkeypatch.setenv('STING_ALERTS_PHONE_URL', 'json://h')
    configure('channels: {phone: {}, lost: {}}\n')
    checks = json.loads(sting('doctor', '--json').out)['checks']
    told = [each for each in checks if each['name'] == 'alerts']
    assert [each['status'] for each in told] == ['ok', 'warn']
    assert 'STING_ALERTS_LOST_URL' in told[1]['detail']
