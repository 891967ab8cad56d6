"""Orders in our terms and in theirs."""

import datetime
import types

import pytest

from sting.broker.ibkr import terms
from sting.model import market
from sting.model import orders
from sting.net import ib

pytestmark = pytest.mark.unit

_T = orders.OrderType
_F = orders.TimeInForce
MOMENT = datetime.datetime(2026, 1, 5, 15, 30, tzinfo=datetime.UTC)


STOCK = types.SimpleNamespace(secType='STK', symbol='AAPL')
FUTURE = types.SimpleNamespace(secType='FUT', symbol='ES', localSymbol='ESH6')


def order(kind=_T.MARKET, tif=_F.GTC, **more):
    return orders.Order(
        id='a-1',
        symbol='AAPL',
        side=orders.OrderSide.SELL,
        quantity=10.0,
        type=kind,
        time_in_force=tif,
        **more,
    )


KINDS = [
    (order(), ('MKT', 'GTC')),
    (order(_T.LIMIT, price=95.0), ('LMT', 'GTC')),
    (order(_T.STOP, _F.DAY, stop_price=90.0), ('STP', 'DAY')),
    (
        order(_T.STOP_LIMIT, price=89.0, stop_price=90.0),
        ('STP LMT', 'GTC'),
    ),
    (order(_T.TRAILING_STOP, trail=3.0), ('TRAIL', 'GTC')),
    (order(_T.TRAILING_STOP, trail='2.5%'), ('TRAIL', 'GTC')),
    (order(_T.MARKET_ON_OPEN, _F.DAY), ('MKT', 'OPG')),
    (order(_T.MARKET_ON_CLOSE, _F.DAY), ('MOC', 'DAY')),
    (order(_T.LIMIT_ON_OPEN, _F.DAY, price=95.0), ('LMT', 'OPG')),
    (order(_T.LIMIT_ON_CLOSE, _F.DAY, price=95.0), ('LOC', 'DAY')),
    (order(_T.LIMIT, _F.IOC, price=95.0), ('LMT', 'IOC')),
    (order(_T.LIMIT, _F.FOK, price=95.0), ('LMT', 'FOK')),
    (
        order(
            _T.LIMIT,
            _F.GTD,
            price=95.0,
            expires=market.to_nanoseconds(MOMENT),
        ),
        ('LMT', 'GTD'),
    ),
    (order(_T.LIMIT, price=95.0, oco='g', extended_hours=True), ('LMT', 'GTC')),
]


@pytest.mark.parametrize(('ours', 'words'), KINDS)
async def test_an_order_comes_back_as_it_was_sent(ours, words):
    theirs = terms.to_ib(ib.load(), ours, 'DU1')
    assert (theirs.orderType, theirs.tif) == words
    assert (theirs.orderRef, theirs.account) == ('a-1', 'DU1')
    back = terms.from_ib('a-1', STOCK, theirs)
    for name in (
        'symbol', 'side', 'quantity', 'type', 'price', 'stop_price', 'trail',
        'time_in_force', 'expires', 'oco', 'extended_hours',
    ):  # fmt: skip
        assert getattr(back, name) == getattr(ours, name), name


async def test_a_group_takes_away_what_one_fills():
    theirs = terms.to_ib(ib.load(), order(oco='g'), 'DU1')
    assert (theirs.ocaGroup, theirs.ocaType) == ('g', 2)


async def test_a_kind_that_we_do_not_have_is_named():
    theirs = ib.load().Order(
        action='BUY', totalQuantity=1.0, orderType='PEG MID', tif='DAY'
    )
    assert terms.from_ib('x', STOCK, theirs).reason == 'PEG MID'


async def test_a_moment_that_makes_no_sense_is_none():
    theirs = ib.load().Order(orderType='MKT', goodTillDate='soon')
    assert terms.from_ib('x', STOCK, theirs).expires is None


def test_what_is_no_stock_has_its_local_name():
    assert terms.symbol(FUTURE) == 'ESH6'


@pytest.mark.parametrize(
    ('quantity', 'lot', 'refused'),
    [
        (10.0, 1.0, False),
        (1.5, 1.0, True),
        (0.5, 0.1, False),
        (0.55, 0.1, True),
        (150.0, 100.0, True),
        (1.25, 0.0, True),
    ],
)
def test_what_is_no_multiple_of_a_lot_is_refused(quantity, lot, refused):
    ours = orders.Order(
        id='a', symbol='AAPL', side=orders.OrderSide.BUY, quantity=quantity
    )
    assert bool(terms.refusal(ours, lot)) is refused


@pytest.mark.parametrize(
    ('kind', 'tif', 'refused'),
    [
        (_T.MARKET_ON_OPEN, _F.DAY, False),
        (_T.MARKET_ON_OPEN, _F.GTC, False),
        (_T.MARKET_ON_CLOSE, _F.IOC, True),
        (_T.MARKET_ON_CLOSE, _F.GTD, True),
        (_T.STOP, _F.FOK, True),
        (_T.STOP, _F.IOC, False),
        (_T.LIMIT, _F.FOK, False),
        (_T.MARKET, _F.FOK, False),
    ],
)
def test_what_has_no_counterpart_is_refused(kind, tif, refused):
    assert bool(terms.refusal(order(kind, tif), 1.0)) is refused
