import math

import pytest

from sting.model import checks
from sting.simulator import fills
from sting.strategy import kinds

pytestmark = pytest.mark.unit


def test_the_simulated_market_counts_them_the_same():
    ours = kinds.MARKET, kinds.LIMIT, kinds.STOP
    assert ours == (fills.MARKET, fills.LIMIT, fills.STOP)
    assert [kinds.TYPES[kind] for kind in ours] == ['market', 'limit', 'stop']


@pytest.mark.parametrize(
    ('quantity', 'expected'),
    [(0.0, True), (-1e-10, True), (1e-8, False), (math.nan, False)],
)
def test_only_dust_is_nothing(quantity, expected):
    assert kinds.is_nothing(quantity) is expected


@pytest.mark.parametrize(
    ('answer', 'code', 'sentence'),
    [
        ((-5.0, kinds.MARKET, math.nan), kinds.SOUND, ''),
        ((5.0, kinds.LIMIT, 1.0), kinds.SOUND, ''),
        ((math.nan, kinds.MARKET, 0.0), kinds.BAD_QUANTITY, 'quantity nan'),
        ((-math.inf, kinds.STOP, 1.0), kinds.BAD_QUANTITY, 'quantity -inf'),
        ((1.0, 3, 1.0), kinds.BAD_KIND, 'kind 3; it must be one of'),
        ((1.0, kinds.CANCEL, 1.0), kinds.BAD_KIND, 'kind -1'),
        ((1.0, kinds.LIMIT, 0.0), kinds.BAD_PRICE, 'price 0; a limit order'),
        ((1.0, kinds.STOP, math.nan), kinds.BAD_PRICE, 'price nan; a stop'),
        ((1.0, kinds.STOP, 1e16), kinds.BAD_PRICE, 'price 1e+16'),
    ],
)
def test_what_is_no_order_is_named(answer, code, sentence):
    assert kinds.fault(*answer) == code
    if code:
        assert sentence in kinds.sentence(code, *answer)


def test_every_sound_answer_is_an_order_that_makes_sense():
    for kind, name in kinds.TYPES.items():
        assert kinds.fault(1e15, kind, 1e15) == kinds.SOUND
        checks.check_order(
            symbol='X',
            quantity=1e15,
            type=name,
            price=1e15 if kind == kinds.LIMIT else None,
            stop_price=1e15 if kind == kinds.STOP else None,
        )
