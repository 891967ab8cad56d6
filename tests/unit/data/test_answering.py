"""A request while it is answered: what is missing, and what is known."""

import pytest

from sting.data import answering
from sting.data import table
from sting.data.sources import base
from sting.engine import clock
from sting.model import errors
from tests.unit.data.sources import scripted

pytestmark = pytest.mark.unit

MINUTE = 60 * 10**9
NOW = 1_362_753_000 * 10**9
DOWN = errors.SourceUnavailableError('one: down')


def bars(symbol, *minutes):
    return table.BarTable.single(
        symbol,
        '1m',
        [NOW + minute * MINUTE for minute in minutes],
        dict.fromkeys(
            ('open', 'high', 'low', 'close', 'volume'), [1.0] * len(minutes)
        ),
    )


def work(symbols=('A', 'B', 'C'), batch=2, **known):
    """What is known of a request for ten minutes that are over."""
    request = base.Request(
        symbols=symbols, timeframe='1m', start=NOW, end=NOW + 10 * MINUTE
    )
    later = NOW + 20 * MINUTE
    return answering.Work(
        scripted.Source('one', clock.VirtualClock(later), batch=batch),
        request,
        later,
        later,
        {
            name: known.get(name, answering.Known(name, (), []))
            for name in symbols
        },
    )


def test_as_many_symbols_go_together_as_the_source_takes():
    asked = list(work().missing)
    assert [each.symbols for each in asked] == [('A', 'B'), ('C',)]


def test_what_is_known_is_not_asked_for():
    half = answering.Known('A', ((NOW, NOW + 4 * MINUTE),), [bars('A', 1)])
    (asked,) = work(symbols=('A',), A=half).missing
    assert (asked.start, asked.end) == (
        NOW + 4 * MINUTE + 1,
        NOW + 10 * MINUTE,
    )


def test_parts_are_joined_in_the_order_of_their_stamps():
    joined = answering.joined(bars('A', 3, 4), bars('A', 1, 2))
    assert ((joined.timestamp - NOW) // MINUTE).tolist() == [1, 2, 3, 4]


def test_symbols_without_bars_are_there():
    (asked,) = work(symbols=('A', 'B')).missing
    split = answering.by_symbol(asked, bars('A', 1))
    assert {name: len(part) for name, part in split.items()} == {'A': 1, 'B': 0}


def test_what_is_known_is_given_beside_the_failure():
    known = answering.Known('A', (), [bars('A', 1)])
    failed = work(symbols=('A',), A=known)
    failed.error = DOWN
    answer = failed.answer()
    assert (len(answer.bars), answer.stale, answer.error) == (1, True, DOWN)


def test_where_nothing_is_known_the_failure_is_raised():
    failed = work()
    failed.error = DOWN
    with pytest.raises(errors.SourceUnavailableError, match='down'):
        failed.answer()
