"""What a test of a strategy came to, for a person and as JSON."""

from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
import enum
from typing import Any


class Verdict(enum.StrEnum):
    """How a test went."""

    OK = 'ok'
    WARN = 'warn'
    FAIL = 'fail'


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one test of a strategy came to.

    Attributes:
        name: Of the test.
        verdict: How it went.
        reason: Why, in a sentence.
        figures: By name, as JSON has them.
        rows: The same for a person, names and texts.
    """

    name: str
    verdict: Verdict
    reason: str
    figures: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    rows: Sequence[tuple[str, str]] = ()

    def to_json(self) -> dict[str, Any]:
        """Gives it as JSON has it."""
        return {
            'verdict': str(self.verdict),
            'reason': self.reason,
            **self.figures,
        }


def worst(verdicts: Sequence[Verdict]) -> Verdict:
    """Gives the worst of several; ok for none."""
    order = list(Verdict)
    return max(verdicts, key=order.index, default=Verdict.OK)
