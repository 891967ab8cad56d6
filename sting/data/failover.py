"""Several sources asked in order, for each symbol by itself."""

import asyncio
from collections.abc import Awaitable
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
import dataclasses
import enum
from typing import Final

import msgspec

from sting.data import answering
from sting.data import routes as routes_lib
from sting.data import table
from sting.data.quality import validator
from sting.data.sources import base
from sting.engine import clock as clocks
from sting.model import errors
from sting.model import market

# Requests that one source is asked at once.
PARALLEL: Final = 4


class Issue(enum.StrEnum):
    """What strategies are told of their data, as `DataIssue.issue`."""

    # Another source gives the bars, since the one before failed.
    SWITCHED = 'switched'
    # A source that is preferred gives them again.
    RESTORED = 'restored'
    # No source gives any; what is there is what was known before.
    STALE = market.STALE
    # They come again.
    FRESH = market.FRESH
    # A bar that is not to be used.
    REJECTED = 'rejected'
    # Bars are missing, and no source has them.
    GAP = 'gap'
    # Bars that were missing came after all, before those that follow.
    REFILLED = 'refilled'
    # A bar came after a newer one.
    LATE = 'late'
    # A bar that was given is another now, or all of them: after a split.
    REVISED = 'revised'
    # A rule of data.yaml warns of a bar, or has mended it.
    ODD = 'odd'
    # The stream of a source broke; it is opened again.
    LOST = 'lost'
    # The clocks of this machine and of a source differ.
    SKEW = 'skew'


