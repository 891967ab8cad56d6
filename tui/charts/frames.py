"""Bars of a longer timeframe, made of those there are."""

from collections.abc import Sequence
import itertools
import re

from sting.model import market
from tui.charts import axes

_UNITS = {'s': axes.MINUTE // 60, 'm': axes.MINUTE, 'h': axes.DAY // 24}
_UNITS['d'] = axes.DAY
_WRITTEN = re.compile(r'(\d+)([smhd])')
_LADDER = ('1m', '5m', '15m', '30m', '1h', '4h', '1d')


def period(timeframe: str) -> int:
    """Gives the length of a bar.

    Args:
        timeframe: As a bar has it, '5m'.

    Returns:
        Nanoseconds; 0 for bars that something else than time ends.
    """
    found = _WRITTEN.fullmatch(timeframe)
    return int(found[1]) * _UNITS[found[2]] if found else 0


def longer(timeframe: str) -> tuple[str, ...]:
    """Gives the timeframes that bars can be shown in, their own first."""
    own = period(timeframe)
    if not own:
        return (timeframe,)
    return timeframe, *(
        each
        for each in _LADDER
        if period(each) > own and period(each) % own == 0
    )


def grouped(
    bars: Sequence[market.MarketData], timeframe: str
) -> Sequence[market.MarketData]:
    """Makes bars of a longer timeframe.

    Args:
        bars: Of one symbol, oldest first.
        timeframe: One that `longer` gives for theirs.

    Returns:
        Bars whose periods begin where the clock in UTC has them begin, each
        stamped with the end of its period. The first and the last may be of
        less than a whole period.
    """
    if not bars or bars[0].timeframe == timeframe:
        return bars
    length = period(timeframe)
    found = []
    for end, group in itertools.groupby(
        bars, lambda bar: -(-bar.timestamp // length) * length
    ):
        parts = list(group)
        found.append(
            market.MarketData(
                symbol=parts[0].symbol,
                timestamp=end,
                open=parts[0].open,
                high=max(bar.high for bar in parts),
                low=min(bar.low for bar in parts),
                close=parts[-1].close,
                volume=sum(bar.volume for bar in parts),
                timeframe=timeframe,
                closed=parts[-1].timestamp == end,
            )
        )
    return found
