"""The way into the bus of a profile, as it is configured."""

from collections.abc import Mapping
import pathlib

from sting import settings
from sting.net import postal
from sting.settings import keys
from sting.settings import nodes as nodes_settings


def of(
    bus: nodes_settings.Bus,
    profile: str,
    home: settings.Home,
    environ: Mapping[str, str],
    name: str,
) -> postal.Access:
    """Gives where the servers are, and what lets us in.

    Args:
        bus: What is configured.
        profile: The profile's name, whose own token comes first.
        home: Where relative paths begin.
        environ: May have the token.
        name: What we are called there.

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
