"""How each strategy does, folded from the events that the state takes.

Nothing here grows with the number of trades, and market data cost nothing:
profit that is not realized follows from a strategy's book and the last prices.
"""

from collections.abc import Mapping
import math

import msgspec

from sting.model import market
from sting.model import orders
from sting.model import portfolio
from sting.model import records
from sting.model import views

# Losses that are remembered of each strategy.
LOSSES = 64
# What stops these was traded before, or never was to be traded.
_CANCEL = orders.SignalKind.CANCEL
_NO_TRADE = frozenset({records.Gate.DUPLICATE, records.Gate.CANCEL})


class Tally(msgspec.Struct):
    """What a strategy has done so far.

    Attributes:
        since: Time of the first event that is counted, nanoseconds, UTC.
        signals: What it wanted, cancels too.
        made: Orders made of that.
        denied: Of these, the ones kept back by risk or by the stop.
        untraded: Signals that became no order.
        fills: Fills.
        trips: Round trips that ended.
        wins: Of these, the ones with a profit after fees.
        compared: Value at the prices of the decisions of what was filled.
        slippage: What it cost to trade at other prices than these, in the
            account's currency; below 0 it was a gain.
        timed: Orders whose symbol had a bar before.
        delay: Nanoseconds from the close of that bar to the order, in all.
        income: Cash that came without a fill: dividends, interest and what
            borrowing costs; below 0 it went.
        won_trips: Round trips with a profit, of those counted here.
        counted: Round trips that `won` and `lost` are of.
        won: What they made, after fees.
        lost: What the others lost, after fees.
        opened: By symbol that is not flat, realized profit and fees when the
            position left flat.
    """

    since: int = 0
    signals: int = 0
    made: int = 0
    denied: int = 0
    untraded: int = 0
    fills: int = 0
    trips: int = 0
    wins: int = 0
    compared: float = 0.0
    slippage: float = 0.0
    timed: int = 0
    delay: int = 0
    income: float = 0.0
    won_trips: int = 0
    counted: int = 0
    won: float = 0.0
    lost: float = 0.0
    opened: dict[str, tuple[float, float]] = msgspec.field(default_factory=dict)

    def trade(
        self,
        fill: orders.Fill,
        before: portfolio.Position,
        after: portfolio.Position,
    ) -> None:
        """Counts a fill, and the round trip that it ends.

        The fee of a fill that reverses a position is shared between the trip
        that it ends and the one that it begins, by quantity.

        Args:
            fill: What was traded.
            before: The position in the strategy's book.
            after: The same after the fill.
        """
        self.fills += 1
        held = before.quantity
        if not held:
            self.opened[fill.symbol] = before.realized, before.fees
            return
        if after.quantity * held > 0:
            return
        share = fill.fee * min(abs(held) / fill.quantity, 1.0)
        realized, fees = self.opened.pop(fill.symbol, (0.0, 0.0))
        gained = after.realized - realized - (before.fees + share - fees)
        self._ended(gained)
        if after.quantity:
            self.opened[fill.symbol] = after.realized, before.fees + share

    def flow(self, symbol: str, amount: float) -> None:
        """Counts cash without a fill; a round trip under way has gained it.

        Args:
            symbol: The instrument that it is of; empty for none.
            amount: In the account's currency; what comes in is above 0.
        """
        self.income += amount
        if symbol in self.opened:
            realized, fees = self.opened[symbol]
            self.opened[symbol] = realized - amount, fees

    def paid_out(
        self, before: portfolio.Position, after: portfolio.Position
    ) -> None:
        """Counts the round trip that ends without a fill.

        Args:
            before: The position in the strategy's book.
            after: The same, flat.
        """
        realized, fees = self.opened.pop(before.symbol, (0.0, 0.0))
        self._ended(after.realized - realized - (before.fees - fees))

    def _ended(self, gained: float) -> None:
        """Counts a round trip by what it gained after fees."""
        self.trips += 1
        self.counted += 1
        if gained > 0:
            self.wins += 1
            self.won_trips += 1
            self.won += gained
        else:
            self.lost -= gained


