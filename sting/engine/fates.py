"""The newest signals of each strategy, and what became of them."""

import bisect
from typing import Self

import msgspec

from sting.engine import describe
from sting.engine import state
from sting.model import events
from sting.model import orders
from sting.model import records
from sting.model import views

# Of each strategy.
SIGNALS = 50
_WAITS = 'waits'
_S = orders.OrderStatus
_DONE = frozenset({_S.DENIED, _S.FILLED, _S.CANCELLED, _S.REJECTED, _S.EXPIRED})


class Fates:
    """Keeps signals until newer ones take their place."""

    def __init__(self) -> None:
        # By strategy, the oldest first.
        self._kept: dict[str, list[views.SignalRow]] = {}
        self._shown: tuple[views.SignalRow, ...] = ()

    def copy(self) -> Self:
        """Gives the same signals, which go on by themselves."""
        made = type(self)()
        made._kept = {name: rows.copy() for name, rows in self._kept.items()}
        made._shown = self._shown
        return made

    def take(
        self, event: events.Event, signal: orders.Signal, bar: int
    ) -> None:
        """Takes a signal.

        Args:
            event: Its event.
            signal: What is wanted.
            bar: Stamp of its symbol's last bar, nanoseconds since the epoch.
        """
        kept = self._kept.setdefault(signal.strategy, [])
        kept.append(
            views.SignalRow(
                event.seq,
                event.timestamp,
                signal.strategy,
                signal.symbol,
                describe.aim(signal),
                reason=signal.reason,
                indicators=signal.indicators,
                order_id=signal.order_id,
                bar=bar,
            )
        )
        del kept[:-SIGNALS]

    def refuse(self, cause: int, refusal: records.Refusal) -> None:
        """Takes that a signal became no order.

        Args:
            cause: Number of the signal's event.
            refusal: What stopped it.
        """
        kept = self._kept.get(refusal.strategy, [])
        place = bisect.bisect_left(kept, cause, key=_seq)
        if place < len(kept) and kept[place].seq == cause:
            kept[place] = msgspec.structs.replace(
                kept[place],
                fate=f'{refusal.gate}: {refusal.reason}',
                is_done=True,
            )

    def rows(self, system: state.SystemState) -> tuple[views.SignalRow, ...]:
        """Gives the signals, the newest first, with what became of them.

        Args:
            system: The state that has taken the same events.

        Returns:
            The very tuple of the last call where nothing changed.
        """
        found = []
        for kept in self._kept.values():
            for place, row in enumerate(kept):
                if not row.is_done:
                    kept[place] = _now(row, system)
            found += kept
        found.sort(key=_seq, reverse=True)
        if len(found) != len(self._shown) or any(
            new is not old for new, old in zip(found, self._shown, strict=True)
        ):
            self._shown = tuple(found)
        return self._shown


def _seq(row: views.SignalRow) -> int:
    return row.seq


def _now(row: views.SignalRow, system: state.SystemState) -> views.SignalRow:
    """Gives a signal with what became of its order."""
    order = system.orders.get(row.order_id)
    if order is None:
        # Not yet made, or so long done that it is not kept any more.
        fate, is_done = row.fate or _WAITS, False
    else:
        fate = _words(order)
        is_done = order.status in _DONE
    if (fate, is_done) == (row.fate, row.is_done):
        return row
    return msgspec.structs.replace(row, fate=fate, is_done=is_done)


def _words(order: orders.Order) -> str:
    """Says how an order stands: filled 10 at 99.5."""
    word = order.status.value.replace('_', ' ')
    if order.filled:
        return f'{word} {order.filled:g} at {order.average_price:.6g}'
    return f'{word}: {order.message}' if order.message else word
