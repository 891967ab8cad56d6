"""Runs the terminal over an engine that is opened behind the first frame."""

from collections.abc import Callable
import importlib
import os
import signal
import sys
from typing import Any

from sting import settings
from sting.model import errors
from sting.model import views
from sting.model import workstation as workstation_model
from tui import app
from tui import driver
from tui import first
from tui import hangup
from tui import history
from tui import opening
from tui import pace as pacing
from tui import sizing
from tui import themes
from tui import userkeys

_EMERGENCY = frozenset({signal.SIGUSR1, signal.SIGQUIT})
# Half a millisecond: the engine's thread waits less for the one that paints.
_SWITCH_S = 0.0005
# What the process says once its terminal is gone, in the profile's folder.
DETACHED = 'detached.log'


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
        self._session: Any = None

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
        station = self._session = found
        self._server = control.Server(station, self._home.socket(self._profile))
        try:
            self._server.start()
        except errors.StingError:
            found.close()
            raise
        return station

    def wait(self, timeout: float) -> bool:
        """Waits for the engine to end by itself; gives whether it has."""
        return self._session is None or bool(self._session.wait(timeout))

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
    # Before any thread starts, so that all of them leave these signals to the
    # one that waits for them.
    signal.pthread_sigmask(signal.SIG_BLOCK, _EMERGENCY)
    sys.setswitchinterval(_SWITCH_S)
    engine = Engine(home, config, name, confirm)
    station = opening.Opening(
        engine.open, first_picture(name, config.profile(name))
    )
    screen = _screen(
        station, home, config, name, theme, first.First(home, name)
    )
    ended = hangup.end_on_signals(screen)
    policy = config.terminal.on_hangup
    try:
        screen.run(mouse=_mouse(config, mouse))
    finally:
        keeps = screen.detached and policy != 'stop' and station.is_open
        if screen.detached:
            hangup.let_go_of_terminal(
                home.state(name) / DETACHED if keeps else None
            )
        if keeps:
            if policy == 'halt':
                station.emergency_stop('hangup', 'the terminal went away')
            hangup.outlive_terminal(ended, engine.wait)
        engine.close()
        station.close()
    if screen.failure is not None:
        raise screen.failure
    return screen.return_code or 0


def attach(
    home: settings.Home,
    config: settings.Settings,
    name: str,
    *,
    theme: str,
    mouse: bool,
    read_only: bool,
) -> int:
    """Runs the terminal over an engine of another process, which stays.

    Args:
        home: Where the user's files are.
        config: What is configured.
        name: The profile whose engine it is.
        theme: A theme's name.
        mouse: Whether the terminal reports the mouse.
        read_only: It only watches; the emergency stop works all the same.

    Returns:
        The exit status.

    Raises:
        errors.StingError: There is no engine, or none to attach to.
    """
    control = importlib.import_module('sting.control')
    station = control.Remote(home, name, read_only=read_only)
    try:
        station.open()
        screen = _screen(station, home, config, name, theme)
        hangup.end_on_signals(screen)
        for each in _EMERGENCY:
            signal.signal(
                each,
                lambda number, _: station.emergency_stop(
                    'signal', signal.Signals(number).name
                ),
            )
        screen.run(mouse=_mouse(config, mouse))
        if screen.detached:
            hangup.let_go_of_terminal()
    finally:
        station.close()
    return screen.return_code or 0


def _screen(
    station: workstation_model.Workstation,
    home: settings.Home,
    config: settings.Settings,
    name: str,
    theme: str,
    start: first.First | None = None,
) -> app.StingApp:
    """Makes the app over a workstation."""
    files = themes.Watch(themes.folder(), home.config / themes.FOLDER)
    known = files.load()
    frames = config.terminal.frames_per_s
    return app.StingApp(
        station,
        known,
        themes.choose(known, theme).name,
        driver.ThinDriver
        if pacing.is_ssh(config.terminal.kind, os.environ)
        else driver.TerminalDriver,
        pacing.Pace(
            config.terminal.kind,
            None if frames == 'auto' else frames,
            os.environ,
        ),
        sizing.Terms(
            presets=config.presets,
            lots={
                name: one.lot
                for name, one in config.instruments.items()
                if one.lot
            },
        ),
        userkeys.load(home.config / userkeys.FILE),
        files,
        history.History(home.state(name) / history.FILE),
        start,
        home.state(name),
    )


def _mouse(config: settings.Settings, wanted: bool) -> bool:
    """Whether the terminal is to report the mouse."""
    return wanted and not pacing.is_ssh(config.terminal.kind, os.environ)


def first_picture(name: str, profile: settings.Profile) -> views.Snapshot:
    """Gives what is shown until the engine is open."""
    return views.Snapshot(
        profile=name,
        mode=profile.mode,
        currency=profile.currency,
        watch=tuple(views.WatchRow(symbol) for symbol in profile.symbols),
    )
