"""The orders of a run as they were asked for, each with its reason."""

import csv
import pathlib
from typing import Any

from sting.model import errors
from sting.model import events
from sting.model import market
from sting.model import orders

COLUMNS = (
    'order_id',
    'timestamp',
    'symbol',
    'side',
    'quantity',
    'type',
    'price',
    'stop_price',
    'parent',
    'reason',
    'indicators',
)
_T = events.EventType


class Asked:
    """Takes down each order that a run asks for; is shown every event."""

    def __init__(self) -> None:
        self._rows: list[tuple[Any, ...]] = []
        # What stood in the signals that are no orders yet, by the order's id.
        self._indicators: dict[str, str] = {}

    def __call__(self, event: events.Event) -> None:
        """Takes an event."""
        if event.type is _T.SIGNAL:
            if event.data.indicators:
                self._indicators[event.data.order_id] = _words(event.data)
        elif event.type is _T.ORDER_REQUEST:
            self._take(event, event.data)

    def _take(self, event: events.Event, order: orders.Order) -> None:
        self._rows.append(
            (
                order.id,
                market.to_iso(event.timestamp),
                order.symbol,
                order.side,
                order.quantity,
                order.type,
                order.price,
                order.stop_price,
                order.parent,
                order.reason,
                self._indicators.pop(order.id, ''),
            )
        )

    def write(self, path: pathlib.Path) -> None:
        """Writes the orders as CSV.

        Args:
            path: The file; one that is there is replaced.

        Raises:
            errors.InputError: It cannot be written.
        """
        try:
            with path.open('w', newline='', encoding='utf-8') as file:
                writer = csv.writer(file, lineterminator='\n')
                writer.writerow(COLUMNS)
                writer.writerows(self._rows)
        except OSError as error:
            raise errors.InputError(
                f'cannot be written: {error.strerror}', path=path
            ) from None


def _words(signal: orders.Signal) -> str:
    return ' '.join(
        f'{name}={value:.6g}' for name, value in signal.indicators.items()
    )
