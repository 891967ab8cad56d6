"""`bus` of a profile: what runs on other machines, over NATS."""

from collections.abc import Mapping
import re
from typing import Annotated
from typing import Final
from urllib import parse

import msgspec

# What the token lies under, in the environment or the keyring.
SERVICE: Final = 'nats'
TOKEN: Final = 'STING_NATS_TOKEN'  # noqa: S105 - its name.

_SCHEMES: Final = frozenset({'nats', 'tls', 'ws', 'wss'})
_NAME: Final = re.compile(r'[A-Za-z0-9_-]+')

_Seconds = Annotated[float, msgspec.Meta(ge=0.5, le=86_400)]


class Bus(msgspec.Struct, frozen=True, kw_only=True):
    """Where the bus is, and what runs on which node.

    Attributes:
        url: Where NATS servers are, with commas between them; no secrets.
        nodes: The strategies of each node, by its name.
        sources: The sources of market data that each node asks and follows.
        prefix: The first word of all subjects, so that several installations
            can share a server.
        token: Whether the server wants the token that the environment or the
            keyring has as STING_NATS_TOKEN.
        credentials: A file of credentials, as `nsc` writes it.
        ca: A file with the certificates of those who sign the server's.
        certificate: A file with our own certificate.
        key: A file with its key.
        lost_s: Seconds without a word, after which a node is lost, which is
            told.
        away_s: Seconds after which its strategies have failed.
        late_s: What a strategy wants later than this after the event that it
            answers is refused as stale.
        events_days: Days that the server keeps the log's events for observers;
            0 writes none there.
    """

    url: Annotated[str, msgspec.Meta(min_length=1)]
    nodes: dict[str, tuple[str, ...]] = {}
    sources: dict[str, tuple[str, ...]] = {}
    prefix: str = 'sting'
    token: bool = False
    credentials: str = ''
    ca: str = ''
    certificate: str = ''
    key: str = ''
    lost_s: _Seconds = 5.0
    away_s: _Seconds = 60.0
    late_s: _Seconds = 10.0
    events_days: Annotated[float, msgspec.Meta(ge=0, le=3_650)] = 0.0

    def __post_init__(self) -> None:
        """Refuses what makes no sense by itself, and secrets."""
        for each in self.servers:
            _check_url(each)
        for name in (self.prefix, *self.nodes, *self.sources):
            if not _NAME.fullmatch(name):
                raise ValueError(
                    f'{name!r}: prefix and the names of nodes have letters, '
                    'digits, - and _'
                )
        for field in ('nodes', 'sources'):
            _check_once(field, getattr(self, field))
        if self.token and self.credentials:
            raise ValueError('token and credentials exclude each other')
        if bool(self.certificate) != bool(self.key):
            raise ValueError('certificate and key go together')
        if self.away_s < self.lost_s:
            raise ValueError(
                f'away_s {self.away_s:g} must not be less than lost_s '
                f'{self.lost_s:g}'
            )

    @property
    def servers(self) -> list[str]:
        """The servers, each by its address."""
        return [each.strip() for each in self.url.split(',')]

    @property
    def node_of(self) -> dict[str, str]:
        """The node of each strategy that is on one."""
        return _place_of(self.nodes)

    @property
    def source_of(self) -> dict[str, str]:
        """The node of each source that is on one."""
        return _place_of(self.sources)

    @property
    def names(self) -> list[str]:
        """The nodes."""
        return sorted({*self.nodes, *self.sources})


def _place_of(listed: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    return {
        member: node for node, members in listed.items() for member in members
    }


def _check_once(field: str, listed: Mapping[str, tuple[str, ...]]) -> None:
    """Refuses what is on two nodes."""
    seen: dict[str, str] = {}
    for node, members in listed.items():
        for member in members:
            if member in seen:
                raise ValueError(
                    f'{field}: {member!r} is on {seen[member]!r} and on '
                    f'{node!r}; name it once'
                )
            seen[member] = node


def _check_url(url: str) -> None:
    """Refuses an address that is none, and never says what is secret."""
    try:
        parts = parse.urlsplit(url)
        good = parts.scheme in _SCHEMES and bool(parts.hostname)
        secret = parts.username is not None or parts.password is not None
        _ = parts.port
    except ValueError:
        good = secret = False
    if secret:
        raise ValueError(
            'url: no secrets here; see token: and credentials: in '
            'docs/guides/SCALING.md'
        )
    if not good:
        raise ValueError(
            f'url: {url!r} is not like nats://host:4222 or tls://host:4222'
        )
