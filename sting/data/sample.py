"""The sample that ships: daily bars of AAPL, FB, GOOG, IBM and MSFT.

`samples/SOURCE.md` says where they come from.
"""

from collections.abc import Iterable

from sting.data import files
from sting.data import places

SYMBOLS = ('AAPL', 'FB', 'GOOG', 'IBM', 'MSFT')


def load(symbols: Iterable[str] | None = None) -> files.Loaded:
    """Reads the sample.

    Args:
        symbols: The symbols to keep; None for all five.

    Returns:
        Daily bars as they were traded, without any adjustment.

    Raises:
        DataError: A symbol is not in the sample.
    """
    return files.read(places.SAMPLE, symbols=symbols)
