import contextlib
import pathlib
import tempfile

import hypothesis
from hypothesis import strategies as st
import pytest

from sting.data import files
from sting.data import table
from sting.data import times
from sting.model import errors
from tests.unit.data import tables

pytestmark = pytest.mark.unit

FIRST = '2013-03-01T14:30:00Z,10,11,9,10.5,100'
SECOND = '2013-03-01T14:31:00Z,10,11,9,10.5,100'
STAMP = '2013-03-01T14:32:00Z'


def iso(loaded):
    return [bar.time.isoformat()[:16] for bar in loaded.table.rows()]


@hypothesis.settings(deadline=None)
@hypothesis.given(
    tables.bar_tables(), st.sampled_from(['bars.csv', 'bars.parquet'])
)
def test_what_was_written_is_read_back(bars, name):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / name
        tables.write(bars, path)
        loaded = files.read(path, timeframe='1m')
    names = {bars.symbols[each] for each in bars.symbol_index}
    assert list(loaded.table.rows()) == list(bars.rows())
    assert loaded.table.digest() == bars.select(names).digest()


def test_csv_and_parquet_have_the_same_identity(tmp_path):
    bars = tables.flat(range(10))
    tables.write(bars, tmp_path / 'one.csv')
    tables.write(bars, tmp_path / 'one.parquet')
    read = {files.read(path).table.digest() for path in tmp_path.iterdir()}
    assert read == {bars.digest()}


def test_a_timestamp_is_the_opening_and_the_bar_gets_its_close(tmp_path):
    path = tables.text(tmp_path / 'X.csv', FIRST, SECOND)
    loaded = files.read(path)
    assert loaded.table.timeframe == '1m'
    assert iso(loaded) == ['2013-03-01T14:31', '2013-03-01T14:32']


def test_a_timestamp_that_is_the_close_stays(tmp_path):
    path = tables.text(tmp_path / 'X.csv', FIRST, SECOND)
    loaded = files.read(path, stamp='close')
    assert iso(loaded) == ['2013-03-01T14:30', '2013-03-01T14:31']


def test_a_date_is_stamped_with_its_sessions_close(tmp_path):
    rows = ['2012-11-21,1,1,1,1,5', '2012-11-23,1,1,1,1,5']
    header = tables.HEADER.replace('timestamp', 'date')
    path = tables.text(tmp_path / 'X.csv', *rows, header=header)
    loaded = files.read(path)
    assert loaded.table.timeframe == '1d'
    assert iso(loaded) == ['2012-11-21T21:00', '2012-11-23T18:00']


def test_a_date_that_is_no_session_names_its_line(tmp_path):
    rows = ['2013-03-01,1,1,1,1,5', '2013-03-02,1,1,1,1,5']
    header = tables.HEADER.replace('timestamp', 'date')
    path = tables.text(tmp_path / 'X.csv', *rows, header=header)
    with pytest.raises(errors.DataError, match=r'X\.csv:3: 2013-03-02 is no'):
        files.read(path)
    assert len(files.read(path, calendar='24/7').table) == 2


def test_a_file_without_symbols_has_that_of_its_name(tmp_path):
    path = tables.text(tmp_path / 'GOOG.csv', FIRST, SECOND)
    assert files.read(path).table.symbols == ('GOOG',)
    assert files.read(path, symbols=['X']).table.symbols == ('X',)


def test_several_files_without_symbols_go_by_their_names(tmp_path):
    one = tables.text(tmp_path / 'B.csv', FIRST, SECOND)
    two = tables.text(tmp_path / 'A.csv', FIRST, SECOND)
    loaded = files.read([one, two], symbols=['A', 'B'])
    assert [bar.symbol for bar in loaded.table.rows()] == ['A', 'B', 'A', 'B']


