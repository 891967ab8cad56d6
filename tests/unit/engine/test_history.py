"""What was, why it was, and what SQL may ask of it."""

import pytest

from sting.engine import archive
from sting.engine import history
from sting.engine import segments
from sting.model import errors
from sting.model import orders
from sting.model import records
from sting.risk import rules
from tests.unit.engine import histories
from tests.unit.engine import logs
from tests.unit.engine import worlds

pytestmark = pytest.mark.unit

T, S = worlds.T, worlds.S


@pytest.fixture
def path(tmp_path):
    return tmp_path / 'events.db'


@pytest.fixture
def bars(path):
    """A log of ten bars, one a nanosecond from noon on."""
    logs.write_quickly(path, logs.some_events(10))
    return path


@pytest.fixture
def archived(path, monkeypatch):
    """The same with six of them in two segments."""
    monkeypatch.setattr(archive, 'KEEP', 1)
    logs.write_quickly(path, logs.some_events(10), (9, b'image'))
    archive.archive(path, keep=6)
    archive.archive(path, keep=4)
    assert len(list((path.parent / segments.FOLDER).iterdir())) == 2
    return path


class TestStateAt:
    def test_a_number(self, bars):
        system = history.state_at(bars, seq=4)
        assert (system.seq, system.prices) == (4, {'AAPL': 104.0})

    def test_the_end(self, bars):
        assert history.state_at(bars).seq == 10

    @pytest.mark.parametrize('log', ['bars', 'archived'])
    @pytest.mark.parametrize('after', [1, 3, 4, 5, 6, 7, 10])
    def test_a_moment(self, log, after, request):
        path = request.getfixturevalue(log)
        assert history.state_at(path, time=worlds.NOON + after).seq == after

    def test_a_moment_after_the_end_is_the_end(self, archived):
        assert history.seq_at(archived, worlds.NOON * 2) == 10

    @pytest.mark.parametrize('log', ['bars', 'archived'])
    def test_a_moment_before_the_beginning_is_refused(self, log, request):
        path = request.getfixturevalue(log)
        with pytest.raises(errors.JournalError, match='begins later'):
            history.state_at(path, time=worlds.NOON)

    def test_a_moment_of_an_empty_log_is_refused(self, path):
        logs.write_quickly(path, [])
        with pytest.raises(errors.JournalError, match='begins later'):
            history.state_at(path, time=worlds.NOON)

    def test_a_number_behind_the_end_is_refused(self, bars):
        with pytest.raises(errors.JournalError, match='ends at event 10'):
            history.state_at(bars, seq=11)

    def test_without_a_log_there_is_none(self, path):
        with pytest.raises(errors.JournalError, match='no event log'):
            history.state_at(path, seq=1)

    @pytest.mark.parametrize(
        ('seq', 'change'),
        [
            ("type = 'order_update'", "data = replace(data, 'ab-', 'cd-')"),
            ("type = 'fill'", "data = replace(data, ':1.0', ':-1.0')"),
            ("type = 'position_update'", 'seq = 999'),
        ],
        ids=['another order', 'nothing filled', 'a gap'],
    )
    def test_what_cannot_have_happened_is_damage(self, path, seq, change):
        world = worlds.World()
        world.bar()
        order_id = world.accepted(quantity=5.0)
        world.fill(order_id, 1.0)
        world.fill(order_id, 1.0, execution_id='x2')
        world.bar()
        logs.write_quickly(path, world.events)
        logs.tamper(
            path,
            f'UPDATE events SET {change} WHERE seq = '
            f'(SELECT max(seq) FROM events WHERE {seq})',
        )
        with pytest.raises(errors.JournalCorruptError, match='cannot have'):
            history.state_at(path)

    def test_a_table_that_is_gone_is_an_error(self, bars):
        logs.execute(bars, 'DROP TABLE events')
        with pytest.raises(errors.JournalError, match='cannot be read'):
            history.seq_at(bars, worlds.NOON + 1)


def last(world, kind):
    return next(e for e in reversed(world.events) if e.type is kind)


