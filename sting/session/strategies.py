"""Finds mistakes in configured strategies before anything starts."""

from collections.abc import Iterable

from sting import settings
from sting.model import errors
from sting.strategy import loader
from sting.strategy import parameters


def check(config: settings.Settings, names: Iterable[str]) -> None:
    """Loads configured strategies and holds their parameters to them.

    Args:
        config: What is configured.
        names: The strategies to look at.

    Raises:
        errors.ConfigError: The first mistake, with its file and line.
    """
    for name in names:
        entry = config.strategies[name]
        try:
            kind = loader.load(entry.strategy)
        except errors.StrategyError as error:
            raise _error(config, name, error) from None
        for key, value in entry.parameters.items():
            try:
                parameters.resolve(kind.parameters, {key: value})
            except errors.StrategyError as error:
                raise _error(config, f'{name}.{key}', error) from None


def _error(
    config: settings.Settings, place: str, error: Exception
) -> errors.ConfigError:
    path, line = config.places.get(place, (None, None))
    name = place.partition('.')[0]
    return errors.ConfigError(f'strategy {name}: {error}', path=path, line=line)
