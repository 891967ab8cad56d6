"""All figures of a book, with the pieces worked out apart."""

import copy

import msgspec
import numpy as np
import pytest

from sting.risk import metrics
from sting.risk.metrics import calculation
from sting.settings import metrics as settings
from tests.unit.risk.metrics import test_series

pytestmark = pytest.mark.unit

CONFIGURED = settings.Metrics(
    scenarios={'fall': settings.Scenario(all=-0.2)}, cornish_fisher=True
)
SECTORS = {'A': 'tech'}


def book(**changes):
    made = {
        'time': 5,
        'seq': 7,
        'equity': 1000.0,
        'day_equity': 1250.0,
        'peak': 2000.0,
        'quantities': {'A': 6.0, 'B': -2.0},
        'prices': {'A': 100.0, 'B': 100.0},
        'parts': (('s', 'A', 4.0),),
    }
    return metrics.Book(**(made | changes))


@pytest.fixture(scope='module')
def history():
    made = metrics.History(300)
    chance = np.random.default_rng(11)
    for symbol in 'AB':
        closes = 100 * np.cumprod(1 + chance.normal(0, 0.01, 250))
        made.take(symbol, test_series.bars(symbol, closes.tolist()))
    return made


@pytest.fixture(scope='module')
def found(history):
    return metrics.calculate(
        book(), history, CONFIGURED, universe=('A', 'B'), sectors=SECTORS
    )


def test_exposures_and_leverage(found):
    assert (found.long, found.short, found.gross, found.net) == (
        600.0, 200.0, 800.0, 400.0,
    )  # fmt: skip
    assert found.leverage == 0.8
    assert [(r.name, r.net) for r in found.sectors] == [
        ('tech', 600.0),
        ('unknown', -200.0),
    ]
    assert {r.name: (r.long, r.short) for r in found.strategies} == {
        's': (400.0, 0.0),
        'operator': (200.0, 200.0),
    }


def test_margin_concentration_and_drawdowns(found):
    assert (found.margin, found.margin_use) == (400.0, 0.4)
    assert (found.largest, found.largest_share) == ('A', 0.75)
    assert found.concentration == pytest.approx(0.625)
    assert found.peak_drawdown == 0.5
    assert found.day_drawdown == pytest.approx(0.2)


def test_exits_and_stresses(found):
    assert found.exits[0].symbol == 'A'
    assert found.exit_days == pytest.approx(0.6)
    assert found.stresses[0].pnl == pytest.approx(-80.0)
    assert found.stresses[0].share == pytest.approx(-0.08)


def test_volatility_beta_and_tails_are_of_the_books_gains(found, history):
    returns = history.returns('AB', 250, 60).values
    gains = returns @ [600.0, -200.0]
    assert found.observations == 249
    assert found.volatility == pytest.approx(
        gains.std(ddof=1) / 1000 * 252**0.5
    )
    mean = returns.mean(axis=1)
    assert found.beta == pytest.approx(np.polyfit(mean, gains / 1000, 1)[0])
    by = {(t.method, t.confidence): t for t in found.tails}
    assert len(by) == 8
    assert by['historical', 0.95].value_at_risk == pytest.approx(
        np.quantile(-gains, 0.95)
    )
    normal = by['normal', 0.99].value_at_risk
    assert normal == pytest.approx(2.3263479 * gains.std(ddof=1))
    assert by['monte-carlo', 0.99].value_at_risk == pytest.approx(
        normal, rel=0.2
    )
    assert -1 <= found.correlation <= 1
    assert found.missing == {}


def test_a_longer_horizon_and_shorter_bars_scale_by_the_root(found, history):
    longer = metrics.calculate(
        book(),
        history,
        msgspec.structs.replace(CONFIGURED, horizon_days=4.0),
        scale=metrics.Scale(4.0, 252.0),
    )
    assert longer.tails[0].value_at_risk == pytest.approx(
        4 * found.tails[0].value_at_risk
    )
    assert longer.volatility == pytest.approx(2 * found.volatility)


def test_beta_to_one_symbol(history):
    configured = msgspec.structs.replace(CONFIGURED, benchmark='A')
    only = book(quantities={'A': 10.0}, parts=())
    made = metrics.calculate(only, history, configured)
    assert (made.benchmark, made.beta) == ('A', pytest.approx(1.0))
    assert made.correlation is None
    assert 'fewer than two' in made.missing['correlation']


def test_a_benchmark_without_bars_leaves_beta_alone_out(history):
    configured = msgspec.structs.replace(CONFIGURED, benchmark='Z')
    made = metrics.calculate(book(), history, configured)
    assert made.beta is None
    assert 'too few bars of Z' in made.missing['beta']


def test_a_benchmark_that_does_not_move_has_no_beta(history):
    still = copy.deepcopy(history)
    still.take('Z', test_series.bars('Z', [100.0] * 250))
    of_still = msgspec.structs.replace(CONFIGURED, benchmark='Z')
    made = metrics.calculate(book(), still, of_still, universe=('A', 'B'))
    assert made.beta is None
    assert made.missing['beta'] == 'the benchmark does not move'
    assert made.tails


def test_too_few_bars_give_no_figure_but_the_reason():
    empty = metrics.History(300)
    made = metrics.calculate(book(), empty, CONFIGURED)
    assert (made.volatility, made.tails, made.exit_days) == (None, (), None)
    assert made.missing['tails'] == 'fewer than 60 returns of A (0), B (0)'
    assert 'volume' in made.missing['exit_days']
    assert made.gross == 800.0


def test_bars_that_do_not_overlap_give_no_figure(history):
    made = metrics.History(300)
    made.take('A', test_series.bars('A', [1.0] * 100))
    made.take('B', test_series.bars('B', [1.0] * 100, list(range(90, 190))))
    short = msgspec.structs.replace(CONFIGURED, lookback=60)
    late = metrics.calculate(book(), made, short)
    assert late.tails
    assert late.missing['beta'] == 'too few bars of the universe, below 60'


def test_without_equity_nothing_is_a_share_of_it(history):
    made = metrics.calculate(book(equity=0.0), history, CONFIGURED)
    assert (made.leverage, made.margin_use, made.volatility) == (None,) * 3
    assert made.missing['leverage'] == 'there is no equity'
    assert made.stresses[0].share is None
    assert made.tails


def test_a_flat_book_says_so(history):
    made = metrics.calculate(book(quantities={}, parts=()), history, CONFIGURED)
    assert (made.gross, made.largest, made.concentration) == (0.0, '', None)
    assert made.missing['tails'] == 'nothing is held'


def test_many_names_are_counted():
    assert calculation._some(list('abcde')) == 'a, b, c and 2 more'


def test_strategies_that_hold_the_opposite_are_each_shown(history):
    parts = (('s', 'A', 3.0), ('t', 'A', -3.0))
    made = metrics.calculate(
        book(quantities={}, parts=parts), history, CONFIGURED
    )
    assert [(r.name, r.net) for r in made.strategies] == [
        ('s', 300.0),
        ('t', -300.0),
    ]
    assert made.gross == 0.0
