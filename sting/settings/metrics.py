"""Of risk.yaml: how the risk of the book is measured."""

from typing import Annotated

import msgspec

_Shock = Annotated[float, msgspec.Meta(ge=-1)]
_Confidence = Annotated[float, msgspec.Meta(gt=0.5, lt=1)]


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """What a scenario does to prices; the most particular shock counts.

    Attributes:
        symbols: Change by symbol, as a fraction.
        sectors: Change by sector.
        all: Change of everything else.
    """

    symbols: dict[str, _Shock] = {}
    sectors: dict[str, _Shock] = {}
    all: _Shock = 0.0


class Metrics(msgspec.Struct, frozen=True, kw_only=True):
    """How the risk of the book is measured.

    Attributes:
        confidence: Of value at risk and expected shortfall.
        horizon_days: Trading days that they look ahead.
        lookback: Bars of returns at most.
        least: Bars of returns without which there is no figure.
        benchmark: The symbol that beta is to; empty for the equally weighted
            universe of the profile.
        decay: Of the EWMA: the weight of a bar over that of the next.
        cornish_fisher: Whether the skew and the tails of the returns bend the
            normal quantile, as a further method.
        paths: Draws of the Monte Carlo.
        seed: Of these draws.
        participation: Share of the volume that getting out may take.
        margin: Initial margin: the share of a position's value that has to be
            its own.
        scenarios: Stresses of the present book, by name.
    """

    confidence: tuple[_Confidence, ...] = (0.95, 0.99)
    horizon_days: Annotated[float, msgspec.Meta(gt=0, le=250)] = 1.0
    lookback: Annotated[int, msgspec.Meta(ge=20, le=1_900)] = 250
    least: Annotated[int, msgspec.Meta(ge=10, le=1_900)] = 60
    benchmark: str = ''
    decay: Annotated[float, msgspec.Meta(gt=0, lt=1)] = 0.94
    cornish_fisher: bool = False
    paths: Annotated[int, msgspec.Meta(ge=100, le=100_000)] = 2_000
    seed: Annotated[int, msgspec.Meta(ge=0)] = 0
    participation: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.1
    margin: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.5
    scenarios: dict[str, Scenario] = {}

    def __post_init__(self) -> None:
        """Refuses what makes no sense by itself."""
        if self.least > self.lookback:
            raise ValueError(
                f'least {self.least} is above lookback {self.lookback}'
            )
