"""Combinations are made of their numbers."""

import hypothesis
from hypothesis import strategies as st
import numpy as np
import pytest

from sting.backtest.sweeping import spaces
from sting.model import errors
from sting.strategy import parameters

pytestmark = pytest.mark.unit

DECLARED = {
    'fast': parameters.Parameter(10, low=1, high=1000),
    'share': parameters.Parameter(0.5),
    'kind': parameters.Parameter('a', choices=('a', 'b', 'c')),
    'on': parameters.Parameter(True),
}


def values(text):
    (axis,) = spaces.parse([text], DECLARED).axes
    return list(axis.values)


@pytest.mark.parametrize(
    ('text', 'expected'),
    [
        ('fast=5:20:5', [5, 10, 15, 20]),
        ('fast=5:19:5', [5, 10, 15]),
        ('fast=3:5', [3, 4, 5]),
        ('fast=7', [7]),
        ('fast=7|3|7', [7, 3]),
        ('share=0.1:0.4:0.1', [0.1, 0.2, 0.3, 0.4]),
        ('share=-1:1', [-1.0, 0.0, 1.0]),
        ('kind=a|c', ['a', 'c']),
        ('on=true|false', [True, False]),
    ],
)
def test_values_are_spelled_out(text, expected):
    found = values(text)
    assert found == expected
    assert [type(each) for each in found] == [type(each) for each in expected]


@pytest.mark.parametrize(
    ('texts', 'words'),
    [
        ([], 'at least one --grid'),
        (['fast'], 'has to be name=start:stop:step'),
        (['=1:2'], 'has to be name=start:stop:step'),
        (['fast='], 'has to be name=start:stop:step'),
        (['fast=1:x'], 'in numbers'),
        (['fast=1:inf'], 'in numbers'),
        (['fast=1:2:3:4'], 'in numbers'),
        (['fast=5:1'], 'the stop not below'),
        (['fast=1:5:0'], 'above 0'),
        (['share=0:1:1e-9'], 'has 1,000,000,001 values'),
        (['fast=1:2', 'fast=3:4'], 'given twice'),
        (['fst=1:2'], "did you mean 'fast'"),
        (['fast=0:2'], 'fast is .* must be an int from 1 to 1000'),
        (['kind=z'], 'one of a, b, c'),
    ],
)
def test_what_makes_no_sense_is_told(texts, words):
    with pytest.raises((errors.InputError, errors.StrategyError), match=words):
        spaces.parse(texts, DECLARED)


def test_a_grid_beyond_64_bits_is_refused():
    many = {f'p{n}': parameters.Parameter(0.0) for n in range(7)}
    with pytest.raises(errors.InputError, match='combinations; make a step'):
        spaces.space(dict.fromkeys(many, range(1000)), many)


def test_no_values_are_refused():
    with pytest.raises(errors.InputError, match='has 0 values'):
        spaces.space({'fast': []}, DECLARED)


def test_the_last_parameter_changes_first():
    made = spaces.parse(['fast=1:2', 'kind=a|b|c'], DECLARED)
    found = [tuple(made.point(n).values()) for n in range(len(made))]
    assert found == [(f, k) for f in (1, 2) for k in 'abc']
    assert list(made.point(0)) == ['fast', 'kind']


@hypothesis.given(
    sizes=st.lists(st.integers(1, 5), min_size=1, max_size=4),
    first=st.integers(0, 50),
    count=st.integers(0, 50),
    draws=st.none() | st.integers(1, 40),
)
def test_columns_are_the_points_and_so_are_those_in_a_row(
    sizes, first, count, draws
):
    made = spaces.Space(
        tuple(
            spaces.Axis(f'p{at}', tuple(range(size)))
            for at, size in enumerate(sizes)
        )
    )
    if draws is not None:
        made = made.drawn(draws, np.random.default_rng(1))
    numbers = range(len(made))[first : first + count]
    columns = made.columns(numbers)
    assert list(columns) == list(made.point(0))
    for place, number in enumerate(numbers):
        point = {name: column[place] for name, column in columns.items()}
        assert point == made.point(number)
    in_a_row = list(made.points(numbers))
    assert in_a_row == [made.point(number) for number in numbers]
    assert all(list(point) == list(columns) for point in in_a_row)


def test_draws_are_of_the_grid_each_once_and_by_the_seed():
    made = spaces.parse(['fast=1:100', 'share=0:0.99:0.01'], DECLARED)

    def drawn(seed):
        picked = made.drawn(500, np.random.default_rng(seed))
        assert len(picked) == 500
        return [tuple(picked.point(at).values()) for at in range(500)]

    assert len(set(drawn(1))) == 500
    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)


def test_more_draws_than_there_are_give_the_whole_grid():
    made = spaces.parse(['fast=1:9'], DECLARED)
    assert made.drawn(9, np.random.default_rng(1)) is made
