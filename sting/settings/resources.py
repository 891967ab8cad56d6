"""Of sting.yaml: what an engine may use before it gives way."""

from typing import Annotated

import msgspec


class Resources(msgspec.Struct, frozen=True, kw_only=True):
    """What an engine may use before it gives way, a step at a time.

    Attributes:
        memory_mb: Megabytes that the engine and its strategies may have in
            memory together; None goes by the limit of the control group that
            it runs in. What the machine has left counts besides.
        free_mb: Megabytes that are to be free where the log is: below it the
            first step is taken, below an eighth of it the last.
    """

    memory_mb: Annotated[float, msgspec.Meta(gt=0)] | None = None
    free_mb: Annotated[float, msgspec.Meta(ge=0)] = 1024.0
