"""The line at the top, and the banner."""

import pytest

from sting.model import records
from sting.model import views
from tests.unit.tui import apps
from tests.unit.tui import stations
from tui.panes import statusbar

pytestmark = pytest.mark.unit


async def bar_of(size=apps.WIDE, **changes):
    app = apps.make(stations.Station(stations.snapshot(**changes)))
    async with apps.run(app, size) as pilot:
        await pilot.pause()
        banner = app.screen.query_one(statusbar.Banner)
        return (
            app.screen.query_one(statusbar.StatusBar).text,
            banner.text if banner.display else '',
        )


@pytest.mark.parametrize('mode', list(records.Mode))
async def test_the_mode_is_a_word(mode):
    text, _ = await bar_of(mode=mode)
    assert text.startswith(f' {mode.value.upper()} ')


@pytest.mark.parametrize('size', [apps.WIDE, apps.MIDDLE, apps.SMALL])
async def test_what_matters_is_there_at_every_size(size):
    text, _ = await bar_of(size)
    assert len(text) <= size[0]
    for part in ('DEMO', 'equity 100,123.45', 'day +123.45', 'TRADING'):
        assert part in text
    for part in ('paper', 'feed 0s', 'lag 1ms'):
        assert part in text


async def test_a_loss_has_its_sign():
    text, _ = await bar_of(day_pnl=-50.0)
    assert 'day -50.00' in text


def _market(status, source='one', age=70.0):
    return views.LinkRow('m', status, '', age, source, 60.0)


@pytest.mark.parametrize(
    ('feed', 'said', 'style'),
    [
        (_market('connected'), 'feed one 1m', 'muted'),
        (_market('failover', 'two'), 'feed failover two 1m', 'warning!'),
        (_market('degraded'), 'feed degraded one 1m', 'warning!'),
        (_market('stale'), 'feed stale', 'warning!'),
        (_market('closed'), 'feed closed', 'muted'),
        # Late by the length of its bars, if that is known.
        (_market('connected', age=76.0), 'feed one 1m', 'warning!'),
        (views.LinkRow('m', 'connected', '', 70.0), 'feed 1m', 'warning!'),
    ],
)
def test_a_feed_of_sources_says_which_it_uses(feed, said, style):
    snapshot = stations.snapshot(feeds=(feed,))
    assert statusbar._feed(snapshot) == (said, style)


@pytest.mark.parametrize(
    ('feeds', 'said'),
    [
        ((), 'feed -'),
        ((views.LinkRow('a', 'connected', '', 99.0),), 'feed 1m'),
        ((views.LinkRow('a', 'lost', '', 0.1),), 'feed lost'),
        ((views.LinkRow('a', 'ended', '', 99.0),), 'feed ended'),
        (
            (
                views.LinkRow('a', 'connected', '', 1.0),
                views.LinkRow('b', 'connected', '', 7.0),
            ),
            'feed 7s',
        ),
    ],
)
async def test_the_feed_that_is_worst_is_told(feeds, said):
    text, _ = await bar_of(feeds=feeds)
    assert said in text


async def test_there_is_no_banner_while_trading():
    _, banner = await bar_of()
    assert banner == ''


async def test_the_banner_tells_why_it_is_halted_and_how_to_resume():
    text, banner = await bar_of(
        state=records.TradingState.HALTED, reason='operator: enough\x1b'
    )
    assert 'HALTED' in text
    assert 'HALTED' in banner
    assert 'operator: enough\ufffd' in banner
    assert ':resume' in banner


async def test_a_stop_that_is_not_yet_an_event_is_told_at_once():
    text, banner = await bar_of(halting=True)
    assert 'HALTING' in text
    assert 'HALTING' in banner


async def test_reducing_is_told():
    text, banner = await bar_of(
        state=records.TradingState.REDUCING, reason='daily loss'
    )
    assert 'REDUCING' in text
    assert 'daily loss' in banner


async def test_an_engine_that_is_being_opened_is_not_said_to_trade():
    text, _ = await bar_of(pid=0)
    assert 'OPENING' in text
    assert 'TRADING' not in text


async def test_what_is_not_known_while_it_opens_is_a_dash():
    text, _ = await bar_of(pid=0, account='', equity=0.0, day_pnl=0.0)
    assert 'equity -' in text
    assert 'day -' in text
    for untrue in ('0.00', 'demo', 'lag'):
        assert untrue not in text


@pytest.mark.parametrize('size', [apps.WIDE, apps.SMALL])
async def test_the_banner_names_what_is_still_open(size):
    _, banner = await bar_of(
        size, state=records.TradingState.HALTED, reason='operator: enough'
    )
    assert 'open AAPL 100, IBM -5; operator: enough' in banner
    assert ':resume' in banner


@pytest.mark.parametrize('size', [apps.WIDE, apps.MIDDLE, apps.SMALL])
async def test_a_lost_engine_looks_stale_and_says_since_when(size):
    lost = views.Attachment(lost_s=12.3, detail='the engine hung up\x1b')
    text, banner = await bar_of(size, attached=lost)
    assert 'LOST 12s' in text
    assert 'TRADING' not in text
    assert 'feed' not in text
    assert 'LOST what is shown is 12s old' in banner
    assert 'the engine hung up\ufffd' in banner


@pytest.mark.parametrize('size', [apps.WIDE, apps.MIDDLE, apps.SMALL])
async def test_a_watcher_is_told_so(size):
    text, banner = await bar_of(size, attached=views.Attachment(read_only=True))
    assert text.startswith(' DEMO   [READ-ONLY] ')
    assert 'TRADING' in text
    assert banner == ''


async def test_what_became_of_a_stop_is_told():
    said = views.Attachment(detail='the stop went to process 7 as a signal')
    _, banner = await bar_of(
        attached=said, state=records.TradingState.HALTED, reason='x'
    )
    assert 'STOP' in banner
    assert 'went to process 7' in banner


@pytest.mark.parametrize('size', [apps.WIDE, apps.SMALL])
async def test_what_waits_in_the_inbox_is_counted(size):
    rows = tuple(
        records.Difference(
            id=name, kind=records.DifferenceKind.ORDER, accepted=accepted
        )
        for name, accepted in (('a', False), ('b', False), ('c', True))
    )
    text, _ = await bar_of(size, inbox=rows)
    assert 'inbox 2' in text
    text, _ = await bar_of(size)
    assert 'inbox' not in text


@pytest.mark.parametrize('size', [apps.WIDE, apps.SMALL])
async def test_a_broker_that_orders_wait_for_is_named(size):
    def brokers(status):
        there = views.LinkRow('ibkr', 'connected', '')
        return there, views.LinkRow('alpaca', status, 'no route')

    for status in ('lost', 'silent', 'reconnecting', 'reconciling'):
        text, _ = await bar_of(size, brokers=brokers(status))
        assert f'alpaca {status}' in text
        assert 'ibkr' not in text
        assert len(text) <= size[0]
    text, _ = await bar_of(size, brokers=brokers('degraded'))
    assert 'alpaca' not in text
