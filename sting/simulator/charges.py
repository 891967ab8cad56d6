"""A cost model at work that has to remember, and what a fill pays by it.

Where a fill and its order say all, the market asks `commissions` and
`slippage` itself.
"""

from collections.abc import Mapping

from sting.model import costs
from sting.model import market
from sting.simulator import commissions
from sting.simulator import fills
from sting.simulator import running
from sting.simulator import slippage


class Charges:
    """Prices and fees of fills, by a cost model.

    It sees a bar after the orders were held against it, so what it remembers
    is of bars before the fill's.
    """

    def __init__(self, model: costs.CostModel) -> None:
        """Begins without bars and without volume traded.

        Args:
            model: What is charged.
        """
        self._model = model
        self._commission = model.commission or costs.Commission(
            bps=model.commission_bps
        )
        # Without impact, and where no bars are looked back on.
        self._slip: slippage.Slip | None = None
        if model.impact is None and isinstance(
            model.slippage, costs.Spread | None
        ):
            self._slip = slippage.slip_of_model(model)
        self._closes: dict[str, float] = {}
        self._ranges: dict[str, running.MeanRange] = {}
        self._days: dict[str, running.DailyFigures] = {}
        # The calendar month, and the units that were traded in it.
        self._month = (0, 0)
        self._traded = 0.0

    def restore(self, closes: Mapping[str, float]) -> None:
        """Takes the last closes, for a restart.

        What else it remembers begins anew: ranges, days and the month.

        Args:
            closes: By symbol.
        """
        self._closes.update(closes)

    def show(self, bar: market.MarketData) -> None:
        """Takes a closed bar, after its fills."""
        symbol = bar.symbol
        self._closes[symbol] = bar.close
        model = self._model.slippage
        if isinstance(model, costs.Volatility):
            ranges = self._ranges.get(symbol)
            if ranges is None:
                ranges = self._ranges[symbol] = running.MeanRange(model.bars)
            ranges.show(bar)
        if self._model.impact is not None:
            self._daily(symbol, self._model.impact).show(bar)

    def split(self, symbol: str, ratio: float) -> None:
        """Restates the past of a symbol after a split.

        Args:
            symbol: The instrument.
            ratio: New units for one old.
        """
        if symbol in self._closes:
            self._closes[symbol] /= ratio
        for figures in (self._ranges.get(symbol), self._days.get(symbol)):
            if figures is not None:
                figures.split(ratio)

    def is_maker(self, symbol: str, sign: int, limit: float, code: int) -> bool:
        """Whether a limit order that fills had rested in the book.

        It had where a bar came to its price, and where a bar opened beyond it
        that the close before had not reached.

        Args:
            symbol: The instrument.
            sign: 1 for a buy, -1 for a sell.
            limit: Its price; 0 without one.
            code: What came of it, as `fills` has it.
        """
        if code == fills.AT_LIMIT:
            return True
        before = self._closes.get(symbol)
        if not limit or code != fills.AT_OPEN or before is None:
            return False
        return sign * before > sign * limit

    def price(
        self,
        bar: market.MarketData,
        sign: int,
        price: float,
        quantity: float,
        size: float,
    ) -> float:
        """Gives the price of a fill that takes liquidity.

        Args:
            bar: The bar that fills.
            sign: 1 for a buy, -1 for a sell.
            price: Price a unit, by the fill rule.
            quantity: Units of the fill.
            size: Units of the whole order.

        Returns:
            Price a unit: higher for a buy, lower for a sell.
        """
        if self._slip is not None:
            return slippage.paid(price, sign, self._slip)
        lost = self._slippage(bar, price, quantity)
        impact = self._model.impact
        if impact is not None:
            deviation, volume = self._daily(bar.symbol, impact).at(
                bar.timestamp
            )
            lost += slippage.square_root(
                price, impact.coefficient, deviation, size, volume
            )
        return slippage.worse(price, sign, lost)

    def fee(
        self,
        fill: market.MarketData,
        sign: int,
        maker: bool,
        quantity: float,
        price: float,
        filled: float,
        average: float,
    ) -> float:
        """Gives what a fill is charged, and counts it for the month.

        Args:
            fill: The bar that fills.
            sign: 1 for a buy, -1 for a sell.
            maker: The order rested in the book.
            quantity: Units of the fill.
            price: Price a unit.
            filled: Units of the order filled before.
            average: Their mean price.

        Returns:
            In the account's currency; below 0 only for a rebate.
        """
        given = self._commission
        if given.tiers:
            when = fill.time
            if self._month != (when.year, when.month):
                self._month, self._traded = (when.year, when.month), 0.0
        rates = commissions.rates_of(given, maker, self._traded, quantity)
        self._traded += quantity
        owed = commissions.step(quantity, price, filled, average, rates)
        return owed + commissions.levies(
            given.levies, sign, maker, quantity, price
        )

    def _daily(self, symbol: str, impact: costs.Impact) -> running.DailyFigures:
        found = self._days.get(symbol)
        if found is None:
            found = self._days[symbol] = running.DailyFigures(impact.days)
        return found

    def _slippage(
        self, bar: market.MarketData, price: float, quantity: float
    ) -> float:
        """Gives what a unit loses, in units of the price."""
        model = self._model.slippage
        if isinstance(model, costs.Spread):
            return slippage.half_spread(price, model.bps, model.amount)
        if isinstance(model, costs.Volatility):
            ranges = self._ranges.get(bar.symbol)
            mean = 0.0 if ranges is None else ranges.value()
            return slippage.volatility_share(mean, model.share)
        if isinstance(model, costs.Volume):
            return slippage.volume_share(
                price, quantity, bar.volume, model.coefficient, model.exponent
            )
        return price * self._model.slippage_bps / costs.BASIS_POINTS
