"""The symbols that are followed: the profile's, and those added since."""

import asyncio
from collections.abc import Callable

from sting import settings
from sting.data import feed as feed_lib
from sting.engine import board
from sting.engine import state
from sting.model import errors
from sting.session import feeds

Make = Callable[[tuple[str, ...]], feed_lib.Feed]
# Bars that show that a symbol is known, and so long they may take, seconds.
_FEW = 2
_PATIENCE_S = 20.0


class Symbols:
    """Keeps the feed at what is followed, while the engine runs.

    Attributes:
        feed: What gives the bars now.
    """

    feed: feed_lib.Feed

    def __init__(
        self,
        chosen: settings.Profile,
        system: state.SystemState,
        shown: board.Board,
        make: Make,
    ) -> None:
        """Makes no feed yet.

        Args:
            chosen: The profile.
            system: Knows what was added.
            shown: Shows the bars.
            make: Makes a feed of symbols.
        """
        self.own = frozenset(chosen.symbols)
        self._chosen = chosen
        self._system = system
        self._board = shown
        self._make = make
        self._turns = asyncio.Lock()

    @property
    def all(self) -> tuple[str, ...]:
        """The profile's symbols and those added, in this order."""
        both = (*self._chosen.symbols, *self._system.watched)
        return tuple(dict.fromkeys(both))

    def is_added(self, symbol: str) -> bool:
        """Says whether a symbol is followed for the operator alone."""
        return symbol in self._system.watched and symbol not in self.own

    async def open(self) -> str:
        """Makes the feed, once the log has been read.

        Returns:
            What an added symbol is not followed for any more; empty when all
            are.

        Raises:
            errors.StingError: The feed cannot be made.
        """
        why = ''
        try:
            self.feed = self._make(self.all)
        except errors.DataError as error:
            if self.all == self._chosen.symbols:
                raise
            why = f'only the symbols of the profile are followed: {error}'
            self.feed = self._make(self._chosen.symbols)
        for symbol in self.feed.symbols:
            self._board.add(symbol)
        return why

    async def refusal(self, symbol: str) -> str:
        """Says why the feed cannot give a symbol; empty when it can.

        Args:
            symbol: One that is not followed yet.
        """
        try:
            made = await asyncio.to_thread(self._make, (symbol,))
            try:
                async with asyncio.timeout(_PATIENCE_S):
                    bars = await made.history((symbol,), _FEW, {})
            finally:
                await made.close()
        except TimeoutError:
            return f'{symbol}: the feed gave no answer in {_PATIENCE_S:g} s'
        except errors.StingError as error:
            return str(error)
        if not bars and made.has_past:
            return f'the feed {made.name} has no bars of {symbol}'
        return ''

    async def follow(self, feeding: feeds.FeedComponent) -> None:
        """Has the feed give what is followed now, if it does not.

        Args:
            feeding: Plays it.

        Raises:
            errors.StingError: There is no such feed; the old one goes on.
        """
        async with self._turns:
            wanted = self.all
            if set(wanted) == set(self.feed.symbols):
                return
            made = await asyncio.to_thread(self._make, wanted)
            try:
                bars = await made.history(
                    wanted, feeds.WARM_UP, feeding.reached()
                )
            except BaseException:
                await made.close()
                raise
            known = set(self.feed.symbols)
            self._board.fill_history([b for b in bars if b.symbol not in known])
            self.feed = made
            await feeding.change(made)
