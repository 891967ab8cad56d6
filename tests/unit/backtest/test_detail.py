"""Runs whose orders are held against finer bars."""

import dataclasses
import functools

import hypothesis
from hypothesis import strategies as st
import numpy as np
import pytest

from sting.backtest import assumptions
from sting.backtest import detail
from sting.backtest import engine
from sting.data import calendars
from sting.model import costs
from sting.model import errors
from sting.model import sessions
from sting.model import specs
from sting.risk import manager
from sting.simulator import modes
from sting.strategy import frames
from tests.unit.backtest import bars as made
from tests.unit.simulator import worlds

pytestmark = pytest.mark.unit

build = functools.partial(
    detail.build, sessions=calendars.sessions('24/7', made.START)
)


def stamped(table):
    """Minute, open, high, low, close and volume of each bar."""
    return [
        (
            (bar.timestamp - made.START) // made.MINUTE,
            *(bar.open, bar.high, bar.low, bar.close, bar.volume),
        )
        for bar in table.rows()
    ]


# Ten minutes, and the two bars of five that they make.
FINE = made.make(
    [
        ('X', 1, 100, 101, 99, 100, 10),
        ('X', 2, 100, 103, 100, 102, 10),
        ('X', 3, 102, 102, 96, 97, 10),
        ('X', 4, 97, 98, 97, 98, 10),
        ('X', 5, 98, 99, 98, 99, 10),
        ('X', 6, 99, 104, 99, 103, 20),
        ('X', 7, 103, 103, 95, 96, 20),
        ('X', 8, 96, 100, 96, 100, 20),
        ('X', 9, 100, 100, 99, 99, 20),
        ('X', 10, 99, 101, 99, 101, 20),
    ]
)
LONGER = [(5, 100, 103, 96, 99, 50), (10, 99, 104, 95, 101, 100)]


def test_longer_bars_are_built_of_finer_ones():
    bars = build(FINE, '5m')
    assert stamped(bars) == LONGER
    assert bars.timeframe == '5m'
    assert bars.symbols == FINE.symbols


def test_no_whole_bar_is_an_error():
    with pytest.raises(errors.DataError, match='no whole bar of 1h'):
        build(FINE, '1h')


def test_bars_that_are_not_whole_are_left_out():
    assert stamped(build(FINE.take(slice(1, 10)), '5m')) == LONGER[1:]
    assert stamped(build(FINE.take(slice(0, 9)), '5m')) == LONGER[:1]


def test_made_up_bars_stay_made_up():
    assert build(dataclasses.replace(FINE, generated=True), '5m').generated


def test_they_are_those_that_a_strategy_is_given_of_its_timeframes():
    fine = made.walk(3000, 3)
    hours = calendars.sessions('24/7', made.START)
    framed = frames.Frames()
    framed.ask(('15m',), lambda: hours)
    framed.expect('1m')
    given = [
        bar
        for one in fine.rows()
        for group in framed.take(one)
        for bar in group
        if framed.is_given(bar)
    ]
    assert list(build(fine, '15m').rows()) == given


def test_they_follow_the_sessions():
    # Of 100 minutes each; an hour of the second session begins with it.
    minutes = [*range(1, 101), *range(1001, 1101)]
    fine = made.make([('X', at, 9.0, 9.0, 9.0, 9.0) for at in minutes])
    opens = [made.START + at * made.MINUTE for at in (-900, 0, 1000, 2000)]
    hours = sessions.Sessions(
        calendar='own',
        days=(18261, 18262, 18263, 18264),
        opens=tuple(opens),
        closes=tuple(each + 100 * made.MINUTE for each in opens),
    )
    bars = detail.build(fine, '1h', hours)
    assert [each[0] for each in stamped(bars)] == [60, 100, 1060, 1100]


def test_symbols_are_kept_apart():
    rows = [('A', at, 9, 9, 9, 9) for at in range(1, 11)]
    rows += [('B', at, 5, 5, 5, 5) for at in range(1, 6)]
    fine = made.make(rows, ('A', 'B'))
    bars = build(fine, '5m')
    assert [(bar.symbol, bar.open) for bar in bars.rows()] == [
        ('A', 9),
        ('B', 5),
        ('A', 9),
    ]
    inside = detail.Detail(fine, bars).inside
    assert [
        {(one.symbol, one.open) for one in inside(bar)} for bar in bars.rows()
    ] == [{('A', 9)}, {('B', 5)}, {('A', 9)}]


