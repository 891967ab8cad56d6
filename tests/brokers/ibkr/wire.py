"""Messages of a gateway at server version 176, field by field."""

import datetime

from sting.model import market
from sting.model import orders
from tests.unit.data.sources import tws

VERSION = 176
ACCOUNT = 'DU123456'

frame = tws.frame
read_frame = tws.read_frame
error = tws.error

_T = orders.OrderType
KINDS = {
    'MKT': _T.MARKET,
    'LMT': _T.LIMIT,
    'STP': _T.STOP,
    'STP LMT': _T.STOP_LIMIT,
    'TRAIL': _T.TRAILING_STOP,
    'MOC': _T.MARKET_ON_CLOSE,
    'LOC': _T.LIMIT_ON_CLOSE,
}
OPENING = {'MKT': _T.MARKET_ON_OPEN, 'LMT': _T.LIMIT_ON_OPEN}
TYPES = {
    kind: name for names in (KINDS, OPENING) for name, kind in names.items()
}
STOPS = {_T.STOP, _T.STOP_LIMIT, _T.TRAILING_STOP}


class Asked:
    """An order as it came; the places of its fields are those of IB."""

    def __init__(self, fields):
        assert len(fields) == 115, len(fields)
        self.number = int(fields[1])
        self.con_id = int(fields[2] or 0)
        self.symbol = fields[3]
        self.exchange = fields[9]
        self.side = 'buy' if fields[16] == 'BUY' else 'sell'
        self.quantity = float(fields[17])
        self.type = fields[18]
        self.limit = _figure(fields[19])
        self.aux = _figure(fields[20])
        self.tif = fields[21]
        self.group = fields[22]
        self.account = fields[23]
        self.reference = fields[26]
        self.transmit = fields[27] == '1'
        self.parent = int(fields[28] or 0)
        self.extended = fields[33] == '1'
        self.until = fields[38]
        self.group_type = fields[47]
        self.percent = _figure(fields[70])

    def order(self, now):
        """The order, as the market takes it."""
        kind = KINDS[self.type]
        tif = self.tif.lower()
        if self.tif == 'OPG':
            kind, tif = OPENING[self.type], 'day'
        trail = None
        if kind is _T.TRAILING_STOP:
            trail = self.aux if self.percent is None else f'{self.percent:g}%'
        stops = kind in {_T.STOP, _T.STOP_LIMIT}
        return orders.Order(
            id=self.reference,
            symbol=self.symbol,
            side=orders.OrderSide(self.side),
            quantity=self.quantity,
            type=kind,
            price=self.limit,
            stop_price=self.aux if stops else None,
            trail=trail,
            time_in_force=orders.TimeInForce(tif),
            expires=_moment(self.until),
            oco=self.group,
            extended_hours=self.extended,
            created=now,
        )


class Held:
    """An order at the gateway.

    Attributes:
        filled: What was told of its fills, units.
        cost: What they cost.
        parent: The number of the order that it is a child of.
    """

    def __init__(self, order_id, client, number, perm):
        self.id = order_id
        self.client = client
        self.number = number
        self.perm = perm
        self.parent = 0
        self.filled = 0.0
        self.cost = 0.0

    @property
    def average(self):
        return self.cost / self.filled if self.filled else 0.0


def contract(symbol):
    """A contract in eleven fields."""
    number = con_id(symbol)
    return (
        number, symbol, 'STK', '', 0, '', '', 'SMART', 'USD', symbol, symbol
    )  # fmt: skip


def con_id(symbol):
    """The number of a contract."""
    return sum(ord(each) * 31**place for place, each in enumerate(symbol))


def _terms(order, held):
    """What begins an order, in both lists."""
    kind = order.type
    aux = order.stop_price if kind is not _T.TRAILING_STOP else order.trail
    percent = ''
    if isinstance(aux, str):
        percent, aux = aux.rstrip('%'), None
    tif = order.time_in_force.upper()
    if kind in orders.ON_OPEN:
        tif = 'OPG'
    reference = order.id if held.client else ''
    return percent, (
        *contract(order.symbol),
        order.side.upper(),
        order.quantity,
        TYPES[kind],
        '' if order.price is None else order.price,
        '' if aux is None else aux,
        tif,
        order.oco,
        ACCOUNT,
        'O',
        0,
        reference,
    )


