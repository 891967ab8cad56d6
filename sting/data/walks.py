"""Bars of any number, made up by a model of prices.

They are drawn a part at a time, and are the same whatever the parts are: each
symbol has streams of random numbers of its own, one for each purpose. The
same seed gives the same bars on every machine with the same numpy.

| model | after | what it has |
|---|---|---|
| gbm | Black and Scholes (1973) | a drift and independent normal returns |
| jumps | Merton (1976) | gbm, and jumps of normal size at random times |
| regimes | Hamilton (1989) | gbm in two states, calm and stormy, in turn |
| gaps | | gbm in sessions, and jumps with fat tails from each to the next |

A bar's high and low are drawn as those of a Brownian bridge from its open to
its close (Glasserman, Monte Carlo Methods in Financial Engineering, 2003, 6.4).
"""

from collections.abc import Iterator
from collections.abc import Sequence
import enum
import hashlib
from typing import Final

import numpy as np

from sting.data import calendars
from sting.data import table
from sting.data import timetable


class Model(enum.StrEnum):
    """How prices move."""

    GBM = 'gbm'
    JUMPS = 'jumps'
    REGIMES = 'regimes'
    GAPS = 'gaps'


# A year has so many sessions; an exchange that never closes has every day.
_SESSIONS: Final = 252
_DAYS: Final = 365
# Drift and deviation of a year.
_CALM: Final = (0.05, 0.20)
_STORM: Final = (-0.25, 0.50)
# How many sessions each state lasts on average.
_LASTS: Final = (120.0, 20.0)
# Jumps a year; the mean and the deviation of one, in logs.
_JUMPS: Final = (12.0, -0.01, 0.05)
# Of a day's variance, the share between sessions, and the degrees of freedom
# of Student's t there.
_BETWEEN: Final = (0.4, 4.0)
_FIRST_PRICE: Final = 100.0
_CENT: Final = 0.01
# Units traded in a session, on average.
_TRADED: Final = 1e6
# So many rows are made at a time.
ROWS: Final = 1 << 17


class Walk:
    """Draws the bars of one symbol, one part after the other."""

    def __init__(self, symbol: str, seed: int, model: Model, year: int) -> None:
        """Begins at the first price.

        Args:
            symbol: Has random numbers of its own.
            seed: Another one gives other prices.
            model: How they move.
            year: How many sessions a year has.
        """
        self._model = model
        self._year = year
        key = hashlib.blake2b(f'{seed} {model} {symbol}'.encode())
        seeds = np.random.SeedSequence(int.from_bytes(key.digest()[:16])).spawn(
            8
        )
        # One for each purpose: so parts of any size draw the same numbers.
        streams = [np.random.default_rng(each) for each in seeds]
        self._returns, self._highs, self._lows, self._volumes = streams[:4]
        self._counts, self._sizes, self._between = streams[4:7]
        self._states = streams[7]
        self._close = float(np.log(_FIRST_PRICE))
        # Sessions that are over, and when the state changes next.
        self._over = 0.0
        self._stormy = False
        self._changes = self._states.exponential(_LASTS[0])

    def take(self, part: timetable.Part) -> dict[str, table.FloatArray]:
        """Draws the next bars.

        Args:
            part: When they close.

        Returns:
            open, high, low, close and volume.
        """
        drift, deviation = self._figures(part)
        years = part.share / self._year
        variance = deviation**2 * years
        if self._model is Model.GAPS:
            variance *= 1 - _BETWEEN[0]
        normal = self._returns.standard_normal(len(years))
        moves = (drift - deviation**2 / 2) * years + np.sqrt(variance) * normal
        if self._model is Model.JUMPS:
            moves += self._jumps(years)
        gaps = self._gaps(part)
        path = np.concatenate(([self._close], gaps + moves)).cumsum()
        self._close = float(path[-1])
        opening = path[:-1] + gaps
        high = opening + _reach(moves, variance, self._highs)
        low = opening - _reach(-moves, variance, self._lows)
        volume = self._traded(part.share, normal)
        columns = {
            'open': _priced(opening),
            'high': _priced(np.maximum(high, np.maximum(opening, path[1:]))),
            'low': _priced(np.minimum(low, np.minimum(opening, path[1:]))),
            'close': _priced(path[1:]),
        }
        return {**columns, 'volume': volume}

    def _figures(
        self, part: timetable.Part
    ) -> tuple[table.FloatArray, table.FloatArray]:
        """Gives drift and deviation of a year, for each bar."""
        ends = np.concatenate(([self._over], part.share)).cumsum()[1:]
        self._over = float(ends[-1])
        stormy = np.zeros(len(ends), np.bool_)
        if self._model is Model.REGIMES:
            begin = 0
            while begin < len(ends):
                change = int(np.searchsorted(ends, self._changes))
                stormy[begin:change] = self._stormy
                begin = change
                if change < len(ends):
                    self._stormy = not self._stormy
                    lasts = _LASTS[self._stormy]
                    self._changes += self._states.exponential(lasts)
        (calm, low), (storm, high) = _CALM, _STORM
        return np.where(stormy, storm, calm), np.where(stormy, high, low)

    def _jumps(self, years: table.FloatArray) -> table.FloatArray:
        """Gives the jumps in each bar; they leave the drift as it is."""
        often, mean, deviation = _JUMPS
        count = self._counts.poisson(often * years)
        each = self._sizes.standard_normal(len(years))
        jumped = np.exp(mean + deviation**2 / 2) - 1
        sizes = count * mean + np.sqrt(count) * deviation * each
        return np.asarray(sizes - often * jumped * years)

    def _gaps(self, part: timetable.Part) -> table.FloatArray:
        """Gives from the close before to the open, for each bar."""
        gaps = np.zeros(len(part.stamps))
        if self._model is not Model.GAPS:
            return gaps
        share, freedom = _BETWEEN
        # Student's t has this variance.
        scale = np.sqrt((freedom - 2) / freedom * share / self._year)
        count = int(part.first.sum())
        drawn = self._between.standard_t(freedom, count)
        gaps[part.first] = _CALM[1] * scale * drawn
        return gaps

    def _traded(
        self, share: table.FloatArray, normal: table.FloatArray
    ) -> table.FloatArray:
        """Gives volumes: more where prices move more, and whole."""
        noise = np.exp(0.3 * self._volumes.standard_normal(len(share)))
        busy = (0.5 + np.abs(normal)) * noise
        return np.asarray(np.maximum(np.rint(_TRADED * share * busy), 1.0))


