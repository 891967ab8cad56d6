"""Of sting.yaml: how long what can be made again is kept."""

from typing import Annotated

import msgspec

_Above = Annotated[float, msgspec.Meta(gt=0)]


class Retention(msgspec.Struct, frozen=True, kw_only=True):
    """How long the cache is kept: fetched bars and compiled code.

    For ever, unless a limit is set: not every source gives old bars again.

    Attributes:
        cache_days: What nobody has read for so many days goes; None keeps it.
        cache_mb: Above so many megabytes what was read longest ago goes; None
            for no limit.
    """

    cache_days: _Above | None = None
    cache_mb: _Above | None = None
