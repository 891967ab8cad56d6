"""Tables of bars in real databases, for tests."""

import datetime

import sqlalchemy as sa

from sting import settings
from sting.model import market
from sting.model import timeframes

COLUMNS = ('open', 'high', 'low', 'close', 'volume')


def fill(url, bars, kind=sa.DateTime, like=None, table='bars', times='ts'):
    """Writes bars into a new table.

    Args:
        url: Of the database.
        bars: What to write.
        kind: The type of the column of times.
        like: Makes a time of the opening, a datetime in UTC; None leaves it.
        table: The table's name.
        times: The name of the column of times.
    """
    made = sa.Table(
        table,
        sa.MetaData(),
        sa.Column(times, kind),
        sa.Column('Ticker', sa.String),
        *(sa.Column(name, sa.Double) for name in COLUMNS),
    )
    step = timeframes.length(bars.timeframe)
    rows = [
        {
            times: (like or naive)(market.to_datetime(bar.timestamp - step)),
            'Ticker': bar.symbol,
            **{name: getattr(bar, name) for name in COLUMNS},
        }
        for bar in bars.rows()
    ]
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    made.metadata.create_all(engine)
    with engine.begin() as link:
        for first in range(0, len(rows), 500):
            link.execute(sa.insert(made).values(rows[first : first + 500]))
    engine.dispose()


def naive(moment):
    return moment.replace(tzinfo=None)


def day(moment):
    """The session that closes a day after a moment, in New York."""
    return (moment + datetime.timedelta(days=1)).date()


def described(url, timeframe='1m', times='ts', **changes):
    """What is configured of such a database."""
    columns = {'timestamp': times, 'symbol': 'ticker'}
    given = {
        'url': str(url),
        'tables': {timeframe: 'bars'},
        'columns': settings.Columns(**columns),
        'calendar': '24/7',
    }
    return settings.Database(**(given | changes))
