"""Processes of strategies for tests, each ended with its test."""

import asyncio
import contextlib
import textwrap

from sting.model import portfolio
from sting.model import specs
from sting.strategy import process
from sting.strategy import wire
from tests.unit.strategy import samples

SOON = 60.0
# A machine that runs other tests too must not make one late.
PATIENT = specs.Process(deadline_ms=30_000, late_ms=30_000)

HEAD = """\
from sting import strategy


class Mine(strategy.AbstractStrategy):
"""


def write(folder, body, name='mine'):
    path = folder / f'{name}.py'
    path.write_text(HEAD + textwrap.indent(textwrap.dedent(body), '    '))
    return path


def on_bar(statement):
    return f'async def on_market_data(self, data):\n    {statement}\n'


async def until(condition, seconds=SOON):
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.002)


class Seen:
    """A process and what it told."""

    def __init__(self, folder, body, **fields):
        path = fields.pop('reference', None) or write(folder, body)
        fields.setdefault('process', PATIENT)
        self.output = folder / 'out' / 'mine.log'
        self.answers = []
        self.failures = []
        self.made = process.Process(
            specs.StrategySpec(name='mine', reference=str(path), **fields),
            log='t',
            output=self.output,
            hear=self.answers.append,
            fail=self.failures.append,
        )

    async def start(self, **more):
        await self.made.spawn()
        book = more.pop('book', portfolio.Portfolio())
        await self.made.begin(seq=1, now=5, book=book, **more)

    def bar(self, seq=7, **fields):
        close = fields.pop('close', 1.0)
        frame = wire.Bar(seq, samples.bar(close, **fields))
        self.made.tell(seq, wire.encode(frame))

    async def failed(self):
        await until(lambda: self.failures)
        await self.made.gone()
        (failure,) = self.failures
        return failure

    def printed(self):
        return self.output.read_text()


@contextlib.asynccontextmanager
async def running(folder, body, **fields):
    """A strategy that runs in a process."""
    seen = Seen(folder, body, **fields)
    try:
        await seen.start()
        yield seen
    finally:
        seen.made.kill()
        await seen.made.gone()
