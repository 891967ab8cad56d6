"""The event log from the command line."""

import json
import sqlite3

import pytest

from sting import session
from sting.cli import log
from tests.unit.engine import logs
from tests.unit.engine import worlds

pytestmark = pytest.mark.unit

COLUMNS = [
    'seq',
    'timestamp',
    'type',
    'source',
    'symbol',
    'cause',
    'data',
    'hash',
]


@pytest.fixture
def written(home):
    """A home with a log that an engine wrote and closed."""
    station = session.open('demo', home=home)
    station.start()
    station.close()
    return home


def _tamper(home, statement):
    with sqlite3.connect(home.log('demo')) as connection:
        connection.execute('DROP TRIGGER events_are_not_updated')
        connection.execute(statement)
    connection.close()


@pytest.mark.parametrize(
    'words', [('show',), ('verify',), ('why', '1'), ('verify', '--json')]
)
def test_without_a_log_it_exits_with_1(sting, home, words):
    outcome = sting('log', *words)
    assert outcome.code == 1
    assert 'there is no event log' in outcome.err
    assert outcome.out == ''


def test_whole_log_verifies(sting, written):
    outcome = sting('log', 'verify')
    assert outcome.code == 0
    assert 'is whole' in outcome.out
    found = json.loads(sting('log', 'verify', '--json').out)
    assert found['ok'] is True
    assert found['first_bad'] is None
    assert found['events'] > 0
    assert len(found['head']) == 64


def test_changed_log_exits_with_1_and_names_the_event(sting, written):
    _tamper(written, "UPDATE events SET source = 'x' WHERE seq = 2")
    outcome = sting('log', 'verify', '--json')
    assert outcome.code == 1
    found = json.loads(outcome.out)
    assert (found['ok'], found['first_bad']) == (False, 2)
    assert 'event 2' in outcome.err
    assert sting('log', 'verify').code == 1


def test_show_as_json_has_the_columns_of_the_table(sting, written):
    rows = [
        json.loads(line)
        for line in sting('log', 'show', '--json').out.splitlines()
    ]
    assert [row['seq'] for row in rows] == list(range(1, len(rows) + 1))
    assert all(list(row) == COLUMNS for row in rows)
    assert rows[0]['type'] == 'log_created'
    assert rows[0]['data']['profile'] == 'demo'
    head = json.loads(sting('log', 'verify', '--json').out)['head']
    assert rows[-1]['hash'] == head


def test_show_for_a_person_is_a_line_an_event(sting, written):
    lines = sting('log', 'show').out.splitlines()
    count = json.loads(sting('log', 'verify', '--json').out)['events']
    assert len(lines) == count
    assert 'log_created' in lines[0]


def test_show_can_be_narrowed(sting, written):
    def seqs(*words):
        out = sting('log', 'show', '--json', *words).out
        return [json.loads(line)['seq'] for line in out.splitlines()]

    assert seqs('--after', 1, '--limit', 2) == [2, 3]
    assert seqs('--type', 'log_created') == [1]
    assert seqs('--after', 1, '--to', 4) == [2, 3, 4]
    assert seqs('--to', 2) == [1, 2]
    assert seqs('--symbol', 'NONE') == []


@pytest.mark.parametrize('window', [1, 1000])
def test_a_limit_alone_shows_the_newest_oldest_first(
    sting, home, monkeypatch, window
):
    monkeypatch.setattr(log, '_WINDOW', window)
    path = home.state('demo') / 'events.db'
    world = worlds.World()
    for number in range(20):
        world.bar('IBM' if number == 3 else 'AAPL')
    logs.write_quickly(path, world.events)

    def seqs(*words):
        out = sting('log', 'show', '--json', '--limit', *words).out
        return [json.loads(line)['seq'] for line in out.splitlines()]

    last = world.state.seq
    assert seqs(3) == [last - 2, last - 1, last]
    assert seqs(2, '--to', 7) == [6, 7]
    assert seqs(5, '--symbol', 'IBM') == [last - 16]
    assert seqs(100) == list(range(1, last + 1))


def test_show_of_a_type_from_the_future_says_what_to_do(sting, written):
    _tamper(written, "UPDATE events SET type = 'new' WHERE seq = 1")
    outcome = sting('log', 'show')
    assert outcome.code == 1
    assert '--json shows it' in outcome.err
    assert sting('log', 'show', '--json').code == 0


def test_why_walks_back_to_the_first_cause(sting, engine):
    denied = json.loads(sting('order', 'buy', 'IBM', 99999, '--json').out)
    rows = [
        json.loads(line)
        for line in sting(
            'log', 'show', '--json', '--after', denied['seq'] - 1
        ).out.splitlines()
    ]
    verdict = next(row for row in rows if row['type'] == 'risk_verdict')
    chain = json.loads(sting('log', 'why', verdict['seq'], '--json').out)
    assert [row['type'] for row in chain] == [
        'risk_verdict',
        'order_request',
        'command',
    ]
    assert 'order_request' in sting('log', 'why', verdict['seq']).out


def test_why_of_an_event_that_is_not_there_exits_with_1(sting, written):
    assert sting('log', 'why', 999999).code == 1
    assert sting('log', 'why', 0).code == 2
