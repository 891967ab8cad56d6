"""The sources that there are, made of their configuration."""

from collections.abc import Mapping
import functools

from sting import settings
from sting.data import calendars
from sting.data.sources import alpaca_history
from sting.data.sources import alpaca_stream
from sting.data.sources import alphavantage
from sting.data.sources import archive
from sting.data.sources import base
from sting.data.sources import binance
from sting.data.sources import generator
from sting.data.sources import ibkr
from sting.data.sources import sql
from sting.data.sources import streaming
from sting.data.sources import yahoo
from sting.engine import clock as clocks
from sting.model import errors
from sting.net import guard as guards
from sting.net import http
from sting.net import limits
from sting.net import wires
from sting.settings import keys


def build(
    name: str,
    service: settings.Source,
    time_source: clocks.Clock,
    environ: Mapping[str, str],
    profile: str = '',
    policy: guards.Policy | None = None,
) -> base.DataSource:
    """Makes a source.

    Args:
        name: Its name: binance, yahoo, alphavantage, alpaca, ibkr or one
            that data.yaml has.
        service: What is configured of it.
        time_source: Tells which bars are closed, and waits.
        environ: Has the keys that the keyring has not, and the password of a
            database `prices` as STING_PRICES_PASSWORD.
        profile: Whose own keys come first.
        policy: How often what fails is asked again; None for the defaults.

    Returns:
        The source; nothing is connected yet.

    Raises:
        errors.ConfigError: A key, an address or a broker's library is missing,
            or the address or the driver of a database.
    """
    if isinstance(service, settings.Service):
        found = keys.find(name, environ, profile) if name in keys.KEYS else ()
        return _service(name, service, time_source, policy, found)
    return _own(name, service, time_source, environ, policy)


def capabilities(
    name: str, service: settings.Source, time_source: clocks.Clock
) -> base.Capabilities:
    """Says what a source can do; its keys may be on another machine.

    Args:
        name: Its name.
        service: What is configured of it.
        time_source: As `build` takes it.

    Raises:
        errors.ConfigError: An address, a library or a driver is missing.
    """
    if isinstance(service, settings.Service):
        none = ('',) * len(keys.KEYS.get(name, ()))
        return _service(name, service, time_source, None, none).capabilities
    return _own(name, service, time_source, {}, None).capabilities


def _service(
    name: str,
    service: settings.Service,
    time_source: clocks.Clock,
    policy: guards.Policy | None,
    found: tuple[str, ...],
) -> base.DataSource:
    """Makes the source of a service of the web, with its keys."""
    place = _place(service)
    if name == 'alpaca':
        return _alpaca(service, place, time_source, policy, *found)
    if service.base_url is None:
        raise _lacks(name, 'base_url')
    client = http.HttpClient(
        name,
        service.base_url,
        time_source,
        limiter=limits.RateLimiter(service.per_minute / 60, service.burst),
        policy=policy,
        timeout_s=service.timeout_s,
        # Some services answer no program that says what it is.
        headers={'User-Agent': 'Mozilla/5.0 (compatible; sting)'},
        secrets=found,
    )
    if name == 'binance':
        return binance.BinanceSource(client, time_source, place=place)
    if name == 'yahoo':
        return yahoo.YahooSource(client, time_source, calendar=service.calendar)
    return alphavantage.AlphaVantageSource(
        client, time_source, *found, calendar=service.calendar
    )


def _alpaca(
    service: settings.Service,
    place: streaming.Place | None,
    time_source: clocks.Clock,
    policy: guards.Policy | None,
    key: str,
    secret: str,
) -> base.DataSource:
    """Makes the source of Alpaca's stream, of its bars of the past, or both."""
    history = None
    if service.base_url is not None:
        history = alpaca_history.AlpacaHistory(
            service.base_url,
            time_source,
            key,
            secret,
            feed=service.feed or 'iex',
            calendar=service.calendar,
            limiter=limits.RateLimiter(service.per_minute / 60, service.burst),
            policy=policy,
            timeout_s=service.timeout_s,
        )
    elif place is None:
        raise _lacks('alpaca', 'base_url')
    return alpaca_stream.AlpacaSource(
        place, time_source, key, secret, history=history
    )


def _own(
    name: str,
    source: settings.Gateway
    | settings.Database
    | settings.Archive
    | settings.Generator,
    time_source: clocks.Clock,
    environ: Mapping[str, str],
    policy: guards.Policy | None,
) -> base.DataSource:
    """Makes a source of data.yaml, or of a gateway."""
    if isinstance(source, settings.Gateway):
        return ibkr.IbkrSource(source, time_source, policy=policy)
    if isinstance(source, settings.Archive):
        return archive.ArchiveSource(name, source, time_source)
    if isinstance(source, settings.Generator):
        return generator.GeneratorSource(name, source, time_source)
    password = environ.get(f'STING_{name.upper()}_PASSWORD', '')
    return sql.SqlSource(
        name, source, time_source, password=password, policy=policy
    )


def _lacks(name: str, address: str) -> errors.ConfigError:
    return errors.ConfigError(f'{name} has no {address} in its file')


def _place(service: settings.Service) -> streaming.Place | None:
    """Says where a service streams, if it does."""
    if service.data_stream_url is None:
        return None
    return streaming.Place(
        url=service.data_stream_url,
        policy=wires.Policy(silence_s=service.silence_s),
        is_open=functools.partial(calendars.is_open, calendar=service.calendar),
    )
