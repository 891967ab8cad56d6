"""Bars of whole tables are those of the same rows one by one."""

import dataclasses
import math

import hypothesis
from hypothesis import strategies as st
import numpy as np
import pytest

from sting.data import bar_tables
from sting.data import bars
from sting.data import calendars
from sting.data import table
from sting.model import errors
from sting.model import market
from sting.model import timeframes
from sting.strategy import resample
from tests.unit.data import tables
from tests.unit.data import trades
from tests.unit.data.sources import services
from tests.unit.strategy import trading_days

pytestmark = pytest.mark.unit

FRAMES = ('1m', '5m', '1h', '4h', '1d', '1w')
SUMS = ('tick:1', 'tick:3', 'volume:500', 'volume:0.5', 'dollar:1000000')


def one_by_one(rows, timeframe, when):
    """The bars of trades or quotes as they come, sorted."""
    makers, found = {}, []
    for row in rows:
        made = makers.get(row.symbol)
        if made is None:
            made = bars.make(row.symbol, timeframe, when)
            makers[row.symbol] = made
        quoted = isinstance(row, market.Quote)
        found.append(made.quote(row) if quoted else made.trade(row))
    found += [made.until(2**62) for made in makers.values()]
    return by_stamp(each for each in found if each is not None)


def by_stamp(found):
    return sorted(found, key=lambda each: (each.timestamp, each.symbol))


def at_once(rows, timeframe, when):
    """The bars of a table; none where no bar is whole."""
    try:
        made = bar_tables.build(rows, timeframe, when)
    except errors.DataError:
        return []
    return list(made.bars.rows())


@hypothesis.given(trades.cases(), st.sampled_from(FRAMES + SUMS))
def test_trades_at_once_are_trades_one_by_one(case, timeframe):
    when, rows = case
    found = at_once(trades.table_of(rows), timeframe, when)
    assert found == one_by_one(rows, timeframe, when)


@hypothesis.given(trades.cases(), st.sampled_from((*FRAMES, 'tick:2')))
def test_quotes_at_once_are_quotes_one_by_one(case, timeframe):
    when, rows = case
    rows = [
        market.Quote(
            each.symbol, each.timestamp, each.price, each.price + 0.3, 1.0, 1.0
        )
        for each in rows
    ]
    found = at_once(trades.table_of(rows), timeframe, when)
    assert found == one_by_one(rows, timeframe, when)


@hypothesis.given(trading_days.traded(), st.sampled_from(FRAMES))
def test_shorter_bars_at_once_are_those_that_a_strategy_is_given(
    case, timeframe
):
    when, rows = case
    hypothesis.assume(rows)
    maker = resample.Resampler(timeframe, '1m', when)
    pairs = [maker.take(each) for each in rows]
    expected = [
        each for pair in pairs if pair for each in pair if each is not None
    ]
    assert at_once(bar_table(rows), timeframe, when) == expected


@pytest.mark.parametrize('hour', ['20:00', '00:00'])
def test_weeks_of_days_at_once_are_those_that_a_strategy_is_given(hour):
    rows = [
        trading_days.bar(f'2012-03-{day:02} {hour}', timeframe='1d')
        for day in (10, 12, 13, 14, 15, 16, 17, 18, 19, 20)
    ]
    maker = resample.Resampler('1w', '1d', trading_days.WEEK)
    pairs = [maker.take(each) for each in rows]
    expected = [
        each for pair in pairs if pair for each in pair if each is not None
    ]
    assert expected
    found = at_once(bar_table(rows, '1d'), '1w', trading_days.WEEK)
    assert found == expected


def bar_table(rows, timeframe='1m'):
    names = ('open', 'high', 'low', 'close', 'volume')
    return table.BarTable.single(
        'X',
        timeframe,
        [each.timestamp for each in rows],
        {name: [getattr(each, name) for each in rows] for name in names},
    )


@hypothesis.given(trades.cases(('X',)), st.integers(1, 200_000))
def test_bars_of_volume_are_those_of_a_slow_reference(case, quarters):
    _, rows = case
    size = quarters / 4
    inside, expected, last = [], [], -(2**62)
    for row in rows:
        inside.append(row)
        sizes = [each.size for each in inside]
        if math.fsum(sizes) < size * (1 - 1e-9):
            continue
        prices = [each.price for each in inside]
        last = max(row.timestamp, last + 1)
        expected.append((last, prices[0], max(prices), min(prices), prices[-1]))
        inside = []
    name = timeframes.traded_name('volume', size)
    found = at_once(trades.table_of(rows), name, None)
    assert [
        (each.timestamp, each.open, each.high, each.low, each.close)
        for each in found
    ] == expected


def test_volume_of_shorter_bars_is_gathered_bar_by_bar():
    rows = services.pairs(100)
    rows = rows.of(rows.symbols[0])
    size = rows.volume[:3].sum()
    made = bar_tables.build(rows, f'volume:{size:g}')
    assert made.bars.timestamp[0] == rows.timestamp[2]
    assert made.bars.volume[0] == size
    assert made.bars.high[0] == rows.high[:3].max()


def test_what_makes_no_whole_bar_is_counted():
    rows = trades.trades(*((nth, 1.0, 1.0) for nth in range(8)))
    made = bar_tables.build(trades.table_of(rows), 'tick:3')
    assert made.left == {'X': 2}


def test_made_up_bars_stay_made_up():
    rows = dataclasses.replace(tables.flat(range(6)), generated=True)
    made = bar_tables.build(rows, 'volume:2')
    assert made.bars.generated
    assert len(made.bars) == 3


def test_bars_do_not_say_how_many_trades_they_have():
    with pytest.raises(errors.DataError, match='how many trades'):
        bar_tables.build(tables.flat(range(6)), 'tick:2')


def test_shorter_bars_are_not_made_of_longer_ones():
    with pytest.raises(errors.DataError, match='finer data'):
        bar_tables.build(
            tables.flat(range(3), timeframe='5m'),
            '1m',
            calendars.sessions('24/7'),
        )


def test_bars_of_time_need_the_hours_of_an_exchange():
    with pytest.raises(errors.DataError, match='the hours of an exchange'):
        bar_tables.build(tables.flat(range(6)), '5m')


def test_no_whole_bar_is_an_error():
    with pytest.raises(errors.DataError, match='no whole bar of 1h'):
        bar_tables.build(
            tables.flat(range(6)), '1h', calendars.sessions('24/7')
        )


def test_a_small_bar_after_large_ones_is_found():
    sizes = [1.0] * 1000 + [5000.0] * 3 + [1.0] * 100
    rows = trades.trades(*((nth, 1.0, each) for nth, each in enumerate(sizes)))
    made = bar_tables.build(trades.table_of(rows), 'volume:1000')
    assert made.bars.timestamp.tolist() == [999, 1000, 1001, 1002]
    assert np.all(made.bars.volume == [1000.0, 5000.0, 5000.0, 5000.0])
