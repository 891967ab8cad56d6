"""What every broker has to do: one suite for all.

    import pytest

    from sting.testing.brokers import suite

    @pytest.mark.parametrize(
        'scenario', suite.SCENARIOS, ids=lambda each: each.__name__
    )
    async def test_it_is_a_broker(scenario):
        await suite.run(scenario, MyWorld())

`MyWorld` is a `world.World`: a market and an account of yours that do as they
are told, and your broker as the way to them. Each scenario wants a new one.
"""

from collections.abc import Awaitable
from collections.abc import Callable

from sting.testing.brokers import asking
from sting.testing.brokers import changing
from sting.testing.brokers import desk as desks
from sting.testing.brokers import outages
from sting.testing.brokers import placing
from sting.testing.brokers import stopping
from sting.testing.brokers import world as worlds

Scenario = Callable[[desks.Desk], Awaitable[None]]

SCENARIOS: tuple[Scenario, ...] = (
    *placing.SCENARIOS,
    *changing.SCENARIOS,
    *asking.SCENARIOS,
    *outages.SCENARIOS,
    *stopping.SCENARIOS,
)


async def run(scenario: Scenario, world: worlds.World) -> None:
    """Plays one scenario, and ends the world.

    Args:
        scenario: One of SCENARIOS.
        world: A new one, whose account nobody has used.

    Raises:
        AssertionError: The broker does not do what it has to; says what.
    """
    desk = desks.Desk(world)
    try:
        await desk.open()
        await scenario(desk)
        desk.check()
        await desk.close()
    finally:
        await world.close()