class TestWhy:
    def traded(self):
        """A signal on a bar, with an order that the next bar fills."""
        world = histories.History()
        world.bar('AAPL', 100.0)
        bar = last(world, T.MARKET_DATA)
        signal = orders.Signal(
            symbol='AAPL',
            side=worlds.BUY,
            quantity=1.0,
            strategy='sma',
            order_id=f'ab-{bar.seq}-1-1',
        )
        # Others trade meanwhile.
        world.order(worlds.BUY, 2.0, 'IBM')
        world.tell(T.SIGNAL, signal, 'sma', 'AAPL', bar.seq)
        world.order(worlds.BUY, 3.0, 'MSFT')
        world.bar('AAPL', 101.0)
        return world, bar

    @pytest.mark.parametrize('kind', [T.FILL, T.POSITION_UPDATE])
    def test_a_fill_leads_back_to_the_bar_of_its_signal(self, path, kind):
        world, bar = self.traded()
        logs.write_quickly(path, world.events)
        found = history.why(path, last(world, kind).seq)
        kinds = [event.type for event in found]
        assert kinds[0] is kind
        assert kinds[-4:] == [
            T.RISK_VERDICT, T.ORDER_REQUEST, T.SIGNAL, T.MARKET_DATA,
        ]  # fmt: skip
        assert found[-1].seq == bar.seq
        numbers = [event.seq for event in found]
        assert numbers == sorted(numbers, reverse=True)
        assert {e.symbol for e in found if e.symbol} == {'AAPL'}

    def test_an_exit_leads_back_to_the_fill_it_is_for(self, path):
        world = worlds.World()
        bar = world.bar()
        world.signal('ab-1-1-1', side=worlds.BUY, quantity=5.0, stop_loss=90.0)
        world.fill('ab-1-1-1', 5.0)
        fill = last(world, T.FILL)
        sl = 'ab-1-1-1-sl'
        world.fill(sl, 5.0, side=worlds.SELL, execution_id='out')
        logs.write_quickly(path, world.events)
        found = history.why(path, last(world, T.FILL).seq)
        kinds = [event.type for event in found]
        assert kinds == [
            T.FILL, T.RISK_VERDICT, T.ORDER_REQUEST, T.FILL, T.RISK_VERDICT,
            T.ORDER_REQUEST, T.SIGNAL,
        ]  # fmt: skip
        assert found[3] == fill
        assert found[2].data.id == sl
        assert found[2].source == 'engine'
        assert bar.events

    def test_an_update_leads_back_to_the_command(self, path):
        world = worlds.World()
        world.bar()
        order_id = world.order(type=orders.OrderType.LIMIT, price=90.0)
        world.update(order_id, S.ACCEPTED)
        logs.write_quickly(path, world.events)
        kinds = [e.type for e in history.why(path, world.state.seq)]
        assert kinds == [
            T.ORDER_UPDATE, T.RISK_VERDICT, T.ORDER_REQUEST, T.COMMAND,
        ]  # fmt: skip

    def test_a_signal_has_its_order_and_the_verdict(self, path):
        world, _ = self.traded()
        logs.write_quickly(path, world.events)
        signal = last(world, T.SIGNAL)
        found = history.why(path, signal.seq)
        assert [event.type for event in found] == [
            T.RISK_VERDICT, T.ORDER_REQUEST, T.SIGNAL, T.MARKET_DATA,
        ]  # fmt: skip
        assert found[1].data.id == signal.data.order_id

    def test_a_signal_that_was_refused_has_the_refusal(self, path):
        world, _ = self.traded()
        world.signal('ab-9', kind=orders.SignalKind.CANCEL)
        logs.write_quickly(path, world.events)
        found = history.why(path, last(world, T.SIGNAL).seq)
        assert [e.type for e in found] == [T.SIGNAL_REFUSED, T.SIGNAL]

    def test_a_refusal_leads_back_to_its_signal_and_bar(self, path):
        world, bar = self.traded()
        stopped = records.StrategyStatus(strategy='sma', status='stopped')
        world.tell(T.STRATEGY_STATUS, stopped, 'sma')
        late = orders.Signal(
            symbol='AAPL', side=worlds.BUY, strategy='sma', order_id='ab-late'
        )
        world.tell(T.SIGNAL, late, 'sma', 'AAPL', bar.seq)
        logs.write_quickly(path, world.events)
        found = history.why(path, last(world, T.SIGNAL_REFUSED).seq)
        assert [e.seq for e in found][1:] == [bar.seq]
        assert found[0].data.signal == late

    def test_a_signal_of_an_old_log_stands_alone(self, path):
        world, bar = self.traded()
        signal = last(world, T.SIGNAL)
        upto = [e for e in world.events if e.seq <= signal.seq]
        logs.write_quickly(path, upto)
        found = history.why(path, signal.seq)
        assert found == [signal, bar]

    @pytest.mark.parametrize('order_id', ['theirs', 'x-y-1', 'ab-1-0-1', ''])
    def test_an_order_that_is_not_ours_has_no_request(self, path, order_id):
        world = worlds.World()
        world.bar()
        world.fill(order_id, 1.0)
        logs.write_quickly(path, world.events)
        fill = last(world, T.FILL)
        assert history.why(path, fill.seq) == [fill]

    @pytest.mark.parametrize('cause', [3, 9, -1])
    def test_a_cause_that_cannot_be_ends_it(self, path, cause):
        logs.write_quickly(path, logs.some_events(5))
        logs.tamper(path, f'UPDATE events SET cause = {cause} WHERE seq = 3')
        assert [e.seq for e in history.why(path, 4)] == [4, 3]

    def test_no_such_event(self, bars):
        with pytest.raises(errors.JournalError, match='no event 11'):
            history.why(bars, 11)

    def test_it_goes_through_segments(self, archived):
        assert [e.seq for e in history.why(archived, 10)] == list(
            range(10, 0, -1)
        )


