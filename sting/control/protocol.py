"""What goes over the control socket.

A request is a line of JSON with its name under `request`; the answer is a line
`{"ok": true, "result": ...}` or `{"ok": false, "kind": ..., "error": ...}`.
After `watch` come frames, see there.
"""

from collections.abc import Mapping
from typing import Annotated
from typing import Any

import msgspec

from sting.model import commands
from sting.model import errors
from sting.model import views
from sting.monitor import profiling

REQUEST_BYTES = 1 << 20
# Room for every order of a long day.
ANSWER_BYTES = 64 << 20
# What a watcher is told who gives a command.
WATCHES = (
    'this terminal only watches (--read-only) and gives no commands; the '
    'emergency stop works all the same'
)


# What an answer's `kind` becomes on the other side.
KINDS: Mapping[str, type[errors.StingError]] = {
    'input': errors.InputError,
    'refused': errors.RefusedError,
    'failed': errors.StingError,
}


class Request(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    tag_field='request',
    forbid_unknown_fields=True,
):
    """The base of all requests."""


class Attach(Request, frozen=True, kw_only=True, tag='attach'):
    """Says what the connection is for, before anything else on it.

    The answer has the engine's version, profile and process.

    Attributes:
        read_only: It only watches: commands on it are refused. The emergency
            stop is not.
    """

    read_only: bool = False


class Watch(Request, frozen=True, kw_only=True, tag='watch'):
    """Asks for pictures from now on, as they change.

    There is no line in answer: from here on the connection carries frames
    alone, four bytes with the length, the highest first, and then so many of
    `pictures.Differ`. A second without a change brings an empty one. Who
    reads slowly gets fewer, each of the newest picture.

    Attributes:
        frames_per_s: At most so many a second.
    """

    frames_per_s: Annotated[float, msgspec.Meta(ge=0.1, le=20.0)] = 10.0


class Bars(Request, frozen=True, kw_only=True, tag='bars'):
    """Asks for the last closed bars of a symbol, oldest first."""

    symbol: str
    limit: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 500


class Marks(Request, frozen=True, kw_only=True, tag='marks'):
    """Asks for the last fills of a symbol, oldest first."""

    symbol: str
    limit: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 100


class Lines(Request, frozen=True, kw_only=True, tag='lines'):
    """Asks for the indicators that strategies have of a symbol."""

    symbol: str
    limit: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 500


class Status(Request, frozen=True, tag='status'):
    """Asks how the engine is."""


class Orders(Request, frozen=True, tag='orders'):
    """Asks for the orders: working ones, then the newest done ones."""


class Positions(Request, frozen=True, tag='positions'):
    """Asks for the positions."""


class Inbox(Request, frozen=True, tag='inbox'):
    """Asks in what the broker's book and ours differ."""


class Risk(Request, frozen=True, tag='risk'):
    """Asks for the risk of the book."""


class Strategies(Request, frozen=True, tag='strategies'):
    """Asks for the strategies."""


class Untraded(Request, frozen=True, kw_only=True, tag='untraded'):
    """Asks for the signals of a strategy that were not traded.

    Attributes:
        strategy: The instance's name; empty for all.
    """

    strategy: str = ''


class Submit(Request, frozen=True, kw_only=True, tag='submit'):
    """Puts a command into the sequence.

    Attributes:
        command: What the operator wants.
        confirm: The account's name; LIVE sends no order without it.
    """

    command: commands.Command
    confirm: str = ''


class Judge(Request, frozen=True, kw_only=True, tag='judge'):
    """Asks what risk would say of an order or a change; sends nothing."""

    command: commands.SubmitOrder | commands.ReplaceOrder


class Halt(Request, frozen=True, kw_only=True, tag='halt'):
    """Pulls the emergency stop.

    Attributes:
        who: Who pulls it.
        reason: Why.
        latched: The latch's count of pulls, where the client has set it
            before; 0 otherwise.
    """

    who: str = 'operator'
    reason: str = ''
    latched: int = 0


class Stop(Request, frozen=True, kw_only=True, tag='stop'):
    """Asks what came of the emergency stop; nothing while that is not known.

    Attributes:
        pull: Which pull since the engine started; 0 for the last one there is.
    """

    pull: int = 0


class Why(Request, frozen=True, kw_only=True, tag='why'):
    """Walks from an event back to what caused it."""

    seq: int


class Output(Request, frozen=True, kw_only=True, tag='output'):
    """Asks what a strategy wrote to its log and printed last, oldest first.

    Attributes:
        strategy: The instance's name.
        limit: At most so many lines.
    """

    strategy: str
    limit: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 200


class Profile(Request, frozen=True, kw_only=True, tag='profile'):
    """Asks where the engine's process spends its time, for a while.

    The answer comes when that is over.

    Attributes:
        seconds: So long.
    """

    seconds: Annotated[float, msgspec.Meta(gt=0, le=profiling.MOST_S)] = 10.0


# What a client may ask.
Anything = (
    Attach
    | Watch
    | Bars
    | Marks
    | Lines
    | Status
    | Orders
    | Positions
    | Inbox
    | Risk
    | Strategies
    | Untraded
    | Submit
    | Judge
    | Halt
    | Stop
    | Why
    | Output
    | Profile
)


def status(picture: views.Snapshot) -> dict[str, Any]:
    """Gives what `sting status --json` prints.

    Args:
        picture: The engine at one moment.

    Returns:
        Plain values by name; positions are the open ones.
    """
    return {
        'profile': picture.profile,
        'mode': picture.mode,
        'account': picture.account,
        'currency': picture.currency,
        'state': picture.state,
        'reason': picture.reason,
        'halting': picture.halting,
        'pid': picture.pid,
        'uptime_s': picture.uptime_s,
        'time': picture.time,
        'seq': picture.seq,
        'equity': picture.equity,
        'cash': picture.cash,
        'day_pnl': picture.day_pnl,
        'open_orders': picture.open_orders,
        'inbox': sum(not row.accepted for row in picture.inbox),
        'positions': [row for row in picture.positions if row.quantity],
        'strategies': picture.strategies,
        'feeds': picture.feeds,
        'brokers': picture.brokers,
        'channels': picture.channels,
        'loop_lag_ms': picture.loop_lag_ms,
        'generated': picture.generated,
        'availability': picture.availability,
        'session': picture.session,
        'health': picture.verdict,
        'resources': {
            'level': picture.easing.level,
            'step': picture.easing.step,
            'reasons': picture.easing.reasons,
        },
    }