def open_order(order, held, word):
    """An order as it stands."""
    percent, terms = _terms(order, held)
    return frame(
        5, held.number, *terms, held.client, held.perm,
        # outsideRth to rule80A
        int(order.extended_hours),
        0, 0, '', '', '', '', '', '', '', written(order.expires), '',
        # percentOffset to stockRangeUpper
        '', '', 0, '', -1, 0, '', '', '', '', '',
        # displaySize to deltaNeutralAuxPrice
        0, 0, 0, 0, '', 3, 0, 0, '', held.parent, 0, '', 0, 'None', '',
        # what a delta neutral order adds
        0, '', '', '', '', 0, 0, '',
        # continuousUpdate to hedgeType
        0, 0, '', percent, '', '', '', 0, 0, 0, '', '', '', '',
        # optOutSmartRouting to whatIf
        0, '', 'IB', 0, 0, '', 0, 0,
        word, *[''] * 9, '', '', '', '', '', 0, 0, 0,
        # adjustedOrderType to usePriceMgmtAlgo
        'None', '', '', '', '', '', '', 0, '', '', '', '', 0, 0, 0, 0,
        # duration, postToAts, autoCancelParent, minTradeQty to the end
        '', '', 0, '', '', '', '', '',
    )  # fmt: skip


def completed_order(order, held, word, words):
    """An order of the day that is done."""
    percent, terms = _terms(order, held)
    return frame(
        101, *terms, held.perm,
        # outsideRth to rule80A
        int(order.extended_hours),
        0, 0, '', '', '', '', '', '', written(order.expires), '',
        # percentOffset to stockRangeUpper
        '', '', 0, '', -1, '', '', '', '', '',
        # displaySize to deltaNeutralAuxPrice
        0, 0, 0, '', 3, 0, '', 0, '', '',
        # continuousUpdate to hedgeType
        0, 0, '', percent, '', 0, 0, 0, '', '', '', '',
        # clearingAccount to solicited
        '', 'IB', 0, 0, '', 0,
        word, 0, 0, 0,
        # trailStopPrice to autoCancelDate
        '', '', '', 0, 0, '', order.filled,
        # refFuturesConId to parentPermId
        0, 0, '', 0, 0, 0,
        written(order.updated), words, '', '', '', '', '',
    )  # fmt: skip


def status(held, word, quantity):
    """Where an order stands."""
    rest = max(0.0, quantity - held.filled)
    return frame(
        3, held.number, word, held.filled, rest, held.average, held.perm, 0,
        0, held.client, '', 0,
    )  # fmt: skip


def execution(fill, held, execution_id, number=-1):
    """A trade."""
    side = 'BOT' if fill.side is orders.OrderSide.BUY else 'SLD'
    # Whoever trades in the workstation has no reference.
    reference = fill.order_id if held.client else ''
    return frame(
        11, number, held.number, *contract(fill.symbol), execution_id,
        written(fill.timestamp), ACCOUNT, 'NYSE', side, fill.quantity,
        fill.price, held.perm, held.client, 0, fill.quantity, fill.price,
        reference, '', '', '', 1,
    )  # fmt: skip


def fee(amount, execution_id):
    """What a trade cost."""
    return frame(59, 1, execution_id, amount, 'USD', '', '', '')


def details(number, symbol, tick=0.01):
    """A stock."""
    return frame(
        10, number, symbol, 'STK', '', 0, '', 'SMART', 'USD', symbol, 'NMS',
        symbol, con_id(symbol), tick, '', 'LMT,MKT', 'SMART,NYSE', 1, 0,
        f'{symbol} INC', 'NASDAQ', '', 'Technology', '', '', 'UTC', '', '', '',
        '', 0, '', '', '', '26', '', 'COMMON', 1, 1, 100,
    )  # fmt: skip


def written(stamp):
    """A moment, as it is written there."""
    if stamp is None:
        return ''
    return f'{market.to_datetime(stamp):%Y%m%d %H:%M:%S} UTC'


def _moment(said):
    if not said:
        return None
    moment = datetime.datetime.strptime(f'{said} +0000', '%Y%m%d-%H:%M:%S %z')
    return int(moment.timestamp()) * market.NANOSECONDS


def _figure(said):
    return float(said) if said else None
