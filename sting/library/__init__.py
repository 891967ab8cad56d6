"""Strategies that ship."""

import pkgutil


def names() -> tuple[str, ...]:
    """Gives the module names of the strategies that ship, sorted."""
    return tuple(
        sorted(
            f'{__name__}.{module.name}'
            for module in pkgutil.iter_modules(__path__)
        )
    )
