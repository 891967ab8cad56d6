"""`sting alerts`: the channels that alerts go out by."""

import asyncio
from collections.abc import Mapping
import os
import pathlib
from urllib import parse

import click
import msgspec

from sting import settings
from sting.cli import common
from sting.engine import clock
from sting.model import errors
from sting.model import records
from sting.monitor import notices
from sting.monitor import outbox
from sting.monitor import sender
from sting.settings import alerts as alerts_lib
from sting.settings import keys

_PROFILE = click.option(
    '--profile',
    metavar='NAME',
    default='',
    help='With the channels and keys of this profile.',
)
_WORDS = 'This is a test: alerts of sting reach you here.'


class Row(msgspec.Struct, frozen=True):
    """A channel, without what is secret of it.

    Attributes:
        channel: Its name.
        kind: What apprise calls its service; empty while it is not known.
        profiles: Whose alerts it gets; empty for all.
        keys: Where each of its keys is.
        waiting: How many alerts wait for it, in all profiles.
    """

    channel: str
    kind: str
    profiles: tuple[str, ...]
    keys: dict[str, str]
    waiting: int


@click.group()
def alerts() -> None:
    """Tries and lists the channels that alerts go out by.

    They stand in alerts.yaml; a running engine tells them what it alerts of.
    """


@alerts.command()
@click.argument('channel', required=False, metavar='[CHANNEL]')
@_PROFILE
@common.json_option
def test(channel: str | None, profile: str, as_json: bool) -> None:
    """Sends a test to CHANNEL, or to each that there is.

    It needs no engine. Exits with 1 when one did not take it.
    """
    channels = _channels(channel, profile)
    message = _message(
        _WORDS, profile, 'sting alerts test', records.Severity.INFO
    )
    found = {}
    for name, each in channels.items():
        found[name] = fault = _try(name, each, message, profile)
        if not as_json:
            click.echo(f'{name}: {common.clean(fault) or "taken"}')
    if as_json:
        common.print_json(
            [
                {'channel': name, 'ok': not fault, 'fault': fault}
                for name, fault in found.items()
            ]
        )
    _complain(found)


@alerts.command()
@click.argument('message')
@click.option(
    '--channel',
    'only',
    metavar='CHANNEL',
    help='To this one; without it to each that there is.',
)
@click.option(
    '--severity',
    type=click.Choice([each.value for each in records.Severity]),
    default=records.Severity.CRITICAL.value,
    show_default=True,
    help='How much it matters.',
)
@_PROFILE
def send(message: str, only: str | None, severity: str, profile: str) -> None:
    """Sends MESSAGE, for scripts that have something to tell.

    It needs no engine, and heeds no rules and no quiet hours. Exits with 1 when
    a channel did not take it.
    """
    told = _message(
        message, profile, 'sting alerts send', records.Severity(severity)
    )
    _complain(
        {
            name: _try(name, each, told, profile)
            for name, each in _channels(only, profile).items()
        }
    )


@alerts.command('list')
@common.json_option
def list_(as_json: bool) -> None:
    """Lists the channels, where their keys are, and what waits for them."""
    home = settings.Home.find()
    waiting = _waiting(home)
    rows = [
        _row(name, each, waiting.get(name, 0))
        for name, each in settings.load(home).alerts.channels.items()
    ]
    if as_json:
        common.print_json(rows)
        return
    common.print_table(
        {
            'channel': common.LEFT,
            'kind': common.LEFT,
            'profiles': common.LEFT,
            'keys': common.LEFT,
            'waiting': common.RIGHT,
        },
        [
            (
                row.channel,
                row.kind or '-',
                ' '.join(row.profiles) or 'all',
                ', '.join(f'{k} ({v})' for k, v in row.keys.items()) or '-',
                row.waiting,
            )
            for row in rows
        ],
    )


def _channels(
    channel: str | None, profile: str
) -> Mapping[str, alerts_lib.Channel]:
    """Gives the channels that are meant.

    Raises:
        errors.InputError: There is none, or none of this name.
        errors.ConfigError: There is no such profile.
    """
    config = settings.load(settings.Home.find())
    if profile:
        config.profile(profile)
    known = config.alerts.of(profile) if profile else config.alerts.channels
    if not known:
        raise errors.InputError(
            'no channel is configured; name one in alerts.yaml'
        )
    if channel is None:
        return known
    if channel not in known:
        raise errors.InputError(
            f'unknown channel {channel!r}; there are: {", ".join(known)}'
        )
    return {channel: known[channel]}


def _message(
    words: str, profile: str, source: str, severity: records.Severity
) -> notices.Message:
    told = notices.Notice(
        seq=0,
        timestamp=clock.LiveClock().now(),
        severity=severity,
        message=words,
        source=source,
    )
    return notices.compose(profile or 'test', [told])


def _complain(found: Mapping[str, str]) -> None:
    """Ends with what was not taken, by channel.

    Raises:
        errors.StingError: Something was not.
    """
    wrong = [f'{name}: {fault}' for name, fault in found.items() if fault]
    if wrong:
        raise errors.StingError(f'not taken by {"; ".join(wrong)}')


def _try(
    name: str,
    channel: alerts_lib.Channel,
    message: notices.Message,
    profile: str,
) -> str:
    """Sends a message; gives why it was not taken."""
    try:
        address = alerts_lib.address(name, channel, os.environ, profile)
    except errors.ConfigError as error:
        return str(error)
    return asyncio.run(sender.send(address, [message], channel.timeout_s)).fault


def _row(name: str, channel: alerts_lib.Channel, waiting: int) -> Row:
    found = {}
    for variable in channel.variables(name):
        there = keys.place(variable, os.environ)
        found[variable] = there.where
    kind = parse.urlsplit(channel.url).scheme
    if not kind:
        try:
            whole = alerts_lib.address(name, channel, os.environ).url
            kind = whole.partition('://')[0]
        except errors.ConfigError:
            kind = ''
    return Row(name, kind, channel.profiles, found, waiting)


def _waiting(home: settings.Home) -> dict[str, int]:
    """Counts what waits for each channel, over all profiles and logs."""
    found: dict[str, int] = {}
    for profile in home.profiles():
        folder: pathlib.Path = home.log(profile).parent / outbox.FOLDER
        for path in sorted(folder.glob(f'*/{outbox.FILE}')):
            for name, count in outbox.counts(path).items():
                found[name] = found.get(name, 0) + count
    return found
