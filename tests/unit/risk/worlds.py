"""States to judge orders in, made of events like any other."""

from sting.engine import state
from sting.model import events
from sting.model import market
from sting.model import orders
from sting.model import records

CASH = 100_000.0
BUY, SELL = orders.OrderSide.BUY, orders.OrderSide.SELL
T = events.EventType


class World:
    """A state that takes events."""

    def __init__(self, *, cash=CASH, **prices):
        self.system = state.SystemState()
        self.take(
            T.LOG_CREATED,
            records.LogCreated(
                log='t', profile='t', mode=records.Mode.DEMO, cash=cash
            ),
        )
        for symbol, price in prices.items():
            self.price(symbol, price)

    def take(self, kind, data, symbol=''):
        seq = self.system.seq + 1
        self.system.apply(events.Event(seq, seq, kind, 'test', data, symbol))
        return seq

    def price(self, symbol, price):
        bar = market.MarketData(symbol, 1, price, price, price, price, 1e6)
        self.take(T.MARKET_DATA, bar, symbol)

    def hold(self, symbol, quantity, price=100.0):
        """Buys or sells short, from an empty book or not."""
        seq = self.system.seq + 1
        self.take(
            T.FILL,
            orders.Fill(
                order_id=f'f{seq}',
                execution_id=f'e{seq}',
                symbol=symbol,
                side=BUY if quantity > 0 else SELL,
                quantity=abs(quantity),
                price=price,
            ),
            symbol,
        )

    def pend(self, one):
        """Has an order approved, so that it works."""
        self.take(T.ORDER_REQUEST, one, one.symbol)
        self.take(
            T.RISK_VERDICT,
            records.Verdict(
                order_id=one.id,
                decision=records.Decision.APPROVE,
                quantity=one.quantity,
            ),
            one.symbol,
        )
        return self.system.orders[one.id]

    def fill(self, one, quantity, price=100.0):
        """Has a working order filled, or a part of it."""
        seq = self.system.seq + 1
        self.take(
            T.FILL,
            orders.Fill(
                order_id=one.id,
                execution_id=f'e{seq}',
                symbol=one.symbol,
                side=one.side,
                quantity=quantity,
                price=price,
            ),
            one.symbol,
        )

    def cancel(self, one):
        """Has a working order cancelled."""
        self.take(
            T.ORDER_UPDATE,
            orders.OrderUpdate(
                order_id=one.id, status=orders.OrderStatus.CANCELLED
            ),
            one.symbol,
        )

    def trading(self, name, who='operator', reason='test'):
        self.take(
            T.TRADING_STATE,
            records.TradingStateChange(
                state=records.TradingState(name), who=who, reason=reason
            ),
        )


def order(side=BUY, quantity=10.0, symbol='X', id='new', **more):
    """An order that is not judged yet."""
    price, stop_price = more.get('price'), more.get('stop_price')
    kind = orders.OrderType.MARKET
    if price is not None:
        kind = orders.OrderType.LIMIT
    if stop_price is not None:
        kind = orders.OrderType.STOP
        if price is not None:
            kind = orders.OrderType.STOP_LIMIT
    return orders.Order(
        id=id, symbol=symbol, side=side, quantity=quantity, type=kind, **more
    )
