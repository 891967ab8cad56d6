"""The time from an event to the order that answers it."""

import pytest

from sting.engine import clock
from sting.engine import latency
from sting.model import health
from sting.model import orders

pytestmark = pytest.mark.unit


class Timed:
    """A timer with a clock that is set by hand."""

    def __init__(self):
        self.clock = clock.VirtualClock()
        self.timing = latency.BarToOrder(self.clock)

    def batch(self, first, at):
        self.to(at)
        self.timing.batch(first)

    def to(self, at):
        self.clock.advance(round(at * 1e9))

    def place(self, seq, strategy='sma', order_id=None, cause=8):
        self.timing.placed(
            orders.Order(
                id=f'ab-{seq}-1-1' if order_id is None else order_id,
                symbol='X',
                side=orders.OrderSide.BUY,
                quantity=1.0,
                strategy=strategy,
                cause=cause,
                seq=9,
            )
        )


def test_it_counts_from_the_batch_that_had_the_event():
    timed = Timed()
    timed.batch(1, 1.0)
    timed.batch(5, 2.0)
    timed.batch(9, 2.5)
    timed.to(3.0)
    timed.place(8)
    assert timed.timing.figures('sma') == pytest.approx((1000.0, 1000.0))


def test_median_and_99th_percentile_are_of_the_last_orders(monkeypatch):
    monkeypatch.setattr(latency, 'KEPT', 100)
    timed = Timed()
    for number in range(1, 301):
        timed.batch(number, float(number))
        timed.to(number + (0.9 if number < 200 else 0.001 * (number - 200)))
        timed.place(number)
    assert timed.timing.figures('sma') == pytest.approx((50.0, 99.0))


@pytest.mark.parametrize(
    'what',
    [
        {'strategy': ''},
        {'cause': 3},
        {'order_id': 'mine'},
        {'order_id': 'ab-x-1-1'},
        {'seq': 0},
    ],
)
def test_what_answers_no_event_at_once_is_not_timed(what):
    timed = Timed()
    timed.batch(1, 1.0)
    timed.place(**({'seq': 2} | what))
    assert timed.timing.figures('sma') is None


def test_old_batches_are_forgotten(monkeypatch):
    monkeypatch.setattr(latency, 'BATCHES', 4)
    timed = Timed()
    for number in range(1, 20):
        timed.batch(number, float(number))
    assert len(timed.timing._firsts) <= 8
    timed.place(2)
    assert timed.timing.figures('sma') is None
    timed.place(18)
    assert timed.timing.figures('sma') == pytest.approx((1000.0, 1000.0))


def test_until_the_log_it_counts_from_the_newest_batch():
    timed = Timed()
    # What is written before anything was taken is no answer to it.
    timed.timing.durable(0.5)
    timed.batch(1, 1.0)
    timed.timing.durable(1.25)
    timed.batch(5, 2.0)
    timed.timing.durable(2.5)
    timed.place(5)
    found = timed.timing.recent()
    assert {name: list(took) for name, took in found.items()} == {
        'event to log': pytest.approx([0.25, 0.5]),
        'order: sma': pytest.approx([0.0]),
    }


def test_an_order_takes_the_decision_and_the_sending():
    timed = Timed()
    timed.batch(1, 1.0)
    timed.batch(8, 1.5)
    timed.to(1.7)
    timed.place(4, cause=8)
    found = timed.timing.halves()
    assert {name: list(took) for name, took in found.items()} == {
        'decision: sma': pytest.approx([0.5]),
        'sending: sma': pytest.approx([0.2]),
    }


def test_sums_are_of_all_times(monkeypatch):
    monkeypatch.setattr(latency, 'KEPT', 2)
    took = latency.recent()
    for seconds in (0.001, 0.0011, 3.0, 11.0):
        took.append(seconds)
    sums = took.sums()
    assert list(took) == [3.0, 11.0]
    assert sums.total_s == pytest.approx(14.0021)
    ends = dict(zip([*health.ENDS_MS, None], sums.counts, strict=True))
    assert {end: count for end, count in ends.items() if count} == {
        1.0: 1,
        2.0: 1,
        5000.0: 1,
        None: 1,
    }
