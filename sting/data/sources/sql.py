"""Bars in the tables of any database that SQLAlchemy speaks to."""

import asyncio
from collections.abc import Iterator
from collections.abc import Sequence
import contextlib
import dataclasses
import datetime
import decimal
import re
from typing import Any
from typing import NoReturn
import urllib.parse

import numpy as np

from sting import settings
from sting.data import raw
from sting.data import stamps
from sting.data import table
from sting.data.sources import base
from sting.data.sources import rows as rows_lib
from sting.engine import clock as clocks
from sting.model import errors
from sting.model import market
from sting.model import timeframes
from sting.net import guard as guards

# Rows that are Python objects at a time.
CHUNK = 10_000
# A request names so many symbols at most.
BATCH = 200
# Rows that a condition lets through too many are left out afterwards; none
# may be missing: zones differ by a day, and sessions close on another one.
_MARGIN = 2 * timeframes.DAY
_ISO = re.compile(r'\d{4}-\d\d-\d\d')
_TOLD = 20
# A request that takes too long is told to end so often, so many seconds apart.
_ENDS = 50
_AGAIN_S = 0.05


@dataclasses.dataclass(frozen=True, slots=True)
class _Part:
    """Bars of some rows, as they came.

    Attributes:
        index: For each row, the place of its symbol in the request.
        timestamp: Closes, nanoseconds since the epoch, UTC.
        columns: open, high, low, close and volume.
    """

    index: table.IndexArray
    timestamp: table.IntArray
    columns: dict[str, table.FloatArray]


class SqlSource(base.DataSource):
    """Tables of bars, one for each timeframe.

    Nothing is ever written: SQLite and DuckDB are opened to be read only, and
    PostgreSQL is told so. Rows come a chunk at a time; in memory lie the
    columns of what was asked for and one chunk.
    """

    def __init__(
        self,
        name: str,
        database: settings.Database,
        time_source: clocks.Clock,
        *,
        password: str = '',
        policy: guards.Policy | None = None,
    ) -> None:
        """Sets up a source; nothing is connected yet.

        Args:
            name: Its name in the configuration.
            database: Where it is and what its tables are.
            time_source: Tells which bars are closed, and waits.
            password: Takes the place of the one in the address; empty for
                that one.
            policy: How often it is asked again where that may help.

        Raises:
            errors.ConfigError: The address is none, or its driver is not
                installed.
        """
        self.name = name
        self.capabilities = base.Capabilities(
            timeframes=frozenset(database.tables), batch=BATCH, lasting=True
        )
        self._database = database
        self._clock = time_source
        self._engine, self._secret = _engine(name, database, password)
        self._guard = guards.Guard(name, policy or guards.Policy(), time_source)

    async def get_bars(self, request: base.Request) -> table.BarTable:
        """Gives bars of the past; see `base.DataSource`."""
        return await self._guard.call(lambda: self._timed(request))

    async def _timed(self, request: base.Request) -> table.BarTable:
        """Makes a request, and ends it where it takes too long."""
        links: list[Any] = []
        reading = asyncio.ensure_future(
            asyncio.to_thread(self._read, request, links)
        )
        limit_s = self._database.timeout_s
        try:
            done, _ = await asyncio.wait({reading}, timeout=limit_s)
        except asyncio.CancelledError:
            await _ended(reading, links)
            reading.cancel()
            raise
        if done:
            return await reading
        await _ended(reading, links)
        try:
            return await reading
        except errors.SourceUnavailableError:
            raise errors.SourceRefusedError(
                f'{self.name}: no answer within {limit_s:g} s; give '
                f'{self._database.tables[request.timeframe]} an index on '
                f'symbol and time, or raise databases.{self.name}.timeout_s '
                'in data.yaml'
            ) from None

    async def close(self) -> None:
        """Forgets its connections; each request closes its own."""
        self._engine.dispose()

    def _read(self, request: base.Request, links: list[Any]) -> table.BarTable:
        """Makes a request, in a thread; notes the driver's connection."""
        with self._failures(), self._engine.connect() as link:
            links.append(link.connection.driver_connection)
            query = _Query(self.name, self._database, request, link)
            parts = list(query.parts(min(request.end, self._clock.now())))
            met = {int(each) for part in parts for each in part.index}
            query.refuse_unknown(met)
        return _table(request, parts)

    @contextlib.contextmanager
    def _failures(self) -> Iterator[None]:
        """Makes our errors of SQLAlchemy's, without the password."""
        import sqlalchemy as sa  # noqa: PLC0415 - slow to import

        try:
            yield
        except sa.exc.DBAPIError as error:
            lines = str(error.orig).strip().splitlines() or ['it says nothing']
            message = f'{self.name}: {lines[0]}'
            if self._secret:
                message = message.replace(self._secret, '***')
            passes = sa.exc.OperationalError, sa.exc.InterfaceError
            if isinstance(error, passes) or error.connection_invalidated:
                raise errors.SourceUnavailableError(message) from None
            raise errors.SourceRefusedError(message) from None


