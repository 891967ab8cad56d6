"""Over columns the trades are those of event by event, to the last digit."""

import dataclasses
import math
import pathlib
import re
import runpy

import hypothesis
from hypothesis import strategies as st
import numpy as np
import pytest

from benchmarks import backtests
from sting.backtest import assumptions
from sting.backtest import compiled
from sting.backtest import engine
from sting.backtest.columns import arrays
from sting.backtest.figures import summaries
from sting.data import sample
from sting.model import costs as model_costs
from sting.model import errors
from sting.model import protection
from sting.model import specs
from sting.risk import manager
from sting.risk import rules
from sting.simulator import commissions
from sting.simulator import costs
from sting.strategy import compiled as strategies
from sting.strategy import jit
from tests.unit.backtest import bars as made
from tests.unit.backtest import deciders

# Compiling takes seconds, more where others compute too.
pytestmark = [pytest.mark.unit, pytest.mark.timeout(400)]

HERE = 'tests.unit.backtest.deciders'
SMA = 'sting.library.sma_cross_compiled'


@pytest.fixture(autouse=True, scope='module')
def _cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('STING_HOME', str(tmp_path_factory.mktemp('home')))
        yield


def gate(*risk_rules):
    return manager.RiskManager(risk_rules)


def columns(result):
    """All that a run traded, but for the orders' ids."""
    fills = result.fills
    return {
        'symbol': list(fills.symbol),
        'side': list(fills.side),
        'tag': list(fills.tag),
        'quantity': list(fills.quantity),
        'price': list(fills.price),
        'fee': list(fills.fee),
        'timestamp': list(fills.timestamp),
    }


def same(reference, bars, risk, **options):
    """Runs both ways, holds one against the other, and gives the result."""
    given = made.assumed(options)
    events = engine.run(reference, bars, risk, **given)
    found = compiled.run(reference, bars, risk, **given)
    assert found.by_columns, found.note
    assert columns(found) == columns(events)
    for name in ('timestamp', 'equity', 'cash', 'exposed', 'benchmark'):
        one, other = getattr(found.curve, name), getattr(events.curve, name)
        assert one.dtype == other.dtype
        assert one.tobytes() == other.tobytes(), name
    for name in ('parameters', 'orders', 'metrics', 'log'):
        assert getattr(found, name) == getattr(events, name), name
    for field in dataclasses.fields(events.trades):
        one = getattr(found.trades, field.name)
        assert list(one) == list(getattr(events.trades, field.name))
    return found


SEEDS = st.integers(0, 2**31)
RULES = (
    rules.MaxOrderNotional,
    rules.MaxPosition,
    rules.MaxPositionNotional,
    rules.PriceCollar,
    rules.BuyingPower,
)
# All that the loop charges: basis points, per unit with a minimum and a
# maximum, per order, and a spread.
CHARGED = (
    costs.CostModel(),
    costs.CostModel(commission_bps=10.0),
    costs.CostModel(commission_bps=3.3, slippage_bps=1.7),
    costs.CostModel(
        commission=model_costs.Commission(
            bps=1.1, per_unit=0.005, minimum=1.0, maximum=0.01
        ),
        slippage_bps=1.7,
    ),
    costs.CostModel(
        commission=model_costs.Commission(per_order=2.0, bps=3.3),
        slippage=model_costs.Spread(bps=1.3, amount=0.01),
    ),
)
LIMITS = (20_000.0, 250.0, 30_000.0, 0.0004, 1.0)


@hypothesis.settings(max_examples=25, deadline=None)
@hypothesis.given(
    seed=SEEDS,
    often=st.integers(1, 6),
    size=st.sampled_from((0.7, 10.0, 100.0)),
    step=st.sampled_from((0.0, 0.0003, 0.001)),
    shorts=st.booleans(),
    participation=st.sampled_from((0.0007, 0.01, 1.0)),
    charged=st.sampled_from(CHARGED),
    cash=st.sampled_from((1e6, 30_000.0)),
    chosen=st.sets(st.sampled_from(range(len(RULES)))),
)
def test_all_kinds_of_orders_trade_the_same(
    seed,
    often,
    size,
    step,
    shorts,
    participation,
    charged,
    cash,
    chosen,
):
    risk = gate(*(RULES[nth](LIMITS[nth]) for nth in sorted(chosen)))
    same(
        f'{HERE}:Mixed',
        made.walk(300, seed),
        risk,
        parameters={
            'seed': seed,
            'often': often,
            'size': size,
            'step': step,
            'shorts': shorts,
        },
        participation=participation,
        costs=charged,
        cash=cash,
    )


