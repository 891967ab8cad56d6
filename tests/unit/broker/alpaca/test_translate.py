"""What Alpaca takes, by kind, time in force, fraction and hours."""

import itertools

import pytest

from sting.broker.alpaca import translate
from sting.model import errors
from sting.model import orders

pytestmark = pytest.mark.unit

_K = orders.OrderType
_T = orders.TimeInForce
_ALL = 'day gtc ioc fok'

# Kind, the times in force of whole units, and of fractions.
TABLE = [
    ('market', _ALL, 'day gtc'),
    ('limit', _ALL, 'day'),
    ('stop', _ALL, 'day'),
    ('stop_limit', _ALL, 'day'),
    ('trailing_stop', 'day gtc', ''),
    ('market_on_open', 'day gtc', ''),
    ('market_on_close', 'day gtc', ''),
    ('limit_on_open', 'day gtc', ''),
    ('limit_on_close', 'day gtc', ''),
]


def order(kind='limit', tif='day', quantity=10.0, **more):
    return orders.Order(
        id='1',
        symbol='AAPL',
        side=orders.OrderSide.BUY,
        quantity=quantity,
        type=_K(kind),
        price=95.0 if 'limit' in kind else None,
        stop_price=96.0 if kind in {'stop', 'stop_limit'} else None,
        trail=2.0 if kind == 'trailing_stop' else None,
        time_in_force=_T(tif),
        expires=10**18 if tif == 'gtd' else None,
        **more,
    )


def test_the_table_has_every_kind():
    assert [row[0] for row in TABLE] == [str(kind) for kind in _K]


@pytest.mark.parametrize(('kind', 'whole', 'parts'), TABLE)
def test_what_is_taken(kind, whole, parts):
    for tif in _T:
        for quantity, taken in ((10.0, whole), (1.5, parts)):
            told = translate.refusal(order(kind, tif, quantity))
            assert (told == '') is (tif in taken.split()), (tif, quantity, told)


@pytest.mark.parametrize('kind', list(_K))
def test_what_is_taken_has_a_request(kind):
    for tif, quantity in itertools.product(_T, (10.0, 1.5)):
        sent = order(kind, tif, quantity)
        if not translate.refusal(sent):
            body = translate.request(sent)
            assert body['qty'] == quantity
            assert quantity == 10.0 or body['time_in_force'] == 'day'


def test_extended_hours_are_for_limits_for_a_day():
    for kind, tif in itertools.product(_K, _T):
        told = translate.refusal(order(kind, tif, extended_hours=True))
        assert (told == '') is ((kind, tif) == (_K.LIMIT, _T.DAY)), (kind, tif)
    parts = order('limit', 'day', 1.5, extended_hours=True)
    assert translate.refusal(parts) == ''


@pytest.mark.parametrize(
    ('refused', 'words'),
    [
        (order('stop', 'gtc', 1.5), 'as gtc; send it as day, or whole units'),
        (order('trailing_stop', 'day', 1.5), 'takes no trailing_stop order'),
        (order('limit_on_open', 'ioc'), 'send it as day or gtc'),
        (order('market', 'day', extended_hours=True), 'none but limit orders'),
        (order('limit', 'gtd'), 'until a date'),
    ],
)
def test_why_it_is_not(refused, words):
    assert words in translate.refusal(refused)


def group(quantity=10.0, tif='gtc'):
    return [
        order('limit', tif, quantity),
        order('stop', tif, quantity),
    ]


def test_a_pair_is_of_whole_units_until_the_day_or_cancelled():
    for tif in ('gtc', 'day'):
        assert [each.type for each in translate.pair(group(tif=tif))] == [
            _K.LIMIT,
            _K.STOP,
        ]
    for made in (group(1.5, 'day'), group(tif='ioc'), group(tif='fok')):
        with pytest.raises(errors.OrderError, match='whole units, as day or'):
            translate.pair(made)
