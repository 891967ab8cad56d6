"""An engine through 24 hours of bars, as fast as it can take them.

Run as a program: the folder of its files. For each hour of the bars it prints
a line of what the engine uses then, as JSON.
"""

import json
import pathlib
import sys
import time

import msgspec
import numpy as np

from sting import session
from sting import settings
from sting.model import commands
from sting.model import market
from sting.model import specs
from sting.session import processes
from tests.unit.session import stations

HOURS = 24
SYMBOLS = ('AAA', 'BBB', 'CCC', 'DDD', 'EEE')
MINUTE = 60 * market.NANOSECONDS
HOUR = 60 * MINUTE
# A Monday, at 12:00.
START = 1_700_481_600 * market.NANOSECONDS
# A minute of all symbols takes so long.
BARS_PER_S = 20.0
CASH = 1_000_000.0
# The strategies rest for an hour around midnight.
SCHEDULE = settings.Schedule(start='open + 30m', stop='close - 30m')

CHATTY = """
async def on_start(self):
    self.resting = {}

async def on_market_data(self, data):
    symbol = data.symbol
    if self.portfolio.quantity(symbol) > 0:
        self.sell(symbol, 1)
    else:
        self.buy(symbol, 1)
    if symbol in self.resting:
        self.cancel(self.resting[symbol])
    self.resting[symbol] = self.buy(
        symbol, 1, strategy.OrderType.LIMIT, data.close * 0.99
    )
"""


def write_bars(path):
    """Writes bars of a market that never closes."""
    random = np.random.default_rng(24)
    rows = ['timestamp,symbol,open,high,low,close,volume']
    last = dict.fromkeys(SYMBOLS, 100.0)
    for minute in range(HOURS * 60):
        stamp = market.to_iso(START + minute * MINUTE)
        for symbol in SYMBOLS:
            first = last[symbol]
            close = round(first * float(np.exp(random.normal(0, 0.001))), 4)
            high, low = max(first, close), min(first, close)
            rows.append(f'{stamp},{symbol},{first},{high},{low},{close},10000')
            last[symbol] = close
    path.write_text('\n'.join(rows) + '\n')


def config(home):
    """A profile of two strategies on these bars."""
    bars = home.config / 'bars.csv'
    bars.parent.mkdir(parents=True, exist_ok=True)
    write_bars(bars)
    chatty = stations.write_strategy(home, 'chatty.py', CHATTY)
    # An hour goes by in three seconds, and its signals with it.
    busy = {'strategy': chatty, 'process': specs.Process(signals_per_s=2000.0)}
    made = stations.config(
        home,
        strategies={'chatty': busy, 'sma': 'sting.library.sma_cross'},
        symbols=SYMBOLS,
        feed='soak',
        calendar='24/7',
        cash=CASH,
        schedule=SCHEDULE,
    )
    feed = settings.FileFeed(
        path=str(bars), bars_per_s=BARS_PER_S, timeframe='1m'
    )
    return msgspec.structs.replace(made, feeds={**made.feeds, 'soak': feed})


def look(station, hour):
    """Prints what the engine and its strategies use."""
    picture = station.snapshot()
    rows = () if picture.health is None else picture.health.processes
    own = processes.look(picture.pid)
    told = {
        'hour': hour,
        'memory': own.memory,
        'files': own.files,
        'others': sum(row.memory or 0 for row in rows[1:]),
        'events': picture.seq,
        'running': sum(r.status == 'running' for r in picture.strategies),
    }
    sys.stdout.write(json.dumps(told) + '\n')
    sys.stdout.flush()


def main():
    """Runs until there are no more bars."""
    home = stations.home_in(pathlib.Path(sys.argv[1]))
    station = session.open('demo', home=home, config=config(home))
    station.start()
    hour = 0
    while station.snapshot().feeds[0].status != 'ended':
        now = station.snapshot().time
        while hour < HOURS - 1 and now >= START + (hour + 1) * HOUR:
            hour += 1
            look(station, hour)
            by_hand(station, hour)
        time.sleep(0.05)
    look(station, HOURS)
    station.close()
    held = {
        row.symbol: row.quantity
        for row in station.snapshot().positions
        if row.quantity
    }
    found = {'held': held, 'cash': station.snapshot().cash}
    sys.stdout.write(json.dumps(found) + '\n')


def by_hand(station, hour):
    """Trades as an operator does."""
    side = stations.BUY if hour % 2 else stations.SELL
    command = commands.SubmitOrder(symbol='AAA', side=side, quantity=2.0)
    station.submit(command).result(stations.SOON)


if __name__ == '__main__':
    main()
