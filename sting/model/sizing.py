"""How many units a strategy's order has that does not say how many."""

from typing import Annotated

import msgspec

_Positive = Annotated[float, msgspec.Meta(gt=0)]
_Share = Annotated[float, msgspec.Meta(gt=0, le=1)]
_Leverage = Annotated[float, msgspec.Meta(gt=0, le=10)]
_Period = Annotated[int, msgspec.Meta(ge=2, le=1000)]


class _Method(msgspec.Struct, frozen=True, kw_only=True, tag_field='method'):
    """The base of all methods."""


class Fixed(_Method, frozen=True, tag='fixed', kw_only=True):
    """The same number of units each time.

    Attributes:
        quantity: Units.
    """

    quantity: _Positive


class EquityFraction(_Method, frozen=True, tag='equity_fraction', kw_only=True):
    """What a share of the equity buys.

    Attributes:
        fraction: That share.
    """

    fraction: _Share = 0.1


class VolatilityTarget(_Method, frozen=True, tag='volatility', kw_only=True):
    """As much as makes the position move as wanted in a year.

    Attributes:
        target: Volatility wanted of the position, a year, as a share of the
            equity.
        period: Returns from close to close that the volatility is of.
        bars_per_year: Of the strategy's bars; 252 for days.
        cap: The most that the order may be worth, as a share of the equity.
    """

    target: _Positive = 0.1
    period: _Period = 20
    bars_per_year: _Positive = 252.0
    cap: _Leverage = 1.0


class AverageRange(_Method, frozen=True, tag='atr', kw_only=True):
    """As much as loses a share of the equity in a move of so many ATR.

    Attributes:
        risk: That share.
        multiple: Average true ranges that the move has.
        period: Bars of the average true range.
        cap: The most that the order may be worth, as a share of the equity.
    """

    risk: _Share = 0.01
    multiple: _Positive = 2.0
    period: _Period = 14
    cap: _Leverage = 1.0


class EqualRisk(_Method, frozen=True, tag='equal_risk', kw_only=True):
    """As much as loses a share of the equity at the order's own stop loss.

    Attributes:
        risk: That share.
        cap: The most that the order may be worth, as a share of the equity.
    """

    risk: _Share = 0.01
    cap: _Leverage = 1.0


class Kelly(_Method, frozen=True, tag='kelly', kw_only=True):
    """A part of what Kelly's rule stakes, by the strategy's own round trips.

    Attributes:
        fraction: That part: 0.5 is half Kelly.
        cap: The most that it may stake, as a share of the equity.
        least: Round trips without which there is no figure.
    """

    fraction: _Share = 0.5
    cap: _Share = 0.2
    least: Annotated[int, msgspec.Meta(ge=2)] = 30


Sizing = (
    Fixed | EquityFraction | VolatilityTarget | AverageRange | EqualRisk | Kelly
)


def word(given: Sizing) -> str:
    """Gives the name of a method, as it is configured."""
    return str(type(given).__struct_config__.tag)


def figure_of(given: VolatilityTarget | AverageRange) -> str:
    """Gives the name of the indicator that a method sizes by.

    The strategy's host keeps it beside the strategy's own indicators, on the
    same bars, and its value is in each signal.
    """
    if isinstance(given, AverageRange):
        return f'sizing ATR({given.period})'
    return f'sizing volatility({given.period})'