class _Query:
    """What one request asks of one table."""

    def __init__(
        self,
        name: str,
        database: settings.Database,
        request: base.Request,
        link: Any,
    ) -> None:
        """Finds the table and its columns.

        Raises:
            errors.SourceRefusedError: The table or a column is not there.
        """
        self._name = name
        self._database = database
        self._request = request
        self._link = link
        self._where = database.tables[request.timeframe]
        self._times = 'timestamp' if database.columns.timestamp else 'date'
        known = self._columns()
        self._wanted = {
            name: self._find(title, known)
            for name, title in database.columns.named().items()
        }

    def _columns(self) -> list[str]:
        """Gives the names of the table's columns."""
        import sqlalchemy as sa  # noqa: PLC0415 - slow to import

        schema, _, name = self._where.rpartition('.')
        inspector = sa.inspect(self._link)
        try:
            columns = inspector.get_columns(name, schema or None)
        except sa.exc.NoSuchTableError:
            columns = []
        if not columns:
            known = sorted(
                inspector.get_table_names(schema or None)
                + inspector.get_view_names(schema or None)
            )
            self._refuse(
                f'there is no table {self._where}; there are: '
                + (', '.join(known[:_TOLD]) or 'none')
            )
        return [each['name'] for each in columns]

    def _find(self, title: str, known: Sequence[str]) -> str:
        """Finds a column, in any case where it is not as it is written."""
        if title in known:
            return title
        for each in known:
            if each.lower() == title.lower():
                return each
        self._refuse(
            f'table {self._where} has no column {title}; it has: '
            + ', '.join(known[:_TOLD])
        )

    def parts(self, last: int) -> Iterator[_Part]:
        """Gives the bars, a chunk of rows at a time.

        Args:
            last: The last stamp wanted, nanoseconds since the epoch, UTC.

        Raises:
            errors.SourceBodyError: A value makes no sense.
        """
        first_row = self._link.execute(
            self._select(self._times).where(self._of_symbols()).limit(1)
        ).first()
        if first_row is None:
            return
        self._refuse_others(first_row[0])
        statement = self._select(*self._wanted).where(self._of_symbols())
        bounds = _bounds(
            first_row[0],
            self._request.start
            - timeframes.length(self._request.timeframe)
            - _MARGIN,
            last + _MARGIN,
        )
        if bounds is not None:
            statement = statement.where(
                self._column(self._times).between(*bounds)
            )
        answer = self._link.execution_options(
            stream_results=True, yield_per=CHUNK
        ).execute(statement)
        done = 0
        for rows in answer.partitions():
            yield self._part(rows, done, last)
            done += len(rows)

    def _refuse_others(self, like: Any) -> None:
        """Refuses times of another kind, which a condition would leave out.

        Args:
            like: The first of the column.

        Raises:
            errors.SourceBodyError: Naming one.
        """
        import sqlalchemy as sa  # noqa: PLC0415 - slow to import

        column = self._column(self._times)
        others = [column.is_(None)]
        kinds: tuple[str, ...] = ()
        if isinstance(like, str) and _ISO.match(like):
            kinds = ('text',)
            others.append(column.not_like('____-__-__%'))
        elif isinstance(like, int | float | decimal.Decimal):
            kinds = ('integer', 'real')
        if kinds and self._link.dialect.name == 'sqlite':
            # Others hold one kind in a column.
            others.append(sa.func.typeof(column).not_in(kinds))
        elif like is None:
            return
        found = self._link.execute(
            self._select(self._times)
            .where(self._of_symbols(), sa.or_(*others))
            .limit(1)
        ).first()
        if found is not None:
            title = self._wanted[self._times]
            raise errors.SourceBodyError(
                f'{self._name}: table {self._where}: {title} has '
                f'{found[0]!r} and {like!r}; write all of its times in one way'
            )

    def refuse_unknown(self, met: set[int]) -> None:
        """Refuses symbols that are nowhere in the table.

        Args:
            met: The places of those that were met, in the request.

        Raises:
            errors.SourceRefusedError: Naming one.
        """
        symbol = self._column('symbol')
        for number, name in enumerate(self._request.symbols):
            if (
                number not in met
                and not self._link.execute(
                    self._select('symbol').where(symbol == name).limit(1)
                ).first()
            ):
                self._refuse(f'table {self._where} has no symbol {name}')

    def _part(self, rows: Sequence[Any], done: int, last: int) -> _Part:
        """Turns rows into columns and leaves out what was not asked for."""
        columns = dict(zip(self._wanted, zip(*rows, strict=True), strict=True))
        named = ', '.join(self._request.symbols[:3])
        values = {
            name: rows_lib.numbers(self._name, named, name, columns[name])
            for name in raw.BARS
        }
        stamp = self._stamps(columns[self._times], done)
        place = {name: at for at, name in enumerate(self._request.symbols)}
        index = np.array(
            [place.get(str(each).strip(), -1) for each in columns['symbol']],
            np.int32,
        )
        keep = (index >= 0) & (stamp >= self._request.start) & (stamp <= last)
        return _Part(
            index[keep],
            stamp[keep],
            {name: each[keep] for name, each in values.items()},
        )

    def _stamps(self, values: Sequence[Any], done: int) -> table.IntArray:
        """Reads times as those of a file are."""
        import pyarrow as pa  # noqa: PLC0415 - slow to import

        place = f'{self._name}: {self._where}'
        try:
            column = pa.chunked_array([pa.array(values)])
        except (pa.ArrowException, TypeError, ValueError, OverflowError):
            raise errors.SourceBodyError(
                f'{place}: the values of {self._times} are not of one kind'
            ) from None
        file = raw.RawFile(place, (), {self._times: column}, first=done)
        try:
            moments = stamps.read(file, self._database.calendar)
        except errors.DataError as error:
            raise errors.SourceBodyError(str(error)) from None
        if moments.sessions or self._database.stamp == stamps.CLOSE:
            return moments.timestamp
        return moments.timestamp + timeframes.length(self._request.timeframe)

    def _select(self, *names: str) -> Any:
        """Begins a query for columns, by our names."""
        import sqlalchemy as sa  # noqa: PLC0415 - slow to import

        schema, _, name = self._where.rpartition('.')
        columns = [self._column(each) for each in names]
        named = sa.table(name, schema=schema or None)
        return sa.select(*columns).select_from(named)

    def _column(self, name: str) -> Any:
        import sqlalchemy as sa  # noqa: PLC0415 - slow to import

        # Of no type, so that values come as the driver gives them.
        return sa.column(self._wanted[name])

    def _of_symbols(self) -> Any:
        return self._column('symbol').in_(self._request.symbols)

    def _refuse(self, what: str) -> NoReturn:
        raise errors.SourceRefusedError(f'{self._name}: {what}')


