"""The curve of moments is that of several symbols, looked at one by one."""

import functools

import numpy as np
import pytest

from sting.backtest import curve
from sting.backtest import engine
from sting.backtest import quotes
from sting.model import costs
from sting.risk import manager
from tests.unit.backtest import bars as worlds
from tests.unit.backtest import quoted
from tests.unit.backtest import test_quotes

pytestmark = pytest.mark.unit


class Slow(quotes.QuoteEngine):
    """Looks at the account after every moment."""

    def _make_curve(self):
        return curve.OfSeveral(self._engine.state, self._cash, len(self._bars))


def shared(table):
    """The same quotes, some of one stamp."""
    table.timestamp[:] = table.timestamp // (3 * worlds.MINUTE) * worlds.MINUTE
    return table


TABLES = {
    'several symbols': lambda seed: quoted.walk(200, seed, 0.1, ('X', 'Y')),
    'one symbol, shared stamps': lambda seed: shared(
        quoted.walk(300, seed, 0.1)
    ),
    'both': lambda seed: shared(quoted.walk(200, seed, 0.1, ('X', 'Y', 'Z'))),
}


@pytest.mark.parametrize('size', [1, 7, 64, 10_000])
@pytest.mark.parametrize('name', TABLES)
def test_it_is_what_looking_after_every_moment_gives(name, size, monkeypatch):
    monkeypatch.setattr(engine, 'PROGRESS', size)
    table = TABLES[name](size)
    found = []
    for kind in (quotes.QuoteEngine, Slow):
        result = engine.run(
            test_quotes.BOTH,
            table.middles(),
            manager.RiskManager(),
            play=functools.partial(kind, quotes=table),
        )
        found.append(result.curve)
        assert len(result.fills) > 10
    made, expected = found
    assert len(made) == len(np.unique(table.timestamp))
    for column in ('timestamp', 'cash', 'exposed'):
        np.testing.assert_array_equal(
            getattr(made, column), getattr(expected, column)
        )
    np.testing.assert_allclose(made.equity, expected.equity, rtol=1e-12)


def test_flows_between_moments_are_in_the_next_one():
    table = quoted.walk(300, 3, 0.1, ('X', 'Y'))
    table.timestamp[300:] += 86_400 * 10**9
    found = []
    for kind in (quotes.QuoteEngine, Slow):
        result = engine.run(
            test_quotes.BOTH,
            table.middles(),
            manager.RiskManager(),
            play=functools.partial(kind, quotes=table),
            **worlds.assumed(
                {'costs': costs.CostModel(borrow=costs.Borrow(rate=0.5))}
            ),
        )
        found.append(result)
    assert found[0].metrics.borrow_fees == found[1].metrics.borrow_fees > 0
    np.testing.assert_allclose(
        found[0].curve.equity, found[1].curve.equity, rtol=1e-12
    )
