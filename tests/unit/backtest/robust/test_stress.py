"""Costs two and three times as high."""

import msgspec
import pytest

from sting.backtest import assumptions
from sting.backtest.robust import parts
from sting.backtest.robust import stress
from sting.backtest.sweeping import cases
from sting.simulator import costs
from tests.unit.backtest import bars as worlds

pytestmark = pytest.mark.unit

V = parts.Verdict
HOLDER = """
from sting import strategy


class Mine(strategy.AbstractStrategy):
    async def on_market_data(self, data):
        if not self.portfolio.quantity('X'):
            self.buy('X', 10)
"""


@pytest.fixture
def case(tmp_path):
    def made(gain, **charged):
        path = tmp_path / 'mine.py'
        path.write_text(HOLDER)
        prices = (10.0, 10.0, 10.0 * (1 + gain))
        rows = [('X', 1440 * at, *[p] * 4) for at, p in enumerate(prices, 1)]
        return cases.Case(
            strategy=str(path),
            bars=worlds.make(rows),
            assumed=assumptions.Assumptions(costs=costs.CostModel(**charged)),
        )

    return made


@pytest.mark.parametrize(
    ('gain', 'verdict', 'said'),
    [
        (0.01, V.OK, 'even at three times'),
        (0.0025, V.WARN, 'at 3 times'),
        (0.0015, V.WARN, 'at 2 times'),
        (0.0005, V.FAIL, 'at 1 times'),
    ],
)
def test_the_verdict_is_where_nothing_is_left(case, gain, verdict, said):
    found = stress.check(case(gain, commission_bps=10), 'total_return')
    assert found.verdict == verdict
    assert said in found.reason
    fees = [run['fees'] for run in found.figures['runs']]
    assert fees == pytest.approx([0.1, 0.2, 0.3])


def test_a_run_without_costs_is_given_some(case):
    found = stress.check(case(0.0008), 'total_return')
    assert found.figures['assumed_slippage_bps'] == 5.0
    assert found.verdict == V.WARN
    assert '5 bps of slippage' in found.reason


class Inner(msgspec.Struct, frozen=True, kw_only=True):
    bps: float = 2.0
    maker_bps: float = -1.0
    share: float = 0.5
    bars: int = 14
    above: float = 100.0
    name: str = 'levy'


class Outer(msgspec.Struct, frozen=True, kw_only=True):
    slippage_bps: float = 1.0
    tiers: tuple[Inner, ...] = (Inner(),)
    commission: Inner | None = None
    symbols: dict[str, float] = {}
    latency_ms: float = 5.0


def test_prices_are_multiplied_at_any_depth_and_nothing_else():
    given = Outer(symbols={'X': 0.1})
    found = stress.scaled(given, 3.0)
    assert found == Outer(
        slippage_bps=3.0,
        tiers=(Inner(bps=6.0, share=1.5),),
        symbols={'X': pytest.approx(0.3)},
    )
    assert stress.scaled(given, 1.0) == given
