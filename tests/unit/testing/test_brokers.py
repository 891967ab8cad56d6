"""The suite for brokers, held against the scripted one."""

import asyncio

import msgspec
import pytest

from sting.broker import interface
from sting.model import errors
from sting.model import orders
from sting.net import monitor as monitors
from sting.testing import broker
from sting.testing.brokers import asking
from sting.testing.brokers import changing
from sting.testing.brokers import desk as desks
from sting.testing.brokers import outages
from sting.testing.brokers import placing
from sting.testing.brokers import sandbox
from sting.testing.brokers import stopping
from sting.testing.brokers import suite
from sting.testing.brokers import venues

pytestmark = pytest.mark.unit


class Way(broker.ScriptedBroker):
    """The scripted broker, which loses what its world says."""

    def __init__(self, world):
        super().__init__(world.venue, world.clock)
        self.world = world

    async def connect(self, sink, halted):
        if not self.world.venue.connected:
            raise errors.BrokerUnknownError('scripted: nobody is there')
        await super().connect(sink, halted)


class ScriptedWorld(venues.VenueWorld):
    """A venue, and the scripted broker as the way to it."""

    cls = Way

    def __init__(self):
        super().__init__()
        self.ways = []

    def make(self):
        self.ways.append(self.cls(self))
        return self.ways[-1]

    async def drop(self):
        self.venue.drop()
        self.ways[-1].monitor.lost('the venue is gone')

    async def restore(self):
        self.venue.restore()

    async def repeat(self):
        self.venue.repeat()

    async def close(self):
        pass


@pytest.mark.parametrize(
    'scenario', suite.SCENARIOS, ids=lambda each: each.__name__
)
async def test_the_scripted_broker_is_a_broker(scenario):
    await suite.run(scenario, ScriptedWorld())


class SaysNothingOfALoss(Way):
    """Answers with nothing where it should say that it does not know."""

    async def get_orders(self):
        return await super().get_orders() if self.world.venue.connected else []


class SendsWhatIsWithheld(Way):
    """Does not ask the stop."""

    async def connect(self, sink, halted):
        await super().connect(sink, lambda order: False)


class TellsFillsAnew(Way):
    """Gives a fill another id whenever it tells of it."""

    told = 0

    async def connect(self, sink, halted):
        def renamed(report):
            if isinstance(report, orders.Fill):
                TellsFillsAnew.told += 1
                report = msgspec.structs.replace(
                    report, execution_id=f'x{TellsFillsAnew.told}'
                )
            sink(report)

        await super().connect(renamed, halted)


class TellsTheEndFirst(Way):
    """Reports fills before the acceptance."""

    async def connect(self, sink, halted):
        held = []

        def turned(report):
            if isinstance(report, orders.Fill):
                sink(report)
                for each in held:
                    sink(each)
                held.clear()
            elif report.status is orders.OrderStatus.ACCEPTED and not held:
                held.append(report)
            else:
                sink(report)

        await super().connect(turned, halted)


class CancelsInWordsAlone(Way):
    """Says that it cancels, and does not."""

    async def cancel_order(self, order_id):
        return interface.CancelResponse(order_id=order_id, accepted=True)


class TakesAllForOneSymbol(Way):
    """Cancels everything where one symbol is meant."""

    async def cancel_all(self, symbol=None):
        return await super().cancel_all()


class ForgetsSince(Way):
    """Gives all fills, whatever is asked for."""

    async def get_fills(self, since=0):
        return await super().get_fills()


class RoundsQuantities(Way):
    """Sends whole units."""

    async def place_order(self, order):
        whole = float(round(order.quantity)) or 1.0
        return await super().place_order(
            msgspec.structs.replace(order, quantity=whole)
        )


class StopsThroughTheLoop(Way):
    """Waits for the loop in the emergency stop."""

    async def connect(self, sink, halted):
        await super().connect(sink, halted)
        self.loop = asyncio.get_running_loop()

    def emergency_cancel_all(self, keep=()):
        asyncio.run_coroutine_threadsafe(self.cancel_all(), self.loop).result(
            1.0
        )
        return interface.EmergencyReport()


