"""nautilus_trader's older engine on W1, W2 and W4.

It fills a market order at the close of the bar that decided it, a flattering
convention, and rounds every commission to cents: fills and round trips have to
be as expected, the equity that of a loop which fills there, to half a cent a
fill.
"""

from collections.abc import Mapping
import decimal
from typing import Any

from nautilus_trader.backtest import engine as backtest
from nautilus_trader.common import config as common
from nautilus_trader.model import currencies
from nautilus_trader.model import data as model
from nautilus_trader.model import enums
from nautilus_trader.model import identifiers
from nautilus_trader.model import instruments
from nautilus_trader.model import objects
from nautilus_trader.trading import config as trading
from nautilus_trader.trading import strategy as strategies
import numpy as np

from benchmarks import work
from benchmarks.peers import contest

VENUE = identifiers.Venue('SIM')
USD = currencies.USD
CENT = 0.01


class Crossing(strategies.Strategy):
    """Averages of 10 and 30 closes, of each symbol."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(trading.StrategyConfig())
        self.names = names
        self.fills = 0
        self.books: dict[Any, _Book] = {}

    def on_start(self) -> None:
        """Wants the bars of all symbols."""
        for name in self.names:
            kind = _bar_type(name)
            self.books[kind] = _Book(_id(name))
            self.subscribe_bars(kind)

    def on_bar(self, bar: model.Bar) -> None:
        """Trades where the averages cross."""
        book = self.books[bar.bar_type]
        before, now = book.take(bar.close.as_double())
        if before <= 0 < now and not book.held:
            self._order(book, enums.OrderSide.BUY)
        elif before >= 0 > now and book.held:
            self._order(book, enums.OrderSide.SELL)

    def on_order_filled(self, event: Any) -> None:
        """Counts what was filled."""
        self.fills += 1
        book = self.books[_bar_type(event.instrument_id.symbol.value)]
        book.held = event.order_side == enums.OrderSide.BUY

    def _order(self, book: '_Book', side: enums.OrderSide) -> None:
        quantity = objects.Quantity.from_int(int(work.QUANTITY))
        self.submit_order(self.order_factory.market(book.id, side, quantity))


class _Book:
    """The averages of one symbol, and whether it is held."""

    def __init__(self, instrument: identifiers.InstrumentId) -> None:
        self.id = instrument
        self.held = False
        self.closes: list[float] = []
        self.fast = 0.0
        self.slow = 0.0
        self.x = float('nan')

    def take(self, close: float) -> tuple[float, float]:
        """Gives the difference of the averages before and after a close."""
        closes = self.closes
        closes.append(close)
        count = len(closes)
        self.fast += close - (closes[-11] if count > work.FAST else 0.0)
        self.slow += close - (closes[-31] if count > work.SLOW else 0.0)
        before = self.x
        if count >= work.SLOW:
            self.x = self.fast / work.FAST - self.slow / work.SLOW
        return before, self.x


class Averaging(strategies.Strategy):
    """Counts quotes and averages their middle price."""

    def on_start(self) -> None:
        """Wants the quotes."""
        self.count = 0
        self.average = 0.0
        self.subscribe_quote_ticks(_id('W'))

    def on_quote_tick(self, tick: model.QuoteTick) -> None:
        """Takes one."""
        middle = (tick.bid_price.as_double() + tick.ask_price.as_double()) / 2
        if self.count:
            self.average += work.W4_DECAY * (middle - self.average)
        else:
            self.average = middle
        self.count += 1


def w1() -> dict[str, float]:
    """One symbol."""
    return _cross({'W': work.w1()}, work.W1)


def w2() -> dict[str, float]:
    """Fifty symbols."""
    return _cross(work.w2(), work.W2)


def w4() -> dict[str, float]:
    """A million quotes."""
    engine = _engine(['W'], 2)
    columns = work.w4()
    size = objects.Quantity.from_int(100)
    engine.add_data(
        [
            model.QuoteTick(
                _id('W'),
                objects.Price(bid, 2),
                objects.Price(ask, 2),
                size,
                size,
                work.OPENING_NS + n * work.W4_STEP_NS,
                work.OPENING_NS + n * work.W4_STEP_NS,
            )
            for n, (bid, ask) in enumerate(
                zip(
                    columns['bid'].tolist(),
                    columns['ask'].tolist(),
                    strict=True,
                )
            )
        ]
    )
    strategy = Averaging()
    engine.add_strategy(strategy)
    took = contest.timed(engine.run)
    contest.check(strategy.count, work.W4_QUOTES, 'quotes')
    contest.check(round(strategy.average, 6), work.W4_AVERAGE, 'average')
    return took


def _cross(
    symbols: Mapping[str, work.Columns], expected: work.Outcome
) -> dict[str, float]:
    engine = _engine(list(symbols), 6)
    for name, columns in symbols.items():
        engine.add_data(_bars(name, columns))
    strategy = Crossing(list(symbols))
    engine.add_strategy(strategy)
    took = contest.timed(engine.run)
    contest.check(strategy.fills, expected.fills, 'fills')
    account = engine.portfolio.account(VENUE)
    equity = account.balance_total(USD).as_double()
    trips, at_close = 0, work.CASH
    for name, columns in symbols.items():
        own, gained = _at_close(columns)
        trips += own
        at_close += gained
        if strategy.books[_bar_type(name)].held:
            equity += work.QUANTITY * float(columns['close'][-1])
    contest.check(trips, expected.trips, 'round trips')
    contest.near(equity, at_close, CENT / 2 * expected.fills, 'equity')
    return took


def _at_close(columns: work.Columns) -> tuple[int, float]:
    """Trades at the closes that decide; round trips and what was gained."""
    close = columns['close']
    x = work.average(close, work.FAST) - work.average(close, work.SLOW)
    ups = np.flatnonzero((x[:-1] <= 0) & (x[1:] > 0)) + 1
    downs = np.flatnonzero((x[:-1] >= 0) & (x[1:] < 0)) + 1
    # What is not held cannot be sold.
    sold = close[downs[downs > ups[0]]]
    bought = close[ups]
    fees = work.COMMISSION * (sold.sum() + bought.sum())
    open_ = close[-1] if len(bought) > len(sold) else 0.0
    gained = sold.sum() + open_ - bought.sum() - fees
    return len(sold), float(work.QUANTITY * gained)


def _engine(names: list[str], precision: int) -> backtest.BacktestEngine:
    engine = backtest.BacktestEngine(
        backtest.BacktestEngineConfig(
            logging=common.LoggingConfig(bypass_logging=True),
            run_analysis=False,
        )
    )
    engine.add_venue(
        VENUE,
        enums.OmsType.NETTING,
        enums.AccountType.CASH,
        [objects.Money(work.CASH, USD)],
        base_currency=USD,
    )
    step = objects.Price(10**-precision, precision)
    for name in names:
        engine.add_instrument(
            instruments.Equity(
                _id(name),
                identifiers.Symbol(name),
                USD,
                precision,
                step,
                objects.Quantity.from_int(1),
                0,
                0,
                maker_fee=decimal.Decimal('0.001'),
                taker_fee=decimal.Decimal('0.001'),
            )
        )
    return engine


def _bars(name: str, columns: work.Columns) -> list[model.Bar]:
    kind = _bar_type(name)
    lists = [columns[key].tolist() for key in ('open', 'high', 'low', 'close')]
    volumes = columns['volume'].tolist()
    made = []
    for n, (*prices, volume) in enumerate(zip(*lists, volumes, strict=True)):
        stamp = work.OPENING_NS + (n + 1) * work.MINUTE_NS
        made.append(
            model.Bar(
                kind,
                *(objects.Price(price, 6) for price in prices),
                objects.Quantity(volume, 0),
                stamp,
                stamp,
            )
        )
    return made


def _id(name: str) -> identifiers.InstrumentId:
    return identifiers.InstrumentId(identifiers.Symbol(name), VENUE)


def _bar_type(name: str) -> model.BarType:
    return model.BarType.from_str(f'{name}.SIM-1-MINUTE-LAST-EXTERNAL')


if __name__ == '__main__':
    contest.main({'W1': w1, 'W2': w2, 'W4': w4})
