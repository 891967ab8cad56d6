"""Cost models at work in the market."""

import hypothesis
from hypothesis import given
from hypothesis import strategies as st
import msgspec
import pytest

from sting.model import costs
from sting.model import market
from sting.model import orders
from sting.model import timeframes
from sting.simulator import charges
from sting.simulator import fills
from sting.simulator import market as simulated
from tests.unit.simulator import worlds

pytestmark = pytest.mark.unit

bar = worlds.bar
order = worlds.order
DAY = timeframes.DAY // worlds.MINUTE
WHOLE = costs.Commission(per_unit=0.005, minimum=1.0, maximum=0.01)


def play(model, sent, *bars, participation=1.0):
    """The fills of orders on bars."""
    sim = simulated.MarketSimulator(model, participation=participation)
    for one in sent:
        sim.submit(one, one.created)
    reports = [each for given in bars for each in sim.on_bar(given)]
    return [each for each in reports if isinstance(each, orders.Fill)]


def test_an_orders_minimum_is_paid_over_its_partial_fills():
    # 40 + 40 + 20 units; 0.50 in all is below 1.00, which the first pays.
    fees = [
        fill.fee
        for fill in play(
            costs.CostModel(commission=WHOLE),
            [order(quantity=100.0)],
            *(bar(at, 50, 50, 50, volume=40.0) for at in (1, 2, 3)),
        )
    ]
    assert fees == pytest.approx([1.0, 0.0, 0.0])


def test_a_restart_pays_no_minimum_twice():
    model = costs.CostModel(commission=WHOLE)
    before = simulated.MarketSimulator(model, participation=1.0)
    one = order(quantity=100.0)
    before.submit(one, one.created)
    before.on_bar(bar(1, 50, 50, 50, volume=40.0))
    after = simulated.MarketSimulator(model, participation=1.0)
    after.restore(before.working(), {'AAPL': 50.0})
    (fill,) = after.on_bar(bar(2, 50, 50, 50, volume=60.0))
    assert fill.fee == 0.0


def test_the_months_volume_moves_to_the_next_tier_and_a_new_month_back():
    given_tiers = costs.Commission(
        per_unit=0.01, tiers=(costs.Tier(above=100.0, per_unit=0.001),)
    )
    month = 31 * DAY
    fees = [
        fill.fee
        for fill in play(
            costs.CostModel(commission=given_tiers),
            [
                order('o1', quantity=150.0),
                order(
                    'o2',
                    quantity=100.0,
                    created=worlds.DECIDED + worlds.MINUTE,
                ),
                order(
                    'o3',
                    quantity=100.0,
                    created=worlds.DECIDED + month * worlds.MINUTE,
                ),
            ],
            bar(1, 50, 50, 50),
            bar(2, 50, 50, 50),
            bar(month + 1, 50, 50, 50),
        )
    ]
    # 100 x 0.01 + 50 x 0.001; 100 x 0.001; a new month begins at 0.01.
    assert fees == pytest.approx([1.05, 0.1, 1.0])


MAKER = costs.CostModel(commission=costs.Commission(bps=10.0, maker_bps=-1.0))


@pytest.mark.parametrize(
    ('sent', 'last', 'opens', 'maker', 'why'),
    [
        (order(), 100, 100, False, 'a market order takes'),
        (order(type='stop', stop_price=101.0), 100, 102, False, 'a stop too'),
        (order(type='limit', price=98.0), 100, 100, True, 'a bar came to it'),
        (order(type='limit', price=101.0), 100, 100, False, 'it took at once'),
        (order(type='limit', price=99.0), 100, 98, True, 'a gap came to it'),
        (
            order(side='sell', type='limit', price=101.0),
            100,
            102,
            True,
            'a gap came to a sale',
        ),
        (
            order(type='stop_limit', stop_price=101.0, price=103.0),
            100,
            102,
            False,
            'the gap that triggers it',
        ),
    ],
)
def test_who_is_a_maker(sent, last, opens, maker, why):
    (fill,) = play(
        MAKER, [sent], bar(0, last, last, last), bar(1, opens, 103, 97)
    )
    rate = -1e-4 if maker else 1e-3
    assert fill.fee == pytest.approx(10 * fill.price * rate), why


