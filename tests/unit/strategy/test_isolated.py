"""Strategies in processes of their own: failures, restarts, quarantine."""

import asyncio

import pytest

from sting.engine import clock
from sting.engine import step
from sting.model import errors
from sting.model import events
from sting.model import portfolio
from sting.model import records
from sting.model import specs
from sting.strategy import host
from sting.strategy import instances
from sting.strategy import isolated
from tests.unit.strategy import processes
from tests.unit.strategy import samples

pytestmark = pytest.mark.unit

BUYER = processes.on_bar('self.buy(data.symbol, 1); self.log.info("bought")')
RAISER = processes.on_bar('raise RuntimeError("no more")')


class Desk:
    """A host with its strategies, and what it told."""

    def __init__(self, folder, bodies, **fields):
        self.signals = []
        self.statuses = []
        self.notes = []
        self.saved = []
        self.stale = []
        self.shown = []
        fields.setdefault('process', processes.PATIENT)
        self.specs = [
            specs.StrategySpec(
                name=name,
                reference=str(processes.write(folder, body, name)),
                number=number,
                **fields,
            )
            for number, (name, body) in enumerate(bodies.items(), start=1)
        ]
        self.host = isolated.IsolatedHost(
            self.specs,
            log='t',
            folder=folder / 'out',
            time_source=clock.VirtualClock(50),
            emit=lambda name, seq, made: self.signals.append((name, seq, made)),
            status=self.statuses.append,
            keep=self.saved.append,
            stale=lambda name, seq, made: self.stale.append((name, seq, made)),
            note=lambda name, line: self.notes.append((name, line.text)),
            show=lambda name, told: self.shown.append((name, told)),
        )

    def told(self, name=None):
        return [
            told.status
            for told in self.statuses
            if name in (None, told.strategy)
        ]

    def bar(self, seq=7, **fields):
        bar = samples.bar(fields.pop('close', 1.0), **fields)
        self.host.deliver(
            events.Event(
                seq, 1, events.EventType.MARKET_DATA, 'test', bar, bar.symbol
            )
        )

    async def status(self, *wanted):
        await processes.until(lambda: self.told()[-len(wanted) :] == [*wanted])


@pytest.fixture
async def make(tmp_path):
    made = []

    def one(bodies, **fields):
        made.append(Desk(tmp_path, bodies, **fields))
        return made[-1]

    yield one
    for desk in made:
        await desk.host.close(seq=99)


async def test_a_bar_is_answered_and_noted(make):
    desk = make({'buyer': BUYER})
    await desk.host.start('buyer', seq=3)
    assert desk.host.is_running('buyer')
    assert len(desk.statuses[0].code) == 16
    desk.bar(7)
    await processes.until(lambda: desk.notes)
    ((name, seq, (signal,)),) = desk.signals
    assert (name, seq, signal.order_id) == ('buyer', 7, 't-7-1-1')
    assert desk.notes == [('buyer', 'bought')]
    assert desk.host.vitals('buyer').pid > 0
    await desk.host.stop('buyer', seq=8)
    assert desk.told() == ['running', 'stopped']
    assert not desk.host.is_running('buyer')
    assert desk.host.vitals('buyer').pid == 0


async def test_corporate_actions_and_cash_are_booked_there(make):
    body = """
    async def on_corporate_action(self, action):
        held = self.portfolio.quantity(action.symbol)
        self.log.info(f'{action.kind}, now {held:g}')

    async def on_market_data(self, data):
        self.log.info(f'cash {self.portfolio.cash:g}')
    """
    desk = make({'holder': body})
    book = portfolio.Portfolio()
    book.apply(samples.fill(quantity=6.0))
    await desk.host.start('holder', seq=3, book=book)
    kinds = events.EventType
    split = records.CorporateAction(
        symbol='X', kind=records.ActionKind.SPLIT, ratio=2.0
    )
    paid = records.CashFlow(
        kind=records.FlowKind.DIVIDEND,
        amount=9.0,
        shares={'holder': 100.0 - book.cash},
    )
    for seq, kind, data in (
        (7, kinds.CORPORATE_ACTION, split),
        (8, kinds.CASH_FLOW, paid),
    ):
        desk.host.deliver(events.Event(seq, 1, kind, 'test', data, 'X'))
    desk.bar(9)
    await processes.until(lambda: len(desk.notes) == 2)
    assert desk.notes == [('holder', 'split, now 12'), ('holder', 'cash 100')]


async def test_only_its_symbols_and_closed_bars_are_delivered(make):
    desk = make({'buyer': BUYER}, symbols=('X',))
    await desk.host.start('buyer', seq=3)
    desk.bar(7, symbol='Y')
    desk.bar(8, closed=False)
    desk.bar(9)
    await processes.until(lambda: desk.signals)
    assert [seq for _, seq, _ in desk.signals] == [9]


