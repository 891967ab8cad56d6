"""All rules that risk.yaml can name under `scoped`."""

from collections.abc import Mapping

from sting.risk import exposure
from sting.risk import outside
from sting.risk import rules
from sting.risk import scopes
from sting.risk import traffic

OF_ACCOUNT: Mapping[str, type[rules.AccountRule]] = {
    rule.name: rule
    for rule in (
        rules.MaxOrderNotional,
        rules.MaxPosition,
        rules.MaxPositionNotional,
        rules.PriceCollar,
        rules.BuyingPower,
        exposure.GrossExposure,
        exposure.Concentration,
        exposure.NoShort,
        exposure.Shortable,
        exposure.Restricted,
    )
}
OF_SCOPE: Mapping[str, type[scopes.ScopedRule]] = {
    rule.name: rule
    for rule in (
        exposure.NetExposure,
        exposure.DailyLoss,
        exposure.DailyDrawdown,
        exposure.Drawdown,
        traffic.OrderRate,
        traffic.MessageRate,
        traffic.RepeatedOrders,
        traffic.CancelRatio,
        traffic.MaxOpenOrders,
        traffic.SelfTrade,
        traffic.MaxBarAge,
        outside.SessionHours,
        outside.Volatility,
        outside.ValueAtRisk,
        outside.Correlation,
    )
}
