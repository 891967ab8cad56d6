"""Holding the strongest of several symbols, chosen once a month."""

import math
from typing import Any

from sting import strategy

_TRIES = 5


class MomentumRotation(strategy.AbstractStrategy):
    """Each month moves into the symbols that rose most over the last ones.

    It bets that winners of the last half year go on winning for some weeks,
    because news spreads slowly and people follow. It loses at turning points:
    when a fall ends, it holds what fell least, and the losers lead the
    recovery. What fell itself is not held, so that it can be out altogether.
    It needs several symbols; long or flat.
    """

    parameters = {  # noqa: RUF012
        'lookback': strategy.Parameter(
            126, low=2, high=2000, doc='bars over which a rise is measured'
        ),
        'top': strategy.Parameter(
            2, low=1, high=500, doc='how many symbols it holds'
        ),
        'weight': strategy.Parameter(
            0.9, low=0.01, high=1.0, doc='share of the account in all of them'
        ),
    }

    async def on_start(self) -> None:
        """Asks for the rates of change."""
        self._rate = self.indicator(
            strategy.indicators.ROC, period=self.parameters['lookback']
        )
        # By symbol, the stamp and the rate of its last bar.
        self._last: dict[str, tuple[int, float]] = {}
        self._month: tuple[int, int] | None = None
        # When it chose, and what: why, by symbol.
        self._since = 0
        self._chosen: dict[str, str] = {}
        # What of it was held before and has not been brought to its weight
        # yet, and how often the rest may still be tried to buy.
        self._kept: set[str] = set()
        self._tries: dict[str, int] = {}

    async def on_market_data(self, data: strategy.MarketData) -> None:
        """Chooses at the first bar of a month, by the month before."""
        month = data.time.year, data.time.month
        if month != self._month:
            if self._month is not None:
                self._choose()
                self._since = data.timestamp
            self._month = month
        self._last[data.symbol] = data.timestamp, self._rate.value
        self._move(data.symbol)

    def save_state(self) -> dict[str, Any]:
        """Gives what it chose, and what it knows of the month so far."""
        return {
            'month': self._month,
            'since': self._since,
            'chosen': self._chosen,
            'kept': sorted(self._kept),
            'tries': self._tries,
            'last': {
                symbol: last
                for symbol, last in self._last.items()
                # What is not there yet cannot be written.
                if not math.isnan(last[1])
            },
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Takes it back."""
        month = state['month']
        self._month = None if month is None else (month[0], month[1])
        self._since = state['since']
        self._chosen = dict(state['chosen'])
        self._kept = set(state['kept'])
        self._tries = dict(state['tries'])
        self._last = {
            symbol: (stamp, rate)
            for symbol, (stamp, rate) in state['last'].items()
        }

    def _choose(self) -> None:
        """Ranks what had a bar when the month ended."""
        end = max((stamp for stamp, _ in self._last.values()), default=0)
        rates = {
            symbol: rate
            for symbol, (stamp, rate) in self._last.items()
            # Written so that a rate that is not there yet fails too.
            if stamp == end and rate > 0
        }
        ranked = sorted(rates, key=lambda symbol: (-rates[symbol], symbol))
        self._chosen = {
            symbol: f'number {place} of {len(self._last)}: '
            f'{rates[symbol]:+.1f}% in {self.parameters["lookback"]} bars'
            for place, symbol in enumerate(
                ranked[: self.parameters['top']], start=1
            )
        }
        held = self.portfolio.held
        self._kept = {symbol for symbol in self._chosen if symbol in held}
        self._tries = {
            symbol: _TRIES for symbol in self._chosen if symbol not in held
        }

    def _move(self, symbol: str) -> None:
        """Sells what was not chosen, then brings what was to its weight."""
        held = self.portfolio.held
        if symbol not in self._chosen:
            if symbol in held:
                self.close(symbol, 'no longer among the strongest')
        elif symbol in held:
            if symbol in self._kept:
                self._kept.discard(symbol)
                self._aim(symbol)
        elif self._tries.get(symbol) and not any(
            # Its money is needed; what is not traded any more has none.
            other not in self._chosen
            and self._last.get(other, (0, 0.0))[0] >= self._since
            for other in held
        ):
            # It is denied while what is sold on the side still counts.
            self._tries[symbol] -= 1
            self._aim(symbol)

    def _aim(self, symbol: str) -> None:
        self.target_weight(
            symbol,
            self.parameters['weight'] / self.parameters['top'],
            reason=self._chosen[symbol],
        )
