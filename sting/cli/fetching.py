"""What `sting data fetch` does."""

import asyncio
import collections
from collections.abc import Callable
from collections.abc import Sequence
import dataclasses
import os
import pathlib
from typing import Any

import click

from sting import settings
from sting.cli import common
from sting.data import actions as actions_lib
from sting.data import answering
from sting.data import cache
from sting.data import outputs
from sting.data import store
from sting.data import table
from sting.data import times
from sting.data import writer
from sting.data.quality import tables
from sting.data.quality import validator
from sting.data.sources import base
from sting.data.sources import registry
from sting.engine import clock
from sting.model import errors
from sting.model import market
from sting.model import timeframes


@dataclasses.dataclass(frozen=True, slots=True)
class Fetched:
    """What came of it.

    Attributes:
        bars: Those that are sound, of all symbols.
        calendar: The exchange whose sessions count.
        requests: How many the source was asked.
        findings: What the rules found.
        stale: Why the source failed; empty where it did not.
        actions: Splits and dividends; None where they were not asked for.
    """

    bars: table.BarTable
    calendar: str
    requests: int
    findings: tuple[validator.Finding, ...]
    stale: str
    actions: tuple[actions_lib.Action, ...] | None = None

    def write(
        self, bars: pathlib.Path | None, actions: pathlib.Path | None
    ) -> None:
        """Writes what is wanted; see `writer.write` and `actions.write`."""
        if bars is not None:
            writer.write(bars, self.bars, self.calendar)
        if actions is not None:
            actions_lib.write(actions, self.actions or ())

    def lines(self) -> list[str]:
        """Says what came, a line a symbol and one for what was found."""
        counted = [
            f'{name}: {len(self.bars.of(name)):,} bars of {self.bars.timeframe}'
            for name in self.bars.symbols
        ]
        return [
            *counted,
            *self._events(),
            f'requests: {self.requests}',
            *(
                f'{each.action}: {each.symbol} {each.rule}: {len(each):,}'
                + (f', {each.detail}' if each.detail else '')
                for each in self.findings
            ),
        ]

    def _events(self) -> list[str]:
        """Says how many actions of each kind there are."""
        if self.actions is None:
            return []
        kinds = collections.Counter(str(each.kind) for each in self.actions)
        told = ', '.join(f'{kind}s {kinds[kind]}' for kind in sorted(kinds))
        return [f'actions: {told or "none"}']

    def to_json(self) -> dict[str, Any]:
        """Gives it as JSON has it."""
        return {
            'timeframe': self.bars.timeframe,
            'bars': {n: len(self.bars.of(n)) for n in self.bars.symbols},
            'requests': self.requests,
            'stale': self.stale or None,
            'actions': None if self.actions is None else len(self.actions),
            'findings': [
                {
                    'rule': each.rule,
                    'symbol': each.symbol,
                    'action': each.action.value,
                    'bars': len(each),
                    'detail': each.detail,
                }
                for each in self.findings
            ],
        }


def check_outputs(
    bars: pathlib.Path | None, actions: pathlib.Path | None
) -> None:
    """Refuses places that cannot be written, before anything is asked for.

    Args:
        bars: Where the bars go, if anywhere.
        actions: Where splits and dividends go, if anywhere.

    Raises:
        errors.InputError: Naming the place.
    """
    if bars is not None:
        writer.check(bars)
    if actions is not None:
        actions_lib.check(actions)
    outputs.check(path for path in (bars, actions) if path is not None)


def fetch(
    home: settings.Home,
    loaded: settings.Settings,
    source: str,
    symbols: Sequence[str],
    timeframe: str,
    start: str,
    end: str | None,
    view: str | None = None,
) -> Fetched:
    """Fetches bars through the cache, and holds them against the rules.

    Args:
        home: The user's folders.
        loaded: The settings.
        source: One that is configured.
        symbols: The instruments.
        timeframe: Length of a bar.
        start: The first date or moment.
        end: The last one; None for now.
        view: Which prices are wanted, an `actions.View`, with the splits and
            dividends; None for those that the source has, without these.

    Raises:
        errors.InputError: An argument makes no sense.
        errors.SourceError: The source gives nothing, and nothing is kept.
    """
    time_source = clock.LiveClock()
    service = loaded.services[source]
    request = base.Request(
        symbols=tuple(dict.fromkeys(symbols)),
        timeframe=timeframe,
        start=times.parse_moment(start),
        end=time_source.now()
        if end is None
        else times.parse_moment(end, last=True),
    )
    made = registry.build(source, service, time_source, os.environ)
    if not made.capabilities.has(timeframe):
        able = sorted(made.capabilities.timeframes or (), key=timeframes.length)
        has = ', '.join(able) or 'streams alone, no bars of the past'
        raise errors.DataError(
            f'{source} has no bars of {timeframe}; it has {has}'
        )
    if view is not None and not made.capabilities.actions:
        raise errors.InputError(
            f'{source} has no corporate actions; without --actions and --view '
            'it gives its bars as they are'
        )

    async def asked(
        shown: Callable[[int, int], None],
    ) -> tuple[answering.Answer, tuple[actions_lib.Action, ...]]:
        kept = cache.DataCache(
            store.BarStore(home.bars),
            time_source,
            calendar=service.calendar,
            warn=lambda text: click.echo(f'sting: {text}', err=True),
            answered=shown,
        )
        try:
            answer = await kept.get(made, request, hold=view is not None)
            if view is None:
                return answer, ()
            # Adjusted prices are in units after the last split of all.
            return answer, await made.get_actions(
                request.symbols, request.start
            )
        finally:
            await made.close()

    with common.progress('requests') as shown:
        answer, found = asyncio.run(asked(shown))
    checked = tables.check(
        answer.bars,
        service.calendar,
        validator.DataValidator(
            {name: str(action) for name, action in loaded.data.rules.items()}
        ),
        time_source.now(),
    )
    bars, told = checked.bars, None
    if view is not None:
        if made.capabilities.adjusted:
            bars = actions_lib.as_traded(bars, found, service.calendar)
        last = market.to_datetime(request.end).date()
        told = tuple(each for each in found if each.day <= last)
        bars = actions_lib.adjusted(
            bars, told, actions_lib.View(view), calendar=service.calendar
        )
    return Fetched(
        bars,
        service.calendar,
        answer.fetched,
        checked.findings,
        '' if answer.error is None else str(answer.error),
        told,
    )
