"""What the library's decoder calls, and who is told."""
# The library names the methods.
# ruff: noqa: N802

import datetime
from typing import Any
from typing import Final
from typing import Protocol

import msgspec

from sting.broker.ibkr import moments as moments_lib

# Answers that have no number.
OPEN: Final = 'open orders'
COMPLETED: Final = 'completed orders'
POSITIONS: Final = 'positions'
TIME: Final = 'time'


class Answers(Protocol):
    """Takes answers, in parts."""

    def add(self, key: int | str, found: Any) -> None:
        """A part."""

    def end(self, key: int | str) -> None:
        """The end."""

    def asks(self, key: int | str) -> bool:
        """Says whether something waits for this answer."""

    def err(self, number: int, code: int, said: str) -> None:
        """An error or a notice."""


class Status(msgspec.Struct, frozen=True):
    """Where an order stands, in their words.

    Attributes:
        number: Its number with its client.
        client: Its client.
        perm: Its number for ever; 0 before it has one.
        word: Their word.
        filled: Units.
        average: Mean price of them.
    """

    number: int
    client: int
    perm: int
    word: str
    filled: float
    average: float


class Hears(Protocol):
    """Is told what comes; in the session's loop."""

    def hear_order(self, contract: Any, order: Any, state: Any) -> None:
        """An order as it stands."""

    def hear_status(self, told: Status) -> None:
        """Where an order stands."""

    def hear_execution(self, contract: Any, execution: Any) -> None:
        """A part of an order was traded just now."""

    def hear_fee(self, report: Any) -> None:
        """What a trade cost."""

    def hear_error(self, number: int, code: int, said: str) -> None:
        """An error or a notice; of no order with -1."""

    def hear_loss(self, reason: str) -> None:
        """The connection broke."""

    def hear_wrong(self, topic: str, reason: str) -> None:
        """Something is wrong with what comes."""


class Zone:
    """Where the decoder looks for the zone of times that name none."""

    TimezoneTWS = 'UTC'


class Ears:
    """What the library's decoder calls; the names are its own."""

    ib = Zone()

    def __init__(
        self, answers: Answers, hears: Hears, moments: moments_lib.Moments
    ) -> None:
        self._moments = moments
        self._answers = answers
        self._hears = hears
        self.defaultTimezone = datetime.UTC

    def connectAck(self) -> None:
        """The handshake is done."""

    def setEventsDone(self) -> None:
        """The connection is over; it is heard of elsewhere."""

    def connectionClosed(self) -> None:
        """The connection is over; it is heard of elsewhere."""

    def error(self, number: int, code: int, said: str, _more: str) -> None:
        """An error or a notice."""
        self._answers.err(number, code, said)

    def openOrder(
        self, _number: int, contract: Any, order: Any, state: Any
    ) -> None:
        """An order as it stands."""
        if order.whatIf:
            return
        order.goodTillDate = self._moments.utc(order.goodTillDate)
        self._answers.add(OPEN, (contract, order, state))
        self._hears.hear_order(contract, order, state)

    def openOrderEnd(self) -> None:
        """That were all that work."""
        self._answers.end(OPEN)

    def completedOrder(self, contract: Any, order: Any, state: Any) -> None:
        """An order that is done."""
        order.goodTillDate = self._moments.utc(order.goodTillDate)
        self._answers.add(COMPLETED, (contract, order, state))

    def completedOrdersEnd(self) -> None:
        """That were all of the day that are done."""
        self._answers.end(COMPLETED)

    def orderStatus(
        self,
        number: int,
        word: str,
        filled: float,
        _remaining: float,
        average: float,
        perm: int,
        _parent: int,
        _last: float,
        client: int,
        *_more: object,
    ) -> None:
        """Where an order stands."""
        self._hears.hear_status(
            Status(number, client, perm, word, filled, average)
        )

    def execDetails(self, number: int, contract: Any, execution: Any) -> None:
        """A part of an order was traded, now or before."""
        if self._answers.asks(number):
            self._answers.add(number, (contract, execution))
        else:
            self._hears.hear_execution(contract, execution)

    def execDetailsEnd(self, number: int) -> None:
        """That were all trades that were asked for."""
        self._answers.end(number)

    def commissionReport(self, report: Any) -> None:
        """What a trade cost."""
        self._hears.hear_fee(report)

    def contractDetails(self, number: int, details: Any) -> None:
        """A contract that fits."""
        self._answers.add(number, details)

    def contractDetailsEnd(self, number: int) -> None:
        """That were all that fit."""
        self._answers.end(number)

    def position(
        self, account: str, contract: Any, held: float, average: float
    ) -> None:
        """A position."""
        self._answers.add(POSITIONS, (account, contract, held, average))

    def positionEnd(self) -> None:
        """That were all positions."""
        self._answers.end(POSITIONS)

    def accountSummary(
        self, number: int, account: str, tag: str, value: str, currency: str
    ) -> None:
        """A figure of an account."""
        self._answers.add(number, (account, tag, value, currency))

    def accountSummaryEnd(self, number: int) -> None:
        """That were all figures."""
        self._answers.end(number)

    def currentTime(self, seconds: int) -> None:
        """The gateway's clock."""
        self._answers.add(TIME, seconds)
        self._answers.end(TIME)
