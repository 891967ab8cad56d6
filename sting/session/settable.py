"""Holds parameters that are set by hand to the strategy they are meant for."""

from collections.abc import Sequence
import pathlib

from sting.model import commands
from sting.model import errors
from sting.model import parameters
from sting.model import specs
from sting.strategy import isolated


def refusal(
    command: commands.SetParameters,
    configured: Sequence[specs.StrategySpec],
    hosted: isolated.IsolatedHost,
) -> str:
    """Says why parameters cannot be set.

    One that never ran since the engine started has no bounds yet: it holds
    what is set to them when it starts.

    Args:
        command: What is asked for.
        configured: The strategies of the profile.
        hosted: Runs them.

    Returns:
        One line; empty where they can be set.
    """
    name, wanted = command.name, command.strategy
    spec = next((each for each in configured if each.name == name), None)
    if spec is None:
        # Answered as for every other command.
        return ''
    if wanted and not _is_same(wanted, spec.reference):
        return f'{name} runs {spec.reference}; these are for {wanted}'
    settings = hosted.settings(name)
    if settings:
        try:
            parameters.convert(settings, command.parameters)
        except errors.StrategyError as error:
            return f'{name}: {error}'
    return ''


def _is_same(one: str, other: str) -> bool:
    """Whether two references name the same strategy."""
    place, _, kind = one.partition(':')
    there, _, named = other.partition(':')
    if kind and named and kind != named:
        return False
    if place == there:
        return True
    if not (place.endswith('.py') and there.endswith('.py')):
        return False
    return pathlib.Path(place).resolve() == pathlib.Path(there).resolve()
