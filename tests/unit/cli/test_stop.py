"""Halt, resume and flatten from the command line."""

import json
import sys
import time

import pytest

from sting import control
from sting import session
from sting.model import errors

pytestmark = pytest.mark.unit


def _wait_until(condition):
    for _ in range(300):
        if condition():
            return
        time.sleep(0.02)
    raise AssertionError('it never came to be')


def _wait_for(sting, state):
    _wait_until(
        lambda: json.loads(sting('status', '--json').out)['state'] == state
    )


def _resume(sting):
    _wait_until(lambda: sting('resume', '--confirm', 'RESUME').code == 0)
    _wait_for(sting, 'TRADING')


def _status(sting, order_id):
    rows = json.loads(sting('orders', '--json').out)
    found = [row['status'] for row in rows if row['id'] == order_id]
    return found[0] if found else None


def _held(sting, symbol):
    rows = json.loads(sting('positions', '--json').out)
    return sum(row['quantity'] for row in rows if row['symbol'] == symbol)


def test_halt_stops_and_the_typed_word_resumes(sting, engine):
    outcome = sting('halt', '--reason', 'a drill')
    assert outcome.code == 0
    assert 'demo: stopped' in outcome.out
    assert 'paper: 0 orders cancelled' in outcome.out
    assert 'nothing works any more' in outcome.out
    _wait_for(sting, 'HALTED')
    assert 'a drill' in sting('status').out
    assert sting('order', 'buy', 'IBM', 1).code == 1
    wrong = sting('resume', '--confirm', 'resume')
    assert wrong.code == 2
    assert 'nothing was done' in wrong.err
    _wait_for(sting, 'HALTED')
    assert sting('resume', '--confirm', 'RESUME').code == 0
    _wait_for(sting, 'TRADING')


def test_halt_as_json_names_the_profile(sting, engine):
    found = json.loads(sting('halt', '--json').out)
    assert (found['halted'], found['latched']) == (['demo'], [])
    report = found['reports']['demo']
    assert (report['who'], report['certain']) == ('operator', True)
    assert [one['broker'] for one in report['brokers']] == ['paper']
    sting('resume', '--confirm', 'RESUME')
    _wait_for(sting, 'TRADING')


def test_halt_names_what_was_cancelled_and_left_bare(sting, engine):
    sting('order', 'buy', 'IBM', 2)
    _wait_until(lambda: _held(sting, 'IBM'))
    sent = json.loads(
        sting(
            'order', 'buy', 'IBM', 1, '--type', 'limit', '--price', 1, '--json'
        ).out
    )['order_id']
    _wait_until(lambda: _status(sting, sent) == 'accepted')
    outcome = sting('halt')
    assert outcome.code == 0
    lines = outcome.out.splitlines()
    assert lines[1].startswith('  BARE IBM')
    assert any('1 order cancelled' in line for line in lines)
    _resume(sting)


def test_halt_need_not_wait(sting, engine):
    outcome = sting('halt', '--no-wait')
    assert outcome.code == 0
    assert outcome.out.splitlines() == [
        'demo: stopped; `sting resume` lets it trade again'
    ]
    _wait_for(sting, 'HALTED')
    _resume(sting)


def test_halt_exits_with_1_where_no_report_comes(sting, engine, monkeypatch):
    monkeypatch.setattr('sting.cli.stop.WAIT_S', 0.1)
    real = control.Client.request

    def silent(client, request, **fields):
        return None if request == 'stop' else real(client, request, **fields)

    monkeypatch.setattr(control.Client, 'request', silent)
    outcome = sting('halt')
    assert outcome.code == 1
    assert 'no report within 0.1 s' in outcome.out
    assert 'demo: not every order is known' in outcome.err
    monkeypatch.undo()
    monkeypatch.setenv('STING_HOME', str(engine.home.config.parent))
    _resume(sting)


