"""What each mode of filling makes of what a bar leaves open."""

import itertools
import math

import hypothesis
from hypothesis import given
from hypothesis import strategies as st
import pytest

from sting.model import errors
from sting.simulator import fills
from sting.simulator import modes
from tests.unit.simulator import worlds

pytestmark = pytest.mark.unit

BUY, SELL = fills.BUY, fills.SELL


def test_a_mode_that_is_none_is_refused():
    with pytest.raises(errors.ConfigError, match="'worst' is not one of next"):
        modes.number('worst')


@pytest.mark.parametrize(
    ('sign', 'four', 'corners', 'why'),
    [
        (BUY, (100, 104, 99, 103), (100, 99, 104, 103), 'the low is nearer'),
        (SELL, (100, 101, 96, 97), (100, 101, 96, 97), 'the high is nearer'),
        (BUY, (100, 102, 98, 99), (100, 102, 98, 99), 'a tie: high first'),
        (SELL, (100, 102, 98, 99), (100, 98, 102, 99), 'a tie: low first'),
    ],
)
def test_the_path_through_a_bar(sign, four, corners, why):
    assert modes.path(sign, *four) == corners, why


@pytest.mark.parametrize(
    ('kind', 'limit', 'stop', 'gone', 'why'),
    [
        (fills.MARKET, 0.0, 0.0, 0.0, 'at the open'),
        (fills.LIMIT, 99.25, 0.0, 0.75, '100 to 99.25'),
        (fills.STOP, 0.0, 103.0, 5.0, '100 to 99, 99 to 103'),
        (fills.STOP, 0.0, 105.0, math.inf, 'not reached'),
    ],
)
def test_how_far_along_the_path_a_fill_is(kind, limit, stop, gone, why):
    outcome = modes.along_path(
        *(kind, BUY, limit, stop, False, False, 0.0, 0.0, False),
        *(100.0, 104.0, 99.0, 103.0),
    )
    assert outcome[3] == gone, why


@pytest.mark.parametrize('sign', [BUY, SELL])
def test_a_trailing_stop_without_a_trigger_begins_at_the_open(sign):
    terms = fills.STOP, sign, 0.0, 0.0, False, True, 3.0, 0.0
    four = 100.0, 104.0, 96.0, 100.0
    assert modes.along_path(*terms, False, *four)[:2] == (
        fills.AT_STOP,
        pytest.approx(100.0 + sign * 3.0),
    )
    best = 96.0 if sign > 0 else 104.0
    assert modes.at_best(*terms, *four[:3])[:2] == (
        fills.AT_STOP,
        pytest.approx(best + sign * 3.0),
    )


def test_a_stop_that_was_triggered_before_is_a_market_order_in_each_mode():
    terms = fills.STOP, SELL, 0.0, 99.0, True, True, 3.0, 0.0
    four = 100.0, 104.0, 99.0, 103.0
    assert modes.along_path(*terms, False, *four)[:2] == (fills.AT_OPEN, 100.0)
    assert modes.at_best(*terms, *four[:3])[:2] == (fills.AT_OPEN, 100.0)


@st.composite
def held(draw):
    """An order's terms and a bar, in whole prices so that they meet."""
    four = sorted(draw(st.tuples(*[worlds.prices] * 4)))
    first, last = draw(st.permutations(four[1:3]))
    kind = draw(st.sampled_from([0, 1, 2, 3]))
    trails = kind == fills.STOP and draw(st.booleans())
    amount = draw(st.sampled_from([1.0, 4.0])) if trails else 0.0
    sign = draw(st.sampled_from([BUY, SELL]))
    triggered = not trails and kind >= fills.STOP and draw(st.booleans())
    terms = (
        *(kind, sign, draw(worlds.prices), draw(worlds.prices)),
        *(triggered, trails, amount, 0.0),
    )
    return terms, (first, four[3], four[0], last)


def outcomes(terms, four):
    """Gives (code, price, touched) from the worst mode to the best."""
    return (
        fills.fill_price(*terms[:5], *four[:3]),
        modes.along_path(*terms, False, *four)[:3],
        modes.at_best(*terms, *four[:3]),
    )


many = hypothesis.settings(worlds.patient, max_examples=150)


@many
@given(held())
def test_a_fill_lies_inside_the_bar_in_each_mode(drawn):
    terms, four = drawn
    for code, price, _ in outcomes(terms, four):
        assert code == fills.NONE or four[2] <= price <= four[1]


@many
@given(held())
def test_no_mode_is_worse_than_the_one_before_it(drawn):
    terms, four = drawn
    sign = terms[1]
    came = outcomes(terms, four)
    for worse, better in itertools.pairwise(came):
        assert worse[2] <= better[2]
        if worse[0] != fills.NONE:
            assert better[0] != fills.NONE
            assert sign * better[1] <= sign * worse[1]


@many
@given(held())
def test_no_mode_fills_beyond_a_limit(drawn):
    terms, four = drawn
    kind, sign, limit = terms[:3]
    for code, price, _ in outcomes(terms, four):
        if code != fills.NONE and kind in (fills.LIMIT, fills.STOP_LIMIT):
            assert sign * price <= sign * limit


@many
@given(held())
def test_but_for_touches_bars_leave_simple_orders_nothing_open(drawn):
    # The loop over columns relies on it.
    terms, four = drawn
    hypothesis.assume(terms[0] != fills.STOP_LIMIT and not terms[5])
    worst, path, best = outcomes(terms, four)
    assert worst == path
    touched = terms[0] == fills.LIMIT and terms[2] in four[1:3]
    assert path == best or touched


@many
@given(held())
def test_a_bar_of_one_price_leaves_nothing_open(drawn):
    terms, (first, *_) = drawn
    worst, path, best = outcomes(terms, (first,) * 4)
    if terms[0] != fills.LIMIT:
        hypothesis.assume(first not in terms[2:4])
    assert worst == path == best


def steps(corners, size=0.25):
    """The path as bars so small that they leave nothing open."""
    yield corners[0], corners[0], corners[0]
    for start, end in itertools.pairwise(corners):
        step = size if end > start else -size
        for at in range(round(abs(end - start) / size)):
            one, two = start + at * step, start + (at + 1) * step
            yield one, max(one, two), min(one, two)
    yield corners[-1], corners[-1], corners[-1]


def by_steps(terms, corners):
    """Holds an order against those one by one; gives the price or None."""
    kind, sign, limit, stop, triggered, trails, amount, fraction = terms
    for four in steps(corners):
        code, price, triggered = fills.fill_price(
            kind, sign, limit, stop, triggered, *four
        )
        if code != fills.NONE:
            return price
        if trails:
            best = four[2] if sign > 0 else four[1]
            stop = fills.trailed(sign, stop, best, amount, fraction)
    return None


@many
@given(held())
def test_a_path_is_what_many_small_bars_along_it_are(drawn):
    terms, four = drawn
    kind, sign, limit = terms[:3]
    corners = modes.path(sign, *four)
    # A limit that is only touched fills at the open of the next small bar.
    hypothesis.assume(
        kind not in (fills.LIMIT, fills.STOP_LIMIT) or limit not in corners
    )
    code, price, *_ = modes.along_path(*terms, False, *four)
    assert (None if code == fills.NONE else price) == by_steps(terms, corners)


def test_the_modes_differ_at_all():
    def differ(drawn):
        return len(set(outcomes(*drawn))) > 1

    # Any will do: not shrunk.
    quick = hypothesis.settings(
        worlds.patient, max_examples=2000, phases=[hypothesis.Phase.generate]
    )
    assert hypothesis.find(held(), differ, settings=quick)