async def test_a_bar_that_is_delivered_does_not_warm_up_too(make):
    body = """
    async def on_start(self):
        self.sma = self.indicator(strategy.indicators.SMA, period=2)

    async def on_market_data(self, data):
        self.buy(data.symbol, 1)
    """
    desk = make({'buyer': body})
    history = [samples.bar(1.0, timestamp=4), samples.bar(9.0, timestamp=5)]
    starting = desk.host.start(
        'buyer', seq=3, book=portfolio.Portfolio(), history=history
    )
    desk.bar(7, timestamp=5, close=9.0)
    await starting
    await processes.until(lambda: desk.signals)
    assert desk.signals[0][2][0].indicators == {'SMA(2)': 5.0}


async def test_a_failure_is_told_with_its_policy_and_tried_again(
    make, monkeypatch
):
    monkeypatch.setattr(instances, 'BACKOFF_S', 0.01)
    desk = make({'raiser': RAISER, 'buyer': BUYER}, on_failure='flatten')
    await desk.host.start('raiser', seq=3)
    await desk.host.start('buyer', seq=4)
    for attempt in range(1, 4):
        desk.bar(7 + attempt)
        if attempt < 3:
            await desk.status('failed', 'restarting', 'starting')
            failed, restarting, starting = desk.statuses[-3:]
            assert 'raiser.py:6: RuntimeError' in failed.detail
            assert failed.policy == 'flatten'
            assert f'after failure {attempt} of 3' in restarting.detail
            assert starting.strategy == 'raiser'
            await desk.host.start('raiser', seq=20 + attempt)
    await desk.status('quarantined')
    assert desk.statuses[-1].policy == 'flatten'
    assert desk.host.vitals('raiser').restarts == 2
    assert desk.told('buyer') == ['running']
    await processes.until(lambda: len(desk.signals) == 3)


async def test_the_operators_start_lifts_the_quarantine(make, monkeypatch):
    monkeypatch.setattr(instances, 'FAILURES', 1)
    desk = make({'raiser': RAISER})
    await desk.host.start('raiser', seq=3)
    desk.bar(7)
    await desk.status('quarantined')
    await desk.host.start('raiser', seq=8)
    await desk.status('running')


async def test_what_cannot_be_loaded_is_not_tried_again(make):
    desk = make({'bad': 'def f(:'})
    await desk.host.start('bad', seq=3)
    assert desk.told() == ['failed']
    assert 'bad.py:5: SyntaxError' in desk.statuses[0].detail
    assert not desk.host.is_running('bad')


async def test_one_that_ran_well_begins_to_count_anew(make, monkeypatch):
    monkeypatch.setattr(instances, 'FAILURES', 2)
    monkeypatch.setattr(instances, 'GOOD_S', 0.0)
    monkeypatch.setattr(instances, 'BACKOFF_S', 0.01)
    desk = make({'raiser': RAISER})
    await desk.host.start('raiser', seq=3)
    for seq in (7, 8):
        desk.bar(seq)
        await desk.status('failed', 'restarting', 'starting')
        await desk.host.start('raiser', seq=seq)


async def test_a_stop_ends_the_wait_for_a_restart(make):
    desk = make({'raiser': RAISER})
    await desk.host.start('raiser', seq=3)
    desk.bar(7)
    await desk.status('failed', 'restarting')
    await desk.host.stop('raiser', seq=8)
    assert desk.told()[-1] == 'stopped'
    await desk.host.stop('raiser', seq=9)
    assert len(desk.statuses) == 4


async def test_a_stop_ends_a_restart_that_was_not_let(make):
    desk = make({'raiser': RAISER})
    await desk.host.start('raiser', seq=3)
    desk.bar(7)
    # Nobody starts it, as while trading is halted.
    await desk.status('failed', 'restarting', 'starting')
    await desk.host.stop('raiser', seq=8)
    assert desk.told()[-1] == 'stopped'


async def test_the_operators_start_does_not_wait_for_the_restart(make):
    desk = make({'raiser': RAISER})
    await desk.host.start('raiser', seq=3)
    desk.bar(7)
    await desk.status('failed', 'restarting')
    await desk.host.start('raiser', seq=8)
    await desk.host.start('raiser', seq=9)
    assert desk.told()[-1] == 'running'


async def test_one_that_is_stopped_while_it_loads_is_gone(make):
    desk = make({'slow': 'import time; time.sleep(60)'})
    starting = asyncio.ensure_future(desk.host.start('slow', seq=3))
    await processes.until(lambda: desk.host.vitals('slow').pid)
    assert not desk.host.is_running('slow')
    await desk.host.stop('slow', seq=4)
    await starting
    assert desk.told() == ['stopped']


async def test_one_that_fails_in_its_stop_is_not_tried_again(make):
    desk = make({'mine': 'async def on_stop(self):\n    raise ValueError'})
    await desk.host.start('mine', seq=3)
    await desk.host.stop('mine', seq=4)
    assert desk.told() == ['running', 'failed']