def _reach(
    moves: table.FloatArray,
    variance: table.FloatArray,
    stream: np.random.Generator,
) -> table.FloatArray:
    """Gives how far a bridge rises above its start, drawn exactly."""
    # 1 minus it is above 0, so that its logarithm is finite.
    drawn = np.log(1 - stream.random(len(moves)))
    return np.asarray((moves + np.sqrt(moves**2 - 2 * variance * drawn)) / 2)


def _priced(logs: table.FloatArray) -> table.FloatArray:
    """Turns logarithms into prices in cents."""
    return np.asarray(np.maximum(np.round(np.exp(logs), 2), _CENT))


def names(count: int) -> tuple[str, ...]:
    """Names symbols that nobody takes for real ones: SYNTH1, SYNTH2, ...

    Args:
        count: How many.
    """
    width = len(str(count))
    return tuple(f'SYNTH{number:0{width}}' for number in range(1, count + 1))


def bars(
    symbols: Sequence[str],
    timeframe: str,
    count: int,
    *,
    model: Model = Model.GBM,
    seed: int = 0,
    start: int,
    calendar: str = calendars.DEFAULT,
    rows: int = ROWS,
) -> Iterator[table.BarTable]:
    """Makes up bars, a part at a time.

    Args:
        symbols: Their names, in alphabetical order.
        timeframe: Length of a bar, a day at most.
        count: How many bars each symbol has.
        model: How prices move.
        seed: Another one gives other bars.
        start: The first moment, nanoseconds since the epoch, UTC.
        calendar: The exchange whose sessions they follow, or 24/7.
        rows: How many rows a part has at most.

    Yields:
        Tables, each later than the one before.

    Raises:
        errors.DataError: There are no such bars, or not so many.
    """
    year = _DAYS if calendar == calendars.ALWAYS else _SESSIONS
    drawn = [Walk(symbol, seed, model, year) for symbol in symbols]
    numbers = np.arange(len(symbols), dtype=np.int32)
    size = max(1, rows // len(symbols))
    for part in timetable.parts(timeframe, calendar, start, count, size):
        taken = [walk.take(part) for walk in drawn]
        columns = {
            name: np.stack([each[name] for each in taken], axis=1).ravel()
            for name in ('open', 'high', 'low', 'close', 'volume')
        }
        yield table.BarTable(
            symbols=tuple(symbols),
            symbol_index=np.tile(numbers, len(part.stamps)),
            timestamp=np.repeat(part.stamps, len(symbols)),
            open=columns['open'],
            high=columns['high'],
            low=columns['low'],
            close=columns['close'],
            volume=columns['volume'],
            timeframe=timeframe,
            generated=True,
        )