class Want(msgspec.Struct, frozen=True):
    """Bars of one symbol.

    Attributes:
        symbol: The instrument.
        start: The first stamp wanted, nanoseconds since the epoch, UTC.
        end: The last one.
        due: A stamp that has to be among them; 0 for none.
    """

    symbol: str
    start: int
    end: int
    due: int = 0


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Verdict:
    """What the rules make of the bars of one symbol.

    Attributes:
        bars: What they leave.
        findings: What they found.
        rejected: Which rules rejected bars, in a few words; else empty.
    """

    bars: table.BarTable
    findings: tuple[validator.Finding, ...] = ()
    rejected: str = ''

    def rows(self) -> list[market.MarketData]:
        """Gives what is left, in order."""
        return list(self.bars.rows())


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What came of a wish.

    Attributes:
        symbol: The instrument.
        verdict: The bars, without what was rejected.
        source: Where they are from; empty where nothing came.
        stale: All sources failed, and this is what one of them gave before.
        clean: The source gave all that was wanted, and nothing was rejected.
        failures: What went wrong, in the order in which it did.
        change: The source in use changed: below 0 to one that is preferred.
        restated: Why bars of before are others now; empty where they are not.
        unheard: Places of sources that may have what is missing: they failed,
            or rest.
    """

    symbol: str
    verdict: Verdict
    source: str = ''
    stale: bool = False
    clean: bool = False
    failures: tuple[str, ...] = ()
    change: int = 0
    restated: str = ''
    unheard: frozenset[int] = frozenset()

    def issues(self, now: int) -> Iterator[market.DataIssue]:
        """Tells of changes of the source, of failures and of rejections.

        Args:
            now: When, nanoseconds since the epoch, UTC.
        """
        why = '; '.join(self.failures)
        # Without a failure the ones before it have no such bars at all.
        if self.change > 0 and why:
            yield self._issue(
                now, Issue.SWITCHED, f'{self.source} gives its bars now: {why}'
            )
        elif self.change < 0:
            yield self._issue(
                now, Issue.RESTORED, f'{self.source} gives its bars again'
            )
        if self.restated:
            yield self._issue(now, Issue.REVISED, self.restated)
        if self.stale or not self.source:
            yield self._issue(now, Issue.STALE, why)
        if self.verdict.rejected:
            yield self._issue(
                now, Issue.REJECTED, f'{self.source}: {self.verdict.rejected}'
            )

    def _issue(self, now: int, issue: Issue, detail: str) -> market.DataIssue:
        return market.DataIssue(self.symbol, now, issue.value, detail)


Get = Callable[[base.DataSource, base.Request], Awaitable[answering.Answer]]
Check = Callable[[str, table.BarTable], Verdict]


async def directly(
    source: base.DataSource, request: base.Request
) -> answering.Answer:
    """Asks a source without a cache."""
    return answering.Answer(await source.get_bars(request), fetched=1)


class _Open:
    """A wish that no source has fulfilled yet."""

    def __init__(self, want: Want, places: Iterable[int]) -> None:
        self.want = want
        self.places = list(places)
        self.failures: list[str] = []
        # By rank, the best first: place, bars and whether they are old.
        self.second: dict[int, tuple[int, Verdict, bool]] = {}
        # Sources that answered, and not with what was wanted.
        self.lacking: list[int] = []
        self.done: Found | None = None
        self.restated = ''

    def keep(
        self, rank: int, place: int, verdict: Verdict, *, old: bool = False
    ) -> None:
        self.second.setdefault(rank, (place, verdict, old))


# What else is taken where no source gives all that is wanted: bars without
# the newest, bars without those rejected, bars of before.
_LACKING, _REJECTED, _OLD = range(3)


class Failover:
    """Asks sources in the order of preference, until one gives what is wanted.

    Which one is asked first is known for each symbol and timeframe: those that
    failed rest for a while, see `routes.Route`. Symbols that are asked of one
    source go together, as many as it takes at once.

    Attributes:
        sources: In the order of preference.
    """

    def __init__(
        self,
        sources: Sequence[base.DataSource],
        time_source: clocks.Clock,
        *,
        parallel: int = PARALLEL,
    ) -> None:
        """Begins with the first source for all symbols.

        Args:
            sources: At least one, in the order of preference.
            time_source: Measures how long sources rest.
            parallel: Requests that one source is asked at once, at most.
        """
        self.sources = tuple(sources)
        self._clock = time_source
        self._routes: dict[tuple[str, str], routes_lib.Route] = {}
        self._turns = [asyncio.Semaphore(parallel) for _ in self.sources]

    def route(self, symbol: str, timeframe: str) -> routes_lib.Route:
        """Gives which source is used for a symbol."""
        key = symbol, timeframe
        found = self._routes.get(key)
        if found is None:
            found = self._routes[key] = routes_lib.Route(len(self.sources))
        return found

    async def ask(
        self, wants: Iterable[Want], timeframe: str, get: Get, check: Check
    ) -> list[Found]:
        """Asks for bars of several symbols.

        Args:
            wants: What is wanted, each symbol once.
            timeframe: Length of a bar.
            get: Asks one source; see `directly` and `cache.DataCache.get`.
            check: Holds the bars of a symbol against the rules.

        Returns:
            What came, in the order of the wishes.
        """
        able = [
            place
            for place, source in enumerate(self.sources)
            if source.capabilities.has(timeframe)
        ]
        now = self._clock.monotonic()
        wishes = [
            _Open(
                want,
                [
                    place
                    for place in self.route(want.symbol, timeframe).order(now)
                    if place in able
                ]
                # One that rests is better than none.
                or able[:1],
            )
            for want in wants
        ]
        while rest := [w for w in wishes if w.done is None and w.places]:
            groups: dict[tuple[int, int, int], list[_Open]] = {}
            for wish in rest:
                key = wish.places.pop(0), wish.want.start, wish.want.end
                groups.setdefault(key, []).append(wish)
            await asyncio.gather(
                *(
                    self._batch(place, batch, timeframe, get, check)
                    for (place, _, _), group in groups.items()
                    for batch in self._batches(place, group)
                )
            )
        return [
            dataclasses.replace(
                self._found(wish, timeframe),
                restated=wish.restated,
                unheard=frozenset()
                if wish.done
                else frozenset(able).difference(wish.lacking),
            )
            for wish in wishes
        ]

    def _batches(
        self, place: int, group: Sequence[_Open]
    ) -> Iterator[Sequence[_Open]]:
        size = self.sources[place].capabilities.batch
        for first in range(0, len(group), size):
            yield group[first : first + size]

    async def _batch(
        self,
        place: int,
        batch: Sequence[_Open],
        timeframe: str,
        get: Get,
        check: Check,
    ) -> None:
        """Asks one source for the bars of some symbols."""
        source = self.sources[place]
        request = base.Request(
            symbols=tuple(wish.want.symbol for wish in batch),
            timeframe=timeframe,
            start=batch[0].want.start,
            end=batch[0].want.end,
        )
        try:
            async with self._turns[place]:
                answer = await get(source, request)
        except (errors.SourceError, errors.DataError) as error:
            answer = answering.Answer(
                table.BarTable.empty(request.symbols[0], timeframe),
                stale=True,
                error=_as_source(source.name, error),
            )
        if len(batch) > 1 and _is_about_one(answer.error):
            # Which one it is has to be found out.
            for wish in batch:
                await self._batch(place, [wish], timeframe, get, check)
            return
        for wish in batch:
            self._judge(wish, place, timeframe, answer, check)

    def _judge(
        self,
        wish: _Open,
        place: int,
        timeframe: str,
        answer: answering.Answer,
        check: Check,
    ) -> None:
        """Decides whether what came of a symbol is what was wanted."""
        symbol, due = wish.want.symbol, wish.want.due
        name = self.sources[place].name
        came = (
            answer.bars.of(symbol)
            if symbol in answer.bars.symbols
            else table.BarTable.empty(symbol, timeframe)
        )
        wish.restated = answer.restated.get(symbol, wish.restated)
        verdict = check(symbol, came)
        last = int(verdict.bars.timestamp[-1]) if len(verdict.bars) else 0
        if answer.error is not None:
            wait_s = getattr(answer.error, 'wait_s', None) or 0.0
            route = self.route(symbol, timeframe)
            route.failed(place, self._clock.monotonic(), wait_s)
            wish.failures.append(_said(name, str(answer.error)))
            if len(verdict.bars):
                wish.keep(_OLD, place, verdict, old=True)
        elif verdict.rejected:
            wish.failures.append(_said(name, verdict.rejected))
            wish.keep(_REJECTED, place, verdict)
            wish.lacking.append(place)
        elif last < due:
            wish.failures.append(
                f'{name} has no bar of {market.to_iso(due)} of {symbol}'
            )
            wish.keep(_LACKING, place, verdict)
            wish.lacking.append(place)
        else:
            wish.done = self._taken(wish, timeframe, place, verdict)
            # They lack what another one has.
            for other in wish.lacking:
                self.route(symbol, timeframe).failed(
                    other, self._clock.monotonic()
                )

    def _taken(
        self,
        wish: _Open,
        timeframe: str,
        place: int,
        verdict: Verdict,
        *,
        clean: bool = True,
    ) -> Found:
        symbol = wish.want.symbol
        return Found(
            symbol,
            verdict,
            self.sources[place].name,
            clean=clean,
            failures=tuple(wish.failures),
            change=self.route(symbol, timeframe).worked(
                place, '; '.join(wish.failures)
            ),
        )

    def _found(self, wish: _Open, timeframe: str) -> Found:
        """Gives what came of a wish, be it less than was wanted."""
        if wish.done is not None:
            return wish.done
        symbol = wish.want.symbol
        for _, (place, verdict, old) in sorted(wish.second.items()):
            if not old and len(verdict.bars):
                return self._taken(wish, timeframe, place, verdict, clean=False)
            return Found(
                symbol,
                verdict,
                self.sources[place].name,
                stale=old,
                failures=tuple(wish.failures),
            )
        nothing = Verdict(table.BarTable.empty(symbol, timeframe))
        failures = tuple(wish.failures) or (
            f'no source has bars of {timeframe}',
        )
        return Found(symbol, nothing, failures=failures)


def _as_source(name: str, error: errors.StingError) -> errors.SourceError:
    if isinstance(error, errors.SourceError):
        return error
    return errors.SourceBodyError(f'{name}: {error}')


def _is_about_one(error: errors.SourceError | None) -> bool:
    """Whether an error may be about one symbol of several."""
    return isinstance(
        error, (errors.SourceRefusedError, errors.SourceBodyError)
    )


def _said(name: str, text: str) -> str:
    return text if text.startswith(name) else f'{name}: {text}'
