"""The inbox: in what the broker's book and ours differ, until it is settled.

While a position or an order of a symbol differs, nothing new goes out for it:
only what shrinks the position in both books.
"""

from collections.abc import Container
from collections.abc import Mapping

import msgspec

from sting.engine import bus
from sting.engine import desk
from sting.engine import settleable
from sting.engine import step
from sting.model import commands
from sting.model import errors
from sting.model import events
from sting.model import orders
from sting.model import records

_T = events.EventType
_S = orders.OrderStatus
_K = records.DifferenceKind
_H = commands.How

# The tag of a fill that books what was found at the broker.
SETTLED = 'settled'

_SEVERITY: Mapping[records.DifferenceKind, records.Severity] = {
    _K.POSITION: records.Severity.CRITICAL,
    _K.ORDER: records.Severity.WARNING,
    _K.MISSING: records.Severity.CRITICAL,
    _K.CASH: records.Severity.WARNING,
    _K.ACCOUNT: records.Severity.CRITICAL,
}


class Inbox:
    """Keeps the differences that were found, and settles them."""

    def __init__(
        self,
        turn: step.Turn,
        order_desk: desk.OrderDesk,
        strategies: Container[str],
    ) -> None:
        self._turn = turn
        self._desk = order_desk
        self._strategies = strategies

    def take(self, incoming: bus.Incoming) -> None:
        """Takes what a look at the broker's book found.

        What has moved in our book since is left as it was: the next look will
        see it.

        Args:
            incoming: A reconciliation.
        """
        turn, system = self._turn, self._turn.state
        found: records.Reconciliation = incoming.data
        before = {
            name: each
            for name, each in system.differences.items()
            if each.broker == found.broker
        }
        now = []
        for each in found.differences:
            old = before.get(each.id)
            if settleable.has_moved(each, system):
                if old is not None:
                    now.append(old)
            elif old is not None and old.accepted:
                now.append(msgspec.structs.replace(each, accepted=True))
            else:
                now.append(each)
        event = turn.emit(
            _T.RECONCILIATION,
            msgspec.structs.replace(found, differences=tuple(now)),
            incoming.source,
        )
        for each in now:
            old = before.get(each.id)
            if old is None or abs(old.offset - each.offset) > settleable.CENT:
                turn.alert(
                    _SEVERITY[each.kind],
                    f'{incoming.source}: {each.text}; see the inbox, {each.id}',
                    'inbox',
                    event.seq,
                )
        for gone in before.keys() - system.differences.keys():
            turn.alert(
                records.Severity.INFO,
                f'{incoming.source}: both books agree again on {gone}',
                'inbox',
                event.seq,
            )

    def check(self, command: commands.Settle) -> None:
        """Refuses what cannot settle a difference.

        Args:
            command: What the operator decided.

        Raises:
            errors.RefusedError: It is not there, or cannot be settled so.
        """
        system = self._turn.state
        found = system.differences.get(command.id)
        if found is None or settleable.is_empty(found):
            raise errors.RefusedError(
                f'there is no {command.id} in the inbox; there is '
                + (', '.join(system.differences) or 'nothing')
            )
        if command.strategy:
            self._check_strategy(found, command)
        refusal = settleable.refusal(found, command.how, system)
        if refusal:
            raise errors.RefusedError(f'{found.id}: {refusal}')
        if (
            command.how is _H.FLATTEN
            and found.kind is _K.POSITION
            and command.confirm != commands.FLATTEN_WORD
        ):
            raise errors.RefusedError(
                f'type {commands.FLATTEN_WORD} to close it at market'
            )

    def _check_strategy(
        self, found: records.Difference, command: commands.Settle
    ) -> None:
        if command.how is not _H.ADOPT or found.kind is not _K.POSITION:
            raise errors.RefusedError(
                'only a position that is adopted can go to a strategy'
            )
        if command.strategy not in self._strategies:
            raise errors.RefusedError(
                f'there is no strategy {command.strategy} in this profile'
            )

    def settle(self, event: events.Event, command: commands.Settle) -> None:
        """Settles a difference.

        Args:
            event: The command's event.
            command: What the operator decided; it was checked.
        """
        found = self._turn.state.differences[command.id]
        # Bought elsewhere, it was paid for; brought in, the cash is as it was.
        paid = any(
            each.kind is _K.CASH and each.broker == found.broker
            for each in self._turn.state.differences.values()
        )
        if command.how is not _H.FLATTEN or found.kind is _K.POSITION:
            self._close(found, command.how, event)
        if found.kind is _K.POSITION:
            self._settle_position(found, event, command, paid=paid)
        elif found.kind is _K.CASH:
            self._settle_cash(found, event)
        elif found.order is not None:
            self._settle_order(found, found.order, event, command.how)

    def _settle_order(
        self,
        found: records.Difference,
        order: orders.Order,
        event: events.Event,
        how: commands.How,
    ) -> None:
        if how is _H.FLATTEN:
            self._cancel(order, found.id, event)
        elif how is _H.ADOPT:
            self._adopt(order, found.text, event)
        elif found.kind is _K.MISSING:
            self._end(order, event)
        else:
            self._answer(event, f'{found.id} is left as it is')

    def _close(
        self, found: records.Difference, how: commands.How, event: events.Event
    ) -> None:
        """Takes a difference from the list before anything is done about it.

        An order that is left as it is stays, in nobody's way, so that the
        next look does not find it again; what a position did to the cash is
        looked at anew.
        """
        rest = dict(self._turn.state.differences)
        del rest[found.id]
        if found.kind is _K.ORDER and how is _H.ACCEPT:
            rest[found.id] = msgspec.structs.replace(found, accepted=True)
        if found.kind is _K.POSITION:
            rest = {
                name: each
                for name, each in rest.items()
                if each.kind is not _K.CASH or each.broker != found.broker
            }
        self._turn.emit(
            _T.RECONCILIATION,
            records.Reconciliation(
                trigger='settled', differences=tuple(rest.values())
            ),
            'operator',
            found.symbol,
            event.seq,
        )

    def _settle_position(
        self,
        found: records.Difference,
        event: events.Event,
        command: commands.Settle,
        *,
        paid: bool,
    ) -> None:
        """Books what the broker has more, and closes it where that is asked.

        It is booked as an order that was filled elsewhere, so that it can be
        traced like every other change of a position.
        """
        side = (
            orders.OrderSide.BUY if found.offset > 0 else orders.OrderSide.SELL
        )
        made = self._stand_in(
            orders.Order(
                id=self._id(event, 1),
                symbol=found.symbol,
                side=side,
                quantity=abs(found.offset),
                strategy=command.strategy,
                reason=f'{command.how} by the operator: {found.text}',
                broker=found.broker,
            ),
            event,
        )
        self._desk.report(
            orders.Fill(
                order_id=made.id,
                execution_id=f'{made.id}-{SETTLED}',
                symbol=made.symbol,
                side=side,
                quantity=made.quantity,
                price=settleable.price(found, self._turn.state),
                timestamp=self._turn.now,
                tag=SETTLED,
                broker=found.broker,
            ),
            'operator',
        )
        if not paid:
            self._flow(
                found,
                found.offset * settleable.price(found, self._turn.state),
                event,
            )
        if command.how is not _H.FLATTEN:
            whose = command.strategy or 'the operator'
            self._answer(
                event, f'{found.offset:+g} {found.symbol} booked for {whose}'
            )
            return
        order = self._desk.request(
            orders.Order(
                id=self._id(event, 2),
                symbol=found.symbol,
                side=side.opposite,
                quantity=min(abs(found.offset), abs(found.theirs)),
                reason=f'flatten {found.id}',
                broker=found.broker,
            ),
            event,
            flatten=True,
        )
        message = f'{order.side} {order.quantity:g} {order.symbol} sent'
        if order.status is _S.DENIED:
            message = f'denied: {order.message}'
        self._answer(event, message, order)

    def _settle_cash(
        self, found: records.Difference, event: events.Event
    ) -> None:
        self._flow(found, found.offset, event)
        self._answer(event, f'{found.offset:+,.2f} booked')

    def _flow(
        self, found: records.Difference, amount: float, event: events.Event
    ) -> None:
        """Books cash that came or went without a fill of ours."""
        flow = records.CashFlow(
            kind=records.FlowKind.ADJUSTMENT,
            amount=amount,
            detail=f'accepted by the operator: {found.text}',
            broker=found.broker,
        )
        booked = self._turn.emit(
            _T.CASH_FLOW, flow, 'operator', cause=event.seq
        )
        self._turn.effects.append(step.Notify(booked))

    def _cancel(
        self, order: orders.Order, name: str, event: events.Event
    ) -> None:
        """Has an order cancelled there; it stays open until it is gone."""
        ours = self._turn.state.orders.get(order.id)
        if ours is not None and ours.is_working:
            self._desk.cancel(ours, f'flatten {name}', event.seq)
        else:
            self._turn.effects.append(step.Cancel(order))
        self._answer(event, 'cancel sent', order)

    def _adopt(
        self, order: orders.Order, text: str, event: events.Event
    ) -> None:
        """Makes an order of the operator of one that was placed elsewhere.

        It keeps the id that it has at the broker: by that one it is reported,
        changed and cancelled.
        """
        order = self._stand_in(
            msgspec.structs.replace(
                order,
                strategy='',
                reason=f'adopted by the operator: {text}',
            ),
            event,
        )
        self._answer(event, f'{order.id} is ours from here on', order)

    def _end(self, order: orders.Order, event: events.Event) -> None:
        """Takes an order of ours as gone, which only the operator can say."""
        self._desk.update(
            orders.OrderUpdate(
                order_id=order.id,
                status=_S.CANCELLED,
                message='the broker does not have it: accepted by the operator',
            ),
            'operator',
            event.seq,
        )
        self._answer(event, f'{order.id} counts as cancelled')

    def _stand_in(
        self, order: orders.Order, event: events.Event
    ) -> orders.Order:
        """Puts an order into the book that works at the broker already."""
        now = self._turn.now
        status = _S.PARTIALLY_FILLED if order.filled else _S.ACCEPTED
        order = msgspec.structs.replace(
            order,
            created=order.created or now,
            updated=now,
            status=status,
            resting=status,
            cause=event.seq,
            judged=event.seq,
            seq=self._turn.state.seq + 1,
        )
        self._turn.emit(
            _T.ORDER_REQUEST, order, 'operator', order.symbol, event.seq
        )
        return order

    def _id(self, event: events.Event, nth: int) -> str:
        return f'{self._turn.state.log}-{event.seq}-0-{nth}'

    def _answer(
        self,
        event: events.Event,
        message: str,
        order: orders.Order | None = None,
    ) -> None:
        order_id = '' if order is None else order.id
        known = self._turn.state.orders.get(order_id)
        self._turn.result = commands.CommandResult(
            ok=known is None or known.status is not _S.DENIED,
            message=message,
            seq=event.seq,
            order_id=order_id,
            status='' if known is None else str(known.status),
        )
