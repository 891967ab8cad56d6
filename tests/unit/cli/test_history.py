"""The past of a log from the command line."""

import csv
import io
import json
import pathlib

import pytest

from sting.engine import chain
from sting.engine import journal
from sting.engine import reader
from sting.model import orders
from sting.model import records
from sting.risk import rules
from sting.session import room
from tests.unit.engine import logs
from tests.unit.engine import worlds

pytestmark = pytest.mark.unit

T = worlds.T


def traded():
    """A position, a working order, a denied order, a strategy."""
    world = worlds.World(rules.MaxPosition(50.0))
    world.bar()
    world.held(10.0)
    world.order(type=orders.OrderType.LIMIT, price=90.0, symbol='IBM')
    world.order(quantity=99.0)
    world.run('sma')
    world.bar('AAPL', 110.0)
    return world


@pytest.fixture
def world(home):
    world = traded()
    path = home.state('demo') / 'events.db'
    logs.write_quickly(path, world.events, (world.state.seq, b'image'))
    return world


@pytest.fixture
def log(home, world):
    return home.log('demo')


def verdict(world):
    return next(
        event.seq
        for event in reversed(world.events)
        if event.type is T.RISK_VERDICT
    )


class TestReplay:
    def test_the_end_as_json(self, sting, world):
        found = json.loads(sting('replay', 'demo', '--json').out)
        assert found['seq'] == world.state.seq
        assert found['equity'] == world.state.equity()
        assert found['cash'] == world.state.portfolio.cash
        assert found['state'] == 'TRADING'
        (position,) = found['positions']
        assert (position['symbol'], position['quantity']) == ('AAPL', 10.0)
        assert position['last'] == 110.0
        (order,) = found['orders']
        assert (order['symbol'], order['price']) == ('IBM', 90.0)
        (strategy,) = found['strategies']
        assert (strategy['name'], strategy['status']) == ('sma', 'running')

    def test_a_number(self, sting, log):
        found = json.loads(sting('replay', log, '--at', 1, '--json').out)
        assert (found['seq'], found['positions']) == (1, [])
        assert found['cash'] == worlds.CASH

    def test_a_moment(self, sting, world, log):
        last = json.loads(
            sting('replay', log, '--at', '2099-01-01', '--json').out
        )
        assert last['seq'] == world.state.seq
        time = last['time']
        again = sting('replay', log, '--at', time, '--json')
        assert json.loads(again.out) == last

    def test_as_tables(self, sting, world):
        out = sting('replay', 'demo').out
        assert f'{world.state.seq} at 2013-' in out
        assert 'positions\nSYMBOL' in out
        assert 'working orders\nID' in out
        assert 'strategies\nNAME' in out

    def test_nothing_to_list_is_not_listed(self, sting, log):
        assert 'positions' not in sting('replay', log, '--at', 1).out

    def test_a_halt_has_its_reason(self, sting, home):
        world = worlds.World()
        world.tell(
            T.TRADING_STATE,
            records.TradingStateChange(
                state=records.TradingState.HALTED, who='operator', reason='ow'
            ),
        )
        logs.write_quickly(home.state('demo') / 'events.db', world.events)
        assert 'HALTED (operator: ow)' in sting('replay', 'demo').out

    @pytest.mark.parametrize(
        ('words', 'code', 'message'),
        [
            (('demo', '--at', 999), 1, 'no event 999'),
            (('demo', '--at', '2000-01-01'), 1, 'begins later'),
            (('demo', '--at', 'noon'), 2, 'is no date'),
            (('demo', '--at', 0), 2, 'numbered from 1'),
            (('./none.db',), 1, 'no event log'),
            (('nobody',), 2, 'unknown profile'),
        ],
    )
    def test_what_is_not_there(self, sting, world, words, code, message):
        outcome = sting('replay', *words)
        assert (outcome.code, outcome.out) == (code, '')
        assert message in outcome.err


