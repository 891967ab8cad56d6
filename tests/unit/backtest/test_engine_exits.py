"""Attached exits on bars written by hand: at what price they fill, and why."""

import asyncio
import dataclasses
import math

from hypothesis import HealthCheck
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st
import numpy as np
import pytest

from sting.backtest import assumptions
from sting.backtest import engine
from sting.data import table
from sting.model import events
from sting.model import orders
from sting.risk import manager
from sting.simulator import costs
from sting.simulator import modes
from sting.strategy import base
from sting.strategy import runner
from tests.unit.backtest import bars as worlds

pytestmark = pytest.mark.unit

K = orders.OrderType
_T = events.EventType
# The first bar decides, the second fills at its open; both stand still.
STILL = [(100, 100, 100, 100), (100, 100, 100, 100)]
BRACKET = {'take_profit': 110.0, 'stop_loss': 95.0}
MIRRORED = {'take_profit': 90.0, 'stop_loss': 105.0}


class Scripted(base.AbstractStrategy):
    """Does at each bar what the script says for its number."""

    script = None

    async def on_start(self):
        self.bar = 0
        self.ids = []
        self.held = []

    async def on_market_data(self, data):
        self.bar += 1
        self.held.append(self.position(data.symbol).quantity)
        for act in self.script.get(self.bar, ()):
            made = act(self)
            if made is not None:
                self.ids.append(made)


class Played:
    """A run of a script.

    Attributes:
        fills: Minute, what of the first order it is of, units, price.
        said: Every event but the bars.
        curve: The account after each bar.
    """

    def __init__(self, script, rows, **assumed):
        strategy = Scripted('s', {})
        strategy.script = script
        feeder = runner.StrategyRunner(strategy, number=1, log=engine.LOG)
        self.said = []
        bars = rows if isinstance(rows, table.BarTable) else made(rows)
        played = engine.BacktestEngine(
            feeder,
            bars,
            manager.RiskManager([]),
            assumptions.Assumptions(cash=10_000.0, **assumed),
            watch=self.said.append,
        )
        asyncio.run(played.run())
        self.state = played._engine.state
        self.curve = played.curve()
        self.held = strategy.held
        self.ids = strategy.ids

    def of(self, kind):
        return [event for event in self.said if event.type is kind]

    @property
    def fills(self):
        return [
            (
                (fill.timestamp - worlds.START) // worlds.MINUTE,
                short(fill.order_id),
                fill.quantity,
                fill.price,
            )
            for fill in (event.data for event in self.of(_T.FILL))
        ]

    @property
    def ends(self):
        """What each child ended as, and why."""
        return {
            short(order.id): (str(order.status), order.message)
            for order in self.state.orders.values()
            if order.parent
        }


def short(order_id):
    return order_id.split('-', 4)[-1] if order_id.count('-') > 3 else 'entry'


def made(rows):
    return worlds.make(
        [('X', at, *map(float, row)) for at, row in enumerate(rows, 1)]
    )


def buying(quantity=10.0, **more):
    """A buy at the first bar."""
    return {1: [lambda s: s.buy('X', quantity, **(BRACKET | more))]}


def selling(quantity=10.0, **more):
    return {1: [lambda s: s.sell('X', quantity, **(MIRRORED | more))]}


