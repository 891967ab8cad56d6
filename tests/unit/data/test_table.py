import hypothesis
from hypothesis import strategies as st
import numpy as np
import pytest

from sting.data import table
from sting.model import errors
from sting.model import market
from tests.unit.data import tables

pytestmark = pytest.mark.unit


def test_rows_are_market_data_of_python_numbers():
    bars = tables.make([(0, 1)], [(9, 10, 10.5, 11, 100)], ('A', 'B'))
    (bar,) = bars.rows()
    assert bar == market.MarketData(
        'B', tables.NOON, 10.0, 11.0, 9.0, 10.5, 100.0, '1m'
    )
    assert type(bar.timestamp) is int
    assert type(bar.close) is float


def test_rows_go_on_after_a_chunk():
    count = table.CHUNK + 3
    stamps = [bar.timestamp for bar in tables.flat(range(count)).rows()]
    assert len(stamps) == count
    assert stamps == sorted(set(stamps))


def test_bars_are_those_of_one_symbol():
    bars = tables.make(
        [(0, 0), (0, 1), (1, 0)], [(1, 1, 1, 1, 1)] * 3, ('A', 'B')
    )
    assert [bar.symbol for bar in bars.bars('A')] == ['A', 'A']


def test_select_keeps_both_ends_of_the_range():
    bars = tables.flat(range(5))
    first, last = tables.NOON + tables.MINUTE, tables.NOON + 3 * tables.MINUTE
    picked = bars.select(start=first, end=last)
    assert picked.timestamp.tolist() == bars.timestamp[1:4].tolist()


def test_select_of_an_empty_range_has_no_rows():
    bars = tables.flat(range(5))
    assert len(bars.select(start=bars.timestamp[3], end=bars.timestamp[1])) == 0


def test_select_of_an_unknown_symbol_names_those_there_are():
    with pytest.raises(errors.DataError, match=r"'X'.*there are: A"):
        tables.flat(range(2)).select(['X'])


def test_last_gives_the_newest_rows():
    bars = tables.flat(range(5))
    assert bars.last(2).timestamp.tolist() == bars.timestamp[3:].tolist()
    assert len(bars.last(9)) == 5
    assert len(bars.last(0)) == 0


def test_merge_of_nothing_is_refused():
    with pytest.raises(errors.DataError, match='no tables'):
        table.BarTable.merge([])


def test_merge_refuses_different_timeframes():
    with pytest.raises(errors.DataError, match='1m and 5m'):
        table.BarTable.merge(
            [tables.flat([0]), tables.flat([1], timeframe='5m')]
        )


def test_merge_leaves_repeats_to_the_rules_where_it_is_told_to():
    merged = table.BarTable.merge(
        [tables.flat([0, 1]), tables.flat([1])], checked=False
    )
    assert len(merged) == 3


def test_merge_refuses_two_bars_of_one_stamp():
    with pytest.raises(errors.DataError, match='A has two bars stamped 2013'):
        table.BarTable.merge([tables.flat([0, 1]), tables.flat([1, 2])])


def test_merge_of_generated_bars_is_generated():
    made = tables.make([(0, 0)], [(1, 1, 1, 1, 1)], ('A',), generated=True)
    real = tables.flat([0], symbol='B')
    assert table.BarTable.merge([real, made]).generated
    assert not table.BarTable.merge([real]).generated


@hypothesis.given(tables.bar_tables())
def test_parts_merged_in_any_order_are_the_whole(bars):
    parts = [bars.of(name) for name in bars.symbols]
    forth = table.BarTable.merge(parts)
    back = table.BarTable.merge(parts[::-1])
    assert forth.digest() == back.digest() == bars.digest()


@hypothesis.given(tables.bar_tables(), st.integers(0, 50))
def test_a_table_cut_in_time_and_merged_is_the_whole(bars, minute):
    cut = tables.NOON + minute * tables.MINUTE
    parts = [bars.select(start=cut + 1), bars.select(end=cut)]
    assert table.BarTable.merge(parts).digest() == bars.digest()


@hypothesis.given(tables.bar_tables(), st.sets(st.sampled_from('ABC')))
def test_select_of_symbols_is_the_filtered_rows(bars, names):
    picked = bars.select(names)
    assert picked.symbols == tuple(sorted(names))
    assert list(picked.rows()) == [
        bar for bar in bars.rows() if bar.symbol in names
    ]


