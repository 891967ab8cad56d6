"""The documented shapes of Alpaca's answers: numbers are text, times RFC 3339.

Source: the reference of Alpaca's Trading API, version 2.
"""

import uuid

from sting.model import market
from sting.model import orders

ACCOUNT = 'e6fe16f3-64a4-4921-8928-cadf02f92f98'
_S = orders.OrderStatus
STATUSES = {
    # It is here, and the market has not taken it yet.
    _S.CREATED: 'pending_new',
    _S.SUBMITTED: 'pending_new',
    _S.ACCEPTED: 'new',
    _S.PARTIALLY_FILLED: 'partially_filled',
    _S.FILLED: 'filled',
    _S.CANCELLED: 'canceled',
    _S.EXPIRED: 'expired',
    _S.REJECTED: 'rejected',
}
_TIFS = dict.fromkeys(orders.ON_OPEN, 'opg') | dict.fromkeys(
    orders.ON_CLOSE, 'cls'
)


def stamp(timestamp):
    """A time as the service writes it, with nine digits."""
    seconds = market.to_datetime(timestamp).strftime('%Y-%m-%dT%H:%M:%S')
    return f'{seconds}.{timestamp % market.NANOSECONDS:09d}Z'


def text(number):
    return None if number is None else f'{number:.9f}'.rstrip('0').rstrip('.')


def asset_id(symbol):
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, symbol))


def _status(record):
    """The word for where an order stands.

    The stop of a group stays held while its limit works.
    """
    said = STATUSES[record.terms.status]
    return 'held' if said == 'new' and record.parent is not None else said


def order(record):
    """An order, with every field that there is."""
    terms = record.terms
    kind = terms.type
    said = str(kind).partition('_on_')[0]
    trail = terms.trail
    share = isinstance(trail, str)
    return {
        'id': record.uuid,
        'client_order_id': record.client_id,
        'created_at': stamp(terms.created),
        'updated_at': stamp(terms.updated or terms.created),
        'submitted_at': stamp(record.submitted),
        'filled_at': None,
        'expired_at': None,
        'canceled_at': None,
        'failed_at': None,
        'replaced_at': None,
        'replaced_by': record.replaced_by,
        'replaces': record.replaces,
        'asset_id': asset_id(terms.symbol),
        'symbol': terms.symbol,
        'asset_class': 'us_equity',
        'notional': None,
        'qty': text(terms.quantity),
        'filled_qty': text(terms.filled),
        'filled_avg_price': text(terms.average_price) if terms.filled else None,
        'order_class': record.order_class,
        'order_type': said,
        'type': said,
        'side': str(terms.side),
        'time_in_force': record.tif,
        'limit_price': text(terms.price),
        'stop_price': text(terms.stop_price),
        'status': record.status or _status(record),
        'extended_hours': terms.extended_hours,
        'legs': None,
        'trail_percent': trail.removesuffix('%') if share else None,
        'trail_price': text(trail) if trail and not share else None,
        'hwm': None,
        'subtag': None,
        'source': None,
    }


def account(cash, equity):
    return {
        'id': ACCOUNT,
        'account_number': 'PA2JWFLA2OZ5',
        'status': 'ACTIVE',
        'crypto_status': 'ACTIVE',
        'currency': 'USD',
        'buying_power': text(max(0.0, 2 * equity)),
        'regt_buying_power': text(max(0.0, 2 * equity)),
        'non_marginable_buying_power': text(max(0.0, cash)),
        'cash': text(cash),
        'accrued_fees': '0',
        'pending_transfer_in': '0',
        'portfolio_value': text(equity),
        'trading_blocked': False,
        'transfers_blocked': False,
        'account_blocked': False,
        'created_at': '2025-01-02T15:00:00.123456Z',
        'trade_suspended_by_user': False,
        'multiplier': '2',
        'shorting_enabled': True,
        'equity': text(equity),
        'last_equity': text(equity),
        'long_market_value': '0',
        'short_market_value': '0',
        'initial_margin': '0',
        'maintenance_margin': '0',
        'last_maintenance_margin': '0',
        'sma': '0',
    }


def position(found, price):
    return {
        'asset_id': asset_id(found.symbol),
        'symbol': found.symbol,
        'exchange': 'NASDAQ',
        'asset_class': 'us_equity',
        'asset_marginable': True,
        'qty': text(found.quantity),
        'avg_entry_price': text(found.average_price),
        'side': 'long' if found.quantity > 0 else 'short',
        'market_value': text(found.quantity * price),
        'cost_basis': text(found.quantity * found.average_price),
        'unrealized_pl': '0',
        'unrealized_plpc': '0',
        'unrealized_intraday_pl': '0',
        'unrealized_intraday_plpc': '0',
        'current_price': text(price),
        'lastday_price': text(price),
        'change_today': '0',
        'qty_available': text(found.quantity),
    }


def asset(symbol):
    return {
        'id': asset_id(symbol),
        'class': 'us_equity',
        'exchange': 'NASDAQ',
        'symbol': symbol,
        'name': f'{symbol} Inc. Common Stock',
        'status': 'active',
        'tradable': True,
        'marginable': True,
        'maintenance_margin_requirement': 30,
        'shortable': True,
        'easy_to_borrow': True,
        'fractionable': True,
        'attributes': [],
    }


def activity(number, made, record_uuid, total, order_quantity):
    """A fill in the list of activities; it has no `account_id`."""
    digits = market.to_datetime(made.timestamp).strftime('%Y%m%d%H%M%S')
    own = uuid.uuid5(uuid.NAMESPACE_URL, f'activity {number}')
    return {
        'id': f'{digits}{made.timestamp // 10**6 % 1000:03d}::{own}',
        'activity_type': 'FILL',
        'transaction_time': stamp(made.timestamp),
        'type': 'fill' if total >= order_quantity else 'partial_fill',
        'price': text(made.price),
        'qty': text(made.quantity),
        'side': str(made.side),
        'symbol': made.symbol,
        'leaves_qty': text(max(0.0, order_quantity - total)),
        'order_id': record_uuid,
        'cum_qty': text(total),
        'order_status': 'filled'
        if total >= order_quantity
        else 'partially_filled',
    }


def tif(terms):
    return _TIFS.get(terms.type, str(terms.time_in_force))
