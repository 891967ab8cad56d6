"""The emergency stop at Alpaca: it needs no loop and no thread of others."""

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import contextlib
import threading
from typing import Any
from typing import Final

import msgspec

from sting.broker import interface
from sting.broker.alpaca import book as books
from sting.broker.alpaca import rest
from sting.broker.alpaca import translate
from sting.engine import clock as clocks
from sting.model import errors
from sting.model import orders

# Seconds that it waits for orders that are being sent, and for the cancels to
# show, and between two looks.
_DRAIN_S: Final = 3.0
_SHOW_S: Final = 3.0
_LOOK_S: Final = 0.1
# Where too much was asked: how long it goes on asking, and how often.
_INSIST_S: Final = 3.0
_AGAIN_S: Final = 0.25
# Between two cancels of what still works.
_RECANCEL_S: Final = 0.5
# Seconds for each answer to it.
ANSWER_S: Final = 3.0
_OPEN: Final[Mapping[str, Any]] = {
    'status': 'open',
    'limit': 500,
    'nested': 'true',
}


class Gate:
    """The last step before an order leaves, and what is behind it."""

    def __init__(self) -> None:
        """Begins with nothing under way."""
        self._changed = threading.Condition()
        self._under_way: list[str] = []

    @contextlib.contextmanager
    def through(
        self, sent: Sequence[orders.Order], halted: Callable[..., bool]
    ) -> Iterator[None]:
        """Lets orders leave, unless the stop holds.

        Args:
            sent: The orders.
            halted: Whether the stop keeps one back.

        Raises:
            errors.BrokerWithheldError: It does.
        """
        ids = [order.id for order in sent]
        with self._changed:
            if any(halted(order) for order in sent):
                raise errors.BrokerWithheldError(
                    'withheld by the emergency stop'
                )
            self._under_way += ids
        try:
            yield
        finally:
            with self._changed:
                for each in ids:
                    self._under_way.remove(each)
                self._changed.notify_all()

    def under_way(self) -> set[str]:
        """Gives the ids of the orders that are being sent."""
        with self._changed:
            return set(self._under_way)

    def drain(self, ids: set[str], seconds: float) -> set[str]:
        """Waits until these were answered; gives those that were not."""
        with self._changed:
            self._changed.wait_for(
                lambda: ids.isdisjoint(self._under_way), seconds
            )
            return ids.intersection(self._under_way)


