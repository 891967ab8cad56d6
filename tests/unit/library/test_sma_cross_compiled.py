import math

import pytest

from sting.library import sma_cross_compiled
from sting.model import errors
from sting.strategy import kinds
from sting.strategy import runner
from tests.unit.library import test_sma_cross
from tests.unit.strategy import samples

pytestmark = pytest.mark.unit


@pytest.fixture(autouse=True, scope='module')
def _cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('STING_HOME', str(tmp_path_factory.mktemp('home')))
        yield


async def started(**parameters):
    made = sma_cross_compiled.SmaCrossCompiled('sma', parameters)
    feeder = runner.StrategyRunner(made, number=1, log='t')
    await feeder.start(0)
    return feeder


async def test_it_is_compiled():
    feeder = await started()
    assert feeder.strategy.is_compiled


async def test_it_buys_the_crossing_above_and_sells_the_one_below():
    feeder = await started(fast=1, slow=2, quantity=7)
    found = await test_sma_cross.trades(
        feeder, [3.0, 2.0, 4.0, 5.0, 3.0, 2.0, 6.0]
    )
    assert found == [(2, 'buy', 7.0), (4, 'sell', 7.0), (6, 'buy', 7.0)]


async def test_the_figures_are_on_the_signal():
    feeder = await started(fast=1, slow=2)
    for at, close in enumerate([3.0, 2.0]):
        await feeder.market_data(at, samples.bar(close))
    (signal,) = await feeder.market_data(2, samples.bar(4.0))
    assert signal.indicators == {'SMA(1)': 4.0, 'SMA(2)': 3.0}


async def test_averages_the_wrong_way_round_are_refused():
    with pytest.raises(errors.StrategyError, match='fast 30 must be below'):
        await started(fast=30, slow=10)


@pytest.mark.parametrize(
    ('averages', 'before', 'position', 'wanted'),
    [
        ((11.0, 10.0), -1.0, 0.0, 7.0),
        ((11.0, 10.0), 0.0, 0.0, 7.0),
        ((11.0, 10.0), 0.5, 0.0, 0.0),
        ((11.0, 10.0), -1.0, 7.0, 0.0),
        ((9.0, 10.0), 1.0, 5.0, -5.0),
        ((9.0, 10.0), 1.0, 0.0, 0.0),
        ((9.0, 10.0), math.nan, 5.0, 0.0),
        ((math.nan, 10.0), 1.0, 5.0, 0.0),
    ],
)
def test_a_crossing_decides(averages, before, position, wanted):
    decide = sma_cross_compiled.SmaCrossCompiled.decide
    bar = (10.0,) * 5
    given = (10, 30, 7.0)
    answer = decide(*bar, position, averages, (before,), given)
    quantity, kind, _, (now,) = answer
    assert (quantity, kind) == (wanted, kinds.MARKET)
    assert now == averages[0] - averages[1] or math.isnan(now)
