"""One decision in a backtest, in a process of its own, and over columns."""

import asyncio
import os
import signal

import msgspec
import pytest

from sting.backtest import assumptions
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
from tests.unit.backtest import deciders
from tests.unit.backtest import test_compiled as unit
from tests.unit.session import stations

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

    async def pass_on(self, seq, bars, concerned, symbol):
        for bar in bars:
            if bar.symbol in concerned:
                return seq, bar, ()
            seq += 1
            signals = await self.market_data(seq, bar)
            if signals:
                return seq, None, signals
        return seq, None, ()

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
    assumed = assumptions.Assumptions(
        cash=1e6,
        costs=costs.CostModel(commission_bps=2.0, slippage_bps=1.0),
        participation=0.01,
    )
    gate = manager.RiskManager([rules.BuyingPower(1.0)])
    feeder = Isolated(reference, CASES[reference], tmp_path / 'out.log')
    alone = engine.BacktestEngine(feeder, bars, gate, assumed)
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
                assumed=assumed,
            )
            for run in (engine.run, compiled.run)
        ]

    together, columns = await asyncio.to_thread(rest)
    assert columns.by_columns
    assert len(columns.fills) > 100
    assert unit.columns(columns) == unit.columns(together)
    assert unit.columns(columns) == unit.columns(alone.record)
    assert list(alone.record.fills.order_id) == list(together.fills.order_id)


def test_it_trades_on_after_its_process_was_killed(tmp_path, monkeypatch):
    # What it decides on the bars that it missed is too late to be sent; it
    # must not wait for such an order.
    monkeypatch.setenv('STING_HOME', str(tmp_path))
    home = stations.home_in(tmp_path)
    told = stations.T
    always = {
        'strategy': f'{deciders.__name__}:Always',
        'symbols': ('AAPL',),
        'process': msgspec.structs.replace(FREE, state_every_s=1.0),
    }

    def of(kind, after=0):
        return [e for e in stations.log_of(home, kind) if e.seq > after]

    def stale():
        refused = of(told.SIGNAL_REFUSED)
        return [event for event in refused if event.data.gate == 'stale']

    with stations.running(home, strategies={'always': always}) as station:
        stations.until(lambda: of(told.STRATEGY_STATE), SOON)
        pid = stations.until(lambda: station.snapshot().strategies[0].pid, SOON)
        os.kill(pid, signal.SIGKILL)
        stations.until(stale, SOON)
        # Cancels that came after a fill are refused too, at any time.
        last = stale()[-1].seq
        stations.until(lambda: len(of(told.FILL, last)) > 3, SOON)
