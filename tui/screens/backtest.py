"""The backtest screen: a form, a run in another process, what it found."""

import asyncio
from collections.abc import Iterator
from collections.abc import Sequence
import os
import pathlib
import sys
import webbrowser

from textual import containers
from textual import widget
from textual import widgets

from tui import format as text_format
from tui import keymap
from tui.screens import backtest_child
from tui.screens import backtest_form
from tui.screens import backtest_history
from tui.screens import backtest_map
from tui.screens import backtest_process
from tui.screens import backtest_results
from tui.screens import backtest_runs
from tui.screens import base

READY = 'ctrl+r runs'
RUNNING = 'running; ctrl+t cancels'
BUSY = 'a backtest runs already; ctrl+t cancels it'
# Where one of these is set, there is a browser with a window.
_GRAPHICAL = ('DISPLAY', 'WAYLAND_DISPLAY')


class BacktestScreen(base.BaseScreen):
    """Runs a strategy over history and shows how it went.

    Attributes:
        outcome: What the last run found; None before the first.
    """

    scope = 'backtest'
    BINDINGS = keymap.bindings('backtest')
    DEFAULT_CSS = """
    BacktestScreen {
        #form { width: 31; padding: 0 1; }
        &.-wide #form { width: 44; }
        #buttons { height: 1; margin: 1 0; }
        #buttons Button { margin: 0 1 0 0; }
        #progress { width: 1fr; visibility: hidden; }
        #progress Bar { width: 1fr; }
        #about, #status { height: auto; }
        &.-narrow.-reading #form { display: none; }
    }
    """

    def __init__(
        self,
        program: Sequence[str] = backtest_process.PROGRAM,
        store: backtest_history.Store | None = None,
    ) -> None:
        """Makes the screen.

        Args:
            program: The `sting` command that runs the backtest.
            store: Keeps the runs; None keeps none.
        """
        super().__init__()
        self._store = store or backtest_history.Store()
        self.HORIZONTAL_BREAKPOINTS = [(0, '-narrow'), (100, '-wide')]
        self.outcome: backtest_child.Outcome | None = None
        self._program = program
        self._child: backtest_child.Child | None = None

    def body(self) -> Iterator[widget.Widget]:
        """Gives the form at the left and the results beside it."""
        with containers.Horizontal():
            with containers.Vertical(id='form'):
                yield backtest_form.Fields(self._program)
                with containers.Horizontal(id='buttons'):
                    yield widgets.Button('Run', id='run', compact=True)
                    yield widgets.Button('Cancel', id='cancel', compact=True)
                yield widgets.ProgressBar(total=1, id='progress')
                yield widgets.Static(READY, id='status', markup=False)
                yield widgets.Static('', id='about', markup=False)
            yield backtest_results.Results(self._store)

    def on_mount(self) -> None:
        """Has nothing to cancel yet."""
        super().on_mount()
        self.query_one('#cancel', widgets.Button).disabled = True

    def on_input_submitted(self, _: widgets.Input.Submitted) -> None:
        """Goes to the next field."""
        self.focus_next()

    def on_fields_told(self, event: backtest_form.Fields.Told) -> None:
        """Says what there is to say of a field."""
        self.query_one('#about', widgets.Static).update(event.words)

    async def on_button_pressed(self, event: widgets.Button.Pressed) -> None:
        """Runs or cancels."""
        if event.button.id == 'run':
            self.action_run_backtest()
        else:
            await self.action_cancel_backtest()

    @property
    def _results(self) -> backtest_results.Results:
        return self.query_one(backtest_results.Results)

    @property
    def key_scope(self) -> str:
        """The scope of the key table that holds where the focus is."""
        results = self._results
        return results.key_scope if results.has_keys else self.scope

    def on_descendant_focus(self) -> None:
        """Gives the results the whole width while one reads them."""
        self.set_class(self._results.has_keys, '-reading')
        self.show_hints()

    def repaint(self) -> None:
        """Takes the colours of a new theme."""
        super().repaint()
        self._results.repaint()

    def action_results(self) -> None:
        """Goes to the results, or back from them to the form."""
        if self._results.has_keys:
            self.action_form()
        else:
            self._results.target.focus()

    def action_form(self) -> None:
        """Goes back from the results to the form."""
        self.remove_class('-reading')
        self.query_one('#strategy', widgets.Input).focus()

    @property
    def _fields(self) -> backtest_form.Fields:
        return self.query_one(backtest_form.Fields)

    def action_run_backtest(self) -> None:
        """Starts the backtest, unless one runs."""
        if self._child is not None:
            self.notify(BUSY)
            return
        if complaint := self._fields.check():
            self._say(complaint)
            return
        child = self._begin(RUNNING)
        self._results.clear()
        self.run_worker(self._run(child, self._fields.value))

    def _begin(self, said: str) -> backtest_child.Child:
        """Makes the one child there is at a time."""
        self._child = backtest_child.Child(self._program)
        self._say(said)
        self._progress(0, 1)
        self.query_one('#progress').visible = True
        self.query_one('#cancel', widgets.Button).disabled = False
        return self._child

    def _end(self) -> None:
        self._child = None
        # The screen may be gone by now.
        self.query('#cancel').set(disabled=True)
        self.query('#progress').set(visible=False)

    async def action_cancel_backtest(self) -> None:
        """Ends the running backtest, if there is one."""
        if self._child is not None:
            await self._child.cancel()

    async def _run(
        self, child: backtest_child.Child, form: backtest_child.Form
    ) -> None:
        try:
            self.outcome = await child.run(form, self._progress)
        finally:
            self._end()
        if self.outcome.error:
            self._say(text_format.clean(self.outcome.error))
            return
        self._say(f'done; {READY} again')
        if self.outcome.swept is not None:
            self._results.put_swept(self.outcome.swept)
            self._results.target.focus()
            return
        await self._results.put(self.outcome)
        await self._keep(form, self.outcome)

    async def _keep(
        self, form: backtest_child.Form, outcome: backtest_child.Outcome
    ) -> None:
        """Keeps a run among those of before."""
        # plotext takes a tenth of a second to import.
        from tui.charts import lines  # noqa: PLC0415

        try:
            await asyncio.to_thread(self._store.add, form, outcome, lines.thin)
        except OSError as error:
            self._say(text_format.clean(f'done, but not kept: {error}'))
        await self._results.load_runs()

    # What the list of runs asks for.

    async def on_runs_opened(self, event: backtest_runs.Runs.Opened) -> None:
        """Shows a run again, with its form."""
        if self._child is not None:
            self.notify(BUSY)
            return
        run = event.run
        self._fields.fill(run.form)
        self.outcome = run.outcome
        self._results.clear()
        await self._results.put(run.outcome)
        self._results.action_page('overview')
        self._say(f'run {run.number}, without its trades; {READY} again')

    def on_map_chosen(self, event: backtest_map.Map.Chosen) -> None:
        """Runs the values under the cursor of a sweep's map."""
        if self._child is not None:
            self.notify(BUSY)
            return
        self._fields.choose(event.values)
        self.action_run_backtest()
        self._results.action_page('overview')

    def on_runs_compared(self, event: backtest_runs.Runs.Compared) -> None:
        """Shows two runs side by side."""
        from tui.screens import backtest_compare  # noqa: PLC0415

        self.app.push_screen(backtest_compare.Compared(event.one, event.other))

    def on_runs_reported(self, event: backtest_runs.Runs.Reported) -> None:
        """Writes and opens the page of a run."""
        path = self._store.report(event.run.number)
        if path.exists():
            self._open(path)
        elif self._child is not None:
            self.notify(BUSY)
        else:
            child = self._begin(f'writes the page of run {event.run.number}')
            self.run_worker(self._report(child, event.run.form, path))

    async def _report(
        self,
        child: backtest_child.Child,
        form: backtest_child.Form,
        path: pathlib.Path,
    ) -> None:
        try:
            error = await child.report(form, path, self._progress)
        finally:
            self._end()
        if error:
            self._say(text_format.clean(error))
            return
        self._open(path)

    def _open(self, path: pathlib.Path) -> None:
        """Opens a page where there is a screen for it, and says where it is."""
        self._say(text_format.clean(str(path)))
        if sys.platform == 'darwin' or any(map(os.environ.get, _GRAPHICAL)):
            # One that draws in the terminal is never asked for.
            self.run_worker(asyncio.to_thread(webbrowser.open, path.as_uri()))

    def _progress(self, done: int, total: int) -> None:
        bar = self.query_one('#progress', widgets.ProgressBar)
        bar.update(total=max(total, 1), progress=done)

    def _say(self, message: str) -> None:
        self.query_one('#status', widgets.Static).update(message)


def make(folder: pathlib.Path | None) -> BacktestScreen:
    """Makes the screen of a profile.

    Args:
        folder: Where the profile's state is; None keeps no runs.
    """
    return BacktestScreen(
        store=backtest_history.Store(
            folder and folder / backtest_history.FOLDER
        )
    )
