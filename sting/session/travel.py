"""Going back and forth in a log: the engine's picture after any event.

The state is a function of the events, so the picture at any moment is what
the same code makes of the log up to there. A jump begins at the nearest image
of the state; while going, more of them are kept in memory, so that a step
back is as quick as one forward.
"""

from collections.abc import Callable
from collections.abc import Sequence
import os
import pathlib

import msgspec

from sting.engine import board
from sting.engine import history
from sting.engine import image
from sting.engine import reader
from sting.engine import recovery
from sting.engine import state
from sting.model import errors
from sting.model import events
from sting.model import market
from sting.model import records
from sting.model import views

# So many events before a moment are shown: bars, fills, alerts.
SHOWN = recovery.SHOWN
# Images close to where one is, for steps back: how far apart, how far behind
# a goal they begin, and how many are kept.
FINE = 500
_BEHIND = 2_000
_FEW = 12
# Images of the whole way, for logs with few checkpoints.
COARSE = 50_000
_MANY = 40
# At most so many events are played at once.
_AT_ONCE = 2_000

_T = events.EventType
_PRICED = frozenset({_T.MARKET_DATA, _T.QUOTE, _T.TRADE})
_GoOn = Callable[[], bool]


def always() -> bool:
    """Never gives up."""
    return True


class _Moment(msgspec.Struct):
    """The state after an event, and what is shown of it."""

    system: state.SystemState
    shown: board.Board


