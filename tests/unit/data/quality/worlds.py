"""Bars for the tests of the rules."""

import numpy as np

from sting.data.quality import batch

MINUTE = 60_000_000_000
DAY = 86_400_000_000_000
# 2013-03-01T14:30:00Z, a Friday: New York opens.
OPENING = 1_362_148_200_000_000_000
LATE = 2**62


def bars(closes, *, step=MINUTE, hours=None, now=LATE, **columns):
    """Bars one after the other; `columns` take the place of what follows."""
    count = len(closes)
    close = np.array(closes, np.float64)
    opening = np.concatenate((close[:1], close[:-1]))
    opening = np.asarray(columns.get('open', opening), np.float64)
    given = {
        'row': np.arange(count),
        'timestamp': OPENING + step * np.arange(1, count + 1),
        'open': opening,
        'high': np.maximum(opening, close),
        'low': np.minimum(opening, close),
        'close': close,
        'volume': 100.0 + np.arange(count),
    }
    given.update({name: np.asarray(value) for name, value in columns.items()})
    return batch.Batch(symbol='X', step=step, hours=hours, now=now, **given)


def spans(*pairs):
    """Hours of an exchange, in minutes after the opening."""
    table = OPENING + MINUTE * np.array(pairs)
    return batch.Hours(table[:, 0].copy(), table[:, 1].copy())


def wave(count, seed=1, size=1e-3):
    """Closes that walk a little."""
    steps = np.random.default_rng(seed).normal(0.0, size, count)
    return 100.0 * np.exp(np.cumsum(steps))
