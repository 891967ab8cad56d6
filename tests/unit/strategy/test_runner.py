import asyncio
import math

import msgspec
import numpy as np
import pytest

from sting import strategy
from sting.model import errors
from sting.model import events
from sting.model import market
from sting.model import orders
from sting.model import portfolio
from sting.model import records
from sting.strategy import runner
from tests.unit.strategy import samples
from tests.unit.strategy import trading_days

pytestmark = pytest.mark.unit


class Recorder(strategy.AbstractStrategy):
    """Notes what it hears and buys one X each time."""

    async def on_start(self):
        self.heard = []
        self.sma = self.indicator(strategy.indicators.SMA, period=2)
        self.note('start', None)

    async def on_stop(self):
        self.note('stop', None)

    async def on_market_data(self, data):
        self.note('bar', self.sma.value)

    async def on_quote(self, quote):
        self.note('quote', quote.bid)

    async def on_trade(self, trade):
        self.note('trade', trade.price)

    async def on_data_issue(self, issue):
        self.note('issue', issue.issue)

    async def on_corporate_action(self, action):
        self.note('action', self.position(action.symbol).quantity)

    async def on_order_update(self, order):
        self.note('order', order.status)

    async def on_position_update(self, position):
        self.note('position', position.quantity)

    def note(self, what, value):
        self.heard.append((what, value, self.clock.now()))
        self.buy('X', 1)


class Silent(strategy.AbstractStrategy):
    pass


def made(kind=Recorder, name='s'):
    return runner.StrategyRunner(kind(name, {}), number=3, log='log')


async def started(kind=Recorder):
    feeder = made(kind)
    await feeder.start(1)
    return feeder


def ids(signals):
    return [signal.order_id for signal in signals]


async def test_start_and_stop_are_answered():
    feeder = made()
    assert ids(await feeder.start(4, 8)) == ['log-8-3-1']
    assert ids(await feeder.stop(5, 9)) == ['log-9-3-1']
    assert [each[0::2] for each in feeder.strategy.heard] == [
        ('start', 4),
        ('stop', 5),
    ]


async def test_a_bar_updates_indicators_first():
    feeder = await started()
    await feeder.market_data(1, samples.bar(1.0, timestamp=10))
    signals = await feeder.market_data(2, samples.bar(3.0, timestamp=20))
    assert feeder.strategy.heard[-1] == ('bar', 2.0, 20)
    assert signals[0].indicators == {'SMA(2)': 2.0}


async def test_ids_start_again_with_each_event():
    feeder = await started()
    assert ids(await feeder.market_data(1, samples.bar(1.0))) == ['log-1-3-1']
    assert ids(await feeder.market_data(2, samples.bar(1.0))) == ['log-2-3-1']


async def test_warm_up_reaches_indicators_alone():
    feeder = await started()
    feeder.warm_up(samples.bar(1.0, timestamp=5))
    feeder.warm_up(samples.bar(3.0, timestamp=6))
    assert len(feeder.strategy.heard) == 1
    assert feeder.strategy.sma.value == 2.0
    assert feeder.strategy.clock.now() == 6


async def test_preloading_changes_no_answer():
    closes = [1.0, 3.0, 4.0]
    feeder = await started()
    feeder.preload('X', {'close': np.array(closes)})
    for seq, close in enumerate(closes):
        await feeder.market_data(seq, samples.bar(close))
    assert [value for _, value, _ in feeder.strategy.heard[2:]] == [2.0, 3.5]


async def test_preloading_names_the_strategy_when_an_indicator_raises():
    feeder = await started()
    with pytest.raises(errors.StrategyError, match="KeyError: 'close'"):
        feeder.preload('X', {})


async def test_quotes_trades_and_issues_are_handed_on():
    feeder = await started()
    await feeder.quote(2, market.Quote('X', 10, 1.0, 2.0, 1.0, 1.0))
    await feeder.trade(3, market.Trade('X', 11, 5.0, 1.0))
    signals = await feeder.data_issue(4, market.DataIssue('', 12, 'stale'))
    assert feeder.strategy.heard[1:] == [
        ('quote', 1.0, 10),
        ('trade', 5.0, 11),
        ('issue', 'stale', 12),
    ]
    assert ids(signals) == ['log-4-3-1']


