"""What is known of one symbol that is followed."""

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
from typing import Final

from sting.data import failover
from sting.data import schedule as schedules
from sting.data import table
from sting.data.quality import live as live_rules
from sting.data.quality import rules
from sting.data.quality import tables
from sting.data.quality import validator
from sting.model import market

SAID: Final = 'said'
ASKED: Final = 'asked'
# The clock of a source may be ahead of ours by so much, nanoseconds.
SKEW: Final = 10 * market.NANOSECONDS
# A bar of a stream waits so long, nanoseconds, for those missing before it
# while its source cannot be asked: longer than a source that failed is left
# alone.
HOLD: Final = 60 * market.NANOSECONDS


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Held:
    """What the rules make of a bar that was streamed.

    As `failover.Verdict`, without a table of one bar.

    Attributes:
        bars: The bar, where they leave it.
        findings: What they found.
        rejected: Which rules rejected it, in a few words; else empty.
    """

    bars: list[market.MarketData]
    findings: tuple[validator.Finding, ...]
    rejected: str

    def rows(self) -> list[market.MarketData]:
        """Gives what is left, in order."""
        return self.bars


Verdict = failover.Verdict | Held


class Line:
    """One symbol that is followed.

    Attributes:
        symbol: The instrument.
        last: The stamp of its newest bar.
        check_at: When it is looked whether a bar is missing, nanoseconds since
            the epoch, UTC; 0 for not planned yet.
        tries: How often in a row it was asked for in vain.
        busy: It is being asked for.
        held: Bars that came meanwhile, with the place of their source.
        gap: SAID where its stream says that bars are missing before the next
            one, ASKED where they were asked for since, else empty.
        stale: Why no bar comes that should be there; empty where it does.
        rejected: The newest stamp of which it was told that it was rejected.
        blank: The rules know no bar of it yet, and so of no gap.
    """

    def __init__(
        self,
        symbol: str,
        last: int,
        schedule: schedules.Schedule,
        given: Mapping[str, str],
        known: Iterable[market.MarketData] = (),
    ) -> None:
        """Begins behind a bar.

        Args:
            symbol: The instrument.
            last: The stamp of the newest bar.
            schedule: Tells when bars are due.
            given: What is done about odd bars, laid over the defaults.
            known: Its bars up to that one, for rules that look back.
        """
        self.symbol = symbol
        self.last = last
        self.check_at = 0
        self.tries = 0
        self.busy = False
        self.held: list[tuple[int, market.MarketData]] = []
        self.gap = ''
        self.stale = ''
        self.rejected = 0
        self._timeframe = schedule.timeframe
        self._following = schedule.following
        # Until when bars wait for those missing before them; 0 for not at all.
        self._hold_until = 0
        # Bars behind a gap would be rejected for ever.
        kinder = {'gap': 'warn'} if given.get('gap') == 'reject' else {}
        self._validator = live_rules.LiveValidator(
            symbol, schedule.timeframe, schedule.hours, {**given, **kinder}
        )
        self._tried: tuple[Verdict | None, live_rules.LiveValidator]
        self._tried = None, self._validator
        self._odd: frozenset[str] = frozenset()
        self.blank = True
        for bar in known:
            self._validator.check(bar, bar.timestamp)
            self.blank = False

    def check(
        self, bars: Iterable[market.MarketData], now: int
    ) -> failover.Verdict:
        """Holds bars against the rules, behind those that were taken.

        Args:
            bars: Closed ones, in the order of their stamps.
            now: The time, nanoseconds since the epoch, UTC.
        """
        left, findings, trial = self._try(bars, now)
        verdict = failover.Verdict(
            table.BarTable.single(
                self.symbol,
                self._timeframe,
                [bar.timestamp for bar in left],
                {
                    name: [getattr(bar, name) for bar in left]
                    for name in ('open', 'high', 'low', 'close', 'volume')
                },
            ),
            findings,
            _rejected(findings),
        )
        self._tried = verdict, trial
        return verdict

    def waits(
        self,
        held: Sequence[tuple[int, market.MarketData]],
        found: failover.Found,
        now: int,
    ) -> bool:
        """Whether bars go on waiting for those that are missing before them.

        While they do, it is asked for again, soon at first.

        Args:
            held: Bars of a stream, with the place of their source.
            found: What came of the last question for what is missing.
            now: The time, nanoseconds since the epoch, UTC.
        """
        place, bar = held[0] if held else (-1, None)
        if (
            bar is None
            or place not in found.unheard
            or bar.timestamp <= self._following(self.last)
        ):
            self._hold_until = 0
            return False
        if not self._hold_until:
            self._hold_until, self.tries = now + HOLD, 0
        self.tries += 1
        if now < self._hold_until:
            return True
        self._hold_until = 0
        return False

    def hold(self, bar: market.MarketData, now: int) -> Held:
        """Holds a bar against the rules as `check` does, for less.

        Args:
            bar: A closed one.
            now: The time, nanoseconds since the epoch, UTC.
        """
        left, findings, trial = self._try((bar,), now)
        held = Held(left, findings, _rejected(findings))
        self._tried = held, trial
        return held

    def _try(
        self, bars: Iterable[market.MarketData], now: int
    ) -> tuple[
        list[market.MarketData],
        tuple[validator.Finding, ...],
        live_rules.LiveValidator,
    ]:
        """Gives what rules leave, what they found, and how they are then."""
        trial = self._validator.copy()
        left: list[market.MarketData] = []
        findings: list[validator.Finding] = []
        for bar in bars:
            if bar.timestamp <= self.last:
                continue
            kept, found = trial.check(bar, now + SKEW)
            findings += found
            if kept is not None:
                left.append(kept)
        return left, tuple(findings), trial

    def take(self, verdict: Verdict, now: int) -> None:
        """Takes the bars of a verdict of `check`, which are delivered.

        Args:
            verdict: Of bars, at least one.
            now: The time, nanoseconds since the epoch, UTC.
        """
        tried, trial = self._tried
        if tried is verdict:
            self._validator = trial
        else:
            # Others were held against the rules since.
            for bar in verdict.rows():
                self._validator.check(bar, now + SKEW)
        self.last = verdict.rows()[-1].timestamp
        self.blank = False

    def odd(self, verdict: Verdict) -> Iterator[tuple[failover.Issue, str]]:
        """Gives what rules warn of or have mended, once for bars in a row.

        Args:
            verdict: Of the bars that are delivered next.
        """
        found = [
            each
            for each in verdict.findings
            if each.action is not rules.Action.REJECT
        ]
        for each in found:
            if each.rule not in self._odd:
                gap = each.rule == 'gap'
                yield (
                    failover.Issue.GAP if gap else failover.Issue.ODD,
                    f'{tables.words([each])} ({each.rule}: {each.action})',
                )
        self._odd = frozenset(each.rule for each in found)


def _rejected(findings: tuple[validator.Finding, ...]) -> str:
    return tables.words(tables.wrong(findings)) if findings else ''
