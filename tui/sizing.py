"""From what is typed in the ticket to units and prices."""

from collections.abc import Mapping
import dataclasses

from sting.model import checks
from sting.model import errors
from sting.model import orders
from sting.model import protection
from sting.model import typed
from sting.model import views
from sting.settings import presets as presets_model
from tui import ticket


@dataclasses.dataclass(frozen=True)
class Terms:
    """What is configured of the ticket.

    Attributes:
        presets: By name.
        lots: Smallest step of a quantity by symbol; others are whole units.
    """

    presets: Mapping[str, presets_model.Preset] = dataclasses.field(
        default_factory=dict
    )
    lots: Mapping[str, float] = dataclasses.field(default_factory=dict)


def resolve(
    draft: ticket.Draft, snapshot: views.Snapshot, lots: Mapping[str, float]
) -> tuple[ticket.Draft, dict[str, str]]:
    """Works out units and prices from what is typed.

    Args:
        draft: As it is filled in.
        snapshot: For the last price and the equity.
        lots: Smallest step of a quantity by symbol.

    Returns:
        The draft with its quantity in units and all its prices as numbers,
        and what is wrong by field; only without anything wrong it can be sent.
    """
    wrong = ticket.problems(draft)
    for name in ('price', 'stop_price'):
        if name in ticket.fields(draft) and name not in wrong:
            try:
                draft = ticket.place(draft, name, snapshot)
            except errors.OrderError as error:
                wrong[name] = str(error)
    if wrong:
        return draft, wrong
    price = ticket.entry(draft, snapshot)
    if draft.order_id:
        # A change has no exits to attach.
        draft = dataclasses.replace(draft, stop_loss='', take_profit='')
    for name in ('stop_loss', 'take_profit'):
        if name not in ticket.fields(draft):
            continue
        try:
            level = _exit(draft, name, price)
        except errors.OrderError as error:
            wrong[name] = str(error)
        else:
            draft = dataclasses.replace(draft, **{name: ticket.plain(level)})
    amount = typed.amount(draft.quantity)
    if amount.risk and not draft.stop_loss and not wrong:
        # Told where it is to be filled in, which comes after the quantity.
        wrong['stop_loss'] = 'needed for a risk'
    if wrong:
        return draft, wrong
    try:
        units = typed.units(
            amount,
            side=orders.OrderSide(draft.side),
            price=price,
            stop=ticket.number(draft.stop_loss) if draft.stop_loss else None,
            equity=snapshot.equity,
            lot=lots.get(draft.symbol.strip().upper(), 0.0),
        )
    except errors.OrderError as error:
        return draft, {'quantity': str(error)}
    return dataclasses.replace(draft, quantity=ticket.plain(units)), {}


def _exit(draft: ticket.Draft, name: str, price: float | None) -> float | None:
    """Gives an attached exit as a price on the right side of the order's."""
    level = protection.level(getattr(draft, name).strip())
    side = orders.OrderSide(draft.side)
    if isinstance(level, str):
        if price is None:
            raise errors.OrderError('no price yet')
        _, share = checks.parse_trail(level)
        away = side.sign * (1 if name == 'take_profit' else -1)
        # Prices of less than 1 have more decimals.
        level = typed.rounded(price * (1 + away * share))
    levels = {'take_profit': None, 'stop_loss': None, name: level}
    checks.check_exits(side=side, price=price, stop_price=None, **levels)
    return level


def take(draft: ticket.Draft, preset: presets_model.Preset) -> ticket.Draft:
    """Lays a preset over a draft; side and symbol stay.

    So do prices where the preset has none.
    """
    return dataclasses.replace(
        draft,
        quantity=f'{preset.quantity}' or draft.quantity,
        type=preset.type.value,
        price=preset.price or draft.price,
        stop_price=preset.stop_price or draft.stop_price,
        trail=f'{preset.trail}',
        stop_loss=f'{preset.stop_loss}',
        take_profit=f'{preset.take_profit}',
        time_in_force=preset.time_in_force,
        expires='',
        hours='extended' if preset.extended else 'regular',
    )
