"""What is told of trades that are corrected, and of costs that come late."""

import msgspec
import pytest

from sting.broker.ibkr import trades
from sting.model import orders

pytestmark = pytest.mark.unit


def fill(quantity=10.0, price=100.0, name='a.b'):
    return orders.Fill(
        order_id='o',
        execution_id=name,
        symbol='AAPL',
        side=orders.OrderSide.BUY,
        quantity=quantity,
        price=price,
    )


def figures(found):
    return [(str(one.side), one.quantity, one.price) for one in found]


def test_a_trade_is_told_once():
    known = trades.Trades()
    assert known.take(fill(), 'a.b.01', 7) == [fill()]
    assert known.take(fill(), 'a.b.01', 7) == []


def test_a_correction_is_one_back_and_one_as_it_is_right():
    known = trades.Trades()
    known.take(fill(), 'a.b.01', 7)
    told = known.take(fill(9.0, 101.0), 'a.b.02', 7)
    assert figures(told) == [('sell', 10.0, 100.0), ('buy', 9.0, 101.0)]
    assert {one.order_id for one in told} == {'ib-fix-7'}
    assert len({one.execution_id for one in told}) == 2
    assert known.take(fill(), 'a.b.01', 7) == []


def test_a_correction_of_nothing_tells_nothing():
    known = trades.Trades()
    known.take(fill(), 'a.b.01', 7)
    assert known.take(fill(), 'a.b.02', 7) == []


def test_a_list_tells_what_was_told_live():
    known = trades.Trades()
    live = known.take(fill(), 'a.b.01', 7)
    live += known.take(fill(9.0), 'a.b.02', 7)
    assert known.listed([(fill(9.0), 'a.b.02', 7)]) == live
    both = [(fill(9.0), 'a.b.02', 7), (fill(), 'a.b.01', 7)]
    assert trades.Trades().listed(both) == live


def test_what_was_taken_back_before_anything_was_told_is_nothing():
    known = trades.Trades()
    assert known.take(fill(0.0), 'a.b.02', 7) == []
    assert known.listed([(fill(0.0), 'a.b.02', 7)]) == []


def test_a_late_cost_is_told_once():
    known = trades.Trades()
    known.take(fill(), 'a.b.01', 7)
    assert known.tell(fill()).fee == 0.0
    known.cost('a.b.01', 1.0)
    (flow,) = known.all_late()
    assert (flow.amount, flow.order_id, flow.symbol) == (-1.0, 'o', 'AAPL')
    assert known.late('a.b') is None


def test_a_correction_costs_what_it_costs_more():
    known = trades.Trades()
    known.cost('a.b.01', 1.0)
    known.take(fill(), 'a.b.01', 7)
    assert known.tell(fill()).fee == 1.0
    known.cost('a.b.02', 1.5)
    assert known.late('a.b').amount == -0.5
    known.cost('a.b.01', 1.0)
    assert known.late('a.b') is None


def test_the_cost_of_a_trade_of_before_is_never_late():
    known = trades.Trades()
    known.take(fill(), 'a.b.01', 7)
    known.begin()
    known.tell(fill())
    known.cost('a.b.01', 1.0)
    assert known.all_late() == []


def test_a_new_connection_keeps_what_was_told():
    older = trades.Trades()
    older.take(fill(), 'a.b.01', 7)
    older.tell(fill())
    fresh = trades.Trades()
    fresh.take(fill(9.0), 'a.b.02', 7)
    fresh.cost('a.b.02', 1.0)
    fresh.keep(older)
    told = fresh.listed([(fill(9.0), 'a.b.02', 7)])
    assert figures(told) == [
        ('buy', 10.0, 100.0),
        ('sell', 10.0, 100.0),
        ('buy', 9.0, 100.0),
    ]
    assert [flow.amount for flow in fresh.all_late()] == [-1.0]


def test_an_id_without_parts_is_itself():
    assert trades.parts('x') == ('x', 0)
    assert trades.parts('x.y') == ('x', 0)
    assert trades.parts('x.02') == ('x', 2)


class TestMany:
    @pytest.fixture(autouse=True)
    def _few(self, monkeypatch):
        monkeypatch.setattr(trades, 'KEPT', 10)

    def many(self, count):
        known = trades.Trades()
        for number in range(count):
            one = fill(name=f'a.{number}')
            one = msgspec.structs.replace(one, timestamp=number)
            known.cost(f'a.{number}.01', 1.0)
            assert known.take(one, f'a.{number}.01', 7) == [one]
            known.tell(one)
        return known

    def test_as_many_as_are_kept_are_kept(self):
        known = self.many(10_000)
        for kept in (known._versions, known._told, known._costs):
            assert 10 <= len(kept) <= 20

    def test_none_is_told_again_however_old_it_is(self):
        known = self.many(1_000)
        for number in range(1_000):
            one = fill(name=f'a.{number}')
            one = msgspec.structs.replace(one, timestamp=number)
            assert known.take(one, f'a.{number}.01', 7) == []

    def test_one_that_is_listed_again_costs_nothing_again(self):
        known = self.many(1_000)
        known.listed([(fill(name='a.5'), 'a.5.01', 7)])
        known.cost('a.5.01', 1.5)
        assert known.all_late() == []

    def test_a_new_connection_forgets_no_less(self):
        fresh = trades.Trades()
        fresh.keep(self.many(1_000))
        assert fresh.take(fill(name='a.5'), 'a.5.01', 7) == []
