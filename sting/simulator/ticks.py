"""A simulated market on quotes and trades, and on bars where there are none."""

from collections.abc import Callable
from collections.abc import Iterable
from typing import Final

from sting.model import costs as costs_lib
from sting.model import market as market_model
from sting.model import orders
from sting.model import timeframes
from sting.simulator import fills
from sting.simulator import market
from sting.simulator import resting

# What a quote or a trade is to an order: a bar of one price.
_TICK: Final = timeframes.traded_name('tick', 1)
# So many places in line are kept, at least, before those of orders that are
# gone are forgotten.
_FEW: Final = 64
# By what came of an order, as `fills` has it.
_QUOTED: Final = ('', 'touch', 'limit', 'stop', 'stop', 'close')


class TickMarket(market.MarketSimulator):
    """Works orders on what is asked and bid; on bars as its base does.

    A market order gets the other side's price, at most the size that is shown
    there, and the rest on quotes that come later. What was taken of a side is
    gone until its price or its size changes. A limit order fills at the other
    side's price once that crosses it; a stop is triggered by the side that it
    would trade with. A size of 0 is one that is not known, and fills whole.

    A limit order that rests at the best price stands behind the size that was
    there when it came, which trades at its price and cancels in front of it
    shorten; what is traded beyond that, or through its price, fills it at its
    limit, up to the size of the trade. Where its place is not known, as below
    the best price or after a restart, it is the last one once the best price
    is there.

    Where there are trades and no quotes, a trade is a bar of one price, which
    fills limits only beyond their price.

    An order fills at most once at one moment. A bar fills the orders of a
    symbol only if nothing was quoted or traded within it. Nothing slips from
    what is asked and bid.
    """

    def __init__(
        self,
        costs: costs_lib.CostModel | None = None,
        *,
        participation: float = 0.25,
        session_close: Callable[[int], int] | None = None,
        session_open: Callable[[int], int] | None = None,
    ) -> None:
        """Opens the market, without orders; arguments as of the base.

        Raises:
            errors.ConfigError: The participation is no share.
        """
        super().__init__(
            costs,
            participation=participation,
            session_close=session_close,
            session_open=session_open,
        )
        self._share = participation
        self._bar_tags = self._floor.tags
        self._quotes: dict[str, market_model.Quote] = {}
        # When a symbol was last quoted or traded.
        self._seen: dict[str, int] = {}
        # By symbol and side, what was taken of what is shown there now.
        self._taken: dict[tuple[str, orders.OrderSide], float] = {}
        # By order, what stands before it; none where that is not known.
        self._ahead: dict[str, float] = {}

    def submit(
        self, order: orders.Order, timestamp: int
    ) -> list[market.Report]:
        """Takes a new order; see the base. It joins the line at its price."""
        reports = super().submit(order, timestamp)
        self._queue([order.id])
        return reports

    def replace(
        self,
        order_id: str,
        timestamp: int,
        quantity: float | None = None,
        price: float | None = None,
        stop_price: float | None = None,
    ) -> list[market.Report]:
        """Changes an order; at another price, or for more, it is the last."""
        entry = self._floor.find(order_id)
        moves = (price is not None and price != entry.price) or (
            quantity is not None and quantity > entry.quantity
        )
        reports = super().replace(
            order_id, timestamp, quantity, price, stop_price
        )
        if moves:
            self._ahead.pop(order_id, None)
            self._queue([order_id])
        return reports

    def on_bar(self, bar: market_model.MarketData) -> list[market.Report]:
        """Holds the symbol's orders against a bar, where it has no ticks."""
        opened = bar.timestamp - timeframes.length(bar.timeframe)
        if self._seen.get(bar.symbol, opened) <= opened:
            return super().on_bar(bar)
        reports: list[market.Report] = []
        if not bar.closed:
            return reports
        self._closes[bar.symbol] = bar.close
        line = [
            each
            for each in self._floor.by_symbol.get(bar.symbol, {}).values()
            if each.order.type in orders.ON_CLOSE
        ]
        self._floor.groups.begin()
        # The close is what a bar says, and no quote.
        self._floor.hold(bar, line, reports)
        if self._charges is not None:
            self._charges.show(bar)
        return reports

    def on_quote(self, quote: market_model.Quote) -> list[market.Report]:
        """Holds the symbol's orders against a quote.

        Args:
            quote: What is asked and bid.

        Returns:
            What became of the orders, first of the buys and then of the sells,
            each in order of arrival.
        """
        symbol = quote.symbol
        before = self._quotes.get(symbol)
        self._quotes[symbol] = quote
        self._seen[symbol] = quote.timestamp
        reports: list[market.Report] = []
        for side in (orders.OrderSide.BUY, orders.OrderSide.SELL):
            key = symbol, side
            shown = _shown(quote, side)
            if before is None or _shown(before, side) != shown:
                self._taken[key] = 0.0
            line = self._line(symbol, quote.timestamp, side)
            if not line:
                continue
            price, size = shown
            left = max(0.0, size - self._taken[key]) if size else float('inf')
            told = self._hold(symbol, quote.timestamp, price, left, line)
            self._taken[key] += _quantity(told)
            reports += told
        self._queue(self._floor.by_symbol.get(symbol, ()))
        return reports

    def on_trade(self, trade: market_model.Trade) -> list[market.Report]:
        """Holds the symbol's orders against a trade.

        Args:
            trade: What was traded.

        Returns:
            What became of the orders, in order of arrival.
        """
        symbol = trade.symbol
        self._seen[symbol] = trade.timestamp
        line = self._line(symbol, trade.timestamp)
        if symbol not in self._quotes:
            line = [
                each
                for each in line
                if each.price != trade.price or not _rests(each)
            ]
            return self._hold(
                symbol, trade.timestamp, trade.price, trade.size, line
            )
        reports: list[market.Report] = []
        left = trade.size
        for entry in line:
            if entry.order.id in self._floor.by_id and _rests(entry):
                told = self._meet(entry, trade, left)
                left -= _quantity(told)
                reports += told
        return reports

    def _meet(
        self, entry: resting.Resting, trade: market_model.Trade, left: float
    ) -> list[market.Report]:
        """Holds an order that rests at its limit against a trade."""
        beyond = entry.sign * (entry.price - trade.price)
        if beyond < 0.0:
            return []
        if beyond == 0.0:
            ahead = self._ahead.get(entry.order.id)
            if ahead is None:
                return []
            self._ahead[entry.order.id] = max(0.0, ahead - trade.size)
            left = min(left, trade.size - ahead)
        if left <= orders.DUST:
            return []
        return self._hold(
            trade.symbol, trade.timestamp, entry.price, left, [entry]
        )

    def _line(
        self, symbol: str, now: int, side: orders.OrderSide | None = None
    ) -> list[resting.Resting]:
        """Gives the orders that may fill now, in order of arrival.

        The id of a fill has its moment in it, so there is one a moment.
        """
        return [
            each
            for each in self._floor.by_symbol.get(symbol, {}).values()
            if (side is None or each.order.side is side)
            and not (each.filled and each.updated >= now)
        ]

    def _hold(
        self,
        symbol: str,
        now: int,
        price: float,
        size: float,
        line: list[resting.Resting],
    ) -> list[market.Report]:
        """Holds orders against one price, of which there is so much."""
        reports: list[market.Report] = []
        floor = self._floor
        floor.groups.begin()
        floor.tags, floor.pricing.at_touch = _QUOTED, True
        try:
            floor.hold(
                market_model.MarketData(
                    symbol,
                    now,
                    price,
                    price,
                    price,
                    price,
                    # The floor gives a share of it, as of a bar.
                    size / self._share,
                    _TICK,
                ),
                line,
                reports,
            )
        finally:
            floor.tags, floor.pricing.at_touch = self._bar_tags, False
        for entry in line:
            if entry.order.id not in floor.by_id:
                self._ahead.pop(entry.order.id, None)
        return reports

    def _queue(self, order_ids: Iterable[str]) -> None:
        """Says what stands before orders at their limits, where it shows."""
        known = self._floor.by_id
        if len(self._ahead) > 2 * len(known) + _FEW:
            self._ahead = {k: v for k, v in self._ahead.items() if k in known}
        for order_id in order_ids:
            entry = known.get(order_id)
            if entry is None or not _rests(entry):
                continue
            quote = self._quotes.get(entry.order.symbol)
            if quote is None:
                continue
            price, size = _shown(quote, entry.order.side.opposite)
            better = entry.sign * (entry.price - price)
            if better > 0.0:
                # It is the best price by itself.
                self._ahead[order_id] = 0.0
            elif better == 0.0:
                before = self._ahead.get(order_id, size)
                self._ahead[order_id] = min(before, size)


def _rests(entry: resting.Resting) -> bool:
    """Whether it waits at its limit; not for an auction."""
    return (
        not entry.due
        and entry.is_live
        and entry.kind in (fills.LIMIT, fills.STOP_LIMIT)
    )


def _shown(
    quote: market_model.Quote, side: orders.OrderSide
) -> tuple[float, float]:
    """Gives the price that an order gets, and how much there is of it."""
    if side is orders.OrderSide.BUY:
        return quote.ask, quote.ask_size
    return quote.bid, quote.bid_size


def _quantity(reports: Iterable[market.Report]) -> float:
    return sum(
        each.quantity for each in reports if isinstance(each, orders.Fill)
    )
