"""`sting keys`: the keys of accounts, in the system's keyring."""

import os
import sys

import click

from sting import settings
from sting.cli import common
from sting.model import errors
from sting.settings import alerts
from sting.settings import brokers
from sting.settings import keys as credentials

_SERVICE = click.argument('service', metavar='SERVICE')
_PROFILE = click.option(
    '--profile',
    metavar='NAME',
    default='',
    help='Keys of this profile alone.',
)


@click.group()
def keys() -> None:
    """Keeps the keys of accounts in the system's keyring.

    SERVICE is a broker or a source of market data, such as alpaca, or alerts
    for the channels of alerts.yaml. What the environment has comes first. Keys
    are never shown, and never in a file.
    """


@keys.command('set')
@_SERVICE
@_PROFILE
def set_(service: str, profile: str) -> None:
    """Asks for the keys of a service and puts them into the keyring.

    Without a terminal they are read from stdin, one a line.
    """
    wanted = _variables(service)
    given = [
        _ask(credentials.of_profile(each, _known(profile))) for each in wanted
    ]
    for variable, key in given:
        credentials.put(variable, key)
    click.echo(f'the keyring has {", ".join(name for name, _ in given)}')


@keys.command('list')
@_PROFILE
@common.json_option
def list_(profile: str, as_json: bool) -> None:
    """Lists which keys there are, and where; never the keys."""
    _known(profile)
    services = [name for name, each in credentials.KEYS.items() if each]
    wanted = {
        name: credentials.variables(name)
        for name in (*services, *sorted(brokers.others()))
    }
    wanted[alerts.SERVICE] = _of_channels()
    found = [
        {'service': name, 'key': place.variable, 'where': place.where}
        for name, variables in wanted.items()
        for each in variables
        for place in [credentials.place(each, os.environ, profile)]
    ]
    if as_json:
        common.print_json(found)
        return
    common.print_table(
        dict.fromkeys(('service', 'key', 'where'), common.LEFT),
        [tuple(row.values()) for row in found],
    )


@keys.command()
@_SERVICE
@_PROFILE
def forget(service: str, profile: str) -> None:
    """Takes the keys of a service out of the keyring."""
    _known(profile)
    gone = [
        variable
        for each in _variables(service)
        if credentials.forget(variable := credentials.of_profile(each, profile))
    ]
    click.echo(
        f'forgotten: {", ".join(gone)}' if gone else 'the keyring had none'
    )


def _variables(service: str) -> tuple[str, ...]:
    """Gives the names of the keys of a service that there is.

    Raises:
        errors.InputError: There is no such service, or it needs none.
    """
    if service == alerts.SERVICE:
        found = _of_channels()
        if not found:
            raise errors.InputError('no channel of alerts.yaml needs a key')
        return found
    if service not in credentials.KEYS and service not in brokers.others():
        raise errors.InputError(
            f'unknown service {service!r}; there are: '
            + ', '.join(
                (*credentials.KEYS, alerts.SERVICE, *sorted(brokers.others()))
            )
        )
    found = credentials.variables(service)
    if not found:
        raise errors.InputError(f'{service} needs no keys')
    return found


def _of_channels() -> tuple[str, ...]:
    """Gives the names of the keys of the channels of alerts.yaml."""
    channels = settings.load(settings.Home.find()).alerts.channels
    return tuple(
        dict.fromkeys(
            variable
            for name, each in channels.items()
            for variable in each.variables(name)
        )
    )


def _known(profile: str) -> str:
    """Gives back the name of a profile that there is.

    Raises:
        errors.ConfigError: There is none of this name.
    """
    if profile:
        settings.load(settings.Home.find()).profile(profile)
    return profile


def _ask(variable: str) -> tuple[str, str]:
    """Reads a key, and does not show it.

    Raises:
        errors.InputError: None was given.
    """
    if sys.stdin.isatty():
        key = click.prompt(
            variable,
            hide_input=True,
            default='',
            show_default=False,
            err=True,
        )
    else:
        key = sys.stdin.readline()
    key = key.strip()
    if not key:
        raise errors.InputError(f'{variable} is empty; nothing was kept')
    return variable, key
