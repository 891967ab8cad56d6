"""Each fill rule, held against bars written by hand."""

import pytest

from sting.simulator import fills

pytestmark = pytest.mark.unit

BUY, SELL = fills.BUY, fills.SELL
NOTHING = (fills.NONE, 0.0)

# side, limit, (open, high, low), what comes of it, why
LIMITS = [
    (BUY, 100, (99, 101, 98), (fills.AT_OPEN, 99), 'the open is better'),
    (BUY, 100, (100, 101, 100), (fills.AT_OPEN, 100), 'the open is the limit'),
    (BUY, 100, (101, 102, 99), (fills.AT_LIMIT, 100), 'traded through'),
    (BUY, 100, (101, 102, 100), NOTHING, 'only touched'),
    (BUY, 100, (101, 102, 100.5), NOTHING, 'not reached'),
    (SELL, 100, (101, 102, 99), (fills.AT_OPEN, 101), 'the open is better'),
    (SELL, 100, (100, 100, 99), (fills.AT_OPEN, 100), 'the open is the limit'),
    (SELL, 100, (99, 101, 98), (fills.AT_LIMIT, 100), 'traded through'),
    (SELL, 100, (99, 100, 98), NOTHING, 'only touched'),
    (SELL, 100, (99, 99.5, 98), NOTHING, 'not reached'),
]

# side, stop, (open, high, low), what comes of it, why
STOPS = [
    (BUY, 100, (102, 103, 101), (fills.AT_GAP, 102), 'gapped through'),
    (BUY, 100, (100, 101, 99), (fills.AT_GAP, 100), 'opened on the stop'),
    (BUY, 100, (99, 101, 98), (fills.AT_STOP, 100), 'passed inside the bar'),
    (BUY, 100, (99, 100, 98), (fills.AT_STOP, 100), 'a touch triggers'),
    (BUY, 100, (99, 99.5, 98), NOTHING, 'not reached'),
    (SELL, 100, (98, 99, 97), (fills.AT_GAP, 98), 'gapped through'),
    (SELL, 100, (100, 101, 99), (fills.AT_GAP, 100), 'opened on the stop'),
    (SELL, 100, (101, 102, 99), (fills.AT_STOP, 100), 'passed inside the bar'),
    (SELL, 100, (101, 102, 100), (fills.AT_STOP, 100), 'a touch triggers'),
    (SELL, 100, (101, 102, 100.5), NOTHING, 'not reached'),
]

UNTOUCHED = (fills.NONE, 0.0, False)
TOUCHED = (fills.NONE, 0.0, True)

# side, stop, limit, triggered before, (open, high, low), outcome, why
STOP_LIMITS = [
    (BUY, 100, 102, False, (99, 99.5, 98), UNTOUCHED, 'stop not reached'),
    (BUY, 100, 102, False, (99, 101, 98), TOUCHED, 'waits for the next bar'),
    (
        *(BUY, 100, 102, False, (101, 103, 99)),
        (fills.AT_GAP, 101, True),
        'gapped through the stop, within the limit',
    ),
    (
        *(BUY, 100, 102, False, (102, 103, 99)),
        (fills.AT_GAP, 102, True),
        'gapped to the limit itself',
    ),
    (
        *(BUY, 100, 102, False, (103, 104, 99)),
        TOUCHED,
        'gapped beyond the limit; coming back counts from the next bar',
    ),
    (
        *(BUY, 100, 102, True, (101, 103, 99)),
        (fills.AT_OPEN, 101, True),
        'a limit order by now, the open is better',
    ),
    (
        *(BUY, 100, 102, True, (103, 104, 101)),
        (fills.AT_LIMIT, 102, True),
        'a limit order by now, traded through',
    ),
    (BUY, 100, 102, True, (103, 104, 102), TOUCHED, 'limit only touched'),
    (SELL, 100, 98, False, (101, 102, 100.5), UNTOUCHED, 'stop not reached'),
    (SELL, 100, 98, False, (101, 102, 99), TOUCHED, 'waits for the next bar'),
    (
        *(SELL, 100, 98, False, (99, 101, 97)),
        (fills.AT_GAP, 99, True),
        'gapped through the stop, within the limit',
    ),
    (
        *(SELL, 100, 98, False, (98, 101, 97)),
        (fills.AT_GAP, 98, True),
        'gapped to the limit itself',
    ),
    (
        *(SELL, 100, 98, False, (97, 101, 96)),
        TOUCHED,
        'gapped beyond the limit; coming back counts from the next bar',
    ),
    (
        *(SELL, 100, 98, True, (99, 101, 97)),
        (fills.AT_OPEN, 99, True),
        'a limit order by now, the open is better',
    ),
    (
        *(SELL, 100, 98, True, (97, 99, 96)),
        (fills.AT_LIMIT, 98, True),
        'a limit order by now, traded through',
    ),
    (SELL, 100, 98, True, (97, 98, 96), TOUCHED, 'limit only touched'),
]