def test_several_symbols_for_a_file_without_symbols_are_refused(tmp_path):
    path = tables.text(tmp_path / 'X.csv', FIRST, SECOND)
    with pytest.raises(errors.DataError, match='exactly one symbol'):
        files.read(path, symbols=['A', 'B'])


def test_an_unknown_symbol_names_those_there_are():
    with pytest.raises(errors.DataError, match='there are: AAPL, FB, GOOG'):
        files.read('sample', symbols=['NOPE'])


def test_no_file_is_refused():
    with pytest.raises(errors.DataError, match='no file'):
        files.read([])


def test_start_and_end_are_whole_days():
    loaded = files.read(
        'sample', symbols=['IBM'], start='2000-03-01', end='2000-03-03'
    )
    assert iso(loaded) == [f'2000-03-0{day}T21:00' for day in (1, 2, 3)]


def test_start_and_end_may_be_nanoseconds():
    stamp = times.parse_moment('2000-03-01T21:00:00Z')
    loaded = files.read('sample', symbols=['IBM'], start=stamp, end=stamp)
    assert loaded.table.timestamp.tolist() == [stamp]


def test_a_range_without_bars_is_refused():
    with pytest.raises(errors.DataError, match='no bars are left'):
        files.read('sample', start='2020-01-01')


@pytest.mark.parametrize(
    ('line', 'message'),
    [
        (f'{STAMP},10,eleven,9,10,1', "high 'eleven' is not a number"),
        (f'{STAMP},10,,9,10,1', "high '' is not a number|high is missing"),
        (f'{STAMP},10,nan,9,10,1', 'high is missing'),
        (f'{STAMP},10,inf,9,10,1', 'high is inf, not finite'),
        (f'{STAMP},10,1e999,9,10,1', 'high is inf, not finite'),
        (f'{STAMP},0,11,0,10,1', 'open 0 is not above 0'),
        (f'{STAMP},10,11,-9,10,1', 'low -9 is not above 0'),
        (f'{STAMP},12,11,9,10,1', 'open 12 is outside low 9 and high 11'),
        (f'{STAMP},10,11,9,8,1', 'close 8 is outside low 9 and high 11'),
        (f'{STAMP},10,9,11,10,1', 'high 9 is below low 11'),
        (f'{STAMP},10,11,9,10,-1', 'volume -1 is negative'),
        (f'{STAMP},10,11', 'does not have 6 values'),
        (f'{STAMP},10,11,9,10,1,7', 'does not have 6 values'),
        ('yesterday,10,11,9,10,1', "timestamp 'yesterday' is none"),
        ('1362148320,10,11,9,10,1', "timestamp '1362148320' is none"),
        (',10,11,9,10,1', 'timestamp is missing'),
        (SECOND, 'a second bar of this symbol and stamp'),
    ],
)
def test_a_malformed_row_names_file_and_line(tmp_path, line, message):
    path = tables.text(tmp_path / 'X.csv', FIRST, SECOND, '', line)
    with pytest.raises(errors.DataError, match=message) as caught:
        files.read(path)
    assert caught.value.path == str(path)
    assert caught.value.line == 5


def test_a_malformed_row_of_parquet_is_named_by_its_number(tmp_path):
    bars = tables.make([(0, 0), (1, 0)], [(9, 10, 10, 11, 5), (9, 8, 8, 7, 5)])
    tables.write(bars, tmp_path / 'X.parquet')
    with pytest.raises(errors.DataError, match='row 2: high 7 is below low 9'):
        files.read(tmp_path / 'X.parquet')


def test_trades_are_no_bars_and_the_way_to_them_is_told(tmp_path):
    tables.text(tmp_path / 'X.csv', '1,1,1', header='timestamp,Price,size')
    with pytest.raises(errors.DataError, match='these are trades: make bars'):
        files.read(tmp_path / 'X.csv')


