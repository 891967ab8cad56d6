"""Plays bars to a strategy that ships, through the backtest's own engine."""

import asyncio
import dataclasses
import datetime

import numpy as np

from sting.backtest import assumptions
from sting.backtest import engine
from sting.data import table
from sting.model import orders
from sting.risk import manager
from sting.strategy import loader
from sting.strategy import runner

DAY = 86_400_000_000_000
START = int(datetime.datetime(2020, 1, 1, 21, tzinfo=datetime.UTC).timestamp())
CASH = 100_000.0


class Watched(runner.StrategyRunner):
    """Keeps what the strategy wanted, with the time of it."""

    def __init__(self, strategy):
        super().__init__(strategy, number=1, log='t')
        self.signals = []

    def _wanted(self):
        wanted = super()._wanted()
        day = (self._context.clock.time - START * 10**9) // DAY
        self.signals += [(day, signal) for signal in wanted]
        return wanted


@dataclasses.dataclass
class Played:
    """What a strategy wanted and got, by the number of the day."""

    strategy: object
    signals: list
    fills: list

    def wishes(self):
        """Each as (day, symbol, what), what being a weight, or a word."""
        return [
            (day, signal.symbol, _word(signal)) for day, signal in self.signals
        ]


def _word(signal):
    if signal.kind is orders.SignalKind.TARGET_WEIGHT:
        return round(signal.weight, 6)
    if signal.kind is orders.SignalKind.ORDER:
        return f'{signal.side} {signal.type} {signal.stop_price:g}'
    return str(signal.kind)


def bars(**closes):
    """Days of each symbol: a number, or (open, high, low, close)."""
    symbols = tuple(sorted(closes))
    rows = [
        (day, at, value)
        for at, symbol in enumerate(symbols)
        for day, value in enumerate(closes[symbol])
        if value is not None
    ]
    rows.sort(key=lambda row: row[:2])
    prices = np.array(
        [
            value if isinstance(value, tuple) else [value] * 4
            for *_, value in rows
        ],
        np.float64,
    )
    return table.BarTable(
        symbols,
        np.array([at for _, at, _ in rows], np.int32),
        np.array([START * 10**9 + day * DAY for day, *_ in rows], np.int64),
        *prices.T.copy(),
        volume=np.full(len(rows), 1e9),
        timeframe='1d',
    )


def play(name, given, gate=None, **parameters):
    """Plays a table of bars, or closes of the symbol X."""
    if not isinstance(given, table.BarTable):
        given = bars(X=given)
    made = loader.create(f'sting.library.{name}', name, parameters)
    feeder = Watched(made)
    run = engine.BacktestEngine(
        feeder,
        given,
        gate or manager.RiskManager([]),
        assumptions.Assumptions(cash=CASH),
    )
    asyncio.run(run.run())
    fills = [
        ((stamp - START * 10**9) // DAY, symbol, str(side), quantity, price)
        for symbol, side, quantity, price, _, stamp in run.record.fills.rows()
    ]
    return Played(made, feeder.signals, fills)
