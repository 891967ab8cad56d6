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
from sting.testing.brokers import attaching
from sting.testing.brokers import changing
from sting.testing.brokers import desk as desks
from sting.testing.brokers import outages
from sting.testing.brokers import placing
from sting.testing.brokers import stopping
from sting.testing.brokers import world as worlds

Scenario = Callable[[desks.Desk], Awaitable[None]]

SCENARIOS: tuple[Scenario, ...] = (
    *placing.SCENARIOS,
    *attaching.SCENARIOS,
    *changing.SCENARIOS,
    *asking.SCENARIOS,
    *outages.SCENARIOS,
    *stopping.SCENARIOS,
)
# Those for which the market need not move: they can be played at a service that
# has a market of its own, far away from its prices.
AT_REST: tuple[Scenario, ...] = (
    placing.is_one_order_for_one_id,
    placing.is_given_the_brokers_id,
    changing.changes_both_terms,
    changing.changes_twice,
    changing.refuses_to_change_what_it_has_not,
    changing.takes_it_out_after_a_change,
    changing.says_no_to_a_second_cancel,
    changing.says_no_to_cancel_what_it_has_not,
    changing.takes_out_all,
    changing.takes_out_one_symbol,
    changing.takes_out_nothing,
    asking.finds_what_works,
    asking.finds_what_is_cancelled,
    asking.finds_what_was_changed,
    asking.does_not_find_what_is_not_there,
    asking.knows_what_can_be_traded,
    outages.sends_nothing_unconnected,
    outages.changes_nothing_unconnected,
    outages.can_be_ended_twice,
    outages.says_that_it_is_connected,
    outages.lets_a_new_engine_cancel,
    outages.lets_a_new_engine_change,
    outages.knows_ids_of_before,
    stopping.keeps_orders_back,
    stopping.cancels_while_it_holds,
    stopping.takes_everything_out,
    stopping.takes_everything_out_of_a_blocked_loop,
    stopping.takes_everything_out_twice,
    stopping.takes_nothing_out_of_nothing,
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
