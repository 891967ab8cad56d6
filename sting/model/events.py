"""Events: what they are, what each kind carries, and how they are written.

An event's payload is JSON, its class is given by the event's type, and both
are held together in `PAYLOADS`.
"""

from collections.abc import Callable
from collections.abc import Mapping
import enum
import functools
import hashlib
import struct
from typing import Any

import msgspec

from sting.model import commands
from sting.model import errors
from sting.model import market
from sting.model import orders
from sting.model import payload
from sting.model import portfolio
from sting.model import records
from sting.model import stops
from sting.model import words


@words.direct
class EventType(enum.StrEnum):
    """What happened."""

    LOG_CREATED = 'log_created'
    SYSTEM_STATUS = 'system_status'
    MARKET_DATA = 'market_data'
    QUOTE = 'quote'
    TRADE = 'trade'
    DATA_ISSUE = 'data_issue'
    SIGNAL = 'signal'
    SIGNAL_REFUSED = 'signal_refused'
    ORDER_REQUEST = 'order_request'
    RISK_VERDICT = 'risk_verdict'
    ORDER_UPDATE = 'order_update'
    FILL = 'fill'
    POSITION_UPDATE = 'position_update'
    RISK_ALERT = 'risk_alert'
    ALERT_SEEN = 'alert_seen'
    RULE_SET = 'rule_set'
    TRADING_STATE = 'trading_state'
    STOP_REPORT = 'stop_report'
    STRATEGY_STATUS = 'strategy_status'
    STRATEGY_STATE = 'strategy_state'
    CASH_FLOW = 'cash_flow'
    CORPORATE_ACTION = 'corporate_action'
    RECONCILIATION = 'reconciliation'
    COMMAND = 'command'
    CHECKPOINT = 'checkpoint'


class CommandGiven(payload.Payload, frozen=True, kw_only=True):
    """The operator asked for something.

    Attributes:
        command: What.
    """

    command: commands.Command


PAYLOADS: Mapping[EventType, type[payload.Payload]] = {
    EventType.LOG_CREATED: records.LogCreated,
    EventType.SYSTEM_STATUS: records.SystemStatus,
    EventType.MARKET_DATA: market.MarketData,
    EventType.QUOTE: market.Quote,
    EventType.TRADE: market.Trade,
    EventType.DATA_ISSUE: market.DataIssue,
    EventType.SIGNAL: orders.Signal,
    EventType.SIGNAL_REFUSED: records.Refusal,
    EventType.ORDER_REQUEST: orders.Order,
    EventType.RISK_VERDICT: records.Verdict,
    EventType.ORDER_UPDATE: orders.OrderUpdate,
    EventType.FILL: orders.Fill,
    EventType.POSITION_UPDATE: portfolio.Position,
    EventType.RISK_ALERT: records.Alert,
    EventType.ALERT_SEEN: records.AlertSeen,
    EventType.RULE_SET: records.RuleSet,
    EventType.TRADING_STATE: records.TradingStateChange,
    EventType.STOP_REPORT: stops.StopReport,
    EventType.STRATEGY_STATUS: records.StrategyStatus,
    EventType.STRATEGY_STATE: records.StrategyState,
    EventType.CASH_FLOW: records.CashFlow,
    EventType.CORPORATE_ACTION: records.CorporateAction,
    EventType.RECONCILIATION: records.Reconciliation,
    EventType.COMMAND: CommandGiven,
    EventType.CHECKPOINT: records.Checkpoint,
}


class Event(msgspec.Struct, frozen=True, gc=False):
    """Something that happened, with its place in the sequence.

    The garbage collector does not know events: they are many, and nothing that
    they hold leads back to them.

    Attributes:
        seq: Its number, from 1, without gaps.
        timestamp: When, nanoseconds since the epoch, UTC.
        type: What happened.
        source: Who says so: engine, operator, feed:demo, broker:paper, a
            strategy's name, ...
        data: The payload, of the class that PAYLOADS has for the type.
        symbol: The instrument; empty where none is meant.
        cause: Number of the event that led to this one; 0 for none.
    """

    seq: int
    timestamp: int
    type: EventType
    source: str
    data: Any
    symbol: str = ''
    cause: int = 0


_encoder = msgspec.json.Encoder()

# By the word that stands for the type in the log.
KINDS: Mapping[str, EventType] = {kind.value: kind for kind in EventType}
DECODERS: Mapping[str, Callable[[bytes | str], Any]] = {
    kind.value: msgspec.json.Decoder(cls).decode
    for kind, cls in PAYLOADS.items()
}

GENESIS = bytes(32)


def encode(data: payload.Payload) -> bytes:
    """Writes a payload as JSON."""
    return _encoder.encode(data)


def decode(kind: EventType, text: bytes | str) -> Any:
    """Reads a payload.

    Args:
        kind: The event's type.
        text: JSON as `encode` writes it.

    Returns:
        An object of the class that PAYLOADS has for the type.

    Raises:
        errors.JournalError: It is not such a payload.
    """
    try:
        return DECODERS[kind](text)
    except msgspec.MsgspecError as error:
        raise errors.JournalError(f'a {kind} cannot be read: {error}') from None


_pack_numbers = struct.Struct('>qqq').pack
_pack_length = struct.Struct('>I').pack
# Copying one is a quarter quicker than making one.
_new_hasher = hashlib.blake2b(digest_size=32).copy


# Bars of the same symbols and feeds come again and again.
@functools.lru_cache(maxsize=4096)
def _words(words: tuple[str, str, str]) -> bytes:
    raws = [word.encode() for word in words]
    return b''.join(_pack_length(len(raw)) + raw for raw in raws)


def chain(head: bytes, event: Event, text: bytes) -> bytes:
    """Gives the hash of an event, which covers all that came before.

    BLAKE2b with 32 bytes over the last hash, the fixed-width numbers, and each
    text with its length before it, so that no two events have one image.

    Args:
        head: The hash of the event before it, GENESIS for the first.
        event: The event.
        text: Its payload as written.

    Returns:
        32 bytes.
    """
    return link(
        head,
        event.seq,
        event.timestamp,
        event.cause,
        (event.type, event.source, event.symbol),
        text,
    )


def link(
    head: bytes,
    seq: int,
    timestamp: int,
    cause: int,
    words: tuple[str, str, str],
    text: bytes,
) -> bytes:
    """Does as `chain` for an event whose columns are at hand.

    Args:
        head: The hash of the event before it.
        seq: Its number.
        timestamp: Its time, nanoseconds since the epoch, UTC.
        cause: Number of the event that led to it.
        words: Its type, source and symbol.
        text: Its payload as written.

    Returns:
        32 bytes.
    """
    hasher = _new_hasher()
    hasher.update(
        b''.join(
            (
                head,
                _pack_numbers(seq, timestamp, cause),
                _words(words),
                _pack_length(len(text)),
                text,
            )
        )
    )
    return hasher.digest()
