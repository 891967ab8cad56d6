"""Words of other machines."""

import pytest

from sting.net import words

pytestmark = pytest.mark.unit


def test_a_secret_is_never_told():
    assert words.plain('key abc is wrong', ['abc']) == 'key *** is wrong'


def test_words_are_one_line_that_can_be_shown():
    assert words.plain('a\n\tb\x1b[31m  c') == 'a b[31m c'


def test_long_words_are_cut():
    assert words.plain('x' * 300) == 'x' * 200 + '…'
