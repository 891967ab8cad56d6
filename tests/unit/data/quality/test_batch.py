"""The hours of an exchange, around a moment."""

import numpy as np
import pytest

from sting.data.quality import batch
from tests.unit.data.quality import worlds

pytestmark = pytest.mark.unit

PAIRS = ((0, 10), (10, 20), (25, 30))


def test_a_stretch_closes_at_the_moment_or_after_it():
    rng = np.random.default_rng(5)
    hours = worlds.spans(*PAIRS)
    for minute in rng.integers(-5, 35, 300).tolist():
        moment = worlds.OPENING + minute * worlds.MINUTE
        place = min(sum(end < minute for _, end in PAIRS), 2)
        opens, closes = (
            worlds.OPENING + worlds.MINUTE * each for each in PAIRS[place]
        )
        before = batch.NEVER
        if place:
            before = worlds.OPENING + worlds.MINUTE * PAIRS[place - 1][1]
        assert hours.stretch(moment) == (place, before, opens, closes)
