"""Where the panes of the trade screen go, by the size of the terminal.

A layout is columns of areas, and an area holds one pane or several of which
one is seen: the one that had the focus last. One rule so serves wide screens,
narrow ones, and one pane with tabs.
"""

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses

from textual import geometry
from textual import layout as textual_layout
from textual import widget

WIDE = 160
NARROW = 100
LOW = 30
_TICKET_HEIGHT = 16


@dataclasses.dataclass(frozen=True)
class Area:
    """A part of a column.

    Attributes:
        panes: The names of the panes that share it.
        share: Its share of the height that is left.
        height: Its height in lines; 0 goes by share.
    """

    panes: tuple[str, ...]
    share: int = 1
    height: int = 0


@dataclasses.dataclass(frozen=True)
class Column:
    """A column of areas.

    Attributes:
        areas: From top to bottom.
        share: Its share of the width, in per cent.
        most: Its widest, in cells; 0 for no limit.
    """

    areas: tuple[Area, ...]
    share: int
    most: int = 0


THREE = (
    Column((Area(('watchlist',), 3), Area(('positions',), 2)), 30, 62),
    Column(
        (
            Area(('chart',), 5),
            Area(('orders',), 3),
            Area(('events',), 3),
        ),
        43,
    ),
    Column(
        (
            Area(('ticket',), height=_TICKET_HEIGHT),
            Area(('strategies',), 1),
            Area(('alerts',), 1),
        ),
        27,
        58,
    ),
)
TWO = (
    Column(
        (
            Area(('watchlist',), 3),
            Area(('chart',), 5),
            Area(('positions',), 2),
        ),
        50,
    ),
    Column(
        (
            Area(('ticket',), height=_TICKET_HEIGHT),
            Area(('orders',), 1),
            Area(('events', 'alerts', 'strategies'), 1),
        ),
        50,
    ),
)
ONE = (
    Column(
        (
            Area(
                (
                    'watchlist',
                    'chart',
                    'ticket',
                    'orders',
                    'positions',
                    'alerts',
                    'strategies',
                    'events',
                ),
            ),
        ),
        100,
    ),
)


def choose(width: int, height: int) -> tuple[Column, ...]:
    """Gives the columns for a terminal of this size, in cells."""
    if width < NARROW or height < LOW:
        return ONE
    return THREE if width >= WIDE else TWO


def area_of(columns: Sequence[Column], name: str) -> Area:
    """Gives the area that holds a pane."""
    return next(
        area
        for column in columns
        for area in column.areas
        if name in area.panes
    )


def seen_in(area: Area, recent: Sequence[str]) -> str:
    """Gives the pane that an area shows.

    Args:
        area: The area.
        recent: Panes in the order in which they had the focus, newest first.

    Returns:
        The pane of the area that had the focus last, else its first.
    """
    return next((name for name in recent if name in area.panes), area.panes[0])


def plan(
    columns: Sequence[Column],
    width: int,
    height: int,
    recent: Sequence[str],
    zoomed: bool = False,
) -> dict[str, geometry.Region]:
    """Says where each visible pane goes.

    Args:
        columns: The layout.
        width: Cells there are.
        height: Lines there are.
        recent: Panes in the order in which they had the focus, newest first.
        zoomed: The first of them has everything.

    Returns:
        Regions by pane; they cover the whole and do not overlap.
    """
    if zoomed and recent:
        return {recent[0]: geometry.Region(0, 0, width, height)}
    regions = {}
    x = 0
    for column, cells in zip(columns, _widths(columns, width), strict=True):
        y = 0
        for area, lines in zip(
            column.areas, _heights(column, height), strict=True
        ):
            name = seen_in(area, recent)
            regions[name] = geometry.Region(x, y, cells, lines)
            y += lines
        x += cells
    return regions


def _widths(columns: Sequence[Column], width: int) -> list[int]:
    """The widest column takes what limits and rounding leave."""
    cells = [
        min(width * column.share // 100, column.most or width)
        for column in columns
    ]
    widest = max(range(len(columns)), key=lambda index: columns[index].share)
    cells[widest] += width - sum(cells)
    return cells


def _heights(column: Column, height: int) -> list[int]:
    fixed = sum(area.height for area in column.areas)
    shares = sum(area.share for area in column.areas if not area.height)
    left = max(0, height - fixed)
    lines = [
        area.height or left * area.share // shares for area in column.areas
    ]
    flexible = max(
        range(len(lines)),
        key=lambda index: (not column.areas[index].height, lines[index]),
    )
    lines[flexible] += height - sum(lines)
    return lines


def beside(
    regions: Mapping[str, geometry.Region], name: str, direction: str
) -> str | None:
    """Gives the pane at the left or the right of one.

    Args:
        regions: As `plan` gives them.
        name: The pane to go from.
        direction: 'left' or 'right'.

    Returns:
        The nearest pane that way, at about the same height; None at the edge.
    """
    here = regions.get(name)
    if here is None:
        return None
    middle = here.y + here.height / 2
    found = [
        (abs(region.x - here.x), _distance(region, middle), other)
        for other, region in regions.items()
        if (region.x < here.x if direction == 'left' else region.x > here.x)
    ]
    return min(found)[2] if found else None


def _distance(region: geometry.Region, y: float) -> float:
    if region.y <= y < region.bottom:
        return 0.0
    return min(abs(region.y - y), abs(region.bottom - y))


class PlanLayout(textual_layout.Layout):
    """Arranges widgets by their ids as a plan says.

    Attributes:
        plan_for: Gives the regions by id for a size; a widget without one is
            not placed.
    """

    name = 'plan'

    def __init__(
        self,
        plan_for: Callable[[geometry.Size], Mapping[str, geometry.Region]],
    ) -> None:
        self.plan_for = plan_for

    def arrange(
        self,
        parent: widget.Widget,
        children: list[widget.Widget],
        size: geometry.Size,
        greedy: bool = True,
    ) -> textual_layout.ArrangeResult:
        """Gives the placements."""
        regions = self.plan_for(size)
        return [
            textual_layout.WidgetPlacement(
                region, geometry.NULL_OFFSET, geometry.Spacing(), child
            )
            for child in children
            if (region := regions.get(child.id or '')) is not None
        ]
