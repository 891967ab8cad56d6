"""What the lists show, and what their keys ask for."""

import msgspec
import pytest

from sting.model import commands
from sting.model import orders
from sting.model import records
from sting.model import views
from tests.unit.tui import apps
from tests.unit.tui import stations
from tui.panes import orders as orders_pane
from tui.panes import positions
from tui.panes import strategies
from tui.screens import dialogs

pytestmark = pytest.mark.unit


def lines(app, name):
    return apps.text_of(app.screen.grid.panes[name])


async def test_the_watchlist_has_signs_beside_its_colours():
    app = apps.make()
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.pause()
        found = lines(app, 'watchlist')
        assert '-1.23%' in found[2]
        assert '+2.46%' in found[3]
        assert 'bid' not in found[0]


async def test_bid_and_ask_appear_when_a_feed_has_them():
    snapshot = stations.snapshot()
    watch = tuple(
        msgspec.structs.replace(row, bid=1.0, ask=2.0) for row in snapshot.watch
    )
    app = apps.make(stations.Station(stations.snapshot(watch=watch)))
    async with apps.run(app, (250, 50)) as pilot:
        await pilot.press('1', 'plus')
        await pilot.pause()
        assert 'bid' in lines(app, 'watchlist')[0]


async def test_enter_in_the_watchlist_goes_to_the_chart():
    app = apps.make()
    async with apps.run(app, apps.SMALL) as pilot:
        await pilot.press('down', 'enter')
        await pilot.pause()
        assert app.screen.focused.id == 'chart'
        assert app.screen.chart.symbol == 'IBM'


async def test_orders_show_what_became_of_them():
    app = apps.make()
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('4', 'plus')
        await pilot.pause()
        found = lines(app, 'orders')
        assert 'accepted' in found[1]
        assert '0/10' in found[1]
        assert 'operator' in found[1]
        assert 'filled' in found[2]
        assert '571.20' in found[2]
        assert 'fast crossed below slow' in found[2]


async def test_cancelling_a_done_order_is_not_sent():
    station = stations.Station()
    app = apps.make(station)
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('4', 'down', 'c', 'm')
        await pilot.pause()
        assert not station.given
        assert 'filled' in next(iter(app._notifications)).message


async def test_cancel_all_asks_once_and_only_with_working_orders():
    station = stations.Station()
    app = apps.make(station)
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('4', 'C')
        assert isinstance(app.screen, dialogs.Ask)
        await pilot.press('y')
        await pilot.pause()
        assert station.given == [commands.CancelAll()]
        station.now = stations.snapshot(orders=())
        app.tick()
        await pilot.press('C', 'c', 'm')
        assert station.given == [commands.CancelAll()]


@pytest.mark.parametrize(
    ('changes', 'text'),
    [
        ({}, 'buy 10 AAPL limit 99.50'),
        (
            {'type': orders.OrderType.MARKET, 'price': None},
            'buy 10 AAPL market',
        ),
        (
            {'type': orders.OrderType.STOP_LIMIT, 'stop_price': 98.0},
            'buy 10 AAPL stop limit 98.00 99.50',
        ),
    ],
)
def test_an_order_in_words(changes, text):
    assert orders_pane.describe(stations.order(1, **changes)) == text


async def test_positions_show_profit_with_its_sign():
    app = apps.make()
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.pause()
        found = lines(app, 'positions')
        assert '+30.00' in found[1]
        assert '-6.50' in found[2]


async def test_a_flat_position_cannot_be_flattened():
    flat = views.PositionRow('AAPL', 0.0, 0.0, 57.4, 0.0, 0.0, 12.0)
    station = stations.Station(stations.snapshot(positions=(flat,)))
    app = apps.make(station)
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('5', 'x')
        await pilot.pause()
        assert app.screen.scope == 'trade'
        assert not station.given


@pytest.mark.parametrize(('key', 'only'), [('a', True), ('A', False)])
async def test_alerts_are_acknowledged(key, only):
    station = stations.Station()
    app = apps.make(station)
    async with apps.run(app, apps.WIDE) as pilot:
        assert '●' in lines(app, 'alerts')[1]
        await pilot.press('6', key)
        await pilot.pause()
        assert station.given == [
            commands.AcknowledgeAlerts(up_to=1200, only=only)
        ]


