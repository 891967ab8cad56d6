"""Sessions and minutes for the tests of timeframes."""

import datetime

from hypothesis import strategies as st
import numpy as np

from sting.model import market
from sting.model import sessions
from sting.model import timeframes

MINUTE = timeframes.UNITS['m']
HOUR = timeframes.UNITS['h']
EPOCH = datetime.date(1970, 1, 1)


def at(text):
    """A moment, nanoseconds, of '2012-06-01 14:30'."""
    moment = datetime.datetime.fromisoformat(f'{text}+00:00')
    return int(moment.timestamp()) * market.NANOSECONDS


def day(text):
    return (datetime.date.fromisoformat(text) - EPOCH).days


def make(*rows, calendar='TEST'):
    """Sessions of rows such as ('2012-06-01', '14:30', '21:00').

    One a year before and one a year after are added, so that the others are
    covered.
    """
    rows = [
        ('2000-01-03', '14:30', '21:00'),
        *rows,
        ('2049-12-31', '14:30', '21:00'),
    ]
    return sessions.Sessions(
        calendar=calendar,
        days=tuple(day(each) for each, _, _ in rows),
        opens=tuple(at(f'{each} {opens}') for each, opens, _ in rows),
        closes=tuple(at(f'{each} {closes}') for each, _, closes in rows),
    )


# A week with daylight saving from Monday on and a half day on Wednesday.
WEEK = make(
    ('2012-03-09', '14:30', '21:00'),
    ('2012-03-12', '13:30', '20:00'),
    ('2012-03-13', '13:30', '20:00'),
    ('2012-03-14', '13:30', '17:00'),
    ('2012-03-15', '13:30', '20:00'),
    ('2012-03-16', '13:30', '20:00'),
    ('2012-03-19', '13:30', '20:00'),
)


def bar(stamp, close=10.0, *, symbol='X', timeframe='1m', **fields):
    """A bar that closes at a moment, given as text or in nanoseconds."""
    values = {'open': close, 'high': close, 'low': close, 'volume': 1.0}
    return market.MarketData(
        symbol=symbol,
        timestamp=at(stamp) if isinstance(stamp, str) else stamp,
        close=close,
        timeframe=timeframe,
        **(values | fields),
    )


def minutes(first, last, **fields):
    """A bar for each minute that closes after `first`, up to `last`."""
    return [
        bar(stamp, **fields)
        for stamp in range(at(first) + MINUTE, at(last) + 1, MINUTE)
    ]


@st.composite
def traded(draw):
    """Sessions of any days and lengths, and minutes in them, with gaps."""
    start = draw(st.integers(day('2012-03-01'), day('2012-12-31')))
    days = [start]
    for gap in draw(st.lists(st.integers(1, 4), min_size=1, max_size=6)):
        days.append(days[-1] + gap)
    opens, closes, stamps = [], [], []
    for each in days:
        midnight = each * timeframes.DAY
        opening = midnight + draw(st.sampled_from([810, 870])) * MINUTE
        length = draw(st.integers(1, 40))
        opens.append(opening)
        closes.append(opening + length * MINUTE)
        # A bit for each minute.
        kept = draw(st.integers(0, 2**length - 1))
        stamps += [
            opening + (nth + 1) * MINUTE
            for nth in range(length)
            if kept >> nth & 1
        ]
    hours = sessions.Sessions(
        calendar='TEST',
        days=(days[0] - 400, *days, days[-1] + 400),
        opens=(opens[0] - 400 * timeframes.DAY, *opens, 2**62),
        closes=(closes[0] - 400 * timeframes.DAY, *closes, 2**62 + 1),
    )
    seed = draw(st.integers(0, 2**32))
    return hours, list(_walk(np.random.default_rng(seed), stamps))


def _walk(rng, stamps):
    for stamp in stamps:
        low, first, last, high = sorted(rng.uniform(1.0, 100.0, 4).tolist())
        yield bar(
            stamp,
            last,
            open=first,
            high=high,
            low=low,
            volume=float(rng.integers(10**6)),
        )
