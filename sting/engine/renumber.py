"""A shorter log of the same state: old market data that led to nothing goes.

What stays is numbered again from 1, also where an event or an order's id names
the number of another, so that the new log replays and explains itself.
"""

import array
import bisect
from collections.abc import Iterable
from typing import Any

import msgspec

from sting.engine import anonymize
from sting.engine import state
from sting.model import events
from sting.model import market

_T = events.EventType
_MARKET = frozenset({_T.MARKET_DATA, _T.QUOTE, _T.TRADE, _T.DATA_ISSUE})


class Renumberer:
    """Says which events stay, and numbers them again.

    Before the day of the first event that is wanted, market data stays only
    where something refers to it, and the last price and bar of each symbol.
    """

    def __init__(self, found: Iterable[events.Event], first: int) -> None:
        """Reads the log once.

        Args:
            found: All its events.
            first: The first event that is wanted.
        """
        self._log = ''
        self._named: set[int] = set()
        self._scan = anonymize.Rewriter(
            {
                anonymize.Treatment.ID: self._note_id,
                anonymize.Treatment.COMMAND: self._note_command,
                anonymize.Treatment.PARTS: lambda each: tuple(
                    map(self._note_command, each)
                ),
                anonymize.Treatment.IDS: lambda each: tuple(
                    map(self._note_id, each)
                ),
            }
        )
        self._change = anonymize.Rewriter(
            {
                anonymize.Treatment.NUMBER: self.number,
                anonymize.Treatment.ID: self._new_id,
                anonymize.Treatment.COMMAND: self._new_command,
                anonymize.Treatment.PARTS: lambda each: tuple(
                    map(self._new_command, each)
                ),
                anonymize.Treatment.IDS: lambda each: tuple(
                    map(self._new_id, each)
                ),
            }
        )
        days = _Days(first)
        dropped = array.array('q')
        every = array.array('q')
        for event in found:
            every.append(event.seq)
            self._note(event)
            days.take(event)
            if event.type in _MARKET and event.seq < first:
                dropped.append(event.seq)
        stay = self._named | days.last
        gone = {n for n in dropped if n < days.begun and n not in stay}
        self._kept = array.array('q', (n for n in every if n not in gone))

    def keeps(self, seq: int) -> bool:
        """Whether an event stays."""
        place = bisect.bisect_left(self._kept, seq)
        return place < len(self._kept) and self._kept[place] == seq

    def number(self, seq: int) -> int:
        """Gives the new number of an event, or of the last that stays."""
        return bisect.bisect_right(self._kept, seq)

    def event(self, event: events.Event) -> events.Event:
        """Numbers an event that stays.

        Args:
            event: The event.

        Returns:
            It with the new numbers; a cause that is gone is none.
        """
        return msgspec.structs.replace(
            event,
            seq=self.number(event.seq),
            cause=self.number(event.cause) if self.keeps(event.cause) else 0,
            data=self._change.payload(event.data),
        )

    def _note(self, event: events.Event) -> None:
        if event.type is _T.LOG_CREATED:
            self._log = event.data.log
        if event.type not in _MARKET:
            self._named.add(event.cause)
            self._scan.payload(event.data)

    def _note_id(self, text: str) -> str:
        answered = self._answered(text)
        if answered is not None:
            self._named.add(answered)
        return text

    def _note_command(self, command: Any) -> Any:
        return None if command is None else self._scan.payload(command)

    def _new_id(self, text: str) -> str:
        answered = self._answered(text)
        if answered is None or not self.keeps(answered):
            return text
        log, _, *rest = text.split('-')
        return '-'.join([log, str(self.number(answered)), *rest])

    def _new_command(self, command: Any) -> Any:
        return None if command is None else self._change.payload(command)

    def _answered(self, text: str) -> int | None:
        """Gives the number in an id that was made here."""
        log, _, rest = text.partition('-')
        number, _, _ = rest.partition('-')
        return int(number) if log == self._log and number.isdecimal() else None


class _Days:
    """Finds where the day of an event began, and the last prices before.

    Attributes:
        begun: Number of the price that began the day.
        last: The last price and bar of each symbol before it.
    """

    def __init__(self, first: int) -> None:
        self._first = first
        self._day = -1
        self._prices: dict[str, int] = {}
        self._bars: dict[str, int] = {}
        self._quoted: set[str] = set()
        self.begun = 0
        self.last: set[int] = set()

    def take(self, event: events.Event) -> None:
        if event.seq >= self._first:
            return
        bar = event.data
        closed = isinstance(bar, market.MarketData) and bar.closed
        if self._is_price(event):
            self._roll(state.day_of(bar.timestamp), event.seq)
            self._prices[bar.symbol] = event.seq
        if closed:
            self._bars[bar.symbol] = event.seq

    def _is_price(self, event: events.Event) -> bool:
        """Whether an event says a price; as the state has it."""
        if event.type in (_T.MARKET_DATA, _T.TRADE):
            self._quoted.discard(event.data.symbol)
            return True
        if event.type is not _T.QUOTE:
            return False
        symbol = event.data.symbol
        if symbol not in self._prices:
            self._quoted.add(symbol)
        return symbol in self._quoted

    def _roll(self, day: int, seq: int) -> None:
        if day > self._day:
            self._day = day
            self.begun = seq
            self.last = {*self._prices.values(), *self._bars.values()}
