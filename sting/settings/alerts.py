"""alerts.yaml: where alerts go that a person is to hear of, and which."""

from collections.abc import Mapping
import re
from typing import Annotated
from typing import Final
from urllib import parse
import zoneinfo

import msgspec

from sting.model import records
from sting.settings import keys

# What the keys of channels are called where services are named.
SERVICE: Final = 'alerts'
HOUR: Final = 60
DAY: Final = 24 * HOUR

_REFERENCE = re.compile(r'\$\{([^}]*)\}')
_VARIABLE = re.compile(r'[A-Z][A-Z0-9_]*')
_CHANNEL = re.compile(r'[A-Za-z][A-Za-z0-9_-]*')
_MOMENT = re.compile(r'([01]?\d|2[0-3]):([0-5]\d)')
# Addresses that need no secret; all others are made of one.
_OPEN: Final = frozenset(
    {
        'dbus', 'form', 'forms', 'glib', 'gnome', 'json', 'jsons', 'kde',
        'macosx', 'mailto', 'mailtos', 'mqtt', 'mqtts', 'qt', 'rsyslog',
        'syslog', 'windows', 'xml', 'xmls',
    }
)  # fmt: skip
_SECRET = re.compile(r'pass|pwd|secret|token|key|auth', re.IGNORECASE)
# Shorter pieces of an address tell nothing, and are in any text.
_PIECE = 6


class Channel(msgspec.Struct, frozen=True, kw_only=True):
    """Somewhere that alerts go.

    Attributes:
        url: Where that is, as apprise writes it, with `${NAME}` for what the
            environment or the keyring has; empty where all of it is there.
        profiles: Only alerts of these profiles; empty for all.
        per_minute: Messages a minute at most; what is more comes together in
            one.
        timeout_s: Seconds that one message may take.
    """

    url: str = ''
    profiles: tuple[str, ...] = ()
    per_minute: Annotated[int, msgspec.Meta(ge=1, le=600)] = 10
    timeout_s: Annotated[float, msgspec.Meta(gt=0, le=600)] = 20.0

    def __post_init__(self) -> None:
        """Refuses secrets, and never says what they are."""
        for name in _REFERENCE.findall(self.url):
            if not _VARIABLE.fullmatch(name):
                raise ValueError(
                    'url: between ${ and } stands the name of a key, in '
                    'capitals, such as ${STING_MAIL_PASSWORD}'
                )
        if self.url:
            _refuse_secrets(self.url)

    def variables(self, name: str) -> tuple[str, ...]:
        """Gives the names of the keys that it needs.

        Args:
            name: The channel's.
        """
        if not self.url:
            stem = re.sub(r'[^A-Za-z0-9]', '_', name).upper()
            return (f'STING_ALERTS_{stem}_URL',)
        return tuple(dict.fromkeys(_REFERENCE.findall(self.url)))


