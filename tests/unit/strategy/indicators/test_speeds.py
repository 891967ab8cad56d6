"""Every indicator: both speeds, all kinds of bars, and the context's."""

import math

import hypothesis
from hypothesis import strategies as st
import numpy as np
import pytest

from sting.strategy import context
from sting.strategy import handles
from sting.strategy import indicators
from sting.strategy.indicators import base
from tests.unit.strategy.indicators import kinds

pytestmark = pytest.mark.unit

EVERY = pytest.mark.parametrize(('kind', 'options'), kinds.KINDS, ids=kinds.IDS)
# A loaded machine is slow.
PATIENT = hypothesis.settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)


def bits(values):
    values = np.asarray(values, np.float64)
    return np.where(np.isnan(values), math.nan, values).tobytes()


def test_none_is_left_out():
    shown = {
        value
        for value in vars(indicators).values()
        if isinstance(value, type) and issubclass(value, indicators.Indicator)
    }
    assert shown - {kind for kind, _ in kinds.KINDS} == {
        indicators.Indicator,
        indicators.RatioZScore,
    }


@EVERY
@PATIENT
@hypothesis.given(table=kinds.columns())
def test_both_speeds_are_equal_bit_for_bit(kind, options, table):
    stepped = kinds.step(kind(**options), table)
    at_once = kind(**options).over_lines(table)
    assert len(at_once) == len(stepped)
    for line, column in zip(stepped, at_once, strict=True):
        assert bits(line) == bits(column)
    main = kind(**options).over_columns(table)
    assert bits(main) == bits(stepped[0])


@EVERY
def test_the_pieces_of_a_long_column_fit_together(kind, options, monkeypatch):
    monkeypatch.setattr(base, '_PIECE', 7)
    table = kinds.walk(100)
    stepped = kinds.step(kind(**options), table)
    for line, column in zip(
        stepped, kind(**options).over_lines(table), strict=True
    ):
        assert bits(line) == bits(column)


@EVERY
def test_whole_columns_leave_an_indicator_as_it_was(kind, options):
    table = kinds.walk(30)
    used = kind(**options)
    used.over_columns(table)
    stepped = kinds.step(used, table)
    assert bits(stepped) == bits(kinds.step(kind(**options), table))


@EVERY
def test_a_value_rests_on_no_later_bar(kind, options):
    table = kinds.walk(40)
    whole = kind(**options).over_lines(table)
    for size in (1, 20, 39):
        part = {name: column[:size] for name, column in table.items()}
        for line, rest in zip(
            whole, kind(**options).over_lines(part), strict=True
        ):
            assert bits(line[:size]) == bits(rest)


@EVERY
def test_it_is_nan_until_there_are_enough_bars_and_never_again(kind, options):
    table = kinds.walk(60)
    for line in kind(**options).over_lines(table):
        known = ~np.isnan(line)
        assert known[-1]
        assert known[int(known.argmax()) :].all()


@PATIENT
@hypothesis.given(table=kinds.columns(max_size=20), data=st.data())
def test_preloading_changes_no_line(table, data):
    kind, options = data.draw(st.sampled_from(kinds.KINDS))
    seen = []
    for preload in (False, True):
        shared = context.Context()
        handle = handles.Handle(kind, options, None)
        shared.add(handle)
        if preload:
            shared.preload('X', table)
        found = []
        for bar in kinds.bars(table):
            shared.update(bar)
            for line in (handle, *handle.others.values()):
                found += [line.value, line.previous]
            for line in (handle['X'], *handle['X'].others.values()):
                found += [line.value, line.previous]
        seen.append(bits(found))
    assert seen[0] == seen[1]
