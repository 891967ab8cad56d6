"""Tables of bars, held against the rules."""

from collections.abc import Iterable
from collections.abc import Sequence
import dataclasses

import numpy as np

from sting.data import calendars
from sting.data import table
from sting.data.quality import batch as batches
from sting.data.quality import rules
from sting.data.quality import validator
from sting.model import market
from sting.model import timeframes


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Checked:
    """What the rules make of a table.

    Attributes:
        bars: What they leave.
        findings: What they found, symbol by symbol.
    """

    bars: table.BarTable
    findings: tuple[validator.Finding, ...]


def wrong(
    findings: Iterable[validator.Finding],
) -> tuple[validator.Finding, ...]:
    """Picks what tells that bars are not those that were asked for.

    That is what rules reject, and stamps that are off by whole hours.
    """
    return tuple(
        each
        for each in findings
        if each.action is rules.Action.REJECT
        or validator.WRONG_ZONE in each.detail
    )


def hours_of(calendar: str, first: int, last: int) -> batches.Hours | None:
    """Gives when an exchange trades; None where it always does.

    Args:
        calendar: Its name in exchange_calendars, or 24/7.
        first: What they have to hold, nanoseconds since the epoch, UTC.
        last: Likewise, not before it.

    Raises:
        errors.DataError: There is no such calendar, or it lacks these years.
    """
    if calendar == calendars.ALWAYS:
        return None
    return batches.Hours(*calendars.stretches(calendar, first, last))


def words(findings: Sequence[validator.Finding]) -> str:
    """Says in a few words which bars which rules found; empty for none."""
    said = []
    for each in findings:
        first = market.to_iso(int(each.stamps[0]))
        many = f'{len(each):,} bars' if len(each) > 1 else 'the bar'
        since = 'from' if len(each) > 1 else 'of'
        said.append(
            f'{each.symbol}: {many} {since} {first}: '
            f'{rules.BY_NAME[each.rule].doc}'
            + (f', {each.detail}' if each.detail else '')
        )
    return '; '.join(said)


def check(
    bars: table.BarTable,
    calendar: str,
    rules_of: validator.DataValidator,
    now: int,
) -> Checked:
    """Holds the bars of each symbol against the rules.

    Args:
        bars: As they came, of one timeframe.
        calendar: The exchange whose hours count, or 24/7.
        rules_of: What is done about what.
        now: The time, nanoseconds since the epoch, UTC.

    Raises:
        errors.DataError: As `hours_of`.
    """
    found: list[validator.Finding] = []
    left: list[table.BarTable] = []
    hours = None
    if len(bars):
        edges = int(bars.timestamp.min()), int(bars.timestamp.max())
        hours = hours_of(calendar, *edges)
    for name in bars.symbols:
        mine = bars.of(name)
        after, findings = rules_of.check(
            batches.Batch(
                symbol=name,
                row=np.arange(len(mine)),
                timestamp=mine.timestamp,
                open=mine.open,
                high=mine.high,
                low=mine.low,
                close=mine.close,
                volume=mine.volume,
                step=timeframes.length(bars.timeframe),
                hours=hours,
                now=now,
            )
        )
        found += findings
        columns = {n: getattr(after, n) for n in batches.COLUMNS[1:]}
        left.append(
            table.BarTable.single(
                name, bars.timeframe, after.timestamp, columns
            )
        )
    return Checked(table.BarTable.merge(left), tuple(found))