async def test_a_long_alert_is_cut_where_there_are_many():
    row = msgspec.structs.replace(
        stations.snapshot().alerts[0],
        message='strategy x failed: /home/me/x.py:7: KeyError: ' + 'long ' * 20,
    )
    many = tuple(
        msgspec.structs.replace(row, seq=seq) for seq in range(90, 0, -1)
    )
    app = apps.make(stations.Station(stations.snapshot(alerts=many)))
    async with apps.run(app, (200, 50)) as pilot:
        await pilot.pause()
        strips = app.screen._compositor.render_strips()
        (line, *_) = (s.text for s in strips if 'strategy x failed' in s.text)
        # Beside the bar that shows where one is.
        assert 'failed: x.py:7: Key' in line
        assert '…' in line.rpartition('failed')[2]


async def test_a_seen_alert_is_not_acknowledged_again():
    seen = views.AlertRow(9, 0, records.Severity.INFO, 'x', 'y', True)
    station = stations.Station(stations.snapshot(alerts=(seen,), unseen=0))
    app = apps.make(station)
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('6', 'a', 'A')
        await pilot.pause()
        assert not station.given
        assert '●' not in lines(app, 'alerts')[1]


async def test_keys_on_empty_lists_do_nothing():
    station = stations.Station(
        stations.snapshot(
            alerts=(), strategies=(), positions=(), orders=(), events=()
        )
    )
    app = apps.make(station)
    async with apps.run(app, apps.WIDE) as pilot:
        keys = '4 c m C x X d w 5 x p X v w 6 a A enter w 7 enter w 8 w enter'
        await pilot.press(*keys.split(' '))
        await pilot.press('down', 'G', 'pagedown')
        await pilot.pause()
        assert not station.given
        assert app.screen.scope == 'trade'


async def test_a_running_strategy_is_stopped_after_a_question():
    station = stations.Station()
    app = apps.make(station)
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('7', 'enter')
        assert isinstance(app.screen, dialogs.Ask)
        await pilot.press('y')
        await pilot.pause()
        assert station.given == [commands.StopStrategy(name='sma_demo')]


@pytest.mark.parametrize(
    ('key', 'command'),
    [('r', commands.ReloadStrategy), ('R', commands.RollbackStrategy)],
)
async def test_a_strategy_is_reloaded_and_rolled_back_by_a_key(key, command):
    station = stations.Station()
    app = apps.make(station)
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('7', key)
        await pilot.pause()
        assert station.given == [command(name='sma_demo')]


async def test_a_stopped_strategy_is_started_at_once():
    row = stations.snapshot().strategies[0]
    stopped = msgspec.structs.replace(row, status='failed', detail='it broke')
    station = stations.Station(stations.snapshot(strategies=(stopped,)))
    app = apps.make(station)
    async with apps.run(app, apps.WIDE) as pilot:
        assert 'it broke' in lines(app, 'strategies')[1]
        await pilot.press('7', 'enter')
        await pilot.pause()
        assert station.given == [commands.StartStrategy(name='sma_demo')]


@pytest.mark.parametrize(
    ('status', 'live'),
    [
        ('running', True),
        ('starting', True),
        ('stopped', False),
        ('failed', False),
    ],
)
def test_what_counts_as_live(status, live):
    row = stations.snapshot().strategies[0]
    assert (
        strategies.is_live(msgspec.structs.replace(row, status=status)) is live
    )


async def test_an_event_does_not_say_its_symbol_twice():
    row = views.EventRow(9, 0, 'market_data', 'feed', 'IBM', 0, 'IBM 1m o 5')
    app = apps.make(stations.Station(stations.snapshot(events=(row,))))
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.pause()
        assert lines(app, 'events')[1].count('IBM') == 1


async def test_events_are_newest_first():
    app = apps.make()
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.pause()
        found = lines(app, 'events')
        assert '1234' in found[1]
        assert '1233' in found[2]


@pytest.mark.parametrize('told', [0, 1234])
async def test_w_in_the_watchlist_asks_about_the_last_that_was_told(told):
    first, *rest = stations.snapshot().watch
    watch = (msgspec.structs.replace(first, told=told), *rest)
    app = apps.make(stations.Station(stations.snapshot(watch=watch)))
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('w')
        if told:
            await apps.wait(pilot, lambda: app.screen is not app._trade)
        else:
            assert app.screen is app._trade


