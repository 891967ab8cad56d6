"""Nothing of whose it was remains, and everything of what it shows."""

import math
import pathlib
import re
import tempfile

import hypothesis
from hypothesis import strategies as st
import msgspec
import pytest

from sting.engine import anonymize
from sting.engine import chain
from sting.engine import export
from sting.engine import history
from sting.model import commands
from sting.model import errors
from sting.model import events
from sting.model import payload
from sting.model import records
from sting.model import stops
from tests.unit.engine import histories
from tests.unit.engine import logs
from tests.unit.engine import worlds
from tests.unit.model import samples

pytestmark = pytest.mark.unit

T = worlds.T
FACTOR = 0.5
KINDS = [
    *events.PAYLOADS.values(),
    *commands.Command.__args__,
    records.Difference,
    stops.BrokerStop,
    stops.BarePosition,
]


@pytest.mark.parametrize('kind', KINDS, ids=lambda kind: kind.__name__)
def test_every_field_has_a_treatment(kind):
    for field in kind.__struct_fields__:
        assert field in anonymize.FIELDS, f'{kind.__name__}.{field}'


def test_every_treatment_is_for_some_field():
    fields = {field for kind in KINDS for field in kind.__struct_fields__}
    assert set(anonymize.FIELDS) == fields


def test_a_field_without_a_treatment_is_refused():
    class Secret(payload.Payload, frozen=True):
        password: str = 'x'

    event = events.Event(1, 1, T.DATA_ISSUE, 'engine', Secret())
    with pytest.raises(errors.JournalError, match=r'Secret\.password'):
        rewritten(event)


def rewritten(*found, factor=FACTOR):
    anonymizer = anonymize.Anonymizer('ffff', factor)
    return [anonymizer.event(event) for event in found]


def told(kind, data, seq=1, **more):
    return events.Event(
        seq, 1, kind, more.pop('source', 'engine'), data, **more
    )


CREATED = told(T.LOG_CREATED, worlds.CREATED)


@pytest.mark.parametrize('kind', events.EventType)
def test_samples_lose_their_names_and_keep_their_kind(kind):
    secret = ('AAPL', 'crossed', 'sma', 'ZeroDivisionError', 'by hand', 'demo')
    before = told(kind, samples.SAMPLES[kind], source='sma', symbol='AAPL')
    (after,) = rewritten(before)
    assert type(after.data) is type(before.data)
    text = events.encode(after.data).decode()
    for word in secret:
        if word == 'demo' and kind is T.LOG_CREATED:
            continue  # The mode.
        assert word not in text
    assert (after.source, after.symbol) == ('strategy1', 'S1')
    assert (after.seq, after.timestamp, after.type, after.cause) == (
        before.seq,
        before.timestamp,
        before.type,
        before.cause,
    )


@pytest.mark.parametrize('command', samples.EVERY_COMMAND, ids=type)
def test_commands_lose_their_names(command):
    before = told(T.COMMAND, events.CommandGiven(command=command))
    (after,) = rewritten(before)
    assert type(after.data.command) is type(command)
    text = events.encode(after.data).decode()
    assert not re.search('AAPL|by hand|SIGQUIT|sma|RESUME|FLATTEN', text)


def test_log_and_profile_are_others():
    (after,) = rewritten(CREATED)
    assert after.data == records.LogCreated(
        log='ffff',
        profile='anonymous',
        mode=worlds.CREATED.mode,
        cash=worlds.CASH * FACTOR,
    )


def test_money_is_scaled_and_quantities_are_not():
    bar = worlds.bar(price=10.0, high=12.0, volume=7.0)
    fill = worlds.fill('a', 3.0, 10.0, fee=2.0)
    _, bar, fill = rewritten(
        CREATED, told(T.MARKET_DATA, bar), told(T.FILL, fill)
    )
    assert (bar.data.close, bar.data.high, bar.data.volume) == (5.0, 6.0, 7.0)
    assert (fill.data.quantity, fill.data.price, fill.data.fee) == (
        3.0, 5.0, 1.0,
    )  # fmt: skip


def test_a_trail_in_per_cent_stays_and_an_amount_is_scaled():
    signal = samples.SAMPLES[T.SIGNAL]
    amount = msgspec.structs.replace(signal, trail=4.0)
    first, second = rewritten(told(T.SIGNAL, signal), told(T.SIGNAL, amount))
    assert (first.data.trail, second.data.trail) == ('2%', 2.0)


