"""What the operator can ask of the engine."""

from collections.abc import Mapping
import enum

import msgspec

from sting.model import orders
from sting.model import words

RESUME_WORD = 'RESUME'
FLATTEN_WORD = 'FLATTEN'


@words.direct
class How(enum.StrEnum):
    """What becomes of a difference between the broker's book and ours."""

    # Our book takes what the broker's says.
    ACCEPT = 'accept'
    # What was done elsewhere becomes ours.
    ADOPT = 'adopt'
    # It is cancelled there, or closed.
    FLATTEN = 'flatten'


class _Command(msgspec.Struct, frozen=True, tag_field='command'):
    """The base of all commands; `type` is a field of an order's own."""


class SubmitOrder(_Command, frozen=True, tag='submit', kw_only=True):
    """Sends an order.

    Attributes:
        symbol: The instrument.
        side: Buy or sell.
        quantity: Units, above 0.
        type: How it gets its price.
        price: The limit.
        stop_price: The trigger.
        time_in_force: How long it works.
        reason: Why, for the log.
        take_profit: Price of an exit to attach.
        stop_loss: Trigger of an exit to attach.
        extended_hours: Whether it may also trade before and after the hours of
            the exchange.
        trail: An amount, or a per cent as '2%', for trailing stops.
        expires: For GTD, nanoseconds since the epoch, UTC.
    """

    symbol: str
    side: orders.OrderSide
    quantity: float
    type: orders.OrderType = orders.OrderType.MARKET
    price: float | None = None
    stop_price: float | None = None
    time_in_force: orders.TimeInForce = orders.TimeInForce.GTC
    reason: str = ''
    take_profit: float | None = None
    stop_loss: float | None = None
    extended_hours: bool = False
    trail: float | str | None = None
    expires: int | None = None


class CancelOrder(_Command, frozen=True, tag='cancel', kw_only=True):
    """Cancels one order."""

    order_id: str


class CancelAll(_Command, frozen=True, tag='cancel_all', kw_only=True):
    """Cancels every working order, or those of one symbol or side.

    Attributes:
        symbol: The instrument; None for all.
        side: Only buys or only sells; None for both.
    """

    symbol: str | None = None
    side: orders.OrderSide | None = None


class ReplaceOrder(_Command, frozen=True, tag='replace', kw_only=True):
    """Changes a working order; None leaves a field as it is."""

    order_id: str
    quantity: float | None = None
    price: float | None = None
    stop_price: float | None = None


class Flatten(_Command, frozen=True, tag='flatten', kw_only=True):
    """Closes positions at market.

    It cancels the working orders of the symbols first. When trading is
    halted it needs the typed word.

    Attributes:
        symbol: The instrument; None for all.
        confirm: FLATTEN, typed by the operator.
        share: The part of each position that is closed, a fraction; of whole
            units it closes whole units, rounded up.
    """

    symbol: str | None = None
    confirm: str = ''
    share: float = 1.0


class Halt(_Command, frozen=True, tag='halt', kw_only=True):
    """Stops everything: the emergency stop, as an event.

    Attributes:
        who: operator, signal, a rule's name, ...
        reason: Why, for the log.
    """

    who: str = 'operator'
    reason: str = ''


class Reduce(_Command, frozen=True, tag='reduce', kw_only=True):
    """Lets through only what shrinks a position, until a resume.

    Attributes:
        who: operator, a rule's name, ...
        reason: Why, for the log.
    """

    who: str = 'operator'
    reason: str = ''


class Resume(_Command, frozen=True, tag='resume', kw_only=True):
    """Lets trading go on after a halt.

    Attributes:
        confirm: RESUME, typed by the operator.
    """

    confirm: str


class StartStrategy(_Command, frozen=True, tag='start_strategy', kw_only=True):
    """Starts a strategy of the profile by its name."""

    name: str


class StopStrategy(_Command, frozen=True, tag='stop_strategy', kw_only=True):
    """Stops a running strategy by its name."""

    name: str


class ReloadStrategy(
    _Command, frozen=True, tag='reload_strategy', kw_only=True
):
    """Has a running strategy go on with its code as it is now."""

    name: str


class RollbackStrategy(
    _Command, frozen=True, tag='rollback_strategy', kw_only=True
):
    """Has a running strategy go on with the version it ran before."""

    name: str


