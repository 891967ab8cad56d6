"""A log as a workstation: every pane works on it, and nothing can be sent.

It has a thread of its own, so that a long way through a log holds up neither
the terminal nor the engine. A wish overtakes the one before it.
"""

from collections.abc import Callable
from concurrent import futures
import pathlib
import threading

import msgspec

from sting.engine import causes
from sting.engine import reader
from sting.model import commands
from sting.model import errors
from sting.model import market
from sting.model import records
from sting.model import views
from sting.model import workstation
from sting.session import timeline
from sting.session import travel

REFUSED = 'this is a replay: nothing is sent; esc goes back to now'
# So often it looks whether a live log has grown.
_LOOK_S = 1.0

_Going = Callable[[travel.Travel, Callable[[], bool]], object]


class Place(msgspec.Struct, frozen=True):
    """Where a replay is.

    Attributes:
        seq: Number of the event after which it is.
        last: Number of the log's last event.
        now: The moment, nanoseconds since the epoch, UTC.
        is_moving: It is on its way to another moment.
        read: How far the marks have been read.
        problem: Why it could not go on; empty while it can.
        wishes: How many wishes have been carried out.
    """

    seq: int = 0
    last: int = 0
    now: int = 0
    is_moving: bool = True
    read: int = 0
    problem: str = ''
    wishes: int = 0


