"""Columns of Arrow as arrays of numpy.

Arrow's own `to_numpy` imports pandas, which takes longer than reading a
million bars.
"""

from typing import Any

import numpy as np
import numpy.typing as npt


def array(column: Any) -> npt.NDArray[Any]:
    """Gives a column of numbers as one array.

    Args:
        column: An array of Arrow, in chunks or not, of integers or floats,
            without nulls.

    Returns:
        A copy.
    """
    whole = getattr(column, 'combine_chunks', lambda: column)()
    return np.from_dlpack(whole).copy()
