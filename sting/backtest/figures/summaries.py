"""The figures of one run of a sweep, by loops that can be compiled.

They are those of `backtest.figures.metrics`, by the same definitions: a sweep
has no time to lay every run out in tables. Only numbers and arrays go in and
out. What is undefined is nan.
"""

import math
from typing import Any
from typing import Final

from sting.backtest.figures import metrics
from sting.model import orders
from sting.simulator import fills

# What a sweep tells of each run, by its name in a result's JSON.
FIGURES: Final = (
    'orders',
    'fills',
    'trades',
    'final_equity',
    'total_return',
    'cagr',
    'volatility',
    'sharpe',
    'sortino',
    'calmar',
    'omega',
    'max_drawdown',
    'win_rate',
    'profit_factor',
    'expectancy',
    'exposure',
    'turnover',
    'fees',
)
COUNTS: Final = ('orders', 'fills', 'trades')
# The fewer or the smaller, the better.
LOWER: Final = frozenset({'orders', 'fills', 'volatility', 'turnover', 'fees'})


def round_trips(
    count: int,
    rows: Any,
    quantities: Any,
    prices: Any,
    fees: Any,
    tags: Any,
    signs: Any,
    entered: Any,
    paid: Any,
    left: Any,
    received: Any,
    charged: Any,
    first: Any,
    last: Any,
    at_open: Any,
) -> int:
    """Finds the round trips of one symbol; as `trades.round_trips`.

    Args:
        count: How many fills there are.
        rows: Of each fill, the number of its bar.
        quantities: Units, negative for a sell.
        prices: A unit.
        fees: In the account's currency.
        tags: Places in `fills.TAGS`.
        signs: Filled here, for each round trip that ended: 1 for a long one.
        entered: Units that went in.
        paid: Their value.
        left: Units that came out.
        received: Their value.
        charged: Fees of the way in and out.
        first: The bar of the first fill.
        last: The bar of the last one.
        at_open: Whether the first fill was at its bar's open.

    Returns:
        How many ended.
    """
    done = 0
    trip = 0.0
    held, went_in, value_in, went_out, value_out, cost = (
        *(0.0, 0.0, 0.0),
        *(0.0, 0.0, 0.0),
    )
    since, opened = 0, False
    for at in range(count):
        quantity = abs(quantities[at])
        sign = 1.0 if quantities[at] > 0.0 else -1.0
        price, fee = prices[at], fees[at]
        fresh = trip == 0.0
        rest = quantity
        if not fresh and sign != trip:
            closing = min(quantity, abs(held))
            share = fee * closing / quantity
            held -= trip * closing
            went_out += closing
            value_out += closing * price
            cost += share
            if abs(held) >= orders.DUST:
                continue
            signs[done] = trip
            entered[done] = went_in
            paid[done] = value_in
            left[done] = went_out
            received[done] = value_out
            charged[done] = cost
            first[done] = since
            last[done] = rows[at]
            at_open[done] = opened
            done += 1
            trip = 0.0
            rest = quantity - closing
            if rest < orders.DUST:
                continue
            fee -= share
            fresh = True
        if fresh:
            trip = sign
            since = rows[at]
            opened = tags[at] == fills.AT_OPEN or tags[at] == fills.AT_GAP
            held, went_in, value_in = 0.0, 0.0, 0.0
            went_out, value_out, cost = 0.0, 0.0, 0.0
        held += trip * rest
        went_in += rest
        value_in += rest * price
        cost += fee
    return done


def total(values: Any, count: int) -> float:
    """Adds up the first so many values, in eight sums that meet at the end.

    One sum would wait for itself at each value, and lose more digits.

    Args:
        values: Numbers.
        count: How many of them.
    """
    a, b, c, d = 0.0, 0.0, 0.0, 0.0
    e, f, g, h = 0.0, 0.0, 0.0, 0.0
    whole = count - count % 8
    for at in range(0, whole, 8):
        a += values[at]
        b += values[at + 1]
        c += values[at + 2]
        d += values[at + 3]
        e += values[at + 4]
        f += values[at + 5]
        g += values[at + 6]
        h += values[at + 7]
    found = ((a + b) + (c + d)) + ((e + f) + (g + h))
    for at in range(whole, count):
        found += values[at]
    return found