# Name, script, bars behind the two that stand still, what the exits fill.
TABLE = [
    (
        'the bar of the entry fills no exit: they work from the next bar on',
        buying(),
        [(100, 100, 100, 100)],
        [],
    ),
    ('the take profit is traded through: at its price',
     buying(), [(100, 111, 99, 111)], [(3, 'tp', 10.0, 110.0)]),
    ('the take profit is only touched: no fill',
     buying(), [(100, 110, 99, 100)], []),
    ('the stop loss is touched: at its price',
     buying(), [(100, 101, 95, 96)], [(3, 'sl', 10.0, 95.0)]),
    ('a gap through the stop loss: at the open',
     buying(), [(92, 93, 91, 92)], [(3, 'sl', 10.0, 92.0)]),
    ('a gap beyond the take profit: at the open',
     buying(), [(113, 114, 112, 113)], [(3, 'tp', 10.0, 113.0)]),
    ('both are reached: the worse one, the stop loss',
     buying(), [(100, 112, 94, 111)], [(3, 'sl', 10.0, 95.0)]),
    ('both are reached, but the open is beyond the take profit',
     buying(), [(111, 112, 94, 100)], [(3, 'tp', 10.0, 111.0)]),
    ('both are reached, but the open is through the stop loss',
     buying(), [(94, 112, 93, 100)], [(3, 'sl', 10.0, 94.0)]),
    ('short: the take profit lies below',
     selling(), [(100, 101, 89, 95)], [(3, 'tp', 10.0, 90.0)]),
    ('short: both are reached, the worse one lies above',
     selling(), [(100, 106, 89, 95)], [(3, 'sl', 10.0, 105.0)]),
    ('short: the open is below the take profit',
     selling(), [(88, 106, 87, 95)], [(3, 'tp', 10.0, 88.0)]),
    ('a take profit alone',
     buying(stop_loss=None), [(100, 111, 50, 60)], [(3, 'tp', 10.0, 110.0)]),
    ('a stop loss alone',
     buying(take_profit=None), [(100, 200, 95, 96)], [(3, 'sl', 10.0, 95.0)]),
    ('once one has filled the other fills no more',
     buying(), [(100, 101, 94, 96), (111, 112, 90, 100)],
     [(3, 'sl', 10.0, 95.0)]),
]  # fmt: skip


@pytest.mark.parametrize(
    ('script', 'rows', 'expected'),
    [row[1:] for row in TABLE],
    ids=[row[0] for row in TABLE],
)
def test_exits_fill(script, rows, expected):
    played = Played(script, STILL + rows)
    assert played.fills[1:] == expected


ENTRIES = [
    ('limit', {'type': K.LIMIT, 'price': 98.0},
     [(100, 101, 97, 99)], (2, 98.0)),
    ('stop', {'type': K.STOP, 'stop_price': 102.0},
     [(100, 103, 99, 101)], (2, 102.0)),
    ('stop limit', {'type': K.STOP_LIMIT, 'stop_price': 102.0, 'price': 104.0},
     [(103, 103, 102, 103)], (2, 103.0)),
    ('market', {}, [(101, 102, 99, 100)], (2, 101.0)),
    ('trailing stop', {'type': K.TRAILING_STOP, 'trail': 3.0},
     [(100, 103, 99, 101)], (2, 103.0)),
    # It closes after the next opening, at 14:30.
    ('market on open', {'type': K.MARKET_ON_OPEN},
     [(101, 102, 99, 100)], (2, 101.0)),
    ('market on close', {'type': K.MARKET_ON_CLOSE},
     [(101, 102, 99, 100)], (2, 100.0)),
]  # fmt: skip


@pytest.mark.parametrize(
    ('terms', 'rows', 'entry'),
    [row[1:] for row in ENTRIES],
    ids=[row[0] for row in ENTRIES],
)
def test_every_type_of_entry_makes_exits(terms, rows, entry):
    rows = [(100, 100, 100, 100), *rows, (100, 111, 99, 100)]
    bars = made(rows)
    # The last minute of a session, the session's close, and the next day.
    close = 1_577_998_800_000_000_000
    day = 86_400_000_000_000
    stamps = [close - worlds.MINUTE, close, close + day]
    if 'open' in str(terms.get('type')):
        stamps = [close, close + day - 300 * worlds.MINUTE, close + day]
    bars = dataclasses.replace(bars, timestamp=np.array(stamps, np.int64))
    played = Played(buying(**terms), bars)
    first, last = played.of(_T.FILL)
    assert (first.data.timestamp, first.data.price) == (
        stamps[entry[0] - 1], entry[1],
    )  # fmt: skip
    assert (short(last.data.order_id), last.data.price) == ('tp', 110.0)


def test_the_other_exit_is_cancelled_and_says_why():
    played = Played(buying(), [*STILL, (100, 111, 99, 111)])
    entry = played.ids[0]
    assert played.ends == {
        'tp': ('filled', ''),
        'sl': ('cancelled', f'{entry}-tp was filled'),
    }
    assert not any(order.is_working for order in played.state.orders.values())
    assert played.state.brackets == {}


