"""The risk of the book from the command line."""

import json
import time

import pytest

from sting.cli import risk
from sting.model import riskfigures

pytestmark = pytest.mark.unit


def measured(sting):
    """What is told once the first figures are there."""
    end = time.monotonic() + 20
    while (found := json.loads(sting('risk', '--json').out)) is None:
        assert time.monotonic() < end
        time.sleep(0.02)
    return found


def test_the_figures_as_json_and_as_text(sting, engine):
    found = measured(sting)
    assert found['equity'] > 0
    assert set(found) == set(riskfigures.RiskMetrics.__struct_fields__)
    out = sting('risk').out
    assert 'crisis_2008' in out
    assert 'buying_power' in out


def test_without_an_engine_it_exits_with_3(sting, home):
    assert sting('risk').code == 3


def test_a_figure_that_is_missing_is_a_dash():
    assert (risk._figure(None), risk._figure(0.5)) == ('-', '0.5000')
