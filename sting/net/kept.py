"""Numbered messages that a server keeps: a stream of JetStream.

Whoever writes asks which number was written last and goes on behind it;
whoever reads keeps a cursor of its own and goes on behind that. So each
message is written once and read in order, whatever becomes of connections
and servers in between.
"""

import asyncio
import collections
from collections.abc import AsyncGenerator
from collections.abc import Iterable
from collections.abc import Sequence
import importlib
from typing import Any
from typing import Final
from typing import NamedTuple

import msgspec

from sting.net import postal

_ANSWER_S: Final = 5.0
_PAGE: Final = 200
_HEADER: Final = 'Nats-Msg-Id'
_STREAM: Final = 'Nats-Expected-Stream'
_BEHIND: Final = 'Nats-Expected-Last-Sequence'
# Bytes for what stands before a message.
_HEADERS: Final = 1_024
# Messages that may be under way, and after so many others have their turn.
_WINDOW: Final = 256
_TURN: Final = 4
# What the server answers where a place is not free any more.
_ELSEWHERE: Final = 10_071
_DAY_S: Final = 86_400


class Message(NamedTuple):
    """One message.

    Attributes:
        cursor: Its place in the stream, from 1.
        data: What it says.
    """

    cursor: int
    data: bytes


class Numbered(NamedTuple):
    """One message to be written.

    Attributes:
        number: Its number in its series.
        subject: Its subject.
        data: What it says.
    """

    number: int
    subject: str
    data: bytes


class AwayError(Exception):
    """The server is away, or does not do what it is asked."""


class _Error(msgspec.Struct):
    """What a server says is wrong."""

    description: str = ''
    err_code: int = 0


class _Answer(msgspec.Struct):
    """What a server says to a message."""

    error: _Error | None = None


_answer = msgspec.json.Decoder(_Answer).decode


