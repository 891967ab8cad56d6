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
    """Asks a source by its own names, and gives what comes by ours.

    Attributes:
        source: Who is asked.
    """

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
        self.source = source
        self._theirs = dict(names)
        self._ours = {theirs: ours for ours, theirs in names.items()}
        if len(self._ours) < len(self._theirs):
            raise errors.ConfigError(
                f'{self.name}: two symbols have one name there'
            )

    def over(self, source: base.DataSource) -> 'RenamedSource':
        """Gives the same names over another source."""
        return RenamedSource(source, self._theirs)

    async def get_bars(self, request: base.Request) -> table.BarTable:
        """Gives closed bars of the past; see the interface."""
        return self.ours(await self.source.get_bars(self.theirs(request)))

    def theirs(self, request: base.Request) -> base.Request:
        """Gives a request by its names."""
        return msgspec.structs.replace(
            request, symbols=self._named(request.symbols)
        )

    def ours(self, found: table.BarTable) -> table.BarTable:
        """Gives bars by our names."""
        names = ('open', 'high', 'low', 'close', 'volume')
        parts = [found.of(name) for name in found.symbols]
        return table.BarTable.merge(
            [
                table.BarTable.single(
                    self.our(part.symbols[0]),
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
                msgspec.structs.replace(issue, symbol=self.our(issue.symbol))
            )

        theirs = msgspec.structs.replace(
            wanted,
            symbols=self._named(wanted.symbols),
            after={self._their(n): at for n, at in wanted.after.items()},
        )
        told = msgspec.structs.replace(watch, tell=tell)
        stream = cast(
            'AsyncGenerator[base.Message]', self.source.stream(theirs, told)
        )
        async with contextlib.aclosing(stream):
            async for message in stream:
                yield msgspec.structs.replace(
                    message, symbol=self.our(message.symbol)
                )

    def wake(self) -> None:
        """Takes a sign of life; see the interface."""
        self.source.wake()

    async def close(self) -> None:
        """Ends its connections."""
        await self.source.close()

    def _named(self, symbols: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(self._their(name) for name in symbols)

    def _their(self, name: str) -> str:
        return self._theirs.get(name, name)

    def our(self, name: str) -> str:
        """Gives our name of an instrument by its own."""
        return self._ours.get(name, name)