def name(row):
    return f'{"buy" if row[0] > 0 else "sell"}: {row[-1]}'


@pytest.mark.parametrize('row', LIMITS, ids=name)
def test_limit(row):
    sign, limit, bar, expected, _ = row
    assert fills.limit_fill(sign, limit, *bar) == expected


@pytest.mark.parametrize('row', LIMITS, ids=name)
def test_limit_through_the_one_door(row):
    sign, limit, bar, expected, _ = row
    outcome = fills.fill_price(fills.LIMIT, sign, limit, 0.0, False, *bar)
    assert outcome == (*expected, False)


@pytest.mark.parametrize('row', STOPS, ids=name)
def test_stop(row):
    sign, stop, bar, expected, _ = row
    assert fills.stop_fill(sign, stop, *bar) == expected


@pytest.mark.parametrize('row', STOPS, ids=name)
def test_stop_through_the_one_door(row):
    sign, stop, bar, expected, _ = row
    outcome = fills.fill_price(fills.STOP, sign, 0.0, stop, False, *bar)
    assert outcome == (*expected, expected != NOTHING)


@pytest.mark.parametrize('row', STOP_LIMITS, ids=name)
def test_stop_limit(row):
    sign, stop, limit, triggered, bar, expected, _ = row
    outcome = fills.fill_price(
        fills.STOP_LIMIT, sign, limit, stop, triggered, *bar
    )
    assert outcome == expected


@pytest.mark.parametrize('sign', [BUY, SELL])
def test_market_fills_at_the_open(sign):
    outcome = fills.fill_price(fills.MARKET, sign, 0.0, 0.0, False, 99, 101, 98)
    assert outcome == (fills.AT_OPEN, 99, False)


@pytest.mark.parametrize('sign', [BUY, SELL])
def test_stop_triggered_before_is_a_market_order(sign):
    stop = 100 + sign * 50
    outcome = fills.fill_price(fills.STOP, sign, 0.0, stop, True, 99, 101, 98)
    assert outcome == (fills.AT_OPEN, 99, True)


def test_every_outcome_has_a_tag():
    codes = [
        fills.AT_OPEN,
        fills.AT_LIMIT,
        fills.AT_STOP,
        fills.AT_GAP,
        fills.AT_CLOSE,
    ]
    assert [fills.TAGS[code] for code in codes] == [
        'open',
        'limit',
        'stop',
        'gap',
        'close',
    ]


@pytest.mark.parametrize(
    ('sign', 'stop', 'price', 'expected'),
    [
        (SELL, 0.0, 100.0, 97.0),
        (SELL, 90.0, 100.0, 97.0),
        (SELL, 98.0, 100.0, 98.0),
        (BUY, 0.0, 100.0, 103.0),
        (BUY, 110.0, 100.0, 103.0),
        (BUY, 102.0, 100.0, 102.0),
    ],
)
def test_a_trigger_follows_and_never_moves_away(sign, stop, price, expected):
    assert fills.trailed(sign, stop, price, 3.0, 0.0) == expected
    assert fills.trailed(sign, stop, price, 0.0, 0.03) == expected


def test_slippage_spares_what_a_limit_holds():
    kinds = fills.MARKET, fills.LIMIT, fills.STOP, fills.STOP_LIMIT
    assert [fills.slips(kind) for kind in kinds] == [True, False, True, False]


def test_an_order_gets_what_is_left_but_no_dust():
    assert fills.share(10.0, 25.0) == 10.0
    assert fills.share(10.0, 4.0) == 4.0
    assert fills.share(10.0, 1e-10) == fills.share(10.0, -1.0) == 0.0


def test_dust_left_to_fill_is_nothing():
    assert fills.is_filled(10.0, 10.0 - 1e-10)
    assert not fills.is_filled(10.0, 9.999)
