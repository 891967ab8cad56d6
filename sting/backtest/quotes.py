"""Backtests over quotes: the same engine, and a market that works on quotes."""

from collections.abc import Iterator
from collections.abc import Sequence
import functools
import itertools
import operator
from typing import Any

import numpy as np

from sting.backtest import assumptions
from sting.backtest import curve as curves
from sting.backtest import engine
from sting.backtest import moments
from sting.backtest import result
from sting.data import table
from sting.model import errors
from sting.model import market
from sting.model import orders
from sting.risk import manager
from sting.simulator import quoted
from sting.strategy import runner

# In place of a timeframe and of a mode of filling.
QUOTE = 'quote'
# So many quotes are first looked at for one that meets an order.
_LOOK = 256


class QuoteEngine(engine.BacktestEngine):
    """Runs one strategy over a table of quotes.

    The account is marked at the middle of the last quote, as live where a
    symbol has nothing but quotes. Of quotes that meet no order nothing is made
    but what the strategy is given.
    """

    _market: quoted.QuotedMarket

    def __init__(
        self,
        feeder: runner.StrategyRunner,
        bars: table.BarTable,
        gate: manager.RiskManager,
        assumed: assumptions.Assumptions,
        *,
        quotes: table.QuoteTable,
        **more: Any,
    ) -> None:
        """Sets up a run.

        Args:
            feeder: Feeds the strategy.
            bars: The middles of the quotes.
            gate: Risk.
            assumed: Of the account and of the market; no corporate actions.
            quotes: In the order of their stamps.
            **more: As for bars.
        """
        super().__init__(feeder, bars, gate, assumed, **more)
        self._quotes = quotes
        # Of the stretch that is played.
        self._rows = slice(0, 0)

    @functools.cached_property
    def data_hash(self) -> str:
        """The identity of the quotes."""
        return self._quotes.digest()

    def told(self) -> dict[str, Any]:
        """Tells what is otherwise than with bars."""
        return {'timeframe': QUOTE, 'fill': QUOTE, 'touch_fills': True}

    def _open_market(
        self, assumed: assumptions.Assumptions, **sessions: Any
    ) -> quoted.QuotedMarket:
        return quoted.QuotedMarket(
            assumed.costs, participation=assumed.participation, **sessions
        )

    def _make_curve(self) -> curves.Curve:
        made = super()._make_curve()
        if isinstance(made, curves.OfSeveral):
            made = moments.OfMoments(
                self._engine.state, self._cash, len(self._bars)
            )
        return made

    def _expect(self) -> None:
        self._feeder.expect_quotes()

    def _preload(self) -> None:
        """There are no indicators."""

    def _stretches(self, part: table.BarTable) -> Iterator[market.Stretch]:
        firsts = itertools.count(0, engine.PROGRESS)
        stretches = self._quotes.stretches(engine.PROGRESS)
        for first, stretch in zip(firsts, stretches, strict=False):
            self._rows = slice(first, first + len(stretch.bars))
            yield stretch

    async def _pass_on(
        self, seq: int, bars: Iterator[market.Quote], symbol: str
    ) -> tuple[int, market.Quote | None, Sequence[orders.Signal]]:
        if not self._settler.running:
            return await super()._pass_on(seq, bars, symbol)
        resting = self._market.concerned
        if self._concerned is not resting or symbol not in resting:
            return await self._feeder.pass_quotes(seq, bars, self._concerned)
        count = self._quiet(symbol, operator.length_hint(bars))
        if count:
            part = itertools.islice(bars, count)
            seq, _, signals = await self._feeder.pass_quotes(seq, part, ())
            if signals:
                return seq, None, signals
        return seq, next(bars, None), ()

    def _quiet(self, symbol: str, left: int) -> int:
        """Counts the quotes of which nothing comes for orders that wait.

        Args:
            symbol: The one that all quotes are of.
            left: How many quotes the stretch still has.
        """
        band = self._market.band(symbol)
        if band is None:
            return 0
        quotes, end = self._quotes, self._rows.stop
        start = first = end - left
        size = _LOOK
        while start < end:
            rows = slice(start, min(start + size, end))
            bid, ask = quotes.bid[rows], quotes.ask[rows]
            met = (bid <= band.low_bid) | (bid >= band.high_bid)
            met |= (ask <= band.low_ask) | (ask >= band.high_ask)
            met |= quotes.timestamp[rows] > band.last
            if met.any():
                return start - first + int(np.argmax(met))
            start, size = rows.stop, size * 4
        return left

    async def _meet(
        self, number: int, bar: market.Quote
    ) -> Sequence[orders.Signal]:
        came = self._engine.process_quote(bar, self._market.on_quote(bar))
        if came is not None:
            self._settler.add(came)
            await self._settler.settle()
        if not self._settler.running:
            return ()
        return await self._feeder.quote(number, bar)


def player(quotes: table.QuoteTable) -> engine.Play:
    """Gives what plays quotes, for `engine.run` over their middles."""
    return functools.partial(QuoteEngine, quotes=quotes)


def run(
    reference: str,
    quotes: table.QuoteTable,
    gate: manager.RiskManager,
    **options: Any,
) -> result.BacktestResult:
    """Runs a strategy over quotes.

    Args:
        reference: The strategy: a module or a file, with its class or not.
        quotes: What it is given, in the order of the stamps.
        gate: Risk.
        **options: As for `engine.run`, but what is of bars: `warm`, `fine`,
            and corporate actions and universes among what is assumed.

    Returns:
        The result; its `bars` are the quotes.

    Raises:
        errors.StrategyError: The strategy cannot be loaded, it needs bars, or
            it raised.
        errors.ConfigError: The costs look back on bars, or corporate actions
            or a universe are assumed.
    """
    assumed = options.get('assumed')
    if assumed is not None and (assumed.actions or assumed.universe):
        raise errors.ConfigError(
            'corporate actions and universes do not work on quotes; leave '
            'them out, or give bars'
        )
    return engine.run(
        reference,
        quotes.middles(),
        gate,
        play=player(quotes),
        **options,
    )
