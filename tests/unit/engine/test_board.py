"""What screens show."""

import pytest

from sting.engine import board
from sting.engine import clock
from sting.engine import latency
from sting.engine import state
from sting.model import commands
from sting.model import events
from sting.model import market
from sting.model import orders
from sting.model import readings
from sting.model import records
from sting.model import views
from sting.risk import rules
from tests.unit.engine import worlds

pytestmark = pytest.mark.unit

T, S = worlds.T, worlds.S
BUY, SELL = worlds.BUY, worlds.SELL
DAY = 86_400 * market.NANOSECONDS
ROW = views.StrategyRow('sma', 'sting.library.sma_cross', '?', ('AAPL',))


class Shown(worlds.World):
    """A world that a board is shown, step by step."""

    def __init__(self, *args, **more):
        self.board = None
        super().__init__(*args, begun=False, **more)
        self.board = board.Board('test', ('AAPL', 'IBM'), self.state)
        self.arrived = None
        self.tell(T.LOG_CREATED, worlds.CREATED)

    def keep(self, taken):
        super().keep(taken)
        self.board.take(taken.events, self.arrived)
        return taken

    def picture(self, *rows, now=0.0, **rest):
        return self.board.picture(now, rows, **rest)

    def watch(self, now=0.0):
        return self.picture(now=now).watch[0]


def test_a_new_board_shows_the_symbols_without_prices():
    picture = Shown().picture(account='paper')
    assert picture.watch == (views.WatchRow('AAPL'), views.WatchRow('IBM'))
    assert (picture.profile, picture.account) == ('test', 'paper')
    assert (picture.mode, picture.seq) == (records.Mode.PAPER, 1)
    assert picture.equity == picture.cash == worlds.CASH
    assert picture.day_pnl == 0.0


def test_a_watch_row_follows_the_bars():
    world = Shown()
    world.bar('AAPL', 110.0, open=100.0, volume=5.0)
    world.bar('AAPL', 120.0, open=110.0, volume=7.0)
    row = world.watch()
    assert (row.last, row.volume, row.timestamp) == (120.0, 12.0, world.now)
    # Before there is a close of yesterday the session's open stands for it.
    assert row.change == pytest.approx(0.2)
    assert row.trend == (110.0, 120.0)


def test_a_days_change_is_from_the_last_close():
    world = Shown()
    world.bar('AAPL', 110.0)
    world.bar('AAPL', 121.0, open=115.0, timestamp=worlds.NOON + DAY, volume=3)
    row = world.watch()
    assert row.change == pytest.approx(0.1)
    assert row.volume == 3.0