class Ledger(msgspec.Struct):
    """The tallies of all strategies.

    Attributes:
        tallies: By strategy.
        decided: By order, the last price when it was decided; of all orders
            of strategies that the state remembers or waits for.
        losses: By strategy, its last round trips that lost: when they ended,
            nanoseconds since the epoch, and in which symbol.
    """

    tallies: dict[str, Tally] = msgspec.field(default_factory=dict)
    decided: dict[str, float] = msgspec.field(default_factory=dict)
    losses: dict[str, list[tuple[int, str]]] = msgspec.field(
        default_factory=dict
    )

    def copy(self) -> 'Ledger':
        """Gives one that does not change with this one."""
        return Ledger(
            {
                name: msgspec.structs.replace(each, opened=dict(each.opened))
                for name, each in self.tallies.items()
            },
            dict(self.decided),
            {name: list(each) for name, each in self.losses.items()},
        )

    def of(self, strategy: str, time: int) -> Tally:
        """Gives a strategy's tally; it begins now if there is none.

        Args:
            strategy: The instance's name.
            time: Nanoseconds since the epoch, UTC.
        """
        tally = self.tallies.get(strategy)
        if tally is None:
            tally = self.tallies[strategy] = Tally(since=time)
        return tally

    def signal(
        self, signal: orders.Signal, price: float | None, time: int
    ) -> None:
        """Counts a signal.

        Args:
            signal: What a strategy wants.
            price: The symbol's last price, if there is one.
            time: Nanoseconds since the epoch, UTC.
        """
        tally = self.tallies.get(signal.strategy)
        if tally is None:
            tally = self.of(signal.strategy, time)
        tally.signals += 1
        if price is not None and signal.kind is not _CANCEL:
            self.decided[signal.order_id] = price

    def refused(self, refusal: records.Refusal, time: int) -> None:
        """Counts a signal that becomes no order."""
        tally = self.of(refusal.strategy, time)
        # One that has an event was counted by it.
        tally.signals += refusal.signal is not None
        if refusal.gate not in _NO_TRADE:
            tally.untraded += 1
            self.decided.pop(refusal.order_id, None)

    def request(
        self,
        order: orders.Order,
        price: float | None,
        closed: int | None,
        time: int,
    ) -> None:
        """Counts an order; the operator's are no strategy's.

        Args:
            order: What is about to be judged.
            price: The symbol's last price, for one that no signal asked for.
            closed: When the symbol's last bar closed, if there is one.
            time: Nanoseconds since the epoch, UTC.
        """
        if not order.strategy:
            return
        tally = self.tallies.get(order.strategy)
        if tally is None:
            tally = self.of(order.strategy, time)
        tally.made += 1
        # The market is meant to move before an attached exit fills.
        if price is not None and not order.parent:
            self.decided.setdefault(order.id, price)
        if closed is not None:
            tally.timed += 1
            tally.delay += time - closed

    def denied(self, order: orders.Order, time: int) -> None:
        """Counts an order that was kept back."""
        if order.strategy:
            self.of(order.strategy, time).denied += 1

    def fill(
        self,
        strategy: str,
        fill: orders.Fill,
        before: portfolio.Position,
        after: portfolio.Position,
        time: int,
    ) -> None:
        """Counts a fill of a strategy's order.

        Args:
            strategy: The instance's name.
            fill: What was traded.
            before: The position in the strategy's book.
            after: The same after the fill.
            time: Nanoseconds since the epoch, UTC.
        """
        tally = self.tallies.get(strategy)
        if tally is None:
            tally = self.of(strategy, time)
        lost = tally.lost
        tally.trade(fill, before, after)
        if tally.lost > lost:
            losses = self.losses.setdefault(strategy, [])
            losses.append((time, fill.symbol))
            del losses[:-LOSSES]
        decided = self.decided.get(fill.order_id)
        if decided is not None:
            quantity = fill.quantity
            worse = fill.side.sign * (fill.price - decided)
            tally.slippage += worse * quantity
            tally.compared += decided * quantity

    def flow(self, strategy: str, symbol: str, share: float, time: int) -> None:
        """Counts what of a cash flow is a strategy's.

        Args:
            strategy: The instance's name.
            symbol: The instrument that it is of; empty for none.
            share: In the account's currency; what comes in is above 0.
            time: Nanoseconds since the epoch, UTC.
        """
        self.of(strategy, time).flow(symbol, share)

    def paid_out(
        self,
        strategy: str,
        before: portfolio.Position,
        after: portfolio.Position,
        time: int,
    ) -> None:
        """Counts a position that a corporate action has closed, if it has.

        Args:
            strategy: The instance's name.
            before: The position in the strategy's book.
            after: The same after the action.
            time: Nanoseconds since the epoch, UTC.
        """
        if before.quantity and not after.quantity:
            self.of(strategy, time).paid_out(before, after)

    def split(self, order_id: str, ratio: float) -> None:
        """Gives the price of a decision in the units after a split.

        Args:
            order_id: A working order.
            ratio: New units for one old, above 0.
        """
        if order_id in self.decided:
            self.decided[order_id] /= ratio

    def forget(self, order_id: str) -> None:
        """Forgets the decision of an order that the state forgets."""
        self.decided.pop(order_id, None)


def picture(
    tally: Tally, book: portfolio.Portfolio, prices: Mapping[str, float]
) -> views.Performance:
    """Gives what screens show of a strategy's doing.

    Args:
        tally: What it has done.
        book: Its own book.
        prices: Last price by symbol.

    Returns:
        The figures; ratios of nothing are None.
    """
    trips, compared, timed = tally.trips, tally.compared, tally.timed
    held = [book.positions[symbol] for symbol in book.held]
    return views.Performance(
        since=tally.since,
        realized=book.realized(),
        unrealized=math.fsum(
            each.unrealized(prices.get(each.symbol, each.average_price))
            for each in held
        ),
        fees=book.fees(),
        income=tally.income,
        signals=tally.signals,
        orders=tally.made,
        denied=tally.denied,
        untraded=tally.untraded,
        fills=tally.fills,
        trips=trips,
        wins=tally.wins,
        hit_rate=tally.wins / trips if trips else None,
        slippage=tally.slippage,
        slippage_bps=tally.slippage / compared * 1e4 if compared else None,
        bar_to_order_s=(
            tally.delay / timed / market.NANOSECONDS if timed else None
        ),
    )
