"""What a drill of the emergency stop has shown."""

import msgspec


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One case of it; times are milliseconds since the stop was pulled.

    Attributes:
        case: Which.
        ok: Whether the goals were met, and nothing worked any more.
        order_ms: Until the last order left; 0 where none did after the flag.
        first_ms: Until the first cancel; None where there was none.
        report_ms: Until the report came; None where none did.
        left: How many worked on at the broker.
        busy: Whether the machine was too busy for a missed goal to say much.
    """

    case: str
    ok: bool
    order_ms: float
    first_ms: float | None
    report_ms: float | None
    left: int
    busy: bool = False

    @property
    def verdict(self) -> str:
        """Says in a word or two how it went."""
        if self.ok:
            return 'ok'
        return 'MISSED, busy machine' if self.busy else 'MISSED'


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """A drill.

    Attributes:
        profile: Whose rules it had.
        at: When it ended, nanoseconds since the epoch, UTC.
        cases: What was tried.
    """

    profile: str
    at: int
    cases: tuple[Case, ...]
