"""What the engine and a strategy's process say to each other, as bytes.

A frame is four bytes with its length and then MessagePack. What the engine
sends is a `Told`, what a strategy's process sends a `Said`. The process is not
trusted: what it sends is read within bounds, and whatever is no `Said` is an
error that the strategy has failed with.
"""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
import struct
from typing import Any

import msgspec

from sting.model import errors
from sting.model import events
from sting.model import market
from sting.model import orders
from sting.model import parameters
from sting.model import portfolio
from sting.model import readings
from sting.model import records
from sting.model import sessions
from sting.model import sizing as sizings
from sting.strategy import context

# What a strategy's process may send at once: a state of STATE_LIMIT, and what
# a callback wants and writes.
FRAME_LIMIT = 8 << 20
STATE_LIMIT = 1 << 20

# Load has a field of the module's name, so its type is named here.
_Sessions = sessions.Sessions

_LENGTH = struct.Struct('>I')
HEAD = _LENGTH.size


class _Frame(msgspec.Struct, frozen=True, array_like=True):
    """The base of all frames."""


class Load(_Frame, frozen=True, tag=0):
    """Load a strategy; answered by Loaded.

    Attributes:
        name: The instance's name.
        reference: What it runs: a module or a file.
        number: Its number in order ids, from 1.
        parameters: Values, or their texts, by name.
        log: The id of the log, the start of every order id.
        search: Where modules are looked for, as in the engine.
        memory: Bytes that it may use beyond what loading took.
        output: The file that has what it prints.
        timeframes: The bars it is given; empty for what its class says.
        sessions: When the exchange trades, for longer bars.
        versions: The folder that has copies of versions; empty for none.
        version: Hash of the version to load from its copy; empty for the
            files as they are.
        sizing: How its orders are sized that name no quantity.
    """

    name: str
    reference: str
    number: int
    parameters: dict[str, Any]
    log: str
    search: list[str]
    memory: int
    output: str
    timeframes: tuple[str, ...] = ()
    sessions: _Sessions | None = None
    versions: str = ''
    version: str = ''
    sizing: sizings.Sizing | None = None


class Begin(_Frame, frozen=True, tag=1):
    """Start; answered by Answer.

    Attributes:
        seq: Number of the event that starts it.
        now: Its time, nanoseconds since the epoch, UTC.
        cash: Of its book.
        positions: Of its book, by symbol.
        history: Closed bars of before, oldest first, for its indicators.
        state: What `save_state` gave, as JSON; empty for none.
        working: Its orders that work, told when it has its state.
    """

    seq: int
    now: int
    cash: float
    positions: dict[str, portfolio.Position]
    history: list[market.MarketData]
    state: bytes = b''
    working: list[orders.Order] = []


class Bar(_Frame, frozen=True, tag=2):
    """A closed bar."""

    seq: int
    data: market.MarketData


class Quote(_Frame, frozen=True, tag=3):
    """A quote."""

    seq: int
    data: market.Quote


class Trade(_Frame, frozen=True, tag=4):
    """A trade in the market."""

    seq: int
    data: market.Trade


class Issue(_Frame, frozen=True, tag=5):
    """Something is wrong with data."""

    seq: int
    data: market.DataIssue


class Update(_Frame, frozen=True, tag=6):
    """One of its orders changed."""

    seq: int
    order: orders.Order


class Filled(_Frame, frozen=True, tag=7):
    """One of its orders was filled."""

    seq: int
    fill: orders.Fill
    order: orders.Order
    position: portfolio.Position | None = None


class Save(_Frame, frozen=True, tag=8):
    """Give the state; answered by Saved."""


class End(_Frame, frozen=True, tag=9):
    """Stop; answered by Answer, then the process ends."""

    seq: int
    now: int


class Adopt(_Frame, frozen=True, tag=10):
    """Go on where another process of the strategy was; answered by Answer.

    Attributes:
        seq: Number of the last event that the other one answered.
        cash: Of its book.
        positions: Of its book, by symbol.
        bars: Closed bars since `Begin` that the other one answered.
        state: What its `save_state` gave, as JSON; empty for none.
    """

    seq: int
    cash: float
    positions: dict[str, portfolio.Position]
    bars: list[market.MarketData]
    state: bytes = b''


class Action(_Frame, frozen=True, tag=11):
    """Something became of an instrument."""

    seq: int
    data: records.CorporateAction
    now: int


class Flow(_Frame, frozen=True, tag=12):
    """Cash came or went without a fill."""

    seq: int
    data: records.CashFlow
    now: int


class Loaded(_Frame, frozen=True, tag=0):
    """The strategy could be loaded.

    Attributes:
        files: The files of its class and of its parents.
        code: Hash of the code that was loaded, 16 hex digits.
        sources: Path and digest of each file of that code, by name.
        settings: Its parameters, with what they are set to.
    """

    files: list[str]
    code: str = ''
    sources: dict[str, tuple[str, str]] = {}
    settings: list[parameters.Setting] = []


