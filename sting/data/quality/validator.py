"""DataValidator: holds bars against the rules, and does what is configured."""

from collections.abc import Mapping
import dataclasses
from typing import Final

import numpy as np

from sting.data import table
from sting.data.quality import batch as batches
from sting.data.quality import rules
from sting.model import errors
from sting.model import timeframes

_HOUR: Final = timeframes.UNITS['h']
# A shift explains bars outside of the hours when it leaves so few there.
_EXPLAINED: Final = 0.01
_MANY: Final = 0.2
WRONG_ZONE: Final = 'is the time zone wrong?'


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Finding:
    """Bars that a rule has found.

    Attributes:
        rule: The rule's name.
        symbol: The instrument.
        action: What was done about them.
        rows: Their numbers in the file, from 0.
        stamps: Their stamps, nanoseconds since the epoch, UTC.
        detail: What more is to be said, for a person.
    """

    rule: str
    symbol: str
    action: rules.Action
    rows: table.IntArray
    stamps: table.IntArray
    detail: str = ''

    def __len__(self) -> int:
        return len(self.rows)


def policy(given: Mapping[str, str]) -> dict[str, rules.Action]:
    """Gives what is done by rule: the defaults with these laid over.

    Args:
        given: Actions by the rules' names.

    Raises:
        errors.ConfigError: There is no such rule or action, or the rule does
            not take it.
    """
    chosen = {rule.name: rule.default for rule in rules.RULES}
    for name, action in given.items():
        rule = rules.BY_NAME.get(name)
        if rule is None:
            raise errors.ConfigError(
                f'there is no rule {name!r}; there are: '
                + ', '.join(rules.BY_NAME)
            )
        if action not in list(rules.Action):
            raise errors.ConfigError(
                f'{name}: {action!r} is not one of '
                + ', '.join(each.value for each in rules.Action)
            )
        chosen[name] = rules.Action(action)
        if not rule.may(chosen[name]):
            able = ', '.join(e.value for e in rules.Action if rule.may(e))
            raise errors.ConfigError(f'{name} takes no {action}; use {able}')
    return chosen


class DataValidator:
    """Holds bars against the rules.

    Nothing is repaired in silence: what was done to which bars is in the
    findings.
    """

    def __init__(self, given: Mapping[str, str] | None = None) -> None:
        """Sets up the rules.

        Args:
            given: Actions by the rules' names, laid over the defaults.

        Raises:
            errors.ConfigError: As `policy`.
        """
        self.actions = policy(given or {})

    def check(
        self, bars: batches.Batch
    ) -> tuple[batches.Batch, tuple[Finding, ...]]:
        """Holds the bars of one symbol against the rules.

        Args:
            bars: As they came.

        Returns:
            The bars that are left after repairs, without those rejected, and
            what was found, in the order of the rules.
        """
        found: list[Finding] = []
        for rule in rules.RULES:
            action = self.actions[rule.name]
            if action is rules.Action.OFF or not len(bars):
                continue
            which = rule.find(bars)
            if not which.any():
                continue
            found.append(
                Finding(
                    rule=rule.name,
                    symbol=bars.symbol,
                    action=action,
                    rows=bars.row[which],
                    stamps=bars.timestamp[which],
                    detail=_detail(rule, bars, which),
                )
            )
            if action is rules.Action.REJECT:
                bars = bars.take(~which)
            elif action is rules.Action.REPAIR and rule.repair is not None:
                bars = rule.repair(bars, which)
        return bars, tuple(found)


def _detail(
    rule: rules.Rule, bars: batches.Batch, which: batches.BoolArray
) -> str:
    if rule.name == 'gap':
        lacking = int(rules.missing_before(bars)[which].sum())
        return f'{lacking:,} bar{"" if lacking == 1 else "s"} missing'
    if rule.name == 'split':
        row = int(which.argmax())
        ratio = rules.split_ratio(
            float(np.log(bars.open[row] / bars.close[row - 1]))
        )
        return 'the first as ' + (
            f'{ratio:g}:1' if ratio >= 1 else f'1:{1 / ratio:g}'
        )
    if rule.name == 'hours' and which.mean() > _MANY:
        return _shift(bars)
    return ''


def _shift(bars: batches.Batch) -> str:
    """Says by how many hours stamps are off, where whole hours explain it."""
    if bars.hours is None:
        return ''
    for hours in sorted(range(-14, 15), key=abs):
        moved = bars.timestamp + hours * _HOUR
        if rules.outside(bars.hours, moved).mean() < _EXPLAINED:
            return f'{hours:+d} h would set them right: {WRONG_ZONE}'
    return ''
