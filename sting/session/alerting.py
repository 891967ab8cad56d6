"""Makes what tells alerts to people who do not sit at the screen."""

import asyncio
import datetime
import functools
import os
import pathlib

from sting import settings
from sting.data import calendars
from sting.engine import bus
from sting.engine import clock
from sting.engine import journal
from sting.engine import subscribers
from sting.monitor import delivery
from sting.monitor import outbox
from sting.monitor import outgoing
from sting.monitor import routing
from sting.settings import alerts as alerts_lib
from sting.settings import home as homes


def place(home: settings.Home, profile: str, log: str) -> pathlib.Path:
    """Gives the folder of what waits; another log has another one."""
    return home.state(profile) / outbox.FOLDER / log


def build(
    config: settings.Settings,
    profile: str,
    *,
    home: settings.Home,
    log: str,
    journaled: journal.Journal,
    event_bus: bus.EventBus,
    tell: delivery.Tell,
    first: int,
) -> outgoing.AlertsOut | None:
    """Makes it for a profile; to be called in the engine's loop.

    Args:
        config: What is configured.
        profile: The profile's name.
        home: Where the user's files are.
        log: The id of the log.
        journaled: The log.
        event_bus: Takes what there is to report of the subscriber.
        tell: Is told when a channel is dead, and when it is back.
        first: The event behind which alerts are told that were never told.

    Returns:
        None where no channel is configured.

    Raises:
        errors.StingError: What waits cannot be read.
    """
    channels = config.alerts.of(profile)
    if not channels:
        return None
    folder = place(home, profile, log)
    homes.make_private(folder)
    wall = clock.LiveClock()
    box = outbox.Outbox(folder / outbox.FILE)
    disk = asyncio.Lock()
    chosen = config.profile(profile)
    return outgoing.AlertsOut(
        routing.Router(config.alerts, profile),
        routing.Repeats(config.alerts.repeat_s),
        box=box,
        disk=disk,
        deliveries=[
            delivery.Delivery(
                name,
                channel,
                f'{profile} {chosen.mode.upper()}',
                find=functools.partial(
                    alerts_lib.address, name, channel, os.environ, profile
                ),
                box=box,
                disk=disk,
                tell=tell,
                time_source=wall,
                quiet=config.alerts.quiet,
                zone=_zone(config.alerts.quiet, chosen.calendar),
            )
            for name, channel in channels.items()
        ],
        subscribe=lambda handler: subscribers.Subscriber(
            outgoing.NAME,
            handler,
            log=journaled,
            path=home.log(profile),
            folder=folder,
            event_bus=event_bus,
            time_source=wall,
            kinds=outgoing.KINDS,
            first=first,
            look_s=outgoing.LOOK_S,
        ),
        time_source=wall,
    )


def _zone(quiet: alerts_lib.Quiet | None, calendar: str) -> datetime.tzinfo:
    if quiet is None:
        return datetime.UTC
    return quiet.clock or calendars.zone(calendar)
