"""The engine's state: a function of the events and of nothing else."""

import bisect
import collections
from collections.abc import Callable
from collections.abc import Hashable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import itertools
from typing import Any
from typing import TypeVar

import msgspec

from sting.engine import performance
from sting.model import checks
from sting.model import commands
from sting.model import corporate
from sting.model import errors
from sting.model import events
from sting.model import lifecycle
from sting.model import market
from sting.model import orders
from sting.model import portfolio
from sting.model import protection
from sting.model import records
from sting.model import totals
from sting.model import valuation

DAY = 86_400 * market.NANOSECONDS
_Found = TypeVar('_Found')


def day_of(timestamp: int) -> int:
    """Gives the number of a UTC day; midnight belongs to the day that ends.

    Args:
        timestamp: Nanoseconds since the epoch, UTC.
    """
    return (timestamp - 1) // DAY


# Done orders that are remembered, for late fills and for repeated ids.
DONE_ORDERS = 4096
# Of one order, of which the ids are kept in a tuple.
FEW_FILLS = 8

ENGINE = 'engine'

# The states of a strategy that is fed events, or is about to be.
RUNNING = ('starting', 'running', 'lost')
# And of one that will be, if nobody stops it.
ALIVE = (*RUNNING, 'restarting')

# The component of a broker in its statuses, and those of one that is there.
BROKER = 'broker:'
LINKED = ('connected', 'reconciling', 'degraded')

_T = events.EventType
_CREATED = orders.OrderStatus.CREATED
_SUBMITTED = orders.OrderStatus.SUBMITTED
_DENIED = orders.OrderStatus.DENIED
_WORKING = orders.WORKING
_ASKED = (orders.OrderStatus.PENDING_CANCEL, orders.OrderStatus.PENDING_REPLACE)
_DENY = records.Decision.DENY
_ORDER = orders.SignalKind.ORDER


