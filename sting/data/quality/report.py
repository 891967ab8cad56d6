"""What a file of bars is found to be."""

from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses
import itertools
from typing import Any

from sting.data import places
from sting.data import raw
from sting.data import stamps
from sting.data.quality import files
from sting.data.quality import picture
from sting.data.quality import rules
from sting.data.quality import validator
from sting.model import market

_DONE: Mapping[rules.Action, str] = {
    rules.Action.WARN: 'warning',
    rules.Action.REPAIR: 'repaired',
    rules.Action.REJECT: 'rejected',
}
# The places of a finding that JSON has.
_PLACES = 1000


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Checked:
    """A file, and what was found in it.

    Attributes:
        path: The file, as it was named.
        file: Names the place of a row.
        timeframe: Of its bars.
        symbols: The instruments in it.
        bars: How many there are.
        left: How many are left, without those rejected or left out.
        first: The first stamp, nanoseconds since the epoch, UTC.
        last: The last one.
        findings: By symbol, in the order of the rules.
        warnings: What is odd about the file as a whole.
    """

    path: str
    file: raw.RawFile
    timeframe: str
    symbols: tuple[str, ...]
    bars: int
    left: int
    first: int
    last: int
    findings: tuple[validator.Finding, ...]
    warnings: tuple[str, ...]

    @property
    def rejected(self) -> int:
        """How many bars are rejected."""
        return sum(
            len(each)
            for each in self.findings
            if each.action is rules.Action.REJECT
        )

    def done(self, finding: validator.Finding) -> str:
        """Says what was done: warning, repaired or rejected."""
        return _DONE[finding.action]

    def doc(self, finding: validator.Finding) -> str:
        """Says what is wrong, and how it was repaired."""
        rule = rules.BY_NAME[finding.rule]
        if finding.action is rules.Action.REPAIR:
            return f'{rule.doc}: {rule.repaired}'
        return rule.doc

    def places(self, finding: validator.Finding, most: int) -> list[str]:
        """Gives where the first bars of a finding are, and how many more."""
        found = [
            f'{self._row(row)}  {market.to_iso(stamp)}'
            for row, stamp in itertools.islice(
                zip(
                    finding.rows.tolist(), finding.stamps.tolist(), strict=True
                ),
                most,
            )
        ]
        if len(finding) > most:
            found.append(f'and {len(finding) - most:,} more')
        return found

    def picture(self, width: int) -> dict[str, str]:
        """Draws where the findings lie in time, a line by rule."""
        return picture.lines(
            self.findings, self.first, self.last, width, self.bars
        )

    def to_json(self) -> dict[str, Any]:
        """Gives it as JSON has it."""
        return {
            'path': self.path,
            'timeframe': self.timeframe,
            'symbols': list(self.symbols),
            'bars': self.bars,
            'left': self.left,
            'rejected': self.rejected,
            'start': market.to_iso(self.first),
            'end': market.to_iso(self.last),
            'warnings': list(self.warnings),
            'findings': [
                {
                    'rule': each.rule,
                    'symbol': each.symbol,
                    'action': each.action.value,
                    'bars': len(each),
                    'detail': each.detail,
                    'rows': (each.rows[:_PLACES] + 1).tolist(),
                    'timestamps': [
                        market.to_iso(stamp)
                        for stamp in each.stamps[:_PLACES].tolist()
                    ],
                }
                for each in self.findings
            ],
        }

    def _row(self, row: int) -> str:
        if self.file.line_of is None:
            return f'row {row + 1}'
        return f'line {self.file.line_of(row)}'


def check(
    place: places.Place,
    rules_of: validator.DataValidator,
    how: stamps.Reading,
    now: int,
    symbols: Iterable[str] | None = None,
) -> Checked:
    """Holds a file of bars against the rules.

    Args:
        place: A CSV or Parquet file.
        rules_of: The rules.
        how: How its times are to be read.
        now: The time, nanoseconds since the epoch, UTC.
        symbols: The symbols to look at; None for all.

    Returns:
        What was found.

    Raises:
        DataError: As `files.read`.
    """
    opened = files.read(place, how, now, symbols)
    findings: list[validator.Finding] = []
    left = 0
    for batch in opened.batches:
        after, found = rules_of.check(batch)
        findings += found
        left += len(after)
    stamps_of = [each.timestamp for each in opened.batches if len(each)]
    return Checked(
        path=str(place.path),
        file=opened.file,
        timeframe=opened.timeframe,
        symbols=tuple(each.symbol for each in opened.batches),
        bars=sum(map(len, opened.batches)),
        left=left,
        first=min((int(each.min()) for each in stamps_of), default=0),
        last=max((int(each.max()) for each in stamps_of), default=0),
        findings=tuple(findings),
        warnings=opened.warnings,
    )
