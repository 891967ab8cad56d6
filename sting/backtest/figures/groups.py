"""A run's round trips by strategy, symbol and side."""

from collections.abc import Sequence
import dataclasses

import numpy as np

from sting.backtest import trades
from sting.backtest.figures import metrics


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The figures of some round trips.

    Attributes:
        name: What they have in common.
        trades: How many ended.
        pnl: Their profit after fees, in the account's currency.
        open_pnl: That of those that had not ended when the run did.
        fees: Of both.
        win_rate: As of the whole run; so are the next two.
        profit_factor: Profits over losses.
        expectancy: Mean profit.
    """

    name: str
    trades: int
    pnl: float
    open_pnl: float
    fees: float
    win_rate: float | None
    profit_factor: float | None
    expectancy: float | None


def by(
    names: Sequence[str],
    open_names: Sequence[str],
    trips: trades.TradeTable,
    still_open: Sequence[trades.OpenTrip],
) -> tuple[Group, ...]:
    """Works out the figures of each group.

    The profits of all groups, closed and open, sum to the account's.

    Args:
        names: The group of each round trip.
        open_names: The group of each that has not ended.
        trips: The round trips that ended.
        still_open: Those that have not.

    Returns:
        By name.
    """
    labels = np.array(names, dtype=object)
    found = []
    for name in sorted({*names, *open_names}):
        own = labels == name
        rest = [
            trip
            for trip, group in zip(still_open, open_names, strict=True)
            if group == name
        ]
        pnl = trips.pnl[own]
        fees = float(np.sum(trips.fees[own])) + sum(trip.fees for trip in rest)
        found.append(
            Group(
                name=name,
                trades=len(pnl),
                pnl=float(np.sum(pnl)),
                open_pnl=float(sum(trip.pnl for trip in rest)),
                fees=fees,
                win_rate=metrics.win_rate(pnl),
                profit_factor=metrics.profit_factor(pnl),
                expectancy=metrics.mean(pnl),
            )
        )
    return tuple(found)