async def test_a_split_is_booked_before_it_is_told():
    feeder = await started()
    book = portfolio.Portfolio()
    book.apply(samples.fill(quantity=6.0))
    feeder.adopt(book)
    split = records.CorporateAction(
        symbol='X', kind=records.ActionKind.SPLIT, ratio=2.0
    )
    signals = await feeder.corporate_action(5, split, 20)
    assert feeder.strategy.heard[-1] == ('action', 12.0, 20)
    assert ids(signals) == ['log-5-3-1']


async def test_its_share_of_a_flow_is_in_its_cash():
    feeder = await started()
    paid = records.CashFlow(
        kind=records.FlowKind.DIVIDEND, amount=9.0, shares={'s': 3.0}
    )
    assert list(await feeder.cash_flow(5, paid, 20)) == []
    others = records.CashFlow(kind=records.FlowKind.FEE, amount=-1.0)
    await feeder.cash_flow(6, others, 21)
    assert feeder.strategy.portfolio.cash == 3.0


async def test_an_order_update_shows_the_indicators_of_its_symbol():
    class Looker(strategy.AbstractStrategy):
        async def on_start(self):
            self.sma = self.indicator(strategy.indicators.SMA, period=1)

        async def on_order_update(self, order):
            self.seen = self.sma.value

    feeder = await started(Looker)
    await feeder.market_data(1, samples.bar(1.0, symbol='X'))
    await feeder.market_data(2, samples.bar(7.0, symbol='Y'))
    await feeder.order_update(3, samples.order())
    assert feeder.strategy.seen == 1.0


async def test_a_fill_is_booked_before_it_is_told():
    feeder = await started()
    signals = await feeder.fill(7, samples.fill(), samples.order())
    assert feeder.strategy.heard[1:] == [
        ('order', orders.OrderStatus.FILLED, 5),
        ('position', 10.0, 5),
    ]
    assert ids(signals) == ['log-7-3-1', 'log-7-3-2']
    assert feeder.strategy.portfolio.quantity('X') == 10.0


async def test_the_engine_position_counts_where_it_differs():
    feeder = await started(Silent)
    book = feeder.strategy.portfolio
    long = portfolio.Position(symbol='X', quantity=3.0, average_price=1.0)
    await feeder.fill(7, samples.fill(), samples.order(), long)
    assert book.positions['X'] is long
    assert 'X' in book.held
    flat = portfolio.Position(symbol='X')
    await feeder.fill(8, samples.fill(), samples.order(), flat)
    assert book.quantity('X') == 0.0
    assert 'X' not in book.held


async def test_a_book_is_adopted_as_a_copy():
    feeder = made(Silent)
    book = portfolio.Portfolio(5.0)
    book.apply(samples.fill())
    feeder.adopt(book)
    book.apply(samples.fill())
    assert feeder.strategy.portfolio.quantity('X') == 10.0


async def test_what_is_not_overridden_costs_nothing_and_wants_nothing():
    feeder = await started(Silent)
    assert not await feeder.market_data(1, samples.bar(1.0))
    assert not await feeder.order_update(2, samples.order())
    assert not await feeder.fill(3, samples.fill(), samples.order())
    assert not await feeder.stop(9)


async def test_own_signals_get_a_name_and_an_id():
    class Own(strategy.AbstractStrategy):
        def generate_signals(self):
            return [
                strategy.Signal(symbol='X', side=strategy.OrderSide.BUY),
                strategy.Signal(
                    symbol='Y', order_id='mine', strategy=self.name
                ),
            ]

    feeder = await started(Own)
    first, second = await feeder.market_data(4, samples.bar(1.0))
    assert (first.strategy, first.order_id) == ('s', 'log-4-3-1')
    assert second.order_id == 'mine'