@hypothesis.given(tables.bar_tables())
def test_digest_changes_with_any_price(bars):
    changed = bars.close.copy()
    changed[-1] = np.nextafter(changed[-1], np.inf)
    other = table.BarTable(
        bars.symbols,
        bars.symbol_index,
        bars.timestamp,
        bars.open,
        bars.high,
        bars.low,
        changed,
        bars.volume,
        bars.timeframe,
    )
    assert other.digest() != bars.digest()


def test_sort_order_of_sorted_rows_is_none():
    stamps = np.array([1, 1, 2], np.int64)
    assert table.sort_order(stamps, np.array([0, 1, 0], np.int32)) is None


@hypothesis.given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3)), max_size=20)
)
def test_sort_order_is_by_stamp_then_symbol(pairs):
    stamps = np.array([stamp for stamp, _ in pairs], np.int64)
    index = np.array([symbol for _, symbol in pairs], np.int32)
    order = table.sort_order(stamps, index)
    rows = range(len(pairs)) if order is None else order
    assert [pairs[row] for row in rows] == sorted(pairs)


def test_quotes_come_as_rows():
    one = np.array([1.0])
    quotes = table.QuoteTable(
        ('A',),
        np.zeros(1, np.int32),
        np.array([5], np.int64),
        one,
        one + 1,
        one + 2,
        one + 3,
    )
    assert list(quotes.rows()) == [market.Quote('A', 5, 1.0, 2.0, 3.0, 4.0)]


def test_merged_trades_may_share_a_stamp():
    one = table.TradeTable(
        ('A',),
        np.zeros(1, np.int32),
        np.array([5], np.int64),
        np.array([1.0]),
        np.array([2.0]),
    )
    merged = table.TradeTable.merge([one, one])
    assert list(merged.rows()) == [market.Trade('A', 5, 1.0, 2.0)] * 2


@hypothesis.given(tables.bar_tables())
def test_the_parts_of_a_split_are_each_symbols_rows(bars):
    parts = {name: bars.take(rows) for name, rows in bars.split()}
    assert list(parts) == list(bars.symbols)
    for name, part in parts.items():
        assert part.close.tolist() == bars.of(name).close.tolist()


@hypothesis.given(tables.bar_tables(), st.integers(1, 40))
def test_stretches_are_the_rows_with_their_columns(bars, size):
    found = list(bars.stretches(size))
    rows = [bar for stretch in found for bar in stretch.bars]
    assert rows == list(bars.rows())
    assert [bar.symbol for bar in rows] == [
        bars.symbols[number] for number in bars.symbol_index
    ]
    for stretch in found:
        assert stretch.symbols == [bar.symbol for bar in stretch.bars]
        assert stretch.stamps == [bar.timestamp for bar in stretch.bars]
        assert stretch.closes == [bar.close for bar in stretch.bars]
        assert stretch.ends == [
            place
            for place in range(1, len(stretch.bars))
            if stretch.stamps[place] > stretch.stamps[place - 1]
        ]
        assert not stretch.of_one


def test_a_stretch_says_that_all_is_of_one_symbol():
    (found,) = tables.flat(range(5)).stretches()
    assert found.of_one
    assert found.symbols == ['A'] * 5


def quotes(symbols=('A',), index=(0, 0, 0)):
    ones = np.ones(len(index))
    return table.QuoteTable(
        symbols,
        np.array(index, np.int32),
        np.arange(len(index), dtype=np.int64) // 2,
        bid=ones,
        ask=np.arange(2.0, 2.0 + len(index)),
        bid_size=ones,
        ask_size=ones,
    )


@pytest.mark.parametrize('symbols', [('A',), ('A', 'B')])
def test_quotes_come_in_stretches_with_their_middles(symbols):
    made = quotes(symbols, (0, len(symbols) - 1, 0))
    first, second = made.stretches(2)
    assert [*first.bars, *second.bars] == list(made.rows())
    assert first.closes + second.closes == [1.5, 2.0, 2.5]
    assert first.symbols == ['A', symbols[-1]]
    assert (first.stamps, first.ends) == ([0, 0], [])
    assert first.of_one is (len(symbols) == 1)


def test_the_middles_of_quotes_are_bars_of_one_price():
    bars = quotes().middles()
    for name in ('open', 'high', 'low', 'close'):
        assert getattr(bars, name).tolist() == [1.5, 2.0, 2.5]
    assert bars.volume.tolist() == [0.0] * 3
    assert (bars.symbols, bars.timeframe) == (('A',), 'tick:1')
