import hypothesis
from hypothesis import strategies as st
import numpy as np
import pytest

from sting.backtest.figures import bootstrap
from sting.backtest.figures import metrics
from sting.model import errors

pytestmark = pytest.mark.unit


def chance(seed=1):
    return np.random.default_rng(seed)


@hypothesis.given(st.data(), st.integers(1, 40), st.integers(1, 5))
def test_a_path_is_made_of_blocks_in_a_row(data, count, paths):
    block = data.draw(st.integers(1, count))
    found = bootstrap.places(count, block, paths, chance())
    assert found.shape == (paths, count)
    assert ((found >= 0) & (found < count)).all()
    steps = np.diff(found, axis=1) % count
    inside = np.arange(1, count) % block != 0
    assert (steps[:, inside] == 1 % count).all()


def test_every_place_is_as_likely_as_any_other():
    found = bootstrap.places(10, 4, 20_000, chance())
    shares = np.bincount(found.ravel()) / found.size
    assert shares == pytest.approx(np.full(10, 0.1), abs=0.002)


def test_the_same_chance_gives_the_same_paths():
    first = bootstrap.places(9, 2, 3, chance(7))
    assert (first == bootstrap.places(9, 2, 3, chance(7))).all()
    assert (first != bootstrap.places(9, 2, 3, chance(8))).any()


@pytest.mark.parametrize(
    ('count', 'block', 'paths'), [(0, 1, 1), (5, 0, 1), (5, 6, 1), (5, 1, 0)]
)
def test_what_cannot_be_drawn_is_refused(count, block, paths):
    with pytest.raises(errors.InputError, match='cannot be drawn'):
        bootstrap.places(count, block, paths, chance())


def test_the_mean_scatters_as_theory_says():
    values = chance(3).normal(1.0, 2.0, 400)
    found = bootstrap.redrawn(
        values, metrics.mean, block=1, paths=4_000, chance=chance()
    )
    assert (np.diff(found) >= 0).all()
    assert found.mean() == pytest.approx(values.mean(), abs=0.01)
    assert found.std() == pytest.approx(values.std() / 20.0, rel=0.05)


def test_blocks_keep_what_neighbours_have_in_common():
    # Runs of equal signs: drawn one by one the mean seems too certain.
    values = np.repeat(np.tile([1.0, -1.0], 20), 10)

    def deviation(block):
        return bootstrap.redrawn(
            values, metrics.mean, block=block, paths=2_000, chance=chance()
        ).std()

    assert deviation(10) > 1.5 * deviation(1)


def test_paths_without_the_figure_are_left_out():
    found = bootstrap.redrawn(
        np.array([1.0, -1.0]),
        metrics.profit_factor,
        block=1,
        paths=100,
        chance=chance(),
    )
    assert 0 < len(found) < 100


def test_a_band_holds_its_share():
    assert bootstrap.band(np.arange(101.0)) == pytest.approx((5.0, 95.0))
    assert bootstrap.band(np.arange(101.0), 0.5) == pytest.approx((25, 75))
    assert bootstrap.band(np.empty(0)) is None