class Writer:
    """Writes a stream, each number once and in order.

    Many are under way at a time. Each says behind which place of the stream
    it belongs, so the server takes none behind one that it has not.

    Attributes:
        number: The last one that the server is known to have; 0 for none.
    """

    def __init__(self, way: postal.Connection, name: str, subject: str) -> None:
        """Sets up a writer.

        Args:
            way: The connection.
            name: The stream's.
            subject: All of its subjects, as a pattern.
        """
        self._way = way
        self._name = name
        self._subject = subject
        self._place = 0
        self.number = 0
        self._inbox = ''
        self._drawn = 0
        # Those under way, and by their names the answers: why not, if not.
        self._under_way: collections.deque[tuple[int, str]] = (
            collections.deque()
        )
        self._answers: dict[str, asyncio.Future[str]] = {}

    @property
    def room(self) -> int:
        """Bytes that a message may have."""
        return int(self._way.client.max_payload) - _HEADERS

    async def open(self, series: str, days: float) -> int:
        """Makes the stream, if there is none, or has it keep for so long.

        Args:
            series: What the numbers are of.
            days: So long the server keeps what is written.

        Returns:
            The number that was written last; 0 where none was.

        Raises:
            AwayError: The server is away, or has no JetStream.
        """
        api = importlib.import_module('nats.js.api')
        missing = importlib.import_module('nats.js.errors').NotFoundError
        stream = self._way.client.jetstream(timeout=_ANSWER_S)
        try:
            try:
                info = await stream.stream_info(self._name)
            except missing:
                info = await stream.add_stream(
                    api.StreamConfig(
                        name=self._name,
                        subjects=[self._subject],
                        max_age=days * _DAY_S,
                        storage=api.StorageType.FILE,
                    )
                )
            if info.config.max_age != days * _DAY_S:
                info.config.max_age = days * _DAY_S
                await stream.update_stream(info.config)
            self._place = info.state.last_seq
            if not info.state.messages:
                return 0
            last = await stream.get_msg(self._name, self._place)
        except Exception as error:
            raise _away(error) from error
        mark, _, number = (last.headers or {}).get(_HEADER, '').rpartition('-')
        return int(number) if mark == series and number.isdecimal() else 0

    async def put(self, messages: Iterable[Numbered], series: str) -> None:
        """Writes messages; returns once the server has all of them.

        Args:
            messages: They, in order.
            series: What their numbers are of.

        Raises:
            AwayError: How many were written is not known; `open` tells.
        """
        try:
            for nth, each in enumerate(messages, start=1):
                if len(self._under_way) >= _WINDOW:
                    await self._first()
                await self._send(each, series)
                if not nth % _TURN:
                    await asyncio.sleep(0)
            while self._under_way:
                await self._first()
        except AwayError:
            raise
        except Exception as error:
            raise _away(error) from error
        finally:
            self._under_way.clear()
            self._answers.clear()

    def renew(self) -> None:
        """The connection is there, again perhaps: no answer comes any more."""
        for each in self._answers.values():
            if not each.done():
                each.set_result('the connection was lost')

    async def _first(self) -> None:
        """Waits until the server has the oldest of those under way."""
        number, token = self._under_way[0]
        sent = self._answers[token]
        if not sent.done():
            async with asyncio.timeout(_ANSWER_S):
                await sent
        why = sent.result()
        if why:
            raise AwayError(why)
        self._under_way.popleft()
        del self._answers[token]
        self.number = number

    async def _send(self, each: Numbered, series: str) -> None:
        """Sends one; its answer is heard later."""
        client = self._way.client
        if not self._inbox:
            # The library's own way to send many loses what the server refuses.
            self._inbox = client.new_inbox()
            await client.subscribe(f'{self._inbox}.*', cb=self._hear)
        self._drawn += 1
        sent = asyncio.get_running_loop().create_future()
        self._answers[str(self._drawn)] = sent
        self._under_way.append((each.number, str(self._drawn)))
        headers = {
            _STREAM: self._name,
            _HEADER: f'{series}-{each.number}',
            _BEHIND: str(self._place),
        }
        self._place += 1
        await client.publish(
            each.subject,
            each.data,
            reply=f'{self._inbox}.{self._drawn}',
            headers=headers,
        )

    async def _hear(self, message: Any) -> None:
        """Takes an answer of the server."""
        sent = self._answers.get(message.subject.rpartition('.')[2])
        if sent is None or sent.done():
            return
        try:
            said = _answer(message.data)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            # No answer of a stream: there is none any more.
            sent.set_result('nobody keeps it')
            return
        why = said.error.description if said.error else ''
        if said.error and said.error.err_code == _ELSEWHERE:
            why = f'{why}; does another engine write there too?'
        sent.set_result(why)


async def read(
    way: postal.Connection, name: str, subjects: Sequence[str], cursor: int
) -> AsyncGenerator[Message, None]:
    """Reads a stream behind a cursor, in order, and waits for more.

    Args:
        way: The connection.
        name: The stream's.
        subjects: Which of its messages; patterns.
        cursor: The place of the last one that was taken; 0 for none.

    Yields:
        The messages.

    Raises:
        AwayError: The server is away, or one was lost on the way; go on
            behind the last one.
    """
    api = importlib.import_module('nats.js.api')
    stream = way.client.jetstream(timeout=_ANSWER_S)
    config = api.ConsumerConfig(
        deliver_policy=api.DeliverPolicy.BY_START_SEQUENCE,
        opt_start_seq=cursor + 1,
        ack_policy=api.AckPolicy.NONE,
        filter_subjects=[*subjects],
        inactive_threshold=60.0,
        mem_storage=True,
    )
    count = 0
    try:
        made = await stream.add_consumer(name, config)
        reader = await stream.pull_subscribe_bind(made.name, name)
        while True:
            page: list[Any] = []
            try:
                page = await reader.fetch(_PAGE, timeout=1.0)
            except TimeoutError:
                if not way.connected:
                    raise
                await stream.consumer_info(name, made.name)
            for each in page:
                count += 1
                place = each.metadata.sequence
                if place.consumer != count:
                    raise AwayError('a message was lost on the way')
                yield Message(place.stream, each.data)
    except AwayError:
        raise
    except Exception as error:
        raise _away(error) from error


def _away(error: Exception) -> AwayError:
    return AwayError(str(error) or type(error).__name__)
