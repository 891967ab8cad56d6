"""Columns of texts and names keep what they are given, in few bytes."""

import hypothesis
from hypothesis import strategies as st
import pytest

from sting.backtest import texts

pytestmark = pytest.mark.unit

PARTS = st.lists(st.lists(st.text(max_size=3), max_size=9), max_size=4)


@hypothesis.given(parts=PARTS, kind=st.sampled_from([texts.Names, texts.Texts]))
def test_a_column_has_what_was_added_in_its_order(parts, kind):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(texts, '_TOGETHER', 4)
        found = kind(parts[0] if parts else ())
        for number, part in enumerate(parts[1:]):
            if number % 2:
                found.extend(iter(part))
            else:
                for value in part:
                    found.append(value)
        expected = [value for part in parts for value in part]
        assert list(found) == list(found) == expected
        assert len(found) == len(expected)


def test_names_give_back_the_values_themselves():
    one, other = object(), object()
    found = texts.Names([one, other, one])
    assert [value is one for value in found] == [True, False, True]


def test_texts_that_are_alike_take_a_few_bytes_each():
    found = texts.Texts(f'backtest-{n * 7}-1-1' for n in range(20_480))
    assert sum(map(len, found._packed)) < 5 * len(found)
    assert not found._last
