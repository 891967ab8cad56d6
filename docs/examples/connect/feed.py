"""Connects to a source of market data: `python feed.py binance BTCUSDT`.

Prints the last bars, and then what happens until --seconds are over, for each
source that `config/` knows: binance, yahoo, alphavantage, alpaca, ibkr, and
those of your data.yaml. What can go wrong is told in one line with the remedy.
"""

import argparse
import asyncio
import contextlib
import os
import sys

from sting import settings
from sting.data.sources import base
from sting.data.sources import registry
from sting.engine import clock as clocks
from sting.model import errors
from sting.model import market
from sting.model import timeframes
from sting.net import monitor

BARS = 5


async def show(source, clock, symbol, timeframe, seconds):
    """Prints bars of the past, and then the stream, where there is one."""
    if source.capabilities.has(timeframe):
        await show_past(source, clock, symbol, timeframe)
    streams = source.capabilities.streams
    if base.Stream.BARS in streams and seconds:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await show_stream(source, clock, symbol, timeframe)


async def show_past(source, clock, symbol, timeframe):
    """Prints the last bars that closed."""
    now = clock.now()
    # Enough to reach over a long weekend.
    start = now - max(5 * timeframes.DAY, 30 * timeframes.length(timeframe))
    bars = await source.get_bars(
        base.Request(
            symbols=(symbol,), timeframe=timeframe, start=start, end=now
        )
    )
    for bar in list(bars.rows())[-BARS:]:
        print_bar('closed', bar)
    if not len(bars):
        print(f'{source.name} has no bars of {symbol} since five days')


async def show_stream(source, clock, symbol, timeframe):
    """Prints bars and trades as they come, and how the connection is."""
    kinds = source.capabilities.streams & {base.Stream.BARS, base.Stream.TRADES}
    watch = base.Watch(
        monitor=monitor.ConnectionMonitor(
            source.name,
            clock,
            lambda change: print(f'{change.state}: {change.reason or "well"}'),
        ),
        tell=lambda issue: print(f'{issue.issue}: {issue.detail}'),
    )
    wanted = base.Subscription(
        symbols=(symbol,), timeframe=timeframe, kinds=kinds
    )
    async with contextlib.aclosing(source.stream(wanted, watch)) as stream:
        async for message in stream:
            if isinstance(message, market.MarketData):
                print_bar('closed' if message.closed else 'open', message)
            else:
                print(f'trade   {message.size:g} at {message.price:g}')


def print_bar(what, bar):
    print(
        f'{what:7} {market.to_iso(bar.timestamp)} {bar.open:g} {bar.high:g} '
        f'{bar.low:g} {bar.close:g} {bar.volume:g}'
    )


async def connect(asked):
    """Makes the source, and closes it whatever happens."""
    config = settings.load(settings.Home.find())
    if asked.source not in config.services:
        raise errors.ConfigError(
            f'there is no source {asked.source!r}; there are: '
            + ', '.join(sorted(config.services))
        )
    clock = clocks.LiveClock()
    source = registry.build(
        asked.source, config.services[asked.source], clock, os.environ
    )
    try:
        await show(source, clock, asked.symbol, asked.timeframe, asked.seconds)
    finally:
        await source.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('source')
    parser.add_argument('symbol')
    parser.add_argument('--timeframe', default='1m')
    parser.add_argument('--seconds', type=float, default=30.0)
    asked = parser.parse_args()
    try:
        asyncio.run(connect(asked))
    except errors.InputError as error:
        # A key, a symbol or a length of bars: what was asked for is wrong.
        sys.exit(f'not possible: {error}')
    except errors.SourceRefusedError as error:
        sys.exit(f'the service says no: {error}')
    except errors.SourceLimitedError as error:
        sys.exit(f'asked too often, try later: {error}')
    except errors.SourceError as error:
        sys.exit(f'no answer that makes sense; try again: {error}')
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == '__main__':
    main()
