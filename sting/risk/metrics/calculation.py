"""All figures of a book at one moment."""

from collections.abc import Iterator
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from sting.model import riskfigures
from sting.risk.metrics import books
from sting.risk.metrics import exposures
from sting.risk.metrics import moments
from sting.risk.metrics import series
from sting.risk.metrics import stress
from sting.risk.metrics import tails
from sting.settings import metrics as settings

UNIVERSE = 'universe'
UNKNOWN = 'unknown'
_DUST = 1e-9

FloatArray = npt.NDArray[np.float64]


def calculate(
    book: books.Book,
    history: series.History,
    configured: settings.Metrics,
    *,
    universe: tuple[str, ...] = (),
    sectors: Mapping[str, str] | None = None,
    scale: series.Scale | None = None,
) -> riskfigures.RiskMetrics:
    """Works out the risk of a book.

    Args:
        book: What is held.
        history: The last bars.
        configured: How it is measured.
        universe: The symbols that the equally weighted benchmark is made of.
        sectors: By symbol, where they are known.
        scale: How bars, days and years go together; None for bars of a day.

    Returns:
        The figures; what cannot be worked out is None, with the reason.
    """
    scale = scale or series.Scale()
    sectors = sectors or {}
    missing: dict[str, str] = {}
    figures = _held(book, sectors, configured, missing)
    figures |= _exits(book, history, configured, scale, missing)
    figures |= _moving(book, history, configured, universe, scale, missing)
    values = book.values()
    return riskfigures.RiskMetrics(
        time=book.time,
        seq=book.seq,
        equity=book.equity,
        horizon_days=configured.horizon_days,
        stresses=tuple(
            riskfigures.Stress(
                name, made, made / book.equity if book.equity > 0 else None
            )
            for name, scenario in configured.scenarios.items()
            for made in [stress.profit(scenario, values, sectors)]
        ),
        limits=book.limits,
        missing=missing,
        **figures,
    )


def _held(
    book: books.Book,
    sectors: Mapping[str, str],
    configured: settings.Metrics,
    missing: dict[str, str],
) -> dict[str, Any]:
    """Gives what follows from the book alone."""
    values = book.values()
    symbols = exposures.grouped(values.items())
    long = sum(row.long for row in symbols)
    short = sum(row.short for row in symbols)
    gross = long + short
    margin = gross * configured.margin
    if book.equity <= 0:
        for name in ('leverage', 'margin_use', 'beta', 'volatility'):
            missing[name] = 'there is no equity'
    if not gross:
        missing['concentration'] = 'nothing is held'
    return {
        'long': long,
        'short': short,
        'gross': gross,
        'net': long - short,
        'leverage': exposures.share(gross, book.equity),
        'symbols': symbols,
        'sectors': exposures.grouped(
            (sectors.get(symbol) or UNKNOWN, value)
            for symbol, value in values.items()
        ),
        'strategies': exposures.grouped(_owned(book)),
        'peak_drawdown': exposures.drawdown(book.peak, book.equity),
        'day_drawdown': exposures.drawdown(book.day_equity, book.equity),
        'margin': margin,
        'margin_use': exposures.share(margin, book.equity),
        'largest': symbols[0].name if symbols else '',
        'largest_share': exposures.share(symbols[0].gross, gross)
        if symbols
        else None,
        'concentration': exposures.concentration(
            np.array([*values.values()], np.float64)
        ),
    }


def _owned(book: books.Book) -> Iterator[tuple[str, float]]:
    """Gives what each strategy holds; the rest is the operator's."""
    rest = dict(book.quantities)
    for strategy, symbol, quantity in book.parts:
        rest[symbol] = rest.get(symbol, 0.0) - quantity
        yield strategy, quantity * book.prices[symbol]
    for symbol, quantity in rest.items():
        if abs(quantity) > _DUST:
            yield books.OPERATOR, quantity * book.prices[symbol]


def _exits(
    book: books.Book,
    history: series.History,
    configured: settings.Metrics,
    scale: series.Scale,
    missing: dict[str, str],
) -> dict[str, Any]:
    """Gives the days to get out, the longest first."""
    rows = []
    for symbol, quantity in book.quantities.items():
        volumes = history.of(symbol).volumes[-configured.lookback :]
        a_day = float(volumes.mean()) * scale.bars_a_day if len(volumes) else 0
        days = exposures.exit_days(quantity, a_day, configured.participation)
        rows.append(riskfigures.Exit(symbol, days))
    rows.sort(key=lambda row: (row.days is not None, -(row.days or 0.0)))
    unknown = [row.symbol for row in rows if row.days is None]
    if unknown:
        missing['exit_days'] = f'no volume is known of {_some(unknown)}'
    if not rows:
        missing['exit_days'] = 'nothing is held'
    return {
        'exits': tuple(rows),
        'exit_days': rows[0].days if rows and not unknown else None,
    }


