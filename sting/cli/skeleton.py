"""What `sting new` writes: a strategy and its test, to start from."""

import string

STRATEGY = string.Template('''\
"""Holds what is above its average."""

from sting import strategy


class ${cls}(strategy.AbstractStrategy):
    """Say here what it bets on, and when it loses.

    It buys when the price closes above its average and gets out below it.
    """

    parameters = {
        'period': strategy.Parameter(
            20, low=2, high=500, doc='bars in the average'
        ),
        'weight': strategy.Parameter(
            0.2, low=0.01, high=1.0, doc='share of the account in a position'
        ),
    }

    async def on_start(self):
        self._average = self.indicator(
            strategy.indicators.SMA, period=self.parameters['period']
        )

    async def on_market_data(self, data):
        average = self._average
        # Before there is an average its value is nan, and both are false.
        held = self.portfolio.quantity(data.symbol)
        if not held and data.close > average.value:
            self.target_weight(
                data.symbol,
                self.parameters['weight'],
                reason=f'{data.close:g} is above {average.name}',
            )
        elif held and data.close < average.value:
            self.close(
                data.symbol, reason=f'{data.close:g} is below {average.name}'
            )
''')

TEST = string.Template('''\
"""The tests of ${name}.py; run this file, or all with unittest or pytest."""

import pathlib
import unittest

from sting.testing import strategies

FILE = pathlib.Path(__file__).with_name('${name}.py')


class ${cls}Test(unittest.TestCase):
    def test_it_buys_above_its_average_and_says_why(self):
        ran = strategies.run(FILE, [100.0, 100.0, 103.0], period=3)
        (wanted,) = ran.signals
        self.assertEqual(wanted.reason, '103 is above SMA(3)')
        self.assertEqual(wanted.indicators, {'SMA(3)': 101.0})

    def test_it_waits_until_there_is_an_average(self):
        ran = strategies.run(FILE, [100.0, 103.0], period=3)
        self.assertEqual(ran.signals, [])

    def test_it_gets_out_below_its_average(self):
        # An order that is decided on a bar fills at the next one.
        prices = [100.0, 100.0, 103.0, 104.0, 90.0, 89.0]
        ran = strategies.run(FILE, prices, period=3)
        self.assertEqual([fill.price for fill in ran.fills], [104.0, 89.0])
        self.assertEqual(ran.book.quantity('X'), 0.0)


if __name__ == '__main__':
    unittest.main()
''')

ENTRY = string.Template("""\
strategies:
  ${name}:
    strategy: ${name}.py
""")
