"""The risk of a book of 500 positions, and an order against 20 rules."""

import collections
import time

import numpy as np

from benchmarks import rows
from sting.engine import state
from sting.model import events
from sting.model import market
from sting.model import orders
from sting.model import records
from sting.risk import gate as risk_gate
from sting.risk import manager
from sting.risk import metrics
from sting.settings import metrics as settings
from sting.settings import schema

POSITIONS = 500
BARS = 251
RULES = 20
ORDERS = 2_000


def run() -> list[rows.Row]:
    """Measures, after a look at whether the exposures add up."""
    return [*_metrics(), *_orders()]


def _metrics() -> list[rows.Row]:
    symbols = tuple(f'S{number}' for number in range(POSITIONS))
    history = _history(symbols)
    book = metrics.Book(
        1,
        1,
        1e6,
        1e6,
        1e6,
        dict.fromkeys(symbols, 10.0),
        dict.fromkeys(symbols, 100.0),
    )

    def work() -> None:
        found = metrics.calculate(
            book, history, settings.Metrics(), universe=symbols
        )
        rows.check((found.gross, found.missing), (5e5, {}), 'gross')

    spent = rows.best(lambda: rows.took(work), 7)
    return [
        rows.Row(
            f'risk metrics of {POSITIONS} positions',
            spent.wall * 1e3,
            'ms',
            f'{spent.cpu * 1e3:.3g} ms of CPU; {BARS - 1} bars each',
        )
    ]


def _orders() -> list[rows.Row]:
    """Measures verdicts; each order is of another symbol, after a bar."""
    name = f'verdict of {RULES} rules, {POSITIONS} positions'
    made = []
    for what, traded in (('', False), (', one fill an order', True)):
        ratio = np.percentile(_spent(traded=traded), [50, 99]) * 1e6
        made += [
            rows.Row(f'{name}{what}, median', float(ratio[0]), 'us'),
            rows.Row(f'{name}{what}, p99', float(ratio[1]), 'us'),
        ]
    return made


def _spent(*, traded: bool) -> list[float]:
    """Gives the seconds of each verdict.

    Args:
        traded: What was judged works from then on, and the oldest order is
            filled. One order in ten sells out, or opens again.
    """
    system, gate = _state(), _gate()
    working = collections.deque(system.working())
    step = market.NANOSECONDS if traded else 1
    spent = []
    for number in range(ORDERS):
        symbol = f'S{number * 7 % POSITIONS}'
        price = 100.0 + number % 3
        system.count(
            market.MarketData(
                symbol, system.time + step, price, price, price, price, 1e5
            )
        )
        out = 0.0
        if traded and number % 10 == 5:
            out = system.portfolio.quantity(symbol)
        order = orders.Order(
            id=f'new{number}',
            symbol=symbol,
            side=orders.OrderSide.SELL if out else orders.OrderSide.BUY,
            quantity=out or 1.0,
            type=orders.OrderType.LIMIT,
            price=price,
            created=system.time,
        )
        began = time.perf_counter()
        verdict = gate.evaluate_order(order, system)
        spent.append(time.perf_counter() - began)
        rows.check(
            (verdict.decision.value, len(verdict.figures)),
            ('approve', RULES + 1),
            'verdict',
        )
        if traded:
            working.append(order)
            _trade(system, order, verdict, working.popleft())
    return spent


def _trade(
    system: state.SystemState,
    order: orders.Order,
    verdict: records.Verdict,
    oldest: orders.Order,
) -> None:
    """Has an order work, and another one filled."""
    fill = orders.Fill(
        order_id=oldest.id,
        execution_id=oldest.id,
        symbol=oldest.symbol,
        side=oldest.side,
        quantity=oldest.quantity,
        price=oldest.price or 0.0,
    )
    for kind, data in (
        (events.EventType.ORDER_REQUEST, order),
        (events.EventType.RISK_VERDICT, verdict),
        (events.EventType.FILL, fill),
    ):
        system.apply(
            events.Event(system.seq + 1, system.time, kind, 'bench', data)
        )


def _state() -> state.SystemState:
    """Gives 500 positions, 50 working orders and some that were sent."""
    system = state.SystemState()
    system.portfolio.cash = 1e7
    system.rules = (1, records.RuleSet(names=(), limits=(), units=()))
    for number in range(POSITIONS):
        symbol = f'S{number}'
        system.count(
            market.MarketData(symbol, 1, 100.0, 100.0, 100.0, 100.0, 1e5)
        )
        system.portfolio.apply(
            orders.Fill(
                order_id=symbol,
                execution_id=symbol,
                symbol=symbol,
                side=orders.OrderSide.BUY,
                quantity=10.0,
                price=100.0,
            )
        )
        if number % 10 == 0:
            working = orders.Order(
                id=f'w{number}',
                symbol=symbol,
                side=orders.OrderSide.BUY,
                quantity=5.0,
                type=orders.OrderType.LIMIT,
                price=90.0,
                status=orders.OrderStatus.SUBMITTED,
                created=1,
            )
            system.take_working(working, system.seq + 1)
    system.day_equity = system.equity()
    return system


def _gate() -> manager.RiskManager:
    """Gives what risk.yaml ships, and 15 rules more."""
    names = {
        'gross_exposure': 5.0,
        'net_exposure': 5.0,
        'concentration': 0.5,
        'max_short': 0.0,
        'daily_loss': 1e6,
        'daily_drawdown': 0.5,
        'order_rate': 1e3,
        'repeated_orders': 10.0,
        'cancel_ratio': 0.9,
        'max_open_orders': 200.0,
        'self_trade': 0.0,
        'max_bar_age': 60.0,
    }
    made = {n: schema.ScopedRule(rule=n, limit=v) for n, v in names.items()}
    for nth in range(RULES - 5 - len(names)):
        sector = tuple(f'S{s}' for s in range(nth, POSITIONS, 10))
        made[f'sector{nth}'] = schema.ScopedRule(
            rule='gross_exposure',
            limit=0.5,
            scope=schema.Scope(symbols=sector),
        )
    shipped = {
        'max_order_notional': schema.Rule(limit=75_000.0),
        'max_position_notional': schema.Rule(limit=90_000.0),
        'max_position': schema.Rule(limit=2_000.0),
        'price_collar': schema.Rule(limit=0.05),
        'buying_power': schema.Rule(limit=1.0),
    }
    return risk_gate.build(shipped, schema.Sizing(), scoped=made)


def _history(symbols: tuple[str, ...]) -> metrics.History:
    history = metrics.History(BARS)
    chance = np.random.default_rng(1)
    for symbol in symbols:
        closes = 100 * np.cumprod(1 + chance.normal(0, 0.01, BARS))
        history.take(
            symbol,
            [
                market.MarketData(symbol, at + 1, c, c, c, c, 1e5)
                for at, c in enumerate(closes.tolist())
            ],
        )
    return history
