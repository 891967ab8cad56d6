"""F5's panel of the last drill of the stop; a drill is another process."""

import asyncio
from collections.abc import Sequence
import signal
import sys
from typing import Final

from rich import table
from rich import text
from textual import widgets

from sting.model import drills
from sting.model import views
from tui import format as text_format

PROGRAM: Final = (sys.executable, '-m', 'sting.cli.main')
_NEVER: Final = 'never drilled: d pulls the stop on paper and times it'
_RUNS: Final = 'drilling on paper, in another process: about half a minute'
# Seconds in which one that is told to end has to.
_END_S: Final = 5.0


class DrillPanel(widgets.Static):
    """What the last drill has shown, and whether one runs.

    Attributes:
        program: The command that `drill` and its options are given to.
    """

    program: Sequence[str] = PROGRAM

    def __init__(self) -> None:
        """Makes the panel; it is empty before the first picture."""
        super().__init__(classes='sheet')
        self.border_title = 'drill of the stop'
        self._process: asyncio.subprocess.Process | None = None
        self._runs = False
        self._said = ''
        self._shown: tuple[drills.Result | None, bool, str] | None = None

    def drill(self, profile: str) -> None:
        """Starts a drill, unless one runs.

        Args:
            profile: Whose rules it has.
        """
        if not self._runs:
            self._runs, self._said = True, ''
            self.scroll_visible()
            self.run_worker(self._drill(profile))

    async def on_unmount(self) -> None:
        """Ends what runs; it clears up behind itself."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.send_signal(signal.SIGINT)
        try:
            await asyncio.wait_for(process.wait(), _END_S)
        except TimeoutError:
            process.kill()
            await process.wait()

    def show(self, snapshot: views.Snapshot) -> None:
        """Takes the newest picture of the engine."""
        shown = snapshot.drill, self._runs, self._said
        if shown == self._shown:
            return
        self._shown = shown
        grid = table.Table.grid()
        if self._runs:
            grid.add_row(_RUNS)
        if self._said:
            grid.add_row(text.Text(text_format.clean(self._said)))
        grid.add_row(
            _NEVER if snapshot.drill is None else _cases(snapshot.drill)
        )
        self.update(grid)

    async def _drill(self, profile: str) -> None:
        """Runs one; what it finds comes with the pictures."""
        try:
            self._process = await asyncio.create_subprocess_exec(
                *self.program,
                'drill',
                '--json',
                f'--profile={profile}',
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
            )
            _, said = await self._process.communicate()
            self._said = said.decode(errors='replace').removeprefix('sting: ')
        except OSError as error:
            self._said = f'the drill cannot be started: {error}'
        finally:
            self._runs = False


def _cases(last: drills.Result) -> table.Table:
    grid = table.Table.grid(padding=(0, 2))
    grid.add_row('case', 'last order', 'first cancel', 'left', '', style='dim')
    for case in last.cases:
        grid.add_row(
            text.Text(text_format.clean(case.case)),
            f'{case.order_ms:.1f} ms',
            '-' if case.first_ms is None else f'{case.first_ms:.1f} ms',
            str(case.left),
            case.verdict,
        )
    grid.add_row(f'at {text_format.date_clock(last.at)}', style='dim')
    return grid