def test_exits_are_orders_with_a_verdict_that_the_fill_led_to():
    played = Played(buying(), [*STILL, (100, 100, 100, 100)])
    (fill,) = played.of(_T.FILL)
    asked = [e for e in played.of(_T.ORDER_REQUEST) if e.data.parent]
    assert [e.cause for e in asked] == [fill.seq, fill.seq]
    tp, sl = (event.data for event in asked)
    assert (tp.type, tp.price, tp.stop_price) == (K.LIMIT, 110.0, None)
    assert (sl.type, sl.price, sl.stop_price) == (K.STOP, None, 95.0)
    for order in (tp, sl):
        assert (order.side, order.quantity) == (orders.OrderSide.SELL, 10.0)
        assert order.time_in_force is orders.TimeInForce.GTC
        assert (order.parent, order.oco) == (played.ids[0],) * 2
        assert order.strategy == 's'
    judged = {e.data.order_id for e in played.of(_T.RISK_VERDICT)}
    assert judged == {played.ids[0], tp.id, sl.id}


def thin(*rows):
    """Bars of which at most four units can be had."""
    return made([(*row, 16.0) for row in [*STILL[:1], *rows]])


def test_exits_grow_with_the_fills_of_their_order():
    played = Played(
        buying(),
        thin(
            (100, 100, 100, 100),  # 4 in
            (100, 100, 100, 100),  # 8 in
            (100, 100, 100, 100),  # 10 in
            (111, 112, 111, 111),  # 4 out at the open, above the limit
            (94, 94, 94, 94),  # the stop loss has 6 left
            (94, 94, 94, 94),
            (94, 94, 94, 94),
        ),
    )
    assert played.held == [0.0, 4.0, 8.0, 10.0, 6.0, 2.0, 0.0, 0.0]
    assert played.fills[3:] == [
        (5, 'tp', 4.0, 111.0),
        (6, 'sl', 4.0, 94.0),
        (7, 'sl', 2.0, 94.0),
    ]


def test_exits_follow_an_order_that_goes_on_filling_while_they_fill():
    played = Played(
        buying(),
        thin(
            (100, 100, 100, 100),  # 4 in
            # The entry takes what the bar has; the stop is touched, and from
            # then on a market order.
            (100, 100, 95, 96),  # 8 in
            (96, 96, 96, 96),  # the last 2 in, 2 out
            (96, 96, 96, 96),
            (96, 96, 96, 96),
            (96, 96, 96, 96),
        ),
    )
    assert played.held == [0.0, 4.0, 8.0, 8.0, 4.0, 0.0, 0.0]
    assert sum(q for _, who, q, _ in played.fills if who == 'entry') == 10.0


def test_exits_done_before_the_entry_are_made_anew():
    script = buying(type=K.LIMIT, price=100.0)
    rows = [
        (101, 101, 101, 101, 1e6),
        (99, 99, 99, 99, 16.0),  # 4 in
        (111, 111, 111, 111, 1e6),  # 4 out
        (99, 99, 99, 99, 1e6),  # 6 more in
        (111, 111, 111, 111, 1e6),
    ]
    played = Played(script, made(rows))
    assert played.held == [0.0, 4.0, 0.0, 6.0, 0.0]
    asked = [e.data.id for e in played.of(_T.ORDER_REQUEST) if e.data.parent]
    assert len(asked) == len(set(asked)) == 4


def test_a_cancel_before_the_first_fill_leaves_no_exits():
    script = buying(type=K.LIMIT, price=99.0)
    script[2] = [lambda s: s.cancel(s.ids[0])]
    played = Played(script, [*STILL, (90, 111, 90, 100)])
    assert played.fills == []
    assert played.ends == {}


def test_a_cancel_after_a_part_leaves_the_exits_of_that_part():
    script = buying()
    script[2] = [lambda s: s.cancel(s.ids[0])]
    played = Played(
        script, thin((100, 100, 100, 100), (100, 100, 100, 100), (94,) * 4)
    )
    assert played.fills == [(2, 'entry', 4.0, 100.0), (4, 'sl', 4.0, 94.0)]


def test_one_exit_cancelled_by_the_strategy_leaves_the_other():
    script = buying()
    script[2] = [lambda s: s.cancel(f'{s.ids[0]}-tp')]
    played = Played(script, [*STILL, (111, 111, 94, 100)])
    assert played.fills[1:] == [(3, 'sl', 10.0, 95.0)]


