"""What may pass of what comes on a stream: nothing late, double or wrong."""

import collections
from collections.abc import Callable
import math
from typing import Final

from sting.data.sources import base
from sting.model import market
from sting.model import timeframes

# Bars of each symbol that are kept, to tell a double from a revision.
_KEPT: Final = 64
_MINUTE: Final = 60 * market.NANOSECONDS


class Arrivals:
    """Lets closed bars pass once each and in their order, per symbol.

    What does not pass is counted, and told of where somebody may have to know.
    Nothing is put in order by waiting: a bar that comes late was missed, and
    has been asked for by then.

    Attributes:
        newest: The stamp of the newest closed bar of each symbol.
        counts: What came, by what became of it.
    """

    def __init__(
        self,
        wanted: base.Subscription,
        now: Callable[[], int],
        tell: Callable[[market.DataIssue], None],
    ) -> None:
        """Begins behind the bars that are known.

        Args:
            wanted: What is subscribed to.
            now: The time, nanoseconds since the epoch, UTC.
            tell: Told of what is wrong.
        """
        self.newest = {
            name: stamp
            for name, stamp in wanted.after.items()
            if name in wanted.symbols
        }
        self.counts: collections.Counter[str] = collections.Counter()
        self._step = timeframes.length(wanted.timeframe)
        self._now = now
        self._tell = tell
        self._kept: dict[str, collections.deque[market.MarketData]] = {
            name: collections.deque(maxlen=_KEPT) for name in wanted.symbols
        }
        self._order: dict[tuple[type, str], int] = {}
        # Whose count may have begun anew.
        self._unsure: set[tuple[type, str]] = set()

    def reconnected(self) -> None:
        """Says that what comes now comes from a new connection."""
        self._unsure.update(self._order)

    def missing(self, bar: market.MarketData) -> int:
        """Counts the bars that are missing before a closed one."""
        newest = self.newest.get(bar.symbol)
        if newest is None:
            return 0
        return max((bar.timestamp - newest) // self._step - 1, 0)

    def passes(self, message: base.Message, order: int = 0) -> bool:
        """Says whether a message may go on, and takes it for gone.

        Args:
            message: What came.
            order: A number that grows from one quote of a symbol to the next,
                and by one from trade to trade; 0 where there is none.
        """
        if isinstance(message, market.MarketData):
            verdict = self._bar(message)
        else:
            verdict = self._tick(message, order)
        self.counts[verdict] += 1
        return verdict == 'passed'

    def is_possible(self, bar: market.MarketData) -> bool:
        """Says whether there can be such a closed bar now; tells if not."""
        fault = self._fault(bar)
        if fault is not None:
            issue, detail = fault
            self.counts[issue] += 1
            self._say(bar, issue, detail)
        return fault is None

    def _fault(self, bar: market.MarketData) -> tuple[str, str] | None:
        if not _is_price(bar.open, bar.high, bar.low, bar.close):
            return 'rejected', 'a price is no number above 0'
        if not 0 <= bar.volume < math.inf:
            return 'rejected', 'the volume is no number'
        if bar.timestamp > self._now() + self._step + _MINUTE:
            return 'future', 'it closes after now; is the clock here right?'
        return None

    def _bar(self, bar: market.MarketData) -> str:
        newest = self.newest.get(bar.symbol)
        if not bar.closed:
            if self._fault(bar) is not None:
                return 'rejected'
            behind = newest is not None and bar.timestamp <= newest
            return 'late' if behind else 'passed'
        if newest is not None and bar.timestamp <= newest:
            return self._again(bar)
        self.newest[bar.symbol] = bar.timestamp
        self._kept[bar.symbol].append(bar)
        return 'passed'

    def _again(self, bar: market.MarketData) -> str:
        """Says what a bar is that is not newer than the newest."""
        for known in self._kept[bar.symbol]:
            if known.timestamp != bar.timestamp:
                continue
            if known == bar:
                return 'double'
            self._say(
                bar,
                'revised',
                f'close {known.close:g} is now {bar.close:g}, volume '
                f'{known.volume:g} now {bar.volume:g}; what was decided stays',
            )
            # So that the same revision is told of once.
            place = self._kept[bar.symbol].index(known)
            self._kept[bar.symbol][place] = bar
            return 'revised'
        if self.newest[bar.symbol] == bar.timestamp:
            # Known from before this stream began.
            return 'double'
        self._say(bar, 'late', 'a newer one was there before; it is left out')
        return 'late'

    def _tick(self, message: market.Quote | market.Trade, order: int) -> str:
        if isinstance(message, market.Quote):
            sound = _is_price(message.bid, message.ask) and _is_size(
                message.bid_size, message.ask_size
            )
        else:
            sound = _is_price(message.price) and _is_size(message.size)
        if not sound:
            return 'rejected'
        return self._counted(message, order) if order else 'passed'

    def _counted(self, message: market.Quote | market.Trade, order: int) -> str:
        key = type(message), message.symbol
        newest = self._order.get(key, 0)
        if order <= newest and key not in self._unsure:
            return 'double'
        self._unsure.discard(key)
        self._order[key] = order
        missing = max(order - newest - 1, 0)
        # Trades are counted one by one; changes of the book are not all told.
        if newest and missing and isinstance(message, market.Trade):
            self.counts['missing'] += missing
            self._tell(
                market.DataIssue(
                    message.symbol,
                    self._now(),
                    'gap',
                    f'{missing:,} trades before that of '
                    f'{market.to_iso(message.timestamp)} did not come',
                )
            )
        return 'passed'

    def _say(self, bar: market.MarketData, issue: str, detail: str) -> None:
        when = market.to_iso(bar.timestamp)
        self._tell(
            market.DataIssue(
                bar.symbol, self._now(), issue, f'the bar of {when}: {detail}'
            )
        )


def _is_price(*prices: float) -> bool:
    # Written so that NaN fails too.
    return all(0 < each < math.inf for each in prices)


def _is_size(*sizes: float) -> bool:
    return all(0 <= each < math.inf for each in sizes)