def test_at_an_open_without_a_close_before_it_takes():
    (fill,) = play(MAKER, [order(type='limit', price=99.0)], bar(1, 98, 99, 97))
    assert fill.fee > 0


def test_closes_of_before_a_restart_count():
    sim = simulated.MarketSimulator(MAKER)
    sim.restore([order(type='limit', price=99.0)], {'AAPL': 100.0})
    (fill,) = sim.on_bar(bar(1, 98, 99, 97))
    assert fill.fee < 0


@pytest.mark.parametrize(('side', 'price'), [('buy', 100.05), ('sell', 99.95)])
def test_who_takes_pays_half_the_spread(side, price):
    model = costs.CostModel(slippage=costs.Spread(bps=10.0))
    (fill,) = play(model, [order(side=side)], bar(1, 100, 100, 100))
    assert fill.price == pytest.approx(price)


def test_limits_pay_no_slippage_of_any_model():
    for slippage in (
        costs.Spread(bps=10.0),
        costs.Volatility(share=0.5),
        costs.Volume(),
    ):
        model = costs.CostModel(slippage=slippage, impact=costs.Impact())
        (fill,) = play(
            model,
            [order(type='limit', price=99.0)],
            bar(0, 100, 104, 96),
            bar(1, 100, 101, 98),
        )
        assert fill.price == 99.0


def test_a_share_of_the_range_of_the_bars_before_the_fills():
    model = costs.CostModel(slippage=costs.Volatility(share=0.25, bars=2))
    (fill,) = play(
        model,
        [order()],
        bar(-1, 100, 103, 100, 100),
        bar(0, 100, 101, 100, 100),
        bar(1, 100, 150, 50),
    )
    # A quarter of the mean of 3 and 1: the wide bar that fills is not known.
    assert fill.price == pytest.approx(100.5)


def test_before_any_bar_no_range_is_known():
    model = costs.CostModel(slippage=costs.Volatility(share=0.25))
    (fill,) = play(model, [order()], bar(1, 100, 150, 50))
    assert fill.price == 100.0


def test_a_share_of_the_volume_squared():
    model = costs.CostModel(slippage=costs.Volume(coefficient=0.1))
    (fill,) = play(
        model, [order(quantity=25.0)], bar(1, 200, 200, 200, volume=1000.0)
    )
    assert fill.price == pytest.approx(200.0125)


def history(closes, volume):
    """A bar a day before the decision."""
    return [
        bar((at - len(closes)) * DAY, close, close, close, volume=volume)
        for at, close in enumerate(closes)
    ]


def test_impact_of_the_whole_order_on_figures_of_the_days_before():
    model = costs.CostModel(impact=costs.Impact(coefficient=2.0))
    (fill,) = play(
        model,
        [order(quantity=100.0)],
        *history([100.0, 102.0, 100.98, 100.98], 10_000.0),
        bar(1, 100, 100, 100, volume=60.0),
    )
    # Returns 2 %, -1 % and 0: deviation 0.015275; sqrt(100 / 10,000) = 0.1;
    # 100 + 100 x 2 x 0.015275 x 0.1, though only 60 units are had at once.
    assert fill.price == pytest.approx(100 + 2 * 1.5275252 * 0.1)


def test_impact_comes_on_top_of_slippage():
    both = costs.CostModel(slippage_bps=5.0, impact=costs.Impact())
    bars = [*history([100.0, 102.0, 99.0], 1e4), bar(1, 100, 100, 100)]
    (fill,) = play(both, [order()], *bars)
    (alone,) = play(costs.CostModel(impact=costs.Impact()), [order()], *bars)
    assert fill.price == pytest.approx(alone.price + 0.05)