async def _ended(
    reading: 'asyncio.Future[table.BarTable]', links: Sequence[Any]
) -> None:
    """Ends what a connection works on, where its driver can."""
    # What comes between two statements ends neither.
    for _ in range(_ENDS):
        for link in links:
            # SQLite and DuckDB have the first, psycopg the second.
            end = getattr(link, 'interrupt', getattr(link, 'cancel', None))
            if end is not None:
                end()
        done, _rest = await asyncio.wait({reading}, timeout=_AGAIN_S)
        if done:
            return


def _engine(
    name: str, database: settings.Database, password: str
) -> tuple[Any, str]:
    """Gives an engine that only reads, and the password in its address."""
    import sqlalchemy as sa  # noqa: PLC0415 - slow to import

    try:
        url = sa.make_url(database.url)
    except sa.exc.ArgumentError:
        raise errors.ConfigError(
            f'databases.{name}.url is no address of a database; write '
            'sqlite:////folder/bars.db or postgresql+psycopg://user@host/name'
        ) from None
    if password:
        url = url.set(password=password)
    backend = url.get_backend_name()
    options: dict[str, Any] = {}
    if backend == 'sqlite' and url.database:
        # Else what follows a # or a ? would be no part of the path.
        path = urllib.parse.quote(url.database)
        url = url.set(database=f'file:{path}')
        url = url.update_query_dict({'mode': 'ro', 'uri': 'true'})
    elif backend == 'duckdb':
        options = {'connect_args': {'read_only': True}}
    elif backend == 'postgresql':
        options = {'execution_options': {'postgresql_readonly': True}}
    try:
        made = sa.create_engine(url, poolclass=sa.NullPool, **options)
    except (sa.exc.NoSuchModuleError, ModuleNotFoundError) as error:
        raise errors.ConfigError(
            f'databases.{name}.url: the driver of {url.drivername} is not '
            f'installed: {error}'
        ) from None
    return made, str(url.password or '')


