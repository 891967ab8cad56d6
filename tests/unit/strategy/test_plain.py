"""What users' code hands over becomes the log's own types."""

import enum
import math

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from sting.model import errors
from sting.model import events
from sting.model import orders
from sting.strategy import plain

pytestmark = pytest.mark.unit

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.floats(width=32).map(np.float32),
    st.floats().map(np.float64),
    st.text(st.characters()),
    st.binary(max_size=3),
    st.lists(st.integers(), max_size=2),
)


@given(
    st.fixed_dictionaries(
        {'symbol': ODD},
        optional=dict.fromkeys(
            set(orders.Signal.__struct_fields__) - {'symbol', 'indicators'}, ODD
        )
        | {'indicators': st.dictionaries(st.text(), ODD, max_size=2)},
    )
)
def test_a_signal_can_be_read_back_or_is_refused(fields):
    try:
        signal = plain.signal(**fields)
    except (errors.OrderError, TypeError, ValueError, OverflowError):
        # The runner makes any of them an error of the strategy.
        return
    text = events.encode(signal)
    assert events.decode(events.EventType.SIGNAL, text) == signal


@pytest.mark.parametrize('value', [math.nan, math.inf, np.float64('nan')])
def test_a_figure_that_is_not_finite_is_named(value):
    with pytest.raises(errors.OrderError, match=r'^weight (nan|inf) must be'):
        plain.number('weight', value)


def test_a_text_of_a_class_of_its_own_is_a_plain_one():
    class Reason(str):
        __slots__ = ()

    assert type(plain.text(Reason('why'))) is str


def test_a_word_of_an_enumeration_stays_what_it_is():
    class Mode(enum.StrEnum):
        FAST = 'fast'

    assert plain.scalar(Mode.FAST) is Mode.FAST
    assert plain.scalar([1]) == [1]
