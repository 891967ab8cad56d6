"""Presets of the ticket: terms of orders that are asked for by a name."""

from typing import Literal

import msgspec

from sting.model import errors
from sting.model import orders
from sting.model import protection
from sting.model import typed

# What has which price.
_PRICED = {'price': orders.WITH_PRICE, 'stop_price': orders.WITH_STOP}
Time = Literal['day', 'gtc', 'ioc', 'fok']


class Preset(msgspec.Struct, frozen=True, kw_only=True):
    """Terms that the ticket takes at once; all of them can be changed there.

    Attributes:
        quantity: As typed in the ticket: 100, 5000$, 10%, 1%r; empty leaves
            what is there.
        type: How the order gets its price.
        price: The limit, by the market's price as 'near-0.1%'; for kinds that
            have one. A number would be stale by the next day.
        stop_price: The trigger, as 'last+1%'; the same.
        trail: Distance of a trailing stop, as 1.5 or '2%'.
        stop_loss: Distance of the attached stop loss, as '2%'; empty for none.
        take_profit: The same of the take profit.
        time_in_force: How long it works.
        extended: Also before and after the hours of the exchange.
    """

    quantity: str | float = ''
    type: orders.OrderType = orders.OrderType.MARKET
    price: str = ''
    stop_price: str = ''
    trail: str | float = ''
    stop_loss: str | float = ''
    take_profit: str | float = ''
    time_in_force: Time = 'gtc'
    extended: bool = False

    def __post_init__(self) -> None:
        """Refuses what the ticket would refuse.

        Raises:
            ValueError: A field makes no sense.
        """
        try:
            if self.quantity != '':
                typed.amount(f'{self.quantity}')
            for level in (self.stop_loss, self.take_profit):
                protection.level(f'{level}')
            if (self.trail != '') is not (
                self.type is orders.OrderType.TRAILING_STOP
            ):
                raise errors.OrderError(
                    'trail belongs to the type trailing_stop, and only to it'
                )
            for name, kinds in _PRICED.items():
                text = getattr(self, name)
                if (text != '') is not (self.type in kinds):
                    raise errors.OrderError(
                        f'{name} belongs to the types '
                        f'{", ".join(sorted(kinds))}, and only to them'
                    )
                if text:
                    typed.place(text)
            if self.trail != '':
                typed.trail(f'{self.trail}')
        except errors.OrderError as error:
            raise ValueError(str(error)) from None
