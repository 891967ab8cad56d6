"""Runs the terminal over an engine that is opened behind the first frame."""

from collections.abc import Callable
import importlib
import signal
import sys
from typing import Any

from sting import settings
from sting.model import errors
from sting.model import views
from sting.model import workstation as workstation_model
from tui import app
from tui import driver
from tui import hangup
from tui import opening
from tui import themes

_EMERGENCY = frozenset({signal.SIGUSR1, signal.SIGQUIT})
# Half a millisecond: the engine's thread waits less for the one that paints.
_SWITCH_S = 0.0005


class Engine:
    """A session and the control socket through which others reach it."""

    def __init__(
        self,
        home: settings.Home,
        config: settings.Settings,
        profile: str,
        confirm: str = '',
    ) -> None:
        self._confirm = confirm
        self._home = home
        self._config = config
        self._profile = profile
        self._server: Any = None

    def open(
        self, hand_over: Callable[[workstation_model.Workstation], None]
    ) -> workstation_model.Workstation:
        """Loads what the engine needs, and starts it.

        Args:
            hand_over: Takes the engine before it is started, so that it can
                be stopped.

        Returns:
            The engine, at work.

        Raises:
            errors.StingError: It could not start; nothing of it runs.
        """
        # These load numpy and more, which the first frame must not wait for.
        session = importlib.import_module('sting.session')
        control = importlib.import_module('sting.control')
        station: workstation_model.Workstation
        found = session.open(
            self._profile,
            home=self._home,
            config=self._config,
            confirm=self._confirm,
        )
        session.watch_signals(found)
        hand_over(found)
        found.start()
        station = found
        self._server = control.Server(station, self._home.socket(self._profile))
        try:
            self._server.start()
        except errors.StingError:
            found.close()
            raise
        return station

    def close(self) -> None:
        """Stops listening."""
        if self._server is not None:
            self._server.stop()


def run(
    home: settings.Home,
    config: settings.Settings,
    name: str,
    *,
    theme: str,
    mouse: bool,
    confirm: str = '',
) -> int:
    """Runs the terminal until it is left.

    Args:
        home: Where the user's files are.
        config: What is configured.
        name: The profile to open.
        theme: A theme's name.
        mouse: Whether the terminal reports the mouse.
        confirm: The account that was typed, for LIVE.

    Returns:
        The exit status.

    Raises:
        errors.StingError: The engine could not start, or ended by itself.
    """
    known = themes.load_all()
    chosen = themes.choose(known, theme)
    # Before any thread starts, so that all of them leave these signals to the
    # one that waits for them.
    signal.pthread_sigmask(signal.SIG_BLOCK, _EMERGENCY)
    sys.setswitchinterval(_SWITCH_S)
    engine = Engine(home, config, name, confirm)
    station = opening.Opening(
        engine.open, first_picture(name, config.profile(name))
    )
    frames = config.terminal.frames_per_s
    screen = app.StingApp(
        station,
        known,
        chosen.name,
        driver.TerminalDriver,
        frames_per_s=None if frames == 'auto' else frames,
    )
    hangup.end_on_signals(screen)
    try:
        screen.run(mouse=mouse)
    finally:
        if screen.detached:
            hangup.let_go_of_terminal()
        engine.close()
        station.close()
    if screen.failure is not None:
        raise screen.failure
    return screen.return_code or 0


def first_picture(name: str, profile: settings.Profile) -> views.Snapshot:
    """Gives what is shown until the engine is open."""
    return views.Snapshot(
        profile=name,
        mode=profile.mode,
        currency=profile.currency,
        watch=tuple(views.WatchRow(symbol) for symbol in profile.symbols),
    )
