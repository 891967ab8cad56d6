"""Numbered messages that a server keeps: a stream of JetStream.

Whoever writes asks which number was written last and goes on behind it;
whoever reads keeps a cursor of its own and goes on behind that. So each
message is written once and read in order, whatever becomes of connections
and servers in between.
"""

from collections.abc import AsyncGenerator
from collections.abc import Sequence
import importlib
from typing import Any
from typing import Final
from typing import NamedTuple

from sting.net import postal

_ANSWER_S: Final = 5.0
_PAGE: Final = 200
_HEADER: Final = 'Nats-Msg-Id'
_DAY_S: Final = 86_400


class Message(NamedTuple):
    """One message.

    Attributes:
        cursor: Its place in the stream, from 1.
        data: What it says.
    """

    cursor: int
    data: bytes


class AwayError(Exception):
    """The server is away, or does not do what it is asked."""


class Writer:
    """Writes a stream, each number once."""

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

    async def open(self, series: str, days: float) -> int:
        """Makes the stream, if there is none.

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
            if not info.state.messages:
                return 0
            last = await stream.get_msg(self._name, info.state.last_seq)
        except Exception as error:
            raise _away(error) from error
        mark, _, number = (last.headers or {}).get(_HEADER, '').rpartition('-')
        return int(number) if mark == series and number.isdecimal() else 0

    async def put(
        self, subject: str, data: bytes, series: str, number: int
    ) -> None:
        """Writes a message; returns once the server has it.

        Args:
            subject: Its subject.
            data: What it says.
            series: What the number is of.
            number: Its number.

        Raises:
            AwayError: Whether it was written is not known.
        """
        try:
            await self._way.client.jetstream(timeout=_ANSWER_S).publish(
                subject,
                data,
                stream=self._name,
                headers={_HEADER: f'{series}-{number}'},
            )
        except Exception as error:
            raise _away(error) from error


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