def deepest(equities: Any, start: float) -> float:
    """Gives the deepest fall from a peak; as the least of `drawdowns`.

    Args:
        equities: Cash and holdings, oldest first.
        start: The equity before the first, which counts as a peak.

    Returns:
        Equity over peak, less 1; 0 or less.
    """
    found = 0.0
    peak = trough = start
    count = len(equities)
    for first in range(0, count, 4):
        last = min(first + 4, count)
        if last - first == 4:
            # Four at a time, since a new peak is rare.
            a, b = equities[first], equities[first + 1]
            c, d = equities[first + 2], equities[first + 3]
            left, right = (a if a > b else b), (c if c > d else d)
            if (left if left > right else right) <= peak:
                left, right = (a if a < b else b), (c if c < d else d)
                low = left if left < right else right
                trough = low if low < trough else trough
                continue
        for at in range(first, last):
            equity = equities[at]
            if equity > peak:
                # Below one peak the lowest equity is the deepest.
                found = min(found, trough / peak - 1.0)
                peak = trough = equity
            elif equity < trough:
                trough = equity
    return min(found, trough / peak - 1.0)


def daily(equities: Any, ends: Any, start: float, returns: Any) -> int:
    """Gives the returns from day to day; as `metrics.daily_returns`.

    Args:
        equities: Cash and holdings at each bar.
        ends: The numbers of the last bars of the days.
        start: The equity before the first bar.
        returns: Filled here.

    Returns:
        How many there are: until the equity is gone.
    """
    before = start
    for day in range(len(ends)):
        level = equities[ends[day]]
        returns[day] = level / before - 1.0
        if level <= 0.0:
            return day + 1
        before = level
    return len(ends)


def of_returns(
    returns: Any, count: int, depth: float
) -> tuple[float, float, float, float, float, float]:
    """Gives CAGR, volatility, Sharpe, Sortino, Calmar and Omega.

    Args:
        returns: Day by day.
        count: How many of them.
        depth: The maximum drawdown, 0 or less.
    """
    growth = 1.0
    gains, losses, below = 0.0, 0.0, 0.0
    for day in range(count):
        change = returns[day]
        growth *= 1.0 + change
        if change > 0.0:
            gains += change
        elif change < 0.0:
            losses -= change
            below += change * change
    cagr = calmar = math.nan
    if count:
        cagr = metrics.compounded(growth, count)
        if depth < 0.0:
            calmar = cagr / -depth
    if count < 2:
        return cagr, math.nan, math.nan, math.nan, calmar, math.nan
    mean = total(returns, count) / count
    squares = 0.0
    for day in range(count):
        squares += (returns[day] - mean) ** 2
    year = math.sqrt(metrics.DAYS_A_YEAR)
    deviation = math.sqrt(squares / (count - 1))
    downside = math.sqrt(below / count)
    return (
        cagr,
        deviation * year,
        mean / deviation * year if deviation >= metrics.STILL else math.nan,
        mean / downside * year if downside >= metrics.STILL else math.nan,
        calmar,
        gains / losses if losses >= metrics.STILL else math.nan,
    )


def of_trips(
    count: int, signs: Any, paid: Any, received: Any, charged: Any
) -> tuple[float, float, float]:
    """Gives win rate, profit factor and expectancy of the round trips.

    Args:
        count: How many.
        signs: 1 for a long one, -1 for a short one.
        paid: What entered was worth.
        received: What left was worth.
        charged: Fees.
    """
    won, gains, losses = 0, 0.0, 0.0
    for at in range(count):
        pnl = (received[at] - paid[at]) * signs[at] - charged[at]
        if pnl > 0.0:
            won += 1
            gains += pnl
        else:
            losses -= pnl
    if not count:
        return math.nan, math.nan, math.nan
    return (
        won / count,
        gains / losses if losses > 0.0 else math.nan,
        (gains - losses) / count,
    )


def traded(count: int, quantities: Any, prices: Any) -> float:
    """Gives the value of all fills, bought and sold."""
    found = 0.0
    for at in range(count):
        found += abs(quantities[at]) * prices[at]
    return found