class Address(msgspec.Struct, frozen=True):
    """Where a channel is, with its secrets.

    Attributes:
        url: As apprise takes it.
        secrets: What of it is never to be shown.
    """

    url: str
    secrets: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Shows nothing of it."""
        return 'Address(***)'

    def redact(self, text: str) -> str:
        """Gives a text without the secrets."""
        for secret in sorted(self.secrets, key=len, reverse=True):
            text = text.replace(secret, '***')
        return text


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """Which alerts go to some channels.

    Attributes:
        severity: Those that matter so much, or more.
        sources: Only those that one of these raised, or patterns of them;
            empty for all.
        messages: Only those whose words fit one of these patterns.
        channels: Where they go; empty for every channel.
    """

    severity: records.Severity = records.Severity.WARNING
    sources: tuple[str, ...] = ()
    messages: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()


class Quiet(
    msgspec.Struct, frozen=True, kw_only=True, rename={'begin': 'from'}
):
    """Hours of a day in which only what is critical goes out.

    Attributes:
        begin: When they begin, HH:MM.
        until: When they end; before `begin` for the next day.
        zone: Of which clock, such as Europe/Berlin; empty for that of the
            profile's calendar.
    """

    # YAML takes 22:00 for a number: that of its minutes.
    begin: str | int
    until: str | int
    zone: str = ''

    def __post_init__(self) -> None:
        """Refuses what is no moment of a day, and a zone that is none."""
        if self.span[0] == self.span[1]:
            raise ValueError('from and until are the same; leave quiet out')
        if self.zone:
            try:
                zoneinfo.ZoneInfo(self.zone)
            except (ValueError, KeyError, OSError):
                raise ValueError(
                    f'zone: there is no {self.zone!r}; write one such as '
                    'Europe/Berlin or UTC'
                ) from None

    @property
    def span(self) -> tuple[int, int]:
        """When they begin and end, in minutes of the day."""
        return _minutes('from', self.begin), _minutes('until', self.until)

    @property
    def clock(self) -> zoneinfo.ZoneInfo | None:
        """The zone, where one is named."""
        return zoneinfo.ZoneInfo(self.zone) if self.zone else None

    def covers(self, minute: int) -> bool:
        """Whether a minute of the day is one of them."""
        begin, until = self.span
        if begin < until:
            return begin <= minute < until
        return minute >= begin or minute < until


class Alerts(msgspec.Struct, frozen=True, kw_only=True):
    """alerts.yaml.

    Attributes:
        channels: By name.
        rules: By name; what any of them has goes out. Without one, all
            channels get warnings and what is critical.
        quiet: When only what is critical goes out.
        repeat_s: Seconds in which the same alert goes out once.
    """

    channels: dict[str, Channel] = {}
    rules: dict[str, Rule] = {}
    quiet: Quiet | None = None
    repeat_s: Annotated[float, msgspec.Meta(ge=0, le=86_400)] = 300.0

    def __post_init__(self) -> None:
        """Refuses names that are none, or that nothing has."""
        for name in self.channels:
            if not _CHANNEL.fullmatch(name):
                raise ValueError(
                    f'channels: {name!r}: letters, digits, - and _ only'
                )
        for name, rule in self.rules.items():
            for wanted in rule.channels:
                if wanted not in self.channels:
                    raise ValueError(
                        f'rules.{name}: there is no channel {wanted!r}; there '
                        f'are: {", ".join(self.channels) or "none"}'
                    )

    def of(self, profile: str) -> dict[str, Channel]:
        """Gives the channels of a profile's alerts, by name."""
        return {
            name: each
            for name, each in self.channels.items()
            if not each.profiles or profile in each.profiles
        }


def address(
    name: str, channel: Channel, environ: Mapping[str, str], profile: str = ''
) -> Address:
    """Gives where a channel is.

    Args:
        name: The channel's name.
        channel: What alerts.yaml says of it.
        environ: Has its keys, or else the keyring has.
        profile: Whose own keys come first.

    Raises:
        errors.ConfigError: A key is missing.
    """
    found = {
        each: keys.get(SERVICE, each, environ, profile)
        for each in channel.variables(name)
    }
    if not channel.url or _REFERENCE.fullmatch(channel.url):
        (whole,) = found.values()
        return Address(whole, _pieces(whole))
    filled = _REFERENCE.sub(
        lambda one: parse.quote(found[one[1]], safe=''), channel.url
    )
    quoted = {parse.quote(each, safe='') for each in found.values()}
    return Address(filled, tuple(quoted.union(found.values())))


def _pieces(url: str) -> tuple[str, ...]:
    """Gives an address and what of it may be a secret: all but its kind."""
    _, _, rest = url.partition('://')
    pieces = [
        each for each in re.split(r'[:/@?&=#,]', rest) if len(each) >= _PIECE
    ]
    return (url, *pieces, *map(parse.unquote, pieces))


def _refuse_secrets(url: str) -> None:
    scheme, found, rest = url.partition('://')
    if _REFERENCE.fullmatch(url):
        return
    if not found:
        raise ValueError(
            'url: write it as apprise does, such as '
            'mailtos://me:${STING_MAIL_PASSWORD}@example.com'
        )
    front, _, query = rest.partition('?')
    person, at, _ = front.partition('/')[0].rpartition('@')
    clear = [at and ':' in person and not _has(person.partition(':')[2])]
    for pair in query.split('&'):
        key, _, value = pair.partition('=')
        clear.append(bool(_SECRET.search(key)) and not _has(value))
    if scheme.lower() not in _OPEN:
        clear.append(not _has(rest))
    if any(clear):
        raise ValueError(
            'url: secrets do not belong in files; write ${NAME} in their '
            'place, or leave url out, and put them into the environment or '
            f'the keyring: `sting keys set {SERVICE}`'
        )


def _has(text: str) -> bool:
    return _REFERENCE.search(text) is not None


def _minutes(key: str, moment: str | int) -> int:
    if isinstance(moment, int):
        minute = moment
    else:
        found = _MOMENT.fullmatch(moment)
        minute = HOUR * int(found[1]) + int(found[2]) if found else -1
    if not 0 <= minute < DAY:
        raise ValueError(f'{key}: {moment!r} is no time; write one as 22:00')
    return minute
