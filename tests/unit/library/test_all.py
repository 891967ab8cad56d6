"""What holds for every strategy that ships."""

import json

import numpy as np
import pytest

from sting import library
from sting.strategy import loader
from tests.unit.library import play

pytestmark = pytest.mark.unit

NAMES = [name.rpartition('.')[2] for name in library.names()]
SYMBOLS = ('IBM', 'MSFT', 'ZZZ')
SIZE = 400
QUICK = {
    'macd_trend': {'trend': 20},
    'momentum_rotation': {'lookback': 20, 'top': 1},
    'pairs_zscore': {'entry': 1.0, 'period': 20},
    'rsi_reversion': {'period': 5},
}


def world(later=1.0, cut=SIZE):
    """Random walks; what comes after the cut can be made another."""
    draw = np.random.default_rng(3)
    closes = {}
    for symbol in SYMBOLS:
        steps = draw.normal(0, 0.02, SIZE)
        steps[cut:] *= later
        close = 100 * np.cumprod(1 + steps)
        reach = 1 + np.abs(draw.normal(0, 0.01, SIZE))
        before = np.concatenate([[100.0], close[:-1]])
        high = np.maximum(before, close) * reach
        low = np.minimum(before, close) / reach
        rows = zip(before, high, low, close, strict=True)
        closes[symbol] = [tuple(map(float, row)) for row in rows]
    return play.bars(**closes)


@pytest.mark.parametrize('name', NAMES)
@pytest.mark.parametrize('cut', [150, 301])
def test_no_decision_rests_on_later_bars(name, cut):
    options = QUICK.get(name, {})
    one = play.play(name, world(), **options)
    other = play.play(name, world(-3.0, cut), **options)
    assert len(one.signals) >= 3
    for whole, changed in (
        (one.signals, other.signals),
        (one.fills, other.fills),
    ):
        # A fill at the open of the first bar that differs is the same one,
        # but its price may have been any price of that bar.
        assert [row for row in whole if row[0] < cut] == [
            row for row in changed if row[0] < cut
        ]


@pytest.mark.parametrize('name', NAMES)
def test_every_order_says_why(name):
    played = play.play(name, world(), **QUICK.get(name, {}))
    for _, signal in played.signals:
        assert signal.reason or signal.kind == 'cancel'


@pytest.mark.parametrize('name', NAMES)
def test_what_it_saves_comes_back_from_json(name):
    options = QUICK.get(name, {})
    played = play.play(name, world(), **options)
    saved = json.loads(json.dumps(played.strategy.save_state()))
    again = play.play(name, play.bars(X=[1.0]), **options).strategy
    if saved:
        again.load_state(saved)
    assert json.loads(json.dumps(again.save_state())) == saved


@pytest.mark.parametrize('name', NAMES)
def test_each_parameter_is_bounded_and_told(name):
    kind = loader.load(f'sting.library.{name}')
    for row in loader.describe(kind):
        assert row.doc
        assert row.allowed
