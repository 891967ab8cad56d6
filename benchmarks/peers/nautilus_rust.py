"""nautilus_trader's Rust engine, driving a Python strategy, on W4."""

from typing import Any

from nautilus_trader.core import nautilus_pyo3 as nautilus

from benchmarks import work
from benchmarks.peers import contest

VENUE = nautilus.Venue('SIM')
INSTRUMENT = nautilus.InstrumentId.from_str('W.SIM')


class Averaging(nautilus.trading.Strategy):
    """Counts quotes and averages their middle price."""

    def on_start(self) -> None:
        """Wants the quotes."""
        self.count = 0
        self.average = 0.0
        self.subscribe_quotes(INSTRUMENT)

    def on_quote(self, quote: nautilus.QuoteTick) -> None:
        """Takes one."""
        middle = (float(quote.bid_price) + float(quote.ask_price)) / 2
        if self.count:
            self.average += work.W4_DECAY * (middle - self.average)
        else:
            self.average = middle
        self.count += 1


def w4() -> dict[str, float]:
    """A million quotes."""
    engine = nautilus.backtest.BacktestEngine(
        nautilus.backtest.BacktestEngineConfig(
            bypass_logging=True, run_analysis=False
        )
    )
    engine.add_venue(
        VENUE,
        nautilus.OmsType.NETTING,
        nautilus.AccountType.CASH,
        [nautilus.Money(work.CASH, nautilus.Currency.from_str('USD'))],
    )
    engine.add_instrument(_instrument())
    engine.add_data(_quotes())
    strategy = Averaging()
    engine.add_strategy(strategy)
    took = contest.timed(engine.run)
    contest.check(strategy.count, work.W4_QUOTES, 'quotes')
    contest.check(round(strategy.average, 6), work.W4_AVERAGE, 'average')
    return took


def _instrument() -> Any:
    return nautilus.Equity(
        INSTRUMENT,
        nautilus.Symbol('W'),
        nautilus.Currency.from_str('USD'),
        2,
        nautilus.Price.from_str('0.01'),
        0,
        0,
    )


def _quotes() -> list[Any]:
    columns = work.w4()
    size = nautilus.Quantity.from_int(100)
    return [
        nautilus.QuoteTick(
            INSTRUMENT,
            nautilus.Price(bid, 2),
            nautilus.Price(ask, 2),
            size,
            size,
            stamp,
            stamp,
        )
        for stamp, bid, ask in zip(
            range(
                work.OPENING_NS,
                work.OPENING_NS + work.W4_QUOTES * work.W4_STEP_NS,
                work.W4_STEP_NS,
            ),
            columns['bid'].tolist(),
            columns['ask'].tolist(),
            strict=True,
        )
    ]


if __name__ == '__main__':
    contest.main({'W4': w4})