def event(seq, type_, symbol, text):
    return views.EventRow(seq, 0, type_, 'x', symbol, 0, text)


def asked_of(name, **changes):
    """The event that the first row of a list is asked about."""
    pane = {
        'orders': orders_pane.Orders,
        'positions': positions.Positions,
        'strategies': strategies.Strategies,
    }[name]()
    snapshot = stations.snapshot(**changes)
    pane._snapshot = snapshot
    return pane.seq_of(pane.rows_of(snapshot)[0])


FILL = event(500, 'fill', 'AAPL', 'buy 10 AAPL at 99.5 fee 0.00 log-101-0-1')


@pytest.mark.parametrize(
    ('events', 'judged', 'seq'),
    [
        ((FILL, event(501, 'fill', 'AAPL', 'buy 1 log-7-0-1')), 102, 500),
        ((), 102, 102),
        ((), 0, 101),
    ],
)
def test_an_order_is_asked_about_the_newest_that_is_at_hand(
    events, judged, seq
):
    orders_ = (stations.order(101, judged=judged),)
    assert asked_of('orders', orders=orders_, events=events) == seq


@pytest.mark.parametrize(
    ('events', 'filled', 'seq'),
    [
        ((FILL, event(501, 'fill', 'IBM', 'buy')), 10.0, 500),
        ((), 10.0, 101),
        ((), 0.0, 0),
    ],
)
def test_a_position_is_asked_about_its_newest_fill(events, filled, seq):
    orders_ = (stations.order(101, filled=filled),)
    assert asked_of('positions', orders=orders_, events=events) == seq


@pytest.mark.parametrize(
    ('events', 'seq'),
    [
        (
            (
                event(7, 'strategy_status', '', 'sma_demo running'),
                event(8, 'strategy_status', '', 'sma_demo2 failed'),
            ),
            7,
        ),
        ((), 99),
    ],
)
def test_a_strategy_is_asked_about_its_last_status(events, seq):
    assert asked_of('strategies', events=events) == seq


def test_a_strategy_is_asked_about_its_newest_signal_before_its_orders():
    signals = tuple(
        views.SignalRow(seq, 0, name, 'AAPL', 'buy')
        for seq, name in ((98, 'other'), (97, 'sma_demo'), (96, 'sma_demo'))
    )
    assert asked_of('strategies', events=(), signals=signals) == 97


@pytest.mark.parametrize(('status', 'seq'), [('failed', 50), ('running', 99)])
def test_one_that_failed_long_ago_is_asked_about_its_alert(status, seq):
    made = stations.snapshot()
    alert = msgspec.structs.replace(
        made.alerts[0], seq=50, message='strategy sma_demo failed: x'
    )
    row = msgspec.structs.replace(made.strategies[0], status=status)
    asked = asked_of(
        'strategies', events=(), alerts=(alert,), strategies=(row,)
    )
    assert asked == seq


async def test_lists_say_nothing_untrue_while_the_engine_opens():
    station = stations.Station(
        stations.snapshot(
            pid=0, alerts=(), strategies=(), positions=(), orders=(), events=()
        )
    )
    app = apps.make(station)
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.pause()
        for name in ('orders', 'positions', 'alerts', 'strategies', 'events'):
            assert lines(app, name)[1].strip() == 'opening'
            assert app.screen.grid.panes[name].note == ''


async def test_a_stop_takes_back_what_was_asked_before_it():
    station = stations.Station()
    app = apps.make(station)
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('4', 'C')
        assert isinstance(app.screen, dialogs.Ask)
        await pilot.press('ctrl+backslash', 'y')
        await pilot.pause()
        assert app.screen.scope == 'trade'
        assert not station.given
        assert 'AAPL 100' in next(iter(app._notifications)).message


async def test_both_prices_of_a_stop_limit_can_be_read():
    order = stations.order(
        1, type=orders.OrderType.STOP_LIMIT, stop_price=571.2, price=570.0
    )
    app = apps.make(stations.Station(stations.snapshot(orders=(order,))))
    async with apps.run(app, apps.MIDDLE) as pilot:
        await pilot.press('4')
        await pilot.pause()
        assert '571.20 570.00' in lines(app, 'orders')[1]
