"""What indicators have is read off after each bar, wherever they run."""

import math

import pytest

from sting.model import events
from sting.model import readings
from sting.strategy import loader
from sting.strategy import reading
from sting.strategy import runner
from sting.strategy import wire
from tests.unit.strategy import processes
from tests.unit.strategy import samples
from tests.unit.strategy import test_inprocess
from tests.unit.strategy import test_isolated

pytestmark = pytest.mark.unit

make = test_isolated.make

BODY = """
async def on_start(self):
    self.sma = self.indicator(strategy.indicators.SMA, period=2)
    self.macd = self.indicator(
        strategy.indicators.MACD, fast=2, slow=3, signal=2
    )

async def on_market_data(self, data):
    self.log.info(f'{data.timestamp} {self.sma.value:g}')
"""
NAMES = ('SMA(2)', 'MACD(2, 3, 2)')


def unpacked(told):
    return {
        stamp: dict(zip(told.names, values, strict=True))
        for stamp, values in readings.unpack(told.rows, len(told.names))
    }


def history(*closes, symbol='X'):
    return [
        samples.bar(close, symbol=symbol, timestamp=stamp)
        for stamp, close in enumerate(closes, 1)
    ]


async def feeder_of(tmp_path):
    path = processes.write(tmp_path, BODY)
    made = runner.StrategyRunner(
        loader.instantiate(loader.load(str(path)), 'mine', {}),
        number=1,
        log='t',
    )
    await made.start(1)
    return made


async def test_all_lines_are_read_by_name(tmp_path):
    feeder = await feeder_of(tmp_path)
    past = reading.Past(feeder)
    for bar in history(1.0, 2.0, 4.0, 8.0, 16.0):
        past.warm_up(bar)
    (told,) = past.told()
    assert told.is_sound()
    assert told.symbol == 'X'
    assert set(NAMES) < set(told.names)
    values = unpacked(told)
    # At the first bar there was nothing yet.
    assert list(values) == [2, 3, 4, 5]
    assert [row['SMA(2)'] for row in values.values()] == [1.5, 3.0, 6.0, 12.0]
    assert math.isnan(values[2]['MACD(2, 3, 2)'])
    assert not math.isnan(values[5]['MACD(2, 3, 2)'])


async def test_a_long_past_is_cut_to_its_newest_part(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, 'PAST_BYTES', 200)
    feeder = await feeder_of(tmp_path)
    past = reading.Past(feeder)
    for symbol in ('X', 'Y'):
        for bar in history(*map(float, range(1, 9)), symbol=symbol):
            past.warm_up(bar)
    for told in past.told():
        assert list(unpacked(told)) == [7, 8]


class Strange:
    name = 'strange'
    value = 'no number'


async def test_what_is_no_number_is_no_value(tmp_path, monkeypatch):
    feeder = await feeder_of(tmp_path)
    bar = samples.bar(1.0)
    monkeypatch.setattr(runner.StrategyRunner, 'lines', lambda *_: [Strange()])
    assert reading.read(feeder, bar) is None


async def test_a_process_tells_them_with_each_answer(tmp_path):
    seen = processes.Seen(tmp_path, BODY)
    await seen.start(history=history(1.0, 2.0))
    seen.bar(7, timestamp=3, close=4.0)
    await processes.until(lambda: len(seen.answers) == 2)
    first, second = seen.answers
    assert unpacked(first.read[0])[2]['SMA(2)'] == 1.5
    assert unpacked(second.read[0])[3]['SMA(2)'] == 3.0
    seen.made.kill()
    await seen.made.gone()


async def test_values_that_make_no_sense_end_the_process(tmp_path):
    async with processes.running(tmp_path, BODY) as seen:
        answer = wire.Answer(1, 0.0, [], [], [readings.Readings('X', (), b'')])
        with pytest.raises(Exception, match='makes no sense'):
            seen.made._judge(answer)


async def test_a_host_of_processes_hands_them_on(make):
    desk = make({'mine': BODY})
    await desk.host.start('mine', seq=3, history=history(1.0, 2.0))
    desk.bar(7, close=4.0, timestamp=3)
    await processes.until(lambda: len(desk.shown) == 2)
    assert [name for name, _ in desk.shown] == ['mine', 'mine']
    past, now = (unpacked(told) for _, told in desk.shown)
    assert list(past) == [2]
    assert now[3]['SMA(2)'] == 3.0


async def test_one_in_the_engine_hands_them_on(tmp_path):
    desk = test_inprocess.Desk()
    spec = test_inprocess.spec(
        tmp_path, 'mine', processes.write(tmp_path, BODY).read_text()
    )
    shown = []
    host = test_inprocess.make(
        desk, spec, show=lambda name, told: shown.append((name, told))
    )
    await host.start('mine', seq=3, history=history(1.0, 2.0))
    bar = samples.bar(4.0, timestamp=3)
    host.deliver(test_inprocess.event(events.EventType.MARKET_DATA, bar))
    await test_inprocess.settle()
    await host.close(seq=9)
    assert [name for name, _ in shown] == ['mine', 'mine']
    assert unpacked(shown[0][1])[2]['SMA(2)'] == 1.5
    assert unpacked(shown[1][1])[3]['SMA(2)'] == 3.0
