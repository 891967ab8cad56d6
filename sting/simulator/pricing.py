"""What a fill is priced at, and what it is charged."""

from sting.model import costs
from sting.model import market
from sting.simulator import charges as charges_lib
from sting.simulator import commissions
from sting.simulator import resting
from sting.simulator import slippage


class Pricing:
    """Prices fills by a cost model.

    Attributes:
        charges: What has to see every bar; None where a fill and its order
            say all.
        at_touch: Prices are what is asked and bid, which nothing slips from.
    """

    def __init__(self, model: costs.CostModel) -> None:
        """Begins without bars.

        Args:
            model: What is charged.
        """
        self.charges: charges_lib.Charges | None = None
        self.at_touch = False
        self._rates, self._slip = commissions.FREE, slippage.NONE
        self._slips = False
        if model.is_scalar:
            self._rates = commissions.rates_of_model(model)
            self._slip = slippage.slip_of_model(model)
            self._slips = self._slip != slippage.NONE
        else:
            self.charges = charges_lib.Charges(model)

    def paid(
        self,
        entry: resting.Resting,
        bar: market.MarketData,
        quantity: float,
        price: float,
        code: int,
    ) -> tuple[float, float]:
        """Gives a fill's price and fee.

        Args:
            entry: The order, as it was before.
            bar: The bar that fills.
            quantity: Units of the fill.
            price: Price a unit, by the fill rule.
            code: What came of it, as `fills` has it.
        """
        slips = entry.slips and not self.at_touch
        if self.charges is not None:
            return _charged(
                self.charges, entry, bar, quantity, price, code, slips=slips
            )
        if self._slips and slips:
            price = slippage.paid(price, entry.sign, self._slip)
        return price, commissions.step(
            quantity, price, entry.filled, entry.average, self._rates
        )


def _charged(
    charges: charges_lib.Charges,
    entry: resting.Resting,
    bar: market.MarketData,
    quantity: float,
    price: float,
    code: int,
    *,
    slips: bool,
) -> tuple[float, float]:
    """Gives a fill's price and fee where basis points do not say it."""
    sign = entry.sign
    maker = False
    if slips:
        price = charges.price(bar, sign, price, quantity, entry.quantity)
    elif not entry.slips:
        maker = charges.is_maker(bar.symbol, sign, entry.price, code)
    fee = charges.fee(
        bar, sign, maker, quantity, price, entry.filled, entry.average
    )
    return price, fee
