"""Starts strategies when a session begins, and stops them when it ends.

It asks for what an operator could ask for, by the same commands in the same
lanes, so that risk, a halt and the log hold for it as for every other.
"""

from collections.abc import Callable
from collections.abc import Iterable
from typing import Final

from sting.engine import bus
from sting.engine import clock
from sting.engine import state
from sting.engine import stops
from sting.model import commands
from sting.model import market
from sting.model import orders
from sting.model import records
from sting.model import schedules
from sting.model import specs
from sting.session import intake
from sting.session import planned
from sting.settings import schedule as schedule_lib

# The component of its statuses in the log, and who asks.
NAME: Final = 'schedule'
# Seconds between two looks at most; the machine's clock may be moved.
LOOK_S: Final = 1.0
# What is played goes by faster than time does.
PLAYED_LOOK_S: Final = 0.05
# So long strategies may take to stop, and positions to be closed.
STOP_S: Final = 30.0
FLAT_S: Final = 60.0
_POLL_S: Final = 0.05


def start_enabled(
    every: Iterable[specs.StrategySpec],
    system: state.SystemState,
    tell: intake.Intake,
    source: str,
) -> None:
    """Asks for the start of what is configured to run by itself.

    Args:
        every: The strategies of the profile.
        system: The engine's state.
        tell: Takes the commands.
        source: Who asks.
    """
    for spec in every:
        last = system.strategies.get(spec.name)
        status = '' if last is None else last.status
        if spec.enabled and status not in ('quarantined', *state.ALIVE):
            tell.command(
                bus.Lane.ORDERS, commands.StartStrategy(name=spec.name), source
            )


