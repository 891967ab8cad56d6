"""Files of quotes, for what runs over them."""

import pytest

from sting.data import quotes
from sting.model import errors

pytestmark = pytest.mark.unit

TEXT = """timestamp,bid,ask,bid_size,ask_size
2024-01-02T14:30:00Z,10.0,10.1,1,2
2024-01-03T14:30:00Z,10.3,10.1,1,2
2024-01-04T14:30:00Z,10.2,10.3,1,2
"""
BARS = """timestamp,open,high,low,close,volume
2024-01-02T14:30:00Z,1,1,1,1,1
2024-01-02T14:31:00Z,1,1,1,1,1
"""


@pytest.fixture
def write(tmp_path):
    def written(text, name='X.csv'):
        path = tmp_path / name
        path.write_text(text)
        return str(path)

    return written


@pytest.mark.parametrize(
    ('text', 'found'), [(TEXT, True), (BARS, False), ('a,b\n1,2\n', False)]
)
def test_the_titles_say_whether_they_are_quotes(write, text, found):
    assert quotes.are_quotes([write(text)]) is found


def test_what_is_not_there_is_no_quotes(tmp_path):
    assert not quotes.are_quotes([tmp_path / 'none.csv'])


def test_several_files_are_one_table(write):
    paths = [write(TEXT, 'A.csv'), write(TEXT, 'B.csv')]
    made = quotes.read(paths)
    assert made.quotes.symbols == ('A', 'B')
    assert len(made.quotes) == 6
    assert quotes.read(paths, symbols=['B']).quotes.symbols == ('B',)


def test_a_day_at_the_end_is_meant_whole(write):
    made = quotes.read([write(TEXT)], start='2024-01-03', end='2024-01-03')
    assert made.quotes.bid.tolist() == [10.3]


def test_nothing_between_start_and_end_is_an_error(write):
    with pytest.raises(errors.DataError, match='no quotes are left'):
        quotes.read([write(TEXT)], start='2025-01-01')


def test_other_rows_are_an_error(write):
    with pytest.raises(errors.DataError, match='no quotes'):
        quotes.read([write(BARS)])


def test_a_bid_above_the_ask_is_told(write):
    (warning,) = quotes.read([write(TEXT)]).warnings
    assert warning.startswith('of 3 quotes 1 have a bid above the ask')
    assert quotes.read([write(TEXT)], start='2024-01-04').warnings == ()
