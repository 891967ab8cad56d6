"""The bus of a profile: the engine's end of it, and that of a node."""

import asyncio
from collections.abc import Callable
from collections.abc import Mapping
import contextlib
import os

import msgspec

from sting import settings
from sting.data import serving
from sting.data.sources import base
from sting.data.sources import registry
from sting.engine import clock
from sting.engine import subscribers
from sting.model import errors
from sting.net import postal
from sting.net import presence
from sting.session import access
from sting.session import observing
from sting.session import strategies
from sting.strategy import nodes
from sting.strategy import relay

# Below the folder of the profile, on a node.
FOLDER = 'node'
OBSERVERS = 'observers'


def for_engine(
    chosen: settings.Profile,
    profile: str,
    home: settings.Home,
    environ: Mapping[str, str],
    alert: Callable[[str], None],
) -> nodes.Nodes | None:
    """Makes what an engine has of the nodes of its profile.

    Args:
        chosen: The profile.
        profile: Its name.
        home: Where the user's files are.
        environ: May have the token.
        alert: Told what a person should know.

    Returns:
        The nodes; None where the profile has none.

    Raises:
        errors.ConfigError: A library, a file or the token is missing.
    """
    bus = chosen.bus
    if bus is None or not bus.node_of:
        return None
    way = postal.Connection(
        access.of(bus, profile, home, environ, f'sting {profile}')
    )

    lost = False

    def told(up: bool, why: str) -> None:
        nonlocal lost
        if not up:
            alert(f'bus: {why}')
        elif lost:
            alert('the bus is there again')
        lost = not up

    way.told = told
    return nodes.Nodes(
        way,
        presence.Subjects(bus.prefix, profile),
        bus.node_of,
        lost_s=bus.lost_s,
        away_s=bus.away_s,
        late_s=bus.late_s,
        alert=alert,
    )


def publishing(
    chosen: settings.Profile,
    profile: str,
    home: settings.Home,
    environ: Mapping[str, str],
    *,
    log: str,
    subscribe: Callable[[subscribers.PageHandler], subscribers.Subscriber],
    alert: Callable[[str], None],
) -> observing.Publishing | None:
    """Makes what writes an engine's events for observers.

    Args:
        chosen: The profile.
        profile: Its name.
        home: Where the user's files are.
        environ: May have the token.
        log: The id of the log.
        subscribe: Makes the subscriber to the log, given its handler.
        alert: Told what a person should know.

    Returns:
        None where the profile has no observers.

    Raises:
        errors.ConfigError: A library, a file or the token is missing.
    """
    bus = chosen.bus
    if bus is None or not bus.events_days:
        return None
    return observing.Publishing(
        postal.Connection(
            access.of(bus, profile, home, environ, f'sting {profile} log')
        ),
        presence.Subjects(bus.prefix, profile),
        log,
        bus.events_days,
        subscribe,
        alert,
    )


async def observe(
    profile: str,
    home: settings.Home,
    config: settings.Settings,
    symbols: tuple[str, ...],
    name: str,
    *,
    show: Callable[[bytes], None],
    say: Callable[[str], None],
) -> None:
    """Shows the events of an engine elsewhere, until it is cancelled.

    Args:
        profile: The profile's name.
        home: Where the observer's files are.
        config: What is configured there.
        symbols: Of which; empty for all.
        name: Of its cursor, behind which it goes on; empty for all that the
            server has.
        show: Given each event as JSON.
        say: Told what is wrong, in one line.

    Raises:
        errors.ConfigError: Something configured is wrong.
        errors.JournalError: The cursor cannot be read.
    """
    bus = config.profile(profile).bus
    if bus is None or not bus.events_days:
        raise errors.ConfigError(
            f'profile {profile} has no bus with events_days; see '
            'docs/guides/SCALING.md'
        )
    file = home.state(profile) / OBSERVERS / name if name else None
    cursor = 0
    if file is not None:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        cursor = subscribers.read_cursor(file, 0)
    way = postal.Connection(
        access.of(bus, profile, home, os.environ, f'sting {profile} observer')
    )

    def told(up: bool, why: str) -> None:
        if not up:
            say(why)

    way.told = told
    await way.start()
    subjects = presence.Subjects(bus.prefix, profile)
    found = observing.follow(way, subjects, symbols, cursor, say)
    try:
        async with contextlib.aclosing(found):
            async for message in found:
                show(message.data)
                if file is not None:
                    subscribers.write_cursor(file, message.cursor)
    finally:
        await way.stop()


async def run(
    name: str,
    profile: str,
    home: settings.Home,
    config: settings.Settings,
    *,
    ended: asyncio.Event,
    say: Callable[[str], None],
) -> None:
    """Runs a node until it is told to end.

    Args:
        name: Its name.
        profile: The profile's.
        home: Where the node's files are.
        config: What is configured there.
        ended: Set by whoever ends it.
        say: Told what happens, in one line.

    Raises:
        errors.ConfigError: Something configured is wrong.
    """
    chosen = config.profile(profile)
    bus = chosen.bus
    if bus is None:
        raise errors.ConfigError(
            f'profile {profile} has no bus; see docs/guides/SCALING.md'
        )
    if name not in bus.names:
        raise errors.ConfigError(
            f'profile {profile} has no node {name!r}; there are: '
            + (', '.join(bus.names) or 'none')
        )
    members = bus.nodes.get(name, ())
    await asyncio.to_thread(strategies.check, config, members)
    numbers = {
        each: number for number, each in enumerate(chosen.strategies, start=1)
    }
    way = postal.Connection(
        access.of(bus, profile, home, os.environ, f'sting {profile} {name}')
    )

    def told(up: bool, why: str) -> None:
        if not up:
            say(why)

    way.told = told
    subjects = presence.Subjects(bus.prefix, profile)
    host = relay.Host(
        name,
        way,
        subjects,
        {
            each: config.strategies[each].spec(each, numbers[each])
            for each in members
        },
        home.state(profile) / FOLDER,
        say=say,
    )
    desk = serving.Desk(
        name,
        way,
        subjects,
        {
            each: _source(each, chosen, config, profile)
            for each in bus.sources.get(name, ())
        },
        clock.LiveClock(),
        say=say,
    )

    def renewed() -> None:
        host.renew()
        desk.renew()

    way.renewed = renewed
    await host.start()
    await desk.start()
    try:
        await ended.wait()
    finally:
        await desk.stop()
        await host.stop()


def _source(
    name: str,
    chosen: settings.Profile,
    config: settings.Settings,
    profile: str,
) -> base.DataSource:
    """Makes a source that runs here, with the keys of this machine."""
    service = msgspec.structs.replace(
        config.services[name], calendar=chosen.calendar
    )
    return registry.build(name, service, clock.LiveClock(), os.environ, profile)
