"""What is left to show of a log that does not verify: looking, no trading."""

import asyncio
from collections.abc import Mapping
import contextlib
import os

import msgspec

from sting import settings
from sting.engine import board
from sting.engine import bus
from sting.engine import recovery
from sting.engine import state
from sting.model import commands
from sting.model import errors
from sting.model import market
from sting.model import records
from sting.model import stops
from sting.model import views
from sting.monitor import metrics


class FrozenRoom:
    """The readable part of a damaged log, HALTED and read-only.

    Nothing is written, nothing is repaired, and every command is refused with
    what is wrong.

    Attributes:
        every_s: Seconds from one picture to the next.
    """

    every_s: float = 0.1

    def __init__(
        self,
        home: settings.Home,
        config: settings.Settings,
        profile: str,
        error: errors.JournalCorruptError,
    ) -> None:
        """Reads what comes before the first bad event.

        Args:
            home: Where the user's files are.
            config: What is configured.
            profile: The profile's name.
            error: What is wrong.
        """
        chosen = config.profile(profile)
        self._mode = chosen.mode
        self._reason = (
            f'{error}; read-only: `sting log export` saves what can be read'
        )
        self._refused = commands.CommandResult(ok=False, message=self._reason)
        system = state.SystemState()
        self._board = board.Board(
            profile, chosen.symbols, system, groups=chosen.group_of
        )
        with contextlib.suppress(errors.JournalError):
            recovery.restore(home.log(profile), system, self._board.take)

    async def start(self) -> None:
        """Has nothing to start."""

    async def stop(self) -> None:
        """Has nothing to stop."""

    async def run_until(self, ended: asyncio.Event) -> None:
        """Waits until it is told to end."""
        await ended.wait()

    def submit(self, lane: bus.Lane, incoming: bus.Incoming) -> None:
        """Refuses a command."""
        del lane
        if incoming.reply is not None:
            incoming.reply(self._refused)

    def bars(self, symbol: str, limit: int) -> tuple[market.MarketData, ...]:
        """Gives the last closed bars of a symbol, oldest first."""
        return self._board.bars(symbol, limit)

    def marks(self, symbol: str, limit: int) -> tuple[views.Mark, ...]:
        """Gives the last fills of a symbol, oldest first."""
        return self._board.marks(symbol, limit)

    def lines(self, symbol: str, limit: int) -> tuple[views.Line, ...]:
        """Gives the indicators that strategies have of a symbol."""
        del symbol, limit
        return ()

    async def judge(
        self, command: commands.SubmitOrder | commands.ReplaceOrder
    ) -> views.Judgement:
        """Refuses, as any command."""
        del command
        raise errors.RefusedError(self._reason)

    def emergency_cancel(self, since: float) -> tuple[stops.BrokerStop, ...]:
        """Has no broker to tell."""
        del since
        return ()

    def emergency_again(self, since: float, broker: str) -> stops.BrokerStop:
        """Has no broker to tell."""
        del since
        return stops.BrokerStop(broker=broker)

    @property
    def timed(self) -> tuple[metrics.Sums, Mapping[str, int]]:
        """Nothing is timed."""
        return {}, {}

    def alert(self, message: str, source: str) -> None:
        """Has no log for it."""
        del message, source

    def stopped(self, report: stops.StopReport) -> None:
        """Has no log to write a report to."""
        del report

    async def picture(self, lag_ms: float = 0.0) -> views.Snapshot:
        """Makes a picture of what could be read."""
        picture = self._board.picture(0.0, (), pid=os.getpid())
        return msgspec.structs.replace(
            picture,
            mode=self._mode,
            state=records.TradingState.HALTED,
            reason=self._reason,
            loop_lag_ms=lag_ms,
        )
