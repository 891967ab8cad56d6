"""What a rule does by itself when prices, not orders, pass its limit."""

from sting.engine import state
from sting.model import records
from sting.risk import exposure
from sting.risk import figures
from sting.risk import rules

ACTS = {
    'reduce': records.TradingState.REDUCING,
    'halt': records.TradingState.HALTED,
}


class Act:
    """Changes the trading state once a day (UTC) past a rule's limit.

    When it last did is in the state, so that neither a restart nor a resume
    has it act again the same day.
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
        self.does = ACTS[does]
        self._who = f'{records.BY_RULE}{rule.name}'
        self._rule = rule
        self._figure = figure

    def due(
        self, system: state.SystemState
    ) -> records.TradingStateChange | None:
        """Gives the change to make now, if there is one.

        Args:
            system: The state after a bar.
        """
        if system.trading in (self.does, records.TradingState.HALTED):
            return None
        last = system.acted.get(self._who)
        today = state.day_of(system.time)
        if last is not None and state.day_of(last) == today:
            return None
        figure, limit = self._figure.standing(system), self._rule.limit
        if limit is None or figures.passes(figure, limit):
            return None
        return records.TradingStateChange(
            state=self.does, who=self._who, reason=self._rule.sentence(figure)
        )
