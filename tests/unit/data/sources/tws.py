"""A small TWS on loopback: the broker's wire protocol, as far as needed.

A message is its length, four bytes, and fields of text that each end with a
NUL. `Tws` shakes hands, begins the programming interface and answers requests
for bars of the past; it is asked nothing else.
"""

import asyncio
import contextlib
import datetime
import struct

import numpy as np

from sting.data import calendars
from sting.model import timeframes

VERSION = 176
# What a program sends.
START_API = '71'
HISTORY = '20'
CANCEL_HISTORY = '25'
# What it is sent.
ERROR = 4
NEXT_ID = 9
ACCOUNTS = 15
BARS = 17

SECOND = 10**9
SIZES = {
    '30 secs': '30s',
    '1 min': '1m',
    '5 mins': '5m',
    '30 mins': '30m',
    '1 day': '1d',
}
UNITS = {'S': SECOND, 'W': 7 * timeframes.DAY, 'M': 30 * timeframes.DAY}
UNITS['Y'] = 365 * timeframes.DAY


def frame(*fields):
    """Writes one message."""
    body = b''.join(str(each).encode() + b'\0' for each in fields)
    return struct.pack('>I', len(body)) + body


async def read_frame(reader):
    """Reads one message; what is in it."""
    (length,) = struct.unpack('>I', await reader.readexactly(4))
    return await reader.readexactly(length)


def error(number, code, said):
    """An error of a request, or with -1 of none."""
    return frame(ERROR, 2, number, code, said, '')


class Asked:
    """A request for bars, taken apart."""

    def __init__(self, fields):
        self.number = fields[1]
        self.symbol = fields[3]
        self.kind = fields[4]
        self.exchange, _, self.currency = fields[9:12]
        self.written_end, self.size, self.duration = fields[15:18]
        self.regular, self.what, self.form = fields[18:21]

    @property
    def end(self):
        moment = datetime.datetime.strptime(
            self.written_end.replace('UTC', '+0000'), '%Y%m%d %H:%M:%S %z'
        )
        return int(moment.timestamp()) * SECOND