async def test_signals_carry_the_hash_of_their_code():
    class Own(Recorder):
        def generate_signals(self):
            wanted = super().generate_signals()
            return [
                *wanted,
                strategy.Signal(symbol='X', code='what it says itself'),
            ]

    for kind in (Recorder, Own):
        feeder = runner.StrategyRunner(
            kind('s', {}), number=3, log='log', code='c0de'
        )
        wanted = await feeder.start(1)
        assert {signal.code for signal in wanted} == {'c0de'}
    assert [signal.code for signal in await made().start(1)] == ['']


async def test_what_is_written_to_the_log_is_taken():
    feeder = await started(Silent)
    feeder.strategy.log.info('hello')
    assert [line.text for line in feeder.take_log()] == ['hello']


async def test_own_signals_are_made_of_the_types_of_the_log():
    class Own(strategy.AbstractStrategy):
        def generate_signals(self):
            return [
                strategy.Signal(
                    symbol=np.str_('X'),
                    side='buy',
                    quantity=np.int64(3),
                    reason=None,
                    indicators={'a': np.float32(0.5), 'b': math.nan},
                    strategy='another',
                )
            ]

    feeder = await started(Own)
    (signal,) = await feeder.market_data(4, samples.bar(1.0))
    assert signal.strategy == 's'
    assert signal.indicators == {'a': 0.5}
    text = events.encode(signal)
    assert events.decode(events.EventType.SIGNAL, text) == signal


@pytest.mark.parametrize(
    ('fields', 'message'),
    [
        ({'price': math.nan}, 'price nan must be a finite number'),
        ({'stop_price': math.inf}, 'stop price inf must be a finite number'),
        ({'weight': -math.inf}, 'weight -inf must be a finite number'),
        ({'quantity': 'all'}, "quantity 'all' must be a finite number"),
        ({'kind': 'sell'}, "'sell' is not a valid SignalKind"),
    ],
)
async def test_an_own_signal_that_cannot_be_logged_names_the_method(
    fields, message
):
    class Own(strategy.AbstractStrategy):
        def generate_signals(self):
            kind = {'kind': orders.SignalKind.TARGET}
            return [strategy.Signal(symbol='X', **(kind | fields))]

    feeder = made(Own)
    line = Own.generate_signals.__code__.co_firstlineno
    with pytest.raises(errors.StrategyError) as caught:
        await feeder.start(1)
    assert str(caught.value) == f'{__file__}:{line}: OrderError: {message}'


async def test_a_name_that_the_strategy_gives_itself_changes_nothing():
    class Renamed(strategy.AbstractStrategy):
        async def on_start(self):
            self.name = 'other'
            self.buy('X', 1)

    feeder = made(Renamed)
    (signal,) = await feeder.start(1)
    assert signal.strategy == feeder.name == 's'


@pytest.mark.parametrize(
    'raised', [SystemExit, KeyboardInterrupt, asyncio.CancelledError]
)
async def test_what_would_end_the_process_is_an_error_of_the_strategy(raised):
    class Leaver(strategy.AbstractStrategy):
        async def on_market_data(self, data):
            raise raised('bye')

        async def on_stop(self):
            raise raised

    feeder = await started(Leaver)
    name = raised.__name__
    with pytest.raises(errors.StrategyError, match=f'{name}: bye$'):
        await feeder.market_data(1, samples.bar(1.0))
    with pytest.raises(errors.StrategyError, match=f'{name}$'):
        await feeder.stop(2)


async def test_a_strategy_that_is_cancelled_has_not_failed():
    class Sleeper(strategy.AbstractStrategy):
        async def on_market_data(self, data):
            await asyncio.Event().wait()

    feeder = await started(Sleeper)
    task = asyncio.create_task(feeder.market_data(1, samples.bar(1.0)))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_strategy_that_is_thrown_away_has_not_failed():
    class Sleeper(strategy.AbstractStrategy):
        async def on_market_data(self, data):
            await asyncio.sleep(0)

    feeder = await started(Sleeper)
    answer = feeder.market_data(1, samples.bar(1.0))
    answer.send(None)
    answer.close()


