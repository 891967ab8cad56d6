"""The terminal: screens over one workstation."""

import asyncio
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
import contextlib
import functools
import gc
import importlib
import os
import pathlib
import signal
from typing import ClassVar

import msgspec
import textual
from textual import app as textual_app
from textual import dom
from textual import driver as textual_driver
from textual import events
from textual import screen as textual_screen
from textual import timer
from textual import widget

from sting.model import commands
from sting.model import errors
from sting.model import records
from sting.model import workstation as workstation_model
from tui import commands as command_line
from tui import driver
from tui import first
from tui import format as text_format
from tui import history
from tui import keymap
from tui import keyqueue
from tui import opening
from tui import pace as pacing
from tui import requests
from tui import shutdown
from tui import sizing
from tui import themes
from tui import userkeys
from tui.panes import hintbar
from tui.panes import prompt
from tui.panes import statusbar
from tui.panes import strategies
from tui.panes import table
from tui.screens import base
from tui.screens import dialogs
from tui.screens import trade

_SLOW_ANSWER_S = 5.0
_COLLECT_S = 0.5
_COLLECT_ALL_S = 30.0
_THEMES_S = 1.0


class StingApp(textual_app.App[None], inherit_bindings=False):
    """Shows a workstation and hands it what the operator wants.

    Attributes:
        workstation: The engine.
        snapshot: The newest picture of it.
        palette: The styles of the theme.
        actions: The key table, with the user's keys.
        detached: The terminal is gone, and nothing may be written to it.
        failure: Why the engine could not be opened.
        journal_log: The log that the journal showed last; None before.
    """

    TITLE = 'sting'
    CSS_PATH = 'styles/sting.tcss'
    BINDINGS: ClassVar = keymap.bindings('app')
    NOTIFICATION_TIMEOUT = 4

    def __init__(
        self,
        workstation: workstation_model.Workstation,
        known_themes: Mapping[str, themes.Theme],
        theme: str = themes.DEFAULT,
        driver_class: type[textual_driver.Driver] | None = None,
        pace: pacing.Pace | None = None,
        terms: sizing.Terms | None = None,
        actions: Sequence[keymap.Action] = keymap.ACTIONS,
        theme_files: themes.Watch | None = None,
        typed: history.History | None = None,
        start: first.First | None = None,
        state: pathlib.Path | None = None,
    ) -> None:
        """Makes the app.

        Args:
            workstation: The engine, which was started.
            known_themes: The themes by name.
            theme: The one to begin with.
            driver_class: What talks to the terminal; None for Textual's own.
            pace: How often data may be painted; None for ten times a second.
            terms: Presets and lots of the ticket.
            actions: The key table, with the user's keys.
            theme_files: Where the themes are; None for nowhere.
            typed: The commands typed before; None for none.
            start: Whether it is the first; None for an engine that ran before.
            state: Where the profile's state is; None keeps no backtests.
        """
        colorless = 'NO_COLOR' in os.environ
        # With colours of its own Textual would only show them as greys.
        super().__init__(
            driver_class=driver_class, ansi_color=colorless or None
        )
        self.workstation = workstation
        self.snapshot = workstation.snapshot()
        self.actions = tuple(actions)
        self.set_keymap(userkeys.changed(actions))
        self.known_themes = known_themes
        self._theme_files = theme_files
        self._typed = typed or history.History()
        self._first_start = start
        self._state = state
        self.journal_log: pathlib.Path | None = None
        self.palette = themes.Palette(known_themes[theme], colorless=colorless)
        self._pace = pace or pacing.Pace()
        self._ticking: timer.Timer | None = None
        self.detached = False
        self._ending = False
        # When the newest stop was pulled whose report was shown.
        self._stop_seen = 0
        self.failure: errors.StingError | None = None
        self._trade = trade.TradeScreen(workstation, terms)
        self._keys = keyqueue.KeyQueue(self, super().on_event)
        for known in known_themes.values():
            self.register_theme(known.for_textual())
        self.theme = theme

    def get_default_screen(self) -> textual_screen.Screen[None]:
        """Gives the trade screen."""
        return self._trade

    async def on_event(self, event: events.Event) -> None:
        """Hands on keys one at a time, and the rest at once."""
        if event.is_forwarded or not isinstance(
            event, events.Key | events.Paste
        ):
            await super().on_event(event)
        else:
            await self._keys.take(event)

    def on_mount(self) -> None:
        """Starts to paint, and takes what the driver may not have."""
        self._begin_ticking()
        if not self.is_headless:
            # A closed terminal also continues the process, on which Textual
            # would start its application mode once more; and a stopped
            # terminal must not stop the engine.
            signal.signal(signal.SIGCONT, lambda *_: None)
            signal.signal(signal.SIGTSTP, signal.SIG_IGN)

    def _begin_ticking(self) -> None:
        """Paints as often as the terminal takes it."""
        if self._ticking is not None:
            self._ticking.stop()
        self._ticking = self.set_interval(
            1 / self._pace.frames_per_s, self.tick
        )

    def _fatal_error(self) -> None:
        """Leaves, and prints where it failed.

        Textual would print what the variables held as well, and the keys of
        accounts are among them.
        """
        # It loads Pygments, for what never happens.
        from rich import traceback  # noqa: PLC0415

        self.bell()
        self.panic(traceback.Traceback(show_locals=False))

    def collect_by_the_clock(self) -> None:
        """Collects garbage at times of its own, not in the middle of things.

        What outlives the frequent collections is garbage too in the end:
        without the rare ones the terminal grew by a gigabyte an hour.
        """
        gc.collect()
        gc.freeze()
        gc.disable()
        self.set_interval(_COLLECT_S, functools.partial(gc.collect, 1))
        self.set_interval(_COLLECT_ALL_S, functools.partial(gc.collect, 2))

    def on_ready(self) -> None:
        """Paints the first picture, and has the rest wait for it."""
        self.tick()
        if self._ending:
            # A signal came before there was a loop to tell.
            self.exit()
            return
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        """Keeps collection out of the way, and opens the engine."""
        if not self.is_headless:
            self.collect_by_the_clock()
        if self._theme_files is not None:
            self.set_interval(_THEMES_S, self.reload_themes)
        if isinstance(self.workstation, opening.Opening):
            self.run_worker(self._open(self.workstation))
        else:
            self._welcome()

    async def _open(self, station: opening.Opening) -> None:
        """Opens the engine behind the first frame."""
        try:
            await asyncio.to_thread(station.open)
        except errors.StingError as error:
            self.failure = error
            self.exit(return_code=1)
            return
        self.tick()
        self._welcome()

    def _welcome(self) -> None:
        """Shows the cards at the first start, but over no real money."""
        is_first = self._first_start is not None and self._first_start.is_now
        is_live = self.snapshot.mode is records.Mode.LIVE
        if is_first and not is_live and self.screen is self._trade:
            self.action_show_welcome()

    # Pictures of the engine.

    @property
    def top(self) -> base.BaseScreen | None:
        """The screen that is seen, below any dialog."""
        return next(
            (
                screen
                for screen in reversed(self.screen_stack)
                if isinstance(screen, base.BaseScreen)
            ),
            None,
        )

    def tick(self) -> None:
        """Paints what changed, unless the terminal cannot keep up."""
        terminal = self._driver
        if isinstance(terminal, driver.TerminalDriver):
            if terminal.is_dead:
                self.hang_up()
                return
            behind = terminal.waiting >= driver.BACKLOG
            if self._pace.note(behind):
                self._begin_ticking()
            if behind:
                return
        was_halted = statusbar.is_halted(self.snapshot)
        self.snapshot = self.workstation.snapshot()
        if not self.screen_stack:
            # A timer's last tick comes after the screens were taken down.
            return
        self._tell_stopped()
        if statusbar.is_halted(self.snapshot) and not was_halted:
            self._drop_questions()
        top = self.top
        # A timer's last tick may come while the screens are taken down.
        if top is not None and top.composed and self.is_running:
            top.show(self.snapshot)

    def _tell_stopped(self) -> None:
        """Shows the report of a stop once, when it comes."""
        report = self.snapshot.stop
        if report is None:
            return
        is_shown = getattr(self.screen, 'key_scope', '') == 'stopped'
        is_more = is_shown and getattr(self.screen, 'report', None) != report
        if report.pulled <= self._stop_seen and not is_more:
            return
        if isinstance(self.screen, dialogs.Ask | dialogs.TypeWord):
            # It comes once the question is answered.
            return
        self._stop_seen = report.pulled
        # One of before the start is told by the banner.
        if report.pulled >= self.snapshot.started:
            self.action_show_stop()

    def _drop_questions(self) -> None:
        """Takes back what was asked before trading was halted."""
        self._trade.ticket.recall()
        while isinstance(self.screen, dialogs.Ask | dialogs.TypeWord):
            self.screen.dismiss(False)

    def ask_to_exit(self) -> None:
        """Ends the app in order; may be called from a signal's handler."""
        self._ending = True
        if self._loop is not None:
            # What ends already has closed its loop.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self.exit)

    def hang_up(self) -> None:
        """Ends the app because its terminal is gone."""
        self.detached = True
        self.exit()

    @property
    def key_scope(self) -> str:
        """The scope of the key table that holds where the focus is."""
        scope: str = getattr(self.screen, 'key_scope', 'app')
        return scope

    # Commands.

    def say(self, text: str, *, ok: bool = True) -> None:
        """Shows a notice of foreign text."""
        self.notify(
            text_format.clean(text),
            severity='information' if ok else 'error',
            markup=False,
        )

    @textual.on(requests.Give)
    def _on_give(self, request: requests.Give) -> None:
        self.give(request.command, request.question, request.answered)

    def give(
        self,
        command: commands.Command,
        question: str = '',
        answered: Callable[[commands.CommandResult], None] | None = None,
    ) -> None:
        """Gives a command to the engine, after a question if there is one.

        Args:
            command: What the operator wants.
            question: Asked first, answered with y or n.
            answered: Called with the answer.
        """
        halted = self.snapshot.state is records.TradingState.HALTED
        if isinstance(command, commands.Flatten) and halted:
            if command.confirm != commands.FLATTEN_WORD:
                self._flatten_halted(command)
                return
            question = ''

        def then(yes: bool | None) -> None:
            if yes:
                self.run_worker(self._give(command, answered))

        if question:
            self.push_screen(dialogs.Ask(question, self._stake()), then)
        else:
            then(True)

    def _stake(self) -> str:
        """Says what a yes is about to touch."""
        mode = self.snapshot.mode.value.upper()
        account = self.snapshot.account or self.snapshot.profile
        return text_format.clean(f'{mode}, account {account}')

    def _flatten_halted(self, command: commands.Flatten) -> None:
        confirmed = msgspec.structs.replace(
            command, confirm=commands.FLATTEN_WORD
        )
        what = command.symbol or 'every position'
        self._type_word(
            f'Trading is halted. Close {text_format.clean(what)} at market?',
            confirmed,
            commands.FLATTEN_WORD,
        )

    def _type_word(
        self, question: str, command: commands.Command, word: str
    ) -> None:
        def then(yes: bool | None) -> None:
            if yes:
                self.run_worker(self._give(command, None))

        self.push_screen(dialogs.TypeWord(question, word), then)

    async def _give(
        self,
        command: commands.Command,
        answered: Callable[[commands.CommandResult], None] | None,
    ) -> None:
        """Waits for the engine's answer and shows it."""
        try:
            future = asyncio.wrap_future(self.workstation.submit(command))
            done, _ = await asyncio.wait({future}, timeout=_SLOW_ANSWER_S)
            if not done:
                self.say('the engine has not answered yet', ok=False)
            result = await future
        except errors.StingError as error:
            result = commands.CommandResult(ok=False, message=str(error))
        self.say(result.message, ok=result.ok)
        if answered is not None:
            answered(result)
        self.tick()

    # What panes ask for.

    @textual.on(requests.Why)
    def _on_why(self, request: requests.Why) -> None:
        self.action_explain(request.seq)

    @textual.on(requests.ShowStrategy)
    def _on_show_strategy(self, request: requests.ShowStrategy) -> None:
        self.action_show_strategy(request.name)

    @textual.on(requests.SetParameters)
    def _on_set_parameters(self, request: requests.SetParameters) -> None:
        setting = importlib.import_module('tui.screens.setting')
        setting.review(self, request)

    @textual.on(requests.Modify)
    def _on_modify(self, request: requests.Modify) -> None:
        self._trade.modify(request.order)

    @textual.on(requests.Review)
    def _on_review(self, request: requests.Review) -> None:
        self._trade.review(request.draft)

    @textual.on(requests.Line)
    def _on_line(self, request: requests.Line) -> None:
        words = command_line.completions(self.snapshot, [*self.known_themes])
        self._trade.open_prompt(':', request.text, words, self._typed.lines)

    @textual.on(requests.Jump)
    def _on_jump(self, request: requests.Jump) -> None:
        self._trade.jump(request.pane, request.key)

    @textual.on(requests.ShowEvent)
    def _on_show_event(self, request: requests.ShowEvent) -> None:
        event = importlib.import_module('tui.screens.event')
        self.push_screen(event.EventDetail(request.row))

    @textual.on(requests.Select)
    def _on_select(self, request: requests.Select) -> None:
        self._trade.select(request.symbol)
        self._trade.chart.show(self.snapshot)

    @textual.on(requests.Step)
    def _on_step(self, request: requests.Step) -> None:
        self._trade.step_symbol(request.lines)

    @textual.on(requests.ShowPane)
    def _on_show_pane(self, request: requests.ShowPane) -> None:
        self._trade.go_to(request.name)

    @textual.on(requests.Filter)
    def _on_filter(self) -> None:
        found = self._trade.current_list
        if found is not None:
            self._trade.open_prompt('/', found.filter_text, [])

    # The line for commands and filters.

    @textual.on(prompt.Prompt.Changed)
    def _prompt_changed(self, event: prompt.Prompt.Changed) -> None:
        found: table.Table[object] | None = self._trade.current_list
        line = self._trade.query_one(prompt.Prompt)
        if event.kind == ':':
            line.explain(command_line.explain(event.text))
        elif found is not None:
            line.explain('enter keeps it, esc ends it')
            found.set_filter(event.text)

    @textual.on(prompt.Prompt.Entered)
    def _prompt_entered(self, event: prompt.Prompt.Entered) -> None:
        self._trade.close_prompt()
        if event.kind == ':':
            self._typed.add(event.text)
            self._run_line(event.text)

    def _run_line(self, line: str) -> None:
        try:
            outcome = command_line.parse(line, self.snapshot)
        except errors.InputError as error:
            self.say(str(error), ok=False)
            return
        if outcome.draft is not None:
            self._trade.review(outcome.draft)
        elif outcome.command is not None:
            self.give(outcome.command, outcome.question)
        elif outcome.named is not None:
            self.call_later(self._run_action_of, outcome.named)
        elif outcome.action:
            self.call_later(self.run_action, outcome.action)

    # Actions of the key table.

    def action_emergency_stop(self) -> None:
        """Stops everything, at once and without a question."""
        self.workstation.emergency_stop('operator', 'emergency stop key')
        held = text_format.held(self.snapshot.positions)
        still = f'Still open: {held}. ' if held else ''
        self.notify(
            f'EMERGENCY STOP. {still}No new orders, working orders are '
            'cancelled, strategies stop. :resume lets trading go on.',
            severity='error',
            timeout=10,
            markup=False,
        )
        self.tick()

    def action_show_help(self) -> None:
        """Shows the keys."""
        help_screen = importlib.import_module('tui.screens.help')
        self.push_screen(help_screen.Help(self.key_scope))

    def action_show_screen(self, name: str) -> None:
        """Shows a screen by its name in the key table."""
        while len(self.screen_stack) > 1:
            self.pop_screen()
        if name == 'system':
            system = importlib.import_module('tui.screens.system')
            self.push_screen(system.SystemScreen())
        elif name == 'journal':
            self.action_show_journal()
        elif name == 'backtest':
            if not self.is_screen_installed('backtest'):
                backtest = importlib.import_module('tui.screens.backtest')
                self.install_screen(backtest.make(self._state), 'backtest')
            self.push_screen('backtest')
        self.call_after_refresh(self.tick)

    def action_show_journal(self, path: str = '') -> None:
        """Shows a log at any moment; that of this profile without a path."""
        journal = importlib.import_module('tui.screens.journal')
        journal.show(self, path)

    def action_fork(self, seq: int, changes: tuple[str, ...]) -> None:
        """Reruns a log from an event on with other settings."""
        journal = importlib.import_module('tui.screens.journal')
        journal.show_fork(self, seq, changes)

    def action_jump(self) -> None:
        """Lays a letter over each place that can take the keys."""
        here = self.screen
        if not isinstance(here, base.BaseScreen) or any(
            line.display for line in here.query(prompt.Prompt)
        ):
            return
        jump = importlib.import_module('tui.screens.jump')

        def go(place: widget.Widget | None) -> None:
            if place is not None:
                place.focus()

        here.query_one(hintbar.HintBar).show_scope('jump')
        self.push_screen(jump.Jump(jump.places(here)), go)

    def action_command_line(self) -> None:
        """Opens the command line."""
        self.action_show_screen('trade')
        words = command_line.completions(self.snapshot, [*self.known_themes])
        self._trade.open_prompt(':', '', words, self._typed.lines)

    def action_explain(self, seq: int) -> None:
        """Shows what led to an event."""
        why = importlib.import_module('tui.screens.why')
        self.push_screen(why.WhyScreen(self.workstation, seq))

    def action_show_strategy(self, name: str) -> None:
        """Shows how a strategy does."""
        strategy = importlib.import_module('tui.screens.strategy')
        self.push_screen(strategy.StrategyScreen(self.workstation, name))

    def action_set_parameters(
        self, name: str, parameters: Mapping[str, str | None]
    ) -> None:
        """Reviews other parameters of a strategy."""
        self.post_message(requests.SetParameters(name, parameters))

    def action_show_inbox(self) -> None:
        """Shows in what the broker's book and ours differ."""
        inbox = importlib.import_module('tui.screens.inbox')
        self.push_screen(inbox.InboxScreen(self.workstation))

    def action_select_symbol(self, symbol: str) -> None:
        """Takes a symbol of the watchlist."""
        self._trade.watchlist.move_to_key(symbol)

    def action_take_preset(self, name: str) -> None:
        """Opens the ticket with a preset."""
        names = self._trade.ticket.presets
        if name not in names:
            there = f'there are {", ".join(names)}' if names else 'none'
            self.say(f'no preset {name!r}; {there}', ok=False)
            return
        self._trade.open_ticket('buy')
        self._trade.ticket.take_preset(name)

    def action_show_welcome(self) -> None:
        """Shows the cards of the first start."""
        welcome = importlib.import_module('tui.screens.welcome')
        start = self._first_start
        places = {} if start is None else start.places

        def closed(_: object) -> None:
            if start is not None:
                start.remember()

        self.push_screen(
            welcome.Welcome(welcome.cards(self.snapshot, self.actions, places)),
            closed,
        )

    def action_show_stop(self) -> None:
        """Shows what came of the last emergency stop."""
        report = self.snapshot.stop
        if report is None:
            self.say('there is no report of a stop')
            return
        stopped = importlib.import_module('tui.screens.stopped')
        if isinstance(self.screen, stopped.StopReport):
            self.pop_screen()
        self.push_screen(stopped.StopReport(report))

    def action_reduce(self) -> None:
        """Lets only orders through that shrink, after a question."""
        self.give(
            commands.Reduce(reason='by hand'),
            'Let only orders through that shrink a position?',
        )

    def action_resume(self) -> None:
        """Asks for the word that lets trading go on."""
        if self.snapshot.state is records.TradingState.TRADING:
            self.say('trading is not halted')
            return
        reason = text_format.clean(self.snapshot.reason)
        self._type_word(
            f'Let trading go on? It is {self.snapshot.state.value}: {reason}',
            commands.Resume(confirm=commands.RESUME_WORD),
            commands.RESUME_WORD,
        )

    def action_flatten_all(self) -> None:
        """Closes every position, after a question."""
        self.give(commands.Flatten(), 'Close every position at market?')

    def action_shutdown(self, slices: int = 1, every_s: float = 1.0) -> None:
        """Asks for the word that stops, closes everything and ends it all."""
        attached = self.snapshot.attached
        if attached is not None and attached.read_only:
            self.say('this screen only watches; the stop works', ok=False)
            return
        parts = f'{slices} parts, {every_s:g} s apart' if slices > 1 else 'one'

        def then(yes: bool | None) -> None:
            if yes:
                self.workstation.emergency_stop('operator', 'shutdown')
                self.run_worker(self._shut_down(slices, every_s))

        self.push_screen(
            dialogs.TypeWord(
                'Emergency shutdown: stop, close every position at market in '
                f'{parts}, end the engine?',
                commands.FLATTEN_WORD,
            ),
            then,
        )

    async def _shut_down(self, slices: int, every_s: float) -> None:
        profile, word = self.snapshot.profile, commands.FLATTEN_WORD
        complaint = await shutdown.run(profile, word, slices, every_s)
        if complaint:
            self.say(complaint, ok=False)

    def action_next_theme(self) -> None:
        """Takes the next theme."""
        names = [*self.known_themes]
        index = names.index(self.theme) + 1
        self.action_take_theme(names[index % len(names)])

    def action_take_theme(self, name: str) -> None:
        """Takes a theme by name."""
        try:
            chosen = themes.choose(self.known_themes, name)
        except errors.ConfigError as error:
            self.say(str(error), ok=False)
            return
        self.palette = themes.Palette(chosen, colorless=self.no_color)
        self.theme = name
        for screen in self.screen_stack:
            if isinstance(screen, base.BaseScreen):
                screen.repaint()
        self.tick()

    def reload_themes(self) -> None:
        """Takes the themes as they are now, if a file was changed."""
        if self._theme_files is None or not self._theme_files.changed():
            return
        try:
            found = self._theme_files.load()
            themes.choose(found, self.theme)
        except errors.ConfigError as error:
            self.say(str(error), ok=False)
            return
        self.known_themes = found
        for known in found.values():
            self.register_theme(known.for_textual())
        self.action_take_theme(self.theme)
        # The name is the one before: Textual does not look at it again.
        self.refresh_css(animate=False)

    def action_how_to_quit(self) -> None:
        """Says how to quit."""
        self.notify('^q quits; ^\\ or F9 is the emergency stop', markup=False)

    def action_leave(self) -> None:
        """Quits, after a question when orders or strategies are live."""
        running = sum(map(strategies.is_live, self.snapshot.strategies))
        working = self.snapshot.open_orders
        if not running and not working:
            self.exit()
            return

        def then(yes: bool | None) -> None:
            if yes:
                self.exit()

        live = [
            text_format.count(number, noun)
            for number, noun in (
                (working, 'working order'),
                (running, 'running strategy'),
            )
            if number
        ]
        question = f'Quit with {" and ".join(live)}?'
        detail = (
            'The strategies and the engine stop in order. Orders that work '
            'are not cancelled.'
        )
        if self.snapshot.attached is not None:
            question = f'Leave {" and ".join(live)} alone?'
            detail = (
                'The engine goes on without this terminal: `sting-tui '
                '--attach` takes it back.'
            )
        self.push_screen(dialogs.Ask(question, detail), then)

    def get_system_commands(
        self, screen: textual_screen.Screen[object]
    ) -> Iterable[textual_app.SystemCommand]:
        """Gives what the palette offers: the table's actions and themes.

        The stop is found by typing its name; nothing typed and enter stops
        nothing, nor does a letter of its keys.
        """
        del screen
        for action in self.actions:
            if action.palette:
                keys = keymap.keys_text(action) if action.keys else ''
                title = f'{action.label}  {keys}'.strip()
                yield textual_app.SystemCommand(
                    action.label if action.fixed else title,
                    f'{keys}: {action.help}' if action.fixed else action.help,
                    functools.partial(self._run_action_of, action),
                    discover=not action.fixed,
                )
        for name in self.known_themes:
            yield textual_app.SystemCommand(
                f'theme {name}',
                f'Takes the theme {name}.',
                functools.partial(self.action_take_theme, name),
            )

    async def _run_action_of(self, action: keymap.Action) -> None:
        """Runs an action from the palette or the command line."""
        if action.scope == 'app':
            await self.run_action(action.does, self)
            return
        self.action_show_screen('trade')
        panes = self._trade.grid.panes
        place: dom.DOMNode | None = self._trade
        if action.scope in panes:
            self._trade.go_to(action.scope)
            place = panes[action.scope]
        elif action.scope == 'list':
            place = self._trade.current_list
        if place is None:
            self.say(f'{action.id} works in lists', ok=False)
        else:
            await self.run_action(action.does, place)
