"""What becomes of the orders and the position of a strategy that is out."""

from sting.engine import desk
from sting.engine import step
from sting.engine import wishes
from sting.model import events
from sting.model import orders
from sting.model import records

FAILED = ('failed', 'quarantined')


class Failures:
    """Carries out what was configured for a strategy's failure, or its end.

    What it does follows from the event that tells of the failure, so that the
    log has it, and all of it goes through risk.
    """

    def __init__(
        self, turn: step.Turn, order_desk: desk.OrderDesk, wish: wishes.WishDesk
    ) -> None:
        self._turn = turn
        self._desk = order_desk
        self._wishes = wish

    def take(self, event: events.Event) -> None:
        """Tells of a failure and does what its policy says.

        Args:
            event: A strategy's status: failed or quarantined.
        """
        status: records.StrategyStatus = event.data
        name = status.strategy
        text = f'strategy {name} failed: {status.detail}'
        if status.status == 'quarantined':
            text += '; it is not started again until you start it'
        self._turn.alert(
            records.Severity.CRITICAL, text, 'strategies', event.seq
        )
        self.leave(event, 'its strategy failed')

    def leave(self, event: events.Event, why: str) -> None:
        """Does with orders and position what a status says.

        Args:
            event: A status of a strategy that is not fed any more.
            why: For the log.
        """
        status: records.StrategyStatus = event.data
        name = status.strategy
        if status.policy in ('cancel', 'flatten'):
            working = [
                order
                for order in self._turn.state.working()
                if order.strategy == name
            ]
            for order in working:
                self._desk.cancel(order, why, event.seq)
        if status.policy == 'flatten':
            self._flatten(name, event, why)

    def _flatten(self, name: str, event: events.Event, why: str) -> None:
        """Wants to be out of all that the strategy holds, in its name."""
        system = self._turn.state
        for nth, symbol in enumerate(list(system.book(name).held), start=1):
            wish = orders.Signal(
                symbol=symbol,
                kind=orders.SignalKind.CLOSE,
                reason=why,
                order_id=f'{system.log}-{event.seq}-0-{nth}',
                strategy=name,
            )
            self._wishes.take(
                self._turn.emit(
                    events.EventType.SIGNAL, wish, 'engine', symbol, event.seq
                )
            )
