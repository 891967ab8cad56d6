"""The risk of a book: exposures, tails, liquidity and stresses.

A facade: these names are imported on purpose, so that others write
`metrics.calculate(book, history, configured)`.
"""

from sting.risk.metrics.books import Book
from sting.risk.metrics.books import capture
from sting.risk.metrics.calculation import calculate
from sting.risk.metrics.series import History
from sting.risk.metrics.series import Scale

__all__ = ['Book', 'History', 'Scale', 'calculate', 'capture']
