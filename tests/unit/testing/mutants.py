"""Engines that are wrong in one place each, for the simulation to catch."""

from collections.abc import Callable

import pytest

from sting.broker import errands
from sting.broker import link as links
from sting.broker import way
from sting.engine import brackets
from sting.engine import bus
from sting.engine import core
from sting.engine import desk
from sting.engine import doors
from sting.engine import recovery
from sting.engine import sequence
from sting.engine import state
from sting.engine import step
from sting.engine import wishes
from sting.model import errors
from sting.risk import admission
from sting.risk import rules
from sting.risk import stop
from sting.testing.simulation import disk

Patch = Callable[[pytest.MonkeyPatch], None]

_original_fill = state.SystemState._apply_fill
_original_bus = bus.EventBus.__init__
_original_restore = recovery.restore
_original_finish = sequence.Sequence._finish


def fills_are_not_deduped(patch):
    patch.setattr(
        state.SystemState, 'knows_execution', lambda self, fill: False
    )


def orders_are_not_deduped(patch):
    patch.setattr(
        wishes.WishDesk,
        'admits',
        lambda self, signal, cause: not doors.signal_fault(signal),
    )


def lanes_are_swapped(patch):
    def swapped(self, limits=None):
        _original_bus(self, limits)
        self._queues = dict(reversed(self._queues.items()))

    patch.setattr(bus.EventBus, '__init__', swapped)


def a_failed_commit_counts_as_done(patch):
    async def commit(self, decided):
        try:
            await self._log.append(decided)
        except errors.JournalWriteError as error:
            self._failed(str(error))

    patch.setattr(sequence.Sequence, '_commit', commit)


def a_failed_commit_moves_the_head(patch):
    async def append(self, batch):
        rows, self._head = disk.journal.encode_rows(batch, self._head)
        await self._disk.write(rows)
        self.seq = batch[-1].seq

    patch.setattr(disk.SimulatedJournal, 'append', append)


def a_commit_that_failed_is_not_looked_for(patch):
    async def newest(self):
        return None

    patch.setattr(disk.SimulatedJournal, '_newest', newest)


def effects_go_out_before_the_commit(patch):
    async def finish(self, done):
        for _, taken in done:
            for effect in taken.effects:
                self._outlet.act(effect)
            taken.effects.clear()
        await _original_finish(self, done)

    patch.setattr(sequence.Sequence, '_finish', finish)


def an_order_is_sent_again_without_asking(patch):
    async def ask(self, order_id):
        question = self.open.get(order_id)
        if isinstance(question, step.Place):
            await self.place([question.order])

    patch.setattr(errands.Errands, 'ask', ask)


def nobody_asks_again(patch):
    patch.setattr(way.Way, '_ask_later', lambda self, question: None)


def a_restart_asks_for_no_fills(patch):
    original = errands.Errands.know

    def know(self, ledger):
        original(self, errands.Ledger(ledger.working, lambda fill: True, 0))

    patch.setattr(errands.Errands, 'know', know)


def a_restart_sends_what_works_again(patch):
    async def settle(self, order_id, theirs):
        question = self.open.get(order_id)
        if isinstance(question, step.Place):
            await self.place([question.order])

    patch.setattr(errands.Errands, '_settle', settle)


def old_orders_are_sent_after_all(patch):
    patch.setattr(links.BrokerLink, 'deadline', lambda self, since: 1e6)


def the_stop_flag_is_not_read(patch):
    patch.setattr(stop.EmergencyStop, 'withholds', lambda self, order: False)


def a_halt_is_not_judged(patch):
    patch.setattr(admission, '_trading', lambda order, system, *, flatten: None)


def working_orders_do_not_count(patch):
    def reach(order, system):
        held = system.portfolio.quantity(order.symbol)
        return held + order.signed_remaining, held

    patch.setattr(rules, 'reach', reach)


def a_cancel_has_no_pending_state(patch):
    def cancel(self, order, reason, cause):
        if order.is_working:
            self._turn.effects.append(step.Cancel(order))

    patch.setattr(desk.OrderDesk, 'cancel', cancel)


def a_halt_cancels_nothing(patch):
    patch.setattr(
        desk.OrderDesk, 'cancel_working', lambda self, symbol, why, cause: 0
    )


def fills_are_booked_twice_in_the_book(patch):
    def apply(self, seq, fill):
        _original_fill(self, seq, fill)
        order = self.orders.get(fill.order_id)
        if order is not None and order.strategy in self.books:
            self.books[order.strategy].apply(fill)

    patch.setattr(state.SystemState, '_apply_fill', apply)


def positions_are_not_restored(patch):
    def restore(path, system, take):
        found = _original_restore(path, system, take)
        system.portfolio.positions.clear()
        return found

    patch.setattr(recovery, 'restore', restore)


def executions_are_not_restored(patch):
    def restore(path, system, take):
        found = _original_restore(path, system, take)
        system._executions.clear()
        return found

    patch.setattr(recovery, 'restore', restore)


def exits_stay_as_large_as_they_are(patch):
    patch.setattr(brackets.Brackets, '_fit', lambda self, *rest: None)


def exits_at_the_broker_never_wake(patch):
    patch.setattr(state.SystemState, '_wake', lambda self, entry: None)


def there_is_no_door(patch):
    patch.setattr(core.CoreEngine, '_refuses', lambda self, incoming: False)


ALL: tuple[Patch, ...] = (
    fills_are_not_deduped,
    orders_are_not_deduped,
    lanes_are_swapped,
    a_failed_commit_counts_as_done,
    a_failed_commit_moves_the_head,
    a_commit_that_failed_is_not_looked_for,
    effects_go_out_before_the_commit,
    an_order_is_sent_again_without_asking,
    nobody_asks_again,
    a_restart_asks_for_no_fills,
    a_restart_sends_what_works_again,
    old_orders_are_sent_after_all,
    the_stop_flag_is_not_read,
    a_halt_is_not_judged,
    working_orders_do_not_count,
    a_cancel_has_no_pending_state,
    a_halt_cancels_nothing,
    fills_are_booked_twice_in_the_book,
    positions_are_not_restored,
    executions_are_not_restored,
    exits_stay_as_large_as_they_are,
    exits_at_the_broker_never_wake,
    there_is_no_door,
)
