"""How long things took, summed up."""

import pytest

from sting.model import health
from sting.session import histograms

pytestmark = pytest.mark.unit


def test_a_histogram_has_a_bucket_for_each_length():
    took = [0.00001, 0.0000101, 0.001, 0.0011, 0.0019, 9.0, 11.0]
    found = histograms.histogram('loop', took)
    by_end = dict(zip(health.ENDS_MS, found.counts, strict=False))
    assert {end: n for end, n in by_end.items() if n} == {
        0.01: 1,
        0.02: 1,
        1.0: 1,
        2.0: 2,
        10_000.0: 1,
    }
    assert found.counts[-1] == 1
    assert len(found.counts) == len(health.ENDS_MS) + 1
    assert found.taken == 7
    assert found.p50_ms == pytest.approx(1.1)
    assert found.p99_ms == found.max_ms == pytest.approx(11_000.0)


def test_what_never_happened_has_no_histogram():
    assert histograms.histogram('loop', []) is None


def test_the_percentiles_are_those_of_the_nearest_rank():
    found = histograms.histogram('x', [n / 1e3 for n in range(1, 1001)])
    assert found.p50_ms == pytest.approx(500.0)
    assert found.p99_ms == pytest.approx(990.0)
