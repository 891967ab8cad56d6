"""Writes the rows of a sweep to Parquet, as they come."""

from collections.abc import Mapping
import contextlib
import pathlib
import types
from typing import Any
from typing import Self

import msgspec
import numpy as np

from sting.backtest.figures import summaries
from sting.backtest.sweeping import spaces
from sting.backtest.sweeping import sweeps
from sting.data import outputs

# Rows that are kept until they are written together.
GROUP = 65_536
_KINDS = {bool: 'bool', int: 'int64', float: 'double', str: 'string'}


class RowFile:
    """A Parquet file that is there when it is complete, or not at all.

    It has a column for each parameter, one for each of `summaries.FIGURES`,
    `number`, the place in the sweep, and `error`. A parameter that is named
    like another column has `_` behind its name.
    """

    def __init__(
        self,
        path: pathlib.Path,
        space: spaces.Space,
        about: Mapping[str, Any],
    ) -> None:
        """Begins a file beside its place.

        Args:
            path: The file; one that is there is replaced at the end.
            space: The combinations.
            about: Kept in the file's metadata as JSON, under `sting`.

        Raises:
            errors.InputError: It cannot be written there.
        """
        # They take long to import, and only who writes needs them.
        import pyarrow  # noqa: PLC0415
        import pyarrow.parquet  # noqa: PLC0415

        self._space = space
        self._arrow = pyarrow
        taken = {'number', 'error', *summaries.FIGURES}
        self._names = {
            axis.name: f'{axis.name}_' if axis.name in taken else axis.name
            for axis in space.axes
        }
        fields = [('number', 'int64')]
        fields += [
            (self._names[axis.name], _KINDS[type(axis.values[0])])
            for axis in space.axes
        ]
        fields += [
            (name, 'int64' if name in summaries.COUNTS else 'double')
            for name in summaries.FIGURES
        ]
        schema = pyarrow.schema(
            [
                pyarrow.field(name, pyarrow.type_for_alias(kind))
                for name, kind in [*fields, ('error', 'string')]
            ],
            metadata={'sting': msgspec.json.encode(about).decode()},
        )
        self._waiting: list[Any] = []
        self._rows = 0
        self._schema = schema
        with contextlib.ExitStack() as whole:
            fresh = whole.enter_context(outputs.replacing(path))
            self._writer = whole.enter_context(
                pyarrow.parquet.ParquetWriter(fresh, schema)
            )
            whole.push(self._finish)
            self._whole = whole.pop_all()

    def __enter__(self) -> Self:
        """Begins."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: types.TracebackType | None,
    ) -> None:
        """Puts the file in its place; where something was raised, removes it.

        Raises:
            errors.InputError: It cannot be written.
        """
        self._whole.__exit__(kind, error, where)

    def add(self, block: sweeps.Block) -> None:
        """Takes the next rows.

        Raises:
            OSError: They cannot be written; the end of the context makes an
                InputError of it.
        """
        arrow = self._arrow
        numbers = block.numbers
        columns: list[Any] = [
            np.arange(numbers.start, numbers.stop, dtype=np.int64)
        ]
        columns += self._space.columns(numbers).values()
        figures = block.figures.T
        unknown = np.isnan(figures)
        for name, values, missing in zip(
            summaries.FIGURES, figures, unknown, strict=True
        ):
            known = np.where(missing, 0.0, values)
            whole = name in summaries.COUNTS
            columns.append(
                arrow.array(
                    known.astype(np.int64) if whole else known, mask=missing
                )
            )
        wrong = [block.errors.get(at) for at in range(len(numbers))]
        columns.append(arrow.array(wrong, arrow.string()))
        self._waiting.append(
            arrow.record_batch(
                [
                    arrow.array(column).cast(field.type)
                    for column, field in zip(columns, self._schema, strict=True)
                ],
                schema=self._schema,
            )
        )
        self._rows += len(numbers)
        if self._rows >= GROUP:
            self._write()

    def _finish(self, kind: type[BaseException] | None, *_: object) -> None:
        """Writes the last rows, where all went well."""
        if kind is None:
            self._write()

    def _write(self) -> None:
        """Writes what waits as one row group."""
        if self._waiting:
            self._writer.write_table(
                self._arrow.Table.from_batches(self._waiting)
            )
        self._waiting.clear()
        self._rows = 0