def test_a_split_restates_what_is_remembered():
    made = charges.Charges(
        costs.CostModel(
            slippage=costs.Volatility(share=1.0), impact=costs.Impact()
        )
    )
    made.show(bar(0, 100, 104, 100, 100))
    made.split('AAPL', 2.0)
    made.split('IBM', 2.0)
    assert made.price(bar(1, 50, 51, 49), 1, 50.0, 1.0, 1.0) == 52.0
    # It closed at what is 50 now: a limit below had rested.
    assert made.is_maker('AAPL', 1, 49.0, fills.AT_OPEN)
    assert not made.is_maker('AAPL', 1, 51.0, fills.AT_OPEN)


def test_levies_are_charged_beside():
    levied = costs.Commission(
        per_order=1.0, levies=(costs.Levy(name='SEC', bps=0.278),)
    )
    bought, sold = play(
        costs.CostModel(commission=levied),
        [order('o1'), order('o2', side='sell')],
        bar(1, 1000, 1000, 1000),
    )
    assert bought.fee == 1.0
    assert sold.fee == pytest.approx(1.0 + 10_000 * 0.278e-4)


def test_plain_basis_points_come_out_the_same_by_the_long_way():
    # The rest of the machinery around the same figures changes no digit.
    plain = costs.CostModel(commission_bps=3.3, slippage_bps=1.7)
    long = costs.CostModel(
        commission=costs.Commission(bps=3.3), slippage_bps=1.7
    )
    bars = [bar(at, 100 + at, 110, 90, volume=5.0) for at in range(1, 4)]
    one, other = play(plain, [order()], *bars), play(long, [order()], *bars)
    assert [each.fee for each in one] == pytest.approx(
        [each.fee for each in other], rel=1e-12
    )
    assert [each.price for each in one] == pytest.approx(
        [each.price for each in other], rel=1e-12
    )


models = st.builds(
    costs.CostModel,
    commission=st.builds(
        costs.Commission,
        bps=st.sampled_from([0.0, 5.0]),
        maker_bps=st.sampled_from([None, 1.0]),
        per_unit=st.sampled_from([0.0, 0.01]),
        per_order=st.sampled_from([0.0, 1.0]),
        minimum=st.sampled_from([0.0, 2.0]),
        levies=st.sampled_from(
            [(), (costs.Levy(name='x', side='both', bps=1.0, cap=3.0),)]
        ),
    ),
    slippage=st.sampled_from(
        [
            None,
            costs.Spread(bps=5.0, amount=0.01),
            costs.Volatility(share=0.1, bars=3),
            costs.Volume(coefficient=0.2),
        ]
    ),
    impact=st.sampled_from([None, costs.Impact(coefficient=0.5, days=2)]),
)


def doubled(part):
    """The same with every figure that costs twice as high."""
    if isinstance(part, tuple):
        return tuple(doubled(each) for each in part)
    if not isinstance(part, costs.Part):
        return 2 * part if isinstance(part, float) else part
    return msgspec.structs.replace(
        part,
        **{
            name: doubled(getattr(part, name))
            for name in part.__struct_fields__
            if name not in ('exponent', 'days', 'bars')
        },
    )


def paid(traded):
    """What fills cost in all: cash out, and fees."""
    return sum(
        each.side.sign * each.quantity * each.price + each.fee
        for each in traded
    )


@hypothesis.settings(worlds.patient, max_examples=40)
@given(models, worlds.histories(length=4))
def test_doubling_any_cost_on_the_same_fills_never_helps(model, steps):
    def run(charged):
        sim = simulated.MarketSimulator(
            charged,
            session_close=worlds.session_close,
            session_open=worlds.session_open,
        )
        made = []
        for sent, bars in steps:
            for one in sent:
                sim.submit(one, one.created)
            made += [each for given in bars for each in sim.on_bar(given)]
        return [each for each in made if isinstance(each, orders.Fill)]

    once, twice, free = run(model), run(doubled(model)), run(None)
    hypothesis.assume(once)
    what = [(each.order_id, each.quantity) for each in once]
    assert what == [(each.order_id, each.quantity) for each in twice]
    assert all(each.fee >= -1e-9 for each in once)
    assert paid(twice) >= paid(once) - 1e-6
    assert paid(once) >= paid(free) - 1e-6


def test_the_month_is_that_of_the_bar_in_utc():
    assert market.to_datetime(worlds.DECIDED).month == 1
