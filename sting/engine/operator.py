"""What the operator asks for: checked first, then done."""

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

import msgspec

from sting.engine import desk
from sting.engine import inbox as inboxes
from sting.engine import state
from sting.engine import step
from sting.model import checks
from sting.model import commands
from sting.model import errors
from sting.model import events
from sting.model import market
from sting.model import orders
from sting.model import protection
from sting.model import records

_T = events.EventType
_S = orders.OrderStatus


class Operator:
    """Checks and carries out commands."""

    def __init__(
        self,
        turn: step.Turn,
        order_desk: desk.OrderDesk,
        inbox: inboxes.Inbox,
        *,
        strategies: Mapping[str, int],
    ) -> None:
        self._turn = turn
        self._desk = order_desk
        self._inbox = inbox
        self._strategies = strategies
        self._commands: Mapping[type, Callable[[events.Event, Any], None]] = {
            commands.SubmitOrder: self._submit,
            commands.CancelOrder: self._cancel,
            commands.CancelAll: self._cancel_all,
            commands.ReplaceOrder: self._replace,
            commands.Flatten: self._flatten,
            commands.Halt: self._halt,
            commands.Reduce: self._reduce,
            commands.Resume: self._resume,
            commands.StartStrategy: self._start_strategy,
            commands.StopStrategy: self._stop_strategy,
            commands.ReloadStrategy: self._reload_strategy,
            commands.RollbackStrategy: self._reload_strategy,
            commands.SetParameters: self._set_parameters,
            commands.AcknowledgeAlerts: self._acknowledge,
            commands.WatchSymbol: self._watch_symbol,
            commands.UnwatchSymbol: self._watch_symbol,
            commands.Settle: inbox.settle,
            commands.Protect: self._protect,
        }

    def check(self, command: commands.Command) -> None:
        """Refuses what cannot be done, before it becomes an event.

        Args:
            command: What is asked for.

        Raises:
            errors.OrderError: Its order makes no sense.
            errors.RefusedError: It is not allowed now.
        """
        if isinstance(command, commands.SubmitOrder):
            checks.check_order(
                symbol=command.symbol,
                quantity=command.quantity,
                type=command.type,
                price=command.price,
                stop_price=command.stop_price,
            )
            checks.check_exits(
                side=command.side,
                price=command.price,
                stop_price=command.stop_price,
                take_profit=command.take_profit,
                stop_loss=command.stop_loss,
            )
            checks.check_trail(command.type, command.trail)
            checks.check_time(command.time_in_force, command.expires)
            self._check_expiry(command.expires)
            self._check_symbol(command.symbol)
        elif isinstance(command, commands.CancelOrder):
            self._check_working(command.order_id)
        elif isinstance(command, commands.ReplaceOrder):
            self._check_replace(command)
        elif isinstance(command, commands.Resume):
            if command.confirm != commands.RESUME_WORD:
                raise errors.RefusedError(
                    f'type {commands.RESUME_WORD} to resume trading'
                )
        elif isinstance(command, commands.Reduce):
            self._check_reduce()
        elif isinstance(command, commands.WatchSymbol):
            self._check_watch(command.symbol)
        elif isinstance(command, commands.UnwatchSymbol):
            self._check_unwatch(command.symbol)
        elif isinstance(command, commands.Settle):
            self._inbox.check(command)
        elif isinstance(command, commands.Protect | commands.MoveStop):
            self._check_protect(command)
        elif isinstance(command, commands.Flatten):
            self._check_flatten(command)
        elif isinstance(
            command,
            commands.StartStrategy
            | commands.StopStrategy
            | commands.ReloadStrategy
            | commands.RollbackStrategy
            | commands.SetParameters,
        ):
            self._check_strategy(command)

    def _check_flatten(self, command: commands.Flatten) -> None:
        halted = self._turn.state.trading is records.TradingState.HALTED
        if halted and command.confirm != commands.FLATTEN_WORD:
            raise errors.RefusedError(
                f'trading is halted: type {commands.FLATTEN_WORD} to '
                'close positions all the same'
            )
        if command.symbol is not None:
            self._check_symbol(command.symbol)
        if not 0 < command.share <= 1:
            raise errors.OrderError(
                f'a share of {command.share:g} cannot be closed; it is '
                'above 0 and at most 1'
            )

    def _check_reduce(self) -> None:
        system = self._turn.state
        if system.trading is not records.TradingState.TRADING:
            raise errors.RefusedError(
                f'trading is {system.trading} already ({system.halted_by})'
            )

    def _check_expiry(self, expires: int | None) -> None:
        if expires is not None and expires <= self._turn.now:
            raise errors.OrderError(
                f'{market.to_iso(expires)} is over; gtd needs a moment to come'
            )

    def _check_symbol(self, symbol: str) -> None:
        foreign = self._desk.foreign(symbol)
        if foreign:
            raise errors.OrderError(foreign)

    def _check_watch(self, symbol: str) -> None:
        if not symbol or symbol != ''.join(symbol.split()):
            raise errors.OrderError(f'{symbol!r} is no symbol')
        if self._desk.follows(symbol):
            raise errors.RefusedError(f'{symbol} is followed already')

    def _check_unwatch(self, symbol: str) -> None:
        system = self._turn.state
        if symbol not in system.watched:
            raise errors.RefusedError(
                f'{symbol} was not added; what the profile names is taken out '
                'of sting.yaml'
                if self._desk.follows(symbol)
                else f'{symbol} is not followed'
            )
        held = system.portfolio.quantity(symbol)
        if held:
            raise errors.RefusedError(
                f'{held:g} {symbol} are held; close that first'
            )
        if any(True for _ in system.working(symbol)):
            raise errors.RefusedError(
                f'orders for {symbol} work; cancel them first'
            )

    def _check_protect(
        self, command: commands.Protect | commands.MoveStop
    ) -> None:
        """Refuses what protects nothing, or would close it at once."""
        if isinstance(command, commands.MoveStop):
            raise errors.RefusedError('a trail moves its stop by itself')
        system, symbol = self._turn.state, command.symbol
        held = system.book(command.strategy) if command.strategy else None
        position = (held or system.portfolio).positions.get(symbol)
        if position is None or not position.quantity:
            raise errors.RefusedError(f'nothing of {symbol} is held')
        if command.is_empty:
            return
        guard = protection.guard('check', position, command, command.strategy)
        price = system.prices.get(symbol)
        if price is None:
            raise errors.RefusedError(f'{symbol} has no price yet')
        sign = guard.side.sign
        for name, level, beyond in (
            ('stop', guard.stop, sign),
            ('target', guard.target, -sign),
        ):
            if level is not None and beyond * (level - price) <= 0:
                raise errors.OrderError(
                    f'{name} {level:g} would close {symbol} at once: its last '
                    f'price is {price:g}'
                )
        if guard.until and guard.until <= self._turn.now:
            raise errors.OrderError(
                f'{symbol} is held for longer than {command.max_holding} '
                'already; close it instead'
            )

    def _check_working(self, order_id: str) -> orders.Order:
        order = self._turn.state.orders.get(order_id)
        if order is None:
            raise errors.RefusedError(f'there is no order {order_id}')
        if not order.is_working:
            raise errors.RefusedError(f'order {order_id} is {order.status}')
        return order

    def _check_replace(self, command: commands.ReplaceOrder) -> None:
        order = self._check_working(command.order_id)
        if order.status not in (_S.ACCEPTED, _S.PARTIALLY_FILLED):
            raise errors.RefusedError(
                f'order {order.id} is {order.status} and cannot be changed now'
            )
        if order.type is orders.OrderType.TRAILING_STOP:
            raise errors.RefusedError(orders.KEEPS_TERMS)
        if order.parent and command.quantity not in (None, order.quantity):
            raise errors.RefusedError(
                f'order {order.id} is an attached exit, whose quantity '
                'follows what it is to close; cancel it instead'
            )
        if command.quantity not in (None, order.quantity) and any(
            other.held and other.parent == order.id
            for other in self._turn.state.working(order.symbol)
        ):
            raise errors.RefusedError(
                f'the exits of order {order.id} are at the broker for '
                f'{order.quantity:g}; cancel it and send another'
            )
        changed = desk.replaced(
            order, command.quantity, command.price, command.stop_price
        )
        checks.check_order(
            symbol=changed.symbol,
            quantity=changed.quantity,
            type=changed.type,
            price=changed.price,
            stop_price=changed.stop_price,
        )
        checks.check_exits(
            side=changed.side,
            price=changed.price,
            stop_price=changed.stop_price,
            take_profit=changed.take_profit,
            stop_loss=changed.stop_loss,
        )
        if changed.quantity <= order.filled:
            raise errors.OrderError(
                f'quantity {changed.quantity:g} must be above the '
                f'{order.filled:g} filled already'
            )

    def _check_strategy(
        self,
        command: commands.StartStrategy
        | commands.StopStrategy
        | commands.ReloadStrategy
        | commands.RollbackStrategy
        | commands.SetParameters,
    ) -> None:
        if command.name not in self._strategies:
            raise errors.RefusedError(
                f'there is no strategy {command.name}; there are '
                + (', '.join(self._strategies) or 'none')
                + '; one added to the profile comes with the next start'
            )
        status = self._turn.state.strategies.get(command.name)
        live = status is not None and status.status in state.RUNNING
        if isinstance(command, commands.SetParameters):
            _check_parameters(command, status)
        elif isinstance(command, commands.StopStrategy):
            if status is None or status.status not in state.ALIVE:
                raise errors.RefusedError(f'{command.name} is not running')
        elif not isinstance(command, commands.StartStrategy):
            if not live:
                raise errors.RefusedError(
                    f'{command.name} is not running; started, it takes its '
                    'files as they are'
                )
        elif live:
            raise errors.RefusedError(f'{command.name} is running already')
        elif self._turn.state.trading is records.TradingState.HALTED:
            raise errors.RefusedError(
                f'trading is halted: resume before starting {command.name}'
            )

    def weigh(
        self, command: commands.SubmitOrder | commands.ReplaceOrder
    ) -> records.Verdict:
        """Gives what risk would say of an order or a change, now.

        Args:
            command: What would be asked for.

        Raises:
            errors.OrderError: It makes no sense.
            errors.RefusedError: It is not allowed now.
        """
        self.check(command)
        if isinstance(command, commands.SubmitOrder):
            _, verdict = self._desk.weigh(_order(command, ''))
            return verdict
        return self._desk.gate.evaluate_order(
            desk.replaced(
                self._turn.state.orders[command.order_id],
                command.quantity,
                command.price,
                command.stop_price,
            ),
            self._turn.state,
        )

    def carry_out(self, event: events.Event) -> None:
        """Does what a command asks for.

        Args:
            event: The command's event.
        """
        command = event.data.command
        self._commands[type(command)](event, command)

    def _answer(
        self, event: events.Event, message: str, *, order_id: str = ''
    ) -> None:
        order = self._turn.state.orders.get(order_id)
        denied = order is not None and order.status is _S.DENIED
        self._turn.result = commands.CommandResult(
            ok=not denied,
            message=message,
            seq=event.seq,
            order_id=order_id,
            status='' if order is None else str(order.status),
        )

    def _operator_id(self, event: events.Event, nth: int) -> str:
        return f'{self._turn.state.log}-{event.seq}-0-{nth}'

    def _submit(
        self, event: events.Event, command: commands.SubmitOrder
    ) -> None:
        order = self._desk.request(
            _order(command, self._operator_id(event, 1)),
            event,
        )
        message = f'{order.side} {order.quantity:g} {order.symbol} sent'
        if order.status is _S.DENIED:
            message = f'denied: {order.message}'
        self._answer(event, message, order_id=order.id)

    def _cancel(
        self, event: events.Event, command: commands.CancelOrder
    ) -> None:
        order = self._turn.state.orders[command.order_id]
        self._desk.cancel(order, 'by the operator', event.seq)
        self._answer(event, 'cancel sent', order_id=order.id)

    def _cancel_all(
        self, event: events.Event, command: commands.CancelAll
    ) -> None:
        count = self._desk.cancel_working(
            command.symbol, 'by the operator', event.seq, command.side
        )
        self._answer(event, f'cancels sent for {_count(count, "order")}')

    def _replace(
        self, event: events.Event, command: commands.ReplaceOrder
    ) -> None:
        order = self._turn.state.orders[command.order_id]
        verdict = self._desk.replace(
            order,
            event.seq,
            quantity=command.quantity,
            price=command.price,
            stop_price=command.stop_price,
        )
        if verdict.decision is not records.Decision.APPROVE:
            self._turn.result = commands.CommandResult(
                ok=False,
                message=f'denied: {verdict.message}',
                seq=event.seq,
                order_id=order.id,
                status=order.status,
            )
            return
        self._answer(event, 'change sent', order_id=order.id)

    def _flatten(self, event: events.Event, command: commands.Flatten) -> None:
        # What else an earlier flatten waits for goes on by itself.
        closing = [
            symbol
            for symbol in self._turn.state.closing
            if command.symbol in (None, symbol)
        ]
        held = sum(s in self._turn.state.portfolio.held for s in closing)
        denied = []
        for symbol in closing:
            self._desk.cancel_working(symbol, 'flatten', event.seq)
            order = self._desk.close(symbol, event)
            if order is not None and order.status is _S.DENIED:
                denied.append(order.message)
        waiting = sum(s in self._turn.state.closing for s in closing)
        message = f'closing {_count(held, "position")}'
        if waiting:
            message += f', {waiting} once its working orders are cancelled'
        message += self._kept(closing)
        self._turn.result = commands.CommandResult(
            ok=not denied,
            message=f'denied: {denied[0]}' if denied else message,
            seq=event.seq,
        )

    def _kept(self, symbols: Sequence[str]) -> str:
        """Says which strategies go on counting what a flatten closes."""
        names = [
            name
            for name, book in self._turn.state.books.items()
            if any(book.quantity(symbol) for symbol in symbols)
        ]
        if not names:
            return ''
        return (
            f'; {", ".join(sorted(names))} still counts it as its own, but '
            'cannot close it again'
        )

    def _protect(self, event: events.Event, command: commands.Protect) -> None:
        if command.is_empty:
            self._answer(event, f'{command.symbol} is not protected any more')
            return
        guarded = self._turn.state.guards[command.symbol][command.strategy]
        words = [
            f'{name} {level:g}'
            for name, level in (
                ('stop', guarded.stop),
                ('target', guarded.target),
            )
            if level is not None
        ]
        if command.trail is not None:
            words.append(f'trailing {command.trail}')
        if guarded.until:
            words.append(f'until {market.to_iso(guarded.until)}')
        self._answer(event, f'{command.symbol} protected: {", ".join(words)}')

    def _halt(self, event: events.Event, command: commands.Halt) -> None:
        self._desk.halt(command.who, command.reason, event.seq)
        self._answer(event, 'halted: resume with the typed word')

    def _reduce(self, event: events.Event, command: commands.Reduce) -> None:
        count = self._desk.reduce(command.who, command.reason, event.seq)
        message = 'reducing: only what shrinks a position passes'
        if count:
            message += f'; cancels sent for {_count(count, "order")}'
        self._answer(event, message)

    def _resume(self, event: events.Event, command: commands.Resume) -> None:
        was = self._turn.state.trading
        self._turn.emit(
            _T.TRADING_STATE,
            records.TradingStateChange(
                state=records.TradingState.TRADING, who='operator'
            ),
            'engine',
            cause=event.seq,
        )
        self._turn.effects.append(step.Release())
        self._desk.stops.end()
        message = 'trading'
        if was is records.TradingState.HALTED:
            message += '; strategies stay stopped until started'
        self._answer(event, message)

    def _watch_symbol(
        self,
        event: events.Event,
        command: commands.WatchSymbol | commands.UnwatchSymbol,
    ) -> None:
        self._turn.effects.append(step.Follow())
        more = isinstance(command, commands.WatchSymbol)
        word = 'is followed' if more else 'is followed no more'
        self._answer(event, f'{command.symbol} {word}')

    def _start_strategy(
        self, event: events.Event, command: commands.StartStrategy
    ) -> None:
        self._turn.emit(
            _T.STRATEGY_STATUS,
            records.StrategyStatus(strategy=command.name, status='starting'),
            'engine',
            cause=event.seq,
        )
        self._turn.effects.append(step.Start(command.name, event.seq))
        self._answer(event, f'starting {command.name}')

    def _stop_strategy(
        self, event: events.Event, command: commands.StopStrategy
    ) -> None:
        last = self._turn.state.strategies[command.name]
        if last.status not in state.RUNNING:
            # It only waits, and may just have asked to be started again.
            self._turn.emit(
                _T.STRATEGY_STATUS,
                records.StrategyStatus(strategy=command.name, status='stopped'),
                'engine',
                cause=event.seq,
            )
        self._turn.effects.append(step.Stop(command.name, event.seq))
        self._answer(event, f'stopping {command.name}')

    def _reload_strategy(
        self,
        event: events.Event,
        command: commands.ReloadStrategy | commands.RollbackStrategy,
    ) -> None:
        back = isinstance(command, commands.RollbackStrategy)
        self._turn.effects.append(step.Reload(command.name, event.seq, back))
        doing = 'rolling back' if back else 'reloading'
        self._answer(event, f'{doing} {command.name}')

    def _set_parameters(
        self, event: events.Event, command: commands.SetParameters
    ) -> None:
        name, system = command.name, self._turn.state
        given = {**system.parameters.get(name, {}), **command.parameters}
        given = {key: v for key, v in given.items() if v is not None}
        last = system.strategies.get(name)
        if last is not None and last.status in state.RUNNING:
            self._turn.effects.append(
                step.Reload(name, event.seq, back=False, given=given)
            )
            self._answer(event, f'setting {", ".join(command.parameters)}')
            return
        last = last or records.StrategyStatus(strategy=name, status='stopped')
        self._turn.emit(
            _T.STRATEGY_STATUS,
            msgspec.structs.replace(last, policy='', parameters=given),
            'engine',
            cause=event.seq,
        )
        self._answer(event, f'{name} takes this with its next start')

    def _acknowledge(
        self, event: events.Event, command: commands.AcknowledgeAlerts
    ) -> None:
        self._turn.emit(
            _T.ALERT_SEEN,
            records.AlertSeen(up_to=command.up_to, only=command.only),
            'operator',
            cause=event.seq,
        )
        self._answer(event, 'seen')


def _check_parameters(
    command: commands.SetParameters, last: records.StrategyStatus | None
) -> None:
    """Refuses parameters that nobody would take; bounds are the room's."""
    if not command.parameters:
        raise errors.RefusedError('nothing is set; write name=value')
    if last is not None and last.status == 'starting':
        raise errors.RefusedError(
            f'{command.name} is starting; set its parameters once it runs'
        )


def _count(number: int, noun: str) -> str:
    return f'{number} {noun}{"" if number == 1 else "s"}'


def _order(command: commands.SubmitOrder, order_id: str) -> orders.Order:
    """Gives the order that is asked for."""
    return orders.Order(
        id=order_id,
        symbol=command.symbol,
        side=command.side,
        quantity=command.quantity,
        type=command.type,
        price=command.price,
        stop_price=command.stop_price,
        take_profit=command.take_profit,
        stop_loss=command.stop_loss,
        trail=command.trail,
        time_in_force=command.time_in_force,
        expires=command.expires,
        reason=command.reason,
        extended_hours=command.extended_hours,
    )