class TestWhy:
    def test_the_figures_of_the_verdict_have_names(self, sting, world):
        out = sting('log', 'why', verdict(world)).out
        assert 'no  max_position: 109, limit 50 units' in out
        assert 'ok  halted' in out

    def test_as_json(self, sting, world):
        found = json.loads(sting('log', 'why', verdict(world), '--json').out)
        assert [row['type'] for row in found] == [
            'risk_verdict', 'order_request', 'command',
        ]  # fmt: skip
        assert found[0]['rules'][1] == {
            'name': 'max_position',
            'figure': 109.0,
            'limit': 50.0,
            'unit': 'units',
            'failed': True,
        }
        assert found[1]['data']['quantity'] == 99.0
        assert found[1]['rules'] == []

    def test_a_signal_has_its_indicators_and_its_fate(self, sting, home):
        world = worlds.World()
        world.bar()
        world.signal(side=worlds.BUY, quantity=1.0)
        world.signal(
            'ab-2', kind=orders.SignalKind.CLOSE, symbol='IBM',
            indicators={'SMA(3)': 99.5},
        )  # fmt: skip
        logs.write_quickly(home.state('demo') / 'events.db', world.events)
        lines = sting('log', 'why', world.state.seq - 1).out.splitlines()
        assert 'reached: it comes to 0 IBM already' in lines[0]
        assert lines[1].split()[2] == 'signal'
        assert lines[2].strip() == 'SMA(3) = 99.5'

    def test_a_refusal_has_the_indicators_of_what_was_wanted(self, sting, home):
        world = worlds.World()
        world.signal(side=None, indicators={'fast': 1.25})
        logs.write_quickly(home.state('demo') / 'events.db', world.events)
        lines = sting('log', 'why', world.state.seq).out.splitlines()
        assert 'doors: an order without a side' in lines[0]
        assert lines[1].strip() == 'fast = 1.25'

    def test_a_rule_that_did_not_apply_says_so(self, sting, home):
        world = worlds.World(rules.PriceCollar(0.1))
        world.order()
        world.order(type=orders.OrderType.LIMIT, price=90.0)
        logs.write_quickly(home.state('demo') / 'events.db', world.events)
        out = sting('log', 'why', 5).out
        assert 'ok  price_collar: does not apply, limit 0.1' in out
        out = sting('log', 'why', verdict(world)).out
        assert 'no  price_collar: unknown, limit 0.1' in out


class TestSql:
    SELECT = (
        'SELECT seq, type, hash, 0.5 AS half, NULL AS n FROM events LIMIT 2'
    )

    def test_as_json(self, sting, world):
        first, second = json.loads(
            sting('log', 'sql', self.SELECT, '--json').out
        )
        assert list(first) == ['seq', 'type', 'hash', 'half', 'n']
        assert (first['seq'], first['type'], first['half'], first['n']) == (
            1, 'log_created', 0.5, None,
        )  # fmt: skip
        assert len(bytes.fromhex(first['hash'])) == 32
        assert second['seq'] == 2

    def test_as_csv(self, sting, world):
        out = sting('log', 'sql', self.SELECT, '--csv').out
        rows = list(csv.reader(io.StringIO(out)))
        assert rows[0] == ['seq', 'type', 'hash', 'half', 'n']
        assert (rows[1][0], rows[1][4]) == ('1', '')

    def test_as_a_table(self, sting, world):
        head, first, _ = sting('log', 'sql', self.SELECT).out.splitlines()
        assert head.split() == ['SEQ', 'TYPE', 'HASH', 'HALF', 'N']
        assert first.split()[:2] == ['1', 'log_created']

    def test_columns_of_one_name_are_told_apart(self, sting, world):
        (row,) = json.loads(
            sting('log', 'sql', 'SELECT 1 a, 2 a, 3 a', '--json').out
        )
        assert row == {'a': 1, 'a:2': 2, 'a:3': 3}

    @pytest.mark.parametrize(
        'words',
        [
            ('DELETE FROM events',),
            ('SELECT nothing FROM events',),
            ('SELECT 1', '--json', '--csv'),
        ],
    )
    def test_wrong_statements_are_one_line(self, sting, world, words):
        outcome = sting('log', 'sql', *words)
        assert (outcome.code, outcome.out) == (2, '')
        assert outcome.err.startswith('sting: ')


