"""Where in time findings lie, as a line of characters by rule."""

from collections.abc import Sequence

import numpy as np

from sting.data import table
from sting.data.quality import validator

# From a few to all of the bars of a cell.
MARKS = '.:-=+*#%@'


def strip(
    stamps: table.IntArray, first: int, last: int, width: int, all_bars: int
) -> str:
    """Draws where stamps lie between two moments.

    Args:
        stamps: Nanoseconds since the epoch, UTC.
        first: Where the line begins.
        last: Where it ends, not before.
        width: How many characters it has.
        all_bars: How many bars there are in all, found or not.

    Returns:
        A space where nothing lies, else a mark, darker for more.
    """
    span = max(last - first, 1)
    cells = np.minimum((stamps - first) * 1.0 / span * width, width - 1)
    count = np.bincount(cells.astype(np.int64), minlength=width)
    full = max(all_bars / width, 1.0)
    level = np.ceil(count / full * len(MARKS)).astype(np.int64)
    line = np.array(list(' ' + MARKS))
    return ''.join(line[np.minimum(level, len(MARKS))].tolist())


def lines(
    findings: Sequence[validator.Finding],
    first: int,
    last: int,
    width: int,
    all_bars: int,
) -> dict[str, str]:
    """Draws a line for each rule that found something.

    Args:
        findings: Of all symbols.
        first: The first stamp of all bars.
        last: The last one.
        width: How many characters a line has.
        all_bars: How many bars there are in all, found or not.

    Returns:
        By rule, in the order of the findings.
    """
    found: dict[str, list[table.IntArray]] = {}
    for each in findings:
        found.setdefault(each.rule, []).append(each.stamps)
    return {
        rule: strip(np.concatenate(stamps), first, last, width, all_bars)
        for rule, stamps in found.items()
    }
