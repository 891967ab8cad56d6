"""The loop that runs a compiled decision over columns.

It is plain Python that numba compiles together with the decision, and with the
simulator's, the portfolio's and risk's own functions: what fills, what it
costs and what is let through is the same source event by event and here.
"""

from collections.abc import Callable
from typing import Any

from sting.model import portfolio
from sting.risk import figures
from sting.simulator import commissions
from sting.simulator import fills
from sting.simulator import slippage
from sting.strategy import kinds

# The rules that the loop has, by name, in the order of its limits.
RULES = (
    'max_order_notional',
    'max_position',
    'max_position_notional',
    'price_collar',
    'buying_power',
)

Limits = tuple[float, float, float, float, float]
Reader = Callable[[Any, Any, int], tuple[float, ...]]


def admits(
    sign: int,
    quantity: float,
    price: float,
    stop: float,
    held: float,
    last: float,
    equity: float,
    limits: Limits,
) -> bool:
    """Holds an order against the rules, where no other order works.

    Args:
        sign: 1 for a buy, -1 for a sell.
        quantity: Units wanted.
        price: The limit, 0 without one.
        stop: The trigger, 0 without one.
        held: Units held.
        last: The last price.
        equity: Of the account.
        limits: Of `RULES`, in their order; infinity for a rule that is not
            in force.

    Returns:
        Whether all rules pass.
    """
    if not figures.passes(
        figures.collar(sign, last, price, stop, False), limits[3]
    ):
        return False
    after = held + sign * quantity
    if figures.shrinks(sign, held, after):
        return True
    worst = figures.worst_price(sign, last, price, stop)
    value = figures.notional(after, worst)
    return (
        figures.passes(figures.notional(quantity, worst), limits[0])
        and figures.passes(abs(after), limits[1])
        and figures.passes(value, limits[2])
        and figures.passes(figures.leverage(value, equity), limits[4])
    )


def reader(count: int) -> Reader:
    """Makes the function that takes a bar's indicator values from a table.

    Numba has no loop that makes a tuple, so the tuple is spelled out.

    Args:
        count: How many indicators there are.

    Returns:
        A function of the table, the rows of it that the indicators are in,
        and the bar's number.
    """
    values = ''.join(
        f'table[places[{number}], at], ' for number in range(count)
    )
    return spelled('table, places, at', f'({values})')


def spelled(given: str, answer: str) -> Callable[..., Any]:
    """Makes a function that gives an expression.

    Args:
        given: Its arguments.
        answer: The expression.
    """
    space: dict[str, Any] = {}
    exec(f'def values({given}):\n    return {answer}\n', space)  # noqa: S102
    made: Callable[..., Any] = space['values']
    return made


def loop(
    answer: Callable[..., Any], values: Reader, *, brief: bool = False
) -> Callable[..., Any]:
    """Makes the loop of one decision, to be called or to be compiled.

    Args:
        answer: The decision; see `strategy.compiled.answerer`.
        values: What `reader` made.
        brief: Whether the columns of cash and exposure are left as they are.

    Returns:
        A function that fills the given columns, all as long as the bars but
        for those of fills, of which the first so many count; it returns how
        many fills, how many orders, on how many bars a position was held, and
        a code of `kinds.fault` with the answer that it had to end at.
    """

    def run(
        opens: Any,
        highs: Any,
        lows: Any,
        closes: Any,
        volumes: Any,
        table: Any,
        places: Any,
        state: Any,
        parameters: Any,
        cash: float,
        rates: commissions.Rates,
        slip: slippage.Slip,
        participation: float,
        limits: Limits,
        equities: Any,
        cashes: Any,
        exposed: Any,
        rows: Any,
        sequence: Any,
        quantities: Any,
        prices: Any,
        fees: Any,
        tags: Any,
    ) -> tuple[int, int, int, int, float, int, float]:
        held = 0.0
        works = False
        kind, sign = kinds.MARKET, 1
        quantity, limit, stop, filled, mean = 0.0, 0.0, 0.0, 0.0, 0.0
        triggered = False
        orders, count, exposure = 0, 0, 0
        for at in range(len(closes)):
            close = closes[at]
            if works:
                code, price, triggered = fills.fill_price(
                    kind,
                    sign,
                    limit,
                    stop,
                    triggered,
                    opens[at],
                    highs[at],
                    lows[at],
                )
                taken = 0.0
                if code != fills.NONE:
                    taken = fills.share(
                        quantity - filled, participation * volumes[at]
                    )
                if taken > 0.0:
                    if fills.slips(kind):
                        price = slippage.paid(price, sign, slip)
                    fee = commissions.step(taken, price, filled, mean, rates)
                    mean = (mean * filled + price * taken) / (filled + taken)
                    filled += taken
                    held = portfolio.held_after(held, sign * taken)
                    cash = portfolio.cash_after(cash, sign, taken, price, fee)
                    rows[count], sequence[count] = at, orders
                    quantities[count] = sign * taken
                    prices[count] = price
                    fees[count] = fee
                    tags[count] = code
                    count += 1
                works = not fills.is_filled(quantity, filled)
            equity = cash
            if held != 0.0:
                equity += held * close
                exposure += 1
            wanted, asked, level, state = answer(
                opens[at],
                highs[at],
                lows[at],
                close,
                volumes[at],
                held,
                values(table, places, at),
                state,
                parameters,
            )
            if asked == kinds.CANCEL:
                works = False
            elif not kinds.is_nothing(wanted):
                fault = kinds.fault(wanted, asked, level)
                if fault != kinds.SOUND:
                    return count, orders, exposure, fault, wanted, asked, level
                orders += 1
                kind, quantity, filled, mean = asked, abs(wanted), 0.0, 0.0
                sign = 1 if wanted > 0.0 else -1
                limit = level if kind == kinds.LIMIT else 0.0
                stop = level if kind == kinds.STOP else 0.0
                triggered = False
                works = admits(
                    sign, quantity, limit, stop, held, close, equity, limits
                )
            equities[at] = equity
            if not brief:
                cashes[at] = cash
                exposed[at] = held != 0.0
        return count, orders, exposure, kinds.SOUND, 0.0, kinds.MARKET, 0.0

    return run
