"""Pane 4: working orders, then the newest done ones."""

from collections.abc import Sequence

from sting.model import commands
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


class Orders(table.Table[orders.Order]):
    """The orders, and what can be done with one."""

    number = 4
    scope = 'orders'
    short = 'orders'
    empty = 'no orders; b or s opens the ticket'
    BINDINGS = keymap.bindings('orders')
    columns = (
        table.Column(
            'status',
            9,
            lambda order: order.status.value.replace('_', ' '),
            _status_style,
        ),
        table.Column('side', 4, lambda order: order.side.value, _side_style),
        table.Column('symbol', 6, lambda order: order.symbol, _row_style),
        table.Column('filled', 9, _filled, _row_style, align='right'),
        table.Column('price', 13, _price, _row_style, align='right', drop=1),
        table.Column('average', 9, _average, _row_style, align='right', drop=2),
        table.Column(
            'type',
            7,
            lambda order: order.type.value.replace('_', ' '),
            'muted',
            drop=5,
        ),
        table.Column(
            'by',
            9,
            lambda order: order.strategy or 'operator',
            'muted',
            drop=4,
        ),
        table.Column(
            'time',
            8,
            lambda order: text_format.clock(order.updated),
            'muted',
            drop=3,
        ),
        table.Column(
            'message',
            8,
            lambda order: order.message or order.reason,
            'muted',
            drop=6,
            grow=True,
        ),
    )

    def rows_of(self, snapshot: views.Snapshot) -> Sequence[orders.Order]:
        """Gives working orders first, then the newest done ones."""
        return snapshot.orders

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
        return f'{snapshot.open_orders} working'

    def action_cancel(self) -> None:
        """Cancels the order under the cursor."""
        order = self.current
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
