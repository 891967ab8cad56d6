"""What a strategy's author needs, under one name: `from sting import strategy`.

The names are imported here on purpose: this is the facade for users. sting's
own modules import the modules that define them.
"""

from sting.model.market import DataIssue
from sting.model.market import MarketData
from sting.model.market import Quote
from sting.model.market import Trade
from sting.model.orders import Fill
from sting.model.orders import Order
from sting.model.orders import OrderSide
from sting.model.orders import OrderStatus
from sting.model.orders import OrderType
from sting.model.orders import Signal
from sting.model.orders import SignalKind
from sting.model.orders import TimeInForce
from sting.model.portfolio import Position
from sting.model.records import ActionKind
from sting.model.records import CorporateAction
from sting.strategy import indicators
from sting.strategy import kinds
from sting.strategy.base import AbstractStrategy
from sting.strategy.compiled import CompiledStrategy
from sting.strategy.parameters import Parameter

__all__ = [
    'AbstractStrategy',
    'ActionKind',
    'CompiledStrategy',
    'CorporateAction',
    'DataIssue',
    'Fill',
    'MarketData',
    'Order',
    'OrderSide',
    'OrderStatus',
    'OrderType',
    'Parameter',
    'Position',
    'Quote',
    'Signal',
    'SignalKind',
    'TimeInForce',
    'Trade',
    'indicators',
    'kinds',
]
