"""What came of a run, taken down as it happens: counted, and hashed."""

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
import hashlib

import msgspec

from sting.backtest import trades
from sting.backtest import verdicts
from sting.engine import core
from sting.model import events
from sting.model import records

# So many events at once are written down for the hash.
_AT_ONCE = 1_024
_T = events.EventType
_FILL, _REQUEST = _T.FILL, _T.ORDER_REQUEST
_APPROVE = records.Decision.APPROVE

Watch = Callable[[events.Event], None]


class Record:
    """Takes all events of a run but the bars.

    Attributes:
        fills: What was traded.
        flows: The cash that came without a fill, by kind.
        calls: When there were margin calls, nanoseconds since the epoch, UTC.
        orders: How many orders, the denied ones too.
        verdicts: What was denied or refused, and why.
    """

    def __init__(
        self, rules: Sequence[str], watch: Watch | None = None
    ) -> None:
        """Begins a record.

        Args:
            rules: The names of the rules in force.
            watch: Shown every event.
        """
        self.fills = trades.FillTable()
        self.flows = dict.fromkeys(records.FlowKind, 0.0)
        self.calls: list[int] = []
        self.orders = 0
        self.verdicts = verdicts.Verdicts(rules)
        self._watch = watch
        self._waiting: list[events.Event] = []
        self._hash = hashlib.blake2b(digest_size=32)
        self._encoder = msgspec.json.Encoder()
        self._takers: Mapping[
            events.EventType, Callable[[events.Event], None]
        ] = {
            _T.RISK_VERDICT: self._take_verdict,
            _T.SIGNAL_REFUSED: self.verdicts.stopped,
            _T.CASH_FLOW: self._take_flow,
            _T.RISK_ALERT: self._take_alert,
        }

    def take(self, batch: Sequence[events.Event]) -> None:
        """Takes the next events."""
        waiting, takers = self._waiting, self._takers
        waiting += batch
        for event in batch:
            kind = event.type
            if kind is _FILL:
                self.fills.append(event.data)
            elif kind is _REQUEST:
                self.orders += 1
            elif kind in takers:
                takers[kind](event)
        if self._watch is not None:
            for event in batch:
                self._watch(event)
        if len(waiting) > _AT_ONCE:
            self._add_waiting()

    def log_hash(self, data_hash: str) -> str:
        """Gives the hash over all bars and all that came of them.

        Args:
            data_hash: The identity of the bars.
        """
        self._add_waiting()
        whole = hashlib.blake2b(self._hash.digest(), digest_size=32)
        whole.update(data_hash.encode())
        return whole.hexdigest()

    def _add_waiting(self) -> None:
        if self._waiting:
            self._hash.update(self._encoder.encode_lines(self._waiting))
            self._waiting.clear()

    def _take_verdict(self, event: events.Event) -> None:
        if event.data.decision is not _APPROVE:
            self.verdicts.judged(event)

    def _take_flow(self, event: events.Event) -> None:
        self.flows[event.data.kind] += event.data.amount
        self.fills.flow(event.data)

    def _take_alert(self, event: events.Event) -> None:
        if event.data.source == core.MARGIN_CALL:
            self.calls.append(event.timestamp)
