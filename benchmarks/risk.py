"""The risk of a book of 500 positions."""

import numpy as np

from benchmarks import rows
from sting.model import market
from sting.risk import metrics
from sting.settings import metrics as settings

POSITIONS = 500
BARS = 251


def run() -> list[rows.Row]:
    """Measures, after a look at whether the exposures add up."""
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