def _bounds(like: Any, first: int, last: int) -> tuple[Any, Any] | None:
    """Gives the ends of a condition on a column of times.

    Args:
        like: One of its values.
        first: The first moment wanted, nanoseconds since the epoch, UTC.
        last: The last one.

    Returns:
        Two values of that kind; None where it cannot be told how they sort.
    """
    ends = market.to_datetime(first), market.to_datetime(last)
    if isinstance(like, datetime.datetime):
        if like.tzinfo is not None:
            return ends
        return ends[0].replace(tzinfo=None), ends[1].replace(tzinfo=None)
    if isinstance(like, datetime.date):
        return ends[0].date(), ends[1].date()
    if isinstance(like, str) and _ISO.match(like):
        return str(ends[0].date()), str(ends[1].date())
    if isinstance(like, int | float | decimal.Decimal):
        unit = stamps.unit(int(like))
        if unit is not None:
            return first // unit, last // unit
    return None


def _table(request: base.Request, parts: Sequence[_Part]) -> table.BarTable:
    """Puts the parts together, in the order of their stamps."""
    names = tuple(sorted(request.symbols))
    places = np.array([names.index(each) for each in request.symbols], np.int32)
    index = np.concatenate(
        [np.empty(0, np.int32), *(places[part.index] for part in parts)]
    )
    stamp = np.concatenate(
        [np.empty(0, np.int64), *(part.timestamp for part in parts)]
    )
    columns = {
        name: np.concatenate(
            [np.empty(0), *(part.columns[name] for part in parts)]
        )
        for name in raw.BARS
    }
    order = table.sort_order(stamp, index)
    if order is not None:
        stamp, index = stamp[order], index[order]
        columns = {name: each[order] for name, each in columns.items()}
    return table.BarTable(
        names,
        index,
        stamp,
        columns['open'],
        columns['high'],
        columns['low'],
        columns['close'],
        columns['volume'],
        request.timeframe,
    )