class Stop:
    """Cancels all orders, on a connection of its own."""

    def __init__(
        self,
        access: rest.Access,
        gate: Gate,
        book: books.Book,
        time_source: clocks.Clock,
    ) -> None:
        """Sets it up; `prepare` connects.

        Args:
            access: Where the service is, and who asks.
            gate: What orders pass.
            book: What was told of them.
            time_source: Measures how long it takes.
        """
        self._access = msgspec.structs.replace(
            access, timeout_s=min(access.timeout_s, ANSWER_S)
        )
        self._gate = gate
        self._book = book
        self._clock = time_source
        self._client: Any = None
        self._lock = threading.Lock()
        # When the first cancel of the last pull was answered.
        self._answered: float | None = None
        # What the last pull was to leave alone, by our ids.
        self._keep: frozenset[str] = frozenset()

    def prepare(self) -> None:
        """Connects beforehand.

        Raises:
            errors.BrokerError: There is no way, or the key is refused.
        """
        client = rest.make_client(self._access)
        try:
            # Without the lock: a pull goes by the old connection meanwhile.
            rest.ask(client, self._access, 'GET', '/clock', None, self._clock)
        except errors.BrokerError:
            if self._client is not None:
                client._session.close()
                raise
            self._take(client)
            raise
        self._take(client)

    def close(self) -> None:
        """Ends its connection."""
        self._take(None)

    def _take(self, client: Any) -> None:
        """Has it use another connection, once nothing uses the old one."""
        with self._lock:
            old, self._client = self._client, client
            if old is not None:
                old._session.close()

    def pull(self, keep: Collection[str] = ()) -> interface.EmergencyReport:
        """Cancels; see `BrokerInterface.emergency_cancel_all`."""
        ours = set(self._book.working()).difference(keep)
        began = self._clock.monotonic()
        with self._lock:
            if self._client is None:
                return interface.EmergencyReport(unknown=_sorted(ours))
            self._answered = None
            self._keep = frozenset(keep)
            sending = self._gate.under_way()
            named = self._cancel()
            late = self._gate.drain(sending, _DRAIN_S) if sending else set()
            if sending:
                # What was on its way may have arrived behind the cancels.
                named |= self._cancel()
            left = self._left()
        if left is None:
            return interface.EmergencyReport(
                unknown=_sorted(ours | named), first_s=self._first(began)
            )
        # What Alpaca never said that it has may still come to it.
        known = self._book.current
        doubtful = {each for each in ours if not known(each)}
        unknown = left | doubtful | (late - self._keep)
        return interface.EmergencyReport(
            cancelled=_sorted((ours | named) - unknown),
            unknown=_sorted(unknown),
            first_s=self._first(began),
        )

    def _first(self, began: float) -> float | None:
        """Gives the seconds until the first cancel was answered, if it was."""
        return None if self._answered is None else self._answered - began

    def _cancel(self) -> set[str]:
        """Cancels all, and gives the ids that the answer names."""
        end = self._clock.monotonic() + _INSIST_S
        pause = threading.Event()
        tries = 0
        while True:
            tries += 1
            try:
                named = self._take_out()
            except rest.LimitedError:
                # Others have asked too often; it insists, whatever it is told.
                if self._clock.monotonic() > end:
                    return set()
                pause.wait(_AGAIN_S)
            except errors.BrokerError:
                # A connection that was idle may be gone; the next one is new.
                if tries > 1:
                    return set()
            else:
                return named

    def _take_out(self) -> set[str]:
        """Cancels at once what is to be cancelled, and gives our ids of it.

        All of it with one request, or one by one where orders are kept.

        Raises:
            errors.BrokerError: It is not known that all were cancelled.
        """
        if not self._keep:
            rows = self._ask('DELETE', '/orders')
            self._note_answer()
            return self._named(rows)
        found = self._listed(self._ask('GET', '/orders', _OPEN))
        for uuid in found:
            # It may have ended since.
            with contextlib.suppress(rest.RefusalError):
                self._ask('DELETE', f'/orders/{uuid}')
            self._note_answer()
        return set(found.values())

    def _note_answer(self) -> None:
        if self._answered is None:
            self._answered = self._clock.monotonic()

    def _named(self, rows: Any) -> set[str]:
        """Gives our ids of the orders that an answer to a cancel names."""
        found = [
            self._book.name(row.get('id'))
            for row in (rows if isinstance(rows, list) else [])
            if isinstance(row, dict)
        ]
        return {name for name in found if name}

    def _left(self) -> set[str] | None:
        """Looks until nothing works, and cancels again what does.

        Returns:
            What works in the end; None if that is unknown.
        """
        end = self._clock.monotonic() + _SHOW_S
        again = self._clock.monotonic() + _RECANCEL_S
        pause = threading.Event()
        while True:
            try:
                raw = self._ask('GET', '/orders', _OPEN)
                left = self._unfinished(raw)
            except rest.LimitedError:
                left = None
            except errors.BrokerError:
                return None
            if left == set() or self._clock.monotonic() > end:
                return left
            pause.wait(_LOOK_S if left else _AGAIN_S)
            if (left or self._keep) and self._clock.monotonic() >= again:
                # A cancel of one may fail there, and a change of an order
                # that was under way makes a new one behind the cancels.
                with contextlib.suppress(errors.BrokerError):
                    self._take_out()
                again = self._clock.monotonic() + _RECANCEL_S

    def _unfinished(self, raw: Any) -> set[str] | None:
        """Gives our ids of listed orders; None where there may be more."""
        found = self._listed(raw)
        return None if len(raw) >= _OPEN['limit'] else set(found.values())

    def _listed(self, raw: Any) -> dict[str, str]:
        """Gives our ids of listed orders, by theirs, but for what is kept.

        Raises:
            errors.BrokerUnknownError: It is no list of orders.
        """
        if not isinstance(raw, list):
            raise errors.BrokerUnknownError('the orders are no list')
        found = [translate.model(each) for each in raw]
        named = {
            str(leaf.id): self._book.name(leaf.id) or order_id
            for leaf, order_id in books.unfinished(found)
        }
        return {
            uuid: name for uuid, name in named.items() if name not in self._keep
        }

    def _ask(self, method: str, path: str, data: Any = None) -> Any:
        return rest.ask(
            self._client, self._access, method, path, data, self._clock
        )


def _sorted(ids: set[str]) -> tuple[str, ...]:
    return tuple(sorted(ids))