class Broken(strategy.AbstractStrategy):
    async def on_market_data(self, data):
        self.helper()

    async def on_order_update(self, order):
        self.buy('X', -1)

    def helper(self):
        raise RuntimeError('it  broke\nhere')


async def test_an_exception_names_the_line_of_the_user():
    with pytest.raises(errors.StrategyError) as caught:
        await made(Broken).market_data(1, samples.bar(1.0))
    line = Broken.helper.__code__.co_firstlineno + 1
    assert str(caught.value) == (
        f'{__file__}:{line}: RuntimeError: it broke here'
    )


async def test_a_refused_order_names_the_line_of_the_user():
    with pytest.raises(errors.StrategyError) as caught:
        await made(Broken).order_update(1, samples.order())
    assert caught.value.path == __file__
    assert 'OrderError: quantity -1 must be above 0' in str(caught.value)


async def test_signals_that_are_none_are_an_error_of_the_user():
    class Wrong(strategy.AbstractStrategy):
        def generate_signals(self):
            return [1]

    with pytest.raises(errors.StrategyError) as caught:
        await made(Wrong).market_data(1, samples.bar(1.0))
    assert str(caught.value) == (
        f'{__file__}:{Wrong.generate_signals.__code__.co_firstlineno}: '
        'TypeError: generate_signals gave 1, not a Signal'
    )


async def test_an_indicator_that_raises_is_an_error_of_the_strategy():
    class Faulty(strategy.indicators.Indicator):
        name = 'faulty'

        def update(self, bar):
            raise ZeroDivisionError

    class User(strategy.AbstractStrategy):
        async def on_start(self):
            self.indicator(Faulty)

    feeder = await started(User)
    with pytest.raises(errors.StrategyError, match=r'ZeroDivisionError$'):
        await feeder.market_data(1, samples.bar(1.0))
    with pytest.raises(errors.StrategyError, match=r'ZeroDivisionError$'):
        feeder.warm_up(samples.bar(1.0))


class Framed(strategy.AbstractStrategy):
    """Notes the bars it is given and the averages that it sees with them."""

    timeframes = ('1m', '1h')

    async def on_start(self):
        self.heard = []
        kind = strategy.indicators.SMA
        self.minute = self.indicator(kind, period=1)
        self.hour = self.indicator(kind, period=1, timeframe='1h')
        self.day = self.indicator(kind, period=1, timeframe='1d')

    async def on_market_data(self, data):
        handles = self.minute, self.hour, self.day
        values = tuple(each.value for each in handles if each.ready)
        self.heard.append((data.symbol, data.timeframe, data.timestamp, values))
        self.buy(data.symbol, 1)


async def framed(*asked, kind=Framed):
    feeder = runner.StrategyRunner(
        kind('s', {}),
        number=3,
        log='log',
        timeframes=asked,
        sessions=lambda: trading_days.WEEK,
    )
    await feeder.start(1)
    return feeder


def hour(symbol='X'):
    """The minutes of an hour, closing at 1, 2, ..."""
    bars = trading_days.minutes(
        '2012-03-13 13:30', '2012-03-13 14:30', symbol=symbol
    )
    return [
        msgspec.structs.replace(
            bar,
            open=float(nth),
            high=float(nth),
            low=float(nth),
            close=float(nth),
        )
        for nth, bar in enumerate(bars, start=1)
    ]


async def test_longer_bars_are_given_after_the_bar_that_completes_them():
    feeder = await framed()
    for seq, bar in enumerate(hour(), start=5):
        signals = await feeder.market_data(seq, bar)
    end = trading_days.at('2012-03-13 14:30')
    heard = feeder.strategy.heard
    assert [each[1] for each in heard[:59]] == ['1m'] * 59
    # Both were closed at that moment, and both bars see it.
    assert heard[59:] == [
        ('X', '1m', end, (60.0, 60.0)),
        ('X', '1h', end, (60.0, 60.0)),
    ]
    assert ids(signals) == ['log-64-3-1', 'log-64-3-2']


