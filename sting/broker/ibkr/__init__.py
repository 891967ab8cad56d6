"""Interactive Brokers through ib_insync or ib_async."""

from sting import settings
from sting.broker.ibkr import broker
from sting.engine import clock as clocks


def build(
    gateway: settings.Gateway, time_source: clocks.Clock, account: str = ''
) -> broker.IbkrBroker:
    """Makes the way to an account.

    Args:
        gateway: exchanges/ibkr.yaml.
        time_source: The engine's clock.
        account: Its number; empty for the only one of the login.

    Raises:
        errors.ConfigError: No library for it is installed.
    """
    return broker.IbkrBroker(gateway, time_source, account)