class Travel:
    """Where one is in a log; used by one thread at a time.

    Attributes:
        path: The log's file.
        created: The log's first event.
        last: Number of the log's last event, as far as it was looked at.
        now: The moment that is shown, nanoseconds since the epoch, UTC: the
            time of the event, or a little later while it is played.
    """

    def __init__(self, path: pathlib.Path, symbols: Sequence[str] = ()) -> None:
        """Opens a log before its first event.

        Args:
            path: The log's file; it is only read.
            symbols: What stands first in the watchlist; the other symbols
                of the log follow as they come.

        Raises:
            errors.JournalError: There is no log, or it cannot be read.
        """
        self.path = path
        self.last = 0
        self.look()
        if not self.last:
            raise errors.JournalError(f'{path} has no events yet')
        first = reader.read_one(path, 1).data
        if not isinstance(first, records.LogCreated):
            raise errors.JournalCorruptError(
                f'{path} does not begin as a log does', 1
            )
        self.created = first
        self.now = 0
        self._symbols = tuple(symbols)
        self._at = self._begin(state.SystemState())
        self._fine: dict[int, tuple[image.Image, board.Board]] = {}
        self._coarse: dict[int, image.Image] = {}

    @property
    def seq(self) -> int:
        """Number of the event after which it is; 0 before the first."""
        return self._at.system.seq

    def look(self) -> int:
        """Looks how far the log has come; of a live one it grows.

        Returns:
            Number of its last event.

        Raises:
            errors.JournalError: There is no log, or it cannot be read.
        """
        self.last = max(self.last, reader.last_seq(self.path))
        return self.last

    def seek(self, seq: int, go_on: _GoOn = always) -> bool:
        """Goes to the moment after an event.

        Args:
            seq: The event's number; 1 at least and the last at most.
            go_on: Asked now and then whether to; one that is overtaken by
                another wish gives up.

        Returns:
            Whether it came there.

        Raises:
            errors.JournalError: The log cannot be read.
        """
        goal = min(max(seq, 1), self.last)
        if goal == self.seq:
            self.now = self._at.system.time
            return True
        near = max((each for each in self._fine if each <= goal), default=None)
        if near is not None and not near < self.seq <= goal:
            self._at = self._take_out(near)
        if self.seq > goal or goal - self.seq > 2 * SHOWN:
            return self._jump(goal, go_on)
        return self._go(self._at, goal, go_on)

    def step(self, count: int, go_on: _GoOn = always) -> bool:
        """Goes so many events forward, or back when negative; as `seek`."""
        return self.seek(self.seq + count, go_on)

    def to_time(self, time: int, go_on: _GoOn = always) -> bool:
        """Goes to the last event up to a moment; as `seek`.

        Args:
            time: Nanoseconds since the epoch, UTC; before the first event it
                goes to that.
            go_on: See `seek`.
        """
        try:
            seq = history.seq_at(self.path, time)
        except errors.JournalCorruptError:
            raise
        except errors.JournalError:
            seq = 1
        return self.seek(seq, go_on)

    def play(self, span: int, cut: int, go_on: _GoOn = always) -> bool:
        """Lets so much time of the log pass.

        Args:
            span: Nanoseconds.
            cut: Where nothing happens for longer than these nanoseconds, the
                rest of that is left out.
            go_on: See `seek`.

        Returns:
            Whether there is more to come.

        Raises:
            errors.JournalError: The log cannot be read.
        """
        if self.seq >= self.look():
            return False
        until, goal = self.now + span, self.seq
        for event in reader.read(self.path, after=goal, limit=_AT_ONCE):
            if goal == self.seq and event.timestamp > until + cut:
                until = event.timestamp
            if event.timestamp > until:
                break
            goal = event.seq
        whole = goal - self.seq == _AT_ONCE
        if self.seek(goal, go_on) and not whole:
            self.now = until
        return True

    def bars(self, symbol: str, limit: int) -> tuple[market.MarketData, ...]:
        """Gives the last closed bars up to the moment, oldest first."""
        return self._at.shown.bars(symbol, limit)

    def marks(self, symbol: str, limit: int) -> tuple[views.Mark, ...]:
        """Gives the last fills up to the moment, oldest first."""
        return self._at.shown.marks(symbol, limit)

    def image(self) -> image.Image:
        """Gives the engine's state at the moment; it stays as it is."""
        return image.capture(self._at.system)

    def history(self, limit: int) -> list[market.MarketData]:
        """Gives the last closed bars of all symbols, by their stamps."""
        return self._at.shown.history(limit)

    def picture(self) -> views.Snapshot:
        """Gives the engine as it was at the moment."""
        system = self._at.system
        rows = tuple(
            views.StrategyRow(name, '', 'stopped', ())
            for name in sorted(system.strategies)
        )
        found = self._at.shown.picture(
            system.time / market.NANOSECONDS,
            rows,
            account=system.broker_account or self.created.account,
            currency=self.created.currency,
            pid=os.getpid(),
        )
        return msgspec.structs.replace(found, mode=records.Mode.REPLAY)

    # How it gets there.

    def _begin(self, system: state.SystemState) -> _Moment:
        known = dict.fromkeys((*self._symbols, *system.prices))
        shown = board.Board(self.created.profile, tuple(known), system)
        return _Moment(system, shown)

    def _jump(self, goal: int, go_on: _GoOn) -> bool:
        """Begins anew from an image well before the goal."""
        start = max(0, goal - SHOWN)
        system = self._nearest(start)
        while system.seq < start:
            until = (system.seq // COARSE + 1) * COARSE
            recovery.forward(self.path, system, min(until, start))
            if system.seq % COARSE == 0 and len(self._coarse) < _MANY:
                self._coarse[system.seq] = image.capture(system)
            if not go_on():
                return False
        moment = self._begin(system)
        if not self._go(moment, goal, go_on):
            return False
        self._at = moment
        return True

    def _nearest(self, start: int) -> state.SystemState:
        """Gives the state at the newest image up to an event."""
        system = state.SystemState()
        recovery.nearest(self.path, system, start)
        own = max((each for each in self._coarse if each <= start), default=0)
        if own > system.seq:
            system = state.SystemState()
            image.put(system, self._coarse[own])
            self._coarse[own] = image.capture(system)
        return system

    def _go(self, moment: _Moment, goal: int, go_on: _GoOn) -> bool:
        """Goes forward event by event."""
        system, shown = moment.system, moment.shown
        wanted = goal - system.seq
        for event in reader.read(self.path, after=system.seq, limit=wanted):
            if event.seq != system.seq + 1:
                raise errors.JournalCorruptError(
                    f'{self.path}: event {event.seq} cannot follow event '
                    f'{system.seq}',
                    event.seq,
                )
            try:
                system.apply(event)
            except recovery.IMPOSSIBLE as error:
                raise errors.JournalCorruptError(
                    f'{self.path}: event {event.seq} cannot have happened: '
                    f'{error}',
                    event.seq,
                ) from None
            if event.type in _PRICED:
                shown.add(event.symbol)
            shown.take((event,), event.timestamp / market.NANOSECONDS)
            if event.seq % FINE == 0:
                if goal - event.seq <= _BEHIND:
                    self._keep(moment)
                if not go_on():
                    return False
        self.now = system.time
        return True

    def _keep(self, moment: _Moment) -> None:
        """Keeps an image for steps back."""
        system = moment.system
        self._fine.pop(system.seq, None)
        taken = image.capture(system)
        # Of no state: it is given one when it is taken out.
        self._fine[system.seq] = taken, moment.shown.over(system)
        while len(self._fine) > _FEW:
            del self._fine[next(iter(self._fine))]

    def _take_out(self, seq: int) -> _Moment:
        taken, shown = self._fine.pop(seq)
        system = state.SystemState()
        image.put(system, taken)
        moment = _Moment(system, shown.over(system))
        self._keep(moment)
        return moment
