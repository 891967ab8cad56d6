"""The brokers that there are, made of their configuration."""

from collections.abc import Callable
from collections.abc import Mapping
import functools
from typing import Any

import msgspec

from sting import settings
from sting.broker import account
from sting.broker import drills
from sting.broker import interface
from sting.broker import paper
from sting.data import calendars
from sting.engine import clock as clocks
from sting.model import errors
from sting.model import records
from sting.settings import brokers
from sting.settings import keys
from sting.simulator import costs
from sting.simulator import ticks


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    """What a broker of another package is made of.

    Its entry point in the group `sting.brokers` names a function that takes
    this and gives an `interface.BrokerInterface`, not connected yet.

    Attributes:
        name: Its name in the configuration.
        profile: The profile's name; it may go along with each order.
        account: The account that the profile names; empty where it does not.
        currency: The one currency of the profile.
        calendar: The exchange whose sessions count.
        options: What exchanges/NAME.yaml says.
        clock: Tells the time, and waits.
        environ: The environment; `key` asks it and the keyring.
    """

    name: str
    profile: str
    account: str
    currency: str
    calendar: str
    options: Mapping[str, Any]
    clock: clocks.Clock
    environ: Mapping[str, str]

    def key(self, variable: str) -> str:
        """Gives a key, of the environment or of the keyring.

        Args:
            variable: Its name: STING_NAME_KEY, STING_NAME_SECRET.

        Raises:
            errors.ConfigError: It is in neither.
        """
        return keys.get(self.name, variable, self.environ, self.profile)

    def __repr__(self) -> str:
        """Names broker and profile, and nothing of the environment."""
        return f'Setup(name={self.name!r}, profile={self.profile!r})'


def build(
    name: str,
    config: settings.Settings,
    profile: str,
    time_source: clocks.Clock,
    environ: Mapping[str, str],
) -> interface.BrokerInterface:
    """Makes a broker; its library is loaded only now.

    Args:
        name: Its name: paper, or one that `settings.brokers` knows.
        config: What is configured.
        profile: The profile's name.
        time_source: The engine's clock.
        environ: Has the keys.

    Returns:
        The broker, not connected yet. One outside speaks only for the account
        that the profile means.

    Raises:
        errors.ConfigError: A key, an address or a library is missing, or
            there is no such broker.
    """
    whole = config.profile(profile)
    if name == brokers.PAPER:
        return _paper(config, whole, time_source)
    chosen = whole.at(name)
    if name == brokers.IBKR:
        return account.AccountGate(
            _ibkr(config, chosen, _real(time_source)), profile, whole
        )
    if name == brokers.ALPACA:
        found = keys.find(name, environ, profile)
        return account.AccountGate(
            _alpaca(config, chosen, _real(time_source), found), profile, whole
        )
    made = _other(
        Setup(
            name=name,
            profile=profile,
            account=chosen.account,
            currency=chosen.currency,
            calendar=chosen.calendar,
            options=config.plugins.get(name, {}),
            clock=_real(time_source),
            environ=environ,
        )
    )
    return account.AccountGate(made, profile, whole)


def _ibkr(
    config: settings.Settings,
    chosen: settings.Profile,
    time_source: clocks.Clock,
) -> interface.BrokerInterface:
    """Makes the way to Interactive Brokers."""
    from sting.broker import ibkr  # noqa: PLC0415

    gateway = config.services[brokers.IBKR]
    if not isinstance(gateway, settings.Gateway):
        raise errors.ConfigError(
            f'{brokers.IBKR} is no gateway; see exchanges/ibkr.yaml'
        )
    return ibkr.build(gateway, time_source, chosen.account)


def _alpaca(
    config: settings.Settings,
    chosen: settings.Profile,
    time_source: clocks.Clock,
    found: tuple[str, ...],
) -> interface.BrokerInterface:
    """Makes the way to Alpaca: the mode says to which of its accounts."""
    from sting.broker import alpaca  # noqa: PLC0415

    service = config.services[brokers.ALPACA]
    if not isinstance(service, settings.Alpaca):
        raise errors.ConfigError(
            f'{brokers.ALPACA} is no broker; see exchanges/alpaca.yaml'
        )
    live = chosen.mode is records.Mode.LIVE
    return alpaca.build(service, found, time_source, live=live)


def _real(time_source: clocks.Clock) -> clocks.Clock:
    """Gives the machine's time, where the engine's is that of played bars."""
    if isinstance(time_source, clocks.MarketClock):
        return clocks.LiveClock()
    return time_source


def _paper(
    config: settings.Settings,
    chosen: settings.Profile,
    time_source: clocks.Clock,
) -> interface.Played:
    """Makes the broker that is played here, with the troubles of its drill."""
    simulator = ticks.TickMarket(
        _costs(config),
        participation=config.paper.participation,
        session_close=functools.partial(
            calendars.session_close, calendar=chosen.calendar
        ),
        session_open=functools.partial(
            calendars.session_open, calendar=chosen.calendar
        ),
    )
    made = paper.PaperBroker(
        simulator,
        time_source,
        cash=chosen.cash,
        account=chosen.account or brokers.PAPER,
        currency=chosen.currency,
    )
    drill = config.paper.drill
    if drill is None:
        return made
    chance = drills.Chance(
        delay_s=drill.delay_ms / 1_000.0,
        reject=drill.reject,
        lose=drill.lose,
        cut_every_s=drill.cut_every_s,
        cut_for_s=drill.cut_for_s,
        seed=drill.seed,
    )
    return drills.DrilledBroker(made, chance, time_source)


def _costs(config: settings.Settings) -> costs.CostModel:
    """Gives what the paper broker charges: a schedule's fills, or two figures.

    It has real time for a latency, and no margin account.
    """
    if config.paper.costs is None:
        return costs.CostModel(
            commission_bps=config.paper.commission_bps,
            slippage_bps=config.paper.slippage_bps,
        )
    return msgspec.structs.replace(
        config.costs[config.paper.costs],
        latency_ms=0.0,
        borrow=None,
        margin=None,
    )


def _other(setup: Setup) -> interface.BrokerInterface:
    """Makes a broker of another package.

    Raises:
        errors.ConfigError: There is none, or it cannot be loaded.
    """
    entry = brokers.others().get(setup.name)
    if entry is None:
        raise errors.ConfigError(
            f'there is no broker {setup.name!r}; there are: '
            + ', '.join(brokers.names())
        )
    try:
        build_it: Callable[[Setup], object] = entry.load()
    except (ImportError, AttributeError) as error:
        raise errors.ConfigError(
            f'broker {setup.name!r} cannot be loaded from {entry.value}: '
            f'{error}; install its package again'
        ) from error
    made = build_it(setup)
    if not isinstance(made, interface.BrokerInterface):
        raise errors.ConfigError(
            f'broker {setup.name!r}: {entry.value} gave '
            f'{type(made).__name__}, which is no BrokerInterface'
        )
    return made
