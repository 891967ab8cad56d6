"""Pane 4: working orders, then the newest done ones."""

from collections.abc import Sequence

from sting.model import commands
from sting.model import market
from sting.model import orders
from sting.model import views
from tui import format as text_format
from tui import keymap
from tui import requests
from tui.panes import table

_BAD = frozenset(
    {
        orders.OrderStatus.DENIED,
        orders.OrderStatus.REJECTED,
        orders.OrderStatus.UNKNOWN,
    }
)


def describe(order: orders.Order) -> str:
    """Says what an order wants: buy 10 AAPL limit 99.50."""
    words = [
        order.side.value,
        text_format.quantity(order.quantity),
        text_format.clean(order.symbol),
        order.type.value.replace('_', ' '),
    ]
    words += [
        text_format.price(price)
        for price in (order.stop_price, order.price)
        if price is not None
    ]
    return ' '.join(words)


def _side_style(order: orders.Order) -> str:
    if not order.is_working:
        return 'muted'
    return 'up' if order.side is orders.OrderSide.BUY else 'down'


def _status_style(order: orders.Order) -> str:
    if order.status in _BAD:
        return 'error'
    return 'focus' if order.is_working else 'muted'


def _row_style(order: orders.Order) -> str:
    return '' if order.is_working else 'muted'


def _filled(order: orders.Order) -> str:
    done = text_format.quantity(order.filled)
    return f'{done}/{text_format.quantity(order.quantity)}'


def _price(order: orders.Order) -> str:
    prices = [
        text_format.price(price)
        for price in (order.stop_price, order.price)
        if price is not None
    ]
    return ' '.join(prices) or 'market'


def _average(order: orders.Order) -> str:
    price = order.average_price if order.filled else None
    return text_format.price(price)


def _stands(order: orders.Order) -> float | None:
    """Gives the price that the market has to reach for an order."""
    waits = order.stop_price is not None and not order.triggered
    return order.stop_price if waits else order.price


def grouped(rows: Sequence[orders.Order]) -> list[orders.Order]:
    """Puts exits under the order that they belong to, where it is shown."""
    shown = {row.id for row in rows}
    children: dict[str, list[orders.Order]] = {}
    for row in rows:
        if row.parent in shown:
            children.setdefault(row.parent, []).append(row)
    if not children:
        return list(rows)
    found = []
    for row in rows:
        if row.parent not in shown:
            found.append(row)
            found += children.get(row.id, ())
    return found


