"""Bars of trades and quotes as they come."""

import collections

import hypothesis
from hypothesis import strategies as st
import pytest

from sting.data import bars
from sting.data import calendars
from sting.data import times
from sting.model import errors
from sting.model import market
from tests.unit.data import trades

pytestmark = pytest.mark.unit


def at(text):
    return times.parse_moment(text)


@pytest.fixture(scope='module')
def new_york():
    return calendars.sessions('XNYS')


def taken(timeframe, rows, hours=None):
    """What comes out, and what makes it."""
    made = bars.make('X', timeframe, hours)
    found = [made.trade(each) for each in rows]
    return [each for each in found if each is not None], made


def test_a_bar_has_the_first_the_extreme_and_the_last_price(new_york):
    opening = at('2013-03-01T14:30:00Z')
    rows = [(opening + nth, *each) for nth, each in enumerate(
        [(10.0, 1.0), (12.5, 2.0), (9.0, 3.0), (11.0, 4.5)]
    )]  # fmt: skip
    _, made = taken('1m', trades.trades(*rows), new_york)
    assert made.until(at('2013-03-01T14:31:00Z')) == market.MarketData(
        'X', at('2013-03-01T14:31:00Z'), 10.0, 12.5, 9.0, 11.0, 10.5, '1m'
    )


def test_a_trade_at_the_end_of_a_bar_is_of_the_next(new_york):
    found, made = taken(
        '1m',
        trades.trades(
            (at('2013-03-01T14:30:59Z'), 1.0, 1.0),
            (at('2013-03-01T14:31:00Z'), 2.0, 1.0),
        ),
        new_york,
    )
    assert [each.close for each in found] == [1.0]
    assert made.until(at('2013-03-01T14:32:00Z')).open == 2.0


def test_the_auction_at_the_close_is_of_the_last_bar(new_york):
    found, _ = taken(
        '5m',
        trades.trades(
            (at('2013-03-01T20:59:59Z'), 1.0, 1.0),
            (at('2013-03-01T21:00:00Z'), 2.0, 500.0),
            (at('2013-03-01T21:00:00Z'), 2.5, 1.0),
            (at('2013-03-01T21:00:01Z'), 3.0, 1.0),
        ),
        new_york,
    )
    (last,) = found
    assert (last.timestamp, last.close, last.volume) == (
        at('2013-03-01T21:00:00Z'),
        2.5,
        502.0,
    )


def test_the_auction_waits_for_what_else_is_traded_at_the_close(new_york):
    _, made = taken(
        '5m', trades.trades((at('2013-03-01T20:59:59Z'), 1.0, 1.0)), new_york
    )
    closes = at('2013-03-01T21:00:00Z')
    assert made.until(closes) is None
    assert made.until(closes + 1).timestamp == closes


def test_round_the_clock_midnight_begins_a_bar():
    found, _ = taken(
        '1d',
        trades.trades(
            (at('2013-03-01T23:59:59Z'), 1.0, 1.0),
            (at('2013-03-02T00:00:00Z'), 2.0, 1.0),
        ),
        calendars.sessions('24/7'),
    )
    assert [(each.timestamp, each.close) for each in found] == [
        (at('2013-03-02T00:00:00Z'), 1.0)
    ]


@pytest.mark.parametrize(
    ('trade', 'end'),
    [
        # Before and after the clocks change on 2013-03-10 in New York.
        ('2013-03-08T14:45:00Z', '2013-03-08T15:30:00Z'),
        ('2013-03-11T13:45:00Z', '2013-03-11T14:30:00Z'),
        # 13:00 there, the half day after Thanksgiving; the day itself is none.
        ('2013-11-29T17:45:00Z', '2013-11-29T18:00:00Z'),
        ('2013-11-28T16:00:00Z', '2013-11-28T16:30:00Z'),
        # Before the open, counted back from it.
        ('2013-03-08T14:10:00Z', '2013-03-08T14:30:00Z'),
    ],
)
def test_hours_follow_the_sessions(new_york, trade, end):
    _, made = taken('1h', trades.trades((at(trade), 1.0, 1.0)), new_york)
    assert made.until(2**62).timestamp == at(end)


def test_a_day_is_a_session_and_its_morning(new_york):
    found, made = taken(
        '1d',
        trades.trades(
            (at('2013-11-27T22:00:00Z'), 1.0, 1.0),
            (at('2013-11-29T18:00:00Z'), 2.0, 1.0),
            (at('2013-12-02T15:00:00Z'), 3.0, 1.0),
        ),
        new_york,
    )
    assert [each.timestamp for each in found] == [at('2013-11-29T18:00:00Z')]
    assert made.until(2**62).timestamp == at('2013-12-02T21:00:00Z')


