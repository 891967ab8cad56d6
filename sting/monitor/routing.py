"""Which alerts go where, and which were told a moment ago."""

import fnmatch
import re
from typing import NamedTuple

import msgspec

from sting.model import records
from sting.monitor import notices
from sting.settings import alerts

# What tells of a channel; the channel's name follows.
OURS = 'alerts:'
_NUMBER = re.compile(r'\d[\d,.]*')
_ALL = alerts.Rule()


class Router:
    """Gives the channels of an alert."""

    def __init__(self, configured: alerts.Alerts, profile: str) -> None:
        """Sets up a router.

        Args:
            configured: What alerts.yaml says.
            profile: Whose alerts they are.
        """
        self._channels = tuple(configured.of(profile))
        self._rules = tuple(configured.rules.values()) or (_ALL,)

    def channels(self, one: notices.Notice) -> tuple[str, ...]:
        """Gives the names of the channels that an alert goes to.

        What tells that a channel is dead does not go to that one.
        """
        wanted: set[str] = set()
        for rule in self._rules:
            if _fits(rule, one):
                wanted.update(rule.channels or self._channels)
        dead = one.source.removeprefix(OURS)
        if dead != one.source:
            wanted.discard(dead)
        return tuple(each for each in self._channels if each in wanted)


class _Told(NamedTuple):
    until: float
    last: notices.Notice
    channels: tuple[str, ...]


class Repeats:
    """Keeps what was told a moment ago from being told again.

    Two alerts are the same when their severity, their source and their words
    are; of those that are not critical numbers do not count. How often one
    came meanwhile is told when the time is over.
    """

    def __init__(self, seconds: float) -> None:
        """Sets it up.

        Args:
            seconds: How long it is kept back; 0 for never.
        """
        self._seconds = seconds
        self._told: dict[tuple[str, str, str], _Told] = {}

    def admits(
        self, one: notices.Notice, channels: tuple[str, ...], now: float
    ) -> bool:
        """Whether an alert is to be told now.

        Args:
            one: The alert.
            channels: Where it would go.
            now: Seconds of a clock that never goes back.
        """
        if not self._seconds:
            return True
        key = _key(one)
        known = self._told.get(key)
        if known is not None and now < known.until:
            more = msgspec.structs.replace(one, more=known.last.more + 1)
            self._told[key] = known._replace(last=more)
            return False
        self._told[key] = _Told(now + self._seconds, one, channels)
        return True

    def over(self, now: float) -> list[tuple[notices.Notice, tuple[str, ...]]]:
        """Gives what came again, where its time is over.

        Args:
            now: Seconds of the same clock.

        Returns:
            The last of each with how often it came, and where it goes.
        """
        found = []
        for key, known in [*self._told.items()]:
            if now < known.until:
                continue
            if not known.last.more:
                del self._told[key]
                continue
            found.append((known.last, known.channels))
            fresh = msgspec.structs.replace(known.last, more=0)
            self._told[key] = known._replace(
                until=now + self._seconds, last=fresh
            )
        return found


def _fits(rule: alerts.Rule, one: notices.Notice) -> bool:
    return (
        one.rank >= notices.RANKS.index(rule.severity)
        and _any(rule.sources, one.source)
        and _any(rule.messages, one.message)
    )


def _any(patterns: tuple[str, ...], text: str) -> bool:
    low = text.lower()
    return not patterns or any(
        fnmatch.fnmatchcase(low, each.lower()) for each in patterns
    )


def _key(one: notices.Notice) -> tuple[str, str, str]:
    words = one.message
    if one.severity is not records.Severity.CRITICAL:
        words = _NUMBER.sub('#', words)
    return one.severity.value, one.source, words
