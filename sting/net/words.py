"""Words of other machines, made fit to be told."""

from collections.abc import Iterable
from typing import Final

# Characters.
_SHOWN: Final = 200


def plain(text: str, secrets: Iterable[str] = ()) -> str:
    """Makes words of a service fit for one line, without secrets.

    Args:
        text: What it said.
        secrets: Texts that are not to be told: keys.
    """
    for secret in secrets:
        text = text.replace(secret, '***')
    shown = ' '.join(text.split())
    shown = ''.join(each for each in shown if each.isprintable())
    return shown[:_SHOWN] + ('…' if len(shown) > _SHOWN else '')
