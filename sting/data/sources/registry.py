"""The sources that there are, made of their configuration."""

from collections.abc import Mapping

from sting import settings
from sting.data.sources import alphavantage
from sting.data.sources import base
from sting.data.sources import binance
from sting.data.sources import yahoo
from sting.engine import clock as clocks
from sting.model import errors
from sting.net import http
from sting.net import limits

KEYS: Mapping[str, str] = {'alphavantage': 'STING_ALPHAVANTAGE_KEY'}


def build(
    name: str,
    service: settings.Service,
    time_source: clocks.Clock,
    environ: Mapping[str, str],
) -> base.DataSource:
    """Makes a source.

    Args:
        name: Its name: binance, yahoo or alphavantage.
        service: What is configured of it.
        time_source: Tells which bars are closed, and waits.
        environ: Has the keys.

    Returns:
        The source; nothing is connected yet.

    Raises:
        errors.ConfigError: Its key is missing.
    """
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
        return binance.BinanceSource(client, time_source)
    if name == 'yahoo':
        return yahoo.YahooSource(client, time_source, calendar=service.calendar)
    return alphavantage.AlphaVantageSource(
        client, time_source, key, calendar=service.calendar
    )
