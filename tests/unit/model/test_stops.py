"""The report of an emergency stop."""

import pytest

from sting.model import stops

pytestmark = pytest.mark.unit

ALPACA = stops.BrokerStop(
    broker='alpaca', cancelled=('o1',), unknown=('o2', 'o3')
)
PAPER = stops.BrokerStop(broker='paper', cancelled=('o4',))


def report(**fields):
    return stops.StopReport(who='operator', **fields)


def test_what_was_cancelled_is_that_of_all_brokers():
    assert report(brokers=(ALPACA, PAPER)).cancelled == ('o1', 'o4')


def test_what_is_unknown_is_named_once():
    told = report(brokers=(ALPACA, PAPER), left=('o3', 'o5'))
    assert told.unknown == ('o2', 'o3', 'o5')


def test_a_stop_is_certain_when_nothing_is_unknown():
    assert report(brokers=(PAPER,)).is_certain
    assert not report(brokers=(PAPER, ALPACA)).is_certain
    assert not report(left=('o1',)).is_certain
    failed = stops.BrokerStop(broker='ibkr', error='no answer')
    assert not report(brokers=(failed,)).is_certain


def test_in_words_the_bare_come_first_and_the_unknown_next():
    told = report(
        bare=(
            stops.BarePosition(symbol='AAPL', quantity=10.0, exits=('o1',)),
            stops.BarePosition(symbol='IBM', quantity=-5.0),
        ),
        brokers=(ALPACA,),
        withheld=('o9',),
    )
    assert stops.in_words(told) == (
        'AAPL +10 (lost 1 exit), IBM -5 left bare; 2 orders UNKNOWN; '
        '1 cancelled; 1 withheld'
    )


def test_in_words_a_broker_says_what_it_has_to_say():
    failed = stops.BrokerStop(
        broker='ibkr', error='no answer', note='all clients'
    )
    assert stops.in_words(report(brokers=(failed,))) == (
        'no positions; 0 cancelled; ibkr: no answer; ibkr: all clients'
    )
