"""What a rule does by itself when prices, not orders, pass its limit."""

from typing import NamedTuple

from sting.engine import state
from sting.engine import targets
from sting.model import records
from sting.risk import exposure
from sting.risk import figures
from sting.risk import rules

_REDUCING = records.TradingState.REDUCING
_HALTED = records.TradingState.HALTED


class Does(NamedTuple):
    """What an act is.

    Attributes:
        state: What becomes of the trading state.
        share: The share of each position that is closed.
    """

    state: records.TradingState
    share: float = 0.0


# From the least to the most.
ACTS = {
    'reduce': Does(_REDUCING),
    'halve': Does(_REDUCING, 0.5),
    'close': Does(_REDUCING, 1.0),
    'halt': Does(_HALTED),
}


class Act:
    """Changes the trading state once a day (UTC) past a rule's limit.

    When it last did is in the state, so that neither a restart nor a resume
    has it act again the same day.

    Attributes:
        who: Under which name it acts.
        weight: How much it does, beside others.
    """

    def __init__(
        self, rule: rules.RiskRule, figure: exposure.OfAccount, does: str
    ) -> None:
        """Sets up an act.

        Args:
            rule: The rule, by the name that it is configured under.
            figure: What it measures.
            does: A key of `ACTS`.
        """
        self.weight = list(ACTS).index(does)
        self._does = ACTS[does]
        self.who = f'{records.BY_RULE}{rule.name}'
        self._rule = rule
        self._figure = figure

    @property
    def share(self) -> float:
        """The share of each position that it closes."""
        return self._does.share

    def has_acted(self, system: state.SystemState) -> bool:
        """Whether it has acted today already.

        Args:
            system: The state.
        """
        last = system.acted.get(self.who)
        return last is not None and (
            state.day_of(last) == state.day_of(system.time)
        )

    def due(self, system: state.SystemState) -> targets.Deed | None:
        """Gives what is to be done now, if anything is.

        Args:
            system: The state after a bar.
        """
        does = self._does
        if system.trading is _HALTED:
            return None
        if system.trading is does.state and not does.share:
            return None
        if self.has_acted(system):
            return None
        figure, limit = self._figure.standing(system), self._rule.limit
        if limit is None or figures.passes(figure, limit):
            return None
        if not self._figure.is_known(system):
            # What is not known holds up orders, and does nothing by itself.
            return None
        change = records.TradingStateChange(
            state=does.state,
            who=self.who,
            reason=self._rule.sentence(figure),
        )
        return targets.Deed(change, does.share)