def test_the_property_meets_every_kind_of_fill_and_denials():
    found = same(
        f'{HERE}:Mixed',
        made.walk(3000, 7),
        gate(rules.BuyingPower(1.0)),
        parameters={'step': 0.0003},
        participation=0.01,
        cash=100_000.0,
    )
    assert set(found.fills.tag) == {'open', 'limit', 'stop', 'gap'}
    assert set(found.fills.side) == {'buy', 'sell'}
    assert len(set(found.fills.order_id)) < len(found.fills)
    assert found.orders > len(set(found.fills.order_id)) > 100


@pytest.mark.parametrize(('limit', 'rule'), [*zip(LIMITS, RULES, strict=True)])
def test_each_rule_denies_the_same(rule, limit):
    bars = made.walk(600, 11)
    options = {'parameters': {'step': 0.0005, 'often': 2}}
    free = same(f'{HERE}:Mixed', bars, gate(), **options)
    held = same(f'{HERE}:Mixed', bars, gate(rule(limit)), **options)
    assert columns(free) != columns(held)


def test_functions_of_libm_are_those_of_the_loop():
    found = same(
        f'{HERE}:Curved',
        made.walk(3000, 5),
        gate(rules.BuyingPower(1.0)),
        commission_bps=1.0,
        cash=1e7,
    )
    assert len(found.fills) > 500


@pytest.mark.parametrize('symbol', ['AAPL', 'IBM'])
def test_real_bars_trade_the_same(symbol):
    bars = sample.load([symbol]).table
    found = same(
        SMA,
        bars,
        gate(rules.BuyingPower(1.0)),
        parameters={'fast': 5, 'slow': 20, 'quantity': 50},
        commission_bps=1.0,
        slippage_bps=2.0,
    )
    assert len(found.trades) > 50


def test_a_change_in_the_simulator_is_in_the_compiled_run_too(monkeypatch):
    bars = made.walk(1000, 3)
    options = {'commission_bps': 10.0, 'cash': 1e6}
    before = same(SMA, bars, gate(), **options)

    def doubled(quantity, price, filled, average, rates):
        return 2.0 * quantity * price * rates[0] / model_costs.BASIS_POINTS

    monkeypatch.setattr(commissions, 'step', doubled)
    after = same(SMA, bars, gate(), **options)
    assert after.metrics.fees == pytest.approx(2.0 * before.metrics.fees)


def test_it_crosses_as_the_ordinary_strategy_does():
    bars = made.walk(5000, 3)
    options = {'commission_bps': 10.0, 'cash': 1e6}
    ordinary = engine.run(
        'sting.library.sma_cross', bars, gate(), **made.assumed(options)
    )
    assert columns(same(SMA, bars, gate(), **options)) == columns(ordinary)


def test_the_work_that_other_engines_did_comes_out_as_theirs():
    run = compiled.run(
        SMA,
        backtests.w1(),
        gate(),
        **made.assumed({'cash': 1e6, 'commission_bps': 10.0}),
    )
    assert run.by_columns
    assert len(run.fills) == 38_752
    assert len(run.trades) == 19_376
    assert round(run.metrics.final_equity, 2) == 688_473.93


def test_the_loop_of_before_is_taken_from_the_disk(monkeypatch):
    bars = made.walk(1000, 3)
    # Other tests may have compiled it, for a folder of their own.
    monkeypatch.setattr(jit, '_known', {})
    first = same(f'{HERE}:Mixed', bars, gate())
    monkeypatch.setattr(jit, '_known', {})
    again = same(f'{HERE}:Mixed', bars, gate())
    assert columns(again) == columns(first)
    assert len(jit._known) == 2
    assert all(each._cache.hit for each in jit._known.values())


