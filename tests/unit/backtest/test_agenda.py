"""Runs over splits, dividends and delistings, on bars written by hand."""

import textwrap

import hypothesis
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st
import numpy as np
import pytest

from sting.backtest import agenda
from sting.backtest import assumptions
from sting.backtest import compiled
from sting.backtest import engine
from sting.data import actions
from sting.data import table
from sting.data import universe
from sting.model import costs
from sting.model import errors
from sting.model import records
from sting.risk import manager
from tests.unit.backtest import deciders
from tests.unit.data import days

pytestmark = pytest.mark.unit

K = records.ActionKind
# A loaded machine is no failure.
patient = limits(
    deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
# Raw prices: 400 before, 100 after a split of 4 for 1 on the fourth day.
RAW = days.flat('X', 400.0, 400.0, 404.0, 102.0, 100.0, 99.0)
SPLIT = actions.Action(days.session(3), 'X', K.SPLIT, 4.0)


def dividend(amount, number, symbol='X'):
    return actions.Action(days.session(number), symbol, K.DIVIDEND, amount)


def delisting(number, price=None, symbol='X'):
    return actions.Action(days.session(number), symbol, K.DELISTING, price)


@pytest.fixture
def write(tmp_path):
    """Writes a strategy that acts by the number of the bar."""

    def written(**by_bar):
        lines = [
            f'if self.bars == {name[1:]}:\n    {body}'
            for name, body in by_bar.items()
        ]
        path = tmp_path / 'mine.py'
        path.write_text(
            'from sting import strategy\n'
            'from sting.strategy import OrderType, TimeInForce\n\n\n'
            'class Mine(strategy.AbstractStrategy):\n'
            '    async def on_start(self):\n'
            '        self.bars = 0\n\n'
            '    async def on_corporate_action(self, action):\n'
            '        held = self.portfolio.quantity(action.symbol)\n'
            "        self.log.info(f'{action.kind} {held:g}')\n\n"
            '    async def on_market_data(self, data):\n'
            '        self.bars += 1\n'
            + textwrap.indent('\n'.join(lines), ' ' * 8)
        )
        return str(path)

    return written


def run(reference, bars, *found, members=(), **options):
    assumed = assumptions.Assumptions(
        actions=actions.in_order(found), universe=members, **options
    )
    return engine.run(reference, bars, manager.RiskManager(), assumed=assumed)


def fills_of(result):
    return [
        (str(side), quantity, price, tag)
        for (_, side, quantity, price, _, _), tag in zip(
            result.fills.rows(), result.fills.tag, strict=True
        )
    ]


@pytest.mark.parametrize(('verb', 'sign'), [('buy', 1.0), ('sell', -1.0)])
def test_a_position_goes_through_a_split(write, verb, sign):
    path = write(_1=f"self.{verb}('X', 10)")
    result = run(path, RAW, SPLIT)
    gained = [0.0, 0.0, 40.0, 80.0, 0.0, -40.0]
    assert result.curve.equity.tolist() == [
        100_000.0 + sign * each for each in gained
    ]
    (trip,) = result.tables.open_trades
    assert (trip.quantity, trip.entry_price) == (40.0, 100.0)
    assert trip.pnl == sign * -40.0
    assert [line.text for line in result.log] == [f'split {sign * 40:g}']


def test_a_round_trip_over_a_split_is_in_the_units_at_its_end(write):
    path = write(_1="self.buy('X', 10)", _4="self.sell('X', 40)")
    trips = run(path, RAW, SPLIT).trades
    assert trips.quantity.tolist() == [40.0]
    assert trips.entry_price.tolist() == [100.0]
    assert trips.exit_price.tolist() == [100.0]
    assert trips.pnl.tolist() == [0.0]
    assert trips.mae.tolist() == [0.0]
    assert trips.mfe.tolist() == [pytest.approx(0.02)]


def test_a_round_trip_before_a_split_has_its_own_excursions(write):
    path = write(_1="self.buy('X', 10)", _2="self.sell('X', 10)")
    trips = run(path, RAW, SPLIT).trades
    assert trips.entry_price.tolist() == [400.0]
    assert trips.mfe.tolist() == [pytest.approx(0.01)]
    assert trips.mae.tolist() == [0.0]


@pytest.mark.parametrize(
    ('order', 'fill'),
    [
        (
            "self.buy('X', 10, OrderType.LIMIT, price=398)",
            ('buy', 40.0, 99.0, 'open'),
        ),
        (
            "self.sell('X', 10, OrderType.STOP, stop_price=400)",
            ('sell', 40.0, 100.0, 'gap'),
        ),
        (
            "self.sell('X', 10, OrderType.TRAILING_STOP, trail=10)",
            ('sell', 40.0, 99.0, 'gap'),
        ),
        (
            "self.buy('X', 10, OrderType.LIMIT, price=420, "
            'time_in_force=TimeInForce.DAY)',
            ('buy', 40.0, 102.0, 'open'),
        ),
    ],
)
def test_a_working_order_goes_through_a_split(write, order, fill):
    # Decided at the close before the split.
    path = write(_3=order)
    assert fills_of(run(path, RAW, SPLIT)) == [fill]


def test_the_benchmark_goes_through_a_split(write):
    result = run(write(), RAW, SPLIT)
    assert result.curve.benchmark.tolist() == pytest.approx(
        [100_000 * each / 400 for each in (400, 400, 404, 408, 400, 396)]
    )


@pytest.mark.parametrize(
    ('limits', 'fill'),
    [
        ('take_profit=408, stop_loss=300', ('sell', 40.0, 102.5, 'open')),
        ('take_profit=500, stop_loss=402', ('sell', 40.0, 100.0, 'gap')),
    ],
)
def test_attached_exits_go_through_a_split(write, limits, fill):
    # Bought at 404, three days before the split.
    path = write(_2=f"self.buy('X', 10, {limits})")
    bars = days.flat('X', 400.0, 400.0, 404.0, 102.5, 102.0, 100.0)
    assert fills_of(run(path, bars, SPLIT))[1] == fill


@pytest.mark.parametrize(('verb', 'sign'), [('buy', 1.0), ('sell', -1.0)])
def test_a_dividend_is_profit_of_who_holds(write, verb, sign):
    bars = days.flat('X', 100.0, 100.0, 98.0, 98.0, 98.0)
    path = write(_1=f"self.{verb}('X', 10)", _4="self.close('X')")
    result = run(path, bars, dividend(2.0, 2))
    assert result.curve.equity.tolist() == [100_000.0] * 5
    assert result.curve.cash[2] - result.curve.cash[1] == sign * 20.0
    assert result.trades.pnl.tolist() == [0.0]
    assert result.curve.benchmark.tolist() == pytest.approx([100_000.0] * 5)
    assert result.tables.symbols[0].pnl == 0.0


def test_a_dividend_of_what_is_not_held_brings_nothing(write):
    bars = days.flat('X', 100.0, 100.0, 98.0)
    result = run(write(), bars, dividend(2.0, 2))
    assert result.curve.cash.tolist() == [100_000.0] * 3
    assert [line.text for line in result.log] == ['dividend 0']


def test_an_open_trip_has_its_dividends(write):
    bars = days.flat('X', 100.0, 100.0, 98.0)
    result = run(write(_1="self.buy('X', 10)"), bars, dividend(3.0, 2))
    assert result.tables.open_trades[0].pnl == pytest.approx(10.0)


OTHER = days.flat('Y', *[50.0] * 6)
SHORT = days.flat('X', 20.0, 20.0, 20.0)
BOTH = table.BarTable.merge([SHORT, OTHER])


@pytest.mark.parametrize(
    ('verb', 'given', 'price'),
    [
        ('buy', None, 14.0),
        ('sell', None, 20.0),
        ('buy', 5.0, 5.0),
        ('sell', 5.0, 5.0),
        ('buy', 0.0, 0.0),
    ],
)
def test_a_delisting_ends_a_position(write, verb, given, price):
    path = write(_1=f"self.{verb}('X', 10)")
    result = run(path, BOTH, delisting(4, given))
    sign = 1.0 if verb == 'buy' else -1.0
    assert fills_of(result)[1:] == [
        ('sell' if verb == 'buy' else 'buy', 10.0, price, 'delisted')
    ]
    assert result.trades.pnl.tolist() == [sign * 10.0 * (price - 20.0)]
    assert result.curve.equity[-1] == 100_000.0 + sign * 10 * (price - 20.0)
    # It counts from the first bar after it on.
    assert result.curve.equity[3] == 100_000.0
    assert result.curve.exposed.tolist() == [False] + [True] * 3 + [False] * 2
    assert not result.tables.open_trades


@pytest.mark.parametrize('latency_ms', [0.0, 1.0])
def test_a_delisting_cancels_what_works(write, latency_ms):
    path = write(_1="self.buy('X', 10, OrderType.LIMIT, price=5)")
    seen = []
    assumed = assumptions.Assumptions(
        actions=(delisting(4),), costs=costs.CostModel(latency_ms=latency_ms)
    )
    engine.run(
        path,
        BOTH,
        manager.RiskManager(),
        assumed=assumed,
        watch=seen.append,
    )
    told = [each.data for each in seen if each.type == 'order_update']
    assert [each.status for each in told][-2:] == [
        'pending_cancel',
        'cancelled',
    ]
    assert told[-2].message == 'delisted'


def test_what_is_delisted_is_not_bought_any_more(write):
    path = write(_1="self.buy('X', 10)", _7="self.buy('X', 10)")
    result = run(path, BOTH, delisting(3))
    assert len(result.fills) == 2
    (row,) = result.verdicts.rows
    assert row.message == f'delisted: X is delisted since {days.session(3)}'


def test_a_member_that_misses_the_last_bar_is_not_delisted(write):
    members = (
        universe.Membership('X', None, days.session(2)),
        universe.Membership('Y'),
    )
    result = run(write(_1="self.buy('X', 10)"), BOTH, members=members)
    assert len(result.fills) == 1


def test_the_haircut_can_be_set_and_has_to_be_a_share(write):
    path = write(_1="self.buy('X', 10)")
    result = run(path, BOTH, delisting(4), delisting_haircut=0.5)
    assert fills_of(result)[1][2] == 10.0
    for wrong in (-0.1, 1.1, float('nan')):
        with pytest.raises(errors.ConfigError, match='delisting_haircut'):
            assumptions.Assumptions(delisting_haircut=wrong)


def test_a_member_whose_bars_end_with_its_membership_is_delisted(write):
    path = write(_1="self.buy('X', 10)")
    members = (
        universe.Membership('X', None, days.session(2)),
        universe.Membership('Y'),
    )
    long = days.flat('Y', *[50.0] * 12)
    both = table.BarTable.merge([SHORT, long])
    result = run(path, both, members=members)
    assert fills_of(result)[1] == ('sell', 10.0, 14.0, 'delisted')
    later = (
        universe.Membership('X', None, days.session(30)),
        universe.Membership('Y'),
    )
    assert len(run(path, both, members=later).fills) == 1
    assert result.warnings == [
        'X: membership and bars end, which counts as a delisting at 30% less'
    ]


def test_a_member_that_left_and_trades_on_is_held_and_not_added_to(write):
    bars = days.flat('X', *[20.0] * 6)
    path = write(
        _1="self.buy('X', 10)", _4="self.buy('X', 1)", _5="self.sell('X', 4)"
    )
    members = (universe.Membership('X', None, days.session(2)),)
    result = run(path, bars, members=members)
    assert [row[:2] for row in fills_of(result)] == [
        ('buy', 10.0),
        ('sell', 4.0),
    ]
    assert 'X is no member' in result.verdicts.rows[0].message
    assert 'universe' in result.assumptions['rules']
    assert result.assumptions['universe'] == '1 symbol'


def test_splits_of_adjusted_prices_are_not_applied(write):
    bars = days.flat('X', 100.0, 100.0, 101.0, 102.0, 100.0)
    path = write(_1="self.buy('X', 10)")
    plain, result = run(path, bars), run(path, bars, SPLIT)
    assert result.curve.equity.tolist() == plain.curve.equity.tolist()
    assert 'adjusted for splits already' in result.warnings[0]
    assert result.curve.benchmark.tolist() == plain.curve.benchmark.tolist()


def test_actions_of_others_and_of_other_times_change_nothing(write):
    path = write(_1="self.buy('X', 10)")
    plain = run(path, RAW)
    others = (
        actions.Action(days.session(3), 'Z', K.SPLIT, 4.0),
        actions.Action(days.FIRST, 'X', K.SPLIT, 4.0),
        dividend(1.0, 40),
    )
    result = run(path, RAW, *others)
    assert result.curve.equity.tolist() == plain.curve.equity.tolist()


def test_the_log_is_the_same_each_time_and_knows_the_actions(write):
    path = write(_1="self.buy('X', 10)")
    first, again = (run(path, RAW, SPLIT) for _ in range(2))
    plain = run(path, RAW)
    assert first.log_hash == again.log_hash
    assert first.data_hash == again.data_hash
    assert first.log_hash != plain.log_hash
    assert first.data_hash != plain.data_hash
    assert first.assumptions['actions'] == '1 split'
    told = first.to_json()['not_modelled']
    assert not any('splits' in each for each in told)
    assert 'delisting_haircut' not in plain.assumptions


def test_of_several_symbols_the_moment_before_is_marked_as_it_was(write):
    bars = table.BarTable.merge([RAW, OTHER])
    path = write(_1="self.buy('X', 10)")
    result = run(path, bars, SPLIT, dividend(1.0, 3))
    cash = result.curve.cash.tolist()
    assert cash[2] == 96_000.0
    assert cash[3] == 96_040.0
    assert result.curve.equity.tolist()[:4] == [
        100_000.0,
        100_000.0,
        100_040.0,
        100_120.0,
    ]


def test_what_is_compiled_runs_event_by_event(write):
    assumed = assumptions.Assumptions(actions=(SPLIT,))
    reason = compiled.outside(
        deciders.Curved, RAW, manager.RiskManager(), assumed
    )
    assert reason == 'corporate actions and universes need the events'


CROSSER = """\
from sting import strategy


class Crosser(strategy.AbstractStrategy):
    async def on_start(self):
        frame = {timeframe!r}
        self.fast = self.indicator(
            strategy.indicators.{kind}, period=2, timeframe=frame
        )
        self.slow = self.indicator(
            strategy.indicators.{kind}, period=4, timeframe=frame
        )

    async def on_market_data(self, data):
        if not self.slow.ready:
            return
        above = self.fast.value > self.slow.value
        self.target_weight(data.symbol, 0.5 if above else -0.25)
        self.log.info(f'{{self.fast.value / data.close:.12g}}')
"""


@pytest.mark.parametrize(
    ('kind', 'timeframe'),
    [('SMA', ''), ('EMA', ''), ('ATR', ''), ('SMA', '1w')],
)
@given(
    ratios=st.lists(st.sampled_from([2.0, 4.0, 0.5]), min_size=1, max_size=2),
    moves=st.lists(st.integers(-8, 8), min_size=40, max_size=40),
    at=st.integers(8, 30),
)
@limits(patient, max_examples=8)
def test_raw_prices_with_splits_do_as_adjusted_ones(
    tmp_path_factory, kind, timeframe, ratios, moves, at
):
    path = tmp_path_factory.mktemp('s') / 'crosser.py'
    path.write_text(CROSSER.format(kind=kind, timeframe=timeframe))
    smooth = 64.0 + np.cumsum(moves) / 8.0
    raw, found = smooth.copy(), []
    for number, ratio in enumerate(ratios):
        raw[at + 3 * number :] /= ratio
        day = days.session(at + 3 * number)
        found.append(actions.Action(day, 'X', K.SPLIT, ratio))
    fitted = run(str(path), days.flat('X', *smooth))
    result = run(str(path), days.flat('X', *raw), *found)
    # Powers of two change no digit of what is worked out.
    np.testing.assert_allclose(
        result.curve.equity, fitted.curve.equity, rtol=1e-12
    )
    assert [line.text for line in result.log if '/' not in line.text] == [
        line.text for line in fitted.log
    ]
    np.testing.assert_allclose(
        result.trades.pnl, fitted.trades.pnl, rtol=1e-9, atol=1e-6
    )


@given(
    kinds=st.lists(st.sampled_from(list(K)[:2]), max_size=5),
    moves=st.lists(st.integers(-8, 8), min_size=40, max_size=40),
)
@limits(patient, max_examples=15)
def test_round_trips_make_what_the_account_made(tmp_path_factory, kinds, moves):
    path = tmp_path_factory.mktemp('s') / 'crosser.py'
    path.write_text(CROSSER.format(kind='SMA', timeframe=''))
    prices = 64.0 + np.cumsum(moves) / 8.0
    found = []
    for number, kind in enumerate(kinds):
        at = 6 + 6 * number
        value = 2.0 if kind is K.SPLIT else 0.5
        if kind is K.SPLIT:
            prices[at:] /= value
        found.append(actions.Action(days.session(at), 'X', kind, value))
    result = run(str(path), days.flat('X', *prices), *found)
    trips = [each.pnl for each in result.tables.open_trades]
    made = sum(trips) + result.trades.pnl.sum()
    assert made == pytest.approx(result.curve.equity[-1] - 100_000.0, abs=1e-6)


def test_bars_before_a_run_warm_up_in_the_units_of_the_first(tmp_path):
    path = tmp_path / 'crosser.py'
    path.write_text(CROSSER.format(kind='SMA', timeframe=''))
    prices = [100.0, 101.0, 102.0, 103.0, 102.0, 104.0, 105.0, 104.0, 103.0]
    smooth = np.array(prices)
    raw = smooth.copy()
    raw[:2] *= 2.0
    raw[6:] /= 4.0
    found = (
        actions.Action(days.session(2), 'X', K.SPLIT, 2.0),
        actions.Action(days.session(6), 'X', K.SPLIT, 4.0),
    )
    whole, plain = days.flat('X', *raw), days.flat('X', *smooth)
    results = [
        engine.run(
            str(path),
            bars.take(slice(4, None)),
            manager.RiskManager(),
            assumed=assumptions.Assumptions(actions=given_ones),
            warm=bars.take(slice(0, 4)),
        )
        for bars, given_ones in ((whole, found), (plain, ()))
    ]
    assert results[0].curve.equity.tolist() == (
        results[1].curve.equity.tolist()
    )
    assert len(results[0].fills)


def test_adjusted_bars_before_a_run_stay_as_they_are(tmp_path):
    path = tmp_path / 'crosser.py'
    path.write_text(CROSSER.format(kind='SMA', timeframe=''))
    bars = days.flat('X', *[100.0, 101.0, 102.0, 103.0, 102.0, 104.0, 99.0])
    split = actions.Action(days.session(2), 'X', K.SPLIT, 2.0)
    results = [
        engine.run(
            str(path),
            bars.take(slice(4, None)),
            manager.RiskManager(),
            assumed=assumptions.Assumptions(actions=found),
            warm=bars.take(slice(0, 4)),
        )
        for found in ((split,), ())
    ]
    assert [line.text for line in results[0].log] == [
        line.text for line in results[1].log
    ]
    assert results[0].log


def told(bars, found=(), members=()):
    assumed = assumptions.Assumptions(actions=found, universe=members)
    return list(agenda.survivorship(assumed, bars))


def test_survivors_are_told_of():
    both = table.BarTable.merge([RAW, OTHER])
    (warning,) = told(both)
    assert 'all 2 symbols live to the end of the data' in warning
    assert told(both, members=(universe.Membership('X'),)) == []
    assert told(both, (delisting(9),)) == []
    assert told(RAW) == []


def test_what_just_ends_is_told_of():
    long = days.flat('Y', *[50.0] * 12)
    both = table.BarTable.merge([SHORT, long])
    (warning,) = told(both)
    assert warning.startswith('X: the bars end before the others')
    assert told(both, (delisting(4),)) == []
    left = (universe.Membership('X', None, days.session(2)),)
    assert told(both, members=left) == []


def test_the_last_stamps_are_found_from_the_end(monkeypatch):
    both = table.BarTable.merge([SHORT, OTHER])
    expected = {
        'X': int(SHORT.timestamp[-1]),
        'Y': int(OTHER.timestamp[-1]),
    }
    assert agenda.last_stamps(both) == expected
    assert agenda.last_stamps(both.take(slice(0, 0))) == {}
    pieces = [slice(0, 4), slice(4, 8), slice(8, 9)]
    monkeypatch.setattr(table, 'pieces', lambda count: pieces)
    assert agenda.last_stamps(both) == expected
