"""Where the panes go."""

from hypothesis import given
from hypothesis import strategies as st
import pytest
from textual import geometry

from tui import layout

pytestmark = pytest.mark.unit

PANES = layout.ONE[0].areas[0].panes


@pytest.mark.parametrize(
    ('width', 'height', 'columns'),
    [
        (200, 50, 3),
        (160, 45, 3),
        (159, 45, 2),
        (100, 30, 2),
        (99, 40, 1),
        (200, 29, 1),
        (80, 24, 1),
    ],
)
def test_columns_follow_the_size(width, height, columns):
    assert len(layout.choose(width, height)) == columns


@given(
    st.integers(20, 400),
    st.integers(5, 120),
    st.permutations(PANES),
    st.booleans(),
)
def test_the_plan_covers_the_screen_without_overlap(
    width, height, recent, zoomed
):
    regions = layout.plan(
        layout.choose(width, height), width, height - 2, recent, zoomed
    )
    cells = sum(region.area for region in regions.values())
    assert cells == width * (height - 2)
    everything = geometry.Region(0, 0, width, height - 2)
    found = list(regions.values())
    for index, region in enumerate(found):
        assert everything.contains_region(region)
        assert not any(region.overlaps(other) for other in found[:index])


@given(st.integers(20, 400), st.integers(5, 120), st.permutations(PANES))
def test_the_pane_that_had_the_focus_last_is_seen(width, height, recent):
    regions = layout.plan(layout.choose(width, height), width, height, recent)
    assert recent[0] in regions


def test_a_zoomed_pane_has_everything():
    regions = layout.plan(layout.THREE, 200, 48, ['orders', 'chart'], True)
    assert regions == {'orders': geometry.Region(0, 0, 200, 48)}


def test_every_layout_has_every_pane_once():
    for columns in (layout.ONE, layout.TWO, layout.THREE):
        names = [
            name
            for column in columns
            for area in column.areas
            for name in area.panes
        ]
        assert sorted(names) == sorted(PANES)


def test_the_neighbour_is_the_nearest_pane_that_way():
    regions = layout.plan(layout.THREE, 200, 48, PANES)
    assert layout.beside(regions, 'watchlist', 'right') == 'chart'
    assert layout.beside(regions, 'events', 'right') == 'alerts'
    assert layout.beside(regions, 'chart', 'left') == 'watchlist'
    assert layout.beside(regions, 'watchlist', 'left') is None
    assert layout.beside(regions, 'nowhere', 'left') is None
