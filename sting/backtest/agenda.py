"""Corporate actions of a run: which hold, between which bars, at what price."""

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
import datetime
import itertools
from typing import NamedTuple

import msgspec
import numpy as np

from sting.backtest import assumptions
from sting.data import actions
from sting.data import splits
from sting.data import table
from sting.data import universe
from sting.engine import state
from sting.model import market
from sting.model import records
from sting.risk import manager
from sting.risk import universe as rules

_K = records.ActionKind
# A symbol whose bars end this much before the others' has ended by itself.
_EARLY = datetime.timedelta(days=7) // datetime.timedelta(microseconds=1) * 1000
_SHOWN = 5


class Due(NamedTuple):
    """An action in its place.

    Attributes:
        moment: It comes after all bars up to this, nanoseconds UTC.
        action: What becomes of an instrument.
    """

    moment: int
    action: actions.Action


def ready(
    assumed: assumptions.Assumptions,
    bars: table.BarTable,
    warm: table.BarTable | None = None,
) -> tuple[assumptions.Assumptions, list[str]]:
    """Gives the actions that are to be applied to these bars.

    Splits that the prices are adjusted for are left out. A member of the
    universe whose membership and whose bars have ended is delisted.

    Args:
        assumed: Of the account and of the market.
        bars: What is run over.
        warm: Bars before these, for the indicators alone.

    Returns:
        The same with these actions alone, and what a reader has to know.

    Raises:
        errors.DataError: There is no such calendar, or it lacks the year.
    """
    if not assumed.actions and not assumed.universe:
        return assumed, []
    known = [each for each in assumed.actions if each.symbol in bars.symbols]
    seen = bars if warm is None else table.BarTable.merge([warm, bars])
    kept, warnings = splits.applicable(seen, known, assumed.calendar)
    ended = _ended(assumed, bars)
    if ended:
        names = ', '.join(each.symbol for each in ended[:_SHOWN])
        more = f' and {len(ended) - _SHOWN} more' if ended[_SHOWN:] else ''
        warnings.append(
            f'{names}{more}: membership and bars end, which counts as a '
            f'delisting at {assumed.delisting_haircut:.0%} less'
        )
    made = actions.in_order((*kept, *ended))
    return msgspec.structs.replace(assumed, actions=made), warnings


def _ended(
    assumed: assumptions.Assumptions, bars: table.BarTable
) -> list[actions.Action]:
    """Gives the delistings that a universe and the end of bars tell of."""
    named = {
        each.symbol for each in assumed.actions if each.kind is _K.DELISTING
    }
    left = {each.symbol: each.last for each in assumed.universe}
    found = []
    end = int(bars.timestamp[-1]) if len(bars) else 0
    for symbol, last in last_stamps(bars).items():
        leaves = left.get(symbol)
        if symbol in named or leaves is None:
            continue
        if last < end - _EARLY and leaves <= market.to_datetime(end).date():
            # The day after the last bar's.
            day = market.to_datetime(last).date() + datetime.timedelta(days=1)
            found.append(actions.Action(day, symbol, _K.DELISTING))
    return found


def gated(
    gate: manager.RiskManager, assumed: assumptions.Assumptions
) -> manager.RiskManager:
    """Gives the gate that also asks for membership and listing.

    Args:
        gate: Risk.
        assumed: Of the account and of the market.

    Raises:
        errors.DataError: There is no such calendar, or it lacks the year.
    """
    calendar = assumed.calendar
    if assumed.universe:
        spans = universe.spans(assumed.universe, calendar)
        gate = gate.also(rules.Membership(spans))
    gone = {
        each.symbol: actions.moment(each, calendar)
        for each in actions.of_kind(assumed.actions, _K.DELISTING)
    }
    return gate.also(rules.Delisted(gone)) if gone else gate


def last_stamps(bars: table.BarTable) -> dict[str, int]:
    """Gives the stamp of each symbol's last bar."""
    found: dict[str, int] = {}
    # From the end, where nearly all of them are.
    for rows in reversed(list(table.pieces(len(bars)))):
        index = bars.symbol_index[rows][::-1]
        numbers, places = np.unique(index, return_index=True)
        for number, place in zip(
            numbers.tolist(), places.tolist(), strict=True
        ):
            stamp = int(bars.timestamp[rows.stop - 1 - place])
            found.setdefault(bars.symbols[number], stamp)
        bars.release()
        if len(found) == len(bars.symbols):
            break
    return dict(sorted(found.items()))