def test_each_bar_has_the_finer_ones_inside_it():
    bars = build(FINE, '5m')
    inside = detail.Detail(FINE, bars).inside
    found = [list(inside(bar)) for bar in bars.rows()]
    assert [one for each in found for one in each] == list(FINE.rows())
    assert [len(each) for each in found] == [5, 5]


@pytest.mark.parametrize(
    ('timeframe', 'own', 'words'),
    [
        ('1h', '1h', '1h is not finer than --timeframe 1h'),
        ('1m', '1h', '1h is not finer than --timeframe 1m'),
        ('1h', '7m', 'ask for a multiple of 7m'),
        ('2d', '1m', "'2d' is no timeframe that can be built"),
        ('1h', 'x', "'x' is no timeframe"),
    ],
)
def test_lengths_that_do_not_go_together_are_refused(timeframe, own, words):
    with pytest.raises(errors.DataError, match=words):
        detail.check(timeframe, own)


def test_lengths_that_go_together_are_not():
    detail.check('1h', '5m')
    detail.check('1w', '1d')


def test_bars_longer_than_they_are_said_to_be_are_refused():
    fine = dataclasses.replace(FINE, timeframe='30s')
    with pytest.raises(errors.DataError, match='bars of 1m, not of 30s'):
        build(fine, '5m')


ONCE = """
from sting import strategy

K = strategy.OrderType


class Once(strategy.AbstractStrategy):
    async def on_start(self):
        self.seen = []

    async def on_market_data(self, data):
        self.log.info(f'bar {self.clock.now()} {data.timeframe}')
        if len(self.seen) == 0:
            %s
        self.seen.append(data)

    async def on_position_update(self, position):
        self.log.info(f'fill {self.clock.now()}')
        if len(self.seen) == 1:
            self.close('X')
"""


@pytest.fixture
def run(tmp_path):
    def ran(order, fine=FINE, detailed=True, **options):
        path = tmp_path / 'mine.py'
        path.write_text(ONCE % order)
        lines = []
        found = engine.run(
            str(path),
            build(fine, '5m'),
            manager.RiskManager(()),
            assumed=assumptions.Assumptions(participation=1.0, **options),
            written=lines,
            fine=fine if detailed else None,
        )
        at = (np.asarray(found.fills.timestamp) - made.START) // made.MINUTE
        fills = list(zip(at.tolist(), found.fills.price, strict=True))
        return found, fills, [line.text for line in lines]

    return ran


STOP_LIMIT = "self.buy('X', 1, K.STOP_LIMIT, price=96.0, stop_price=103.5)"


@pytest.mark.parametrize(
    ('order', 'longer', 'finer', 'why'),
    [
        ("self.buy('X', 1)", (10, 99), (6, 99), 'the open of both'),
        (
            "self.buy('X', 1, K.LIMIT, price=98.5)",
            *((10, 98.5), (7, 98.5)),
            'passed in the seventh minute',
        ),
        (STOP_LIMIT, None, (7, 96), 'triggered in the sixth, passed after it'),
        (
            "self.sell('X', 1, K.TRAILING_STOP, trail=4.0)",
            *((10, 95), (7, 100)),
            'to 104 in the sixth minute, down in the seventh',
        ),
    ],
)
def test_finer_bars_decide(run, order, longer, finer, why):
    _, fills, _ = run(order, detailed=False)
    assert fills[:1] == ([] if longer is None else [longer]), why
    _, fills, _ = run(order)
    assert fills[:1] == [finer], why


def test_the_strategy_its_clock_and_the_account_see_the_longer_bars(run):
    found, fills, lines = run("self.buy('X', 1, K.LIMIT, price=98.5)")
    five, ten = (made.START + at * made.MINUTE for at in (5, 10))
    assert fills == [(7, 98.5)]
    assert lines == [f'bar {five} 5m', f'fill {ten}', f'bar {ten} 5m']
    assert found.curve.timestamp.tolist() == [five, ten]
    assert found.bars == 2
    assert found.assumptions['timeframe'] == '5m'
    assert found.assumptions['detail_timeframe'] == '1m'
    assert found.assumptions['detail_bars'] == 10