async def test_an_unknown_name_is_refused_with_the_list(make):
    desk = make({'buyer': BUYER})
    with pytest.raises(errors.StrategyError, match=r"'x'; there are buyer$"):
        await desk.host.start('x', seq=3)
    await desk.host.stop('x', seq=4)
    assert desk.host.vitals('x').pid == 0


def test_the_wait_before_a_restart_doubles_up_to_a_minute():
    waits = [instances.backoff('sma', n) for n in range(1, 9)]
    assert waits == [instances.backoff('sma', n) for n in range(1, 9)]
    for wait, base in zip(waits, [1, 2, 4, 8, 16, 32, 60, 60], strict=True):
        assert base <= wait < base * 1.25
    assert instances.backoff('sma', 1) != instances.backoff('ema', 1)


def test_what_a_strategy_prints_is_in_a_file_in_the_folder(tmp_path):
    path = isolated.output_of(tmp_path, '../a b')
    assert path.parent == tmp_path
    assert path.name.startswith('.._a_b~')
    assert path.suffix == '.log'
    assert isolated.output_of(tmp_path, 'mine').name == 'mine.log'


def test_two_strategies_never_print_into_one_file(tmp_path):
    names = ('a b', 'a_b', 'a/b', 'a:b')
    assert len({isolated.output_of(tmp_path, name) for name in names}) == 4


COUNTER = """
def __init__(self, name, parameters):
    super().__init__(name, parameters)
    self.seen = []

async def on_market_data(self, data):
    self.seen.append(data.timestamp)
    self.buy(data.symbol, 1)

async def on_order_update(self, order):
    self.log.info(f'{order.id} {order.status}')

async def on_stop(self):
    self.log.info(f'{self.seen} {self.portfolio.quantity("X"):g}')

def save_state(self):
    return {'seen': self.seen}

def load_state(self, state):
    self.seen = state['seen']
"""


def told(seq, timestamp):
    bar = samples.bar(1.0, timestamp=timestamp)
    event = events.Event(seq, 1, events.EventType.MARKET_DATA, 'test', bar, 'X')
    return step.Notify(event)


async def test_what_it_missed_is_fed_in_order_before_what_comes(make):
    desk = make({'counter': COUNTER})
    book = portfolio.Portfolio()
    book.apply(samples.fill('t-3-1-1', quantity=6.0))
    fill = events.Event(
        6, 1, events.EventType.FILL, 'test', samples.fill('t-5-1-1'), 'X'
    )
    own = samples.order('t-5-1-1', strategy='counter')
    missed = host.Missed(
        b'{"seen":[40]}',
        book,
        [samples.order('t-4-1-1', strategy='counter', status='accepted')],
        [told(5, 50), step.Notify(fill, own), told(7, 70), told(8, 80)],
        frozenset({(5, 'order', 't-5-1-1')}),
        note='told',
    )
    starting = desk.host.start('counter', seq=9, recall=lambda: missed)
    desk.bar(10, timestamp=90)
    await starting
    await processes.until(lambda: desk.signals)
    await desk.host.stop('counter', seq=11)
    assert [text for _, text in desk.notes] == [
        'told',
        't-4-1-1 accepted',
        't-5-1-1 filled',
        '[40, 50, 70, 80, 90] 16',
    ]
    assert [seq for _, seq, _ in desk.signals] == [10]
    assert [
        (seq, [signal.order_id for signal in wanted])
        for _, seq, wanted in desk.stale
    ] == [(7, ['t-7-1-1']), (8, ['t-8-1-1'])]


async def test_a_state_that_it_cannot_load_is_a_failure(make):
    desk = make({'counter': COUNTER})
    missed = host.Missed(b'{"other":1}', portfolio.Portfolio())
    await desk.host.start('counter', seq=9, recall=lambda: missed)
    assert desk.told() == ['failed', 'restarting']
    assert "KeyError: 'seen'" in desk.statuses[0].detail


async def test_a_log_that_cannot_be_read_is_a_failure(make):
    def recall():
        raise errors.JournalError('no log')

    desk = make({'counter': COUNTER})
    await desk.host.start('counter', seq=9, recall=recall)
    assert desk.statuses[0].detail == 'what it missed cannot be read: no log'


async def test_a_state_that_is_too_large_is_a_failure(make):
    desk = make({'big': 'def save_state(self):\n    return {"x": "y" * 2**21}'})
    await desk.host.start('big', seq=9)
    await desk.host.stop('big', seq=10)
    assert 'save_state gave 2,097,160 bytes' in desk.statuses[-1].detail


async def test_one_that_fails_on_its_first_event_is_not_told_as_running(make):
    desk = make({'raiser': RAISER})
    starting = desk.host.start('raiser', seq=3)
    desk.bar(7)
    await starting
    await desk.status('failed', 'restarting')
    assert desk.told()[-1] == 'restarting'
    assert not desk.host.is_running('raiser')
