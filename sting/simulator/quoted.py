"""A simulated market that works orders on quotes."""

from collections.abc import Callable
import math
from typing import NamedTuple

from sting.model import costs as costs_lib
from sting.model import errors
from sting.model import market as market_model
from sting.model import orders
from sting.model import timeframes
from sting.simulator import fills
from sting.simulator import market

_STOPS = (fills.STOP, fills.STOP_LIMIT)
_LIMITS = (fills.LIMIT, fills.STOP_LIMIT)
# What a quote is to an order: a bar of one price.
TIMEFRAME = timeframes.traded_name('tick', 1)
# By what came of an order, as `fills` has it.
_TAGS = ('', 'quote', 'limit', 'stop', 'stop', 'close')


class Band(NamedTuple):
    """Inside of which quotes lead to nothing; the prices are outside of it.

    Attributes:
        low_bid: Of the bid, and so on.
        high_bid: Of the bid.
        low_ask: Of the ask.
        high_ask: Of the ask.
        last: The last stamp, nanoseconds since the epoch, UTC.
    """

    low_bid: float
    high_bid: float
    low_ask: float
    high_ask: float
    last: float


class QuotedMarket(market.MarketSimulator):
    """Works orders on quotes, by the rules for bars.

    To an order a quote is a bar that opens, stands and closes at the one price
    that the order would get: the ask for a buy, the bid for a sell. So a market
    order fills at the first quote stamped later than its decision, a limit
    where the other side reaches it, a stop is triggered by the side that it
    would trade with and fills there, and a trailing stop follows that side.
    All orders of a side together get at most a share of the size there, in
    order of arrival; a size of 0 is one that is not known, and fills them
    whole. A quote leaves nothing open, so that there are no modes of filling.

    Of several orders that can only fill together with the loss of others, buys
    come first.
    """

    def __init__(
        self,
        costs: costs_lib.CostModel | None = None,
        *,
        participation: float = 0.25,
        session_close: Callable[[int], int] | None = None,
        session_open: Callable[[int], int] | None = None,
    ) -> None:
        """Opens the market, without orders.

        Args:
            costs: What it charges beside the spread; None for nothing.
            participation: Share of a quote's size, above 0 and at most 1.
            session_close: As for bars, and so is the other.
            session_open: Of openings.

        Raises:
            errors.ConfigError: The participation is no share, or the costs
                look back on bars.
        """
        model = costs or costs_lib.CostModel()
        if model.impact is not None or not isinstance(
            model.slippage, costs_lib.Spread | None
        ):
            raise errors.ConfigError(
                'slippage and impact that look at the volume and the ranges of '
                'bars do not work on quotes, which have the spread; leave them '
                'out of the costs, or give bars'
            )
        super().__init__(
            model,
            participation=participation,
            session_close=session_close,
            session_open=session_open,
        )
        self._floor.tags = _TAGS
        self._quotes: dict[str, market_model.Quote] = {}

    def pass_over(
        self, stretch: market_model.Stretch, start: int, end: int
    ) -> None:
        """Takes quotes of symbols that have no order here; as of bars."""
        if stretch.of_one and start < end:
            self._quotes[stretch.symbols[0]] = stretch.bars[end - 1]
            return
        rows = slice(start, end)
        self._quotes.update(
            zip(stretch.symbols[rows], stretch.bars[rows], strict=True)
        )

    def submit(
        self, order: orders.Order, timestamp: int
    ) -> list[market.Report]:
        """Takes a new order; as on bars, but none for the close of a bar."""
        if order.type in orders.ON_CLOSE:
            return [
                orders.OrderUpdate(
                    order_id=order.id,
                    status=orders.OrderStatus.REJECTED,
                    message='quotes have no close, for which a '
                    f'{order.type} order waits; send another kind',
                )
            ]
        quote = self._quotes.get(order.symbol)
        if quote is not None:
            # A trailing stop begins at the side that it follows.
            self._closes[order.symbol] = _side(quote, order.side)[0]
        return super().submit(order, timestamp)

    def band(self, symbol: str) -> Band | None:
        """Gives the quotes that change nothing for what works of a symbol.

        Args:
            symbol: The instrument.

        Returns:
            What the limits and stops that wait leave free; None where any
            quote may change something.
        """
        if self._delay:
            return None
        low_bid = low_ask = -math.inf
        high_bid = high_ask = last = math.inf
        for entry in self._floor.by_symbol.get(symbol, {}).values():
            if entry.trails or entry.immediate or entry.due:
                return None
            if entry.expires is not None:
                last = min(last, entry.expires)
            waits = entry.kind in _STOPS and not entry.triggered
            if not waits and entry.kind not in _LIMITS:
                return None
            buys = entry.sign > 0
            if waits and buys:
                high_ask = min(high_ask, entry.stop_price)
            elif waits:
                low_bid = max(low_bid, entry.stop_price)
            elif buys:
                low_ask = max(low_ask, entry.price)
            else:
                high_bid = min(high_bid, entry.price)
        return Band(low_bid, high_bid, low_ask, high_ask, last)

    def on_quote(self, quote: market_model.Quote) -> list[market.Report]:
        """Holds the symbol's orders against a quote.

        Args:
            quote: The quote.

        Returns:
            What became of the orders, first of the buys and then of the sells,
            each in order of arrival.
        """
        symbol = quote.symbol
        before = self._quotes.get(symbol)
        self._quotes[symbol] = quote
        entries = self._floor.by_symbol.get(symbol)
        reports: list[market.Report] = []
        if entries is None:
            return reports
        line = list(entries.values())
        self._floor.groups.begin()
        for sign, side in (
            (fills.BUY, orders.OrderSide.BUY),
            (fills.SELL, orders.OrderSide.SELL),
        ):
            own = [each for each in line if each.sign == sign]
            if not own:
                continue
            if self._charges is not None and before is not None:
                # Who was in the book first shows in the quote before.
                self._charges.restore({symbol: _side(before, side)[0]})
            self._floor.hold(_as_bar(quote, side), own, reports)
        return reports


def _side(
    quote: market_model.Quote, side: orders.OrderSide
) -> tuple[float, float]:
    """Gives the price that an order gets, and how much there is of it."""
    if side is orders.OrderSide.BUY:
        return quote.ask, quote.ask_size
    return quote.bid, quote.bid_size


def _as_bar(
    quote: market_model.Quote, side: orders.OrderSide
) -> market_model.MarketData:
    """Gives what a quote is to the orders of a side."""
    price, size = _side(quote, side)
    return market_model.MarketData(
        quote.symbol,
        quote.timestamp,
        price,
        price,
        price,
        price,
        size or float('inf'),
        TIMEFRAME,
    )
