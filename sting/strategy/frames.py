"""The timeframes of a strategy: what it is given, and what is built for it."""

from collections.abc import Callable
from collections.abc import Sequence
import itertools
import operator
from typing import Any

from sting.model import errors
from sting.model import market
from sting.model import sessions as hours
from sting.model import timeframes
from sting.strategy import resample

Sessions = Callable[[], hours.Sessions]
# In place of a timeframe, where the data are quotes.
QUOTES = 'quotes'

NO_BARS = (
    'the data are quotes: make bars of them first, with sting data bars, or '
    'work out what is needed in on_quote'
)

_stamp = operator.attrgetter('timestamp')


def checked(asked: Any) -> tuple[str, ...]:
    """Gives the timeframes that a strategy asks for.

    Args:
        asked: As its class or strategy.yaml has them.

    Raises:
        errors.StrategyError: They are none, or one comes twice.
    """
    if not isinstance(asked, tuple | list) or not all(
        isinstance(each, str) for each in asked
    ):
        raise errors.StrategyError(
            f"timeframes is {asked!r}; it must be a tuple such as ('1h', '1d')"
        )
    for place, each in enumerate(asked):
        fault = timeframes.fault(each)
        if fault or each in asked[:place]:
            raise errors.StrategyError(
                f'timeframes: {fault or f"{each!r} is there twice"}'
            )
    return tuple(asked)


class Frames:
    """Makes of the feed's bars those of a strategy's timeframes.

    Attributes:
        active: Whether there is more than the feed's own bars.
        own: The timeframe of the feed's bars; '' before it is known.
    """

    __slots__ = (
        '_asked',
        '_built',
        '_by_symbol',
        '_delivered',
        '_needed',
        '_sessions',
        '_takers',
        'active',
        'own',
    )

    def __init__(self) -> None:
        """Sets up what gives the feed's own bars alone."""
        self.active = False
        self.own = ''
        self._asked: tuple[str, ...] = ()
        self._needed: set[str] = set()
        self._delivered: frozenset[str] = frozenset()
        self._built: list[str] = []
        self._sessions: Sessions | None = None
        self._by_symbol: dict[str, dict[str, resample.Resampler]] = {}
        self._takers: dict[str, Sequence[resample.Take]] = {}

    def ask(
        self, asked: tuple[str, ...], sessions: Sessions | None = None
    ) -> None:
        """Says what the strategy is to be given.

        Args:
            asked: Timeframes, checked; none for the feed's own bars.
            sessions: Tells when the exchange trades; called when the first
                longer bar is to be built.
        """
        self._asked = asked
        self._sessions = sessions
        for each in asked:
            self.need(each)

    def need(self, timeframe: str) -> None:
        """Builds the bars of a timeframe from the next bar on.

        Args:
            timeframe: One that `timeframes.fault` has nothing against.

        Raises:
            errors.StrategyError: They cannot be built of the feed's.
        """
        self.active = True
        self._needed.add(timeframe)
        if self.own:
            self.expect(self.own)

    def expect(self, own: str) -> None:
        """Says of which timeframe the feed's bars are.

        Args:
            own: Their timeframe.

        Raises:
            errors.StrategyError: What is asked for cannot be built of them.
        """
        if not self.active:
            self.own = own
            return
        if own == QUOTES:
            raise errors.StrategyError(f'timeframes are of bars; {NO_BARS}')
        if self.own not in ('', own):
            raise errors.StrategyError(
                f'its data are bars of {self.own} and of {own}; with '
                'timeframes they have to be of one length'
            )
        for each in sorted(self._needed):
            fault = timeframes.mismatch(each, own)
            if fault:
                raise errors.StrategyError(fault)
        self.own = own
        self._delivered = frozenset(map(self.place, self._asked or ('',)))
        self._built = sorted(
            filter(None, map(self.place, self._needed)), key=timeframes.length
        )
        self._takers.clear()

    @property
    def built(self) -> Sequence[str]:
        """The timeframes that are built, the shortest first."""
        return self._built

    def place(self, timeframe: str) -> str:
        """Gives where an indicator's bars come from.

        Args:
            timeframe: What it was asked for with; '' for the strategy's
                first.

        Returns:
            The timeframe; '' for the feed's own bars.
        """
        name = timeframe or (self._asked[0] if self._asked else '')
        if not name or name == self.own:
            return ''
        if self.own and timeframes.length(name) == timeframes.length(self.own):
            return ''
        return name

    def is_given(self, bar: market.MarketData) -> bool:
        """Whether the strategy is to hear of a bar."""
        name = '' if bar.timeframe == self.own else bar.timeframe
        return name in self._delivered

    def take(
        self, bar: market.MarketData
    ) -> Sequence[Sequence[market.MarketData]]:
        """Takes the feed's next bar.

        Args:
            bar: A closed bar, the next one of its symbol.

        Returns:
            What is closed now, in groups of one stamp, the oldest first; in
            a group the longer bars follow the shorter ones.

        Raises:
            errors.StrategyError: What is asked for cannot be built of it.
        """
        if bar.timeframe != self.own:
            self.expect(bar.timeframe)
        late = []
        closed = [bar]
        for take in self._takers.get(bar.symbol) or self._make(bar.symbol):
            ended = take(bar)
            if ended is not None:
                before, now = ended
                if before is not None:
                    late.append(before)
                if now is not None:
                    closed.append(now)
        if not late:
            return (closed,)
        late.sort(key=_stamp)
        groups = [list(each) for _, each in itertools.groupby(late, _stamp)]
        return [*groups, closed]

    def forget(self, symbol: str) -> None:
        """Forgets what was built of a symbol so far."""
        self._by_symbol.pop(symbol, None)
        self._takers.pop(symbol, None)

    def _make(self, symbol: str) -> Sequence[resample.Take]:
        """Gives what builds a symbol's bars, the shortest first."""
        if not self._built:
            return []
        if self._sessions is None:
            raise errors.StrategyError(
                f'bars of {self._built[0]} need the hours of an exchange; '
                'give its runner sessions'
            )
        sessions = self._sessions()
        known = self._by_symbol.get(symbol, {})
        self._by_symbol[symbol] = {
            each: known.get(each)
            or resample.Resampler(each, self.own, sessions)
            for each in self._built
        }
        takers = [each.take for each in self._by_symbol[symbol].values()]
        self._takers[symbol] = takers
        return takers