async def test_configured_timeframes_take_the_place_of_the_classs():
    feeder = await framed('1h')
    assert feeder.strategy.timeframes == ('1h',)
    for seq, bar in enumerate(hour(), start=5):
        await feeder.market_data(seq, bar)
    end = trading_days.at('2012-03-13 14:30')
    # What says no timeframe has the first of them.
    assert feeder.strategy.heard == [('X', '1h', end, (60.0, 60.0))]


async def test_a_late_bar_is_given_before_the_one_that_shows_it():
    feeder = await framed('1h', '1m')
    for bar in hour()[:-1]:
        await feeder.market_data(5, bar)
    feeder.strategy.heard.clear()
    next_bar = trading_days.bar('2012-03-13 14:40', 7.0)
    await feeder.market_data(6, next_bar)
    assert [each[1:] for each in feeder.strategy.heard] == [
        ('1h', trading_days.at('2012-03-13 14:30'), (59.0, 59.0)),
        ('1m', next_bar.timestamp, (59.0, 59.0)),
    ]
    assert feeder.strategy.clock.now() == next_bar.timestamp


async def test_warming_up_rebuilds_the_bar_that_is_under_way():
    feeder = await framed('1h')
    bars = hour()
    for bar in bars[:40]:
        feeder.warm_up(bar)
    for bar in bars[40:]:
        await feeder.market_data(5, bar)
    assert len(feeder.strategy.heard) == 1


async def test_a_bar_that_warmed_up_is_not_given():
    feeder = await framed('1h')
    for bar in hour():
        feeder.warm_up(bar)
    assert feeder.strategy.heard == []
    assert feeder.strategy.hour.value == 60.0


async def test_without_warming_up_the_bar_under_way_is_not_given():
    feeder = await framed('1h')
    for bar in hour()[40:]:
        await feeder.market_data(5, bar)
    assert feeder.strategy.heard == []
    assert not feeder.strategy.hour.ready


async def test_handles_show_the_symbol_of_the_bar_in_every_timeframe():
    feeder = await framed('1m')
    for bar in hour():
        await feeder.market_data(5, bar)
    await feeder.market_data(
        6, trading_days.bar('2012-03-13 14:30', symbol='Y')
    )
    assert feeder.strategy.heard[-1] == (
        'Y',
        '1m',
        trading_days.at('2012-03-13 14:30'),
        (10.0,),
    )
    assert feeder.strategy.hour['X'].value == 60.0


async def test_signals_have_the_values_of_every_timeframe_by_name():
    feeder = await framed('1m')
    for bar in hour():
        signals = await feeder.market_data(5, bar)
    assert signals[0].indicators == {'SMA(1)': 60.0, 'SMA(1) 1h': 60.0}


async def test_preloading_with_longer_bars_changes_no_answer():
    bars = hour()
    plain = await framed()
    loaded = await framed()
    loaded.expect('1m')
    loaded.preload('X', {'close': np.array([bar.close for bar in bars])})
    for seq, bar in enumerate(bars):
        assert await plain.market_data(seq, bar) == await loaded.market_data(
            seq, bar
        )
    assert loaded.strategy.heard == plain.strategy.heard
    assert len(plain.strategy.heard) == 61


async def test_a_strategy_may_hear_longer_bars_without_a_callback():
    class Deaf(strategy.AbstractStrategy):
        timeframes = ('1h',)

        async def on_start(self):
            self.sma = self.indicator(strategy.indicators.SMA, period=1)

    feeder = await framed(kind=Deaf)
    for bar in hour():
        await feeder.market_data(1, bar)
    assert feeder.strategy.sma.value == 60.0


async def test_an_indicator_asked_for_later_takes_bars_from_then_on():
    class Later(Framed):
        async def on_market_data(self, data):
            if len(self.heard) == 60:
                self.late = self.indicator(
                    strategy.indicators.SMA, period=1, timeframe='1h'
                )
                self.short = self.indicator(strategy.indicators.SMA, period=1)
            await super().on_market_data(data)

    feeder = await framed(kind=Later)
    more = trading_days.minutes('2012-03-13 14:30', '2012-03-13 15:30')
    for bar in [*hour(), *more]:
        await feeder.market_data(1, bar)
    assert feeder.strategy.late.value == 10.0
    assert feeder.strategy.short.value == 10.0


