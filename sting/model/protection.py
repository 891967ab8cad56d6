"""What protects a position: levels, a trail, and a time."""

import re
from typing import Annotated
from typing import Literal

import msgspec

from sting.model import checks
from sting.model import commands
from sting.model import errors
from sting.model import market
from sting.model import orders
from sting.model import portfolio

_TIME = re.compile(r'([0-9]{1,6})([smhdw])')
_SECONDS = {'s': 1, 'm': 60, 'h': 3600, 'd': 86_400, 'w': 604_800}
_Text = Annotated[str, msgspec.Meta(max_length=32)]
# What the ids of all guards end in.
SUFFIX = '-guard'


def span(text: str) -> int:
    """Reads a time such as 30m, 4h or 5d.

    A day has 24 hours, a week seven days, whether anything is traded or not.

    Args:
        text: The time.

    Returns:
        Nanoseconds.

    Raises:
        errors.OrderError: It is no such time.
    """
    found = _TIME.fullmatch(text)
    if found is None or not int(found[1]):
        raise errors.OrderError(
            f'{text!r} is no time; write a number and s, m, h, d or w, as in 5d'
        )
    return int(found[1]) * _SECONDS[found[2]] * market.NANOSECONDS


class Cooldown(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """When a strategy opens nothing new for a while.

    Attributes:
        losses: After so many round trips that lost.
        within: In so long a time, as 1d.
        pause: For so long after the last of them, as 4h.
        per: Counted and held for the strategy, or for each symbol.
    """

    losses: Annotated[int, msgspec.Meta(ge=1, le=50)] = 3
    within: _Text = '1d'
    pause: _Text = '1d'
    per: Literal['strategy', 'symbol'] = 'strategy'

    def __post_init__(self) -> None:
        """Refuses what is no time.

        Raises:
            ValueError: A field makes no sense.
        """
        _check_span('within', self.within)
        _check_span('pause', self.pause)


class Protection(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What protects each position of a strategy, from its opening on.

    Attributes:
        stop_loss: Distance from the opening's price at which it is closed
            with a loss, as '2%'; empty for none.
        take_profit: The same with a profit.
        trailing: Distance from the best close of a bar, as '1.5%'.
        max_holding: How long it is held at most, as 30m, 4h or 5d.
        cooldown: When nothing new is opened after losses.
    """

    stop_loss: _Text = ''
    take_profit: _Text = ''
    trailing: _Text = ''
    max_holding: _Text = ''
    cooldown: Cooldown | None = None

    @property
    def guards(self) -> bool:
        """Whether positions are guarded by anything."""
        return bool(
            self.stop_loss
            or self.take_profit
            or self.trailing
            or self.max_holding
        )

    def __post_init__(self) -> None:
        """Refuses what is no share and no time.

        Raises:
            ValueError: A field makes no sense.
        """
        for name in ('stop_loss', 'take_profit', 'trailing'):
            text = getattr(self, name)
            if text and not _share(text):
                raise ValueError(f"{name}: {text!r} is no per cent, as in '2%'")
        if self.max_holding:
            _check_span('max_holding', self.max_holding)


class Guard(msgspec.Struct, frozen=True, kw_only=True):
    """What protects one position.

    Attributes:
        id: The parent and the group of its exits.
        symbol: The instrument.
        owner: The strategy; empty for the operator.
        side: Of its exits.
        stop: Price of the stop where it stood at first; None for none.
        target: Price of the take profit; None for none.
        trail: Distance from the best close, in price a unit, of a share as
            in `share`; 0 for none.
        share: The same as a fraction; 0 for none.
        until: When it is closed, nanoseconds since the epoch; 0 for never.
    """

    id: str
    symbol: str
    owner: str
    side: orders.OrderSide
    stop: float | None = None
    target: float | None = None
    trail: float = 0.0
    share: float = 0.0
    until: int = 0

    def trailed(self, price: float) -> float | None:
        """Gives where a trailing stop belongs at a price; None without one."""
        distance = self.trail or price * self.share
        return price + self.side.sign * distance if distance else None

    def split(self, ratio: float) -> 'Guard':
        """Gives the same in the units after a split.

        Args:
            ratio: New units for one old, above 0.
        """
        return msgspec.structs.replace(
            self,
            stop=None if self.stop is None else self.stop / ratio,
            target=None if self.target is None else self.target / ratio,
            trail=self.trail / ratio,
        )


def guard(
    id: str,
    position: portfolio.Position,
    command: commands.Protect,
    owner: str,
) -> Guard:
    """Makes the guard of a position.

    Args:
        id: Of its log and of the command's event.
        position: Not flat; shares are of its average price.
        command: What is wanted.
        owner: The strategy; empty for the operator.

    Raises:
        errors.OrderError: A level or the time makes no sense.
    """
    price, symbol = position.average_price, position.symbol
    side = (
        orders.OrderSide.SELL if position.quantity > 0 else orders.OrderSide.BUY
    )
    trail = share = 0.0
    if command.trail is not None:
        trail, share = checks.parse_trail(command.trail)
    until = 0
    if command.max_holding:
        until = position.opened + span(command.max_holding)
    made = Guard(
        id=id + SUFFIX,
        symbol=symbol,
        owner=owner,
        side=side,
        stop=_level(command.stop_loss, price, side.sign),
        target=_level(command.take_profit, price, -side.sign),
        trail=trail,
        share=share,
        until=until,
    )
    first = made.trailed(price)
    if first is not None and (
        made.stop is None or side.sign * (first - made.stop) < 0
    ):
        made = msgspec.structs.replace(made, stop=first)
    return made


def guards(order: orders.Order) -> bool:
    """Whether an order is an exit of a guard."""
    return order.parent.endswith(SUFFIX)


def _check_span(name: str, text: str) -> None:
    """Refuses what is no time, as a file's error."""
    try:
        span(text)
    except errors.OrderError as error:
        raise ValueError(f'{name}: {error}') from None


def _share(text: str) -> float:
    """Gives a per cent as a fraction; 0 where it is none."""
    try:
        share = checks.parse_trail(text)[1]
    except errors.OrderError:
        return 0.0
    return share if share < 1.0 else 0.0


def level(text: str | None) -> float | str | None:
    """Reads a level or a distance as it is typed: 95.5, or 2%.

    Args:
        text: As typed; None or empty for none.

    Raises:
        errors.OrderError: It is neither a price nor a per cent.
    """
    if not text:
        return None
    if '%' in text:
        checks.parse_trail(text)
        return text
    try:
        amount = float(text)
    except ValueError:
        raise errors.OrderError(
            f"{text!r} is no price, and no per cent as in '2%'"
        ) from None
    return checks.parse_trail(amount)[0]


def _level(wanted: float | str | None, price: float, sign: int) -> float | None:
    """Gives a level as a price: a share is of what was paid."""
    if wanted is None:
        return None
    amount, share = checks.parse_trail(wanted)
    return price * (1.0 + sign * share) if share else amount
