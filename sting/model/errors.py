"""Every exception of sting; each is one condition a caller can act on.

| StingError
|   InputError             what the user gave is wrong: exit code 2
|     ConfigError            a YAML file or an option
|     DataError              a file or a feed of market data
|     StrategyError          a strategy that cannot be loaded or set up
|     OrderError             an order that makes no sense by itself
|   NotRunningError        a command needs a running engine: exit code 3
|   RefusedError           understood, and not allowed now
|   StateError             the engine was asked for an illegal move
|     IllegalTransitionError an order cannot go from this state to that one
|   JournalError           the event log
|     JournalLockedError     another engine writes it
|     JournalCorruptError    it does not verify
|     JournalWriteError      it cannot be written: disk full, read only
|   LedgerError            the ledger of trials cannot be used: a warning
|   SourceError            a source of market data did not give what was asked
|     SourceUnavailableError it cannot be reached, or not now: try again
|       SourceLimitedError     it was asked too often; it may say how long
|     SourceRefusedError     it says no: a key, a symbol, a plan
|     SourceBodyError        what it gave makes no sense
|   BrokerError            a broker
|     BrokerRejectedError    it said no
|     BrokerWithheldError    the emergency stop kept it from being sent
|     BrokerUnknownError     it did not answer: ask before doing it again
|   AccountError           a broker answers for another account
"""

import pathlib


class StingError(Exception):
    """The root of every exception that sting raises on purpose."""


class InputError(StingError):
    """What the user gave is wrong, and the message says what to change.

    Attributes:
        path: The file, where there is one.
        line: The line in it, counted from 1.
    """

    def __init__(
        self,
        message: str,
        *,
        path: pathlib.Path | str | None = None,
        line: int | None = None,
    ) -> None:
        self.path = path
        self.line = line
        place = '' if path is None else str(path)
        if line is not None:
            place = f'{place}:{line}' if place else f'line {line}'
        super().__init__(f'{place}: {message}' if place else message)


class ConfigError(InputError):
    """A configuration file or an option is wrong."""


class DataError(InputError):
    """Market data is malformed or missing."""


class StrategyError(InputError):
    """A strategy cannot be loaded or set up."""


class OrderError(InputError):
    """An order makes no sense by itself."""


class NotRunningError(StingError):
    """A command needs a running engine and there is none."""


class RefusedError(StingError):
    """A command was understood and is not allowed now."""


class StateError(StingError):
    """The engine was asked for an illegal move."""


class IllegalTransitionError(StateError):
    """An order cannot go from its state to the one reported."""


class JournalError(StingError):
    """The event log failed."""


class JournalLockedError(JournalError):
    """Another engine writes this log."""


class JournalCorruptError(JournalError):
    """The log does not verify.

    Attributes:
        first_bad: The number of the first event that is wrong.
    """

    def __init__(self, message: str, first_bad: int) -> None:
        super().__init__(message)
        self.first_bad = first_bad


class JournalWriteError(JournalError):
    """The log cannot be written."""


class LedgerError(StingError):
    """The ledger of trials cannot be read or written."""


class SourceError(StingError):
    """A source of market data did not give what was asked for."""


class SourceUnavailableError(SourceError):
    """It cannot be reached, or not now; the same request may work later."""


class SourceLimitedError(SourceUnavailableError):
    """It was asked too often.

    Attributes:
        wait_s: Seconds to wait before the next request, where it says so.
    """

    def __init__(self, message: str, wait_s: float | None = None) -> None:
        super().__init__(message)
        self.wait_s = wait_s


class SourceRefusedError(SourceError):
    """It says no, and would again: a key, a symbol, a plan."""


class SourceBodyError(SourceError):
    """What it gave makes no sense: no JSON, keys missing, nothing in it."""


class BrokerError(StingError):
    """A broker failed."""


class BrokerRejectedError(BrokerError):
    """The broker said no; nothing is working there."""


class BrokerWithheldError(BrokerError):
    """The emergency stop holds; nothing was sent."""


class BrokerUnknownError(BrokerError):
    """The broker did not answer; what was asked may have happened."""


class AccountError(StingError):
    """A broker answers for another account than the profile means."""