def test_a_close_cancels_the_exits_first():
    script = buying()
    script[2] = [lambda s: s.close('X')]
    played = Played(script, [*STILL, (111, 112, 90, 100)])
    assert played.fills[1:] == [(3, 'entry', 10.0, 111.0)]
    assert played.held == [0.0, 10.0, 0.0]
    assert {status for status, _ in played.ends.values()} == {'cancelled'}


def test_a_plain_sell_goes_first_and_the_exits_give_way_on_that_bar():
    script = buying()
    script[2] = [lambda s: s.sell('X', 10.0)]
    played = Played(script, [*STILL, (100, 112, 90, 100), (111, 111, 90, 90)])
    assert played.fills[1:] == [(3, 'entry', 10.0, 100.0)]
    assert played.ends == {
        'tp': ('cancelled', 'nothing is left for it to close'),
        'sl': ('cancelled', 'nothing is left for it to close'),
    }


def test_a_part_sold_otherwise_shrinks_the_exits():
    script = buying()
    script[2] = [lambda s: s.target('X', 6.0)]
    played = Played(script, [*STILL, (100,) * 4, (111,) * 4])
    assert played.fills[1:] == [
        (3, 'entry', 4.0, 100.0),
        (4, 'tp', 6.0, 111.0),
    ]


def test_a_target_does_not_count_attached_exits():
    script = buying()
    script[2] = [lambda s: s.target('X', 10.0)]
    script[3] = [lambda s: s.target('X', 12.0)]
    played = Played(script, [*STILL, (100,) * 4, (100,) * 4])
    assert played.held == [0.0, 10.0, 10.0, 12.0]


def test_an_own_limit_sell_is_held_against_a_bar_behind_the_stop_loss():
    script = buying(take_profit=None)
    script[2] = [lambda s: s.sell('X', 10.0, K.LIMIT, price=105.0)]
    played = Played(script, [*STILL, (100, 106, 94, 100)])
    # The bar does not say which came first: the stop loss is the worse.
    assert played.fills[1] == (3, 'sl', 10.0, 95.0)


def test_an_order_that_only_closes_a_position_makes_no_exits():
    script = {
        1: [lambda s: s.buy('X', 10.0)],
        2: [lambda s: s.sell('X', 10.0, **MIRRORED)],
    }
    played = Played(script, [*STILL, (100,) * 4, (100,) * 4])
    assert played.ends == {}


def test_of_two_brackets_the_older_gives_way_first():
    script = {
        1: [lambda s: s.buy('X', 10.0, take_profit=110.0)],
        2: [lambda s: s.buy('X', 10.0, take_profit=120.0)],
        3: [lambda s: s.sell('X', 12.0)],
    }
    played = Played(script, [*STILL, *[(100,) * 4] * 3])
    working = [o for o in played.state.orders.values() if o.is_working]
    assert [(o.price, o.remaining) for o in working] == [(120.0, 8.0)]


WRONG = [
    ({'take_profit': 90.0}, 'take profit 90 of a buy must be above its stop'),
    ({'type': K.LIMIT, 'price': 94.0}, 'stop loss 95 of a buy must be below'),
    ({'type': K.STOP, 'stop_price': 111.0}, 'take profit 110 of a buy must be'),
    ({'stop_loss': -1.0}, 'stop loss -1 must be above 0'),
]


@pytest.mark.parametrize(('terms', 'words'), WRONG)
def test_exits_on_the_wrong_side_are_refused_at_the_door(terms, words):
    with pytest.raises(Exception, match=words):
        Played(buying(**terms), STILL)


# Prices on a coarse grid, so that exits are reached, touched and jumped over.
PRICES = st.integers(min_value=94, max_value=106).map(float)
VOLUMES = st.sampled_from([8.0, 20.0, 1000.0])


@st.composite
def rows(draw):
    four = sorted(draw(st.tuples(PRICES, PRICES, PRICES, PRICES)))
    opened, closed = draw(st.permutations(four[1:3]))
    return opened, four[3], four[0], closed, draw(VOLUMES)


