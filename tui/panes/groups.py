"""Groups of the watchlist: a line above the symbols of each, which folds."""

from collections.abc import Collection
from collections.abc import Sequence
import statistics

from sting.model import views
from tui import format as text_format

_OPEN, _FOLDED = '▾', '▹'


class Heading(views.WatchRow, frozen=True, gc=False):
    """The line above a group, which is no symbol.

    Attributes:
        count: How many symbols are below it.
        is_folded: They are not shown.
        mean: The mean of their changes, as a fraction; None before the first.
    """

    count: int = 0
    is_folded: bool = False
    mean: float | None = None

    @property
    def text(self) -> str:
        """What the line says; how a folded group did is told by it alone."""
        name = text_format.clean(self.group)
        if not self.is_folded:
            return f'{_OPEN} {name}  {self.count}'
        change = text_format.percent(self.mean)
        return f'{_FOLDED} {name}  {self.count}  mean {change}'


def arrange(
    rows: Sequence[views.WatchRow], folded: Collection[str]
) -> Sequence[views.WatchRow]:
    """Puts the symbols of a group together, below a line with its name.

    Args:
        rows: The symbols as they come; those of no group stay first.
        folded: The groups whose symbols are left out.

    Returns:
        The very rows where none has a group.
    """
    if not any(row.group for row in rows):
        return rows
    members: dict[str, list[views.WatchRow]] = {'': []}
    for row in rows:
        members.setdefault(row.group, []).append(row)
    found = members.pop('')
    for name, own in members.items():
        found.append(_heading(name, own, is_folded=name in folded))
        if name not in folded:
            found += own
    return found


def _heading(
    name: str, own: Sequence[views.WatchRow], *, is_folded: bool
) -> Heading:
    known = [row.change for row in own if row.change is not None]
    mean = statistics.fmean(known) if is_folded and known else None
    return Heading(
        symbol='', group=name, count=len(own), is_folded=is_folded, mean=mean
    )