class SetParameters(_Command, frozen=True, tag='set_parameters', kw_only=True):
    """Has a strategy go on with other parameters, also after a restart.

    What is set by hand lies over what strategy.yaml has, in this profile.

    Attributes:
        name: The instance's name.
        parameters: Values, or their texts, by name; None takes what
            strategy.yaml has. What is not named stays as it is.
        strategy: The module or file that they were made for; where the
            instance runs another one it is refused. Empty for any.
    """

    name: str
    parameters: dict[str, bool | int | float | str | None]
    strategy: str = ''


class AcknowledgeAlerts(_Command, frozen=True, tag='acknowledge', kw_only=True):
    """Marks alerts as seen.

    Attributes:
        up_to: Number of the newest alert that was seen.
        only: Not the older ones.
    """

    up_to: int
    only: bool = False


class WatchSymbol(_Command, frozen=True, tag='watch_symbol', kw_only=True):
    """Follows one more instrument, after a restart too.

    It is for the operator: strategies go on with those of the profile.
    """

    symbol: str


class UnwatchSymbol(_Command, frozen=True, tag='unwatch_symbol', kw_only=True):
    """Follows an instrument no more that was added by `WatchSymbol`."""

    symbol: str


class Settle(_Command, frozen=True, tag='settle', kw_only=True):
    """Settles a difference between the broker's book and ours.

    Attributes:
        id: The difference.
        how: What becomes of it.
        strategy: Whose a position becomes that is adopted; empty for the
            operator.
        confirm: FLATTEN, typed by the operator, to close a position.
    """

    id: str
    how: How
    strategy: str = ''
    confirm: str = ''


class Protect(_Command, frozen=True, tag='protect', kw_only=True):
    """Protects the position in a symbol; with nothing wanted no more.

    Attributes:
        symbol: The instrument.
        stop_loss: A price, or a distance from what was paid, as '2%'.
        take_profit: The same.
        trail: A distance from the best close, an amount or as '1.5%'.
        max_holding: How long from its opening it is held, as 5d.
        strategy: Whose position; empty for that of the account.
    """

    symbol: str
    stop_loss: float | str | None = None
    take_profit: float | str | None = None
    trail: float | str | None = None
    max_holding: str = ''
    strategy: str = ''

    @property
    def is_empty(self) -> bool:
        """Whether nothing is wanted."""
        levels = (self.stop_loss, self.take_profit, self.trail)
        return levels == (None, None, None) and not self.max_holding


class MoveStop(_Command, frozen=True, tag='move_stop', kw_only=True):
    """A trail moved the stop of a protected position: the engine's own.

    Attributes:
        symbol: The instrument.
        stop_price: Where it stands now.
        strategy: Whose position; empty for that of the account.
    """

    symbol: str
    stop_price: float
    strategy: str = ''


Command = (
    SubmitOrder
    | CancelOrder
    | CancelAll
    | ReplaceOrder
    | Flatten
    | Halt
    | Reduce
    | Resume
    | StartStrategy
    | StopStrategy
    | ReloadStrategy
    | RollbackStrategy
    | SetParameters
    | AcknowledgeAlerts
    | WatchSymbol
    | UnwatchSymbol
    | Settle
    | Protect
    | MoveStop
)


class CommandResult(msgspec.Struct, frozen=True, kw_only=True):
    """What the engine answers to a command.

    Attributes:
        ok: Whether it was done.
        message: One sentence for a person.
        seq: Number of the command's event; 0 when it never became one.
        order_id: The order that it made, if it made one.
        status: Where that order stands.
        wrong_input: What was asked makes no sense here, and asking again
            will not help: a symbol that is not in the profile, ...
    """

    ok: bool
    message: str
    seq: int = 0
    order_id: str = ''
    status: str = ''
    wrong_input: bool = False


def describe(command: Command) -> str:
    """Says in a few words what a command asks for."""
    fields: Mapping[str, object] = {
        name: value
        for name, value in msgspec.structs.asdict(command).items()
        if value not in (None, '') and value is not False
    }
    words = ' '.join(f'{name}={value}' for name, value in fields.items())
    tag = str(type(command).__struct_config__.tag)
    return f'{tag} {words}'.strip()
