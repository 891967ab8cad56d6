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
    chunks = getattr(column, 'chunks', [column])
    if not chunks:
        return np.empty(0, column.type.to_pandas_dtype())
    return np.concatenate([np.from_dlpack(chunk) for chunk in chunks])
