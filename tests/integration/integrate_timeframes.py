"""Longer bars are the same in a backtest and in a strategy's own process."""

import pytest

from sting.backtest import engine
from sting.data import generate
from sting.data import sample
from sting.data import table
from sting.data import times
from sting.model import specs
from sting.risk import manager
from tests.unit.session import stations

pytestmark = pytest.mark.integration

BODY = """
timeframes = ('1h', '1d')

async def on_start(self):
    self.day = self.indicator(
        strategy.indicators.SMA, period=1, timeframe='1d'
    )

async def on_market_data(self, data):
    figures = data.open, data.high, data.low, data.close, data.volume
    text = f'{data.timeframe} {data.timestamp} {figures} {self.day.value}'
    self.log.info(text)
    self.buy(data.symbol, 0.001, reason=text)
"""
# The hours and the days of two sessions, the last half hours too.
FEWEST = 16


def minutes(symbol, first, last):
    """What the demo plays, and plays before it starts."""
    days = sample.load([symbol]).table.select(
        start=times.parse_moment(first), end=times.parse_moment(last)
    )
    return table.BarTable.merge([generate.minutes(day) for day in days.rows()])


def test_paper_hears_the_longer_bars_of_the_backtest(tmp_path):
    home = stations.home_in(tmp_path)
    path = stations.write_strategy(home, 'framed.py', BODY)
    patient = specs.Process(late_ms=10_000, deadline_ms=60_000)
    framed = {'strategy': path, 'symbols': ('AAPL',), 'process': patient}

    def heard():
        return [
            event.data.reason
            for event in stations.log_of(home, stations.T.SIGNAL)
        ]

    with stations.running(
        home, interval_s=0.002, strategies={'framed': framed}
    ):
        stations.until(lambda: len(heard()) >= FEWEST, 100.0)
    paper = heard()
    bars = minutes('AAPL', '2012-05-21', '2012-08-31')
    run = engine.run(path, bars, manager.RiskManager())
    expected = [line.text for line in run.log]
    # It begins where the strategy did.
    start = expected.index(paper[0])
    assert paper == expected[start : start + len(paper)]
    assert {text.split()[0] for text in paper} == {'1h', '1d'}
