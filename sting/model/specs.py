"""What is configured of one instance of a strategy."""

from collections.abc import Mapping
from typing import Annotated
from typing import Any
from typing import Literal

import msgspec

from sting.model import protection as protections
from sting.model import sizing as sizings

# What the engine does with the orders and the position of a strategy that
# failed: it leaves both, cancels the orders, or closes the position as well.
OnFailure = Literal['keep', 'cancel', 'flatten']


# A limit that is None does not hold.
_Limit = Annotated[float, msgspec.Meta(ge=0)] | None


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What a strategy may do by itself, besides what the account may.

    What shrinks its position is never held up.

    Attributes:
        max_order_notional: The most that one order may be worth.
        max_position: The most units that it may hold of one symbol, counting
            its working orders.
        max_position_notional: The most that these may be worth.
        max_loss: The most that it may lose, realised or not, with fees.
        on_loss: What a running profile does past that: it only tells, or it
            stops the strategy as `sting` does by hand.
    """

    max_order_notional: _Limit = None
    max_position: _Limit = None
    max_position_notional: _Limit = None
    max_loss: _Limit = None
    on_loss: Literal['tell', 'stop'] = 'tell'


class Process(msgspec.Struct, frozen=True, kw_only=True):
    """What a strategy's process may use.

    Attributes:
        memory_mb: The most memory it may have, in megabytes.
        late_ms: An answer that takes longer than this is flagged.
        deadline_ms: A process that takes longer than this is killed.
        signals_per_s: What it may want in a second, over ten seconds.
        state_every_s: Its state is kept after so many seconds, and when it
            stops.
    """

    memory_mb: Annotated[int, msgspec.Meta(ge=64, le=1_048_576)] = 1024
    late_ms: Annotated[float, msgspec.Meta(ge=1, le=60_000)] = 100.0
    deadline_ms: Annotated[float, msgspec.Meta(ge=10, le=600_000)] = 1000.0
    signals_per_s: Annotated[float, msgspec.Meta(gt=0, le=100_000)] = 100.0
    state_every_s: Annotated[float, msgspec.Meta(ge=1, le=86_400)] = 60.0

    def __post_init__(self) -> None:
        """Refuses a deadline that comes before an answer is late."""
        if self.deadline_ms < self.late_ms:
            raise ValueError(
                f'deadline_ms {self.deadline_ms:g} must not be less than '
                f'late_ms {self.late_ms:g}'
            )


class StrategySpec(msgspec.Struct, frozen=True):
    """An instance of a strategy, as configured.

    Attributes:
        name: Its name, in the log and on its orders.
        reference: What it runs: a module or a file.
        symbols: What it is given; empty for all.
        timeframes: The bars it is given; empty for what its class says.
        parameters: Values, or their texts, by name.
        given: What is set by hand over these.
        number: Its number in order ids, from 1.
        capital: What its sizes and shares are of, together with what it has
            made of it, and what it may hold; None for the whole account.
        limits: What it may do by itself.
        on_failure: What becomes of its orders and its position if it fails.
        process: What its process may use.
        shadow_s: Seconds that a new version of its code runs beside the old
            one, unheard, before it takes over; 0 for none.
        enabled: Whether it starts with the engine.
        sizing: How many units an order has that does not say; None leaves it
            to risk.yaml.
        protection: What protects its positions.
    """

    name: str
    reference: str
    symbols: tuple[str, ...] = ()
    timeframes: tuple[str, ...] = ()
    parameters: Mapping[str, Any] = {}
    number: int = 1
    capital: float | None = None
    limits: Limits = Limits()
    on_failure: OnFailure = 'cancel'
    process: Process = Process()
    shadow_s: float = 0.0
    enabled: bool = True
    sizing: sizings.Sizing | None = None
    protection: protections.Protection | None = None
    given: Mapping[str, Any] = {}

    @property
    def values(self) -> dict[str, Any]:
        """What it runs with: the parameters, and over them what is given."""
        return {**self.parameters, **self.given}