class StopsInWordsAlone(Way):
    """Says that the stop has cancelled what it could not reach."""

    def emergency_cancel_all(self, keep=()):
        told = super().emergency_cancel_all(keep)
        return interface.EmergencyReport(cancelled=told.unknown)


class RejectsWhatIsUnknown(Way):
    """Takes silence for a no."""

    async def place_order(self, order):
        try:
            return await super().place_order(order)
        except errors.BrokerUnknownError as error:
            raise errors.BrokerRejectedError(str(error)) from None


class HidesOthers(Way):
    """Lists its own orders alone."""

    async def get_orders(self):
        return [
            each
            for each in await super().get_orders()
            if not each.id.startswith(venues.OTHERS)
        ]


class NeverLost(Way):
    """Does not notice that the connection is gone."""

    class Deaf(monitors.ConnectionMonitor):
        def lost(self, reason, *, final=False):
            pass

    def __init__(self, world):
        super().__init__(world)
        self.monitor = self.Deaf('deaf', world.clock)


@pytest.mark.parametrize(
    ('broken', 'scenario'),
    [
        (SaysNothingOfALoss, outages.does_not_know_without_answer),
        (SendsWhatIsWithheld, stopping.keeps_orders_back),
        (TellsFillsAnew, outages.gives_a_fill_one_id),
        (TellsFillsAnew, outages.tells_a_double_under_one_id),
        (TellsTheEndFirst, placing.is_accepted_before_it_fills),
        (CancelsInWordsAlone, changing.takes_it_out),
        (TakesAllForOneSymbol, changing.takes_out_one_symbol),
        (ForgetsSince, asking.lists_fills_since),
        (RoundsQuantities, placing.keeps_fractions_or_refuses_them),
        (StopsThroughTheLoop, stopping.takes_everything_out_of_a_blocked_loop),
        (StopsInWordsAlone, stopping.admits_what_it_does_not_know),
        (RejectsWhatIsUnknown, outages.does_not_know_of_a_lost_answer),
        (HidesOthers, outages.shows_orders_of_others),
        (NeverLost, outages.notices_a_loss),
    ],
    ids=lambda each: each.__name__,
)
@pytest.mark.filterwarnings(
    'ignore::pytest.PytestUnhandledThreadExceptionWarning'
)
async def test_a_broken_promise_is_found(monkeypatch, broken, scenario):
    monkeypatch.setattr(desks, 'PATIENCE_S', 0.5)
    world = ScriptedWorld()
    world.cls = broken
    with pytest.raises((AssertionError, errors.BrokerRejectedError)):
        await suite.run(scenario, world)


@pytest.mark.parametrize(
    'scenario', suite.AT_REST, ids=lambda each: each.__name__
)
async def test_a_sandbox_plays_what_needs_no_market(scenario):
    behind = ScriptedWorld()
    world = await sandbox.SandboxWorld(behind.make).begin()
    await suite.run(scenario, world)
    assert not behind.venue.working()


async def test_an_account_of_real_money_is_no_sandbox():
    behind = ScriptedWorld()
    behind.cls = RealMoney
    with pytest.raises(errors.RefusedError, match='play money'):
        await sandbox.SandboxWorld(behind.make).begin()


class RealMoney(Way):
    """Does not say that its money is play money."""

    async def get_account_info(self):
        found = await super().get_account_info()
        return msgspec.structs.replace(found, simulated=None)


@pytest.mark.parametrize(
    'scenario',
    [placing.buys_at_the_market, outages.notices_a_loss],
    ids=lambda each: each.__name__,
)
async def test_a_sandbox_cannot_be_told_what_to_do(scenario):
    behind = ScriptedWorld()
    world = await sandbox.SandboxWorld(behind.make).begin()
    with pytest.raises(errors.StateError):
        await suite.run(scenario, world)
