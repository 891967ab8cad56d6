"""What a strategy's state may be, so that the log can keep and give it."""

import math
from typing import Any

import msgspec

from sting.model import errors
from sting.strategy import wire

# Reading what is nested deeper may take more stack than there is.
DEPTH = 100

_Place = tuple[Any, ...]


def fault(state: Any) -> str:
    """Says why a state would not come back as it is.

    Args:
        state: Made of what JSON has, and of tuples.

    Returns:
        The first thing that is wrong; empty for nothing.
    """
    waiting: list[tuple[Any, _Place]] = [(state, ())]
    while waiting:
        each, place = waiting.pop()
        if isinstance(each, float) and not math.isfinite(each):
            return f'{_words(place)} is {each}, which JSON does not have'
        if not isinstance(each, dict | list | tuple):
            continue
        if len(place) >= DEPTH:
            return f'more than {DEPTH} levels are in one another'
        items = each.items() if isinstance(each, dict) else enumerate(each)
        waiting += [(value, (*place, key)) for key, value in items]
    return ''


def _words(place: _Place) -> str:
    return 'state' + ''.join(f'[{key!r}]' for key in place)


def read(given: wire.Saved) -> dict[str, Any]:
    """Reads a state that a strategy's process gave.

    Args:
        given: What it sent, which is not trusted.

    Returns:
        The state; empty for none.

    Raises:
        errors.StrategyError: The log cannot keep it, or the book with it.
    """
    figures = [given.cash]
    for position in given.positions.values():
        figures += [
            value
            for name in position.__struct_fields__
            if isinstance(value := getattr(position, name), float)
        ]
    wrong = '' if all(map(math.isfinite, figures)) else 'its book has nan'
    state: dict[str, Any] = {}
    try:
        if given.state and len(given.state) <= wire.STATE_LIMIT:
            state = msgspec.json.decode(given.state, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        wrong = str(error)
    wrong = wrong or fault(state)
    if wrong:
        raise errors.StrategyError(f'the state it gave makes no sense: {wrong}')
    return state
