"""The bus of a profile: the engine's end of it, and that of a node."""

import asyncio
from collections.abc import Callable
from collections.abc import Mapping
import os
import pathlib

from sting import settings
from sting.model import errors
from sting.net import postal
from sting.session import strategies
from sting.settings import keys
from sting.settings import nodes as nodes_settings
from sting.strategy import nodes
from sting.strategy import relay

# Below the folder of the profile, on a node.
FOLDER = 'node'


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
        _access(bus, profile, home, environ, f'sting {profile}')
    )

    def told(up: bool, why: str) -> None:
        alert('the bus is there' if up else f'bus: {why}')

    way.told = told
    return nodes.Nodes(
        way,
        nodes.Subjects(bus.prefix, profile),
        bus.node_of,
        lost_s=bus.lost_s,
        away_s=bus.away_s,
        late_s=bus.late_s,
        alert=alert,
    )


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
    if name not in bus.nodes:
        raise errors.ConfigError(
            f'profile {profile} has no node {name!r}; there are: '
            + (', '.join(sorted(bus.nodes)) or 'none')
        )
    members = bus.nodes[name]
    await asyncio.to_thread(strategies.check, config, members)
    numbers = {
        each: number for number, each in enumerate(chosen.strategies, start=1)
    }
    way = postal.Connection(
        _access(bus, profile, home, os.environ, f'sting {profile} {name}')
    )

    def told(up: bool, why: str) -> None:
        if not up:
            say(why)

    way.told = told
    host = relay.Host(
        name,
        way,
        nodes.Subjects(bus.prefix, profile),
        {
            each: config.strategies[each].spec(each, numbers[each])
            for each in members
        },
        home.state(profile) / FOLDER,
        say=say,
    )
    await host.start()
    try:
        await ended.wait()
    finally:
        await host.stop()


def _access(
    bus: nodes_settings.Bus,
    profile: str,
    home: settings.Home,
    environ: Mapping[str, str],
    name: str,
) -> postal.Access:
    """Gives where the servers are, and what lets us in.

    Raises:
        errors.ConfigError: The token is missing.
    """

    def path(text: str) -> pathlib.Path | None:
        return home.config / pathlib.Path(text).expanduser() if text else None

    certificate, key = path(bus.certificate), path(bus.key)
    token = ''
    if bus.token:
        token = keys.get(
            nodes_settings.SERVICE, nodes_settings.TOKEN, environ, profile
        )
    return postal.Access(
        servers=tuple(bus.servers),
        name=name,
        token=token,
        credentials=path(bus.credentials),
        ca=path(bus.ca),
        certificate=(certificate, key) if certificate and key else None,
    )