def test_a_bar_that_closes_at_midnight_is_of_the_day_that_ends():
    world = Shown()
    world.bar('AAPL', 100.0)
    world.bar('AAPL', 110.0, timestamp=worlds.NOON + DAY // 2)
    world.bar('AAPL', 121.0, timestamp=worlds.NOON + DAY)
    assert world.watch().change == pytest.approx(0.1)


def test_a_bar_that_is_open_or_not_watched_is_not_shown():
    world = Shown()
    world.bar('AAPL', 110.0, closed=False)
    world.bar('MSFT', 110.0)
    assert [row.last for row in world.picture().watch] == [None, None]
    assert world.board.bars('AAPL', 10) == world.board.bars('MSFT', 10) == ()


def test_a_quote_is_shown():
    world = Shown()
    for symbol in ('AAPL', 'MSFT'):
        quote = market.Quote(symbol, 1, 99.0, 101.0, 1.0, 1.0)
        world.tell(T.QUOTE, quote, 'feed', symbol)
    assert (world.watch().bid, world.watch().ask) == (99.0, 101.0)


def test_the_age_counts_from_the_arrival():
    world = Shown()
    world.bar('AAPL', 110.0)
    assert world.watch(now=5.0).age_s is None
    world.arrived = 2.0
    world.bar('AAPL', 110.0)
    assert world.watch(now=5.0).age_s == 3.0
    world.arrived = 4.0
    world.tell(
        T.QUOTE, market.Quote('AAPL', 1, 9.0, 9.0, 1.0, 1.0), 'feed', 'AAPL'
    )
    assert world.watch(now=5.0).age_s == 1.0


def test_the_last_bars_are_given_oldest_first():
    world = Shown()
    for price in (1.0, 2.0, 3.0):
        world.bar('AAPL', price)
        world.bar('IBM', price + 10)
    assert [b.close for b in world.board.bars('AAPL', 2)] == [2.0, 3.0]
    assert [b.close for b in world.board.history(2)] == [2.0, 12.0, 3.0, 13.0]
    stamps = [b.timestamp for b in world.board.history(10)]
    assert stamps == sorted(stamps)
    assert world.board.bars('TSLA', 2) == ()


def bars(*numbers, symbol='AAPL'):
    return [
        worlds.bar(symbol, float(n), timestamp=worlds.NOON + n) for n in numbers
    ]


def test_history_fills_an_empty_board():
    world = Shown()
    world.board.fill_history([*bars(1, 2), *bars(1, symbol='TSLA')])
    assert world.board.bars('AAPL', 9) == tuple(bars(1, 2))
    assert world.watch().last == 2.0
    assert world.picture().seq == 1


def test_history_goes_before_the_bars_of_the_log():
    world = Shown()
    world.bar('AAPL', 50.0, timestamp=worlds.NOON + 2)
    world.board.fill_history(bars(1, 2, 3))
    closes = [b.close for b in world.board.bars('AAPL', 9)]
    assert closes == [1.0, 50.0]
    assert world.watch().last == 50.0


def test_the_board_is_bounded(monkeypatch):
    for name in ('BARS', 'EVENTS', 'ALERTS', 'MARKS', 'DONE'):
        monkeypatch.setattr(board, name, 4)
    world = Shown()
    for number in range(20):
        world.bar('AAPL', 100.0 + number)
        world.order(symbol='MSFT')
        world.fill('theirs', 1.0, execution_id=f'x{number}')
        world.command(commands.CancelAll)
        for order in list(world.state.working()):
            world.update(order.id, S.CANCELLED)
    picture = world.picture()
    assert len(picture.events) == 4
    assert picture.events[-1].seq == world.state.seq
    assert len(picture.alerts) == len(picture.orders) == 4
    newest = [order.id for order in picture.orders]
    assert newest == list(reversed(world.state.orders))[:4]
    assert 4 <= len(world.board.bars('AAPL', 100)) <= 6
    assert world.board.bars('AAPL', 1)[0].close == 119.0
    assert 4 <= len(world.board.marks('AAPL', 100)) <= 6


def test_fills_are_marked():
    world = Shown()
    world.fill(world.order(), 4.0, 99.0)
    world.fill('theirs', 3.0, 98.0, side=SELL)
    world.fill('theirs', 3.0, 98.0, symbol='MSFT', execution_id='x2')
    marks = world.board.marks('AAPL', 5)
    fills = [e.seq for e in world.events if e.type is T.FILL]
    assert marks == (
        views.Mark(1, 99.0, BUY, 4.0, fills[0]),
        views.Mark(1, 98.0, SELL, 3.0, fills[1]),
    )
    assert len(world.board.marks('AAPL', 1)) == 1
    assert world.board.marks('MSFT', 5) == ()


def test_a_symbol_has_the_last_that_can_be_explained():
    world = Shown()
    assert world.watch().told == 0
    world.bar('AAPL', 100.0)
    assert world.watch().told == 0
    world.run('sma')
    world.signal('ab-1', side=BUY, quantity=5.0)
    verdict = next(e for e in world.events if e.type is T.RISK_VERDICT)
    assert world.watch().told == verdict.seq
    world.fill('ab-1', 5.0)
    fill = next(e for e in world.events if e.type is T.FILL)
    world.bar('AAPL', 101.0)
    assert world.watch().told == fill.seq
    world.signal('ab-9', kind=orders.SignalKind.CANCEL)
    refusal = next(e for e in world.events if e.type is T.SIGNAL_REFUSED)
    assert world.watch().told == refusal.seq
    assert world.picture().watch[1].told == 0


def test_signals_are_shown_with_what_became_of_them():
    world = Shown()
    world.run('sma')
    world.bar('AAPL', 100.0)
    world.signal('ab-1', side=BUY, quantity=5.0)
    other = world.board.over(world.state)
    world.fill('ab-1', 5.0)
    world.signal('ab-9', kind=orders.SignalKind.CANCEL)
    found = world.picture().signals
    assert [row.fate.split()[0] for row in found] == ['cancel:', 'filled']
    assert found[1].bar == world.watch().timestamp
    assert len(other.picture(0.0, ()).signals) == 1


def test_working_orders_come_first_the_newest_of_each():
    world = Shown()
    ids = [world.accepted(symbol=s) for s in ('IBM', 'AAPL', 'IBM', 'AAPL')]
    world.update(ids[0], S.CANCELLED)
    world.update(ids[2], S.CANCELLED)
    picture = world.picture()
    assert [o.id for o in picture.orders] == [ids[3], ids[1], ids[2], ids[0]]
    assert picture.open_orders == 2


def test_alerts_are_shown_newest_first_until_seen():
    world = Shown()
    for _ in range(3):
        world.update('theirs', S.CANCELLED)
    first, second, third = world.picture().alerts[::-1]
    assert first.seq < second.seq < third.seq
    assert (first.severity, first.source) == (
        records.Severity.WARNING,
        'orders',
    )
    assert world.picture().unseen == 3
    world.command(commands.AcknowledgeAlerts, up_to=second.seq)
    world.command(commands.AcknowledgeAlerts, up_to=first.seq)
    picture = world.picture()
    assert [row.seen for row in picture.alerts] == [False, True, True]
    assert picture.unseen == 1


def test_an_alert_is_acknowledged_alone():
    world = Shown()
    for _ in range(3):
        world.update('theirs', S.CANCELLED)
    first, second, _ = world.picture().alerts[::-1]
    world.command(commands.AcknowledgeAlerts, up_to=second.seq, only=True)
    assert [row.seen for row in world.picture().alerts] == [False, True, False]
    world.command(commands.AcknowledgeAlerts, up_to=first.seq)
    assert [row.seen for row in world.picture().alerts] == [False, True, True]


def test_positions_are_shown_with_their_profit():
    world = Shown()
    world.bar('IBM', 100.0)
    world.held(10.0, 'IBM')
    world.bar('IBM', 110.0)
    world.fill('theirs', 4.0, 50.0, symbol='MSFT', side=SELL)
    assert world.picture().positions == (
        views.PositionRow('IBM', 10.0, 100.0, 110.0, 1100.0, 100.0, 0.0),
        views.PositionRow('MSFT', -4.0, 50.0, None, -200.0, 0.0, 0.0),
    )
    assert world.picture().day_pnl == 100.0


def test_a_closed_position_is_shown_for_the_day():
    world = Shown()
    world.bar('AAPL', 100.0)
    opened = world.order()
    for order_id, side, price in (
        (opened, BUY, 100.0),
        (world.order(SELL), SELL, 110.0),
    ):
        data = orders.Fill(
            order_id=order_id,
            execution_id='x',
            symbol='AAPL',
            side=side,
            quantity=10.0,
            price=price,
            timestamp=world.now,
        )
        world.tell(T.FILL, data, 'broker:test')
    (row,) = world.picture().positions
    assert (row.quantity, row.realized) == (0.0, 100.0)
    world.bar('AAPL', 100.0, timestamp=world.now + DAY)
    assert world.picture().positions == ()


def test_a_strategys_row_has_its_status_profit_and_counts():
    world = Shown()
    (row,) = world.picture(ROW).strategies
    assert (row.status, row.pnl, row.trades, row.working) == (
        'stopped', 0.0, 0, 0,
    )  # fmt: skip
    world.bar('AAPL', 100.0)
    world.run('sma')
    world.signal('ab-1', side=BUY, quantity=10.0)
    world.fill('ab-1', 4.0, 100.0, fee=1.0)
    world.order()
    world.bar('AAPL', 105.0)
    (row,) = world.picture(ROW).strategies
    assert (row.status, row.pnl, row.trades, row.working) == (
        'running', 19.0, 1, 1,
    )  # fmt: skip
    assert row.strategy == 'sting.library.sma_cross'
    failed = records.StrategyStatus(
        strategy='sma', status='failed', detail='why', code='c0de', error='no'
    )
    world.tell(T.STRATEGY_STATUS, failed, cause=7)
    (row,) = world.picture(ROW).strategies
    assert (row.status, row.detail) == ('failed', 'why')
    assert (row.code, row.error, row.answers) == ('c0de', 'no', 7)


def test_a_strategys_row_has_its_performance():
    world = Shown()
    world.bar('AAPL', 100.0)
    world.signal('ab-1', side=BUY, quantity=10.0)
    world.fill('ab-1', 10.0, 101.0)
    (row,) = world.picture(ROW).strategies
    assert (row.performance.fills, row.performance.slippage) == (1, 10.0)
    assert row.performance.wire_p50_ms is None


def test_a_strategys_row_has_how_long_its_orders_took():
    world = Shown()
    time_source = clock.VirtualClock()
    timing = latency.BarToOrder(time_source)
    world.board = board.Board('test', ('AAPL',), world.state, timing)
    world.bar('AAPL', 100.0)
    timing.batch(world.state.seq)
    world.signal(f'ab-{world.state.seq}-1-1', side=BUY, quantity=10.0)
    time_source.advance(5_000_000)
    timing.placed(world.placed()[0])
    (row,) = world.picture(ROW).strategies
    took = row.performance.wire_p50_ms, row.performance.wire_p99_ms
    assert took == (5.0, 5.0)


def test_what_was_not_traded_is_shown_newest_first_with_what_was_wanted():
    world = Shown(rules.MaxOrderNotional(500.0))
    world.bar('AAPL', 100.0)
    world.signal('ab-1', side=BUY, quantity=10.0, indicators={'SMA(3)': 99.5})
    world.signal('ab-2', kind=orders.SignalKind.CLOSE, strategy='mean')
    world.signal('ab-3', side=None)
    late, reached, denied = world.picture().untraded
    assert (late.gate, late.strategy, late.symbol) == ('doors', 'sma', 'AAPL')
    assert late.wanted == 'order AAPL: why'
    assert (reached.gate, reached.strategy) == ('reached', 'mean')
    assert reached.reason == 'it comes to 0 AAPL already'
    assert (reached.wanted, reached.timestamp) == ('close AAPL: why', world.now)
    assert (denied.gate, denied.strategy) == ('risk', 'sma')
    assert denied.wanted == 'order buy 10 AAPL: why (SMA(3) 99.5)'
    assert denied.reason.startswith('max_order_notional')


def test_of_each_strategy_the_newest_untraded_signals_are_shown(monkeypatch):
    monkeypatch.setattr(board, 'UNTRADED', 3)
    monkeypatch.setattr(board, 'EVENTS', 5)
    world = Shown()
    world.bar('AAPL', 100.0)
    world.signal('ab-0', kind=orders.SignalKind.CLOSE, strategy='mean')
    for number in range(1, 30):
        symbol = f'S{number}'
        world.bar(symbol, 100.0)
        world.signal(
            f'ab-{number}', symbol=symbol, kind=orders.SignalKind.CLOSE
        )
    rows = world.picture().untraded
    assert [row.strategy for row in rows] == ['sma', 'sma', 'sma', 'mean']
    assert [row.wanted for row in rows] == [
        *(f'close S{number}: why' for number in (29, 28, 27)),
        'close AAPL: why',
    ]
    assert len(world.board._wanted) <= 10


def test_what_is_refused_again_for_the_same_reason_is_one_row():
    world = Shown()
    world.bar('AAPL', 100.0)
    world.bar('IBM', 100.0)
    for number in range(3):
        world.signal(f'ab-{number}', kind=orders.SignalKind.CLOSE)
        world.signal(f'ac-{number}', symbol='IBM', side=None)
    rows = world.picture().untraded
    assert [(row.symbol, row.times) for row in rows] == [
        ('IBM', 3),
        ('AAPL', 3),
    ]
    assert rows[0].seq > rows[1].seq


def test_what_the_operator_is_denied_is_no_untraded_signal():
    world = Shown(rules.MaxOrderNotional(500.0))
    world.bar('AAPL', 100.0)
    world.order(quantity=10.0)
    assert world.picture().untraded == ()


def test_a_halt_is_shown_with_its_reason():
    world = Shown()
    world.command(commands.Halt, who='signal', reason='SIGQUIT')
    picture = world.picture()
    assert picture.state is records.TradingState.HALTED
    assert picture.reason == 'signal: SIGQUIT'


def test_events_are_shown_in_a_few_words_oldest_first():
    world = Shown()
    world.bar('AAPL', 100.0)
    row = world.picture().events[-1]
    assert (row.seq, row.type, row.symbol) == (2, 'market_data', 'AAPL')
    assert row.text == 'AAPL 1m o 100 h 100 l 100 c 100 v 1e+06'


def test_a_picture_does_not_change():
    world = Shown()
    world.bar('AAPL', 100.0)
    picture = world.picture()
    text = repr(picture)
    world.bar('AAPL', 110.0)
    world.held(5.0)
    assert repr(picture) == text


def test_the_change_after_a_restart_is_from_the_close_before_the_day():
    made = board.Board('demo', ('A',), state.SystemState())

    def bar(day, minute, price):
        stamp = day * state.DAY + minute * 60_000_000_000
        return market.MarketData('A', stamp, price, price, price, price, 10.0)

    made.take(
        [
            events.Event(
                seq, seq, events.EventType.MARKET_DATA, 'feed', one, 'A'
            )
            for seq, one in enumerate((bar(2, 5, 95.0), bar(2, 6, 96.0)), 1)
        ]
    )
    made.fill_history([bar(1, 1, 99.0), bar(1, 2, 100.0), bar(2, 5, 95.0)])
    (row,) = made.picture(0.0, ()).watch
    assert row.change == pytest.approx(-0.04)
    assert row.volume == 20.0
    assert [b.close for b in made.bars('A', 9)] == [99.0, 100.0, 95.0, 96.0]


def test_values_of_indicators_are_kept_of_what_is_shown():
    world = Shown()
    shown = world.board
    row = readings.packer(1).pack(60, 1.5)
    shown.read('sma', readings.Readings('AAPL', ('SMA(2)',), row))
    shown.read('sma', readings.Readings('MSFT', ('SMA(2)',), row))
    line = views.Line('sma', 'SMA(2)', (60,), (1.5,))
    assert shown.lines('AAPL', 10) == (line,)
    assert shown.lines('IBM', 10) == shown.lines('MSFT', 10) == ()
    assert [row.read for row in world.picture().watch] == [1, 0]
    # The log does not have them: what is read from it has none.
    assert shown.over(world.state).lines('AAPL', 10) == ()
