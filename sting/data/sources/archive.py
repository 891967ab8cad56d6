"""Files as a source: CSV, Parquet, folders and sets in parts."""

import asyncio
import pathlib

from sting import settings
from sting.data import files
from sting.data import places
from sting.data import table
from sting.data.sources import base
from sting.engine import clock as clocks
from sting.model import errors


class ArchiveSource(base.DataSource):
    """Bars in files, read anew for each request: they may grow.

    Of a set in parts only the folders of the symbols and of the timeframe are
    read; a request costs as much as reading its files.
    """

    capabilities = base.Capabilities(timeframes=None, batch=200, lasting=True)

    def __init__(
        self, name: str, archive: settings.Archive, time_source: clocks.Clock
    ) -> None:
        """Sets up the source; nothing is read yet.

        Args:
            name: Its name in the configuration.
            archive: Where the files are, and how they are to be read.
            time_source: Tells which bars are closed.
        """
        self.name = name
        self._archive = archive
        self._clock = time_source

    async def get_bars(self, request: base.Request) -> table.BarTable:
        """Gives closed bars of the past; see `base.DataSource`."""
        try:
            return await asyncio.to_thread(self._read, request)
        except errors.DataError as error:
            raise errors.SourceRefusedError(f'{self.name}: {error}') from None

    async def close(self) -> None:
        """Does nothing: no file stays open."""

    def _read(self, request: base.Request) -> table.BarTable:
        archive = self._archive
        # A file by itself that has no symbols would take any that is named.
        alone = pathlib.Path(archive.path).is_file()
        symbols = None if alone else request.symbols
        found = places.pick(
            places.expand(archive.path), symbols, request.timeframe
        )
        loaded = files.read(
            found,
            symbols=symbols,
            stamp=archive.stamp,
            calendar=archive.calendar,
        )
        if loaded.table.timeframe != request.timeframe:
            # Read as other bars they would be wrong ones.
            raise errors.DataError(
                f'{archive.path} has bars of {loaded.table.timeframe}, not of '
                f'{request.timeframe}'
            )
        last = min(request.end, self._clock.now())
        return loaded.table.select(request.symbols, request.start, last)
