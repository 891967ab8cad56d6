"""Keeps credentials out of files that tell what happened."""

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Mapping
import re
from typing import Final

HIDDEN: Final = '***'
# Shorter values are in too many words to be hidden.
_LEAST: Final = 6
_WORDS: Final = (
    r'api[_-]?key|access[_-]?key|secret(?:[_-]?key)?|token|password|passwd|'
    r'passphrase|authorization'
)
_NAME: Final = re.compile(r'(?:KEY|SECRET|TOKEN|PASSWORD|PASSPHRASE)(?:_|$)')
# What follows such a word, and a password in an address.
_SAID: Final = re.compile(
    rf'(?i)((?:{_WORDS})["\']?\s*[=:]\s*["\']?(?:bearer\s+|basic\s+)?)'
    r'[^\s"\',;&]+'
)
_ADDRESS: Final = re.compile(r'(\w://[^\s/:@]*:)[^\s/@]+(?=@)')


def secrets_of(
    environ: Mapping[str, str], known: Iterable[str] = ()
) -> tuple[str, ...]:
    """Gives what is never to be told.

    Args:
        environ: Its variables that are called keys, secrets or passwords.
        known: What is known to be secret besides.

    Returns:
        The texts, the longest first, as one may be in another.
    """
    found = {value for name, value in environ.items() if _NAME.search(name)}
    found.update(known)
    long = (each for each in found if len(each) >= _LEAST)
    return tuple(sorted(long, key=len, reverse=True))


class Redactor:
    """Keeps the credentials of this process out of texts."""

    def __init__(
        self,
        environ: Mapping[str, str],
        known: Callable[[], Collection[str]] = frozenset,
    ) -> None:
        """Sets it up.

        Args:
            environ: See `secrets_of`.
            known: Gives what is known to be secret by now; it only grows.
        """
        self._environ = environ
        self._known = known
        self._count = -1
        self._secrets: tuple[str, ...] = ()

    def __call__(self, text: str) -> str:
        """Gives a text without them."""
        known = self._known()
        if len(known) != self._count:
            self._secrets = secrets_of(self._environ, known)
            self._count = len(known)
        return redact(text, self._secrets)


def redact(text: str, secrets: Iterable[str]) -> str:
    """Gives a text without credentials.

    Args:
        text: It.
        secrets: What is not to be told, wherever it stands.

    Returns:
        The same with HIDDEN in the place of each, and of what stands behind
        words such as `password=`.
    """
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    text = _SAID.sub(rf'\1{HIDDEN}', text)
    return _ADDRESS.sub(rf'\1{HIDDEN}', text)
