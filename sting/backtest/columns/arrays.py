"""The loop that runs a compiled decision over columns.

It is plain Python that numba compiles together with the decision, and with the
simulator's, the portfolio's and risk's own functions: what fills, what it
costs and what is let through is the same source event by event and here.
"""

from collections.abc import Callable
from typing import Any

from sting.backtest.figures import summaries
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

# What a loop that is not brief writes, by its type: for each bar equity, cash
# and whether a position was held; for each fill the number of its bar, which
# order it is of, units, price, fee and its place in `fills.TAGS`.
ROOM = ('f8', 'f8', '?', 'i8', 'i8', 'f8', 'f8', 'f8', 'i1')

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
    value = figures.worth(held, after, last, worst, quantity * worst)
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


def keep(
    room: Any,
    count: int,
    at: int,
    number: int,
    signed: float,
    price: float,
    fee: float,
    code: int,
) -> None:
    """Writes a fill into the columns of `ROOM`."""
    room[3][count], room[4][count] = at, number
    room[5][count] = signed
    room[6][count] = price
    room[7][count] = fee
    room[8][count] = code


# One function, and its columns by number: each of several other ways to cut it
# cost from 5 to 25 % more a bar.
def loop(  # noqa: PLR0915
    answer: Callable[..., Any], values: Reader, *, brief: bool = False
) -> Callable[..., Any]:
    """Makes the loop of one decision, to be called or to be compiled.

    What it tells of a run are counts, sums and extremes, worked out as it
    goes: to go over a column of equities again would cost a fifth more.

    Args:
        answer: The decision; see `strategy.compiled.answerer`.
        values: What `reader` made.
        brief: Whether figures are all that is wanted. Otherwise the fills and
            the account at each bar are kept, and of `summaries.TOLD` only the
            counts and the fault are told.

    Returns:
        A function that fills one row, which has to be of zeros, of a table of
        `summaries.TOLD`; for a brief loop also that row of the room, a table
        of the equities at the ends of the days, and else the columns of
        `ROOM`, those of fills as far as there are any.
    """

    def play(  # noqa: PLR0912, PLR0915
        opens: Any,
        highs: Any,
        lows: Any,
        closes: Any,
        volumes: Any,
        table: Any,
        places: Any,
        state: Any,
        parameters: Any,
        start: float,
        rates: commissions.Rates,
        slip: slippage.Slip,
        participation: float,
        limits: Limits,
        ends: Any,
        room: Any,
        told: Any,
        run: int,
    ) -> None:
        cash = equity = peak = trough = start
        held, total, depth = 0.0, 0.0, 0.0
        orders, count, exposure, day, last = 0, 0, 0, 0, ends[0]
        trip = summaries.NO_TRIP
        quantity, limit, stop, filled, mean = 0.0, 0.0, 0.0, 0.0, 0.0
        # For a literal numba would compile once more all that takes it.
        works = triggered = quantity > 0.0
        kind, sign = kinds.MARKET, 1 if works else -1
        first, bars = 0, len(closes)
        while 0 <= first < bars:
            at = first
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
                    if brief:
                        trip, ended, pnl = summaries.trip_after(
                            sign, taken, price, fee, trip
                        )
                        told[run, 10] += fee
                        told[run, 11] += taken * price
                        if ended:
                            told[run, 12] += 1.0
                            if pnl > 0.0:
                                told[run, 13] += 1.0
                                told[run, 14] += pnl
                            else:
                                told[run, 15] -= pnl
                    else:
                        keep(
                            room,
                            count,
                            at,
                            orders,
                            sign * taken,
                            price,
                            fee,
                            code,
                        )
                    count += 1
                works = not fills.is_filled(quantity, filled)
            # Bars on which nothing can fill: most of them.
            for at in range(first, bars):
                close = closes[at]
                equity = cash
                if held != 0.0:
                    equity += held * close
                if brief:
                    peak, trough, depth = summaries.fall_after(
                        equity, peak, trough, depth
                    )
                    total += equity
                    if at == last:
                        # A sum a day loses fewer digits than one of all bars.
                        room[run, day] = equity
                        told[run, 9] += total
                        total = 0.0
                        day += 1
                        last = ends[day]
                else:
                    room[0][at] = equity
                    room[1][at] = cash
                    room[2][at] = held != 0.0
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
                        told[run, 3], told[run, 4] = fault, wanted
                        told[run, 5], told[run, 6] = asked, level
                        bars = at
                        break
                    orders += 1
                    kind, quantity, filled, mean = asked, abs(wanted), 0.0, 0.0
                    sign = 1 if wanted > 0.0 else -1
                    limit = level if kind == kinds.LIMIT else 0.0
                    stop = level if kind == kinds.STOP else 0.0
                    triggered = False
                    works = admits(
                        sign, quantity, limit, stop, held, close, equity, limits
                    )
                if works:
                    break
            if held != 0.0:
                exposure += at + 1 - first
            first = at + 1
        told[run, 0], told[run, 1], told[run, 2] = orders, count, exposure
        told[run, 7] = equity
        told[run, 8] = summaries.deepest(peak, trough, depth)

    return play