class Scheduling:
    """Follows the sessions of a profile's schedule.

    Attributes:
        found: The session that runs, or the next; None past the years that
            the calendar covers.
    """

    def __init__(
        self,
        schedule: schedule_lib.Schedule,
        plan: planned.Plan,
        every: Iterable[specs.StrategySpec],
        *,
        system: state.SystemState,
        tell: intake.Intake,
        time_source: clock.Clock,
        look_s: float = LOOK_S,
    ) -> None:
        """Sets it up.

        Args:
            schedule: What is configured.
            plan: The sessions that come of it.
            every: The strategies of the profile.
            system: The engine's state.
            tell: Takes commands, statuses and alerts.
            time_source: The clock of events.
            look_s: Seconds between two looks at the clock at most.
        """
        self.found: schedules.Session | None = None
        self._schedule = schedule
        self._plan = plan
        self._specs = tuple(every)
        self._system = system
        self._tell = tell
        self._clock = time_source
        self._look_s = look_s
        self._window: planned.Window | None = None

    async def run(self) -> None:
        """Follows the sessions until it is cancelled.

        In the middle of one it goes on with that; outside of one it clears
        away what an engine that did not run at its end has left.
        """
        now = self._clock.now()
        self._window = self._plan.current(now)
        if self._window is None:
            self._tidy(self._plan.last_end(now))
        else:
            self._begin(self._window, 'goes on')
        while True:
            due = self._show()
            left = (due - self._clock.now()) / market.NANOSECONDS
            await self._clock.sleep(min(max(left, 0.0), self._look_s))
            await self._turn()

    async def _turn(self) -> None:
        """Ends the session that is over, and begins the one that is due."""
        now = self._clock.now()
        if self._window is not None and now >= self._window.ends:
            await self._end(self._window)
            self._window = None
        if self._window is None:
            self._window = self._plan.current(now)
            if self._window is not None:
                self._begin(self._window, 'begins')

    def _show(self) -> int:
        """Keeps what is shown; gives when something is due."""
        now, window = self._clock.now(), self._window
        shown = window or self._plan.following(now)
        if shown is None:
            self.found = None
            return now + round(self._look_s * market.NANOSECONDS)
        self.found = schedules.Session(
            calendar=self._plan.sessions.calendar,
            running=window is not None,
            begins=shown.begins,
            ends=shown.ends,
        )
        return shown.begins if window is None else shown.ends

    def _begin(self, window: planned.Window, word: str) -> None:
        until = market.to_iso(window.ends)
        self._say('began', f'session of {window.date} {word}: until {until}')
        if self._system.trading is records.TradingState.TRADING:
            start_enabled(self._specs, self._system, self._tell, NAME)
            return
        self._tell.alert(
            f'the session of {window.date} {word} and no strategy is started: '
            f'{self._system.trading} ({self._system.halted_by})',
            NAME,
        )

    async def _end(self, window: planned.Window) -> None:
        """Stops strategies, then does with orders and positions as is set."""
        await self._stop_strategies()
        self._cancel(self._clock.now())
        if self._schedule.positions == 'flatten':
            await self._flatten(window)
        following = self._plan.following(window.begins)
        more = f'; next {market.to_iso(following.begins)}' if following else ''
        self._say('ended', f'session of {window.date} is over{more}')

    async def _stop_strategies(self) -> None:
        for name in self._alive():
            self._ask(commands.StopStrategy(name=name))
        if not await self._until(lambda: not self._alive(), STOP_S):
            self._tell.alert(
                f'{", ".join(self._alive())} did not stop within '
                f'{STOP_S:g} s of the end of the session',
                NAME,
            )

    def _alive(self) -> list[str]:
        known = self._system.strategies
        return [
            spec.name
            for spec in self._specs
            if spec.name in known and known[spec.name].status in state.ALIVE
        ]

    def _cancel(self, before: int) -> None:
        """Cancels what was ordered before a moment and is not to work on."""
        rule = self._schedule.orders
        if rule == 'keep':
            return
        kept = {each.id for each in stops.protective(self._system)}
        for order in tuple(self._system.working()):
            meant = rule == 'all' or (
                order.time_in_force is orders.TimeInForce.DAY
            )
            if meant and order.id not in kept and order.created < before:
                self._ask(commands.CancelOrder(order_id=order.id))

    async def _flatten(self, window: planned.Window) -> None:
        """Closes what is held: strategies' in their name, then the rest.

        Their own books would count on what an operator has closed.
        """
        await self._close_strategies()
        if not self._held():
            return
        answers: list[commands.CommandResult] = []
        self._ask(commands.Flatten(), answers.append)

        def refused() -> str:
            return next(
                (': ' + one.message for one in answers if not one.ok), ''
            )

        await self._until(lambda: not self._held() or bool(refused()), FLAT_S)
        if self._held():
            self._tell.alert(
                f'{", ".join(self._held())} is held after the '
                f'session of {window.date}, which was to be flat{refused()}',
                NAME,
                records.Severity.CRITICAL,
            )

    async def _close_strategies(self) -> None:
        """Has what stopped strategies hold closed in their name."""
        system = self._system
        known = system.strategies
        holding = [
            spec.name
            for spec in self._specs
            if spec.name in known
            and known[spec.name].status == 'stopped'
            and system.book(spec.name).held
        ]
        for name in holding:
            self._tell.status(
                records.StrategyStatus(
                    strategy=name,
                    status='stopped',
                    detail='the session ends',
                    policy='flatten',
                )
            )
        await self._until(
            lambda: not any(system.book(name).held for name in holding), STOP_S
        )

    def _held(self) -> list[str]:
        return sorted(self._system.portfolio.held)

    def _tidy(self, ended: int) -> None:
        """Does what is left to do of an end that no engine saw."""
        self._cancel(ended)
        if self._schedule.positions == 'flatten' and self._held():
            self._tell.alert(
                f'{", ".join(self._held())} is held outside of a session; '
                'the market is closed, so nothing was sent: `sting flatten` '
                'closes it at the next open',
                NAME,
                records.Severity.CRITICAL,
            )

    async def _until(self, holds: Callable[[], bool], limit: float) -> bool:
        """Waits until something holds; gives whether it does in time."""
        end = self._clock.monotonic() + limit
        while not holds():
            if self._clock.monotonic() > end:
                return False
            await self._clock.sleep(_POLL_S)
        return True

    def _ask(
        self, command: commands.Command, reply: bus.Reply | None = None
    ) -> None:
        self._tell.command(bus.Lane.ORDERS, command, NAME, reply)

    def _say(self, status: str, detail: str) -> None:
        self._tell.system(status, detail, NAME)
