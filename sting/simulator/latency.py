"""The time from a decision to the market."""

from collections.abc import Callable

from sting.model import errors
from sting.model import market
from sting.model import orders
from sting.model import timeframes
from sting.simulator import resting


class Latency:
    """What is sent reaches the market later.

    It can only be held against a bar that opens when it has arrived: what came
    first inside the bar in between is not known.

    Attributes:
        delay: Nanoseconds.
    """

    def __init__(
        self, milliseconds: float, session_open: Callable[[int], int] | None
    ) -> None:
        """Sets it.

        Args:
            milliseconds: From the decision to the market.
            session_open: Gives the first opening of a session at or after a
                moment, both in nanoseconds; None where there are none.
        """
        self.delay = round(milliseconds * 1_000_000)
        self._session_open = session_open
        self._lengths: dict[str, int] = {}

    def opening(self, bar: market.MarketData) -> int:
        """Gives when a bar opened, nanoseconds since the epoch, UTC.

        Args:
            bar: The bar; one of a day or more opens with its first session.
        """
        length = self._lengths.get(bar.timeframe)
        if length is None:
            length = timeframes.length(bar.timeframe)
            self._lengths[bar.timeframe] = length
        begun = bar.timestamp - length
        if length >= timeframes.DAY and self._session_open is not None:
            return min(self._session_open(begun), bar.timestamp)
        return begun

    def arrive(
        self, entry: resting.Resting, opened: int
    ) -> list[orders.OrderUpdate]:
        """Has changes and a cancel take hold that have arrived.

        Args:
            entry: The order.
            opened: When the bar opened that is about to be held against it.

        Returns:
            What came of them; the last one says cancelled if it was.
        """
        reports: list[orders.OrderUpdate] = []
        while entry.coming and entry.coming[0][0] <= opened:
            try:
                reports.append(entry.change(*entry.coming.pop(0)))
            except errors.BrokerRejectedError as error:
                # What it met on its way made it void.
                reports.append(entry.update(entry.status, str(error)))
        if entry.is_gone(opened):
            reports.append(entry.update(orders.OrderStatus.CANCELLED))
        return reports
