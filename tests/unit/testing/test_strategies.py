"""A strategy that is fed by hand."""

import pytest

from sting import strategy
from sting.model import errors
from sting.model import market
from sting.model import orders
from sting.model import records
from sting.testing import strategies

pytestmark = pytest.mark.unit


class Dip(strategy.AbstractStrategy):
    """Buys below its average, closes when the price is above it."""

    parameters = {  # noqa: RUF012
        'period': strategy.Parameter(20, low=2),
        'again': strategy.Parameter(False),
    }

    async def on_start(self):
        self._mean = self.indicator(
            strategy.indicators.SMA, period=self.parameters['period']
        )

    async def on_market_data(self, data):
        if data.close < self._mean.value:
            self.target(data.symbol, 10.0, reason='below')
            self.log.info(f'bought at {data.close:g}')
        elif data.close > self._mean.value or self.parameters['again']:
            self.close(data.symbol, reason='above')

    async def on_order_update(self, order):
        if order.average_price == 666.0:
            raise ValueError('no such price')


def test_it_wants_what_it_wants_with_reason_and_indicators():
    ran = strategies.run(Dip, [100.0, 100.0, 88.0], period=3)
    (wanted,) = ran.signals
    assert (wanted.symbol, wanted.reason) == ('X', 'below')
    assert wanted.indicators == {'SMA(3)': 96.0}
    assert [line.text for line in ran.log] == ['bought at 88']


def test_orders_fill_at_the_next_bar_and_leave_a_position():
    ran = strategies.run(Dip, [100.0, 90.0, 80.0, 95.0, 97.0], period=2)
    assert [fill.price for fill in ran.fills] == [80.0, 97.0]
    assert [order.side for order in ran.orders] == ['buy', 'sell']
    assert ran.book.realized() == 170.0
    assert ran.book.quantity('X') == 0.0


def test_what_becomes_no_order_says_why():
    ran = strategies.run(Dip, [100.0], period=2, again=True)
    (refusal,) = ran.refusals
    assert refusal.gate is records.Gate.REACHED
    assert ran.orders == []


def test_a_file_is_taken_as_well_as_a_class(tmp_path):
    path = tmp_path / 'mine.py'
    path.write_text(
        'from sting import strategy\n'
        'class Mine(strategy.AbstractStrategy):\n'
        '    async def on_market_data(self, data):\n'
        '        self.buy(data.symbol, 1.0)\n'
    )
    ran = strategies.run(path, [10.0, 11.0])
    assert [type(each) for each in ran.signals] == [orders.Signal] * 2


def test_bars_have_a_symbol_and_a_length_of_their_own():
    table = strategies.bars([1.0, 2.0], 'IBM', '5m')
    first, second = table.rows()
    assert (first.symbol, first.close, first.timeframe) == ('IBM', 1.0, '5m')
    assert second.timestamp - first.timestamp == 300 * market.NANOSECONDS
    assert strategies.run(Dip, table, period=2).signals[0].symbol == 'IBM'


def test_what_the_strategy_raises_names_its_line():
    with pytest.raises(errors.StrategyError, match='no such price'):
        strategies.run(Dip, [700.0, 690.0, 666.0], period=2)


def test_a_parameter_out_of_range_is_refused():
    with pytest.raises(errors.StrategyError, match='period'):
        strategies.run(Dip, [1.0], period=1)
