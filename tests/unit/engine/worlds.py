"""An engine with the real gate, and short ways to tell it things."""

from sting.engine import bus
from sting.engine import core
from sting.engine import step
from sting.model import commands
from sting.model import events
from sting.model import market
from sting.model import orders
from sting.model import records
from sting.risk import manager

T = events.EventType
S = orders.OrderStatus
BUY, SELL = orders.OrderSide.BUY, orders.OrderSide.SELL
MINUTE = 60 * market.NANOSECONDS
SYMBOLS = ('AAPL', 'IBM', 'MSFT')
CASH = 100_000.0
# Noon of a day, so that nothing crosses midnight by itself.
NOON = 15_765 * 86_400 * market.NANOSECONDS + 720 * MINUTE
CREATED = records.LogCreated(
    log='ab', profile='test', mode=records.Mode.PAPER, cash=CASH
)

STOP = {
    'side': SELL,
    'quantity': 100.0,
    'type': orders.OrderType.STOP,
    'stop_price': 80.0,
}


def bar(symbol='AAPL', price=100.0, timestamp=NOON, **more):
    first = more.setdefault('open', price)
    shape = {'high': max(first, price), 'low': min(first, price), 'volume': 1e6}
    return market.MarketData(
        symbol=symbol, timestamp=timestamp, close=price, **(shape | more)
    )


def fill(order_id, quantity, price=100.0, **more):
    more = {
        'symbol': 'AAPL', 'side': BUY, 'execution_id': 'x1', 'timestamp': 1
    } | more  # fmt: skip
    return orders.Fill(
        order_id=order_id, quantity=quantity, price=price, **more
    )


class World:
    """An engine that has begun its log and knows its rules.

    Attributes:
        events: Everything that was emitted.
        last: What came of the last thing told.
        now: The time of what is told next.
    """

    def __init__(
        self,
        *rules,
        matcher=None,
        begun=True,
        configured=(),
        routes=None,
        natives=None,
        created=CREATED,
        **options,
    ):
        gate = manager.RiskManager(rules, **options)
        for spec in configured:
            gate.add_strategy(spec)
        self.engine = core.CoreEngine(
            gate,
            symbols=SYMBOLS,
            strategies={'sma': 1, 'mean': 2},
            matcher=matcher,
            routes=routes,
            natives=natives,
        )
        self.events = []
        self.last = None
        self.now = NOON
        if begun:
            self.tell(T.LOG_CREATED, created)
            self.keep(self.engine.adopt_rules())

    @property
    def state(self):
        return self.engine.state

    def keep(self, taken):
        self.last = taken
        self.events += taken.events
        return taken

    def tell(self, kind, data, source='engine', symbol='', cause=0):
        incoming = bus.Incoming(kind, data, source, symbol, cause)
        return self.keep(self.engine.process_event(incoming, self.now))

    def bar(self, symbol='AAPL', price=100.0, **more):
        self.now = more.setdefault('timestamp', self.now + MINUTE)
        data = bar(symbol, price, **more)
        return self.tell(T.MARKET_DATA, data, 'feed:test', symbol)

    def command(self, cls, **fields):
        given = events.CommandGiven(command=cls(**fields))
        return self.tell(T.COMMAND, given, 'operator').result

    def order(self, side=BUY, quantity=10.0, symbol='AAPL', **more):
        """Sends an order by hand and gives its id."""
        return self.command(
            commands.SubmitOrder,
            symbol=symbol,
            side=side,
            quantity=quantity,
            **more,
        ).order_id

    def accepted(self, *args, **more):
        """An order that the broker has accepted; gives its id."""
        order_id = self.order(*args, **more)
        self.update(order_id, S.ACCEPTED, broker_id='b')
        return order_id

    def held(self, quantity=10.0, symbol='AAPL', side=BUY):
        """A position that was traded by hand."""
        if symbol not in self.state.prices:
            self.bar(symbol)
        order_id = self.accepted(side, quantity, symbol)
        self.fill(order_id, quantity, symbol=symbol, side=side)
        assert self.state.portfolio.quantity(symbol)

    def update(self, order_id, status, **more):
        data = orders.OrderUpdate(order_id=order_id, status=status, **more)
        return self.tell(T.ORDER_UPDATE, data, 'broker:test')

    def fill(self, order_id, quantity, price=100.0, **more):
        return self.tell(
            T.FILL, fill(order_id, quantity, price, **more), 'broker:test'
        )

    def signal(self, order_id='ab-s-1-1', symbol='AAPL', **fields):
        fields = {'strategy': 'sma', 'reason': 'why'} | fields
        data = orders.Signal(symbol=symbol, order_id=order_id, **fields)
        return self.tell(T.SIGNAL, data, 'sma', symbol)

    def protected(self, **stop):
        """100 held by a strategy, and its stop that works besides."""
        self.signal('ab-1', side=BUY, quantity=100.0)
        self.fill('ab-1', 100.0)
        self.signal('ab-2', **(STOP | stop))
        self.update('ab-2', S.ACCEPTED, broker_id='b')

    def run(self, name='sma'):
        """Starts a strategy."""
        self.command(commands.StartStrategy, name=name)
        self.tell(
            T.STRATEGY_STATUS,
            records.StrategyStatus(strategy=name, status='running'),
            name,
        )

    def status(self, order_id):
        return self.state.orders[order_id].status

    def kinds(self):
        """The types of the last step's events."""
        return [event.type for event in self.last.events]

    def effects(self, cls=None):
        """The last step's effects, or those of one class."""
        return [
            one
            for one in self.last.effects
            if cls is None or isinstance(one, cls)
        ]

    def placed(self):
        return [one.order for one in self.effects(step.Place)]

    def alerts(self, severity=None):
        """The messages of the last step's alerts."""
        return [
            event.data.message
            for event in self.last.events
            if event.type is T.RISK_ALERT
            and severity in (None, event.data.severity)
        ]


def image(system):
    """Everything that a state holds and in which order, to be compared."""
    fields = dict(vars(system))
    del fields['appliers']
    # Worked out anew wherever it does not fit.
    del fields['kept'], fields['valuation']
    fields['portfolio'] = _book(system.portfolio)
    fields['books'] = [(n, _book(book)) for n, book in system.books.items()]
    fields['venues'] = [(n, _book(book)) for n, book in system.venues.items()]
    for name, value in fields.items():
        if isinstance(value, dict):
            fields[name] = list(value.items())
    fields['_working'] = [(n, list(ids)) for n, ids in fields['_working']]
    return fields


def _book(book):
    return book.cash, list(book.positions.items()), list(book.held)