class TestFigures:
    def test_they_have_the_names_of_the_rules_then_in_force(self, path):
        world = worlds.World(rules.MaxPosition(5.0))
        world.bar()
        world.order(quantity=10.0)
        logs.write_quickly(path, world.events)
        verdict = last(world, T.RISK_VERDICT).data
        halted, position = history.figures(path, verdict)
        assert (halted.name, halted.limit, halted.failed) == (
            'halted', None, False,
        )  # fmt: skip
        assert position == records.RuleFigure(
            'max_position', 10.0, 5.0, 'units', failed=True
        )

    @pytest.mark.parametrize('number', [0, 1])
    def test_without_rules_there_are_none(self, bars, number):
        verdict = records.Verdict(
            order_id='a', decision=records.Decision.DENY, rules=number
        )
        assert history.figures(bars, verdict) == []


class TestQuery:
    def test_rows_with_the_names_of_the_columns(self, bars):
        assert history.query(
            bars,
            "SELECT seq, data ->> '$.close' AS close FROM events WHERE seq < 3",
        ) == (['seq', 'close'], [(1, 101.0), (2, 102.0)])

    @pytest.mark.parametrize(
        'statement',
        [
            'DELETE FROM events',
            'DROP TRIGGER events_are_not_deleted',
            'CREATE TABLE x(y)',
            'PRAGMA user_version = 9',
            "INSERT INTO checkpoints VALUES (1, x'00', x'00')",
            'VACUUM',
            'SELEKT',
            'SELECT nothing FROM events',
            'SELECT 1; SELECT 2',
            '',
            'PRAGMA query_only = OFF',
            "ATTACH 'file:{}?mode=rwc' AS other",
        ],
    )
    def test_all_else_is_refused(self, bars, statement, tmp_path):
        before = bars.read_bytes()
        other = tmp_path / 'other.db'
        with pytest.raises(errors.InputError, match='SELECT'):
            history.query(bars, statement.format(other))
        assert bars.read_bytes() == before
        assert not other.exists()

    def test_a_damaged_file_is_another_error(self, bars):
        raw = bytearray(bars.read_bytes())
        raw[4096:8192] = bytes(4096)
        bars.write_bytes(raw)
        with pytest.raises(errors.JournalError):
            history.query(bars, 'SELECT * FROM events')

    def test_an_interrupt_ends_it(self, bars, monkeypatch):
        def interrupted():
            raise KeyboardInterrupt

        endless = (
            'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) '
            'SELECT max(i) FROM n'
        )
        monkeypatch.setattr(history, '_look', interrupted)
        with pytest.raises(KeyboardInterrupt):
            history.query(bars, endless)