class Orders(table.Table[orders.Order]):
    """The orders, and what can be done with one."""

    number = 4
    scope = 'orders'
    short = 'orders'
    empty = 'no orders; b or s opens the ticket'
    BINDINGS = keymap.bindings('orders')

    def __init__(self) -> None:
        super().__init__()
        self._lasts: dict[str, float | None] = {}
        self._shown: frozenset[str] = frozenset()
        self._now = 0
        self._only_working = False
        # These know of prices and of the time.
        self.columns = (
            *self.columns[:2],
            table.Column('symbol', 7, self._symbol, _row_style),
            *self.columns[2:4],
            table.Column(
                'away',
                8,
                lambda order: text_format.percent(self._away(order)),
                _row_style,
                align='right',
                drop=3,
                key=self._away,
                drifts=True,
            ),
            self.columns[4],
            table.Column(
                'age',
                4,
                lambda order: text_format.duration(self._age_s(order)),
                'muted',
                align='right',
                drop=4,
                key=self._age_s,
                drifts=True,
            ),
            *self.columns[5:],
        )

    columns: Sequence[table.Column[orders.Order]] = (
        table.Column(
            'status',
            9,
            lambda order: order.stands,
            _status_style,
        ),
        table.Column('side', 4, lambda order: order.side.value, _side_style),
        table.Column(
            'filled',
            9,
            _filled,
            _row_style,
            align='right',
            key=lambda order: order.filled,
        ),
        table.Column(
            'price',
            13,
            _price,
            _row_style,
            align='right',
            drop=1,
            key=_stands,
        ),
        table.Column(
            'average',
            9,
            _average,
            _row_style,
            align='right',
            drop=2,
            key=lambda order: order.average_price or None,
        ),
        table.Column(
            'type',
            7,
            lambda order: order.type.value.replace('_', ' '),
            'muted',
            drop=6,
        ),
        table.Column(
            'by',
            9,
            lambda order: order.strategy or 'operator',
            'muted',
            drop=5,
        ),
        table.Column(
            'time',
            8,
            lambda order: text_format.clock(order.updated),
            'muted',
            drop=4,
            key=lambda order: order.updated,
        ),
        table.Column(
            'message',
            8,
            lambda order: order.message or order.reason,
            'muted',
            drop=7,
            grow=True,
        ),
    )

    def rows_of(self, snapshot: views.Snapshot) -> Sequence[orders.Order]:
        """Gives working orders first, then the newest done ones."""
        self._now = snapshot.time
        self._lasts = {row.symbol: row.last for row in snapshot.positions}
        self._lasts.update((row.symbol, row.last) for row in snapshot.watch)
        rows = snapshot.orders
        if self._only_working:
            rows = tuple(row for row in rows if row.is_working)
        self._shown = frozenset(row.id for row in rows)
        return grouped(rows)

    def _symbol(self, order: orders.Order) -> str:
        """Gives the symbol, of an exit below its order with a branch."""
        branch = '└' if order.parent in self._shown else ''
        return branch + order.symbol

    def _away(self, order: orders.Order) -> float | None:
        """Gives how far the market is from a working order, a fraction."""
        last, price = self._lasts.get(order.symbol), _stands(order)
        if not order.is_working or not last or price is None:
            return None
        return price / last - 1

    def _age_s(self, order: orders.Order) -> float | None:
        """Gives how long an order works, or how long it did."""
        if not order.created:
            return None
        end = self._now if order.is_working else order.updated
        return (end - order.created) / market.NANOSECONDS

    def key_of(self, row: orders.Order) -> object:
        """Gives the order's id."""
        return row.id

    def seq_of(self, row: orders.Order) -> int:
        """Gives its newest fill, else its verdict, else what created it."""
        return (
            self.newest_event(
                lambda event: (
                    event.type == 'fill' and row.id in event.text.split()
                )
            )
            or row.judged
            or row.seq
        )

    def note_of(self, snapshot: views.Snapshot) -> str:
        """Says how many work."""
        only = ' only' if self._only_working else ''
        return f'{snapshot.open_orders} working{only}'

    def action_toggle_done(self) -> None:
        """Hides what is done, or shows it again."""
        self._only_working = not self._only_working
        if self._snapshot is not None:
            self.show(self._snapshot)

    def action_cancel_symbol(self) -> None:
        """Cancels what works in the symbol, after a question."""
        order = self.current
        if order is not None:
            self._cancel_group(symbol=order.symbol)

    def action_cancel_side(self) -> None:
        """Cancels all buys or all sells, as the one here, after a question."""
        order = self.current
        if order is not None:
            self._cancel_group(side=order.side)

    def _cancel_group(
        self, symbol: str | None = None, side: orders.OrderSide | None = None
    ) -> None:
        rows = () if self._snapshot is None else self._snapshot.orders
        working = sum(
            row.is_working
            and symbol in (None, row.symbol)
            and side in (None, row.side)
            for row in rows
        )
        name = text_format.clean(symbol or f'all {side}s')
        if not working:
            self.notify(f'no order is working: {name}', markup=False)
            return
        what = text_format.count(working, 'working order')
        self.post_message(
            requests.Give(
                commands.CancelAll(symbol=symbol, side=side),
                f'Cancel {name}: {what}?',
            )
        )

    def action_cancel(self) -> None:
        """Cancels the order under the cursor."""
        order = self.settled
        if order is None:
            return
        if not order.is_working:
            self.notify(f'this order is {order.status.value}, nothing works')
            return
        self.post_message(
            requests.Give(commands.CancelOrder(order_id=order.id))
        )

    def action_cancel_all(self) -> None:
        """Cancels every working order, after a question."""
        working = sum(order.is_working for order in self._all)
        if not working:
            self.notify('no order is working')
            return
        what = text_format.count(working, 'working order')
        question = f'Cancel everything that works: {what}?'
        self.post_message(requests.Give(commands.CancelAll(), question))

    def action_modify(self) -> None:
        """Opens the ticket for the order under the cursor."""
        order = self.current
        if order is not None and order.is_working:
            self.post_message(requests.Modify(order))
        elif order is not None:
            self.notify(f'this order is {order.status.value}, nothing works')
