"""Keys of accounts: from the environment or the system's keyring, never YAML.

The keyring is that of the desktop or of the system, by the library keyring
(`pip install 'sting[keyring]'`). On a machine without a desktop there is mostly
none, and keys come from the environment.
"""

from collections.abc import Mapping
import importlib
import re
from typing import Any
from typing import Final

import msgspec

from sting.model import errors

# What each service needs, by the names of the variables.
KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    'alphavantage': ('STING_ALPHAVANTAGE_KEY',),
    'nats': ('STING_NATS_TOKEN',),
    'alpaca': ('STING_ALPACA_KEY', 'STING_ALPACA_SECRET'),
    # Its gateway is logged in by itself, and has the password.
    'ibkr': (),
    'paper': (),
}
# Keys that somebody has asked for, so that they can be kept out of logs.
_given: set[str] = set()
# What keys lie under in the keyring.
SERVICE: Final = 'sting'


class Place(msgspec.Struct, frozen=True):
    """Where a key is, without the key.

    Attributes:
        variable: Its name.
        where: environment, keyring or nowhere.
    """

    variable: str
    where: str


def variables(name: str) -> tuple[str, ...]:
    """Gives the names of the keys of a service.

    Args:
        name: The service; one of another package has a key and a secret.
    """
    stem = re.sub(r'\W', '_', name).upper()
    return KEYS.get(name, (f'STING_{stem}_KEY', f'STING_{stem}_SECRET'))


def of_profile(variable: str, profile: str) -> str:
    """Gives the name of a key that is one profile's alone.

    Two accounts at one broker, one with play money and one without, have keys
    of their own.

    Args:
        variable: The key's name.
        profile: The profile; empty for all.
    """
    if not profile:
        return variable
    return f'{variable}__{re.sub(r"[^A-Za-z0-9]", "_", profile).upper()}'


def find(
    name: str, environ: Mapping[str, str], profile: str = ''
) -> tuple[str, ...]:
    """Gives the keys of a service.

    Args:
        name: The service.
        environ: Has them, or else the keyring has.
        profile: Whose own keys come first.

    Returns:
        The keys, in the order of `variables`.

    Raises:
        errors.ConfigError: One is missing, or the keyring does not give it.
    """
    return tuple(
        get(name, variable, environ, profile) for variable in variables(name)
    )


def get(
    name: str, variable: str, environ: Mapping[str, str], profile: str = ''
) -> str:
    """Gives one key; see `find`."""
    names = dict.fromkeys((of_profile(variable, profile), variable))
    for ask in (lambda each: environ.get(each, '').strip(), _read):
        for each in names:
            found = ask(each)
            if found:
                _given.add(found)
                return _checked(each, found)
    raise errors.ConfigError(
        f'{name} needs a key: set {variable} in the environment, or put it '
        f'into the keyring with `sting keys set {name}`'
    )


def given() -> frozenset[str]:
    """Gives the keys that this process has found so far, to hide them."""
    return frozenset(_given)


def places(
    name: str, environ: Mapping[str, str], profile: str = ''
) -> tuple[Place, ...]:
    """Says where the keys of a service are.

    Args:
        name: The service.
        environ: May have them.
        profile: Whose own keys come first.

    Raises:
        errors.ConfigError: The keyring does not say.
    """
    return tuple(place(each, environ, profile) for each in variables(name))


def place(
    variable: str, environ: Mapping[str, str], profile: str = ''
) -> Place:
    """Says where one key is; see `places`."""
    both = dict.fromkeys((of_profile(variable, profile), variable))
    there = [Place(each, 'environment') for each in both if environ.get(each)]
    there += [Place(each, 'keyring') for each in both if _read(each)]
    return (*there, Place(variable, 'nowhere'))[0]


def put(variable: str, key: str) -> None:
    """Puts a key into the keyring.

    Args:
        variable: Its name.
        key: The key.

    Raises:
        errors.ConfigError: There is no keyring, or it does not take it.
    """
    ring = _ring()
    if ring is None:
        raise _without()
    try:
        ring.set_password(SERVICE, variable, key)
    except ring.errors.KeyringError as error:
        raise _refused(error) from None


def forget(variable: str) -> bool:
    """Takes a key out of the keyring.

    Args:
        variable: Its name.

    Returns:
        Whether it was there.

    Raises:
        errors.ConfigError: There is no keyring, or it keeps it.
    """
    ring = _ring()
    if ring is None:
        raise _without()
    if not _read(variable):
        return False
    try:
        ring.delete_password(SERVICE, variable)
    except ring.errors.KeyringError as error:
        raise _refused(error) from None
    return True


def _checked(variable: str, key: str) -> str:
    """Gives back a key that can go out in a header.

    A library that refuses one would quote it.

    Raises:
        errors.ConfigError: It has characters that no key has.
    """
    if not (key.isascii() and key.isprintable()) or ' ' in key:
        raise errors.ConfigError(
            f'{variable} has a space or a character that no key has; copy it '
            'again'
        )
    return key


def _read(variable: str) -> str:
    """Asks the keyring, where there is one; '' where it has no such key."""
    ring = _ring()
    if ring is None:
        return ''
    try:
        return str(ring.get_password(SERVICE, variable) or '').strip()
    except ring.errors.NoKeyringError:
        return ''
    except ring.errors.KeyringError as error:
        raise _refused(error) from None


def _ring() -> Any:
    """Loads the library, which finds the system's keyring; None without it."""
    try:
        ring = importlib.import_module('keyring')
        importlib.import_module('keyring.errors')
    except ImportError:
        return None
    return ring


def _without() -> errors.ConfigError:
    return errors.ConfigError(
        "there is no keyring: pip install 'sting[keyring]', or set keys in the "
        'environment'
    )


def _refused(error: Exception) -> errors.ConfigError:
    if type(error).__name__ == 'NoKeyringError':
        return errors.ConfigError(
            'this system has no keyring: set keys in the environment'
        )
    # What it says may quote what it was given.
    return errors.ConfigError(
        f'the keyring does not work ({type(error).__name__}): unlock it, or '
        'set keys in the environment'
    )