class Tws:
    """A gateway that has the bars of a table.

    Attributes:
        asked: The requests for bars that came.
        cancelled: The numbers of those that were cancelled.
        clients: The numbers of those that connected, in order.
        answers: What to do with the next requests in place of answering:
            functions of the gateway, what is asked and the writer.
        greeting: What to do with the next connections in place of beginning:
            functions of the writer.
        newest_first: Gives bars backwards.
    """

    def __init__(self, bars):
        self.bars = bars
        self.asked = []
        self.cancelled = []
        self.clients = []
        self.answers = []
        self.greeting = []
        self.newest_first = False

    async def serve(self, reader, writer):
        """Serves one connection to its end."""
        try:
            assert await reader.readexactly(4) == b'API\0'
            assert (await read_frame(reader)).startswith(b'v157..')
            if self.greeting:
                return await self.greeting.pop(0)(writer)
            writer.write(frame(VERSION, '20130308 09:30:00 UTC'))
            while True:
                body = await read_frame(reader)
                await self.take(body.decode().split('\0')[:-1], writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def take(self, fields, writer):
        """Takes one message."""
        if fields[0] == START_API:
            self.clients.append(int(fields[2]))
            writer.write(error(-1, 2106, 'HMDS data farm connection is OK'))
            writer.write(frame(ACCOUNTS, 1, 'DU1'))
            # Two messages in three writes.
            last = frame(NEXT_ID, 1, 1)
            writer.write(last[:6])
            await writer.drain()
            writer.write(last[6:])
        elif fields[0] == HISTORY:
            asked = Asked(fields)
            self.asked.append(asked)
            answer = self.answers.pop(0) if self.answers else history
            await answer(self, asked, writer)
        elif fields[0] == CANCEL_HISTORY:
            self.cancelled.append(fields[2])
        else:
            raise AssertionError(f'nobody should send {fields}')


async def history(tws, asked, writer):
    """Answers with the bars that there are."""
    if asked.symbol not in tws.bars.symbols:
        said = 'No security definition has been found for the request'
        writer.write(error(asked.number, 200, said))
        return
    timeframe = SIZES[asked.size]
    assert timeframe == tws.bars.timeframe
    bars = _before(tws.bars.of(asked.symbol), asked, timeframe)
    if not bars:
        said = 'Historical Market Data Service error message:HMDS query '
        said += f'returned no data: {asked.symbol}@SMART Trades'
        writer.write(error(asked.number, 162, said))
        return
    if tws.newest_first:
        bars = bars[::-1]
    fields = []
    for bar in bars:
        opened = _written(bar.timestamp, timeframe)
        prices = (bar.open, bar.high, bar.low, bar.close)
        fields += [opened, *prices, bar.volume, bar.close, 7]
    writer.write(frame(BARS, asked.number, '', '', len(bars), *fields))


def _before(bars, asked, timeframe):
    """The bars that open before the end, as far back as is asked."""
    count, unit = asked.duration.split()
    count = int(count)
    step = _open_for(timeframe)
    rows = [bar for bar in bars.rows() if bar.timestamp - step < asked.end]
    if unit == 'D':
        dates = [calendars.session_of(bar.timestamp) for bar in rows]
        kept = set(sorted(set(dates))[-count:])
        return [b for b, day in zip(rows, dates, strict=True) if day in kept]
    first = asked.end - count * UNITS[unit]
    return [bar for bar in rows if bar.timestamp - step >= first]


def _open_for(timeframe):
    # The day's regular hours are six and a half.
    day = 390 * 60 * SECOND
    return day if timeframe == '1d' else timeframes.length(timeframe)


def _written(stamp, timeframe):
    if timeframe == '1d':
        return f'{calendars.session_of(stamp):%Y%m%d}'
    return (int(stamp) - timeframes.length(timeframe)) // SECOND


def fails(code, said, number=None):
    """Answers with an error."""

    async def answer(_tws, asked, writer):
        which = asked.number if number is None else number
        writer.write(error(which, code, said))

    return answer


def says(*fields):
    """Answers with bars that are these fields."""

    async def answer(_tws, asked, writer):
        writer.write(frame(BARS, asked.number, '', '', *fields))

    return answer


async def silence(_tws, _asked, _writer):
    """Does not answer."""


async def chatter(_tws, _asked, writer):
    """Does not answer, and says something else."""
    writer.write(error(-1, 2104, 'Market data farm connection is OK'))


async def half(tws, asked, writer):
    """Hangs up in the middle of an answer."""
    whole = frame(
        BARS, asked.number, '', '', 2, *['20130308', '1', '1', '1', '1', '1']
    )
    writer.write(whole[: len(whole) // 2])
    await writer.drain()
    writer.transport.abort()


async def used(writer):
    """Refuses a number that another connection has."""
    writer.write(frame(VERSION, '20130308 09:30:00 UTC'))
    said = 'Unable to connect as the client id is already in use.'
    writer.write(error(-1, 326, said))
    await writer.drain()


async def old(writer):
    """Is too old for anybody."""
    writer.write(frame(100, '20130308 09:30:00 UTC'))
    await writer.drain()


async def mute(writer):
    """Keeps the connection and says nothing."""
    await asyncio.Event().wait()


async def hang_up(writer):
    """Says nothing and goes."""


@contextlib.asynccontextmanager
async def serving(tws):
    """Runs the gateway; gives its port."""
    tasks = set()

    async def serve(reader, writer):
        tasks.add(asyncio.current_task())
        await tws.serve(reader, writer)

    server = await asyncio.start_server(serve, '127.0.0.1', 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def columns(bars):
    """All of a table, to compare."""
    names = ('timestamp', 'open', 'high', 'low', 'close', 'volume')
    return np.column_stack([getattr(bars, name) for name in names])
