"""`sting node` and `sting observe`: over the bus of a profile."""

import asyncio
from collections.abc import Callable
import contextlib
import importlib
import re
import signal

import click
import msgspec

from sting import settings
from sting.cli import common
from sting.model import errors

_NAME = re.compile(r'[A-Za-z0-9_-]+')
_OPTIONS = (
    click.option(
        '--profile',
        metavar='NAME',
        help='The profile; without it the default of sting.yaml.',
    ),
    click.option(
        '--bus',
        metavar='URL',
        help='Where the servers are, if from here they are elsewhere.',
    ),
)


def _over_the_bus(command: Callable[..., None]) -> Callable[..., None]:
    """Adds what says which bus."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def _configured(
    profile: str | None, bus: str | None
) -> tuple[settings.Home, settings.Settings, str]:
    """Gives what is configured, with the servers of --bus, and the profile."""
    home = settings.Home.find()
    config = settings.load(home)
    chosen = profile or config.default
    return (
        home,
        config if bus is None else _with_bus(config, chosen, bus),
        chosen,
    )


@click.command()
@click.argument('name')
@_over_the_bus
def node(name: str, profile: str | None, bus: str | None) -> None:
    """Runs strategies, or follows sources, for an engine elsewhere.

    NAME is one of the profile's `bus: nodes:` or `bus: sources:`, which say
    what runs here; the node reads its own configuration, runs its own files
    and has its own keys. It needs no engine and no server to start: it waits
    for them, and for those that come back. SIGINT, SIGTERM and SIGHUP end it.
    """
    # What it runs is imported where it runs.
    session = importlib.import_module('sting.session.node')
    home, config, chosen = _configured(profile, bus)

    def say(text: str) -> None:
        click.echo(common.clean(text))

    async def run() -> None:
        ended = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, ended.set)
        say(f'node {name} of profile {chosen}; ctrl+c ends it')
        await session.run(name, chosen, home, config, ended=ended, say=say)

    asyncio.run(run())


@click.command()
@click.argument('symbols', nargs=-1)
@_over_the_bus
@click.option(
    '--name',
    default='',
    metavar='NAME',
    help='Goes on where the observer of this name was.',
)
def observe(
    symbols: tuple[str, ...], profile: str | None, bus: str | None, name: str
) -> None:
    """Prints the events of an engine on another machine as they come.

    One JSON object a line, in the order of the log; of SYMBOLS, or all. It
    takes what the server has and waits for more; without --name from the
    oldest that is kept there. The profile needs `bus: {events_days: N}`.
    """
    session = importlib.import_module('sting.session.node')
    if name and not _NAME.fullmatch(name):
        raise errors.InputError('--name: letters, digits, - and _')
    home, config, chosen = _configured(profile, bus)

    def show(event: bytes) -> None:
        click.echo(event.decode())

    def say(text: str) -> None:
        click.echo(f'sting: {common.clean(text)}', err=True)

    async def run() -> None:
        work = asyncio.ensure_future(
            session.observe(
                chosen, home, config, symbols, name, show=show, say=say
            )
        )
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, work.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await work

    asyncio.run(run())


def _with_bus(
    config: settings.Settings, profile: str, url: str
) -> settings.Settings:
    """Gives what is configured with servers elsewhere."""
    chosen = config.profile(profile)
    if chosen.bus is None:
        raise errors.ConfigError(
            f'profile {profile} has no bus; see docs/guides/SCALING.md'
        )
    try:
        fields = msgspec.structs.asdict(chosen.bus) | {'url': url}
        made = type(chosen.bus)(**fields)
    except ValueError as error:
        raise errors.InputError(f'--bus: {error}') from None
    return msgspec.structs.replace(
        config,
        profiles={
            **config.profiles,
            profile: msgspec.structs.replace(chosen, bus=made),
        },
    )
