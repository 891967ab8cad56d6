"""Feeds a strategy bars by hand, and keeps all that came of it.

    from sting.testing import strategies

    ran = strategies.run(MyStrategy, [100.0, 100.0, 88.0], period=3)
    assert ran.signals[0].reason == '8.3% below SMA(3)'

The engine, risk's order of things and the simulated market are the real ones.
"""

import asyncio
from collections.abc import Sequence
import dataclasses
import pathlib
from typing import Any

import numpy as np

from sting.backtest import assumptions
from sting.backtest import engine
from sting.data import table
from sting.model import events
from sting.model import market
from sting.model import orders
from sting.model import portfolio
from sting.model import records
from sting.risk import manager
from sting.strategy import base
from sting.strategy import context
from sting.strategy import loader
from sting.strategy import runner

CASH = 100_000.0
SYMBOL = 'X'
# A Friday, 14:30 UTC: the New York exchange opens.
START = 1_362_148_200 * market.NANOSECONDS
VOLUME = 1e6
_T = events.EventType


# Run has a field of the module's name, so its type is named here.
_Orders = list[orders.Order]


@dataclasses.dataclass(frozen=True)
class Run:
    """What came of a run.

    Attributes:
        signals: What it wanted, each with its reason and indicators.
        refusals: What of that became no order, and why.
        fills: What was traded.
        orders: The orders, as they were asked for.
        log: What the strategy wrote.
        book: What its fills left it with.
    """

    signals: list[orders.Signal]
    refusals: list[records.Refusal]
    fills: list[orders.Fill]
    orders: _Orders
    log: Sequence[context.LogLine]
    book: portfolio.Portfolio


def bars(
    closes: Sequence[float], symbol: str = SYMBOL, timeframe: str = '1m'
) -> table.BarTable:
    """Makes bars, one after the other, each flat at its price.

    Args:
        closes: The prices; an order decided on a bar fills at the next one.
        symbol: The instrument.
        timeframe: 1m, 5m, 1h, ...: seconds, minutes or hours.

    Returns:
        The bars, the first one from a session's open on.
    """
    length = int(timeframe[:-1]) * {'s': 1, 'm': 60, 'h': 3600}[timeframe[-1]]
    prices = np.array(closes, np.float64)
    steps = np.arange(1, len(prices) + 1, dtype=np.int64)
    return table.BarTable(
        symbols=(symbol,),
        symbol_index=np.zeros(len(prices), np.int32),
        timestamp=START + steps * length * market.NANOSECONDS,
        open=prices,
        high=prices,
        low=prices,
        close=prices,
        volume=np.full(len(prices), VOLUME),
        timeframe=timeframe,
    )


def run(
    strategy: type[base.AbstractStrategy] | str | pathlib.Path,
    prices: Sequence[float] | table.BarTable,
    **parameters: Any,
) -> Run:
    """Runs a strategy over bars, without costs and without limits.

    Args:
        strategy: Its class, or the file or module that has it.
        prices: Closes of one symbol, X, a minute apart; or bars, of `bars`
            or of `sting.data.files.read`.
        **parameters: What is not named keeps its default.

    Returns:
        What came of it.

    Raises:
        errors.StrategyError: It cannot be loaded, or its code raised.
    """
    kind = (
        strategy if isinstance(strategy, type) else loader.load(str(strategy))
    )
    made = loader.instantiate(kind, engine.NAME, parameters)
    feeder = runner.StrategyRunner(made, number=1, log=engine.LOG)
    seen: list[events.Event] = []
    played = engine.BacktestEngine(
        feeder,
        prices if isinstance(prices, table.BarTable) else bars(prices),
        manager.RiskManager([]),
        assumptions.Assumptions(cash=CASH),
        watch=seen.append,
    )
    asyncio.run(played.run())

    def of(wanted: events.EventType) -> list[Any]:
        return [event.data for event in seen if event.type is wanted]

    return Run(
        signals=of(_T.SIGNAL),
        refusals=of(_T.SIGNAL_REFUSED),
        fills=of(_T.FILL),
        orders=of(_T.ORDER_REQUEST),
        log=feeder.take_log(),
        book=made.portfolio,
    )
