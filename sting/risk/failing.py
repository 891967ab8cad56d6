"""What becomes of a rule that raises: it denies, and says so."""

from collections.abc import Sequence
import math

from sting.engine import state
from sting.model import orders
from sting.risk import rules


class Guarded(rules.RiskRule):
    """Another rule, which denies what it raises at.

    Only asked where one has raised, so that other orders do not pay for it.
    """

    def __init__(self, rule: rules.RiskRule) -> None:
        """Sets up a rule.

        Args:
            rule: The other.
        """
        self.name = rule.name
        self.unit = rule.unit
        self.soft = rule.soft
        super().__init__(rule.limit)
        self._rule = rule
        self._failed = ''

    def figure(
        self, order: orders.Order, system: state.SystemState
    ) -> float | None:
        """The other's figure; infinity where it raises."""
        try:
            found = self._rule.figure(order, system)
            if found is None:
                return None
            if not isinstance(found, int | float):
                raise TypeError(f'figure {found!r} is not a number')
        except Exception as error:  # noqa: BLE001
            # Supervision boundary: a rule's fault must not end the engine.
            self._failed = _failed(self.name, error)
            # Whatever it was set up as, it holds the order back now.
            self.soft = False
            self.limit = self.limit or 0.0
            return math.inf
        return found

    def sentence(self, figure: float) -> str:
        """The other's sentence, or how it failed."""
        if self._failed:
            return self._failed
        try:
            return self._rule.sentence(figure)
        except Exception as error:  # noqa: BLE001
            # Supervision boundary, as above.
            return _failed(self.name, error)


class Faults:
    """Rules that raised after a bar; each is told of once.

    Attributes:
        untold: What is still to be said.
    """

    def __init__(self) -> None:
        self.untold: list[str] = []
        self._known: set[str] = set()

    def add(self, name: str, error: Exception) -> None:
        """Notes that a rule raised.

        Args:
            name: The rule's.
            error: What it raised.
        """
        if name not in self._known:
            self._known.add(name)
            self.untold.append(_failed(name, error))

    def take(self) -> Sequence[str]:
        """Gives what is still to be said, and forgets it."""
        untold, self.untold = self.untold, []
        return untold


def _failed(name: str, error: Exception) -> str:
    """Says how a rule failed."""
    return f'{name} failed: {type(error).__name__}: {error}'
