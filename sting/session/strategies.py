"""Finds mistakes in configured strategies before anything starts."""

from collections.abc import Iterable
from collections.abc import Mapping
import re

from sting import settings
from sting.model import errors
from sting.model import timeframes
from sting.strategy import loader
from sting.strategy import parameters


def check(
    config: settings.Settings, names: Iterable[str]
) -> dict[str, tuple[str, ...]]:
    """Loads configured strategies and holds their parameters to them.

    Args:
        config: What is configured.
        names: The strategies to look at.

    Returns:
        The timeframes that each of them asks for, by its name.

    Raises:
        errors.ConfigError: The first mistake, with its file and line.
    """
    asked = {}
    for name in names:
        entry = config.strategies[name]
        settings.check_code(entry.strategy)
        try:
            kind = loader.load(entry.strategy)
        except errors.StrategyError as error:
            raise _error(config, name, error) from None
        for key, value in entry.parameters.items():
            try:
                parameters.resolve(kind.parameters, {key: value})
            except errors.StrategyError as error:
                raise _error(config, f'{name}.{key}', error) from None
        asked[name] = entry.timeframes or tuple(kind.timeframes)
    return asked


def check_timeframes(
    config: settings.Settings, asked: Mapping[str, Iterable[str]], own: str
) -> None:
    """Holds the timeframes that strategies ask for to those of the feed.

    Args:
        config: What is configured.
        asked: The timeframes that each strategy asks for, by its name.
        own: The timeframe of the feed's bars.

    Raises:
        errors.ConfigError: The first that cannot be built, with the file and
            the line that ask for it.
    """
    for name, wanted in asked.items():
        for each in wanted:
            fault = timeframes.mismatch(each, own)
            if fault:
                place = f'{name}:timeframes'
                raise _error(
                    config,
                    place if place in config.places else name,
                    errors.StrategyError(fault),
                )


def _error(
    config: settings.Settings, place: str, error: Exception
) -> errors.ConfigError:
    path, line = config.places.get(place, (None, None))
    name = re.split('[.:]', place, maxsplit=1)[0]
    return errors.ConfigError(f'strategy {name}: {error}', path=path, line=line)
