"""Stretches of time."""

import itertools

import hypothesis
from hypothesis import strategies as st
import pytest

from sting.data import ranges

pytestmark = pytest.mark.unit

STRETCH = st.tuples(st.integers(0, 40), st.integers(0, 40))


def moments(stretches):
    return {at for first, last in stretches for at in range(first, last + 1)}


@hypothesis.given(st.lists(STRETCH))
def test_a_union_has_the_same_moments_in_as_few_stretches(given):
    found = ranges.union(given)
    assert moments(found) == moments(given)
    for (_, end), (begin, _) in itertools.pairwise(found):
        assert begin > end + 1


@hypothesis.given(st.lists(STRETCH), st.integers(0, 40), st.integers(0, 40))
def test_what_is_lacking_and_what_is_common_make_the_whole(given, first, last):
    known = ranges.union(given)
    wanted = set(range(first, last + 1))
    lacking = ranges.lacking(known, first, last)
    common = ranges.common(known, first, last) if first <= last else ()
    assert moments(lacking) == wanted - moments(known)
    assert moments(common) == wanted & moments(known)


def test_months_are_cut_at_midnight_utc():
    # From 2012-12-31T23:59:59 to 2013-02-01T00:00:00.
    first, last = 1_356_998_399 * 10**9, 1_359_676_800 * 10**9
    assert list(ranges.by_month(first, last)) == [
        ('2012-12', first, 1_356_998_400 * 10**9 - 1),
        ('2013-01', 1_356_998_400 * 10**9, 1_359_676_800 * 10**9 - 1),
        ('2013-02', last, last),
    ]


def test_a_stretch_that_ends_before_it_begins_has_no_months():
    assert list(ranges.by_month(5, 4)) == []
