"""What people type for an order."""

import pytest

from sting.model import errors
from sting.model import market
from sting.model import typed

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ('text', 'moment'),
    [
        ('2026-12-01', '2026-12-01T23:59:59Z'),
        (' 2026-12-01T15:30 ', '2026-12-01T15:30:00Z'),
        ('2026-12-01T15:30-05:00', '2026-12-01T20:30:00Z'),
    ],
)
def test_a_moment(text, moment):
    assert market.to_iso(typed.moment(text)) == moment


@pytest.mark.parametrize('text', ['', 'soon', '2026-13-01', '1', '0001-01-01x'])
def test_what_is_no_moment(text):
    with pytest.raises(errors.OrderError, match='is no moment'):
        typed.moment(text)


@pytest.mark.parametrize(('text', 'wanted'), [('1.5', 1.5), ('2%', '2%')])
def test_a_trail(text, wanted):
    assert typed.trail(text) == wanted


@pytest.mark.parametrize('text', ['', 'two', '0', '-1', '0%', '100%', 'nan'])
def test_what_is_no_trail(text):
    with pytest.raises(errors.OrderError, match='trail'):
        typed.trail(text)
