"""Looking back: the state at any moment, why something happened, queries."""

from collections.abc import Iterator
import contextlib
import pathlib
import sqlite3
from typing import Any

from sting.engine import reader
from sting.engine import recovery
from sting.engine import state
from sting.model import errors
from sting.model import events
from sting.model import records

_T = events.EventType
# Events that are about an order without being caused by it.
_ABOUT_ORDERS = frozenset({_T.RISK_VERDICT, _T.ORDER_UPDATE, _T.FILL})
# What a signal leads to that becomes no order.
_ANSWERS = frozenset({_T.SIGNAL_REFUSED, _T.ORDER_UPDATE})
# So far behind a signal its fate is looked for; a way out may wait a while.
_FATE = 10_000
_FAR = 2**63 - 1


def seq_at(path: pathlib.Path, time: int) -> int:
    """Finds the last event up to a moment.

    Args:
        path: The log's file.
        time: Nanoseconds since the epoch, UTC.

    Returns:
        The number before the first event that is later.

    Raises:
        errors.JournalError: There is no log, it cannot be read, or it begins
            later.
    """
    seq = _last_until(path, time)
    if not seq:
        raise errors.JournalError(f'{path} begins later than that')
    return seq


def _last_until(path: pathlib.Path, time: int) -> int:
    # What SQLite can hold reaches from the year 1677 to 2262.
    time = min(max(time, -_FAR), _FAR)
    for segment in reader.archived(path):
        if segment.latest > time:
            rows = reader.rows(path, segment.first - 1)
            return next((row[0] for row in rows if row[1] > time), 1) - 1
    with contextlib.closing(reader.open_reader(path)) as connection:
        try:
            (later, last) = connection.execute(
                'SELECT (SELECT min(seq) FROM events WHERE timestamp > ?), '
                'max(seq) FROM events',
                (time,),
            ).fetchone()
        except sqlite3.Error as error:
            raise _unreadable(path, error) from None
    return int(last or 0) if later is None else int(later) - 1


def _unreadable(path: pathlib.Path, error: Exception) -> errors.JournalError:
    return errors.JournalError(f'{path} cannot be read: {error}')


def state_at(
    path: pathlib.Path, *, seq: int | None = None, time: int | None = None
) -> state.SystemState:
    """Gives the state after an event, from the nearest checkpoint.

    Args:
        path: The log's file.
        seq: The event's number.
        time: Instead of a number: the last event up to this moment,
            nanoseconds since the epoch, UTC. Without either, the last event.

    Returns:
        The state.

    Raises:
        errors.JournalError: There is no log, it cannot be read, or it has no
            such event.
    """
    if seq is None and time is not None:
        seq = seq_at(path, time)
    system = recovery.state_at(path, _END if seq is None else seq)
    if seq is not None and system.seq != seq:
        raise errors.JournalError(
            f'there is no event {seq}: {path} ends at event {system.seq}'
        )
    return system


# No log is as long.
_END = 2**62


def why(path: pathlib.Path, seq: int) -> list[events.Event]:
    """Gives an event and all that led to it.

    Not only its causes: for what a broker reports of an order, the order, the
    verdict on it, and what led to those. For a signal also what became of it:
    its order and the verdict, or what refused it.

    Args:
        path: The log's file.
        seq: The event's number.

    Returns:
        The event first, then the others from the newest to the oldest; of a
        signal what became of it is before it.

    Raises:
        errors.JournalError: There is no such event, or no log.
    """
    found: dict[int, events.Event] = {}
    asked = reader.read_one(path, seq)
    if asked.type is _T.SIGNAL:
        found = {event.seq: event for event in _fate(path, asked)}
    waiting = [seq]
    while waiting:
        number = waiting.pop()
        if number in found:
            continue
        event = reader.read_one(path, number)
        found[number] = event
        # Causes come first; in a log that is damaged they may not.
        if 0 < event.cause < number:
            waiting.append(event.cause)
        if event.type in _ABOUT_ORDERS:
            for other in _order(path, event):
                found.setdefault(other.seq, other)
                if 0 < other.cause < other.seq:
                    waiting.append(other.cause)
    return [found[number] for number in sorted(found, reverse=True)]


