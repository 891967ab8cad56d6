"""Lengths of bars, as text and as nanoseconds.

Bars that end with what is traded, and not with time, have none: 'tick:100' has
a hundred trades, 'volume:10000' so many units, 'dollar:1000000' so much money.
"""

import re
from typing import NamedTuple

from sting.model import errors
from sting.model import market

UNITS = {
    's': market.NANOSECONDS,
    'm': 60 * market.NANOSECONDS,
    'h': 3600 * market.NANOSECONDS,
    'd': 86400 * market.NANOSECONDS,
    'w': 604_800 * market.NANOSECONDS,
}
DAY = UNITS['d']

_TIMEFRAME = re.compile(r'([1-9][0-9]{0,5})([smhdw])')
_TRADED = re.compile(r'(tick|volume|dollar):([0-9.]{1,24})')


class Traded(NamedTuple):
    """What ends a bar that has no length.

    Attributes:
        kind: What is counted: tick, volume or dollar.
        size: How much of it: trades, units, or money.
    """

    kind: str
    size: float


def traded(timeframe: str) -> Traded | None:
    """Gives what ends a bar; None where time does.

    Args:
        timeframe: 'tick:100', 'volume:10000', 'dollar:1000000', as
            `traded_name` writes them, or any other text.
    """
    found = _TRADED.fullmatch(timeframe)
    if found is None or found[2].count('.') > 1 or found[2] == '.':
        return None
    made = Traded(found[1], float(found[2]))
    try:
        return made if traded_name(*made) == timeframe else None
    except errors.DataError:
        return None


def traded_name(kind: str, size: float) -> str:
    """Names bars that end with what is traded.

    Args:
        kind: tick, volume or dollar.
        size: How much of it a bar has; trades are whole.

    Raises:
        DataError: There are none of this size.
    """
    whole = kind == 'tick'
    if not 1e-8 <= size < 1e15 or (whole and size != int(size)):
        raise errors.DataError(
            f'bars of {kind}:{size:g} cannot be made; give '
            + ('a whole number of trades' if whole else 'a size above 0')
        )
    text = f'{size:.8f}'.rstrip('0').rstrip('.')
    return f'{kind}:{text}'


def length(timeframe: str) -> int:
    """Gives a timeframe's length in nanoseconds.

    Args:
        timeframe: A number and s, m, h, d or w: '1m', '1d'.

    Returns:
        0 for bars that end with what is traded.

    Raises:
        DataError: It is no timeframe.
    """
    found = _TIMEFRAME.fullmatch(timeframe)
    if found is None:
        if traded(timeframe) is not None:
            return 0
        raise errors.DataError(
            f'{timeframe!r} is no timeframe; write a number and s, m, h, d or '
            "w, such as '1m' or '1d'"
        )
    return int(found[1]) * UNITS[found[2]]


def name(step: int) -> str | None:
    """Names a length: the largest unit that divides it.

    Args:
        step: Nanoseconds, above 0.

    Returns:
        '5m', '1d', ...; None when it is no whole number of seconds, or more
        than a timeframe can have.
    """
    for unit in reversed(UNITS):
        count, rest = divmod(step, UNITS[unit])
        if rest == 0 and count > 0:
            found = f'{count}{unit}'
            return found if _TIMEFRAME.fullmatch(found) else None
    return None


def fault(asked: str) -> str:
    """Says why bars of a timeframe cannot be asked for.

    Args:
        asked: What a strategy asks for.

    Returns:
        One sentence with the remedy; empty when nothing is wrong.
    """
    try:
        step = length(asked)
    except errors.DataError as error:
        return str(error)
    usual = name(step)
    if step and usual != asked:
        return f'{asked!r} is written {usual!r}'
    if step > DAY and asked != '1w':
        return (
            f'{asked!r} is no timeframe that can be built; of a day and more '
            "there are '1d', a session, and '1w', a trading week"
        )
    return ''


def mismatch(asked: str, own: str) -> str:
    """Says why bars of a timeframe cannot be built from those of another.

    Args:
        asked: What a strategy asks for; `fault` has nothing against it.
        own: The timeframe of the data.

    Returns:
        One sentence with the remedy; empty when nothing is wrong.
    """
    wanted, given = length(asked), length(own)
    if own == asked or (wanted == given and given):
        return ''
    if not (wanted and given):
        return (
            f'bars of {asked} cannot be built from bars of {own}; ask for '
            f'{own}, or make them first: sting data bars --make {asked}'
        )
    if wanted < given:
        return (
            f'bars of {asked} are asked for, but the data are bars of {own}; '
            f'ask for {own} or longer, or give finer data'
        )
    if wanted < DAY and wanted % given:
        return (
            f'bars of {asked} cannot be built from bars of {own}; ask for a '
            f'multiple of {own}'
        )
    return ''
