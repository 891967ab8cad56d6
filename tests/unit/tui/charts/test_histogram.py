"""Histograms as lines of blocks."""

import pytest

from tui.charts import histogram

pytestmark = pytest.mark.unit


def counts(**by_place):
    found = [0] * histogram.BUCKETS
    for place, count in by_place.items():
        found[int(place[1:])] = count
    return found


def test_the_most_frequent_bucket_is_the_highest():
    drawn = histogram.render(counts(b2=1000, b3=500, b19=1), 1)
    assert drawn == '  █▄' + ' ' * 15 + '▁'


def test_buckets_may_be_wider():
    drawn = histogram.render(counts(b0=1), 2)
    assert drawn == '██' + ' ' * 38


def test_nothing_is_blank():
    assert histogram.render(counts(), 1) == ' ' * histogram.BUCKETS


@pytest.mark.parametrize('cells', [1, 2, 3])
def test_a_label_begins_in_the_bucket_that_ends_there(cells):
    line = histogram.scale(cells)
    assert len(line) <= histogram.BUCKETS * cells
    assert line.index('10µs') == 0
    assert line.index('1ms') == 6 * cells
    # What has no room is left out, not cut.
    assert (' 1s' in line) == line.endswith('10s') == (cells > 1)
