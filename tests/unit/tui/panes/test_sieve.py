"""Filters that keep what they found."""

from hypothesis import given
from hypothesis import strategies as st
import msgspec
import pytest

from tui.panes import sieve

pytestmark = pytest.mark.unit


class Row(msgspec.Struct, frozen=True):
    key: int
    text: str


WORDS = ('fill', 'bar', 'order', 'bar fill')


def words(text, read=None):
    read = [] if read is None else read

    def everywhere(row):
        read.append(row.key)
        return row.text

    return sieve.Words(text, everywhere, {'key': lambda row: str(row.key)})


def rows(*numbers):
    """Rows with these keys, the newest first."""
    return tuple(Row(n, WORDS[n % len(WORDS)]) for n in numbers)


def sifted(made, found, text='fill'):
    """Sifts until nothing is left to be looked at."""
    kept = made.sift(found, words(text))
    while made.pending:
        kept = made.sift(found, words(text))
    return kept


def plain(found, text='fill'):
    return [row for row in found if words(text).hold(row)]


@pytest.mark.parametrize(
    ('text', 'keys'),
    [
        ('fill', [4, 3]),
        ('FILL bar', [3]),
        ('key:3', [3]),
        ('key:3 order', []),
        ('price:3', []),
    ],
)
def test_words_are_looked_for_in_all_or_in_one_column(text, keys):
    found = rows(4, 3, 2, 1)
    made = sieve.Sieve(lambda row: row.key)

    assert [row.key for row in made.sift(found, words(text))] == keys


def test_a_row_that_did_not_change_is_read_once():
    read = []
    made = sieve.Sieve(lambda row: row.key)
    made.sift(rows(3, 2, 1), words('fill', read))
    del read[:]
    changed = (Row(3, 'other'), *rows(2, 1))

    assert made.sift(changed, words('other', read)) == [changed[0]]
    assert read == [3]


def test_of_a_long_list_that_changes_a_part_is_read_at_a_time():
    made = sieve.Sieve(lambda row: row.key)
    found = rows(*range(2 * sieve.PART + 1))

    assert made.sift(found, words('fill')) == plain(found[: sieve.PART])
    assert made.pending == sieve.PART + 1
    assert sifted(made, found) == plain(found)
    assert sifted(made, found, 'order') == plain(found, 'order')


def test_of_a_long_list_the_newest_come_first_and_the_rest_later():
    made = sieve.SlidingSieve()
    found = rows(*range(2 * sieve.PART, 0, -1))

    first = made.sift(found, words('fill'))

    assert made.pending == sieve.PART
    assert first == plain(found[: sieve.PART])
    assert sifted(made, found) == plain(found)


def test_only_new_rows_are_read_of_a_list_that_slides():
    made = sieve.SlidingSieve()
    sifted(made, rows(*range(100, 0, -1)))
    read = []
    later = rows(*range(103, 5, -1))

    assert made.sift(later, words('fill', read)) == plain(later)
    assert read == [103, 102, 101]


def test_another_filter_looks_at_all_of_it():
    made = sieve.SlidingSieve()
    found = rows(*range(100, 0, -1))
    sifted(made, found)

    assert sifted(made, found, 'order') == plain(found, 'order')


@given(
    st.lists(
        st.tuples(st.integers(0, 40), st.integers(0, 60)),
        min_size=1,
        max_size=20,
    )
)
def test_it_finds_what_a_look_at_all_rows_finds(windows):
    """Whatever slides in and out, goes back in time or is cut."""
    made = sieve.SlidingSieve()
    for top, length in windows:
        found = rows(*range(top, max(top - length, -1), -1))
        assert sifted(made, found) == plain(found)
