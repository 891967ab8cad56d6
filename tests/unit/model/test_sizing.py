"""What is configured of sizing."""

import pytest

from sting.model import sizing

pytestmark = pytest.mark.unit


def test_a_method_has_the_name_that_it_is_configured_by():
    assert sizing.word(sizing.Kelly()) == 'kelly'
    assert sizing.word(sizing.EqualRisk()) == 'equal_risk'


def test_what_moves_is_measured_by_an_indicator_of_its_own_name():
    figure = sizing.figure_of(sizing.AverageRange(period=5))
    assert figure == 'sizing ATR(5)'
    figure = sizing.figure_of(sizing.VolatilityTarget(period=9))
    assert figure == 'sizing volatility(9)'
