"""What came of a run, taken down as it happens: counted, and hashed."""

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
import hashlib
import operator

import msgspec

from sting.backtest import trades
from sting.backtest import verdicts
from sting.engine import core
from sting.model import events
from sting.model import records

# So many events at once are written down for the hash.
_AT_ONCE = 256
_T = events.EventType
_FILL, _REQUEST, _VERDICT = _T.FILL, _T.ORDER_REQUEST, _T.RISK_VERDICT
_kind_of = operator.attrgetter('type')
# What an order that goes its way leads to.
_USUAL = frozenset(
    {
        _T.SIGNAL,
        _REQUEST,
        _VERDICT,
        _T.ORDER_UPDATE,
        _FILL,
        _T.POSITION_UPDATE,
    }
)
_APPROVE = records.Decision.APPROVE

Watch = Callable[[events.Event], None]


class Record:
    """Takes all events of a run but the bars.

    What it counts it counts of many events at once.
    """

    def __init__(
        self, rules: Sequence[str], watch: Watch | None = None
    ) -> None:
        """Begins a record.

        Args:
            rules: The names of the rules in force.
            watch: Shown every event.
        """
        self._fills = trades.FillTable()
        self._flows = dict.fromkeys(records.FlowKind, 0.0)
        self._calls: list[int] = []
        self._orders = 0
        self._verdicts = verdicts.Verdicts(rules)
        self._watch = watch
        self._waiting: list[events.Event] = []
        self._hash = hashlib.blake2b(digest_size=32)
        self._encoder = msgspec.json.Encoder()
        self._takers: Mapping[
            events.EventType, Callable[[events.Event], None]
        ] = {
            _FILL: self._take_fill,
            _VERDICT: self._take_verdict,
            _T.SIGNAL_REFUSED: self._verdicts.stopped,
            _T.CASH_FLOW: self._take_flow,
            _T.RISK_ALERT: self._take_alert,
        }

    def take(self, batch: Sequence[events.Event]) -> None:
        """Takes the next events."""
        self._waiting += batch
        if self._watch is not None:
            for event in batch:
                self._watch(event)
        if len(self._waiting) > _AT_ONCE:
            self._add_waiting()

    @property
    def fills(self) -> trades.FillTable:
        """What was traded."""
        self._add_waiting()
        return self._fills

    @property
    def flows(self) -> Mapping[records.FlowKind, float]:
        """The cash that came without a fill, by kind."""
        self._add_waiting()
        return self._flows

    @property
    def calls(self) -> Sequence[int]:
        """When there were margin calls, nanoseconds since the epoch, UTC."""
        self._add_waiting()
        return self._calls

    @property
    def orders(self) -> int:
        """How many orders, the denied ones too."""
        self._add_waiting()
        return self._orders

    @property
    def verdicts(self) -> verdicts.Verdicts:
        """What was denied or refused, and why."""
        self._add_waiting()
        return self._verdicts

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
        waiting = self._waiting
        if not waiting:
            return
        self._hash.update(self._encoder.encode_lines(waiting))
        kinds = list(map(_kind_of, waiting))
        self._orders += kinds.count(_REQUEST)
        if _USUAL.issuperset(kinds):
            self._fills.extend(
                [each.data for each in waiting if each.type is _FILL]
            )
            for event in [each for each in waiting if each.type is _VERDICT]:
                self._take_verdict(event)
        else:
            takers = self._takers
            for event in waiting:
                if event.type in takers:
                    takers[event.type](event)
        waiting.clear()

    def _take_fill(self, event: events.Event) -> None:
        self._fills.append(event.data)

    def _take_verdict(self, event: events.Event) -> None:
        if event.data.decision is not _APPROVE:
            self._verdicts.judged(event)

    def _take_flow(self, event: events.Event) -> None:
        self._flows[event.data.kind] += event.data.amount
        self._fills.flow(event.data)

    def _take_alert(self, event: events.Event) -> None:
        if event.data.source == core.MARGIN_CALL:
            self._calls.append(event.timestamp)