@pytest.mark.parametrize(
    ('order', 'expected', 'why'),
    [
        ("self.buy('X', 1)", 0, 'the open decides'),
        ("self.buy('X', 1, K.LIMIT, price=98.5)", 0, 'passed'),
        ("self.buy('X', 1, K.LIMIT, price=95.0)", 1, 'touched'),
        (STOP_LIMIT, 1, 'triggered inside the bar'),
    ],
)
def test_bars_that_the_finer_ones_decided_are_counted(
    run, order, expected, why
):
    found, *_ = run(order)
    assert found.assumptions['bars_decided_by_detail'] == expected, why
    found, *_ = run(order, detailed=False)
    assert 'bars_decided_by_detail' not in found.assumptions


def test_what_a_fill_makes_it_decide_waits_for_the_next_longer_bar(run):
    rows = [('X', at, at, at, at, at) for at in range(90, 110)]
    fine = dataclasses.replace(made.make(rows))
    fine = dataclasses.replace(
        fine, timestamp=fine.timestamp - 89 * made.MINUTE
    )
    _, fills, _ = run("self.buy('X', 1)", fine)
    # Decided at minute 5 and 10; the first finer bars after these.
    assert fills == [(6, 95), (11, 100)]


def test_excursions_are_those_of_the_finer_bars(run):
    rows = [('X', at, 100, 100, 100, 100) for at in range(1, 16)]
    rows[5] = ('X', 6, 100, 100, 90, 100)
    rows[8] = ('X', 9, 100, 110, 100, 100)
    rows[9] = ('X', 10, 100, 100, 80, 100)
    fine = made.make(rows)
    order = "self.buy('X', 1, K.STOP, stop_price=105.0)"
    found, fills, _ = run(order, fine)
    assert fills == [(9, 105), (11, 100)]
    # Entered in the ninth minute: the low of 90 was before it.
    assert found.trades.mae.tolist() == [pytest.approx(80 / 105 - 1)]


@pytest.mark.parametrize('fill', modes.NAMES)
def test_orders_without_ambiguity_fill_the_same_with_and_without(run, fill):
    fine = made.walk(40, 5)
    _, one, _ = run("self.buy('X', 1)", fine, detailed=False, fill=fill)
    _, two, _ = run("self.buy('X', 1)", fine, fill=fill)
    assert [price for _, price in one] == [price for _, price in two]


def traded(result):
    fills = result.fills
    columns = (
        fills.timestamp,
        fills.side,
        fills.quantity,
        fills.price,
        fills.tag,
    )
    return list(zip(*columns, strict=True))


@hypothesis.settings(worlds.patient, max_examples=15)
@hypothesis.given(st.integers(0, 2**31), st.sampled_from(modes.NAMES))
def test_a_strategy_that_builds_the_longer_bars_itself_trades_the_same(
    seed, fill
):
    fine = made.walk(300, seed)
    given = {
        'reference': 'tests.unit.backtest.wanderer',
        'gate': manager.RiskManager(()),
        'parameters': {'seed': seed, 'exits': False},
        'assumed': assumptions.Assumptions(
            cash=1e6, calendar='24/7', participation=0.0005, fill=fill
        ),
    }
    spec = specs.StrategySpec(
        name='own', reference=given['reference'], timeframes=('5m',)
    )
    itself = engine.run(bars=fine, spec=spec, **given)
    found = engine.run(bars=build(fine, '5m'), fine=fine, **given)
    assert traded(found) == traded(itself)
    assert len(found.fills) > 0


def test_the_finer_bars_are_part_of_the_hash_of_the_data(run):
    other = dataclasses.replace(FINE, volume=FINE.volume[::-1].copy())
    order = "self.buy('X', 1)"
    plain, one, two = (
        run(order, detailed=False)[0],
        run(order)[0],
        run(order, other)[0],
    )
    hashes = {each.data_hash for each in (plain, one, two)}
    assert len(hashes) == 3
    assert run(order)[0].log_hash == one.log_hash


def test_costs_look_back_on_the_finer_bars(run):
    rows = [('X', at, 10.0, 10.0 + at, 10.0, 10.0) for at in range(1, 11)]
    model = costs.CostModel(slippage=costs.Volatility(share=0.1, bars=2))
    _, fills, _ = run("self.buy('X', 1)", made.make(rows), costs=model)
    # A tenth of the mean of 4 and 5, the ranges of the last two minutes.
    assert fills == [(6, pytest.approx(10.45))]
