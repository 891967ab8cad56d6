"""Whose account a log is of: the brokers that it was begun at."""

from collections.abc import Mapping
from collections.abc import Sequence

import msgspec

from sting import settings
from sting.broker import account as accounts
from sting.broker import interface
from sting.broker import link
from sting.engine import state
from sting.model import errors
from sting.model import records
from sting.settings import brokers


def check(
    name: str,
    profile: settings.Profile,
    outside: Sequence[interface.BrokerInterface],
    system: state.SystemState,
) -> None:
    """Refuses a log that was begun in another account.

    Each broker outside is told which account has to answer.

    Args:
        name: The profile's name.
        profile: What it says.
        outside: Its brokers.
        system: What the log has made; nothing is asked of a new one.

    Raises:
        errors.ConfigError: The profile names another broker or account.
    """
    if not system.log:
        return
    begun = {each.broker: each.account for each in system.places} or {
        system.broker: system.broker_account
    }
    here = {
        each: profile.at(each).account or begun.get(each, '')
        for each in profile.venues
    }
    if brokers.PAPER in here:
        here = {'': ''}
    if here != begun:
        raise errors.ConfigError(
            f'profile {name} is for {_list(here)} but its log was begun for '
            f'{_list(begun)}; use another profile name'
        )
    for each in outside:
        if isinstance(each, accounts.AccountGate):
            each.expect(begun[each.name])


async def begin(
    created: records.LogCreated, outside: Sequence[interface.BrokerInterface]
) -> records.LogCreated:
    """Asks the brokers outside what a new log begins with.

    Args:
        created: Its first event, as far as it is known.
        outside: The brokers.

    Returns:
        The event, with their accounts and cash.

    Raises:
        errors.StingError: One does not answer, or for another account.
    """
    found = [await _ask(created.profile, each) for each in outside]
    cash = sum(each.cash for each in found)
    if len(found) > 1:
        return msgspec.structs.replace(created, cash=cash, venues=tuple(found))
    return msgspec.structs.replace(
        created,
        cash=cash,
        broker=found[0].broker,
        account=found[0].account,
        began=found[0].began,
    )


async def _ask(name: str, broker: interface.BrokerInterface) -> records.Venue:
    """Asks one what is in its account, and when that is."""
    try:
        await link.within(link.OPEN_S, broker.connect(_ignore, lambda _: True))
        began = await link.within(link.OPEN_S, broker.get_time())
        found = await link.within(link.OPEN_S, broker.get_account_info())
    except errors.BrokerError as error:
        raise errors.StingError(
            f'profile {name} begins with the cash of its account, and broker '
            f'{broker.name} does not tell it: {error}'
        ) from error
    finally:
        await broker.disconnect()
    return records.Venue(
        broker=broker.name,
        account=found.account,
        cash=found.cash,
        began=began,
    )


def _list(accounts_by_broker: Mapping[str, str]) -> str:
    return 'broker ' + ' and '.join(
        f'{broker or brokers.PAPER} {account}'.rstrip()
        for broker, account in sorted(accounts_by_broker.items())
    )


def _ignore(report: interface.Told) -> None:
    """Takes what is told before there is a log; it is asked for later."""