class Answer(_Frame, frozen=True, tag=1):
    """An event was answered.

    Attributes:
        seq: The event's number.
        spent: How long it took, in seconds.
        signals: What the strategy wants.
        lines: What it wrote.
        read: What its indicators have at the bar that it answered; after a
            start what they had at the bars before.
    """

    seq: int
    spent: float
    signals: list[orders.Signal]
    lines: list[context.LogLine]
    read: list[readings.Readings] = []


class Saved(_Frame, frozen=True, tag=2):
    """The state.

    Attributes:
        seq: Number of the last event answered.
        state: JSON; empty where the strategy keeps none.
        cash: Of its book.
        positions: Of its book, by symbol.
    """

    seq: int
    state: bytes
    cash: float
    positions: dict[str, portfolio.Position]


class Failed(_Frame, frozen=True, tag=3):
    """The strategy's code raised; the process ends.

    Attributes:
        detail: What, and in which line of the user's code.
        loading: It could not even be loaded.
        lines: What it wrote before.
    """

    detail: str
    loading: bool = False
    lines: list[context.LogLine] = []


Told = (
    Load
    | Begin
    | Adopt
    | Bar
    | Quote
    | Trade
    | Issue
    | Action
    | Flow
    | Update
    | Filled
    | Save
    | End
)
Said = Loaded | Answer | Saved | Failed


_FRAMES: Mapping[events.EventType, Callable[[int, Any], Told]] = {
    events.EventType.MARKET_DATA: Bar,
    events.EventType.QUOTE: Quote,
    events.EventType.TRADE: Trade,
    events.EventType.DATA_ISSUE: Issue,
}
_BOOKED: Mapping[events.EventType, Callable[[int, Any, int], Told]] = {
    events.EventType.CORPORATE_ACTION: Action,
    events.EventType.CASH_FLOW: Flow,
}

_encoder = msgspec.msgpack.Encoder()
_told = msgspec.msgpack.Decoder(Told)
_said = msgspec.msgpack.Decoder(Said)


def encode(frame: Told | Said) -> bytes:
    """Gives a frame as bytes, with its length before it."""
    body = _encoder.encode(frame)
    return _LENGTH.pack(len(body)) + body


def encode_event(
    event: events.Event,
    order: orders.Order | None = None,
    position: portfolio.Position | None = None,
) -> bytes:
    """Gives an event as the frame that tells a strategy of it.

    Args:
        event: The event.
        order: The order after it, where it is about one.
        position: The position after it in the strategy's book, for a fill.

    Returns:
        The frame; empty where strategies are not told of such events.
    """
    frame = _FRAMES.get(event.type)
    if frame is not None:
        return encode(frame(event.seq, event.data))
    booked = _BOOKED.get(event.type)
    if booked is not None:
        return encode(booked(event.seq, event.data, event.timestamp))
    if order is None:
        return b''
    if event.type is events.EventType.FILL:
        return encode(Filled(event.seq, event.data, order, position))
    return encode(Update(event.seq, order))


def told(body: bytes) -> Told:
    """Reads what the engine sent."""
    frame: Told = _told.decode(body)
    return frame


def said(body: bytes) -> Said:
    """Reads what a strategy's process sent.

    Args:
        body: A frame without its length.

    Returns:
        The frame.

    Raises:
        errors.StrategyError: It is none.
    """
    try:
        frame: Said = _said.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise errors.StrategyError(
            f'its process sent what makes no sense: {error}'
        ) from None
    return frame


class Reader:
    """Cuts what comes through a socket into frames."""

    def __init__(self, limit: int | None = None) -> None:
        """Sets up a reader that has got nothing.

        Args:
            limit: The most bytes that a frame may have; None for no bound.
        """
        self._limit = limit
        self._got = bytearray()

    def take(self, data: bytes) -> Iterator[bytes]:
        """Takes what came.

        Args:
            data: The next bytes.

        Yields:
            Each frame that is complete, without its length.

        Raises:
            errors.StrategyError: A frame is longer than the bound.
        """
        got = self._got
        got += data
        start = 0
        try:
            while len(got) - start >= _LENGTH.size:
                (length,) = _LENGTH.unpack_from(got, start)
                if self._limit is not None and length > self._limit:
                    raise errors.StrategyError(
                        'its process sent what makes no sense: a frame of '
                        f'{length:,} bytes, above {self._limit:,}'
                    )
                end = start + _LENGTH.size + length
                if len(got) < end:
                    return
                body = bytes(got[start + _LENGTH.size : end])
                start = end
                yield body
        finally:
            del got[:start]
