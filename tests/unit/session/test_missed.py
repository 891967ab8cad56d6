"""What a strategy missed is read from the log as the engine told it."""

import asyncio

import pytest

from sting.engine import step
from sting.model import orders
from sting.model import records
from sting.model import specs
from sting.session import missed
from sting.strategy import host
from tests.unit.engine import logs
from tests.unit.engine import worlds

pytestmark = pytest.mark.unit

T, S = worlds.T, worlds.S
SPEC = specs.StrategySpec('sma', 'x')


@pytest.fixture
def log(tmp_path):
    """A log with a saved state in the middle, and all that came."""
    world = worlds.World()
    world.bar('AAPL', 100.0)
    world.protected()
    seq = world.state.seq
    book = world.state.book('sma')
    saved = records.StrategyState(
        strategy='sma',
        seq=seq,
        saved={'n': 3},
        cash=book.cash,
        positions=tuple(book.positions.values()),
    )
    world.tell(T.STRATEGY_STATE, saved, 'sma')
    told = []
    path = tmp_path / 'events.db'

    def end():
        asyncio.run(logs.written(path, world.events))
        now = host.Missed(b'', world.state.book('sma'))
        return missed.read(path, SPEC, saved, world.state.seq + 1, now)

    keep = world.keep

    def kept(taken):
        told.extend(
            one
            for one in taken.effects
            if isinstance(one, step.Notify)
            and (one.order is None or one.order.strategy == 'sma')
        )
        return keep(taken)

    world.keep = kept
    return world, told, end


def test_what_came_since_is_as_the_engine_told_it(log):
    world, told, end = log
    world.bar('AAPL', 101.0)
    world.bar('IBM', 50.0, closed=False)
    world.signal('ab-9', side=worlds.BUY, quantity=1.0)
    world.fill('ab-9', 1.0, execution_id='x9')
    world.signal('ab-8', strategy='mean', side=worlds.BUY, quantity=1.0)
    world.fill('ab-8', 1.0, execution_id='x8')
    world.update('ab-2', S.CANCELLED)
    found = end()
    assert list(found.events) == told
    assert len(told) == 4


def test_it_begins_with_what_there_was_then(log):
    world, _, end = log
    world.update('ab-2', S.CANCELLED)
    found = end()
    assert found.state == b'{"n":3}'
    assert [order.id for order in found.working] == ['ab-2']
    assert found.book.quantity('AAPL') == 100.0


def test_what_it_wanted_is_known_by_event_kind_and_id(log):
    world, _, end = log
    world.signal('ab-9', side=worlds.BUY, quantity=1.0)
    world.signal('ab-9', side=worlds.BUY, quantity=1.0)
    world.signal('ab-7', strategy='mean', side=worlds.BUY, quantity=1.0)
    assert end().answers == {(0, 'order', 'ab-9')}


def test_a_denied_order_is_told(log):
    world, told, end = log
    world.signal('ab-9', symbol='TSLA', side=worlds.BUY, quantity=1.0)
    (denied,) = told
    assert denied.order.status is S.DENIED
    assert list(end().events) == told


@pytest.mark.parametrize('name', ['sma', 'mean'])
def test_a_wish_that_came_too_late_is_told(log, name):
    world, told, end = log
    signal = orders.Signal(
        symbol='AAPL',
        side=worlds.BUY,
        quantity=1.0,
        order_id='ab-9',
        strategy=name,
    )
    refusal = records.Refusal(
        order_id='ab-9', strategy=name, gate=records.Gate.STALE, signal=signal
    )
    world.tell(T.SIGNAL_REFUSED, refusal, name, 'AAPL', cause=2)
    assert [each.order.id for each in told] == ['ab-9'] * (name == 'sma')
    assert list(end().events) == told


def test_what_is_too_long_ago_is_not_told_again(log, monkeypatch):
    world, _, end = log
    monkeypatch.setattr(missed, 'LIMIT', 1)
    world.bar('AAPL', 101.0)
    found = end()
    assert found.events == ()
    assert found.state == b'{"n":3}'
    assert '2 events old, above 1' in found.note


def test_corporate_actions_and_what_they_brought_are_told_again(log):
    world, told, end = log
    paid = records.CorporateAction(
        symbol='AAPL', kind=records.ActionKind.DIVIDEND, amount=1.0
    )
    world.tell(T.CORPORATE_ACTION, paid, 'data', 'AAPL')
    found = end()
    assert list(found.events) == told
    assert len(told) == 2
