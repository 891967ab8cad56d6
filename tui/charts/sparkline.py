"""A few closes as a line of blocks."""

from collections.abc import Sequence

BLOCKS = '▁▂▃▄▅▆▇█'


def render(values: Sequence[float], width: int) -> str:
    """Draws values as blocks of one to eight eighths, newest at the right.

    Args:
        values: Oldest first.
        width: Cells; of more values the newest are drawn.

    Returns:
        A text of exactly `width` characters.
    """
    width = max(width, 0)
    shown = values[max(len(values) - width, 0) :]
    if not shown or not width:
        return ' ' * width
    low, high = min(shown), max(shown)
    if high <= low:
        return (BLOCKS[3] * len(shown)).rjust(width)
    scale = (len(BLOCKS) - 1) / (high - low)
    return ''.join(
        BLOCKS[round((value - low) * scale)] for value in shown
    ).rjust(width)
