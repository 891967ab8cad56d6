"""The quantity of an order that names none, with the figures that it follows.

Each method is a function of what is in the state and in the signal. One whose
inputs are missing gives nothing and says why: a figure is never made up.
"""

import math

from sting.engine import performance
from sting.engine import targets
from sting.model import orders
from sting.model import sizing


def volatility_quantity(
    equity: float, price: float, target: float, volatility: float
) -> float:
    """Gives the units whose value moves by a share of the equity in a year.

    quantity = equity x target / (volatility x price); Carver, Systematic
    Trading (2015), ch. 9 and 10.

    Args:
        equity: In the account's currency.
        price: A unit's.
        target: Volatility wanted, a year, as a share of the equity.
        volatility: Of the instrument, a year, a fraction; above 0.
    """
    return equity * target / (volatility * price)


def range_quantity(equity: float, risk: float, distance: float) -> float:
    """Gives the units that lose a share of the equity in a move.

    quantity = equity x risk / distance; the "unit" of Faith, Way of the Turtle
    (2007), ch. 8, where the distance is a multiple of the ATR; with a stop it
    is the fixed fractional sizing of Vince, Portfolio Management Formulas
    (1990).

    Args:
        equity: In the account's currency.
        risk: Share of it that the move may lose.
        distance: Of the move, in price a unit; above 0.
    """
    return equity * risk / distance


def kelly_fraction(wins: int, losses: int, won: float, lost: float) -> float:
    """Gives the share of the equity that Kelly's rule stakes.

    f = p - (1 - p) / b, with p the share of the trips that won and b the mean
    win over the mean loss; Kelly, A New Interpretation of Information Rate
    (1956), for bets that pay b to 1 as in Thorp (2006), eq. 2.

    Args:
        wins: Round trips that won; above 0.
        losses: Round trips that lost; above 0.
        won: What those made, above 0.
        lost: What these lost, above 0.

    Returns:
        The share; below 0 where nothing ought to be staked.
    """
    chance = wins / (wins + losses)
    odds = (won / wins) / (lost / losses)
    return chance - (1.0 - chance) / odds


_DUST = 1e-12


class Sizer:
    """Sizes the orders of one strategy."""

    def __init__(self, method: sizing.Sizing) -> None:
        """Sets up a sizer.

        Args:
            method: As it is configured.
        """
        self._method = method
        self._word = sizing.word(method)

    def size(
        self,
        signal: orders.Signal,
        price: float,
        equity: float,
        tally: performance.Tally | None,
    ) -> targets.Sized:
        """Gives the quantity of an order that names none.

        Args:
            signal: What the strategy wants.
            price: The last price a unit; 0 before the first.
            equity: What its shares are of, in cash.
            tally: What the strategy has done so far.

        Returns:
            Whole units and the figures; 0 units and why not where an input
            is missing. A fixed quantity is given as it is.
        """
        method = self._method
        if isinstance(method, sizing.Fixed):
            return targets.Sized(method.quantity, self._word)
        fault = ''
        if price <= 0.0:
            fault = f'{signal.symbol} has no price yet'
        elif equity <= 0.0:
            fault = f'the equity is {equity:g}'
        if fault:
            return self._none(fault)
        if isinstance(method, sizing.EquityFraction):
            how = f'{method.fraction:g} of {equity:.2f} / {price:g}'
            return self._whole(equity * method.fraction / price, how)
        if isinstance(method, sizing.Kelly):
            return self._kelly(method, price, equity, tally)
        if isinstance(method, sizing.EqualRisk):
            return self._equal_risk(method, signal, price, equity)
        return self._moving(method, signal, price, equity)

    def _moving(
        self,
        method: sizing.VolatilityTarget | sizing.AverageRange,
        signal: orders.Signal,
        price: float,
        equity: float,
    ) -> targets.Sized:
        """Sizes by how far the price moves: a figure in the signal."""
        name = sizing.figure_of(method)
        figure = signal.indicators.get(name)
        if figure is None:
            return self._none(f'{name} needs more bars of {signal.symbol}')
        if not 0.0 < figure < math.inf:
            return self._none(f'{name} is {figure:g}')
        if isinstance(method, sizing.VolatilityTarget):
            wanted = volatility_quantity(equity, price, method.target, figure)
            how = (
                f'{method.target:g} of {equity:.2f} / ({name} {figure:g} x '
                f'{price:g})'
            )
        else:
            distance = method.multiple * figure
            wanted = range_quantity(equity, method.risk, distance)
            how = (
                f'{method.risk:g} of {equity:.2f} / ({method.multiple:g} x '
                f'{name} {figure:g})'
            )
        return self._capped(wanted, how, method.cap, price, equity)

    def _equal_risk(
        self,
        method: sizing.EqualRisk,
        signal: orders.Signal,
        price: float,
        equity: float,
    ) -> targets.Sized:
        """Sizes by how far away the order's own stop is."""
        stop = signal.stop_loss
        entry = signal.price or signal.stop_price or price
        side = signal.side
        if stop is None or side is None:
            return self._none('the order has no stop_loss to measure risk to')
        distance = side.sign * (entry - stop)
        if distance <= 0.0:
            return self._none(
                f'its stop_loss {stop:g} is not beyond the entry {entry:g}'
            )
        wanted = range_quantity(equity, method.risk, distance)
        how = f'{method.risk:g} of {equity:.2f} / ({entry:g} to {stop:g})'
        return self._capped(wanted, how, method.cap, entry, equity)

    def _kelly(
        self,
        method: sizing.Kelly,
        price: float,
        equity: float,
        tally: performance.Tally | None,
    ) -> targets.Sized:
        """Sizes by what the strategy's round trips have won and lost."""
        trips = 0 if tally is None else tally.counted
        if tally is None or trips < method.least:
            return self._none(
                f'it needs {method.least} round trips, has {trips}'
            )
        wins, losses = tally.won_trips, trips - tally.won_trips
        if not (wins and losses and tally.lost):
            return self._none(
                f'{wins} of {trips} round trips won: the odds are not known'
            )
        full = kelly_fraction(wins, losses, tally.won, tally.lost)
        if full <= 0.0:
            return self._none(f'the stake is {full:.4f}: there is no edge')
        stake = min(full * method.fraction, method.cap)
        capped = ', capped' if stake == method.cap else ''
        how = (
            f'{wins} of {trips} won, mean win {tally.won / wins:g}, mean loss '
            f'{tally.lost / losses:g}: {full:.4f} x {method.fraction:g} = '
            f'{stake:.4f}{capped} of {equity:.2f} / {price:g}'
        )
        return self._whole(equity * stake / price, how)

    def _capped(
        self, wanted: float, how: str, cap: float, price: float, equity: float
    ) -> targets.Sized:
        most = cap * equity / price
        if wanted > most:
            return self._whole(most, f'{how}, capped at {cap:g} of the equity')
        return self._whole(wanted, how)

    def _whole(self, wanted: float, how: str) -> targets.Sized:
        """Rounds down, so that no share is passed."""
        if not wanted <= orders.LARGEST:
            return self._none(f'{how} is more than can be ordered')
        # What is whole but for the dust of floats stays so.
        units = float(math.floor(wanted * (1.0 + _DUST)))
        if not units:
            return self._none(f'{how} is less than one unit')
        return targets.Sized(units, f'{self._word}: {how} = {units:g}')

    def _none(self, why: str) -> targets.Sized:
        return targets.Sized(
            0.0, f'the sizing {self._word} gives nothing: {why}'
        )