@pytest.mark.parametrize('lacking', ['timestamp', 'open', 'close', 'volume'])
def test_a_missing_column_is_named_with_those_found(tmp_path, lacking):
    names = [each for each in tables.HEADER.split(',') if each != lacking]
    path = tmp_path / 'X.csv'
    tables.text(path, '1,1,1,1,1', header=','.join(names))
    with pytest.raises(errors.DataError) as caught:
        files.read(path)
    assert f'no column {lacking}; the columns are: {names[0]}' in str(
        caught.value
    )
    assert caught.value.line == 1


def test_rows_out_of_order_are_sorted_with_a_warning(tmp_path):
    path = tables.text(tmp_path / 'X.csv', SECOND, FIRST)
    loaded = files.read(path)
    assert iso(loaded) == ['2013-03-01T14:31', '2013-03-01T14:32']
    assert loaded.warnings == (f'{path}: rows out of order, now sorted: 1',)


def test_a_file_that_goes_symbol_by_symbol_is_in_order(tmp_path):
    rows = [f'{name},{row}' for name in 'BA' for row in (FIRST, SECOND)]
    header = f'symbol,{tables.HEADER}'
    loaded = files.read(tables.text(tmp_path / 'X.csv', *rows, header=header))
    assert loaded.warnings == ()
    assert [bar.symbol for bar in loaded.table.rows()] == ['A', 'B', 'A', 'B']


def test_holes_and_bars_without_volume_are_warnings(tmp_path):
    path = tables.text(
        tmp_path / 'X.csv', FIRST, SECOND, '2013-03-01T14:35:00Z,1,1,1,1,0'
    )
    loaded = files.read(path)
    assert loaded.warnings == (
        'X: bars without volume: 1',
        'X: bars missing: 3, the first after 2013-03-01T14:32:00Z',
    )


def test_a_single_bar_needs_its_timeframe(tmp_path):
    path = tables.text(tmp_path / 'X.csv', FIRST)
    with pytest.raises(errors.DataError, match='name it, such as timeframe'):
        files.read(path)
    assert iso(files.read(path, timeframe='5m')) == ['2013-03-01T14:35']


def test_a_timeframe_longer_than_the_step_is_refused(tmp_path):
    path = tables.text(tmp_path / 'X.csv', FIRST, SECOND)
    with pytest.raises(errors.DataError, match='5m cannot be 60 s apart'):
        files.read(path, timeframe='5m')


def test_sessions_are_no_minutes():
    with pytest.raises(errors.DataError, match='days, not bars of 1m'):
        files.read('sample', timeframe='1m')
    assert files.read('sample', timeframe='1d').table.timeframe == '1d'


@pytest.mark.parametrize(
    'options', [{'stamp': 'middle'}, {'timeframe': 'week'}, {'start': 'then'}]
)
def test_a_wrong_argument_is_refused(options):
    with pytest.raises(errors.DataError):
        files.read('sample', **options)


def test_the_same_bar_in_two_files_is_refused(tmp_path):
    one = tables.text(tmp_path / 'a.csv', FIRST, SECOND)
    two = tables.text(tmp_path / 'b.csv', SECOND, FIRST)
    with pytest.raises(errors.DataError, match='two bars stamped'):
        files.read([one, two], symbols=['X'])


def test_quotes_are_read_in_order(tmp_path):
    path = tables.text(
        tmp_path / 'X.csv',
        '2013-03-01T14:30:01Z,2,3,10,20',
        '2013-03-01T14:30:00.5Z,1,2,10,20',
        header='timestamp,bid,ask,bid_size,ask_size',
    )
    quotes = files.read_quotes(path, symbols=['X'])
    assert isinstance(quotes, table.QuoteTable)
    assert [quote.bid for quote in quotes.rows()] == [1.0, 2.0]
    assert quotes.timestamp[0] % 10**9 == 5 * 10**8


def test_trades_may_share_a_stamp(tmp_path):
    row = '2013-03-01T14:30:01Z,2,3'
    path = tables.text(
        tmp_path / 'X.csv', row, row, header='timestamp,price,size'
    )
    trades = files.read_trades(path)
    assert [trade.size for trade in trades.rows()] == [3.0, 3.0]


