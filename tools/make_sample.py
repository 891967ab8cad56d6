"""Makes sting/data/samples/daily.parquet from the package bokeh_sampledata.

Run it where that package is installed:

    python tools/make_sample.py
"""

import pathlib

from bokeh_sampledata import stocks
import pyarrow as pa
from pyarrow import parquet

TARGET = pathlib.Path(__file__).parents[1] / 'sting/data/samples/daily.parquet'
COLUMNS = ('symbol', 'date', 'open', 'high', 'low', 'close', 'volume')


def unsound(frame: object) -> object:
    """Says which rows the reader would reject."""
    prices = frame[['open', 'high', 'low', 'close']]
    return (
        prices.isna().any(axis=1)
        | (prices <= 0).any(axis=1)
        | (prices.max(axis=1) > frame['high'])
        | (prices.min(axis=1) < frame['low'])
        | (frame['volume'] < 0)
        | frame.duplicated(['ticker', 'date'])
    )


def main() -> None:
    """Writes the file and says what went into it."""
    data = stocks.data
    bad = unsound(data)
    sound = data[~bad].sort_values(['ticker', 'date'])
    table = pa.table(
        {
            'symbol': pa.array(sound['ticker'], pa.string()),
            'date': pa.array(sound['date'].dt.date, pa.date32()),
            **{
                name: pa.array(sound[name], pa.float64())
                for name in ('open', 'high', 'low', 'close')
            },
            'volume': pa.array(sound['volume'], pa.int64()),
        }
    ).select(COLUMNS)
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(table, TARGET, compression='zstd', compression_level=19)
    print(
        f'{TARGET.name}: {table.num_rows} rows, {int(bad.sum())} left out, '
        f'{TARGET.stat().st_size} bytes'
    )


if __name__ == '__main__':
    main()
