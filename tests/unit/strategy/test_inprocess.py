import asyncio

import pytest

from sting.engine import clock
from sting.model import errors
from sting.model import events
from sting.model import market
from sting.model import portfolio
from sting.model import records
from sting.model import specs
from sting.strategy import host
from sting.strategy import inprocess
from tests.unit.strategy import samples

pytestmark = pytest.mark.unit

BUYER = """\
from sting import strategy


class Buyer(strategy.AbstractStrategy):
    parameters = {'quantity': strategy.Parameter(1.0)}

    async def on_start(self):
        self.sma = self.indicator(strategy.indicators.SMA, period=2)
        self.log.info(f'holding {self.portfolio.quantity("X"):g}')

    async def on_market_data(self, data):
        self.buy(data.symbol, self.parameters['quantity'])

    async def on_quote(self, quote):
        self.log.info(f'quote {quote.bid:g}')

    async def on_trade(self, trade):
        self.log.info(f'trade {trade.price:g}')

    async def on_data_issue(self, issue):
        self.log.info(issue.issue)

    async def on_corporate_action(self, action):
        held = self.portfolio.quantity(action.symbol)
        self.log.info(f'{action.kind}, now {held:g}')

    async def on_order_update(self, order):
        self.log.info(f'order {order.status}')

    async def on_position_update(self, position):
        self.log.info(f'position {position.quantity:g}')

    async def on_stop(self):
        self.close('X')
"""

RAISER = """\
from sting import strategy


class Raiser(strategy.AbstractStrategy):
    async def on_market_data(self, data):
        raise RuntimeError('no more')
"""

LEAVER = """\
from sting import strategy


class Leaver(strategy.AbstractStrategy):
    def __init__(self, name, parameters):
        raise X
"""

STUCK = """\
import asyncio

from sting import strategy


class Stuck(strategy.AbstractStrategy):
    async def on_market_data(self, data):
        await asyncio.Event().wait()
"""


class Desk:
    """Takes what a host tells the engine."""

    def __init__(self):
        self.signals = []
        self.statuses = []
        self.notes = []

    def emit(self, name, seq, signals):
        self.signals.append((name, seq, [s.order_id for s in signals]))

    def status(self, told):
        self.statuses.append((told.strategy, told.status, told.detail))

    def note(self, name, line):
        self.notes.append(line.text)


@pytest.fixture
def desk():
    return Desk()


def spec(tmp_path, name, code, **fields):
    path = samples.write(tmp_path, f'{name}.py', code)
    return specs.StrategySpec(name=name, reference=str(path), **fields)


def make(desk, *specs, show=None):
    return inprocess.InProcessHost(
        specs,
        log='log',
        time_source=clock.VirtualClock(50),
        emit=desk.emit,
        status=desk.status,
        note=desk.note,
        show=show,
    )


def event(kind, data, seq=7):
    return events.Event(seq, 1, kind, 'test', data, data.symbol)


def bar_event(seq=7, symbol='X', **fields):
    bar = samples.bar(1.0, symbol=symbol, **fields)
    return event(events.EventType.MARKET_DATA, bar, seq)


async def settle():
    for _ in range(20):
        await asyncio.sleep(0)


async def test_a_bar_is_answered_with_signals_and_their_cause(tmp_path, desk):
    made = make(desk, spec(tmp_path, 'buyer', BUYER, number=4))
    await made.start('buyer', seq=3)
    made.deliver(bar_event(7))
    await settle()
    assert desk.statuses == [('buyer', 'running', '')]
    assert desk.signals == [('buyer', 7, ['log-7-4-1'])]
    assert made.is_running('buyer')
    await made.close(seq=9)


async def test_only_its_symbols_and_closed_bars_are_delivered(tmp_path, desk):
    made = make(desk, spec(tmp_path, 'buyer', BUYER, symbols=('X',)))
    await made.start('buyer', seq=3)
    made.deliver(bar_event(7, symbol='Y'))
    made.deliver(bar_event(8, closed=False))
    made.deliver(bar_event(9))
    await settle()
    assert [seq for _, seq, _ in desk.signals] == [9]
    await made.close(seq=9)