def test_figures_of_rules_that_count_money_are_scaled():
    rules = records.RuleSet(
        names=('halted', 'max_position', 'max_order_notional'),
        limits=(None, 10.0, 1000.0),
        units=('state', 'units', 'in cash'),
    )
    verdict = records.Verdict(
        order_id='a',
        decision=records.Decision.DENY,
        figures=(0.0, 12.0, None),
        rules=2,
    )
    other = msgspec.structs.replace(verdict, figures=(1.0, 2.0, 30.0), rules=9)
    rules, first, unknown = rewritten(
        told(T.RULE_SET, rules, 2),
        told(T.RISK_VERDICT, verdict, 3),
        told(T.RISK_VERDICT, other, 4),
    )
    assert rules.data.names == ('halted', 'max_position', 'max_order_notional')
    assert rules.data.limits == (None, 10.0, 500.0)
    assert first.data.figures == (0.0, 12.0, None)
    assert unknown.data.figures == (None, None, None)


def test_ids_made_here_keep_their_numbers_and_others_are_numbered():
    ours = worlds.fill('ab-7-1-1', 1.0, execution_id='ab-7-1-1-99')
    theirs = worlds.fill('account-12345', 1.0, execution_id='ab-x-1')
    _, ours, theirs, again = rewritten(
        CREATED, told(T.FILL, ours), told(T.FILL, theirs), told(T.FILL, theirs)
    )
    assert ours.data.order_id == 'ffff-7-1-1'
    assert ours.data.execution_id == 'ffff-7-1-1-99'
    assert (theirs.data.order_id, theirs.data.execution_id) == ('id1', 'id2')
    assert again == theirs


@pytest.mark.parametrize(
    ('source', 'expected'),
    [
        ('engine', 'engine'),
        ('operator', 'operator'),
        ('feed:mine', 'feed:feed1'),
        ('broker:mine', 'broker:broker1'),
        ('mine', 'strategy1'),
        ('other:mine', 'strategy1'),
    ],
)
def test_sources_keep_what_they_are(source, expected):
    (after,) = rewritten(
        told(T.ALERT_SEEN, records.AlertSeen(up_to=1), source=source)
    )
    assert after.source == expected


def test_rules_of_a_strategy_do_not_tell_its_name():
    rules = records.RuleSet(
        names=('max_position', 'strategy_max_loss(secret)'),
        limits=(1.0, 2.0),
        units=('units', 'in cash'),
    )
    status = records.StrategyStatus(strategy='secret', status='running')
    after, same = rewritten(
        told(T.RULE_SET, rules), told(T.STRATEGY_STATUS, status)
    )
    renamed = same.data.strategy
    assert 'secret' not in renamed
    assert after.data.names == (
        'max_position',
        f'strategy_max_loss({renamed})',
    )


def test_rules_may_stop_trading_by_their_names():
    rules = records.RuleSet(
        names=('max_loss',), limits=(1.0,), units=('in cash',)
    )
    change = records.TradingStateChange(
        state=records.TradingState.HALTED, who='max_loss', reason='too much'
    )
    _, after = rewritten(told(T.RULE_SET, rules), told(T.TRADING_STATE, change))
    assert (after.data.who, after.data.reason) == ('max_loss', 'removed')


def test_what_is_drawn_is_another_each_time():
    drawn = [anonymize.Anonymizer.draw() for _ in range(20)]
    assert len({one._log for one in drawn}) == 20
    assert len({one._factor for one in drawn}) == 20
    assert all(0.2 <= one._factor <= 5.0 for one in drawn)


@hypothesis.given(histories.histories, st.floats(0.2, 5.0))
@hypothesis.settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=list(hypothesis.HealthCheck),
)
def test_it_verifies_and_replays_to_the_same_quantities(acts, factor):
    world = histories.played(acts)
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / 'events.db'
        logs.write_quickly(path, world.events)
        file = path.with_name('new.db')
        done = export.export(
            path, file, anonymizer=anonymize.Anonymizer('ffff', factor)
        )
        found = chain.verify(file)
        system = history.state_at(file)
    assert (found.ok, found.events) == (True, world.state.seq)
    assert found.head == done.head
    old = world.state
    names = _names(old, system)
    assert {
        names[s]: p.quantity for s, p in old.portfolio.positions.items()
    } == {s: p.quantity for s, p in system.portfolio.positions.items()}
    assert [o.status for o in system.orders.values()] == [
        o.status for o in old.orders.values()
    ]
    assert [o.filled for o in system.orders.values()] == [
        o.filled for o in old.orders.values()
    ]
    assert math.isclose(system.equity(), old.equity() * factor, abs_tol=1e-6)
    assert math.isclose(
        system.portfolio.cash, old.portfolio.cash * factor, abs_tol=1e-6
    )
    assert (system.trading, len(system.closing)) == (
        old.trading,
        len(old.closing),
    )


def _names(old, new):
    """The new names of symbols, by the order in which prices came."""
    return dict(zip(old.prices, new.prices, strict=True))


def test_shares_of_a_flow_are_scaled_and_lose_their_names():
    flow = samples.SAMPLES[T.CASH_FLOW]
    _, after = rewritten(CREATED, told(T.CASH_FLOW, flow))
    assert after.data.shares == {'strategy1': -0.75}
    assert (after.data.amount, after.data.rate) == (-1.25, 0.25)