@pytest.mark.parametrize('first', [0, 1])
async def test_an_indicator_may_name_the_feeds_own_timeframe(first):
    class Named(strategy.AbstractStrategy):
        async def on_start(self):
            self.heard = []

        async def on_market_data(self, data):
            if len(self.heard) == first:
                self.sma = self.indicator(
                    strategy.indicators.SMA, period=1, timeframe='1m'
                )
            self.heard.append(data)

    feeder = await framed(kind=Named)
    for bar in hour()[:3]:
        await feeder.market_data(1, bar)
    assert feeder.strategy.sma.value == 3.0
    assert len(feeder.strategy.heard) == 3


async def test_preloading_covers_the_feeds_own_timeframe_by_name():
    class Named(strategy.AbstractStrategy):
        async def on_start(self):
            self.sma = self.indicator(
                strategy.indicators.SMA, period=1, timeframe='1m'
            )

    feeder = await framed(kind=Named)
    feeder.expect('1m')
    feeder.preload('X', {'close': np.array([7.0])})
    await feeder.market_data(1, hour()[0])
    assert feeder.strategy.sma.value == 7.0


async def test_what_cannot_be_built_is_refused_before_the_first_bar():
    feeder = await framed()
    with pytest.raises(errors.StrategyError, match='bars of 1h') as caught:
        feeder.expect('1d')
    assert caught.value.path == __file__


async def test_bars_that_are_too_long_fail_the_strategy():
    feeder = await framed()
    with pytest.raises(errors.StrategyError, match='ask for 1d or longer'):
        await feeder.market_data(1, trading_days.bar(1, timeframe='1d'))


def test_timeframes_that_are_none_are_refused():
    with pytest.raises(errors.StrategyError, match="'60m' is written"):
        runner.StrategyRunner(
            Silent('s', {}), number=1, log='log', timeframes=('60m',)
        )


async def test_an_indicator_of_a_timeframe_that_is_none_is_refused():
    class Wrong(strategy.AbstractStrategy):
        async def on_start(self):
            self.indicator(strategy.indicators.SMA, period=1, timeframe='2d')

    with pytest.raises(errors.StrategyError, match="'2d' is no timeframe"):
        await framed(kind=Wrong)


class Sometimes(strategy.AbstractStrategy):
    """Buys one of what closes at a whole ten."""

    async def on_start(self):
        self.seen = []
        self.last = self.indicator(strategy.indicators.SMA, period=1)

    async def on_market_data(self, data):
        self.seen.append((data.symbol, self.last.value, self.clock.now()))
        if data.close % 10 == 0:
            self.buy(data.symbol, 1)
        if data.close == 13.0:
            raise ZeroDivisionError


def pass_on(feeder, bars, concerned=(), seq=7, symbol=''):
    return asyncio.run(feeder.pass_on(seq, bars, concerned, symbol))


@pytest.fixture
def passing():
    feeder = made(Sometimes)
    asyncio.run(feeder.start(0))
    return feeder


@pytest.mark.parametrize('symbol', ['', samples.bar(1.0).symbol])
def test_bars_are_passed_on_until_the_strategy_wants_something(passing, symbol):
    bars = iter([samples.bar(close) for close in (1.0, 2.0, 10.0, 4.0)])
    seq, met, (signal,) = pass_on(passing, bars, symbol=symbol)
    assert (seq, met, signal.order_id) == (10, None, 'log-10-3-1')
    assert pass_on(passing, bars, seq=seq, symbol=symbol) == (11, None, ())
    assert [close for _, close, _ in passing.strategy.seen] == [
        1.0,
        2.0,
        10.0,
        4.0,
    ]


