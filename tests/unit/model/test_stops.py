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


def test_the_lines_begin_with_the_bare_and_the_unknown():
    told = report(
        took_ms=1234.5,
        bare=(
            stops.BarePosition(symbol='AAPL', quantity=10.0, exits=('o1',)),
            stops.BarePosition(symbol='IBM', quantity=-5.0),
        ),
        brokers=(
            stops.BrokerStop(
                broker='ibkr',
                cancelled=('o1',),
                unknown=('o2',),
                first_ms=1.25,
                last_ms=20.0,
                note='all clients',
            ),
        ),
        withheld=('o8', 'o9'),
    )
    assert stops.lines(told) == [
        'BARE AAPL +10: lost o1',
        'BARE IBM -5: no exit was lost',
        'UNKNOWN o2: it may work',
        'ibkr: 1 order cancelled, first cancel after 1.2 ms, '
        'last answer after 20.0 ms',
        'ibkr: all clients',
        '2 orders withheld, never sent: o8, o9',
        'look at the broker what still works there; until that is known '
        'the cancels are repeated',
    ]


def test_the_lines_end_with_how_long_it_took_to_be_certain():
    told = report(took_ms=12.4, brokers=(PAPER,))
    assert stops.lines(told) == [
        'paper: 1 order cancelled',
        'nothing works any more; known after 12 ms',
    ]


def test_what_the_engine_cancelled_itself_has_a_line():
    told = report(also=('o1',))
    assert told.cancelled == ('o1',)
    said = '1 order cancelled by the engine itself or its guardian'
    assert said in stops.lines(told)


def test_what_is_kept_is_told_apart_from_what_is_bare():
    told = report(
        bare=(
            stops.BarePosition(
                symbol='IBM', quantity=5.0, exits=('o1',), kept=('o2',)
            ),
            stops.BarePosition(symbol='AAPL', quantity=10.0, kept=('o3', 'o4')),
        ),
        kept=('o2', 'o3', 'o4'),
    )
    assert stops.lines(told)[:2] == [
        'PART IBM +5: o2 works on; lost o1',
        'KEPT AAPL +10: o3, o4 work on; no exit was lost',
    ]
    assert stops.lines(told)[-1].startswith('nothing else works any more')
    assert stops.in_words(told).startswith(
        'IBM +5 (lost 1 exit) left bare; AAPL +10 left with exits; '
        '0 cancelled; 3 kept'
    )


def test_a_stop_that_came_second_says_who_cancelled():
    told = report(brokers=(stops.BrokerStop(broker='ibkr'),), also=('o1',))
    assert stops.lines(told)[:2] == [
        'ibkr: nothing was left for the stop to cancel',
        '1 order cancelled by the engine itself or its guardian',
    ]