def _fate(path: pathlib.Path, signal: events.Event) -> Iterator[events.Event]:
    """Finds what became of a signal."""
    order_id = signal.data.order_id
    request = 0
    for event in reader.read(path, after=signal.seq, limit=_FATE):
        data = event.data
        if event.type is _T.ORDER_REQUEST and data.id == order_id:
            request = event.seq
            yield event
        elif (event.type is _T.RISK_VERDICT and event.cause == request > 0) or (
            event.type in _ANSWERS
            and event.cause == signal.seq
            and data.order_id == order_id
        ):
            yield event
            return


def _order(path: pathlib.Path, event: events.Event) -> Iterator[events.Event]:
    """Finds the request of the order that an event is about, and its verdict.

    The number in an order's id is that of the event it answers, so that the
    request is not far behind.
    """
    order_id = event.data.order_id
    answered = order_id.split('-')[1:2]
    if not answered or not answered[0].isdecimal():
        return
    request = 0
    for other in reader.read(path, after=int(answered[0])):
        if other.seq >= event.seq:
            return
        if other.type is _T.ORDER_REQUEST and other.data.id == order_id:
            request = other.seq
            yield other
        elif request and other.type is _T.RISK_VERDICT:
            # It comes in the same step.
            yield other
            return


def figures(
    path: pathlib.Path, verdict: records.Verdict
) -> list[records.RuleFigure]:
    """Names the figures of a verdict.

    Args:
        path: The log's file.
        verdict: The verdict.

    Returns:
        One a rule, in the order in which they were asked; none where the log
        has no rules for it.

    Raises:
        errors.JournalError: The rules' event cannot be read.
    """
    if not verdict.rules:
        return []
    rules = reader.read_one(path, verdict.rules).data
    if not isinstance(rules, records.RuleSet):
        return []
    return records.figures(rules, verdict)


_ONLY_READ = (
    'this statement was refused: the log can only be read, by one SELECT'
)
# Not ATTACH, which would make a file of any name.
_READING = frozenset(
    {
        sqlite3.SQLITE_SELECT,
        sqlite3.SQLITE_READ,
        sqlite3.SQLITE_FUNCTION,
        sqlite3.SQLITE_RECURSIVE,
    }
)


def _may(action: int, *_: str | None) -> int:
    return sqlite3.SQLITE_OK if action in _READING else sqlite3.SQLITE_DENY


def _look() -> int:
    """Lets Python look for signals."""
    return 0


def query(
    path: pathlib.Path, statement: str
) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Runs one SQL statement over a log, which it cannot change.

    Events in segments are not in the table `events`.

    Args:
        path: The log's file.
        statement: A SELECT.

    Returns:
        The columns' names and the rows.

    Raises:
        errors.InputError: The statement is wrong, or would write.
        errors.JournalError: There is no log, or it cannot be read.
    """
    with contextlib.closing(reader.open_reader(path)) as connection:
        connection.execute('PRAGMA query_only=ON')
        # Called now and then, it lets ctrl+c end a query that never would.
        connection.set_authorizer(_may)
        connection.set_progress_handler(_look, 100_000)
        try:
            cursor = connection.execute(statement)
            rows = cursor.fetchall()
        except (
            sqlite3.OperationalError,
            sqlite3.ProgrammingError,
            sqlite3.Warning,
        ) as error:
            if str(error) == 'interrupted':
                raise KeyboardInterrupt from None
            raise errors.InputError(
                f'this statement is wrong: {error}; write one SELECT'
            ) from None
        except sqlite3.Error as error:
            if getattr(error, 'sqlite_errorcode', 0) == sqlite3.SQLITE_AUTH:
                raise errors.InputError(_ONLY_READ) from None
            raise _unreadable(path, error) from None
        if cursor.description is None:
            raise errors.InputError(_ONLY_READ)
        return [column[0] for column in cursor.description], rows