def _moving(
    book: books.Book,
    history: series.History,
    configured: settings.Metrics,
    universe: tuple[str, ...],
    scale: series.Scale,
    missing: dict[str, str],
) -> dict[str, Any]:
    """Gives what follows from how prices moved."""
    benchmark = configured.benchmark or UNIVERSE
    basis = (configured.benchmark,) if configured.benchmark else universe
    found: dict[str, Any] = {'benchmark': benchmark}
    names = ('beta', 'volatility', 'volatility_ewma', 'tails', 'correlation')
    values = book.values()
    if not values:
        missing.update(dict.fromkeys(names, 'nothing is held'))
        return found
    least = configured.least
    held = history.returns(values, configured.lookback, least)
    too_few = _too_few(held, least)
    if too_few:
        missing.update(dict.fromkeys(names, too_few))
        return found
    weights = np.array([values[symbol] for symbol in held.symbols])
    gains = held.values @ weights
    found['observations'] = len(gains)
    together, _ = moments.shrunk(held.values)
    found['correlation'] = moments.mean_correlation(together, weights)
    if found['correlation'] is None:
        missing['correlation'] = 'fewer than two positions move'
    if book.equity > 0:
        own = gains / book.equity
        year = scale.year()
        found['volatility'] = moments.volatility(own) * year
        found['volatility_ewma'] = (
            moments.ewma_volatility(own, configured.decay) * year
        )
        found['beta'] = _beta(
            book, history, configured, (*values, *basis), basis, missing
        )
    else:
        missing['volatility_ewma'] = 'there is no equity'
    horizon = scale.horizon(configured.horizon_days)
    found['tails'] = tuple(
        _tails(gains, weights, together, horizon, configured, missing)
    )
    return found


def _beta(
    book: books.Book,
    history: series.History,
    configured: settings.Metrics,
    symbols: tuple[str, ...],
    basis: tuple[str, ...],
    missing: dict[str, str],
) -> float | None:
    """Gives the beta to the mean of what the benchmark is made of."""
    found = history.returns(symbols, configured.lookback, configured.least)
    place = {symbol: column for column, symbol in enumerate(found.symbols)}
    columns = [place[symbol] for symbol in basis if symbol in place]
    if not columns or len(found.values) < configured.least:
        of = configured.benchmark or 'the universe'
        missing['beta'] = f'too few bars of {of}, below {configured.least}'
        return None
    values = book.values()
    weights = np.array([values.get(s, 0.0) for s in found.symbols])
    own = found.values @ weights / book.equity
    slope = moments.beta(own, found.values[:, columns].mean(axis=1))
    if slope is None:
        missing['beta'] = 'the benchmark does not move'
    return slope


def _tails(
    gains: FloatArray,
    weights: FloatArray,
    together: FloatArray,
    horizon: float,
    configured: settings.Metrics,
    missing: dict[str, str],
) -> Iterator[riskfigures.TailRisk]:
    """Gives every method at every confidence.

    The mean is taken as 0: over a day it is small beside its own error.
    """
    happened = gains * horizon
    deviation = moments.volatility(gains) * horizon
    drawn = tails.monte_carlo(
        weights,
        together * horizon**2,
        configured.paths,
        np.random.default_rng(configured.seed),
    )
    shape = tails.skew_and_excess(gains)
    for level in configured.confidence:
        yield _row('historical', level, tails.historical(happened, level))
        yield _row('normal', level, tails.normal(0.0, deviation, level))
        if configured.cornish_fisher:
            bent = tails.cornish_fisher(0.0, deviation, *shape, level)
            if bent is None:
                missing['cornish-fisher'] = (
                    'the returns are too far from normal for the expansion'
                )
            else:
                yield _row('cornish-fisher', level, bent)
        yield _row('monte-carlo', level, tails.historical(drawn, level))


def _row(method: str, level: float, tail: tails.Tail) -> riskfigures.TailRisk:
    return riskfigures.TailRisk(method, level, *tail)


def _too_few(found: series.Returns, least: int) -> str:
    """Says which held symbols have too few bars; empty where all have them."""
    if found.short:
        told = [f'{s} ({found.short[s]})' for s in sorted(found.short)]
        return f'fewer than {least} returns of {_some(told)}'
    if len(found.values) < least:
        return f'only {len(found.values)} of {least} returns in common'
    return ''


def _some(names: list[str]) -> str:
    """Names the first three, and counts the rest."""
    more = f' and {len(names) - 3} more' if len(names) > 3 else ''
    return ', '.join(names[:3]) + more
