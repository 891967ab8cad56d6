"""How much is held, and how it is spread."""

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from sting.risk.metrics import exposures

pytestmark = pytest.mark.unit

held = st.lists(
    st.tuples(st.sampled_from('abc'), st.floats(-1e6, 1e6)), max_size=20
)


@given(held)
def test_exposures_add_up(values):
    rows = exposures.grouped(values)
    total = sum(value for _, value in values)
    assert sum(r.net for r in rows) == pytest.approx(total, abs=1e-3)
    gross = sum(abs(value) for _, value in values)
    assert sum(r.gross for r in rows) == pytest.approx(gross, abs=1e-3)
    assert list(rows) == sorted(rows, key=lambda r: (-r.gross, r.name))


@given(held)
def test_concentration_lies_between_equal_parts_and_one(values):
    made = np.array([value for _, value in values])
    found = exposures.concentration(made)
    count = np.count_nonzero(made)
    if np.abs(made).sum() > 0:
        assert 1 / count - 1e-9 <= found <= 1 + 1e-9
    else:
        assert found is None


def test_concentration_of_equal_parts_long_and_short():
    assert exposures.concentration(np.array([5.0, -5.0])) == 0.5


def test_shares_and_drawdowns_of_nothing_are_none():
    assert exposures.share(1.0, 0.0) is None
    assert exposures.drawdown(0.0, 1.0) is None


def test_drawdown_is_a_share_of_the_height_and_never_a_gain():
    assert exposures.drawdown(200.0, 150.0) == 0.25
    assert exposures.drawdown(200.0, 250.0) == 0.0


def test_days_to_exit_at_a_share_of_the_volume():
    assert exposures.exit_days(-500.0, 1000.0, 0.1) == 5.0
    assert exposures.exit_days(500.0, 0.0, 0.1) is None
