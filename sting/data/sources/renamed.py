"""A source that knows some instruments by other names."""

from collections.abc import AsyncGenerator
from collections.abc import Mapping
import contextlib
from typing import cast

import msgspec

from sting.data import table
from sting.data.sources import base
from sting.model import errors
from sting.model import market


class RenamedSource(base.DataSource):
    """Asks a source by its own names, and gives what comes by ours."""

    def __init__(
        self, source: base.DataSource, names: Mapping[str, str]
    ) -> None:
        """Sets up the names.

        Args:
            source: Who is asked.
            names: Its name of an instrument by ours; those that are not named
                have one name.

        Raises:
            errors.ConfigError: Two have one name there.
        """
        self.name = source.name
        self.capabilities = source.capabilities
        self._source = source
        self._theirs = dict(names)
        self._ours = {theirs: ours for ours, theirs in names.items()}
        if len(self._ours) < len(self._theirs):
            raise errors.ConfigError(
                f'{self.name}: two symbols have one name there'
            )

    async def get_bars(self, request: base.Request) -> table.BarTable:
        """Gives closed bars of the past; see the interface."""
        asked = msgspec.structs.replace(
            request, symbols=self._named(request.symbols)
        )
        found = await self._source.get_bars(asked)
        names = ('open', 'high', 'low', 'close', 'volume')
        parts = [found.of(name) for name in found.symbols]
        return table.BarTable.merge(
            [
                table.BarTable.single(
                    self._our(part.symbols[0]),
                    part.timeframe,
                    part.timestamp,
                    {name: getattr(part, name) for name in names},
                )
                for part in parts
            ],
            checked=False,
        )

    async def stream(
        self, wanted: base.Subscription, watch: base.Watch
    ) -> AsyncGenerator[base.Message]:
        """Gives what happens, as it happens; see the interface."""

        def tell(issue: market.DataIssue) -> None:
            watch.tell(
                msgspec.structs.replace(issue, symbol=self._our(issue.symbol))
            )

        theirs = msgspec.structs.replace(
            wanted,
            symbols=self._named(wanted.symbols),
            after={self._their(n): at for n, at in wanted.after.items()},
        )
        told = msgspec.structs.replace(watch, tell=tell)
        stream = cast(
            'AsyncGenerator[base.Message]', self._source.stream(theirs, told)
        )
        async with contextlib.aclosing(stream):
            async for message in stream:
                yield msgspec.structs.replace(
                    message, symbol=self._our(message.symbol)
                )

    async def close(self) -> None:
        """Ends its connections."""
        await self._source.close()

    def _named(self, symbols: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(self._their(name) for name in symbols)

    def _their(self, name: str) -> str:
        return self._theirs.get(name, name)

    def _our(self, name: str) -> str:
        return self._ours.get(name, name)
