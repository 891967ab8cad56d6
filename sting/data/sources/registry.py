"""The sources that there are, made of their configuration."""

from collections.abc import Mapping
import functools

from sting import settings
from sting.data import calendars
from sting.data.sources import alphavantage
from sting.data.sources import base
from sting.data.sources import binance
from sting.data.sources import sql
from sting.data.sources import streaming
from sting.data.sources import yahoo
from sting.engine import clock as clocks
from sting.model import errors
from sting.net import http
from sting.net import limits
from sting.net import sockets

KEYS: Mapping[str, str] = {'alphavantage': 'STING_ALPHAVANTAGE_KEY'}


def build(
    name: str,
    service: settings.Source,
    time_source: clocks.Clock,
    environ: Mapping[str, str],
) -> base.DataSource:
    """Makes a source.

    Args:
        name: Its name: binance, yahoo, alphavantage or that of a database.
        service: What is configured of it.
        time_source: Tells which bars are closed, and waits.
        environ: Has the keys, and the password of a database `prices` as
            STING_PRICES_PASSWORD.

    Returns:
        The source; nothing is connected yet.

    Raises:
        errors.ConfigError: Its key is missing, or the address or the driver
            of a database.
    """
    if isinstance(service, settings.Database):
        password = environ.get(f'STING_{name.upper()}_PASSWORD', '')
        return sql.SqlSource(name, service, time_source, password=password)
    key = ''
    if name in KEYS:
        key = environ.get(KEYS[name], '')
        if not key:
            raise errors.ConfigError(
                f'{name} needs a key: set {KEYS[name]} in the environment'
            )
    client = http.HttpClient(
        name,
        service.base_url,
        time_source,
        limiter=limits.RateLimiter(service.per_minute / 60, service.burst),
        timeout_s=service.timeout_s,
        # Some services answer no program that says what it is.
        headers={'User-Agent': 'Mozilla/5.0 (compatible; sting)'},
        secrets=(key,),
    )
    if name == 'binance':
        return binance.BinanceSource(client, time_source, place=_place(service))
    if name == 'yahoo':
        return yahoo.YahooSource(client, time_source, calendar=service.calendar)
    return alphavantage.AlphaVantageSource(
        client, time_source, key, calendar=service.calendar
    )


def _place(service: settings.Service) -> streaming.Place | None:
    """Says where a service streams, if it does."""
    if service.stream_url is None:
        return None
    return streaming.Place(
        url=service.stream_url,
        policy=sockets.Policy(silence_s=service.silence_s),
        is_open=functools.partial(calendars.is_open, calendar=service.calendar),
    )
