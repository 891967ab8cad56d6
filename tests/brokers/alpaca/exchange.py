"""Alpaca's own side: its orders and their chains, over a venue."""

import itertools
import math
import uuid

import msgspec

from sting.model import errors
from sting.model import lifecycle
from sting.model import orders
from tests.brokers.alpaca import shapes

_K = orders.OrderType
_T = orders.TimeInForce


class RefusalError(Exception):
    """An answer that says no."""

    def __init__(self, status, code, message):
        super().__init__(message)
        self.status = status
        self.body = {'code': code, 'message': message}


class Record:
    """An order there: each change of terms makes a new one.

    Attributes:
        venue_id: Of the order at the venue, which stays one.
        status: Where it is not the venue's: replaced.
    """

    def __init__(self, number, client_id, venue_id, terms, submitted):
        self.uuid = str(uuid.uuid5(uuid.NAMESPACE_OID, f'order {number}'))
        self.client_id = client_id
        self.venue_id = venue_id
        self.terms = terms
        self.submitted = submitted
        self.tif = shapes.tif(terms)
        self.order_class = 'simple'
        self.legs = []
        self.parent = None
        self.replaces = None
        self.replaced_by = None
        self.status = ''
        # As it was last told.
        self.seen = None


class Exchange:
    """Takes orders as Alpaca does, and says what becomes of them.

    Attributes:
        records: By Alpaca's own id, oldest first.
        fills: Rows of the activities, oldest first.
        tell: Called with each message of the stream.
    """

    def __init__(self, venue, tell):
        self.venue = venue
        self.tell = tell
        self.records = {}
        self.fills = []
        self.last_fill = None
        self._by_client = {}
        self._current = {}
        self._numbers = itertools.count(1)
        venue.attach(self.report)

    def place(self, body):
        """Takes the body of a POST; gives the record."""
        client_id = body.get('client_order_id') or f'theirs-{len(self.records)}'
        if client_id in self._by_client:
            raise RefusalError(422, 40010001, 'client_order_id must be unique')
        terms = self._terms(body, client_id)
        self._check(terms)
        if body.get('order_class') == 'oco':
            return self._pair(body, client_id, terms)
        if body.get('order_class') in {'bracket', 'oto'}:
            return self._bracket(body, client_id, terms)
        return self._submit(client_id, terms)

    def _terms(self, body, client_id):
        tif = body['time_in_force']
        kind = _K(body['type'])
        if tif in {'opg', 'cls'}:
            when = 'open' if tif == 'opg' else 'close'
            kind = _K(f'{kind}_on_{when}')
        trail = body.get('trail_price')
        if body.get('trail_percent'):
            trail = f'{float(body["trail_percent"]):g}%'
        return orders.Order(
            id=client_id,
            symbol=body['symbol'],
            side=orders.OrderSide(body['side']),
            quantity=float(body['qty']),
            type=kind,
            price=_number(body.get('limit_price')),
            stop_price=_number(body.get('stop_price')),
            trail=trail,
            time_in_force=_T.DAY if tif in {'opg', 'cls'} else _T(tif),
            created=self.venue.time,
            extended_hours=bool(body.get('extended_hours')),
        )

    def _check(self, terms):
        whole = terms.quantity % 1 == 0
        if not whole and terms.time_in_force is not _T.DAY:
            raise RefusalError(
                422, 42210000, 'fractional orders must be DAY orders'
            )
        if terms.extended_hours and (terms.type, terms.time_in_force) != (
            _K.LIMIT,
            _T.DAY,
        ):
            raise RefusalError(
                422,
                42210000,
                'extended hours order must be DAY limit orders',
            )
        for price in (terms.price, terms.stop_price):
            if price is not None and not _cents(price):
                raise RefusalError(
                    422,
                    42210000,
                    f'invalid price {price}. sub-penny increment does not '
                    'fulfill minimum pricing criteria',
                )
        held = self.venue.portfolio.quantity(terms.symbol)
        if terms.side is orders.OrderSide.SELL and held > 0:
            taken = sum(
                one.remaining
                for one in self.venue.working()
                if one.symbol == terms.symbol
                and one.side is terms.side
                and not one.id.endswith('~leg')
                and one.id not in self.venue.asleep
            )
            if held - taken < terms.quantity - orders.DUST:
                raise RefusalError(
                    403,
                    40310000,
                    'insufficient qty available for order (requested: '
                    f'{terms.quantity:g}, available: {held - taken:g})',
                )

    def _submit(self, client_id, terms):
        record = self._record(client_id, terms)
        answer = self.venue.place(terms)
        if not answer.accepted:
            del self.records[record.uuid], self._by_client[client_id]
            del self._current[terms.id]
            raise RefusalError(403, 40310000, answer.message)
        record.terms = self.venue.orders[terms.id]
        return record

    def _pair(self, body, client_id, terms):
        profit = msgspec.structs.replace(
            terms,
            price=float(body['take_profit']['limit_price']),
            stop_price=None,
            oco=client_id,
        )
        limit = body['stop_loss'].get('limit_price')
        loss = msgspec.structs.replace(
            terms,
            id=f'{client_id}~leg',
            type=_K.STOP if limit is None else _K.STOP_LIMIT,
            price=_number(limit),
            stop_price=float(body['stop_loss']['stop_price']),
            oco=client_id,
        )
        parent = self._submit(client_id, profit)
        # A leg has a name of theirs.
        own = str(uuid.uuid5(uuid.NAMESPACE_X500, client_id))
        leg = self._submit(own, loss)
        parent.order_class = leg.order_class = 'oco'
        parent.legs, leg.parent = [leg], parent
        return parent

    def _bracket(self, body, client_id, terms):
        """Takes an entry with exits, which wait until it is filled wholly."""
        self._check_bracket(body, terms)
        shared = {
            'side': terms.side.opposite,
            'oco': client_id if body['order_class'] == 'bracket' else '',
            'parent': client_id,
        }
        legs = []
        if 'take_profit' in body:
            price = float(body['take_profit']['limit_price'])
            given = {'type': _K.LIMIT, 'price': price, 'stop_price': None}
            legs.append(_changed(terms, f'{client_id}~tp', given | shared))
        if 'stop_loss' in body:
            stop = float(body['stop_loss']['stop_price'])
            given = {'type': _K.STOP, 'price': None, 'stop_price': stop}
            legs.append(_changed(terms, f'{client_id}~leg', given | shared))
        entry = self._record(client_id, terms)
        for order in legs:
            # A leg has a name of theirs.
            own = str(uuid.uuid5(uuid.NAMESPACE_X500, order.id))
            leg = self._record(own, order)
            leg.parent = entry
            entry.legs.append(leg)
        for record in (entry, *entry.legs):
            record.order_class = body['order_class']
        answer, *_ = self.venue.place_attached([terms, *legs], whole=True)
        if not answer.accepted:
            for record in (entry, *entry.legs):
                del self.records[record.uuid]
                del self._by_client[record.client_id]
                del self._current[record.venue_id]
            raise RefusalError(403, 40310000, answer.message)
        return entry

    def _check_bracket(self, body, terms):
        legs = {'take_profit', 'stop_loss'} & body.keys()
        if len(legs) != {'bracket': 2, 'oto': 1}[body['order_class']]:
            raise RefusalError(
                422, 40010001, 'bracket orders require both exits, oto one'
            )
        if terms.time_in_force not in {_T.DAY, _T.GTC} or terms.extended_hours:
            raise RefusalError(
                422, 42210000, 'complex orders must be day or gtc'
            )
        if terms.quantity % 1:
            raise RefusalError(
                422, 42210000, 'fractional orders must be simple orders'
            )
        if terms.price is None:
            return
        sign = terms.side.sign
        profit = body.get('take_profit', {}).get('limit_price')
        if profit is not None and sign * (float(profit) - terms.price) < 0.01:
            raise RefusalError(
                422, 42210000, 'take_profit.limit_price must be >= base + 0.01'
            )
        stop = body.get('stop_loss', {}).get('stop_price')
        if stop is not None and sign * (terms.price - float(stop)) < 0.01:
            raise RefusalError(
                422, 42210000, 'stop_loss.stop_price must be <= base - 0.01'
            )

    def _record(self, client_id, terms, submitted=None):
        record = Record(
            next(self._numbers),
            client_id,
            terms.id,
            terms,
            self.venue.time if submitted is None else submitted,
        )
        self.records[record.uuid] = record
        self._by_client[client_id] = record
        self._current[terms.id] = record
        return record

    def find(self, key):
        record = self.records.get(key) or self._by_client.get(key)
        if record is None:
            raise RefusalError(404, 40410000, f'order not found for {key}')
        return record

    def fresh(self, record):
        """Gives a record as it is now, not as it was last told."""
        now = self.venue.orders.get(record.venue_id)
        if now is not None and not record.status:
            record.terms = now
        return record

    def shown(self, record, nested=False):
        made = shapes.order(self.fresh(record))
        if record.legs and nested:
            made['legs'] = [self.shown(leg) for leg in record.legs]
        return made

    def replace(self, record, body):
        if record.replaced_by or not self.fresh(record).terms.is_working:
            raise RefusalError(
                422, 42210000, 'order is not open; cannot be replaced'
            )
        client_id = body.get('client_order_id') or f'new-{len(self.records)}'
        if client_id in self._by_client:
            raise RefusalError(422, 40010001, 'client_order_id must be unique')
        quantity = _number(body.get('qty'))
        if quantity is not None and (quantity % 1 or record.terms.quantity % 1):
            raise RefusalError(
                422, 42210000, 'qty of fractional cannot be changed'
            )
        answer = self.venue.replace(
            record.venue_id,
            quantity,
            _number(body.get('limit_price')),
            _number(body.get('stop_price')),
        )
        if not answer.accepted:
            raise RefusalError(422, 42210000, answer.message)
        before = record.terms
        made = self._record(client_id, self.venue.orders[record.venue_id])
        made.order_class, made.legs = record.order_class, record.legs
        made.parent, made.replaces = record.parent, record.uuid
        record.replaced_by, record.status = made.uuid, 'replaced'
        record.terms = before
        made.seen = msgspec.structs.replace(
            record.seen or before,
            quantity=made.terms.quantity,
            price=made.terms.price,
            stop_price=made.terms.stop_price,
        )
        if made.parent is not None:
            made.parent.legs = [
                made if leg is record else leg for leg in made.parent.legs
            ]
        for leg in made.legs:
            leg.parent = made
        self._event('replaced', record)
        self._event('new', made)
        return made

    def cancel(self, record):
        if record.replaced_by:
            raise RefusalError(422, 42210000, 'order is already replaced')
        answer = self.venue.cancel(record.venue_id)
        if not answer.accepted:
            raise RefusalError(422, 42210000, 'order is not cancelable')
        entry = record.parent or record
        for other in (entry, *entry.legs):
            self.venue.cancel(other.venue_id)

    def cancel_all(self):
        gone = self.venue.cancel_all()
        return [
            {'id': self._current[each.order_id].uuid, 'status': 200}
            for each in gone
        ]

    def report(self, report):
        """Takes what the venue says, and makes a message of it."""
        record = self._current.get(report.order_id)
        if record is None:
            order = self.venue.orders.get(report.order_id)
            if order is None and isinstance(report, orders.Fill):
                order = _behind(report)
            if order is None or order.status is orders.OrderStatus.REJECTED:
                return
            record = self._record(report.order_id, order)
        seen = record.seen or msgspec.structs.replace(
            record.terms,
            filled=0.0,
            average_price=0.0,
            status=orders.OrderStatus.SUBMITTED,
        )
        if isinstance(report, orders.Fill):
            seen = lifecycle.apply_fill(seen, report, report.timestamp)
            record.seen = seen
            self._filled(record, seen, report)
            return
        try:
            seen = lifecycle.apply_update(seen, report, self.venue.time)
        except errors.IllegalTransitionError:
            # A change that was told when it was made.
            return
        words = {
            orders.OrderStatus.CANCELLED: 'canceled',
            orders.OrderStatus.EXPIRED: 'expired',
            orders.OrderStatus.REJECTED: 'rejected',
        }
        first = record.seen is None
        record.seen = seen
        plain = 'new' if first else 'restated'
        self._event(words.get(report.status, plain), record)

    def _filled(self, record, seen, fill):
        row = shapes.activity(
            len(self.fills), fill, record.uuid, seen.filled, seen.quantity
        )
        self.fills.append(row)
        self.last_fill = self._event(
            row['type'],
            record,
            execution_id=str(
                uuid.uuid5(uuid.NAMESPACE_URL, f'fill {len(self.fills)}')
            ),
            qty=row['qty'],
            price=row['price'],
            timestamp=row['transaction_time'],
            position_qty=shapes.text(
                self.venue.portfolio.quantity(fill.symbol)
            ),
        )

    def _event(self, event, record, **more):
        now = record.terms
        if record.seen is not None and not record.status:
            record.terms = record.seen
        made = shapes.order(record)
        record.terms = now
        message = {
            'stream': 'trade_updates',
            'data': {
                'event': event,
                'execution_id': str(
                    uuid.uuid5(
                        uuid.NAMESPACE_URL, f'{event} {next(self._numbers)}'
                    )
                ),
                'timestamp': shapes.stamp(self.venue.time),
                'order': made,
                **more,
            },
        }
        self.tell(message)
        return message


def _behind(fill):
    """The order of a trade that was made elsewhere."""
    return orders.Order(
        id=fill.order_id,
        symbol=fill.symbol,
        side=fill.side,
        quantity=fill.quantity,
        created=fill.timestamp,
    )


def _changed(terms, name, given):
    return msgspec.structs.replace(terms, id=name, **given)


def _number(said):
    return None if said is None else float(said)


def _cents(price):
    steps = price * (100 if price >= 1 else 10_000)
    return math.isclose(steps, round(steps), abs_tol=1e-6)