def test_a_trade_of_a_bar_that_is_out_is_counted_and_left(new_york):
    found, made = taken(
        '1m',
        trades.trades(
            (at('2013-03-01T14:30:30Z'), 1.0, 1.0),
            (at('2013-03-01T14:31:30Z'), 2.0, 1.0),
            (at('2013-03-01T14:30:40Z'), 9.0, 1.0),
        ),
        new_york,
    )
    assert [each.high for each in found] == [1.0]
    assert made.until(at('2013-03-01T14:32:00Z')).high == 2.0
    assert made.trade(
        market.Trade('X', at('2013-03-01T14:31:40Z'), 9.0, 1.0)
    ) is None  # fmt: skip
    assert made.late == 2


def test_a_bar_of_ticks_has_so_many_trades():
    rows = trades.trades(*((nth, float(nth + 1), 2.0) for nth in range(7)))
    found, made = taken('tick:3', rows)
    assert [(each.timestamp, each.open, each.close) for each in found] == [
        (2, 1.0, 3.0),
        (5, 4.0, 6.0),
    ]
    assert {each.volume for each in found} == {6.0}
    assert made.until(2**62) is None


def test_a_trade_above_the_size_ends_the_bar_that_it_falls_into():
    rows = trades.trades((1, 5.0, 4.0), (2, 6.0, 25.0), (3, 7.0, 9.0))
    found, _ = taken('volume:10', [*rows, *trades.trades((4, 8.0, 1.0))])
    assert [(each.timestamp, each.volume) for each in found] == [
        (2, 29.0),
        (4, 10.0),
    ]


def test_dollars_are_price_times_size():
    rows = trades.trades((1, 5.0, 4.0), (2, 6.0, 5.0), (3, 50.0, 1.0))
    found, _ = taken('dollar:50', rows)
    assert [each.timestamp for each in found] == [2, 3]


def test_ten_tenths_are_one():
    rows = trades.trades(*((nth, 1.0, 0.1) for nth in range(20)))
    found, _ = taken('volume:1', rows)
    assert [each.timestamp for each in found] == [9, 19]


def test_bars_of_one_moment_are_a_nanosecond_apart():
    rows = trades.trades((5, 1.0, 9.0), (5, 2.0, 9.0), (5, 3.0, 9.0))
    found, _ = taken('volume:9', rows)
    assert [each.timestamp for each in found] == [5, 6, 7]


def test_the_mid_of_quotes_is_the_price_and_nothing_is_traded():
    made = bars.make('X', 'tick:2')
    assert made.quote(market.Quote('X', 1, 10.0, 11.0, 5.0, 5.0)) is None
    assert made.quote(market.Quote('X', 2, 11.0, 12.0, 5.0, 5.0)) == (
        market.MarketData('X', 2, 10.5, 11.5, 10.5, 11.5, 0.0, 'tick:2')
    )


@pytest.mark.parametrize('timeframe', ['volume:10', 'dollar:10'])
def test_quotes_make_no_bars_of_what_is_traded(timeframe):
    made = bars.make('X', timeframe)
    with pytest.raises(errors.DataError, match='quotes, with which nothing'):
        made.quote(market.Quote('X', 1, 10.0, 11.0, 5.0, 5.0))


def test_bars_of_time_need_the_hours_of_an_exchange():
    with pytest.raises(errors.DataError, match='the hours of an exchange'):
        bars.make('X', '5m')


@pytest.mark.parametrize('timeframe', ['60m', '2d', 'tick:1.5', 'volume:0', ''])
def test_what_cannot_be_asked_for_is_refused(timeframe, new_york):
    with pytest.raises(errors.DataError):
        bars.make('X', timeframe, new_york)


@hypothesis.given(trades.cases(('X',)), st.sampled_from([1, 5, 60, 240]))
def test_bars_of_time_are_those_of_a_slow_reference(case, minutes):
    when, rows = case
    timeframe = f'{minutes}m' if minutes < 60 else f'{minutes // 60}h'
    found, made = taken(timeframe, rows, when)
    found.append(made.until(2**62))
    by_end = collections.defaultdict(list)
    for row in rows:
        end = trades.slow_end(when, minutes * trades.MINUTE, row.timestamp)
        by_end[end].append(row)
    assert made.late == 0
    assert [
        (each.timestamp, each.open, each.high, each.low, each.close)
        for each in found
    ] == [
        (
            end,
            inside[0].price,
            max(each.price for each in inside),
            min(each.price for each in inside),
            inside[-1].price,
        )
        for end, inside in sorted(by_end.items())
    ]
    for each, (_, inside) in zip(found, sorted(by_end.items()), strict=True):
        assert each.volume == pytest.approx(sum(row.size for row in inside))
