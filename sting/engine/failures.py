"""What becomes of the orders and the position of a strategy that failed."""

from sting.engine import desk
from sting.engine import step
from sting.engine import wishes
from sting.model import events
from sting.model import orders
from sting.model import records

FAILED = ('failed', 'quarantined')


class Failures:
    """Carries out what was configured for a strategy's failure.

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
        if status.policy in ('cancel', 'flatten'):
            working = [
                order
                for order in self._turn.state.working()
                if order.strategy == name
            ]
            for order in working:
                self._desk.cancel(order, 'its strategy failed', event.seq)
        if status.policy == 'flatten':
            self._flatten(name, event)

    def _flatten(self, name: str, event: events.Event) -> None:
        """Wants to be out of all that the strategy holds, in its name."""
        system = self._turn.state
        for nth, symbol in enumerate(list(system.book(name).held), start=1):
            wish = orders.Signal(
                symbol=symbol,
                kind=orders.SignalKind.CLOSE,
                reason='its strategy failed',
                order_id=f'{system.log}-{event.seq}-0-{nth}',
                strategy=name,
            )
            self._wishes.take(
                self._turn.emit(
                    events.EventType.SIGNAL, wish, 'engine', symbol, event.seq
                )
            )
