"""What risk said of a run's orders, and which wishes became none."""

import collections
from collections.abc import Sequence
import dataclasses
from typing import Any
from typing import Final

from sting.model import events
from sting.model import market
from sting.model import records

# Of those that were not let through as they were, so many are kept.
KEPT: Final = 10_000


@dataclasses.dataclass(frozen=True, slots=True)
class Refused:
    """An order that was not let through as it was, or a signal without one.

    Attributes:
        timestamp: When, nanoseconds since the epoch, UTC.
        order_id: The id that it has, or would have had.
        symbol: The instrument.
        decision: `deny` or `reduce` by risk; `refused` before it got there.
        by: The rules that said no, or what stopped the signal.
        message: Why, for a person.
    """

    timestamp: int
    order_id: str
    symbol: str
    decision: str
    by: str
    message: str


class Verdicts:
    """What was not let through in a run, counted, the first of them kept.

    Attributes:
        reduced: Orders that risk made smaller.
        denied: Orders that risk let nothing through of.
        refused: Signals that became no order.
        by: How often each rule, and each gate before risk, said no.
        rows: The first of them, in order.
    """

    def __init__(self, rules: Sequence[str]) -> None:
        """Begins a run.

        Args:
            rules: The names of the rules in force, in their order.
        """
        self._rules = rules
        self.reduced = 0
        self.denied = 0
        self.refused = 0
        self.by: collections.Counter[str] = collections.Counter()
        self.rows: list[Refused] = []

    def judged(self, event: events.Event) -> None:
        """Takes a verdict that does not let an order through as it was.

        Args:
            event: Its event.
        """
        verdict: records.Verdict = event.data
        if verdict.decision is records.Decision.DENY:
            self.denied += 1
        else:
            self.reduced += 1
        # One without a rule is of a symbol that may not be traded.
        rules = [self._rules[place] for place in verdict.failed] or ['symbol']
        self.by.update(rules)
        self._keep(
            event,
            verdict.order_id,
            verdict.decision.value,
            ' '.join(rules),
            verdict.message,
        )

    def stopped(self, event: events.Event) -> None:
        """Takes a signal that became no order.

        One whose position is there already has nothing to explain.

        Args:
            event: The event that says so.
        """
        refusal: records.Refusal = event.data
        if refusal.gate is records.Gate.REACHED:
            return
        self.refused += 1
        self.by[refusal.gate.value] += 1
        self._keep(
            event,
            refusal.order_id,
            'refused',
            refusal.gate.value,
            refusal.reason,
        )

    def to_json(self, orders: int) -> dict[str, Any]:
        """Gives the counts, for a run of so many orders."""
        return {
            'approved': orders - self.denied - self.reduced,
            'reduced': self.reduced,
            'denied': self.denied,
            'refused': self.refused,
            'by': dict(self.by.most_common()),
            'first': next(iter(self.to_rows()), None),
        }

    def to_rows(self) -> list[dict[str, Any]]:
        """Gives those that were kept, as JSON and CSV have them."""
        return [
            {
                **dataclasses.asdict(row),
                'timestamp': market.to_iso(row.timestamp),
            }
            for row in self.rows
        ]

    def sentence(self) -> str:
        """Says who said no, and how often: buying_power 61, stale 2."""
        return ', '.join(f'{who} {n:,}' for who, n in self.by.most_common())

    def _keep(
        self,
        event: events.Event,
        order_id: str,
        decision: str,
        by: str,
        why: str,
    ) -> None:
        if len(self.rows) < KEPT:
            self.rows.append(
                Refused(
                    event.timestamp, order_id, event.symbol, decision, by, why
                )
            )