class TestArchive:
    @pytest.fixture
    def long(self, home):
        path = home.state('demo') / 'events.db'
        count = 10_020
        batch = logs.some_events(count)
        logs.write_quickly(path, batch, (count, b'image'))
        return path

    def test_old_events_go_and_the_log_is_whole(self, sting, long):
        outcome = sting('log', 'archive', '--json')
        assert outcome.code == 0
        done = json.loads(outcome.out)
        assert (done['first'], done['last']) == (1, 20)
        assert pathlib.Path(done['file']).is_file()
        assert sting('log', 'verify').code == 0
        assert 'nothing to archive' in sting('log', 'archive').out

    def test_before_a_moment(self, sting, long):
        out = sting('log', 'archive', '--before', '2013-02-28', '--json').out
        assert json.loads(out) is None
        out = sting('log', 'archive', '--before', '2013-03-02').out
        assert out.startswith('archived events 1 to 20 into ')

    def test_fewer_than_the_least_cannot_be_kept(self, sting, long):
        assert sting('log', 'archive', '--keep', 9_999).code == 2

    def test_refused_while_an_engine_runs(self, sting, long):
        lock = journal.Lock(long.parent / room.LOCK)
        lock.sign('process 4711, started today')
        try:
            outcome = sting('log', 'archive')
        finally:
            lock.release()
        assert outcome.code == 1
        assert 'process 4711' in outcome.err
        assert reader.archived(long) == []

    def test_the_lock_is_given_up(self, sting, long):
        sting('log', 'archive')
        journal.Lock(long.parent / room.LOCK).release()

    def test_without_a_log_nothing_is_made(self, sting, home):
        outcome = sting('log', 'archive')
        assert (outcome.code, outcome.out) == (1, '')
        assert 'no event log' in outcome.err
        assert not home.states.exists()


class TestExport:
    def test_a_copy_verifies(self, sting, world, log, tmp_path):
        file = tmp_path / 'copy.db'
        outcome = sting('log', 'export', file)
        assert outcome.code == 0
        assert outcome.out == (f'exported {world.state.seq} events to {file}\n')
        assert chain.verify(file) == chain.verify(log)

    def test_a_copy_is_a_log_to_every_command(self, sting, world, tmp_path):
        file = tmp_path / 'copy.db'
        sting('log', 'export', file)
        for words in (
            ('verify',),
            ('show',),
            ('why', 3),
            ('sql', 'SELECT 1'),
            ('export', tmp_path / 'again.db'),
        ):
            outcome = sting('log', *words, '--log', file)
            assert (outcome.code, outcome.err) == (0, '')
            none = sting('log', *words[:2], '--log', tmp_path / 'no.db')
            assert (none.code, none.out) != (0, '')
        outcome = sting('log', 'verify', '--log', file, '--profile', 'demo')
        assert outcome.code == 2
        assert 'exclude each other' in outcome.err

    def test_an_anonymous_copy_replays(self, sting, world, tmp_path):
        file = tmp_path / 'copy.db'
        outcome = sting('log', 'export', file, '--anonymize', '--json')
        assert json.loads(outcome.out)['events'] == world.state.seq
        found = json.loads(sting('replay', file, '--json').out)
        (position,) = found['positions']
        assert (position['symbol'], position['quantity']) == ('S1', 10.0)
        assert b'AAPL' not in file.read_bytes()

    def test_up_to_a_number(self, sting, world, tmp_path):
        file = tmp_path / 'copy.db'
        out = sting('log', 'export', file, '--to', 3, '--json').out
        assert json.loads(out)['events'] == 3

    def test_from_a_number_on(self, sting, home, tmp_path):
        world = worlds.World()
        for _ in range(4):
            world.now += 86_400 * 10**9
            world.bar()
        logs.write_quickly(home.state('demo') / 'events.db', world.events)
        last = world.state.seq
        file = tmp_path / 'copy.db'
        assert sting('log', 'export', file, '--from', last).out == (
            f'exported {last - 1} events to {file}\n'
            f'event {last} is number {last - 1} there\n'
        )

    def test_a_damaged_log_says_so_and_exits_with_1(self, sting, log, tmp_path):
        logs.tamper(log, "UPDATE events SET source = 'x' WHERE seq = 5")
        file = tmp_path / 'copy.db'
        outcome = sting('log', 'export', file)
        assert outcome.code == 1
        assert 'exported 4 events' in outcome.out
        assert 'event 5' in outcome.err
        assert 'only what comes before' in outcome.err
        assert chain.verify(file).ok

    def test_a_file_that_is_there_exits_with_2(self, sting, log, tmp_path):
        assert sting('log', 'export', log).code == 2
        assert chain.verify(log).ok
        assert list(log.parent.iterdir()) == [log]
