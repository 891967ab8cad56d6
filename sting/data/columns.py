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
        column: An array of Arrow, in chunks or not, of integers, floats or
            moments, without nulls.

    Returns:
        A copy; moments as whole numbers of their unit.
    """
    import pyarrow as pa  # noqa: PLC0415 - slow to import

    chunks = getattr(column, 'chunks', [column])
    kind = column.type
    if pa.types.is_timestamp(kind):
        kind = pa.int64()
        chunks = [chunk.view(kind) for chunk in chunks]
    if not chunks:
        return np.empty(0, kind.to_pandas_dtype())
    return np.concatenate([np.from_dlpack(chunk) for chunk in chunks])