def test_reduce_holds_until_the_resume(sting, engine):
    sting('order', 'buy', 'IBM', 2)
    _wait_until(lambda: _held(sting, 'IBM'))
    assert sting('reduce', '--reason', 'too wild').code == 0
    _wait_for(sting, 'REDUCING')
    assert 'too wild' in sting('status').out
    assert sting('order', 'buy', 'IBM', 1).code == 1
    assert sting('order', 'sell', 'IBM', 1).code == 0
    assert sting('reduce').code == 1
    assert sting('resume', '--confirm', 'RESUME').code == 0
    _wait_for(sting, 'TRADING')
    assert sting('order', 'buy', 'IBM', 1).code == 0


def test_halt_without_an_engine_halts_the_next_start(sting, home):
    outcome = sting('halt', '--reason', 'before the start')
    assert outcome.code == 0
    assert 'next start is HALTED' in outcome.out
    station = session.open('demo', home=home)
    station.start()
    picture = station.snapshot()
    station.close()
    assert picture.state == 'HALTED'
    assert 'before the start' in picture.reason


def test_halt_of_a_named_profile_latches_that_one(sting, home):
    found = json.loads(sting('halt', '--profile', 'paper', '--json').out)
    assert found == {'halted': [], 'latched': ['paper'], 'reports': {}}


def test_halt_of_an_unknown_profile_is_refused(sting, home):
    assert sting('halt', '--profile', 'nope').code == 2
    assert not home.states.exists()


def test_halt_falls_back_on_the_latch_when_nobody_answers(
    sting, engine, monkeypatch
):
    def fail(*_args, **_kwargs):
        raise errors.StingError('no answer')

    monkeypatch.setattr(control.Client, 'request', fail)
    outcome = sting('halt')
    assert outcome.code == 1
    assert 'its latch is set' in outcome.err
    monkeypatch.undo()
    monkeypatch.setenv('STING_HOME', str(engine.home.config.parent))
    sent = json.loads(sting('order', 'buy', 'IBM', 1, '--json').out)
    _wait_until(lambda: _status(sting, sent['order_id']) == 'denied')
    sting('halt')
    _wait_for(sting, 'HALTED')
    # Refused while the second stop is not yet an event.
    _wait_until(lambda: sting('resume', '--confirm', 'RESUME').code == 0)
    _wait_for(sting, 'TRADING')


def test_an_engine_that_does_not_answer_keeps_no_other_from_its_halt(
    sting, engine, monkeypatch
):
    real = control.Client.request
    hung = control.Client(engine.home.socket('demo'), 'paper')

    def request(client, request, **fields):
        if client.profile == 'paper':
            raise errors.StingError('no answer in time')
        return real(client, request, **fields)

    running = control.running(engine.home)
    monkeypatch.setattr(control, 'running', lambda home: [hung, *running])
    monkeypatch.setattr(control.Client, 'request', request)
    outcome = sting('halt')
    assert outcome.code == 1
    assert 'demo: stopped' in outcome.out
    assert 'paper: no answer in time; its latch is set' in outcome.err
    monkeypatch.undo()
    monkeypatch.setenv('STING_HOME', str(engine.home.config.parent))
    _wait_for(sting, 'HALTED')
    _resume(sting)


@pytest.mark.parametrize('name', ['resume', 'flatten'])
def test_without_an_engine_it_exits_with_3(sting, home, name):
    assert sting(name).code == 3


@pytest.mark.parametrize(
    ('name', 'word'), [('resume', 'RESUME'), ('flatten', 'FLATTEN')]
)
def test_word_is_needed_where_nobody_can_type(
    sting, engine, monkeypatch, name, word
):
    monkeypatch.setattr(sys.stdin, 'isatty', lambda: False, raising=False)
    outcome = sting(name)
    assert outcome.code == 2
    assert f'--confirm {word}' in outcome.err


def test_flatten_closes_positions(sting, engine):
    sting('order', 'buy', 'IBM', 2)
    _wait_until(lambda: _held(sting, 'IBM'))
    assert sting('flatten', '--symbol', 'IBM', '--confirm', 'no').code == 2
    assert _held(sting, 'IBM')
    assert sting('flatten', '--symbol', 'IBM', '--confirm', 'FLATTEN').code == 0
    _wait_until(lambda: not _held(sting, 'IBM'))
