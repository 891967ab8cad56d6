"""Alpaca: American stocks and funds, on paper or for real."""

import importlib.util
import re

from sting import settings
from sting.broker.alpaca import broker
from sting.broker.alpaca import rest
from sting.engine import clock as clocks
from sting.model import errors


def build(
    service: settings.Alpaca,
    keys: tuple[str, ...],
    time_source: clocks.Clock,
    *,
    live: bool = False,
) -> broker.AlpacaBroker:
    """Makes the way to an account.

    Args:
        service: exchanges/alpaca.yaml.
        keys: Key and secret of the account.
        time_source: The engine's clock.
        live: The account with real money is meant.

    Raises:
        errors.ConfigError: An address or a key is none, or the library for it
            is not installed.
    """
    if importlib.util.find_spec('alpaca') is None:
        raise errors.ConfigError(
            'broker alpaca needs the package alpaca-py: install sting[alpaca]'
        )
    url = (service.live_url if live else service.trading_url).rstrip('/')
    if not re.fullmatch(r'https?://[^/\s]+', url):
        raise errors.ConfigError(
            f'{"live_url" if live else "trading_url"} {url} of '
            'exchanges/alpaca.yaml is no address; write '
            'https://paper-api.alpaca.markets, or for real money '
            'https://api.alpaca.markets'
        )
    key, secret = keys
    return broker.AlpacaBroker(
        rest.Access(
            name='alpaca',
            url=url,
            key=key,
            secret=secret,
            timeout_s=service.answer_s,
        ),
        # Where orders go there is the stream, so that both are of one account.
        f'ws{url.removeprefix("http")}/stream',
        time_source,
        per_minute=service.orders_per_minute,
        burst=service.orders_burst,
        compare_s=service.compare_s,
    )