async def test_its_own_orders_and_fills_are_delivered(tmp_path, desk):
    made = make(desk, spec(tmp_path, 'buyer', BUYER))
    await made.start('buyer', seq=3)
    own = samples.order(strategy='buyer')
    fill = event(events.EventType.FILL, samples.fill())
    held = portfolio.Position(symbol='X', quantity=4.0)
    made.deliver(fill, own, held)
    made.deliver(fill, samples.order(strategy='other'))
    # An order update has no symbol of its own; the order that comes has.
    made.deliver(event(events.EventType.ORDER_UPDATE, samples.order()), own)
    made.deliver(event(events.EventType.ORDER_UPDATE, samples.order()))
    await settle()
    assert desk.notes == [
        'holding 0',
        'order filled',
        'position 4',
        'order filled',
    ]
    await made.close(seq=9)


async def test_quotes_trades_and_issues_are_delivered(tmp_path, desk):
    made = make(desk, spec(tmp_path, 'buyer', BUYER, symbols=('X',)))
    await made.start('buyer', seq=3)
    kinds = events.EventType
    made.deliver(event(kinds.QUOTE, market.Quote('X', 1, 2.0, 3.0, 1.0, 1.0)))
    made.deliver(event(kinds.TRADE, market.Trade('X', 1, 5.0, 1.0)))
    made.deliver(event(kinds.DATA_ISSUE, market.DataIssue('', 1, 'silent')))
    await settle()
    assert desk.notes == ['holding 0', 'quote 2', 'trade 5', 'silent']
    await made.close(seq=9)


async def test_corporate_actions_and_cash_are_booked(tmp_path, desk):
    made = make(desk, spec(tmp_path, 'buyer', BUYER, symbols=('X',)))
    book = portfolio.Portfolio()
    book.apply(samples.fill(quantity=6.0))
    await made.start('buyer', seq=3, book=book)
    split = records.CorporateAction(
        symbol='X', kind=records.ActionKind.SPLIT, ratio=2.0
    )
    paid = records.CashFlow(
        kind=records.FlowKind.DIVIDEND, amount=3.0, shares={'buyer': 3.0}
    )
    made.deliver(event(events.EventType.CORPORATE_ACTION, split))
    made.deliver(event(events.EventType.CASH_FLOW, paid))
    await settle()
    assert desk.notes == ['holding 6', 'split, now 12']
    await made.close(seq=9)


async def test_it_starts_with_its_book_and_warm(tmp_path, desk):
    made = make(desk, spec(tmp_path, 'buyer', BUYER, symbols=('X',)))
    book = portfolio.Portfolio()
    book.apply(samples.fill(quantity=6.0))
    history = [samples.bar(1.0), samples.bar(9.0, symbol='Y')]
    await made.start('buyer', seq=3, book=book, history=history)
    emitted = []
    made._emit = lambda name, seq, signals: emitted.extend(signals)
    made.deliver(bar_event(7))
    await settle()
    assert desk.notes == ['holding 6']
    assert emitted[0].indicators == {'SMA(2)': 1.0}
    await made.close(seq=9)


async def test_events_that_come_while_it_loads_wait(tmp_path, desk):
    made = make(desk, spec(tmp_path, 'buyer', BUYER))
    starting = made.start('buyer', seq=3)
    assert not made.is_running('buyer')
    made.deliver(bar_event(7))
    await starting
    await settle()
    assert [seq for _, seq, _ in desk.signals] == [7]
    await made.close(seq=9)


async def test_a_bar_that_is_delivered_does_not_warm_up_too(tmp_path, desk):
    made = make(desk, spec(tmp_path, 'buyer', BUYER))
    history = [samples.bar(1.0, timestamp=4), samples.bar(9.0, timestamp=5)]
    starting = made.start('buyer', seq=3, history=history)
    emitted = []
    made._emit = lambda name, seq, signals: emitted.extend(signals)
    bar = samples.bar(9.0, timestamp=5)
    made.deliver(event(events.EventType.MARKET_DATA, bar))
    await starting
    await settle()
    assert emitted[0].indicators == {'SMA(2)': 5.0}
    await made.close(seq=9)


async def test_stop_drops_what_waits_and_hears_the_last_wish(tmp_path, desk):
    made = make(desk, spec(tmp_path, 'buyer', BUYER))
    await made.start('buyer', seq=3)
    made.deliver(bar_event(7))
    await made.stop('buyer', seq=11)
    assert desk.signals == [('buyer', 11, ['log-11-1-1'])]
    assert desk.statuses[-1] == ('buyer', 'stopped', '')
    assert not made.is_running('buyer')


