"""An engine that is still being opened."""

import pytest

from sting.model import commands
from sting.model import errors
from sting.model import orders
from tests.unit.tui import stations
from tui import opening

pytestmark = pytest.mark.unit

ORDER = commands.SubmitOrder(
    symbol='AAPL', side=orders.OrderSide.BUY, quantity=3.0
)

FIRST = stations.snapshot(pid=0, equity=0.0)


def handing_over(real):
    def opener(take):
        take(real)
        return real

    return opener


def test_until_it_is_open_there_is_an_empty_picture_and_no_answer():
    station = opening.Opening(lambda _: stations.Station(), FIRST)
    assert not station.is_open
    assert station.snapshot() is FIRST
    assert station.bars('AAPL', 5) == ()
    assert station.marks('AAPL', 5) == ()
    with pytest.raises(errors.NotRunningError):
        station.submit(commands.Halt())
    with pytest.raises(errors.NotRunningError):
        station.why(1)
    with pytest.raises(errors.NotRunningError):
        station.output('sma', 1)
    with pytest.raises(errors.NotRunningError):
        station.judge(ORDER)


def test_once_open_it_hands_on():
    real = stations.Station()
    real.outputs['sma'] = ('one', 'two')
    station = opening.Opening(handing_over(real), FIRST)
    station.open()
    assert station.is_open
    assert station.output('sma', 1).result() == ('two',)
    assert station.snapshot() is real.now
    assert len(station.bars('AAPL', 5)) == 5
    assert len(station.marks('AAPL', 5)) == 1
    assert station.submit(commands.Halt()).result().ok
    assert station.judge(ORDER).result() is stations.JUDGEMENT
    assert station.why(1200).result()[0].seq == 1200
    station.emergency_stop('operator', 'enough')
    assert real.stopped == ['operator: enough']
    station.close()
    assert real.closed


def test_a_stop_pulled_while_it_opens_is_shown_and_handed_on():
    real = stations.Station()
    station = opening.Opening(handing_over(real), FIRST)
    station.emergency_stop('operator', 'enough', 3)
    assert station.snapshot().halting
    station.open()
    assert real.stopped == ['operator: enough']
    assert real.latched == [3]


def test_a_stop_reaches_an_engine_that_has_not_started():
    real = stations.Station()
    seen = []

    def opener(take):
        take(real)
        station.emergency_stop('operator', 'enough')
        seen.extend(real.stopped)
        return real

    station = opening.Opening(opener, FIRST)
    station.open()
    assert seen == ['operator: enough']
    assert real.stopped == seen


def test_what_is_closed_while_it_opens_is_closed_when_it_is_open():
    real = stations.Station()
    station = opening.Opening(handing_over(real), FIRST)
    station.close()
    station.open()
    assert real.closed
    assert not station.is_open
