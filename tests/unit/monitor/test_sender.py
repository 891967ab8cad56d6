"""Messages go to real services through a process of their own."""

import socket

import pytest

from sting.model import records
from sting.monitor import notices
from sting.monitor import sender
from sting.settings import alerts

pytestmark = pytest.mark.unit

S = records.Severity


def message(title='sting demo: critical', body='lost\nrisk', severity=S.INFO):
    return notices.Message(title=title, body=body, severity=severity)


def address(url, *secrets):
    return alerts.Address(url, secrets)


async def test_a_webhook_gets_the_words(webhook):
    found = await sender.send(
        address(webhook.url),
        [message(severity=S.CRITICAL), message('two', 'b')],
        20.0,
    )
    assert found == (2, '')
    first, second = webhook.got
    assert first['title'] == 'sting demo: critical'
    assert first['message'] == 'lost\nrisk'
    assert first['type'] == 'failure'
    assert second['title'] == 'two'


async def test_a_mail_is_sent(mailbox):
    found = await sender.send(address(mailbox.url), [message()], 20.0)
    assert found == (1, '')
    (mail,) = mailbox.got
    assert 'Subject: sting demo: critical' in mail
    assert 'me@example.com' in mail
    assert 'lost' in mail


async def test_what_is_refused_is_told_without_secrets(webhook):
    webhook.status = 403
    url = f'json://me:hunter2hunter2@127.0.0.1:{webhook.port}/'
    taken, fault = await sender.send(
        address(url, 'hunter2hunter2', '403'), [message()], 20.0
    )
    assert taken == 0
    assert '***' in fault
    assert '403' not in fault


async def test_nobody_answers():
    with socket.socket() as one:
        one.bind(('127.0.0.1', 0))
        port = one.getsockname()[1]
    taken, fault = await sender.send(
        address(f'json://127.0.0.1:{port}/'), [message()], 20.0
    )
    assert taken == 0
    assert 'onnection' in fault


async def test_what_hangs_is_killed_at_the_deadline(webhook):
    webhook.hang.clear()
    found = await sender.send(address(webhook.url), [message()], 1.5)
    assert found == (0, 'no answer in 1.5 s')


async def test_an_address_that_is_none_is_not_quoted():
    taken, fault = await sender.send(
        address('nonsense://hunter2hunter2', 'hunter2hunter2'),
        [message()],
        20.0,
    )
    assert taken == 0
    assert fault
    assert 'hunter2' not in fault


async def test_without_the_library_it_says_what_to_install(
    tmp_path, monkeypatch
):
    (tmp_path / 'apprise.py').write_text('raise ImportError("none")\n')
    monkeypatch.setenv('PYTHONPATH', str(tmp_path))
    _, fault = await sender.send(address('json://h'), [message()], 20.0)
    assert "pip install 'sting[alerts]'" in fault


async def test_a_process_that_fails_says_why(tmp_path, monkeypatch):
    (tmp_path / 'apprise.py').write_text('raise RuntimeError("broken")\n')
    monkeypatch.setenv('PYTHONPATH', str(tmp_path))
    _, fault = await sender.send(address('json://h'), [message()], 20.0)
    assert fault == 'its process failed: RuntimeError: broken'


async def test_a_program_that_is_not_there(monkeypatch):
    monkeypatch.setattr(sender.sys, 'executable', '/nowhere/python')
    _, fault = await sender.send(address('json://h'), [message()], 20.0)
    assert 'no process can be started' in fault


async def test_secrets_of_others_stay_here(webhook, tmp_path, monkeypatch):
    monkeypatch.setenv('STING_ALPACA_SECRET', 'x')
    monkeypatch.setenv('HTTPS_PROXY', 'p')
    found = sender._environment(dict(sender.os.environ))
    assert 'STING_ALPACA_SECRET' not in found
    assert found['HTTPS_PROXY'] == 'p'
