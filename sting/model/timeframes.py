"""Lengths of bars, as text and as nanoseconds."""

import re

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


def length(timeframe: str) -> int:
    """Gives a timeframe's length in nanoseconds.

    Args:
        timeframe: A number and s, m, h, d or w: '1m', '1d'.

    Raises:
        DataError: It is no timeframe.
    """
    found = _TIMEFRAME.fullmatch(timeframe)
    if found is None:
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
        '5m', '1d', ...; None when it is no whole number of seconds.
    """
    for unit in reversed(UNITS):
        count, rest = divmod(step, UNITS[unit])
        if rest == 0 and count > 0:
            return f'{count}{unit}'
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
    if usual != asked:
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
    if wanted == given or own == asked:
        return ''
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