def test_a_bar_that_somebody_else_has_to_see_first_is_given_back(passing):
    bars = [samples.bar(1.0, symbol=symbol) for symbol in 'AABA']
    rest = iter(bars)
    assert pass_on(passing, rest, {'B'}) == (9, bars[2], ())
    assert len(passing.strategy.seen) == 2
    assert list(rest) == bars[3:]


def test_bars_of_one_symbol_wait_until_somebody_else_has_seen_the_next(passing):
    bars = [samples.bar(1.0, symbol='A') for _ in range(3)]
    rest = iter(bars)
    assert pass_on(passing, rest, {'A'}, symbol='A') == (7, bars[0], ())
    assert pass_on(passing, iter(()), {'A'}, symbol='A') == (7, None, ())
    assert passing.strategy.seen == []


@pytest.mark.parametrize('symbol', ['', samples.bar(1.0).symbol])
def test_what_fails_in_a_bar_passed_on_is_the_strategys(passing, symbol):
    bars = iter([samples.bar(13.0)])
    with pytest.raises(errors.StrategyError, match='ZeroDivisionError'):
        pass_on(passing, bars, symbol=symbol)


@pytest.mark.parametrize('symbol', ['', samples.bar(1.0).symbol])
@pytest.mark.parametrize('ready', [True, False])
def test_bars_passed_on_are_answered_as_one_by_one(ready, symbol):
    closes = [1.0, 2.0, 10.0, 4.0, 20.0]
    bars = [samples.bar(close) for close in closes]
    columns = {name: np.array(closes) for name in ('close', 'volume')}
    heard = []
    for at_once in (True, False):
        feeder = made(Recorder)
        asyncio.run(feeder.start(0))
        if ready:
            feeder.preload(bars[0].symbol, columns)
        rest, seq = iter(bars), 0
        while at_once and seq < len(bars):
            seq, _, _ = pass_on(feeder, rest, seq=seq, symbol=symbol)
        for bar in rest:
            seq += 1
            asyncio.run(feeder.market_data(seq, bar))
        heard.append(repr(feeder.strategy.heard))
    assert heard[0] == heard[1]


class Choosy(strategy.AbstractStrategy):
    """Wants something at each bar, and takes it back at those below 10."""

    async def on_start(self):
        self.last = 0.0

    async def on_market_data(self, data):
        self.last = data.close
        self.buy(data.symbol, 1)

    def generate_signals(self):
        wanted = super().generate_signals()
        return wanted if self.last >= 10.0 else []


@pytest.mark.parametrize('symbol', ['', samples.bar(1.0).symbol])
def test_what_was_taken_back_at_bars_before_is_not_counted(symbol):
    feeder = made(Choosy)
    asyncio.run(feeder.start(0))
    bars = iter([samples.bar(close) for close in (1.0, 2.0, 10.0)])
    _, _, (signal,) = pass_on(feeder, bars, symbol=symbol)
    assert signal.order_id == 'log-10-3-1'


@pytest.mark.parametrize('of_one', [True, False])
async def test_longer_bars_are_built_of_what_is_passed_on(of_one):
    feeder = await framed('1h')
    symbol = hour()[0].symbol if of_one else ''
    bars = iter(hour())
    seq, met, signals = await feeder.pass_on(4, bars, (), symbol)
    assert (seq, met, len(list(bars))) == (64, None, 0)
    assert ids(signals) == ['log-64-3-1']


class Quoted(strategy.AbstractStrategy):
    """Buys at the quotes whose bid is even, and notes when."""

    async def on_start(self):
        self.seen = []

    async def on_quote(self, quote):
        self.seen.append((quote.bid, self.clock.now()))
        if quote.bid % 2 == 0:
            self.buy(quote.symbol, 1)


def some_quotes(*symbols):
    return [
        market.Quote(symbol, 10 + bid, float(bid), bid + 1.0, 1.0, 1.0)
        for bid, symbol in enumerate(symbols, 1)
    ]


def started_on_quotes(kind=Quoted):
    feeder = runner.StrategyRunner(kind('q', {}), number=1, log='ab')
    feeder.expect_quotes()
    asyncio.run(feeder.start(0))
    return feeder


