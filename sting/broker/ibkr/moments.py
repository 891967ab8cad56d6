"""Moments, as TWS and IB Gateway write them.

They are local, and named by a zone: by one of the time zone database, by one
that only its machine knows, or by none, where the gateway's own is meant. Only
with a dash between day and time they are UTC.
"""

from collections.abc import Callable
import datetime
import re
from typing import Final
import zoneinfo

from sting.net import words

_WRITTEN: Final = re.compile(r'(\d{8})([ -]+)(\d\d:\d\d:\d\d)(?: +(\S.*))?')
# How far apart two zones are: UTC+14 and UTC-12.
FARTHEST_S: Final = 26 * 3600
_LENGTH: Final = 4


class Moments:
    """Reads moments.

    Attributes:
        vague: Whether one was read whose zone is not known: it may be off, by
            up to `FARTHEST_S` seconds.
    """

    def __init__(self, wrong: Callable[[str], None]) -> None:
        """Knows no zone yet.

        Args:
            wrong: Told of a zone that is not known.
        """
        self.vague = False
        self._wrong = wrong
        self._zone: zoneinfo.ZoneInfo | None = None
        self._named = ''
        self._told = ''
        self._begun = b''

    def greet(self, data: bytes) -> None:
        """Takes what comes first: the gateway says its time and its zone.

        Args:
            data: As it came, in parts.
        """
        size = int.from_bytes(self._begun[:_LENGTH], 'big') + _LENGTH
        if len(self._begun) >= _LENGTH and len(self._begun) >= size:
            return
        self._begun += data
        size = int.from_bytes(self._begun[:_LENGTH], 'big') + _LENGTH
        if len(self._begun) < size:
            return
        _, _, said = self._begun[_LENGTH:size].partition(b'\0')
        found = _WRITTEN.match(said.decode(errors='replace').rstrip('\0'))
        self._named = (found and found[4]) or ''
        self._zone = zone(self._named)

    def utc(self, said: str) -> str:
        """Gives a moment in UTC, written with it.

        Args:
            said: As it is written there; what is no moment stays as it is.
        """
        found = _WRITTEN.fullmatch(said)
        if found is None:
            return said
        day, between, time, named = found.groups()
        here = datetime.UTC if '-' in between else self._of(named or '')
        try:
            moment = datetime.datetime.strptime(
                f'{day}{time}', '%Y%m%d%H:%M:%S'
            ).replace(tzinfo=here)
            return f'{moment.astimezone(datetime.UTC):%Y%m%d %H:%M:%S} UTC'
        except (ValueError, OverflowError):
            return said

    def _of(self, named: str) -> datetime.tzinfo:
        """Gives a zone; of one that is not known, what is taken for it."""
        found = zone(named)
        if found is not None:
            return found
        if not named and self._zone is not None:
            return self._zone
        self.vague = True
        missing = words.plain(named or self._named) or 'without a name'
        if missing != self._told:
            self._told = missing
            self._wrong(
                f'times in a zone that is not known, {missing}, are taken for '
                f'{self._zone or "UTC"}; set a zone like America/New_York in '
                'TWS or IB Gateway'
            )
        return self._zone or datetime.UTC


def zone(named: str) -> zoneinfo.ZoneInfo | None:
    """Finds a zone by its name; None where there is none of it."""
    try:
        return zoneinfo.ZoneInfo(named) if named else None
    except (KeyError, ValueError, OSError):
        return None
