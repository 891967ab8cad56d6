"""The brokers that a profile can name: ours, and those of other packages."""

import typing

from sting.model import errors

if typing.TYPE_CHECKING:
    import importlib.metadata

# What a package names its brokers under, in `[project.entry-points]`.
GROUP = 'sting.brokers'
# Ours; no other package can take one of these names.
PAPER = 'paper'
IBKR = 'ibkr'
ALPACA = 'alpaca'
OWN: tuple[str, ...] = (PAPER, IBKR, ALPACA)


def others() -> dict[str, 'importlib.metadata.EntryPoint']:
    """Looks for brokers of other packages; none of them is loaded.

    It reads the list of all that is installed, so nobody asks without need.

    Returns:
        By name.

    Raises:
        errors.ConfigError: Two packages have one of the same name.
    """
    # Every command would wait for it.
    import importlib.metadata  # noqa: PLC0415

    found: dict[str, importlib.metadata.EntryPoint] = {}
    for each in importlib.metadata.entry_points(group=GROUP):
        if each.name in OWN:
            continue
        before = found.setdefault(each.name, each)
        if before.value != each.value:
            raise errors.ConfigError(
                f'two packages have a broker {each.name!r}: {before.value} '
                f'and {each.value}; uninstall one'
            )
    return found


def known(name: str) -> bool:
    """Says whether there is a broker of a name."""
    return name in OWN or name in others()


def names() -> tuple[str, ...]:
    """Gives the names of all brokers."""
    return (*OWN, *sorted(others()))