def test_no_bars_are_no_trades():
    found = same(f'{HERE}:Curved', made.walk(0, 1), gate())
    assert (len(found.curve), found.orders, len(found.fills)) == (0, 0, 0)


def test_lines_and_indicators_of_one_speed_are_handed_over():
    found = same(f'{HERE}:OneSpeed', made.walk(500, 2), gate())
    assert len(found.fills) > 100


@pytest.mark.parametrize(
    ('wrong', 'sentence'),
    [
        ({'infinite': True}, 'quantity inf'),
        ({'kind': 7}, 'kind 7'),
        ({'kind': 1}, 'price 0; a limit order'),
        ({'kind': 2, 'price': -1.0}, 'price -1; a stop order'),
    ],
)
def test_what_is_no_order_ends_both_runs_with_one_sentence(wrong, sentence):
    bars = made.walk(10, 1)
    said = []
    for run in (engine.run, compiled.run):
        with pytest.raises(errors.StrategyError, match=sentence) as raised:
            run(f'{HERE}:Wrong', bars, gate(), parameters=wrong)
        said.append(str(raised.value))
    assert said[0] == said[1]


GUARDED = specs.StrategySpec(
    engine.NAME,
    SMA,
    protection=protection.Protection(stop_loss='2%'),
)


class Own(rules.BuyingPower):
    """A rule of one's own under a name that is known."""


@pytest.mark.parametrize(
    ('reference', 'risk', 'note'),
    [
        ('sting.library.sma_cross', gate(), 'SmaCross is no Compiled'),
        (f'{HERE}:Listening', gate(), 'on_position_update of its own'),
        (f'{HERE}:Foreign', gate(), 'made up is no indicator of its own'),
        (f'{HERE}:Longer', gate(), 'bars of longer timeframes'),
        (f'{HERE}:Elsewhere', gate(), 'is of another symbol'),
        (f'{HERE}:Hourly', gate(), 'bars of longer timeframes'),
        (f'{HERE}:Uncompilable', gate(), 'decide uses _TABLE, a dict'),
        (SMA, gate(Own(1.0)), 'risk rule buying_power is not compiled'),
        (SMA, gate().holding(GUARDED), 'its positions are protected'),
    ],
)
def test_what_the_loop_does_not_have_runs_event_by_event(reference, risk, note):
    bars = made.walk(200, 1)
    run = compiled.run(reference, bars, risk)
    assert not run.by_columns
    assert note in run.note
    assert run.note in run.events.warnings[-1]
    alone = engine.run(reference, bars, risk)
    assert columns(run) == columns(alone)
    assert run.events.log_hash == alone.log_hash


def test_several_symbols_run_event_by_event():
    rows = [(name, at, 1.0, 1.0, 1.0, 1.0) for name in 'AB' for at in (1, 2)]
    run = compiled.run(SMA, made.make(rows, 'AB'), gate())
    assert run.note == '2 symbols share the cash'


def test_stamps_that_do_not_rise_run_event_by_event():
    bars = made.make([('X', at, 1.0, 1.0, 1.0, 1.0) for at in (1, 1)])
    assert 'do not rise' in compiled.run(SMA, bars, gate()).note


@pytest.mark.parametrize(
    'parts',
    [
        {'slippage': model_costs.Volume()},
        {'impact': model_costs.Impact()},
        {'commission': model_costs.Commission(maker_bps=0.0, bps=1.0)},
        {
            'commission': model_costs.Commission(
                levies=(model_costs.Levy(name='SEC', bps=0.278),)
            )
        },
        {'latency_ms': 1.0},
        {'borrow': model_costs.Borrow()},
        {'margin': model_costs.Margin()},
    ],
)
def test_costs_that_need_more_than_the_fill_run_event_by_event(parts):
    assumed = assumptions.Assumptions(costs=costs.CostModel(**parts))
    run = compiled.run(SMA, made.walk(50, 1), gate(), assumed=assumed)
    assert 'follow from more than the fill' in run.note


@pytest.mark.parametrize(
    'options', [{'touch_fills': True}, {'fill': 'optimistic'}]
)
def test_limits_that_fill_when_touched_run_event_by_event(options):
    given = made.assumed(options)
    run = compiled.run(SMA, made.walk(50, 1), gate(), **given)
    assert run.note == 'limits fill when they are touched'
    assert run.events.assumptions.items() >= options.items()


