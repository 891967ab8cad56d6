"""Figures in words, the same on the command line and in the terminal."""

from sting.model import market
from sting.model import views

NONE = '-'


def money(value: float) -> str:
    """Writes an amount that may be a gain or a loss: +1,234.50."""
    # Not -0.00.
    return f'{value if round(value, 2) else 0.0:+,.2f}'


def share(value: float | None) -> str:
    """Writes a fraction as per cent; a dash for none."""
    return NONE if value is None else f'{value:.0%}'


def points(value: float | None) -> str:
    """Writes basis points; a dash for none."""
    return NONE if value is None else f'{value:+,.1f}'


def milliseconds(value: float | None) -> str:
    """Writes milliseconds; a dash for none."""
    return NONE if value is None else f'{value:,.1f} ms'


def performance(done: views.Performance) -> list[tuple[str, str]]:
    """Says how a strategy does.

    Args:
        done: Its figures.

    Returns:
        Name and text of each line.
    """
    delay = done.bar_to_order_s
    return [
        ('P&L', f'{money(done.pnl)} after fees'),
        ('realized', money(done.realized)),
        ('unrealized', money(done.unrealized)),
        *([('income', money(done.income))] if done.income else []),
        ('fees', f'{done.fees:,.2f}'),
        (
            'round trips',
            f'{done.trips}, {done.wins} won ({share(done.hit_rate)})',
        ),
        ('signals', f'{done.signals}, {done.untraded} not traded'),
        ('orders', f'{done.orders}, {done.denied} denied'),
        ('fills', str(done.fills)),
        (
            'slippage',
            f'{money(done.slippage)} cost ({points(done.slippage_bps)} bps)',
        ),
        (
            'bar to order',
            NONE if delay is None else f'{delay:,.3f} s on average',
        ),
        (
            'to the broker',
            f'p50 {milliseconds(done.wire_p50_ms)}, '
            f'p99 {milliseconds(done.wire_p99_ms)}',
        ),
        ('since', market.to_iso(done.since) if done.since else NONE),
    ]


def times(count: int) -> str:
    """Says how often, behind a reason; nothing for once.

    Args:
        count: How often.
    """
    return f' ({count} times)' if count > 1 else ''