def test_a_malformed_quote_or_trade_names_its_line(tmp_path):
    quotes = tables.text(
        tmp_path / 'Q.csv',
        '2013-03-01T14:30:01Z,0,3,10,20',
        header='timestamp,bid,ask,bid_size,ask_size',
    )
    trades = tables.text(
        tmp_path / 'T.csv',
        '2013-03-01T14:30:01Z,2,-3',
        header='timestamp,price,size',
    )
    with pytest.raises(errors.DataError, match=':2: bid 0 is not above 0'):
        files.read_quotes(quotes)
    with pytest.raises(errors.DataError, match=':2: size -3 is negative'):
        files.read_trades(trades)


_CELLS = st.one_of(
    st.sampled_from(
        ['', '1', '-1', 'nan', '1e400', '2013-03-01', '"', '1,2', '\x00', ' ']
    ),
    st.text(max_size=8),
    st.floats().map(str),
    st.integers().map(str),
)
_LINES = st.lists(st.lists(_CELLS, max_size=7).map(','.join), max_size=6)


@hypothesis.settings(deadline=None, max_examples=300)
@hypothesis.given(
    _LINES, st.sampled_from([tables.HEADER, 'date,symbol,' + tables.HEADER, ''])
)
def test_text_is_read_or_refused_with_a_data_error(lines, header):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / 'X.csv'
        content = '\n'.join([header, FIRST, *lines])
        path.write_bytes(content.encode('utf-8', 'surrogatepass'))
        with contextlib.suppress(errors.DataError):
            assert (files.read(path, timeframe='1m').table.low > 0).all()


@hypothesis.settings(deadline=None, max_examples=200)
@hypothesis.given(st.binary(max_size=200), st.booleans())
def test_bytes_are_read_or_refused_with_a_data_error(content, parquet):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / 'X.bin'
        path.write_bytes((b'PAR1' if parquet else b'') + content)
        with pytest.raises(errors.DataError):
            files.read(path)


SAID = f'{tables.HEADER},timeframe'
ROW = '1,1,1,1,5'


def test_a_file_may_say_its_timeframe(tmp_path):
    path = tables.text(
        tmp_path / 'A.csv',
        f'2013-03-01T15:00:00Z,{ROW},tick:9',
        header=SAID,
    )
    found = files.read(path).table
    assert found.timeframe == 'tick:9'
    assert found.timestamp[0] == times.parse_moment('2013-03-01T15:00:00Z')
    with pytest.raises(errors.DataError, match='says that its bars are of'):
        files.read(path, timeframe='1m')


def test_a_timeframe_that_others_write_is_passed_over(tmp_path):
    path = tables.text(
        tmp_path / 'A.csv',
        f'2013-03-01T15:00:00Z,{ROW},M1',
        f'2013-03-01T15:01:00Z,{ROW},M1',
        header=SAID,
    )
    assert files.read(path).table.timeframe == '1m'


def test_bars_of_two_timeframes_in_a_file_are_refused(tmp_path):
    path = tables.text(
        tmp_path / 'A.csv',
        f'2013-03-01T15:00:00Z,{ROW},1m',
        f'2013-03-01T15:01:00Z,{ROW},5m',
        header=SAID,
    )
    with pytest.raises(errors.DataError, match='has 1m and 5m; give bars'):
        files.read(path)


def test_bars_that_end_with_trades_have_no_holes_between_them(tmp_path):
    path = tables.text(
        tmp_path / 'A.csv',
        f'2013-03-01T15:00:00Z,{ROW},tick:9',
        f'2013-03-01T15:01:00Z,{ROW},tick:9',
        f'2013-03-01T16:01:00Z,{ROW},tick:9',
        header=SAID,
    )
    assert files.read(path).warnings == ()