class SystemState:
    """Everything that decisions are made from.

    Only events change it, one at a time, so that they give the same state
    whether they happen (`step.Turn.emit`) or are read back (`apply`).

    Attributes:
        log: Id of the log, the start of every order id.
        mode: What is at stake.
        seq: Number of the last event.
        time: Its time, nanoseconds since the epoch, UTC.
        orders: By id: all that work, and the last DONE_ORDERS done ones.
        portfolio: The account.
        books: By strategy, what its own fills made; without starting cash.
        prices: Last price by symbol: of a bar or a trade; the middle of the
            last quote where there was neither yet.
        last_bar: Stamp of the last bar by symbol.
        trading: What risk lets through.
        halted_by: Who halted it and why; empty while trading.
        strategies: The last status by name.
        parameters: By strategy, what is set by hand over strategy.yaml.
        saved: The newest state that each strategy gave, by name.
        rules: The rules in force, and the number of their event.
        day_equity: Equity when the day began, in UTC.
        peak: The highest equity that a day began with; paying in raises it,
            paying out lowers it.
        messages: Cancels and changes that were asked for, the last
            DONE_ORDERS of them: when, nanoseconds UTC, of whose order, and of
            which symbol.
        acted: When each rule that acts by itself last did, nanoseconds UTC.
        closing: Symbols that a flatten waits to close until their working
            orders are cancelled: the id that the closing order will have, if
            anything is held then.
        slices: The part of the position that the last flatten of a symbol is
            for, where that is not all of it.
        exits: Ways out that strategies wait for until their own working
            orders of the symbol are cancelled, by the id that the order will
            have: the number of the signal's event, and the signal.
        quoted: Symbols whose price is that of a quote.
        stale: Symbols whose price is old, since no newer one came when it
            should have: since when, nanoseconds UTC, and why.
        brackets: Units that attached exits are to close, by symbol and by the
            order whose fills they exit: those fills, less what its exits
            filled.
        differences: In what the broker's book and ours differ, by id.
        venues: The account at each broker of a profile of several, by name:
            together they are the portfolio. Empty for one broker.
        places: The brokers of a profile of several, as the log names them.
        lost: Brokers of several that are not connected, and since when.
        guards: What protects positions, by symbol and owner.
        watched: Symbols that are followed beside those of the profile, in the
            order in which they were added.
        ledger: How each strategy does.
        shared: What has been worked out for the order that is being judged;
            None while none is, so that no figure outlives a change.
        valuation: What is held, valued for the order that is being judged.
        kept: What risk worked out for an order and keeps for the next.
        appliers: What the payload of an event changes, by its type; called
            once its number and its time are set.
    """

    def __init__(self) -> None:
        self.log = ''
        self.mode = records.Mode.DEMO
        self.broker = ''
        self.broker_account = ''
        self.broker_began = 0
        self.venues: dict[str, portfolio.Portfolio] = {}
        self.places: tuple[records.Venue, ...] = ()
        self.lost: dict[str, int] = {}
        self.seq = 0
        self.time = 0
        self.orders: dict[str, orders.Order] = {}
        self.portfolio = portfolio.Portfolio()
        self.books: dict[str, portfolio.Portfolio] = {}
        self.prices: dict[str, float] = {}
        self.last_bar: dict[str, int] = {}
        self.quoted: set[str] = set()
        self.stale: dict[str, tuple[int, str]] = {}
        self.trading = records.TradingState.TRADING
        self.halted_by = ''
        self.strategies: dict[str, records.StrategyStatus] = {}
        self.parameters: dict[str, Mapping[str, Any]] = {}
        self.saved: dict[str, records.StrategyState] = {}
        self.rules: tuple[int, records.RuleSet | None] = (0, None)
        self.day_equity = 0.0
        self.peak = 0.0
        self.acted: dict[str, int] = {}
        self.messages: collections.deque[tuple[int, str, str]] = (
            collections.deque(maxlen=DONE_ORDERS)
        )
        self.closing: dict[str, str] = {}
        self.slices: dict[str, float] = {}
        self.exits: dict[str, tuple[int, orders.Signal]] = {}
        self.brackets: dict[str, dict[str, float]] = {}
        self.differences: dict[str, records.Difference] = {}
        self.guards: dict[str, dict[str, protection.Guard]] = {}
        self.watched: tuple[str, ...] = ()
        self.ledger = performance.Ledger()
        self.shared: dict[Hashable, Any] | None = None
        self.valuation = valuation.Valuation()
        self.kept: Any = None
        # When the day ends, nanoseconds since the epoch.
        self._midnight = 0
        self._working: dict[str, dict[str, None]] = {}
        self._done: collections.deque[str] = collections.deque()
        # One fill is the rule, and a set for it would be 200 bytes.
        self._executions: dict[str, tuple[str, ...] | set[str]] = {}
        self.appliers: Mapping[events.EventType, Callable[[int, Any], None]] = {
            _T.LOG_CREATED: self._apply_created,
            _T.MARKET_DATA: self._apply_bar,
            _T.TRADE: self._apply_trade,
            _T.QUOTE: self._apply_quote,
            _T.DATA_ISSUE: self._apply_issue,
            _T.SIGNAL: self._apply_signal,
            _T.SIGNAL_REFUSED: self._apply_refusal,
            _T.ORDER_REQUEST: self._apply_request,
            _T.RISK_VERDICT: self._apply_verdict,
            _T.ORDER_UPDATE: self._apply_update,
            _T.FILL: self._apply_fill,
            _T.RULE_SET: self._apply_rules,
            _T.TRADING_STATE: self._apply_trading,
            _T.STRATEGY_STATUS: self._apply_strategy,
            _T.STRATEGY_STATE: self._apply_saved,
            _T.CASH_FLOW: self._apply_flow,
            _T.CORPORATE_ACTION: self._apply_action,
            _T.RECONCILIATION: self._apply_reconciliation,
            _T.COMMAND: self._apply_command,
            _T.SYSTEM_STATUS: self._apply_system,
        }

    def apply(self, event: events.Event) -> None:
        """Takes the next event.

        Args:
            event: The one numbered next.

        Raises:
            errors.StateError: Its number is not the next.
        """
        seq = event.seq
        if seq != self.seq + 1:
            raise errors.StateError(
                f'event {seq} cannot follow event {self.seq}'
            )
        self.seq = seq
        self.time = event.timestamp
        applier = self.appliers.get(event.type)
        if applier is not None:
            applier(seq, event.data)

    def replay(self, rows: Iterable[tuple[int, int, str, str]]) -> None:
        """Takes the next events as a log has them.

        What changes nothing but number and time is not decoded.

        Args:
            rows: Of each event number, time, type and payload.

        Raises:
            errors.StateError: A number is not the next.
            KeyError: This version does not know a type.
            msgspec.MsgspecError: A payload cannot be read.
        """
        steps = {
            kind.value: (events.DECODERS[kind], self.appliers.get(kind))
            for kind in _T
        }
        for seq, timestamp, kind, text in rows:
            decode, applier = steps[kind]
            if seq != self.seq + 1:
                raise errors.StateError(
                    f'event {seq} cannot follow event {self.seq}'
                )
            self.seq = seq
            self.time = timestamp
            if applier is not None:
                applier(seq, decode(text))

    def count(self, bar: market.MarketData) -> None:
        """Takes a closed bar whose event is kept elsewhere.

        Args:
            bar: The bar; it has the number after the last one.
        """
        self.seq += 1
        self.time = timestamp = bar.timestamp
        if timestamp > self._midnight:
            self._roll(timestamp)
        symbol = bar.symbol
        self.prices[symbol] = bar.close
        self.last_bar[symbol] = timestamp

    def count_quote(self, quote: market.Quote) -> None:
        """Takes a quote whose event is kept elsewhere; as `count`."""
        self.seq += 1
        self.time = quote.timestamp
        self._roll(quote.timestamp)
        self.prices[quote.symbol] = quote.middle
        self.last_bar[quote.symbol] = quote.timestamp

    def pass_over(self, stretch: market.Stretch, start: int, end: int) -> None:
        """Takes closed bars whose events are kept elsewhere, all at once.

        Args:
            stretch: Where they are; they have the numbers after the last one.
            start: The place of the first of them.
            end: The place behind the last.
        """
        if start == end:
            return
        stamps = stretch.stamps
        last = stamps[end - 1]
        if last > self._midnight:
            # What the day begins with is told by the bars before it.
            midnight = day_of(last) * DAY
            first = bisect.bisect_right(stamps, midnight, start, end)
            self._note(stretch, start, first)
            self._roll(last)
            self._note(stretch, first, end)
        else:
            self._note(stretch, start, end)
        self.seq += end - start
        self.time = last

    def _note(self, stretch: market.Stretch, start: int, end: int) -> None:
        """Takes the prices of a part of a stretch."""
        if stretch.of_one and start < end:
            # Only the last one is ever asked for.
            symbol = stretch.symbols[0]
            self.prices[symbol] = stretch.closes[end - 1]
            self.last_bar[symbol] = stretch.stamps[end - 1]
            return
        rows = slice(start, end)
        symbols = stretch.symbols[rows]
        self.prices.update(zip(symbols, stretch.closes[rows], strict=True))
        self.last_bar.update(zip(symbols, stretch.stamps[rows], strict=True))

    def _roll(self, timestamp: int) -> None:
        """Begins the day of a price that is about to be taken."""
        if timestamp > self._midnight:
            self._midnight = (day_of(timestamp) + 1) * DAY
            self.day_equity = self.equity()
            self.peak = max(self.peak, self.day_equity)

    def equity(self) -> float:
        """Cash and holdings at the last prices, in the account's currency."""
        if self.shared is None:
            return self.portfolio.value(self.prices)
        return self.once('equity', self._shared_equity)

    def _shared_equity(self) -> float:
        return totals.total(self.worth(), self.portfolio.cash)

    def all_working(self) -> Sequence[orders.Order]:
        """Gives the orders of `working`."""
        return self.once('working', lambda: list(self.working()))

    def worth(self) -> Sequence[float]:
        """Gives what each holding is worth; see `Portfolio.worth`."""
        if self.shared is None:
            return self.portfolio.worth(self.prices)
        return self.once('worth', self._look)

    def _look(self) -> Sequence[float]:
        return self.valuation.look(self.portfolio, self.prices)

    def once(self, key: Hashable, work: Callable[[], _Found]) -> _Found:
        """Gives what the rules of one order share; see `shared`.

        Args:
            key: What it is.
            work: Works it out, where no rule has yet.
        """
        shared = self.shared
        if shared is None:
            return work()
        if key not in shared:
            shared[key] = work()
        found: _Found = shared[key]
        return found

    def quantity(self, symbol: str) -> float:
        """Units held of a symbol, negative when short."""
        return self.portfolio.quantity(symbol)

    def is_priced(self) -> bool:
        """Whether all that is held has a price."""
        if self.shared is None:
            return self.portfolio.held.keys() <= self.prices.keys()
        self.worth()
        return self.valuation.priced

    def account_at(self, broker: str) -> portfolio.Portfolio:
        """Gives the account at a broker; the only one where that is empty."""
        return self.venues[broker] if broker else self.portfolio

    def began(self, broker: str) -> int:
        """Gives when the cash at a broker was asked for, nanoseconds, UTC."""
        for place in self.places:
            if place.broker == broker:
                return place.began
        return self.broker_began

    def book(self, strategy: str) -> portfolio.Portfolio:
        """Gives the book of a strategy; empty before its first fill."""
        return self.books.get(strategy) or portfolio.Portfolio()

    def working(self, symbol: str | None = None) -> Iterator[orders.Order]:
        """Gives the orders that are at the broker or may be.

        Args:
            symbol: Only of this instrument.

        Returns:
            The orders, by symbol in the order in which each came.
        """
        if symbol is not None:
            # Most often nothing works there.
            group = self._working.get(symbol)
            return map(self.orders.__getitem__, group) if group else iter(())
        return map(
            self.orders.__getitem__,
            # Of most symbols nothing works any more.
            itertools.chain.from_iterable(filter(None, self._working.values())),
        )

    def own(self, strategy: str, symbol: str) -> Iterator[orders.Order]:
        """Gives the working orders of one strategy in one symbol."""
        return (
            order
            for order in self.working(symbol)
            if order.strategy == strategy
        )

    def exit_of(self, strategy: str, symbol: str) -> str | None:
        """Gives the id of the order that a way out waits to send, if any."""
        # Hardly ever does one wait, and each order asks several times.
        if self.exits:
            for order_id, (_, signal) in self.exits.items():
                if (signal.strategy, signal.symbol) == (strategy, symbol):
                    return order_id
        return None

    def busy(self) -> Mapping[str, None]:
        """Gives the symbols that have working orders."""
        return {s: None for s, group in self._working.items() if group}

    def exposed(self) -> Iterator[str]:
        """Gives the symbols that are held or have working orders."""
        yield from self.portfolio.held
        for symbol, group in self._working.items():
            if group and symbol not in self.portfolio.held:
                yield symbol

    def working_count(self) -> int:
        """How many orders work."""
        if self.shared is not None:
            return len(self.all_working())
        return sum(map(len, self._working.values()))

    def knows_execution(self, fill: orders.Fill) -> bool:
        """Whether this fill has been booked before."""
        return fill.execution_id in self._executions.get(fill.order_id, ())

    def take_signal(self, signal: orders.Signal, seq: int, now: int) -> None:
        """Takes a signal of an order, as `apply` does of its event.

        Args:
            signal: What a strategy wants.
            seq: Number of its event.
            now: Its time, nanoseconds since the epoch, UTC.
        """
        self.seq = seq
        self.time = now
        self.ledger.signal(signal, self.prices.get(signal.symbol), now)

    def take_working(self, order: orders.Order, seq: int) -> None:
        """Takes an order that was asked for, approved and accepted in one go.

        As `apply` takes the three events, where nothing waits for anything.

        Args:
            order: As the last of them leaves it, not known before.
            seq: Number of that event.
        """
        self.seq = seq
        order_id, symbol = order.id, order.symbol
        self.orders[order_id] = order
        group = self._working.get(symbol)
        if group is None:
            group = self._working[symbol] = {}
        group[order_id] = None
        self.ledger.request(
            order, self.prices.get(symbol), self.last_bar.get(symbol), self.time
        )

    def _put(self, order: orders.Order, before: orders.Order | None) -> None:
        """Takes an order as it is after an event, and as it was before it."""
        order_id, status = order.id, order.status
        self.orders[order_id] = order
        was = before is not None and before.status in _WORKING
        if status in _WORKING:
            if not was:
                group = self._working.get(order.symbol)
                if group is None:
                    group = self._working[order.symbol] = {}
                group[order_id] = None
        elif status is not _CREATED:
            if was:
                del self._working[order.symbol][order_id]
            else:
                self._working.setdefault(order.symbol, {})
            if was or before is None or before.status is _CREATED:
                self._done.append(order_id)
                if len(self._done) > DONE_ORDERS:
                    self._forget(self._done.popleft())

    def _forget(self, oldest: str) -> None:
        """Forgets the order that was done first."""
        gone = self.orders.pop(oldest)
        if gone.symbol in self.brackets:
            self._unbracket(gone.symbol)
        # For an order placed elsewhere the log is not asked: `session.fills`.
        if oldest.startswith(self.log):
            self._executions.pop(oldest, None)
        self.ledger.forget(oldest)

    def _apply_created(self, seq: int, data: records.LogCreated) -> None:
        self.log = data.log
        self.mode = data.mode
        self.broker = data.broker
        self.broker_account = data.account
        self.broker_began = data.began
        self.portfolio.cash = data.cash
        self.day_equity = data.cash
        self.places = data.venues
        for venue in data.venues:
            self.venues[venue.broker] = portfolio.Portfolio(venue.cash)

    def _apply_bar(self, seq: int, bar: market.MarketData) -> None:
        timestamp = bar.timestamp
        if timestamp > self._midnight:
            self._roll(timestamp)
        symbol = bar.symbol
        self.prices[symbol] = bar.close
        if self.quoted:
            self.quoted.discard(symbol)
        if self.stale:
            self._refresh(symbol, timestamp)
        if bar.closed:
            self.last_bar[symbol] = timestamp

    def _apply_trade(self, seq: int, trade: market.Trade) -> None:
        self._roll(trade.timestamp)
        self.prices[trade.symbol] = trade.price
        self.quoted.discard(trade.symbol)
        self._refresh(trade.symbol, trade.timestamp)

    def _apply_quote(self, seq: int, quote: market.Quote) -> None:
        symbol = quote.symbol
        if symbol in self.quoted or symbol not in self.prices:
            self._roll(quote.timestamp)
            self.prices[symbol] = quote.middle
            self.quoted.add(symbol)
            self._refresh(symbol, quote.timestamp)

    def _apply_issue(self, seq: int, issue: market.DataIssue) -> None:
        if issue.issue == market.STALE and issue.symbol:
            self.stale[issue.symbol] = issue.timestamp, issue.detail
        elif issue.issue == market.FRESH:
            self.stale.pop(issue.symbol, None)

    def _refresh(self, symbol: str, timestamp: int) -> None:
        """Takes a price for current that is newer than the last complaint."""
        if symbol in self.stale and timestamp > self.stale[symbol][0]:
            del self.stale[symbol]

    def _apply_signal(self, seq: int, signal: orders.Signal) -> None:
        price = self.prices.get(signal.symbol)
        self.ledger.signal(signal, price, self.time)
        if (
            signal.kind is not _ORDER
            and signal.is_exit
            and signal.symbol not in self.closing
            and self.exit_of(signal.strategy, signal.symbol) is None
            and any(self.own(signal.strategy, signal.symbol))
        ):
            self.exits[signal.order_id] = seq, signal

    def _apply_refusal(self, seq: int, refusal: records.Refusal) -> None:
        self.ledger.refused(refusal, self.time)

    def _apply_request(self, seq: int, order: orders.Order) -> None:
        self._put(order, self.orders.get(order.id))
        self.ledger.request(
            order,
            self.prices.get(order.symbol),
            self.last_bar.get(order.symbol),
            self.time,
        )
        if self.exits:
            self.exits.pop(order.id, None)
        if self.closing and self.closing.get(order.symbol) == order.id:
            del self.closing[order.symbol]

    def _apply_command(self, seq: int, given: events.CommandGiven) -> None:
        command = given.command
        if isinstance(command, commands.Protect):
            self._protect(seq, command)
            return
        if isinstance(command, commands.MoveStop):
            guarded = self.guards[command.symbol]
            guarded[command.strategy] = msgspec.structs.replace(
                guarded[command.strategy], stop=command.stop_price
            )
            return
        if isinstance(command, commands.WatchSymbol):
            self.watched += (command.symbol,)
            return
        if isinstance(command, commands.UnwatchSymbol):
            gone = command.symbol
            self.watched = tuple(s for s in self.watched if s != gone)
            return
        if not isinstance(command, commands.Flatten):
            return
        for nth, symbol in enumerate(self.exposed(), start=1):
            if command.symbol in (None, symbol):
                self.closing[symbol] = f'{self.log}-{seq}-0-{nth}'
                self.slices.pop(symbol, None)
                if command.share < 1:
                    self.slices[symbol] = command.share
        # The flatten takes the strategies' ways out over.
        for order_id, (_, signal) in list(self.exits.items()):
            if signal.symbol in self.closing:
                del self.exits[order_id]

    def _protect(self, seq: int, command: commands.Protect) -> None:
        """Puts a guard over a position, or takes it off."""
        symbol, owner = command.symbol, command.strategy
        self._unguard(symbol, owner)
        position = self._holdings(owner).positions.get(symbol)
        if command.is_empty or position is None or not position.quantity:
            return
        self.guards.setdefault(symbol, {})[owner] = protection.guard(
            f'{self.log}-{seq}', position, command, owner
        )

    def _unguard(self, symbol: str, owner: str) -> None:
        """Takes a guard off."""
        guarded = self.guards.get(symbol)
        if guarded is not None:
            guarded.pop(owner, None)
            if not guarded:
                del self.guards[symbol]

    def _check_guards(self, symbol: str) -> None:
        """Takes the guards off that have no position left to protect."""
        for owner, guard in list(self.guards.get(symbol, {}).items()):
            held = self._holdings(owner).quantity(symbol)
            if held * guard.side.sign >= 0:
                self._unguard(symbol, owner)

    def _apply_verdict(self, seq: int, verdict: records.Verdict) -> None:
        order = self.orders.get(verdict.order_id)
        if order is None or order.status is not _CREATED:
            return
        denied = verdict.decision is _DENY
        if denied:
            self.ledger.denied(order, self.time)
        status = _DENIED if denied else _SUBMITTED
        self._put(
            msgspec.structs.replace(
                order,
                status=status,
                resting=status,
                quantity=order.quantity if denied else verdict.quantity,
                message=verdict.message,
                updated=self.time,
                judged=seq,
            ),
            order,
        )
        if order.held and not denied:
            entries = self.brackets.setdefault(order.symbol, {})
            entries.setdefault(order.parent, 0.0)

    def _apply_update(self, seq: int, update: orders.OrderUpdate) -> None:
        order = self.orders[update.order_id]
        if update.status in _ASKED:
            self.messages.append((self.time, order.strategy, order.symbol))
        after = lifecycle.apply_update(order, update, self.time)
        self._put(after, order)
        if update.status is _DENIED:
            self.ledger.denied(order, self.time)
        if order.attaches:
            self._wake(after)
        if self.brackets or self.exits or self.closing:
            self._settle(order.strategy, order.symbol)

    def _apply_fill(self, seq: int, fill: orders.Fill) -> None:
        order = self.orders.get(fill.order_id)
        if order is not None and (
            order.status in orders.REFUSED or not checks.belongs(fill, order)
        ):
            order = None
        if order is not None:
            self.book_fill(fill, order)
            return
        self._note_execution(fill)
        self.portfolio.apply(fill)
        if self.guards:
            self._check_guards(fill.symbol)
        if self.venues:
            self.venues[fill.broker].apply(fill)

    def book_fill(
        self, fill: orders.Fill, order: orders.Order
    ) -> tuple[portfolio.Position, orders.Order, portfolio.Position | None]:
        """Books a fill of an order, as `apply` does of its event.

        Args:
            fill: What was traded.
            order: The order as it stands, whose symbol and side it is of.

        Returns:
            The position after it in the account, the order after it, and the
            position in the book of the order's strategy, if it is one's.
        """
        symbol, strategy = fill.symbol, order.strategy
        self._note_execution(fill)
        account = self.portfolio.positions.get(symbol)
        whole = self.portfolio.apply(fill)
        if self.venues:
            self.venues[fill.broker or order.broker].apply(fill)
        filled = lifecycle.apply_fill(order, fill, self.time)
        self._put(filled, order)
        after = None
        if strategy:
            book = self.books.get(strategy)
            if book is None:
                book = self.books[strategy] = portfolio.Portfolio()
            before = book.positions.get(symbol)
            # Where one strategy alone trades, its position is the account's.
            after = book.apply(fill, whole if before is account else None)
            if before is None:
                before = portfolio.Position(symbol=symbol)
            self.ledger.fill(strategy, fill, before, after, self.time)
        if order.parent or order.take_profit or order.stop_loss:
            self._bracket(filled, fill.quantity)
        if self.brackets or self.exits or self.closing:
            self._settle(strategy, symbol)
        if self.guards:
            self._check_guards(symbol)
        return whole, filled, after

    def book_whole(
        self, fill: orders.Fill, order: orders.Order
    ) -> tuple[portfolio.Position, orders.Order, portfolio.Position | None]:
        """Books a fill that is all there is of an order; as `book_fill`.

        Args:
            fill: What was traded.
            order: The order as it stands, accepted and not filled before; it
                has no exits and belongs to no group, and nothing waits.

        Returns:
            As there.
        """
        symbol, order_id = fill.symbol, order.id
        book = self.books.get(order.strategy)
        account = self.portfolio
        before = account.positions.get(symbol)
        if (
            book is None
            or before is None
            or before is not book.positions.get(symbol)
        ):
            # Others trade it too, or nobody has before.
            return self.book_fill(fill, order)
        after = account.apply(fill)
        book.apply(fill, after)
        filled = lifecycle.apply_fill(order, fill, self.time)
        self.orders[order_id] = filled
        self._executions[order_id] = (fill.execution_id,)
        del self._working[symbol][order_id]
        self._done.append(order_id)
        if len(self._done) > DONE_ORDERS:
            self._forget(self._done.popleft())
        self.ledger.fill(order.strategy, fill, before, after, self.time)
        return after, filled, after

    def _note_execution(self, fill: orders.Fill) -> None:
        seen = self._executions.get(fill.order_id, ())
        if isinstance(seen, set):
            seen.add(fill.execution_id)
        elif fill.execution_id not in seen:
            more = (*seen, fill.execution_id)
            self._executions[fill.order_id] = (
                more if len(more) <= FEW_FILLS else set(more)
            )

    def _apply_flow(self, seq: int, flow: records.CashFlow) -> None:
        self.portfolio.cash += flow.amount
        if flow.kind is records.FlowKind.ADJUSTMENT:
            self.peak += flow.amount
            self.day_equity += flow.amount
        if flow.broker:
            self.venues[flow.broker].cash += flow.amount
        for name, share in flow.shares.items():
            book = self.books.setdefault(name, portfolio.Portfolio())
            book.cash += share
            self.ledger.flow(name, flow.symbol, share, self.time)
        order = self.orders.get(flow.order_id)
        if order is not None:
            self.orders[order.id] = msgspec.structs.replace(
                order, fees=order.fees - flow.amount
            )

    def _apply_action(self, seq: int, action: records.CorporateAction) -> None:
        symbol = action.symbol
        corporate.book(self.portfolio, action, self.time)
        for venue in self.venues.values():
            corporate.book(venue, action, self.time)
        for name, book in self.books.items():
            before = book.positions.get(symbol)
            corporate.book(book, action, self.time)
            after = book.positions.get(symbol)
            if before is not None and after is not None:
                self.ledger.paid_out(name, before, after, self.time)
        if symbol in self.prices:
            price = corporate.price_after(self.prices[symbol], action)
            self.prices[symbol] = price
        if action.kind is records.ActionKind.SPLIT:
            for order_id in self._working.get(symbol, ()):
                order = self.orders[order_id]
                self.orders[order_id] = corporate.split_order(
                    order, action.ratio
                )
                self.ledger.split(order_id, action.ratio)
            for entry in self.brackets.get(symbol, ()):
                self.brackets[symbol][entry] *= action.ratio
            for owner, guard in self.guards.get(symbol, {}).items():
                self.guards[symbol][owner] = guard.split(action.ratio)
        self._check_guards(symbol)
        self._settle('', symbol)
        for _, signal in list(self.exits.values()):
            self._settle(signal.strategy, symbol)

    def _bracket(self, order: orders.Order, quantity: float) -> None:
        """Counts a fill of an order with exits, or of one of its exits."""
        entries = self.brackets.get(order.symbol)
        if order.parent:
            if entries is not None and order.parent in entries:
                left = entries[order.parent] - quantity
                entries[order.parent] = max(0.0, left)
            return
        self._wake(order)
        if entries is None:
            entries = self.brackets[order.symbol] = {}
        entries[order.id] = entries.get(order.id, 0.0) + quantity

    def _wake(self, entry: orders.Order) -> None:
        """Has exits at the broker wait for no more than an entry still brings.

        That is less with each fill, where it is made smaller, and in the end.
        """
        coming = entry.remaining if entry.is_working else 0.0
        for order in list(self.working(entry.symbol)):
            if order.parent == entry.id and order.held > coming:
                self.orders[order.id] = msgspec.structs.replace(
                    order, held=coming
                )

    def _unbracket(self, symbol: str) -> None:
        """Forgets what exits are to close where none works or can come."""
        entries = self.brackets[symbol]
        working = {order.parent for order in self.working(symbol)}
        for entry, units in list(entries.items()):
            order = self.orders.get(entry)
            if entry in working or (
                units > orders.DUST
                and order is not None
                and self._holdings(order.strategy).quantity(symbol)
            ):
                continue
            del entries[entry]
        if not entries:
            del self.brackets[symbol]

    def _holdings(self, strategy: str) -> portfolio.Portfolio:
        """Gives a strategy's book; the operator's is the account."""
        return self.book(strategy) if strategy else self.portfolio

    def _settle(self, strategy: str, symbol: str) -> None:
        """Forgets ways out that have nothing left to close."""
        if symbol in self.brackets:
            self._unbracket(symbol)
        if not self.exits and not self.closing:
            return
        order_id = self.exit_of(strategy, symbol)
        if order_id is not None and not (
            self.book(strategy).quantity(symbol)
            or any(self.own(strategy, symbol))
        ):
            del self.exits[order_id]
        if symbol in self.closing and not (
            self.portfolio.quantity(symbol) or any(self.working(symbol))
        ):
            del self.closing[symbol]

    def _apply_reconciliation(
        self, seq: int, found: records.Reconciliation
    ) -> None:
        kept = {
            name: each
            for name, each in self.differences.items()
            if found.broker and each.broker != found.broker
        }
        self.differences = kept | {each.id: each for each in found.differences}

    def _apply_rules(self, seq: int, rules: records.RuleSet) -> None:
        self.rules = (seq, rules)

    def _apply_trading(
        self, seq: int, change: records.TradingStateChange
    ) -> None:
        self.trading = change.state
        if change.state is not records.TradingState.REDUCING:
            # Ways out shrink positions, and may go on.
            self.closing.clear()
            self.exits.clear()
        self.halted_by = ''
        if change.state is not records.TradingState.TRADING:
            self.halted_by = f'{change.who}: {change.reason}'.rstrip(': ')
        if change.who.startswith(records.BY_RULE):
            self.acted[change.who] = self.time

    def _apply_system(self, seq: int, status: records.SystemStatus) -> None:
        if self.venues:
            self._note_link(status)
        # No strategy outlives its engine, even one that could not say so.
        if status.component == ENGINE:
            for name, last in self.strategies.items():
                if last.status in ALIVE:
                    self.strategies[name] = records.StrategyStatus(
                        strategy=name, status='stopped'
                    )

    def _note_link(self, status: records.SystemStatus) -> None:
        """Notes since when a broker is not connected."""
        _, _, broker = status.component.partition(BROKER)
        if status.component == ENGINE:
            # A new one connects anew.
            self.lost = dict.fromkeys(self.venues, self.time)
        elif broker in self.venues and status.status in LINKED:
            self.lost.pop(broker, None)
        elif broker in self.venues:
            self.lost.setdefault(broker, self.time)

    def _apply_strategy(self, seq: int, status: records.StrategyStatus) -> None:
        self.strategies[status.strategy] = status
        if status.parameters:
            self.parameters[status.strategy] = status.parameters
        elif status.parameters is not None:
            self.parameters.pop(status.strategy, None)

    def _apply_saved(self, seq: int, saved: records.StrategyState) -> None:
        self.saved[saved.strategy] = saved
