"""A feed of real bars, made of its configuration."""

import collections
import os

import msgspec

from sting import settings
from sting.data import cache
from sting.data import manager
from sting.data import market_feed
from sting.data import store
from sting.data.sources import base
from sting.data.sources import carried
from sting.data.sources import registry
from sting.data.sources import renamed
from sting.engine import clock
from sting.model import errors
from sting.net import postal
from sting.net import presence
from sting.session import access


def build(
    name: str,
    feed: settings.MarketFeed,
    config: settings.Settings,
    symbols: tuple[str, ...],
    time_source: clock.Clock,
    home: settings.Home,
    calendar: str,
    profile: str = '',
) -> market_feed.MarketFeed:
    """Makes a feed of sources; nothing is connected yet.

    Args:
        name: Its name.
        feed: Which sources, in which order.
        config: Has the services, and what is done about odd bars.
        symbols: The instruments wanted.
        time_source: Tells the time.
        home: Where bars are kept.
        calendar: The exchange whose sessions count, for all sources.
        profile: Whose own keys come first.

    Raises:
        errors.ConfigError: A source has no key, or knows two symbols by one
            name.
    """
    data = manager.DataManager(
        [
            _source(
                each,
                feed,
                config,
                symbols,
                time_source,
                home,
                calendar,
                profile,
            )
            for each in feed.sources
        ],
        cache.DataCache(
            store.BarStore(home.bars), time_source, calendar=calendar
        ),
        time_source,
        calendar=calendar,
        rules={rule: str(action) for rule, action in config.data.rules.items()},
    )
    made = market_feed.MarketFeed(
        data,
        symbols,
        feed.timeframe,
        time_source,
        name=name,
        patience_s=feed.patience_s,
        ticks=[base.Stream(each) for each in feed.ticks],
    )
    made.generated = any(
        isinstance(config.services[each], settings.Generator)
        for each in feed.sources
    )
    return made


def _source(
    name: str,
    feed: settings.MarketFeed,
    config: settings.Settings,
    symbols: tuple[str, ...],
    time_source: clock.Clock,
    home: settings.Home,
    calendar: str,
    profile: str,
) -> base.DataSource:
    service = msgspec.structs.replace(config.services[name], calendar=calendar)
    bus = config.profile(profile).bus if profile else None
    made: base.DataSource
    if bus is None or name not in bus.source_of:
        made = registry.build(name, service, time_source, os.environ, profile)
    else:
        way = postal.Connection(
            access.of(bus, profile, home, os.environ, f'sting {profile} {name}')
        )
        made = carried.CarriedSource(
            name,
            bus.source_of[name],
            way,
            presence.Subjects(bus.prefix, profile),
            registry.capabilities(name, service, time_source),
            lost_s=bus.lost_s,
        )
        way.told = made.bus_changed
    names = feed.names.get(name)
    # One that is not named may be called there what another one is.
    theirs = collections.Counter(
        (names or {}).get(each, each) for each in symbols
    )
    for each, count in theirs.items():
        if count > 1:
            raise errors.ConfigError(f'{name}: two symbols are {each} there')
    return renamed.RenamedSource(made, names) if names else made
