"""A keyring in memory with the interface of the library `keyring` 25."""

import sys
import types


class KeyringError(Exception):
    pass


class NoKeyringError(KeyringError, RuntimeError):
    pass


def install(monkeypatch, fault=None):
    """Puts it where the library would be.

    Args:
        monkeypatch: Takes it away again.
        fault: Raised by whatever it is asked; None for a ring that works.

    Returns:
        What it holds, by service and name.
    """
    held = {}

    def check():
        if fault is not None:
            raise fault

    def get_password(service, name):
        check()
        return held.get((service, name))

    def set_password(service, name, key):
        check()
        held[service, name] = key

    def delete_password(service, name):
        check()
        del held[service, name]

    errors = types.ModuleType('keyring.errors')
    errors.KeyringError = KeyringError
    errors.NoKeyringError = NoKeyringError
    ring = types.ModuleType('keyring')
    ring.errors = errors
    ring.get_password = get_password
    ring.set_password = set_password
    ring.delete_password = delete_password
    monkeypatch.setitem(sys.modules, 'keyring', ring)
    monkeypatch.setitem(sys.modules, 'keyring.errors', errors)
    return held


def remove(monkeypatch):
    """Has the library missing, whether it is installed or not."""
    monkeypatch.setitem(sys.modules, 'keyring', None)