@st.composite
def acts(draw):
    """What a strategy does on a bar, nothing most of the time."""
    kind = draw(st.sampled_from(['', '', '', 'in', 'in', 'out', 'half']))
    side = draw(st.sampled_from(['buy', 'sell']))
    sign = 1 if side == 'buy' else -1
    size = float(draw(st.integers(1, 9)))
    far, near = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    if kind == 'in':
        type_ = draw(st.sampled_from([K.MARKET, K.LIMIT, K.STOP]))
        more = {'price': 100.0} if type_ is K.LIMIT else {}
        if type_ is K.STOP:
            more = {'stop_price': 100.0}
        more['take_profit'] = draw(st.sampled_from([None, 100.0 + sign * far]))
        more['stop_loss'] = draw(st.sampled_from([None, 100.0 - sign * near]))
        return [lambda s: getattr(s, side)('X', size, type_, **more)]
    if kind == 'out':
        return [lambda s: s.close('X') and None]
    if kind == 'half':
        return [lambda s: s.target('X', s.position('X').quantity / 2) and None]
    return []


@limits(
    max_examples=60,
    deadline=None,
    # A loaded machine is no failure.
    suppress_health_check=[HealthCheck.too_slow],
)
@given(
    st.lists(rows(), min_size=8, max_size=16),
    st.lists(acts(), min_size=8, max_size=16),
    st.sampled_from(modes.NAMES),
)
def test_exits_never_turn_a_position_and_the_books_add_up(bars, script, mode):
    played = Played(
        dict(enumerate(script, 1)),
        made(bars),
        costs=costs.CostModel(commission_bps=5.0, slippage_bps=2.0),
        fill=mode,
    )
    fills = [event.data for event in played.of(_T.FILL)]
    held, cash = 0.0, 10_000.0
    for place, row in enumerate(bars):
        stamp = worlds.START + (place + 1) * worlds.MINUTE
        while fills and fills[0].timestamp == stamp:
            fill = fills.pop(0)
            after = held + fill.side.sign * fill.quantity
            if short(fill.order_id) != 'entry':
                # Toward zero, and not past it.
                assert abs(after) <= abs(held)
                assert after * held >= -1e-9
            held = after
            cash -= fill.side.sign * fill.quantity * fill.price + fill.fee
        assert math.isclose(played.curve.cash[place], cash, abs_tol=1e-6)
        worth = cash + held * row[3]
        assert math.isclose(played.curve.equity[place], worth, abs_tol=1e-6)
    assert fills == []
    # What works at the end covers no more than is held.
    working = [o for o in played.state.orders.values() if o.is_working]
    for kind in (K.LIMIT, K.STOP):
        covered = sum(
            o.remaining for o in working if o.parent and o.type is kind
        )
        assert covered <= abs(held) + 1e-6


def grouped(quantity=10.0, name='out'):
    """Buys, then works a limit above and a stop below as one group."""
    return {
        1: [lambda s: s.buy('X', quantity)],
        2: [
            lambda s: s.sell('X', quantity, K.LIMIT, price=110.0, oco=name),
            lambda s: s.sell('X', quantity, K.STOP, stop_price=95.0, oco=name),
        ],
    }


@pytest.mark.parametrize(
    ('bar', 'price'),
    [
        ((100, 112, 99, 111), 110.0),
        ((100, 101, 94, 95), 95.0),
        # It reaches both: the worse one.
        ((100, 112, 94, 100), 95.0),
        # The open decides.
        ((113, 114, 90, 100), 113.0),
    ],
)
def test_one_order_of_a_strategys_group_cancels_the_other(bar, price):
    played = Played(grouped(), [*STILL, bar, (100, 120, 80, 100)])
    assert [(fill[2], fill[3]) for fill in played.fills] == [
        (10.0, 100.0),
        (10.0, price),
    ]
    ends = [
        event.data.status
        for event in played.said
        if event.type is _T.ORDER_UPDATE
    ]
    assert ends.count(orders.OrderStatus.CANCELLED) == 1


def test_orders_of_other_groups_are_left_alone():
    script = grouped()
    script[2][1] = lambda s: s.sell(
        'X', 10.0, K.STOP, stop_price=95.0, oco='other'
    )
    bars = [*STILL, (100, 112, 99, 111), (100, 101, 90, 92)]
    played = Played(script, bars)
    assert [fill[3] for fill in played.fills] == [100.0, 110.0, 95.0]


def test_the_name_of_a_group_may_be_used_again():
    script = grouped()
    script[4] = script[1]
    script[5] = script[2]
    bars = [*STILL, (100, 112, 99, 111), *STILL, (100, 101, 94, 95)]
    played = Played(script, bars)
    assert [fill[3] for fill in played.fills] == [100.0, 110.0, 100.0, 95.0]
