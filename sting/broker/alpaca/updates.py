"""What Alpaca tells of orders as it happens: the stream of trade updates.

Source: the streaming part of Alpaca's Trading API, version 2: JSON, mostly in
binary frames; who is there is said, then what is wanted.
"""

import asyncio
from collections.abc import Callable
from typing import Any
from typing import Final

import msgspec

from sting.broker.alpaca import rest
from sting.broker.alpaca import translate
from sting.engine import clock as clocks
from sting.model import errors
from sting.net import wires
from sting.net import words

_STREAM: Final = 'trade_updates'


class _Frame(msgspec.Struct):
    stream: str
    data: dict[str, Any] = {}


_frames = msgspec.json.Decoder(_Frame)
_UNREADABLE: Final = (
    msgspec.DecodeError,
    msgspec.ValidationError,
    RecursionError,
    UnicodeError,
)


class Updates:
    """One connection to the stream, from its greeting to its end."""

    def __init__(self, wire: wires.Wire, name: str) -> None:
        """Takes a connection that was greeted; `open` makes one."""
        self._wire = wire
        self._name = name

    @classmethod
    async def open(
        cls,
        access: rest.Access,
        url: str,
        policy: wires.Policy,
        time_source: clocks.Clock,
    ) -> 'Updates':
        """Connects, says who is there, and what is wanted.

        Args:
            access: Who asks.
            url: Where it streams.
            policy: How the connection is kept.
            time_source: Tells the time.

        Raises:
            errors.SourceError: There is no way, or it says no.
        """
        wire = await wires.Wire.dial(
            access.name,
            url,
            policy,
            # It is silent as long as nothing happens to an order.
            is_open=lambda: False,
            limiter=None,
            headers={},
            secrets=access.secrets,
            time_source=time_source,
        )
        try:
            async with asyncio.timeout(policy.open_s):
                await _greet(wire, access)
        except TimeoutError:
            wire.abort()
            raise errors.SourceUnavailableError(
                f'{access.name}: no greeting within {policy.open_s:g} s'
            ) from None
        except BaseException:
            wire.abort()
            raise
        return cls(wire, access.name)

    async def read(
        self, take: Callable[[Any], None], wrong: Callable[[str], None]
    ) -> None:
        """Hands on what comes, until the connection ends.

        Args:
            take: Gets each update, as the SDK's model.
            wrong: Told of what makes no sense.

        Raises:
            errors.SourceUnavailableError: The connection is gone.
        """
        from alpaca.trading import models  # noqa: PLC0415

        while True:
            frame = await self._wire.receive()
            try:
                heard = _read(frame)
                if heard.stream == _STREAM:
                    take(translate.parsed(models.TradeUpdate, heard.data))
            except (*_UNREADABLE, errors.BrokerUnknownError) as error:
                wrong(f'a message makes no sense: {words.plain(str(error))}')

    def abort(self) -> None:
        """Ends it at once."""
        self._wire.abort()

    async def close(self) -> None:
        """Ends it in order."""
        await self._wire.close()


async def _greet(wire: wires.Wire, access: rest.Access) -> None:
    given = {'key_id': access.key, 'secret_key': access.secret}
    await _say(wire, 'authenticate', given)
    heard = await _hears(wire, access, 'authorization')
    if heard.get('status') != 'authorized':
        raise errors.SourceRefusedError(
            f'{access.name}: the stream refuses the key; check '
            'STING_ALPACA_KEY and STING_ALPACA_SECRET, and whether they are of '
            'the paper account'
        )
    await _say(wire, 'listen', {'streams': [_STREAM]})
    heard = await _hears(wire, access, 'listening')
    if _STREAM not in (heard.get('streams') or ()):
        raise errors.SourceRefusedError(
            f'{access.name}: the stream does not give {_STREAM}'
        )


async def _say(wire: wires.Wire, action: str, data: dict[str, Any]) -> None:
    message = msgspec.json.encode({'action': action, 'data': data})
    await wire.send(message.decode())


async def _hears(
    wire: wires.Wire, access: rest.Access, stream: str
) -> dict[str, Any]:
    try:
        heard = _read(await wire.receive())
    except _UNREADABLE:
        heard = _Frame('')
    if heard.stream != stream:
        raise errors.SourceUnavailableError(
            f'{access.name}: the stream does not greet as it should'
        )
    return heard.data


def _read(frame: wires.Frame) -> _Frame:
    return _frames.decode(frame)
