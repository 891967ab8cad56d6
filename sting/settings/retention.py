"""Of sting.yaml: how long is kept what nothing needs to go on."""

from typing import Annotated

import msgspec

_Above = Annotated[float, msgspec.Meta(gt=0)]


class Keep(msgspec.Struct, frozen=True, kw_only=True):
    """How much of one kind of file is kept; both limits hold.

    Attributes:
        days: Files that nobody has read or written for longer go; None for no
            limit.
        mb: The oldest go until so many megabytes are left, of all profiles
            together; None for no limit.
    """

    days: _Above | None = None
    mb: _Above | None = None


class Retention(msgspec.Struct, frozen=True, kw_only=True):
    """How long files are kept that no restart and no audit needs.

    The event log and its segments are in none of these: they are kept for
    ever.

    Attributes:
        bars: Market data that was fetched. Not every source gives old bars
            again, so they stay unless sting.yaml says otherwise.
        compiled: Compiled code of strategies.
        logs: Full files of what strategies wrote and printed; those that are
            written to stay.
        damaged: Files of the caches that were set aside.
        backtests: Runs of the backtest screen, but for each profile's last.
            The screen keeps 200 of a profile; without a limit these stay.
    """

    bars: Keep = Keep()
    compiled: Keep = Keep(days=90.0, mb=512.0)
    logs: Keep = Keep(days=90.0, mb=512.0)
    damaged: Keep = Keep(days=30.0, mb=256.0)
    backtests: Keep = Keep()
