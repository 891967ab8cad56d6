"""Bars as they close, of several sources, without a wrong or a missing one.

A source that streams tells of bars as they close; the others are asked when a
bar is due. A bar that does not come in time, that the rules reject, or before
which others are missing is asked for of all sources in turn, as bars of the
past are.
"""

import asyncio
import collections
from collections.abc import AsyncGenerator
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Final

from sting.data import failover as failovers
from sting.data import feed as feeds
from sting.data import lines as lines_lib
from sting.data import routes
from sting.data import schedule as schedules
from sting.data import streams
from sting.data import table
from sting.data.quality import rules as rules_lib
from sting.data.sources import base
from sting.engine import clock as clocks
from sting.model import market

Issue = failovers.Issue
Line = lines_lib.Line
# Seconds from the close of a bar to the first question of a source that does
# not stream, and the longest from one question to the next.
ASK_S: Final = 2.0
AGAIN_S: Final = 60.0
# A source that answers and has no bar is not behind, as long as that may be
# for want of trades: so many bars.
QUIET: Final = 5
# Names in a line for a person.
_NAMED: Final = 3


class Live:
    """Follows the bars of some symbols."""

    def __init__(
        self,
        symbols: Iterable[str],
        after: Mapping[str, int],
        failover: failovers.Failover,
        schedule: schedules.Schedule,
        time_source: clocks.Clock,
        *,
        rules: Mapping[str, str] | None = None,
        patience_s: float = 10.0,
        known: table.BarTable | None = None,
        stale: Mapping[str, str] | None = None,
        ticks: Collection[base.Stream] = (),
    ) -> None:
        """Sets up; nothing is asked yet.

        Args:
            symbols: The instruments.
            after: The stamp of the newest bar known of each; one without it
                begins with the bar that closes next.
            failover: Asks the sources.
            schedule: Tells when bars are due.
            time_source: Tells the time, and waits.
            rules: What is done about odd bars, laid over the defaults.
            patience_s: Seconds after its close that a bar may take.
            known: Bars from before, for rules that look back.
            stale: Symbols of which no source gave bars so far, and why.
            ticks: What else is given, where a source has it.
        """
        newest = schedule.newest(time_source.now())
        self._failover = failover
        self._schedule = schedule
        self._clock = time_source
        self._patience_s = patience_s
        self._kinds = frozenset({base.Stream.BARS, *ticks})
        self._lines: dict[str, Line] = {}
        for name in symbols:
            last = after.get(name, newest)
            self._lines[name] = Line(
                name, last, schedule, rules or {}, _before(known, name, last)
            )
            self._lines[name].stale = (stale or {}).get(name, '')
        self._streams = streams.Streams(
            failover.sources,
            time_source,
            self._subscription,
            self._told,
            self._stream_changed,
        )
        self._routes = {
            name: failover.route(name, schedule.timeframe)
            for name in self._lines
        }
        self._asking: set[asyncio.Task[list[failovers.Found]]] = set()
        self._out: collections.deque[feeds.Item] = collections.deque()

    async def items(self) -> AsyncGenerator[feeds.Item]:
        """Gives bars, quotes and trades, and what is wrong with them.

        Closed bars of a symbol come once each and in the order of their
        stamps; a `DataIssue` comes before the bar that it is about.
        """
        getter = asyncio.create_task(self._streams.queue.get())
        try:
            while True:
                if getter.done():
                    self._drain(getter.result())
                    getter = asyncio.create_task(self._streams.queue.get())
                places = map(self._place, self._lines.values())
                self._streams.tend({0, *places})
                self._ask(self._due())
                while self._out:
                    yield self._out.popleft()
                await self._wait(getter)
        finally:
            tasks = [getter, *self._streams.tasks, *self._asking]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def status(self) -> feeds.Status:
        """Says how the feed is."""
        now = self._clock.now()
        lines = self._lines.values()
        used = collections.Counter(self._name(self._place(e)) for e in lines)
        source = '+'.join(name for name, _ in used.most_common())
        stale = [line for line in lines if line.stale]
        moved = [line for line in lines if self._place(line)]
        opens = self._schedule.opens(now)
        if opens > now:
            when = market.to_iso(opens)
            detail = f'{self._schedule.calendar} opens {when}'
            return feeds.Status('closed', detail, source)
        if stale:
            return feeds.Status('stale', _named(stale, stale[0].stale), source)
        if moved:
            why = self._route(moved[0]).why
            return feeds.Status('failover', _named(moved, why), source)
        reason = self._streams.reason(0)
        if reason:
            return feeds.Status('degraded', reason, source)
        return feeds.Status('connected', source, source)

    # The loop.

    async def _wait(self, getter: 'asyncio.Task[object]') -> None:
        """Waits until there is something to do, and takes what was asked."""
        now = self._clock.now()
        checks = [e.check_at for e in self._lines.values() if not e.busy]
        wait_s = (min(checks, default=now) - now) / market.NANOSECONDS
        # The wall's clock may be set meanwhile.
        wait_s = max(0.0, min(wait_s, AGAIN_S)) if checks else AGAIN_S
        timer = asyncio.create_task(self._clock.sleep(wait_s))
        try:
            await asyncio.wait(
                {getter, timer, *self._asking, *self._streams.tasks},
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            timer.cancel()
        for task in [each for each in self._asking if each.done()]:
            self._asking.discard(task)
            for found in task.result():
                self._answered(found)

    def _drain(self, first: streams.Came | None) -> None:
        """Takes what streams have sent."""
        queue = self._streams.queue
        if first is not None:
            self._message(*first)
        while not queue.empty() and len(self._out) < streams.QUEUE:
            following = queue.get_nowait()
            if following is not None:
                self._message(*following)

    def _due(self) -> list[Line]:
        now = self._clock.now()
        return [
            line
            for line in self._lines.values()
            if not line.busy and line.check_at <= now
        ]

    def _plan(self, line: Line) -> None:
        """Sets when it is looked whether a bar is missing."""
        if line.tries:
            room_s = min(ASK_S * 2.0**line.tries, AGAIN_S)
            line.check_at = self._clock.now() + _nanoseconds(room_s)
            return
        streamed = self._streams.works(self._place(line))
        room_s = self._patience_s if streamed else ASK_S
        due = self._schedule.following(line.last)
        line.check_at = due + _nanoseconds(room_s)

    # What is asked for.

    def _ask(self, lines: Sequence[Line]) -> None:
        """Asks for the bars of some symbols that are not there yet."""
        now = self._clock.now()
        wants = []
        for line in lines:
            if not line.check_at:
                # It was not looked at yet.
                self._plan(line)
                continue
            # The first source may be a little late. What is in its place, or
            # is to be in its place again, is held to what is due.
            strict = self._place(line) or line.held
            if line.held:
                # Its stream works.
                self._route(line).wake(line.held[0][0])
            room_s = ASK_S if strict else self._patience_s
            due = self._schedule.newest(now - _nanoseconds(room_s))
            line.busy = True
            wants.append(
                failovers.Want(
                    line.symbol,
                    line.last + 1,
                    max(now, line.last + 1),
                    due if due > line.last else 0,
                )
            )
        if wants:
            asked = self._failover.ask(
                wants,
                self._schedule.timeframe,
                failovers.directly,
                lambda name, bars: self._lines[name].check(
                    bars.rows(), self._clock.now()
                ),
            )
            self._asking.add(asyncio.create_task(asked))

    def _answered(self, found: failovers.Found) -> None:
        """Takes what came of a question."""
        line = self._lines[found.symbol]
        now = self._clock.now()
        line.busy = False
        if found.change > 0 and not found.failures:
            # The source in use has no bars of the past, and none came.
            route = self._route(line)
            route.why = 'no bar came in time'
            detail = f'{found.source} gives its bars now: {route.why}'
            self._tell(line.symbol, Issue.SWITCHED, detail)
        self._out.extend(
            issue
            for issue in found.issues(now)
            if issue.issue in (Issue.SWITCHED, Issue.RESTORED)
        )
        held, line.held = line.held, []
        self._deliver(line, found.verdict, found.source, missing=bool(held))
        if line.waits(held, found, now):
            line.held = held
            self._plan(line)
            return
        for place, bar in held:
            self._take(line, place, bar)
        if line.busy:
            return
        if line.last >= self._schedule.newest(now):
            line.tries = 0
        else:
            line.tries += 1
            self._weigh(line, found, now)
        self._plan(line)

    def _weigh(self, line: Line, found: failovers.Found, now: int) -> None:
        """Tells, once, that no source has a bar that should be there."""
        waited = now - self._schedule.following(line.last)
        patience = _nanoseconds(self._patience_s)
        unasked = not any(
            each.capabilities.has(self._schedule.timeframe)
            for each in self._failover.sources
        )
        answered = found.source and not found.stale
        if unasked or (answered and not found.verdict.rejected):
            # It may be that nothing was traded.
            patience = max(patience, QUIET * self._schedule.step)
        if waited < patience or line.stale:
            return
        why = '; '.join(found.failures) or f'{found.source} has none'
        line.stale = f'no bar since {market.to_iso(line.last)}: {why}'
        self._tell(line.symbol, Issue.STALE, line.stale)

    # What comes.

    def _message(self, place: int, message: base.Message) -> None:
        """Takes what a stream sent."""
        line = self._lines.get(message.symbol)
        if line is None or place > self._place(line):
            return
        if isinstance(message, market.MarketData) and message.closed:
            self._take(line, place, message)
        elif place == self._place(line) and not (line.busy or line.held):
            self._out.append(message)

    def _take(self, line: Line, place: int, bar: market.MarketData) -> None:
        """Takes a closed bar of a stream."""
        if line.busy or line.held:
            line.held.append((place, bar))
            return
        if bar.timestamp <= line.last:
            return
        verdict = line.hold(bar, self._clock.now())
        hole = self._is_behind_a_hole(line, bar)
        asked, line.gap = line.gap, ''
        if verdict.rejected or (hole and asked == lines_lib.SAID):
            # Another source may have what is missing, or one that is right.
            self._reject(line, verdict, self._name(place))
            if not verdict.rejected:
                line.gap = lines_lib.ASKED
                line.held.append((place, bar))
            self._ask([line])
            return
        if hole and asked and not _has(verdict, 'gap') and not line.blank:
            self._tell_gap(line, bar)
        if self._route(line).worked(place) < 0:
            self._tell(
                line.symbol,
                Issue.RESTORED,
                f'{self._name(place)} gives its bars again',
            )
        self._deliver(line, verdict, self._name(place))
        line.tries = 0
        self._plan(line)

    def _deliver(
        self,
        line: Line,
        verdict: lines_lib.Verdict,
        source: str,
        *,
        missing: bool = False,
    ) -> None:
        """Gives the bars of a verdict, behind what is to be told of them."""
        self._reject(line, verdict, source)
        # Held against the rules behind the last one, and none came since.
        bars = verdict.rows()
        if not bars:
            return
        if line.stale:
            line.stale = ''
            self._tell(line.symbol, Issue.FRESH, f'{source} has bars again')
        elif line.blank and self._is_behind_a_hole(line, bars[0]):
            self._tell_gap(line, bars[0])
        now = self._clock.now()
        late = now - bars[0].timestamp - self._schedule.step
        if missing or late > _nanoseconds(self._patience_s):
            self._tell(
                line.symbol,
                Issue.REFILLED,
                f'{source} had {len(bars):,} missing since '
                f'{market.to_iso(line.last)}',
            )
        for issue, text in line.odd(verdict):
            self._tell(line.symbol, issue, f'{source}: {text}')
        line.take(verdict, now)
        self._out.extend(bars)

    def _is_behind_a_hole(self, line: Line, bar: market.MarketData) -> bool:
        return bar.timestamp > self._schedule.following(line.last)

    def _tell_gap(self, line: Line, bar: market.MarketData) -> None:
        """Tells that bars are missing before one, which no rule tells of."""
        last, first = map(market.to_iso, (line.last, bar.timestamp))
        self._tell(
            line.symbol,
            Issue.GAP,
            f'no source has the bars between {last} and {first}',
        )

    def _reject(
        self, line: Line, verdict: lines_lib.Verdict, source: str
    ) -> None:
        """Tells of rejected bars, of each once."""
        if not verdict.findings:
            return
        stamps = [
            int(each.stamps[-1])
            for each in verdict.findings
            if each.action is rules_lib.Action.REJECT
        ]
        newest = max(stamps, default=0)
        if newest > line.rejected:
            line.rejected = newest
            self._tell(
                line.symbol, Issue.REJECTED, f'{source}: {verdict.rejected}'
            )

    # Streams.

    def _subscription(self) -> base.Subscription:
        return base.Subscription(
            symbols=tuple(self._lines),
            timeframe=self._schedule.timeframe,
            kinds=self._kinds,
            after={name: line.last for name, line in self._lines.items()},
        )

    def _told(self, place: int, issue: market.DataIssue) -> None:
        """Takes what a stream says of its data, or of the clocks."""
        if not issue.symbol:
            self._out.append(issue)
            self._streams.wake()
            return
        line = self._lines.get(issue.symbol)
        if line is None or place > self._place(line):
            return
        if issue.issue == Issue.GAP:
            # It is told when no source has what is missing; also of one that
            # is preferred, and used again from its next bar on.
            line.gap = lines_lib.SAID
        elif place == self._place(line):
            self._out.append(issue)
            self._streams.wake()

    def _stream_changed(self, place: int, why: str | None) -> None:
        """Takes that a stream broke, or is there again."""
        if why:
            self._tell('', Issue.LOST, f'{why}; bars are asked for')
        elif why is not None:
            self._tell('', Issue.RESTORED, f'{self._name(place)} streams again')
            self._failover.sources[place].wake()
        for line in self._lines.values():
            if why == '' and place <= self._place(line):
                # It is there again: what is missing is asked for at once.
                self._route(line).wake(place)
                line.tries = 0
            if place <= self._place(line) and not line.busy:
                self._plan(line)

    # Words.

    def _route(self, line: Line) -> routes.Route:
        return self._routes[line.symbol]

    def _place(self, line: Line) -> int:
        return self._routes[line.symbol].used

    def _name(self, place: int) -> str:
        return self._failover.sources[place].name

    def _tell(self, symbol: str, issue: Issue, detail: str) -> None:
        self._out.append(
            market.DataIssue(symbol, self._clock.now(), issue.value, detail)
        )


def _before(
    known: table.BarTable | None, symbol: str, last: int
) -> Iterable[market.MarketData]:
    """Gives the last bars of a symbol that rules look back on."""
    if known is None or symbol not in known.symbols:
        return ()
    bars = known.of(symbol).select(end=last)
    return bars.last(rules_lib.WINDOW).rows()


def _named(lines: Sequence[Line], why: str) -> str:
    names = ', '.join(line.symbol for line in lines[:_NAMED])
    more = len(lines) - _NAMED
    return f'{names}{f" and {more} more" if more > 0 else ""}: {why}'


def _has(verdict: lines_lib.Verdict, rule: str) -> bool:
    return any(each.rule == rule for each in verdict.findings)


def _nanoseconds(seconds: float) -> int:
    return round(seconds * market.NANOSECONDS)
