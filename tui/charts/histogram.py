"""How often something took how long, as a line of blocks."""

from collections.abc import Sequence
import math

from sting.model import health
from tui.charts import sparkline

BUCKETS = len(health.ENDS_MS) + 1
# Of each decade, where its first bucket ends and how that is called. One cell
# a bucket has no room for each of them.
_DECADES = ('10µs', '100µs', '1ms', '10ms', '100ms', '1s', '10s')
_APART = 3


def scale(cells: int) -> str:
    """Gives the line over histograms that says how long their buckets are.

    Args:
        cells: Of each bucket.

    Returns:
        A text of as many characters as a histogram has; each label begins in
        the bucket that ends with it.
    """
    line = [' '] * (BUCKETS * cells)
    every = 1 if cells > 1 else 2
    for number, label in enumerate(_DECADES):
        first = number * _APART * cells
        if number % every == 0 and first + len(label) <= len(line):
            line[first : first + len(label)] = label
    return ''.join(line).rstrip()


def render(counts: Sequence[int], cells: int) -> str:
    """Draws how often each bucket was met; the most frequent is the highest.

    Args:
        counts: By bucket.
        cells: Of each bucket.

    Returns:
        A text of `cells` characters a bucket; a bucket that was met once is
        seen, however rare that is.
    """
    most = max(counts, default=0)
    return ''.join(_block(count, most) * cells for count in counts)


def _block(count: int, most: int) -> str:
    if not count:
        return ' '
    height = math.ceil(count / most * len(sparkline.BLOCKS))
    return sparkline.BLOCKS[height - 1]
