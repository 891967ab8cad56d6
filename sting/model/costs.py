"""What a simulated market charges, as it is configured.

A schedule of costs.yaml is a `CostModel`. What is charged on a fill follows
from it by the pure functions of `sting.simulator`.
"""

import math
from typing import Annotated
from typing import Any
from typing import Final
from typing import Literal

import msgspec

from sting.model import errors

BASIS_POINTS: Final = 10_000.0

NotNegative = Annotated[float, msgspec.Meta(ge=0)]
Positive = Annotated[float, msgspec.Meta(gt=0)]
Share = Annotated[float, msgspec.Meta(gt=0, le=1)]
Bps = Annotated[float, msgspec.Meta(ge=0, lt=BASIS_POINTS)]
# A rebate for resting orders is below 0.
MakerBps = Annotated[float, msgspec.Meta(gt=-BASIS_POINTS, lt=BASIS_POINTS)]
# Rates a year, as a fraction: 0.06 is 6 per cent.
Rate = Annotated[float, msgspec.Meta(ge=0, le=100)]
Days = Annotated[int, msgspec.Meta(ge=2, le=1000)]


class Part(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The base of all parts of a cost model."""

    def __post_init__(self) -> None:
        """Refuses figures out of their range.

        Raises:
            errors.ConfigError: Naming the figure.
        """
        for field in msgspec.structs.fields(self):
            value = getattr(self, field.name)
            if isinstance(value, float) and not math.isfinite(value):
                raise errors.ConfigError(
                    f'{field.name} {value:g} must be a finite number'
                )
            _check(field.name, value, field.type)


def _check(name: str, value: Any, kind: Any) -> None:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        said = str(error).replace('`', '')
        raise errors.ConfigError(f'{name} {value}: {said}') from None


class Levy(Part, frozen=True, kw_only=True):
    """A fee of a regulator, an exchange or a clearing house.

    Attributes:
        name: What it is, for a person.
        side: Which fills pay it.
        liquidity: Whether only fills of orders that rested pay it, or only
            those that did not.
        bps: Of what is traded, in basis points.
        per_unit: A unit, in the account's currency.
        cap: The most that one fill pays, in the account's currency.
    """

    name: str
    side: Literal['buy', 'sell', 'both'] = 'sell'
    liquidity: Literal['maker', 'taker', 'both'] = 'both'
    bps: Bps = 0.0
    per_unit: NotNegative = 0.0
    cap: Positive | None = None


class Tier(Part, frozen=True, kw_only=True):
    """Rates from some volume on.

    Attributes:
        above: Units that were traded in the calendar month, in UTC, before
            the fill.
        bps: In place of the commission's own.
        maker_bps: The same.
        per_unit: The same.
    """

    above: Positive
    bps: Bps | None = None
    maker_bps: MakerBps | None = None
    per_unit: NotNegative | None = None


class Commission(Part, frozen=True, kw_only=True):
    """What a broker charges for its work.

    Attributes:
        bps: Of what is traded, in basis points.
        maker_bps: The same for limit orders that rested in the book; below 0
            for a rebate; None for as all others.
        per_unit: A unit, in the account's currency.
        per_order: Once for each order that fills, in the account's currency.
        minimum: The least that an order pays, all its fills together.
        maximum: The most that an order pays, as a share of what it traded;
            it goes before the minimum.
        tiers: Other rates by the volume of the month, rising.
        levies: What others charge beside; no minimum or maximum counts them.
    """

    bps: Bps = 0.0
    maker_bps: MakerBps | None = None
    per_unit: NotNegative = 0.0
    per_order: NotNegative = 0.0
    minimum: NotNegative = 0.0
    maximum: Share | None = None
    tiers: tuple[Tier, ...] = ()
    levies: tuple[Levy, ...] = ()

    def __post_init__(self) -> None:
        """Refuses figures out of range, and tiers that do not rise."""
        super().__post_init__()
        steps = [tier.above for tier in self.tiers]
        if steps != sorted(set(steps)):
            raise errors.ConfigError('tiers must rise in what they are above')


class Spread(Part, frozen=True, kw_only=True, tag_field='kind', tag='spread'):
    """Half of a spread, which who takes liquidity pays.

    Attributes:
        bps: The whole spread, in basis points of the price.
        amount: The same in units of the price; both add.
    """

    bps: Bps = 0.0
    amount: NotNegative = 0.0


class Volatility(
    Part, frozen=True, kw_only=True, tag_field='kind', tag='volatility'
):
    """A share of the mean true range of the bars before the fill's.

    Attributes:
        share: Of that range.
        bars: How many bars it is the mean of; of fewer at the start.
    """

    share: NotNegative
    bars: Days = 14


class Volume(Part, frozen=True, kw_only=True, tag_field='kind', tag='volume'):
    """Grows with the fill's share of its bar's volume.

    Attributes:
        coefficient: What a fill of the whole volume would pay, as a fraction
            of the price.
        exponent: 1 for linear, 2 for quadratic.
    """

    coefficient: NotNegative = 0.1
    exponent: Annotated[float, msgspec.Meta(gt=0, le=4)] = 2.0


class Impact(Part, frozen=True, kw_only=True):
    """The square-root law: how far an order itself moves the price.

    Attributes:
        coefficient: Times the daily volatility, times the root of the order's
            size over the mean daily volume.
        days: How many days before the fill both are measured over; fewer at
            the start.
    """

    coefficient: NotNegative = 1.0
    days: Days = 20


class Borrow(Part, frozen=True, kw_only=True):
    """What short positions pay for what they borrow.

    Attributes:
        rate: A year, as a fraction of the position's value.
        symbols: The rate of those that have another.
    """

    rate: Rate = 0.0
    symbols: dict[str, Rate] = {}


class Margin(Part, frozen=True, kw_only=True):
    """What is lent, what it costs, and when it is called in.

    Attributes:
        initial: Share of a new position's value that has to be the account's
            own: 0.5 lends as much again.
        maintenance: Share of the value of all positions, long and short
            alike, that the equity may not fall below.
        interest: A year, as a fraction of the cash that is owed.
    """

    initial: Share = 0.5
    maintenance: Share = 0.25
    interest: Rate = 0.0

    def __post_init__(self) -> None:
        """Refuses figures out of range, and calls before anything was lost."""
        super().__post_init__()
        if self.maintenance > self.initial:
            raise errors.ConfigError(
                f'maintenance {self.maintenance:g} is above initial '
                f'{self.initial:g}: every position would be called at once'
            )


class CostModel(Part, frozen=True, kw_only=True):
    """What a simulated market charges.

    Attributes:
        commission_bps: Commission on every fill, basis points of its notional.
        commission: In its place, whatever else there is.
        slippage_bps: How much worse market and stop orders fill, basis points
            of the price. Limits never slip: their price is a promise.
        slippage: In its place, another model.
        impact: How far an order moves the price, besides; None for not.
        latency_ms: From the decision to the market, milliseconds.
        borrow: What short positions pay; None for nothing.
        margin: What is lent; None for nothing.
    """

    commission_bps: Bps = 0.0
    commission: Commission | None = None
    slippage_bps: Bps = 0.0
    slippage: Spread | Volatility | Volume | None = None
    impact: Impact | None = None
    latency_ms: Annotated[float, msgspec.Meta(ge=0, le=86_400_000)] = 0.0
    borrow: Borrow | None = None
    margin: Margin | None = None

    def __post_init__(self) -> None:
        """Refuses figures out of range, and two answers to one question.

        Raises:
            errors.ConfigError: Naming the figure.
        """
        super().__post_init__()
        for plain, other in (
            ('commission_bps', self.commission),
            ('slippage_bps', self.slippage),
        ):
            if getattr(self, plain) and other is not None:
                name = plain.removesuffix('_bps')
                raise errors.ConfigError(
                    f'{plain} and {name} are both given; keep one of them'
                )

    @property
    def is_scalar(self) -> bool:
        """Whether a fill and its order say all that the fill is charged.

        Not who was in the book first, what the month or the bars before had,
        or who else takes a fee.
        """
        given = self.commission
        alike = given is None or (
            given.maker_bps in (None, given.bps)
            and not given.tiers
            and not given.levies
        )
        even = self.slippage is None or isinstance(self.slippage, Spread)
        return alike and even and self.impact is None

    @property
    def is_immediate(self) -> bool:
        """Whether nothing else than a fill costs anything, or time."""
        return not (self.latency_ms or self.borrow or self.margin)

    def to_json(self) -> dict[str, Any]:
        """Gives what is in force, all figures, as JSON has it."""
        return {
            name: value
            for name in self.__struct_fields__
            if (value := _plain(getattr(self, name))) is not None
        }


def _plain(value: Any) -> Any:
    """Gives a part and its figures, defaults too, as plain values."""
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if not isinstance(value, Part):
        return value
    tag = value.__struct_config__.tag
    return {
        **({'kind': tag} if tag else {}),
        **{
            name: plain
            for name in value.__struct_fields__
            if (plain := _plain(getattr(value, name))) is not None
        },
    }