@pytest.mark.parametrize(
    'options',
    [{'fill': 'path'}, {'fill': 'pessimistic', 'touch_fills': True}],
)
def test_modes_that_leave_touches_alone_run_over_columns(options):
    parameters = {'often': 2, 'step': 0.0003}
    found = same(
        f'{HERE}:Mixed',
        made.walk(500, 7),
        gate(),
        parameters=parameters,
        **options,
    )
    assert {'open', 'limit', 'stop', 'gap'} == set(found.fills.tag)


def test_one_of_two_equal_rules_counts_the_stricter():
    risk = gate(rules.MaxPosition(50.0), rules.MaxPosition(20.0))
    assert compiled.limits(risk)[1] == 20.0
    assert compiled.limits(gate(rules.MaxPosition())) == (math.inf,) * 5


def test_the_loop_in_plain_python_gives_the_same():
    bars = made.walk(800, 9)
    ready = compiled._ready(
        f'{HERE}:Mixed',
        {'step': 0.0003},
        bars,
        gate(),
        assumptions.Assumptions(),
        [],
    )
    program = compiled.Program(ready, bars)
    assumed = assumptions.Assumptions(
        cash=50_000.0,
        costs=costs.CostModel(commission_bps=5.0, slippage_bps=1.0),
        participation=0.01,
    )
    limited = (math.inf, math.inf, math.inf, 0.0004, 1.0)
    table = program.indicators()
    fast = program.run(assumed, limited, table)
    decide = strategies.answerer(deciders.Mixed.decide)
    program._loop = arrays.loop(decide, arrays.reader(len(table)))
    slow = program.run(assumed, limited, table)
    for field in dataclasses.fields(fast):
        one, other = getattr(fast, field.name), getattr(slow, field.name)
        assert np.array_equal(one, other), field.name
    assert len(fast.row) > 50


def test_the_loop_in_plain_python_ends_at_what_is_no_order():
    answer = strategies.answerer(lambda *_: (1.0, 9, 2.0, ()))
    column = np.ones(3)
    told = np.zeros((1, len(summaries.TOLD)))
    arrays.loop(answer, arrays.reader(0))(
        *[column] * 5,
        np.empty((0, 3)),
        (),
        (),
        (),
        *(100.0, 0.0, 0.0, 1.0),
        (math.inf,) * 5,
        np.full(1, -1),
        [np.zeros(3) for _ in arrays.ROOM],
        told,
        0,
    )
    assert told[0, :7].tolist() == [0, 0, 0, 2, 1.0, 9, 2.0]


def test_fills_name_their_order_and_their_moment():
    bars = made.flat(*[10.0, 12.0, 11.0] * 20)
    run = compiled.run(
        SMA,
        bars,
        gate(),
        parameters={'fast': 1, 'slow': 2},
        assumed=assumptions.Assumptions(cash=1e6),
    )
    fills = run.fills
    assert list(fills.order_id)[:2] == ['backtest-1', 'backtest-2']
    assert set(fills.timestamp) <= set(bars.timestamp.tolist())


GUIDE = pathlib.Path(__file__).parents[3] / 'docs' / 'guides' / 'COMPILED.md'


def test_the_guide_runs(tmp_path, monkeypatch, capsys):
    (tmp_path / 'strategies').mkdir()
    monkeypatch.chdir(tmp_path)
    block = re.compile(r'```python\n(# (\S+)\n.*?)```', re.DOTALL)
    for text, name in block.findall(GUIDE.read_text()):
        pathlib.Path(name).write_text(text)
    runpy.run_path('columns.py')
    first, second = capsys.readouterr().out.splitlines()
    assert first == 'over columns'
    assert re.fullmatch(r'[1-9]\d+ fills [\d.]+', second)
    options = {'parameters': {'below': 0.01}, 'commission_bps': 1.0}
    bars = sample.load(['IBM']).table
    found = same('strategies/channel.py', bars, gate(), **options)
    assert set(found.fills.tag) >= {'open', 'limit'}
