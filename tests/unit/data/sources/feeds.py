"""Streams on loopback that speak as the real ones do, and who listens."""

import json

from sting.data import table
from sting.data.sources import base
from sting.engine import clock
from sting.model import errors
from sting.net import monitor
from tests.unit.data.sources import services

MINUTE = services.MINUTE
MS = 10**6


def minutes(count, symbols=('AAA', 'BBB')):
    """Bars of so many minutes, in the order in which they close."""
    known = services.pairs(count)
    by_symbol = [list(known.of(name).rows()) for name in symbols]
    return [
        bar for together in zip(*by_symbol, strict=True) for bar in together
    ]


def kline(bar, closed=True, sent=None, **changes):
    """What Binance says of a bar."""
    interval = bar.timeframe
    opens = (bar.timestamp - MINUTE) // MS
    told = {
        't': opens,
        'T': bar.timestamp // MS - 1,
        's': bar.symbol,
        'i': interval,
        'f': 100,
        'L': 200,
        'o': f'{bar.open:.8f}',
        'c': f'{bar.close:.8f}',
        'h': f'{bar.high:.8f}',
        'l': f'{bar.low:.8f}',
        'v': f'{bar.volume:.8f}',
        'n': 100,
        'x': closed,
        'q': '1.0',
        'V': '0.5',
        'Q': '0.5',
        'B': '0',
    } | changes
    return json.dumps(
        {
            'stream': f'{bar.symbol.lower()}@kline_{interval}',
            'data': {
                'e': 'kline',
                'E': (sent or bar.timestamp) // MS,
                's': bar.symbol,
                'k': told,
            },
        }
    )


def trade(symbol, number, price='1.5', size='2', sent=services.OPENING):
    """What Binance says of a trade."""
    return json.dumps(
        {
            'stream': f'{symbol.lower()}@trade',
            'data': {
                'e': 'trade',
                'E': sent // MS,
                's': symbol,
                't': number,
                'p': price,
                'q': size,
                'T': sent // MS - 1,
                'm': True,
                'M': True,
            },
        }
    )


def book(symbol, number, bid='1.5', ask='1.75'):
    """What Binance says of the best prices."""
    return json.dumps(
        {
            'stream': f'{symbol.lower()}@bookTicker',
            'data': {
                'u': number,
                's': symbol,
                'b': bid,
                'B': '3',
                'a': ask,
                'A': '4',
            },
        }
    )


def tabled(bars):
    """A table of bars."""
    columns = ('open', 'high', 'low', 'close', 'volume')
    return table.BarTable.merge(
        [
            table.BarTable.single(
                name,
                bars[0].timeframe,
                [bar.timestamp for bar in bars if bar.symbol == name],
                {
                    column: [
                        getattr(bar, column)
                        for bar in bars
                        if bar.symbol == name
                    ]
                    for column in columns
                },
            )
            for name in sorted({bar.symbol for bar in bars})
        ]
    )


class Listener:
    """Whoever reads a stream: its clock, its monitor, what it was told.

    Attributes:
        known: The bars of the past that a refill finds; a list of bars.
        asked: What was asked for, of each refill.
        fails: Whether the next refills do.
    """

    def __init__(self, known=(), now=services.OPENING + 10**6 * MINUTE):
        self.known = list(known)
        self.asked = []
        self.fails = []
        self.changes = []
        self.issues = []
        self.clock = clock.VirtualClock(now)
        self.monitor = monitor.ConnectionMonitor(
            'it', self.clock, self.changes.append
        )

    @property
    def states(self):
        return [str(each.state) for each in self.changes]

    @property
    def told(self):
        return [each.issue for each in self.issues]

    def watch(self, refill=True):
        return base.Watch(
            monitor=self.monitor,
            refill=self.refill if refill else None,
            tell=self.issues.append,
        )

    async def refill(self, symbols, timeframe, after):
        self.asked.append(dict(after))
        if self.fails and self.fails.pop(0):
            raise errors.SourceUnavailableError('it: no history today')
        found = [
            bar
            for bar in self.known
            if bar.symbol in symbols and bar.timestamp > after[bar.symbol]
        ]
        if not found:
            return table.BarTable.empty(symbols[0], timeframe)
        return tabled(found)


def wanted(*symbols, kinds=('bars',), **changes):
    """A subscription to minutes."""
    return base.Subscription(
        symbols=symbols or ('AAA', 'BBB'),
        timeframe=changes.pop('timeframe', '1m'),
        kinds=frozenset(base.Stream(each) for each in kinds),
        **changes,
    )


async def take(stream, count):
    """Gives the next messages of a stream."""
    found = []
    async for message in stream:
        found.append(message)
        if len(found) == count:
            return found
    return found
