"""An engine that trades as fast as it can, to be killed at any moment.

Run as a program: the folder of its files, and a seed.
"""

import sys

import numpy as np

from sting import session
from sting.model import commands
from sting.model import orders
from tests.unit.session import stations

CHATTY = """
async def on_start(self):
    self.bars = 0
    self.resting = ''

async def on_market_data(self, data):
    self.bars += 1
    if self.portfolio.quantity(data.symbol) > 0:
        self.sell(data.symbol, 1)
    else:
        self.buy(data.symbol, 1)
    if self.resting:
        self.cancel(self.resting)
    self.resting = self.buy(
        data.symbol, 1, strategy.OrderType.LIMIT, data.close * 0.9999
    )
"""


def config(home, **options):
    """The configuration that is killed and started again."""
    path = stations.write_strategy(home, 'chatty.py', CHATTY)
    return stations.config(home, strategies={'chatty': path}, **options)


def main():
    """Trades by hand, too, until it is killed."""
    home = stations.home_in(sys.argv[1])
    random = np.random.default_rng(int(sys.argv[2]))
    station = session.open('demo', home=home, config=config(home))
    station.start()
    sys.stdout.write('ready\n')
    sys.stdout.flush()
    while True:
        side = stations.BUY if random.random() < 0.5 else stations.SELL
        price = float(random.integers(100, 900))
        market = random.random() < 0.5
        answer = station.submit(
            commands.SubmitOrder(
                symbol='AAPL',
                side=side,
                quantity=float(random.integers(1, 5)),
                type=(
                    orders.OrderType.MARKET
                    if market
                    else orders.OrderType.LIMIT
                ),
                price=None if market else price,
            )
        ).result()
        if random.random() < 0.5 and answer.ok:
            station.submit(commands.CancelOrder(order_id=answer.order_id))


if __name__ == '__main__':
    main()
