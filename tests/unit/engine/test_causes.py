"""What led to an event, with its figures."""

import pytest

from sting.engine import causes
from sting.model import errors
from sting.model import orders
from sting.model import records
from sting.risk import rules
from tests.unit.engine import logs
from tests.unit.engine import worlds

pytestmark = pytest.mark.unit

T, S = worlds.T, worlds.S


@pytest.fixture
def path(tmp_path):
    return tmp_path / 'events.db'


@pytest.fixture
def world(path):
    """A signal on a bar, with an order that the next bar fills."""
    made = worlds.World(rules.MaxOrderNotional(2_000.0))
    made.run('sma')
    made.bar('AAPL', 100.0)
    bar = made.events[-1]
    signal = orders.Signal(
        symbol='AAPL',
        side=worlds.BUY,
        quantity=10.0,
        order_id=f'ab-{bar.seq}-1-1',
        strategy='sma',
        reason='up',
        indicators={'SMA(2)': 100.5},
    )
    made.tell(T.SIGNAL, signal, 'sma', 'AAPL', bar.seq)
    made.fill(f'ab-{bar.seq}-1-1', 10.0, 101.0)
    logs.write_quickly(path, made.events)
    return made


def of(found, kind):
    return next(row for row in found if row.type == kind)


def asked(world, kind):
    return next(e.seq for e in reversed(world.events) if e.type is kind)


def test_a_fill_has_its_mark_and_what_led_to_it(path, world):
    found = causes.explain(path, asked(world, T.FILL))

    kinds = [row.type for row in found]
    assert kinds == [
        'fill', 'risk_verdict', 'order_request', 'signal', 'market_data',
    ]  # fmt: skip
    mark = found[0].mark
    assert (mark.price, mark.side, mark.quantity) == (101.0, worlds.BUY, 10.0)
    assert mark.seq == found[0].seq


def test_a_verdict_has_each_rules_figure(path, world):
    verdict = of(causes.explain(path, asked(world, T.FILL)), 'risk_verdict')

    (rule,) = [r for r in verdict.rules if r.name == 'max_order_notional']
    assert (rule.figure, rule.limit, rule.failed) == (1_000.0, 2_000.0, False)


def test_a_signal_has_reason_and_indicators_beside_its_text(path, world):
    signal = of(causes.explain(path, asked(world, T.FILL)), 'signal')

    assert signal.text == 'order buy 10 AAPL'
    assert signal.reason == 'up'
    assert signal.indicators == {'SMA(2)': 100.5}


def test_the_bar_is_there_to_be_drawn(path, world):
    bar = of(causes.explain(path, asked(world, T.FILL)), 'market_data').bar

    assert (bar.symbol, bar.close) == ('AAPL', 100.0)


def test_a_refusal_has_the_signal_that_it_tells_of(path, world):
    signal = orders.Signal(symbol='AAPL', reason='late', strategy='sma')
    world.tell(
        T.SIGNAL_REFUSED,
        records.Refusal(
            order_id='ab-9-1-1',
            strategy='sma',
            gate=records.Gate.STALE,
            signal=signal,
        ),
        symbol='AAPL',
    )
    logs.write_quickly(path.with_name('more.db'), world.events)

    (found,) = causes.explain(path.with_name('more.db'), world.state.seq)
    assert found.reason == 'late'


def test_nothing_after_a_moment_is_told(path, world):
    signal = asked(world, T.SIGNAL)

    found = causes.explain(path, signal, until=signal)
    assert [row.type for row in found] == ['signal', 'market_data']


def test_no_log_is_an_error(tmp_path):
    with pytest.raises(errors.JournalError, match='there is no event log'):
        causes.explain(tmp_path / 'none.db', 1)
