"""A state as bytes, for checkpoints.

Taking the image only copies dictionaries, whose values never change, so it is
quick and may be turned into bytes on another thread.
"""

import collections
from typing import Any

import msgspec

from sting.engine import performance
from sting.engine import state
from sting.model import errors
from sting.model import orders
from sting.model import portfolio
from sting.model import protection
from sting.model import records


class Book(msgspec.Struct, frozen=True):
    """A portfolio."""

    cash: float
    positions: dict[str, portfolio.Position]
    held: list[str]


class Several(msgspec.Struct, frozen=True):
    """What only a profile of several brokers has."""

    venues: dict[str, Book]
    places: tuple[records.Venue, ...]
    lost: dict[str, int]


class Image(msgspec.Struct, frozen=True, kw_only=True):
    """All that a SystemState holds, in the order in which it holds it."""

    log: str
    mode: records.Mode
    seq: int
    time: int
    broker: str = ''
    broker_account: str = ''
    broker_began: int = 0
    exits: dict[str, tuple[int, orders.Signal]] = {}
    orders: dict[str, orders.Order]
    account: Book
    books: dict[str, Book]
    prices: dict[str, float]
    last_bar: dict[str, int]
    trading: records.TradingState
    halted_by: str
    strategies: dict[str, records.StrategyStatus]
    saved: dict[str, records.StrategyState] = {}
    rules_seq: int
    rules: records.RuleSet | None
    day_equity: float
    peak: float = 0.0
    acted: dict[str, int] = {}
    messages: list[tuple[int, str, str]] = []
    closing: dict[str, str]
    day: int
    working: dict[str, list[str]]
    done: list[str]
    executions: dict[str, list[str]]
    ledger: performance.Ledger = msgspec.field(
        default_factory=performance.Ledger
    )
    brackets: dict[str, dict[str, float]] = {}
    quoted: list[str] = []
    stale: dict[str, tuple[int, str]] = {}
    slices: dict[str, float] = {}
    differences: dict[str, records.Difference] = {}
    guards: dict[str, dict[str, protection.Guard]] = {}
    watched: tuple[str, ...] = ()
    parameters: dict[str, dict[str, bool | int | float | str]] = {}
    several: Several | msgspec.UnsetType = msgspec.UNSET


_decoder = msgspec.msgpack.Decoder(Image)


def capture(system: state.SystemState) -> Image:
    """Takes the image of a state.

    Args:
        system: The state.

    Returns:
        The image; it does not change with the state.
    """
    inner: Any = system
    return Image(
        log=system.log,
        mode=system.mode,
        broker=system.broker,
        broker_account=system.broker_account,
        broker_began=system.broker_began,
        seq=system.seq,
        time=system.time,
        orders=dict(system.orders),
        account=_book(system.portfolio),
        books={name: _book(book) for name, book in system.books.items()},
        prices=dict(system.prices),
        last_bar=dict(system.last_bar),
        quoted=sorted(system.quoted),
        stale=dict(system.stale),
        trading=system.trading,
        halted_by=system.halted_by,
        strategies=dict(system.strategies),
        saved=dict(system.saved),
        parameters={n: dict(each) for n, each in system.parameters.items()},
        rules_seq=system.rules[0],
        rules=system.rules[1],
        day_equity=system.day_equity,
        peak=system.peak,
        acted=dict(system.acted),
        messages=list(system.messages),
        closing=dict(system.closing),
        slices=dict(system.slices),
        exits=dict(system.exits),
        ledger=system.ledger.copy(),
        brackets={key: dict(each) for key, each in system.brackets.items()},
        differences=dict(system.differences),
        guards={key: dict(each) for key, each in system.guards.items()},
        watched=system.watched,
        several=_several(system),
        day=inner._midnight // state.DAY - 1,
        working={key: list(ids) for key, ids in inner._working.items()},
        done=list(inner._done),
        executions={
            key: [*ids] if isinstance(ids, tuple) else sorted(ids)
            for key, ids in inner._executions.items()
        },
    )


def encode(image: Image) -> bytes:
    """Turns an image into bytes."""
    return msgspec.msgpack.encode(image)


def restore(system: state.SystemState, raw: bytes) -> None:
    """Brings a state without history to where an image was taken.

    Args:
        system: The state.
        raw: The image's bytes.

    Raises:
        errors.JournalError: They are not an image that this version knows.
    """
    try:
        image = _decoder.decode(raw)
    except msgspec.MsgspecError as error:
        raise errors.JournalError(
            f'a checkpoint cannot be read: {error}'
        ) from None
    put(system, image)


def put(system: state.SystemState, image: Image) -> None:
    """Does as `restore` with an image that was never bytes.

    Args:
        system: The state.
        image: The image; the state takes it over and changes it.
    """
    inner: Any = system
    system.log = image.log
    system.mode = image.mode
    system.broker = image.broker
    system.broker_account = image.broker_account
    system.broker_began = image.broker_began
    system.seq = image.seq
    system.time = image.time
    system.orders = image.orders
    system.portfolio = _portfolio(image.account)
    system.books = {n: _portfolio(book) for n, book in image.books.items()}
    system.prices = image.prices
    system.last_bar = image.last_bar
    system.quoted = set(image.quoted)
    system.stale = image.stale
    system.trading = image.trading
    system.halted_by = image.halted_by
    system.strategies = image.strategies
    system.saved = image.saved
    system.parameters.update(image.parameters)
    system.rules = (image.rules_seq, image.rules)
    system.day_equity = image.day_equity
    system.peak = max(image.peak, image.day_equity)
    system.acted = image.acted
    system.messages.extend(image.messages)
    system.closing = image.closing
    system.slices = image.slices
    system.exits = image.exits
    system.ledger = image.ledger
    system.brackets = image.brackets
    system.differences = image.differences
    system.guards = image.guards
    system.watched = image.watched
    if isinstance(image.several, Several):
        venues = image.several.venues
        system.venues = {n: _portfolio(book) for n, book in venues.items()}
        system.places = image.several.places
        system.lost = image.several.lost
    inner._midnight = (image.day + 1) * state.DAY
    inner._working = {
        key: dict.fromkeys(ids) for key, ids in image.working.items()
    }
    inner._done = collections.deque(image.done)
    inner._executions = {
        key: tuple(ids) if len(ids) <= state.FEW_FILLS else set(ids)
        for key, ids in image.executions.items()
    }


def _several(system: state.SystemState) -> Several | msgspec.UnsetType:
    """Gives the accounts of several brokers; one has none of it."""
    if not system.venues:
        return msgspec.UNSET
    return Several(
        {name: _book(book) for name, book in system.venues.items()},
        system.places,
        dict(system.lost),
    )


def _book(book: portfolio.Portfolio) -> Book:
    return Book(book.cash, dict(book.positions), list(book.held))


def _portfolio(book: Book) -> portfolio.Portfolio:
    made = portfolio.Portfolio(book.cash)
    made.positions = book.positions
    positions = book.positions
    made.held = {symbol: positions[symbol].quantity for symbol in book.held}
    return made