def pass_quotes(feeder, quotes, concerned=(), seq=7):
    return asyncio.run(feeder.pass_quotes(seq, quotes, concerned))


def one_bar(timestamp):
    return market.MarketData('A', timestamp, 9.0, 9.0, 9.0, 9.0, 1.0)


def deaf_texts(feeder):
    return [line.text for line in feeder.take_log() if 'on_quote' in line.text]


def test_bars_of_which_nothing_can_come_are_told_of_once():
    feeder = runner.StrategyRunner(Quoted('q', {}), number=1, log='ab')
    asyncio.run(feeder.start(0))
    assert not deaf_texts(feeder)
    for seq in range(1, 4):
        asyncio.run(feeder.market_data(seq, one_bar(seq)))
    (told,) = deaf_texts(feeder)
    assert told.startswith('the data are bars')


def test_a_stretch_of_bars_of_which_nothing_can_come_is_told_of_once():
    feeder = runner.StrategyRunner(Quoted('q', {}), number=1, log='ab')
    asyncio.run(feeder.start(0))
    for seq in (1, 2):
        asyncio.run(feeder.pass_on(seq, iter([one_bar(seq)]), ()))
    assert len(deaf_texts(feeder)) == 1


def test_of_bars_that_it_hears_nothing_is_told():
    class Both(Quoted):
        async def on_market_data(self, data):
            self.seen.append(data)

    feeder = runner.StrategyRunner(Both('q', {}), number=1, log='ab')
    asyncio.run(feeder.start(0))
    asyncio.run(feeder.market_data(1, one_bar(1)))
    assert not deaf_texts(feeder)


def test_quotes_are_passed_on_until_something_is_wanted():
    feeder = started_on_quotes()
    rest = iter(some_quotes('A', 'A', 'A'))
    seq, met, (signal,) = pass_quotes(feeder, rest)
    assert (seq, met, signal.order_id) == (9, None, 'ab-9-1-1')
    assert pass_quotes(feeder, rest, seq=seq) == (10, None, ())
    assert feeder.strategy.seen == [(1.0, 11), (2.0, 12), (3.0, 13)]


def test_a_quote_that_concerns_others_is_given_back():
    feeder = started_on_quotes()
    quotes = some_quotes('A', 'B', 'A')
    rest = iter(quotes)
    assert pass_quotes(feeder, rest, {'B'}) == (8, quotes[1], ())
    assert [bid for bid, _ in feeder.strategy.seen] == [1.0]


def test_passing_quotes_on_is_as_handing_them_over_one_by_one():
    passed, handed = started_on_quotes(), started_on_quotes()
    quotes = some_quotes(*'AABBAA')
    rest, seq, wanted = iter(quotes), 7, []
    while True:
        seq, _, signals = pass_quotes(passed, rest, seq=seq)
        if not signals:
            break
        wanted += signals
    one_by_one = [
        signal
        for number, quote in enumerate(quotes, 8)
        for signal in asyncio.run(handed.quote(number, quote))
    ]
    assert wanted == one_by_one
    assert passed.strategy.seen == handed.strategy.seen


def test_what_is_raised_at_a_quote_passed_on_names_the_line():
    class Raises(Quoted):
        async def on_quote(self, quote):
            raise ValueError('here')

    with pytest.raises(errors.StrategyError, match='here') as caught:
        pass_quotes(started_on_quotes(Raises), iter(some_quotes('A')))
    assert 'test_runner.py' in str(caught.value)


def test_own_signals_are_asked_for_after_each_quote():
    class Own(Quoted):
        def generate_signals(self):
            if self.seen and self.seen[-1][0] == 3.0:
                return [
                    strategy.Signal(
                        symbol='A', side=strategy.OrderSide.BUY, quantity=1.0
                    )
                ]
            return []

    quotes = iter(some_quotes(*'AAAA'))
    seq, met, (signal,) = pass_quotes(started_on_quotes(Own), quotes)
    assert (seq, met, signal.order_id) == (10, None, 'ab-10-1-1')
