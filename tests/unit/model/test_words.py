"""Tests of enumerations with members in the class itself."""

import enum

import pytest

from sting.model import events
from sting.model import orders
from sting.model import words

pytestmark = pytest.mark.unit


def test_direct_puts_each_member_into_the_class() -> None:
    @words.direct
    class Kind(enum.StrEnum):
        ONE = 'one'
        TWO = 'two'

    assert vars(Kind)['ONE'] is Kind('one')
    assert vars(Kind)['TWO'] is Kind['TWO']


def test_direct_leaves_an_enumeration_what_it_was() -> None:
    assert list(orders.OrderSide) == ['buy', 'sell']
    assert orders.OrderSide('buy') is orders.OrderSide.BUY
    assert orders.OrderSide.BUY.sign == 1
    with pytest.raises(AttributeError):
        orders.OrderSide.BUY = 'other'  # type: ignore[misc,assignment]


def test_direct_leaves_unknown_words_unknown() -> None:
    with pytest.raises(AttributeError):
        _ = events.EventType.NO_SUCH  # type: ignore[attr-defined]