class Replay:
    """A log at a moment; it is a `model.workstation.Workstation`.

    Attributes:
        path: The log's file.
        timeline: The marks of the log.
    """

    def __init__(
        self,
        path: pathlib.Path,
        live: workstation.Workstation | None = None,
        at: int = 0,
    ) -> None:
        """Opens a log; the thread begins at once.

        Args:
            path: The log's file; it is only read.
            live: The engine that runs now: the emergency stop is handed to
                it, and its watchlist comes first.
            at: The event to begin at; 0 for the last one.
        """
        self.path = path
        self.timeline = timeline.Timeline(path)
        self._live = live
        self._changed = threading.Condition(threading.RLock())
        # The event that it is on its way to, where that is known.
        self._goal = 0
        self._wish: _Going | None = lambda there, go_on: there.seek(
            at or there.last, go_on
        )
        self._closed = False
        self._place = Place()
        self._travel: travel.Travel | None = None
        self._picture = views.Snapshot(profile='', mode=records.Mode.REPLAY)
        self._asked = futures.ThreadPoolExecutor(1, 'replay why')
        self._thread = threading.Thread(
            target=self._run, name='replay', daemon=True
        )
        self._thread.start()

    # Where to go; none of these waits.

    @property
    def place(self) -> Place:
        """Where it is."""
        return self._place

    def seek(self, seq: int) -> None:
        """Goes to the moment after an event."""
        with self._changed:
            self._goal = seq = min(max(seq, 1), self._place.last or seq)
            self._want(lambda there, go_on: there.seek(seq, go_on))

    def step(self, count: int) -> None:
        """Goes so many events on, or back when negative.

        Steps that overtake each other add up.
        """
        with self._changed:
            self.seek((self._goal or self._place.seq) + count)

    def to_time(self, time: int) -> None:
        """Goes to the last event up to a moment, nanoseconds UTC."""
        with self._changed:
            self._goal = 0
            self._want(lambda there, go_on: there.to_time(time, go_on))

    def to_mark(self, forward: bool, kind: str = '') -> bool:
        """Goes to the next mark, or the one before.

        Args:
            forward: Whether to the next one.
            kind: Only marks of this kind; empty for any.

        Returns:
            Whether there is one.
        """
        look = self.timeline.after if forward else self.timeline.before
        found = look(self._place.seq, kind)
        if found is not None:
            self.seek(found.seq)
        return found is not None

    def play(self, span: int, cut: int) -> None:
        """Lets time pass, unless it is still busy; see `Travel.play`."""
        with self._changed:
            idle = self._wish is None and not self._place.is_moving
        if idle:
            self._want(lambda there, go_on: there.play(span, cut, go_on))

    # What panes ask.

    def snapshot(self) -> views.Snapshot:
        """Gives the picture of the moment."""
        return self._picture

    def bars(self, symbol: str, limit: int) -> tuple[market.MarketData, ...]:
        """Gives the last closed bars up to the moment, oldest first."""
        there = self._travel
        return () if there is None else there.bars(symbol, limit)

    def marks(self, symbol: str, limit: int) -> tuple[views.Mark, ...]:
        """Gives the last fills up to the moment, oldest first."""
        there = self._travel
        return () if there is None else there.marks(symbol, limit)

    def lines(self, symbol: str, limit: int) -> tuple[views.Line, ...]:
        """Gives the indicators that strategies have of a symbol."""
        del symbol, limit
        return ()

    def submit(
        self, command: commands.Command
    ) -> futures.Future[commands.CommandResult]:
        """Refuses every command."""
        del command
        answer: futures.Future[commands.CommandResult] = futures.Future()
        answer.set_result(commands.CommandResult(ok=False, message=REFUSED))
        return answer

    def emergency_stop(self, who: str, reason: str, latched: int = 0) -> int:
        """Stops the engine that runs now, if there is one."""
        if self._live is None:
            return 0
        return self._live.emergency_stop(who, reason, latched)

    def judge(
        self, command: commands.SubmitOrder | commands.ReplaceOrder
    ) -> futures.Future[views.Judgement]:
        """Says nothing of orders: none can be sent."""
        del command
        answer: futures.Future[views.Judgement] = futures.Future()
        answer.set_exception(errors.RefusedError(REFUSED))
        return answer

    def why(self, seq: int) -> futures.Future[tuple[views.Cause, ...]]:
        """Walks from an event back to its causes; nothing later is shown."""
        until = self._place.seq
        return self._asked.submit(causes.explain, self.path, seq, until)

    def output(
        self, strategy: str, limit: int
    ) -> futures.Future[tuple[str, ...]]:
        """Has nothing: what was printed is not in the log."""
        del strategy, limit
        answer: futures.Future[tuple[str, ...]] = futures.Future()
        answer.set_result(())
        return answer

    def close(self) -> None:
        """Ends the thread, and waits for it; the log stays as it is."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()
        self._asked.shutdown(cancel_futures=True)

    # The thread.

    def _want(self, wish: _Going) -> None:
        with self._changed:
            self._wish = wish
            self._tell(is_moving=True, problem='')
            self._changed.notify()

    def _tell(self, **changes: object) -> None:
        self._place = msgspec.structs.replace(self._place, **changes)

    def _go_on(self) -> bool:
        """Whether nobody wants anything else."""
        return self._wish is None and not self._closed

    def _run(self) -> None:
        # The boundary of the thread: a log that cannot be read is told.
        try:
            known = () if self._live is None else self._live.snapshot().watch
            there = travel.Travel(self.path, [row.symbol for row in known])
        except errors.StingError as error:
            self._tell(is_moving=False, problem=str(error))
            return
        self._travel = there
        self._tell(last=there.last)
        while not self._closed:
            with self._changed:
                wish, self._wish = self._wish, None
            try:
                if wish is not None:
                    wish(there, self._go_on)
                    self._show(there)
                else:
                    self.timeline.extend(there.look(), self._go_on)
                    with self._changed:
                        self._tell(last=there.last, read=self.timeline.read)
            except errors.StingError as error:
                with self._changed:
                    self._tell(problem=str(error))
            self._rest(there)

    def _show(self, there: travel.Travel) -> None:
        """Makes the picture, and says that it is there."""
        picture = there.picture()
        with self._changed:
            self._picture = picture
            if self._wish is None:
                self._goal = 0
            self._tell(
                seq=there.seq,
                last=there.last,
                now=there.now,
                problem='',
                wishes=self._place.wishes + 1,
            )

    def _rest(self, there: travel.Travel) -> None:
        """Waits for a wish, once the marks are read."""
        with self._changed:
            if self._wish is None and not self._closed:
                self._tell(is_moving=False)
                if self.timeline.read >= there.last or self._place.problem:
                    self._changed.wait(_LOOK_S)


def logs(states: pathlib.Path) -> list[pathlib.Path]:
    """Finds the logs below a folder, the one written last first.

    Args:
        states: The folder in which every profile has one.

    Returns:
        Their files; copies that lie beside them too.
    """
    found = []
    for path in states.glob('*/**/*.db'):
        try:
            reader.open_reader(path).close()
        except errors.JournalError:
            continue
        found.append(path)
    return sorted(found, key=lambda path: path.stat().st_mtime, reverse=True)
