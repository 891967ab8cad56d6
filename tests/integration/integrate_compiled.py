"""One decision in a backtest, in a process of its own, and over columns."""

import asyncio

import pytest

from sting.backtest import compiled
from sting.backtest import engine
from sting.data import sample
from sting.model import portfolio
from sting.model import specs
from sting.risk import manager
from sting.risk import rules
from sting.simulator import costs
from sting.strategy import process
from sting.strategy import wire
from tests.unit.backtest import bars as made
from tests.unit.backtest import test_compiled as unit

pytestmark = [pytest.mark.integration, pytest.mark.timeout(400)]

SOON = 60.0
# It is told the past as fast as it can be.
FREE = specs.Process(deadline_ms=30_000, late_ms=30_000, signals_per_s=100_000)
CASES = {
    'sting.library.sma_cross_compiled': {'fast': 3, 'slow': 8},
    f'{unit.HERE}:Mixed': {'often': 2, 'step': 0.001},
    f'{unit.HERE}:Curved': {},
}


def bars_of(reference):
    """Real bars for what ships, generated ones for what is made for tests."""
    if reference.startswith('sting.'):
        return sample.load(['IBM']).table.last(1500)
    return made.walk(1000, 4)


class Isolated:
    """Feeds a strategy in a process, and waits for each of its answers."""

    name = engine.NAME
    number = 1

    def __init__(self, reference, parameters, output):
        self._answers = asyncio.Queue()
        self.lines = []
        self.process = process.Process(
            specs.StrategySpec(
                name=self.name,
                reference=reference,
                parameters=parameters,
                process=FREE,
            ),
            log=engine.LOG,
            output=output,
            hear=self._answers.put_nowait,
            fail=self._answers.put_nowait,
        )

    def expect(self, timeframe):
        pass

    def preload(self, symbol, columns):
        pass

    async def start(self, now, seq):
        await self.process.spawn()
        await self.process.begin(seq=seq, now=now, book=portfolio.Portfolio())
        return await self._answer()

    async def stop(self, now, seq):
        await self.process.end(seq=seq, now=now)
        return await self._answer()

    async def market_data(self, seq, bar):
        return await self._tell(wire.Bar(seq, bar))

    async def order_update(self, seq, order):
        return await self._tell(wire.Update(seq, order))

    async def fill(self, seq, fill, order, position):
        return await self._tell(wire.Filled(seq, fill, order, position))

    async def _tell(self, frame):
        self.process.tell(frame.seq, wire.encode(frame))
        return await self._answer()

    async def _answer(self):
        answer = await asyncio.wait_for(self._answers.get(), SOON)
        self.lines += answer.lines
        return answer.signals


@pytest.mark.parametrize('reference', CASES)
async def test_all_three_trade_the_same(reference, tmp_path, monkeypatch):
    monkeypatch.setenv('STING_HOME', str(tmp_path))
    bars = bars_of(reference)
    options = {'participation': 0.01, 'cash': 1e6}
    charged = {'commission_bps': 2.0, 'slippage_bps': 1.0}
    gate = manager.RiskManager([rules.BuyingPower(1.0)])
    feeder = Isolated(reference, CASES[reference], tmp_path / 'out.log')
    alone = engine.BacktestEngine(
        feeder, bars, gate, costs=costs.CostModel(**charged), **options
    )
    try:
        await alone.run()
    finally:
        feeder.process.kill()
        await feeder.process.gone()
    assert [line.text for line in feeder.lines] == ['decide runs compiled']

    def rest():
        return [
            run(
                reference,
                bars,
                gate,
                parameters=CASES[reference],
                **options,
                **charged,
            )
            for run in (engine.run, compiled.run)
        ]

    together, columns = await asyncio.to_thread(rest)
    assert columns.by_columns
    assert len(columns.fills) > 100
    assert unit.columns(columns) == unit.columns(together)
    assert unit.columns(columns) == unit.columns(alone)
    assert list(alone.fills.order_id) == list(together.fills.order_id)