def survivorship(
    assumed: assumptions.Assumptions, bars: table.BarTable
) -> Iterator[str]:
    """Warns of a list of survivors, and of instruments that just end.

    Args:
        assumed: Of the account and of the market.
        bars: What is run over.

    Yields:
        One sentence each.
    """
    last = last_stamps(bars)
    if len(last) < 2:
        return
    early = max(last.values()) - _EARLY
    delisted = {
        each.symbol for each in assumed.actions if each.kind is _K.DELISTING
    }
    left = {e.symbol for e in assumed.universe if e.last is not None}
    ended = [
        symbol
        for symbol, stamp in last.items()
        if stamp < early and symbol not in delisted | left
    ]
    if ended:
        names = ', '.join(ended[:_SHOWN])
        more = f' and {len(ended) - _SHOWN} more' if ended[_SHOWN:] else ''
        yield (
            f'{names}{more}: the bars end before the others; without a '
            'delisting in --actions a position stays at its last close'
        )
    elif not assumed.universe and not delisted:
        yield (
            f'all {len(last)} symbols live to the end of the data: a list of '
            'survivors makes any strategy look better; give --universe with '
            'the members of each time'
        )


class Agenda:
    """The actions of a run in the order of their moments."""

    def __init__(
        self,
        assumed: assumptions.Assumptions,
        bars: table.BarTable,
        warm: table.BarTable | None = None,
    ) -> None:
        """Places the actions between the bars.

        Args:
            assumed: Of the account and of the market.
            bars: What is run over; what is not inside of them is left out.
            warm: Bars before these, for the indicators alone.

        Raises:
            errors.DataError: There is no such calendar, or it lacks the year.
        """
        self._haircut = assumed.delisting_haircut
        self._calendar = assumed.calendar
        self._bars = bars
        self._warm = warm
        self._due = [
            Due(actions.moment(each, assumed.calendar), each)
            for each in assumed.actions
            if each.symbol in bars.symbols
        ]

    def parts(self) -> Iterator[tuple[Sequence[Due], table.BarTable]]:
        """Gives the bars in parts, each with what comes before it."""
        stamps = self._bars.timestamp
        rows = [
            int(np.searchsorted(stamps, each.moment, 'right'))
            for each in self._due
        ]
        cuts = sorted({row for row in rows if 0 < row < len(stamps)})
        edges = [0, *cuts, len(stamps)]
        for first, end in itertools.pairwise(edges):
            due = [
                each
                for each, row in zip(self._due, rows, strict=True)
                if first and row == first
            ]
            part = (
                self._bars if not cuts else self._bars.take(slice(first, end))
            )
            yield due, part

    def record(
        self, due: Due, system: state.SystemState
    ) -> records.CorporateAction:
        """Gives an action as the log has it.

        Args:
            due: The action.
            system: The state before it. A delisting without a price takes the
                haircut off the last one where it is held long; one held short
                gains nothing by it.
        """
        action = due.action
        symbol, kind, value = action.symbol, action.kind, action.value
        if kind is _K.SPLIT:
            return records.CorporateAction(
                symbol=symbol, kind=kind, ratio=value or 0.0
            )
        if kind is _K.DIVIDEND:
            return records.CorporateAction(
                symbol=symbol, kind=kind, amount=value or 0.0
            )
        detail = 'at the price that was given'
        if value is None:
            value = system.prices.get(symbol, 0.0)
            detail = 'at the last price'
            if system.portfolio.quantity(symbol) >= 0:
                value *= 1.0 - self._haircut
                detail += f' less {self._haircut:.0%}'
        return records.CorporateAction(
            symbol=symbol, kind=kind, price=value, detail=detail
        )

    def history(self, symbols: Iterable[str], due: Due) -> table.BarTable:
        """Gives the bars before a split in the units after it.

        Args:
            symbols: Of these instruments.
            due: The split.
        """
        known = [name for name in symbols if name in self._bars.symbols]
        before = self._bars.select(known, end=due.moment)
        if self._warm is not None:
            past = self._warm.select(known)
            before = table.BarTable.merge([past, before])
        return actions.restated(before, self._until(due.moment), self._calendar)

    def warm(self) -> table.BarTable | None:
        """Gives what came before the bars in the units of the first of them."""
        if self._warm is None or not self._due:
            return self._warm
        first = int(self._bars.timestamp[0])
        return actions.restated(
            self._warm, self._until(first - 1), self._calendar
        )

    def _until(self, moment: int) -> Iterator[actions.Action]:
        return (each.action for each in self._due if each.moment <= moment)