async def test_a_stopped_strategy_starts_anew(tmp_path, desk):
    made = make(desk, spec(tmp_path, 'buyer', BUYER))
    await made.start('buyer', seq=3)
    await made.start('buyer', seq=4)
    await made.stop('buyer', seq=5)
    await made.stop('buyer', seq=6)
    await made.start('buyer', seq=7)
    assert [status for _, status, _ in desk.statuses] == [
        'running',
        'stopped',
        'running',
    ]
    await made.close(seq=9)


async def test_one_that_raises_fails_and_the_others_go_on(tmp_path, desk):
    made = make(
        desk, spec(tmp_path, 'raiser', RAISER), spec(tmp_path, 'buyer', BUYER)
    )
    await made.start('raiser', seq=3)
    await made.start('buyer', seq=4)
    made.deliver(bar_event(7))
    made.deliver(bar_event(8))
    await settle()
    name, status, detail = desk.statuses[-1]
    assert (name, status) == ('raiser', 'failed')
    assert detail.endswith('raiser.py:6: RuntimeError: no more')
    assert [seq for _, seq, _ in desk.signals] == [7, 8]
    await made.close(seq=9)


@pytest.mark.parametrize('raised', ['SystemExit', 'KeyboardInterrupt'])
@pytest.mark.parametrize('at', ['raise X', RAISER, LEAVER])
async def test_one_that_would_end_the_process_fails_and_the_others_go_on(
    tmp_path, desk, raised, at
):
    code = at.replace("RuntimeError('no more')", 'X').replace('X', raised)
    made = make(
        desk, spec(tmp_path, 'leaver', code), spec(tmp_path, 'buyer', BUYER)
    )
    await made.start('leaver', seq=3)
    await made.start('buyer', seq=4)
    made.deliver(bar_event(7))
    await settle()
    statuses = {
        name: (status, detail) for name, status, detail in desk.statuses
    }
    assert statuses['leaver'][0] == 'failed'
    assert raised in statuses['leaver'][1]
    assert statuses['buyer'] == ('running', '')
    await made.close(seq=9)


async def test_one_that_cannot_be_loaded_fails_with_its_line(tmp_path, desk):
    made = make(desk, spec(tmp_path, 'bad', 'def f(:\n'))
    await made.start('bad', seq=3)
    ((name, status, detail),) = desk.statuses
    assert (name, status) == ('bad', 'failed')
    assert 'bad.py:1: SyntaxError' in detail
    assert not made.is_running('bad')


async def test_one_that_is_stuck_is_cut_off(tmp_path, desk, monkeypatch):
    monkeypatch.setattr(inprocess, 'GRACE_S', 0.01)
    made = make(desk, spec(tmp_path, 'stuck', STUCK))
    await made.start('stuck', seq=3)
    made.deliver(bar_event(7))
    await settle()
    await made.stop('stuck', seq=8)
    assert desk.statuses[-1] == (
        'stuck',
        'stopped',
        'it did not stop by itself',
    )


async def test_one_that_falls_behind_fails_once(tmp_path, desk, monkeypatch):
    monkeypatch.setattr(host, 'WAITING', 3)
    made = make(desk, spec(tmp_path, 'stuck', STUCK))
    await made.start('stuck', seq=3)
    for seq in range(9):
        made.deliver(bar_event(seq))
    await settle()
    assert desk.statuses[1:] == [
        ('stuck', 'failed', 'fell behind: 3 events wait')
    ]


async def test_an_unknown_name_is_refused_with_the_list(tmp_path, desk):
    made = make(desk, spec(tmp_path, 'buyer', BUYER))
    with pytest.raises(errors.StrategyError, match=r"'x'; there are buyer$"):
        await made.start('x', seq=3)


async def test_the_stop_of_one_that_is_not_configured_is_nothing(
    tmp_path, desk
):
    made = make(desk, spec(tmp_path, 'buyer', BUYER))
    await made.stop('gone', seq=3)
    assert desk.statuses == []


async def test_without_a_listener_the_log_is_dropped(tmp_path, desk):
    made = inprocess.InProcessHost(
        [spec(tmp_path, 'buyer', BUYER)],
        log='log',
        time_source=clock.VirtualClock(),
        emit=desk.emit,
        status=desk.status,
    )
    await made.start('buyer', seq=3)
    await made.close(seq=4)
    assert desk.notes == []
