"""What people type for an order, on the command line or in the ticket."""

import datetime

from sting.model import checks
from sting.model import errors
from sting.model import market

_END = datetime.time(23, 59, 59)


def moment(text: str) -> int:
    """Reads when an order expires.

    Args:
        text: A day, as 2026-12-01, which is its end; or a day and a time, as
            2026-12-01T15:30. Both in UTC, unless the time says otherwise.

    Returns:
        Nanoseconds since the epoch, UTC.

    Raises:
        errors.OrderError: It is no such moment.
    """
    text = text.strip()
    try:
        found = datetime.datetime.fromisoformat(text)
        if len(text) <= len('2026-12-01'):
            found = datetime.datetime.combine(found.date(), _END)
        if found.tzinfo is None:
            found = found.replace(tzinfo=datetime.UTC)
        return market.to_nanoseconds(found)
    except (ValueError, OverflowError):
        raise errors.OrderError(
            f'{text!r} is no moment; write 2026-12-01 or 2026-12-01T15:30'
        ) from None


def trail(text: str) -> float | str:
    """Reads the distance of a trailing stop.

    Args:
        text: An amount, as 1.5, or a per cent, as 2%.

    Returns:
        The amount, or the per cent as it is kept.

    Raises:
        errors.OrderError: It is no distance.
    """
    text = text.strip()
    wanted: float | str = text
    if '%' not in text:
        try:
            wanted = float(text)
        except ValueError:
            raise errors.OrderError(
                f'trail {text!r} must be an amount, or a per cent as 2%'
            ) from None
    checks.parse_trail(wanted)
    return wanted
