"""`sting run`."""

import gc
import importlib
import os
import signal
import threading
import types

import click

from sting import control
from sting import settings
from sting.cli import common
from sting.engine import clock
from sting.engine import signals
from sting.model import errors
from sting.model import views
from sting.monitor import systemd

# How often it is looked whether the engine still runs, in seconds.
_LOOK_S = 0.2


@click.command()
@click.option('--demo', is_flag=True, help='The demo profile.')
@click.option(
    '--profile',
    metavar='NAME',
    help='The profile; without it the default of sting.yaml.',
)
@click.option(
    '--confirm',
    metavar='ACCOUNT',
    help='The number of the account, for LIVE; it is asked for at a terminal.',
)
def run(demo: bool, profile: str | None, confirm: str | None) -> None:
    """Runs an engine without a terminal, until it is told to end.

    SIGINT, SIGTERM and SIGHUP end it in order; SIGUSR1 and SIGQUIT are the
    emergency stop. LIVE starts only with the number of its account typed, and
    only if that is the account which answers. Other commands reach the engine
    by its control socket.
    """
    if demo and profile not in (None, 'demo'):
        raise errors.ConfigError('--demo and --profile exclude each other')
    # Before the session loads what starts threads of its own.
    signals.hold_back()
    session = importlib.import_module('sting.session')
    supervisor = systemd.Notifier.find(os.environ, clock.LiveClock())
    home = settings.Home.find()
    config = settings.load(home)
    name = 'demo' if demo else profile or config.default
    station = session.open(
        name,
        home=home,
        config=config,
        confirm=common.ask_account(name, config.profile(name), confirm),
    )
    signals.watch(station)
    ended = _end_on_signals()
    server = control.Server(station, home.socket(name))
    station.start()
    # What is loaded by now stays: a full collection that walks through it
    # would hold the engine up for tens of milliseconds.
    gc.collect()
    gc.freeze()
    try:
        server.start()
        picture = station.snapshot()
        click.echo(
            f'profile {name} ({picture.mode.upper()}, {picture.state}) runs: '
            f'pid {picture.pid}, socket {home.socket(name)}'
        )
        supervisor.ready(_words(picture))
        while not ended.is_set() and not station.wait(_LOOK_S):
            supervisor.beat(station.beats)
            supervisor.say(_words(station.snapshot()))
    finally:
        supervisor.stopping()
        server.stop()
        station.close()
    if station.failure is not None:
        raise errors.StingError(f'the engine ended: {station.failure}')


def _words(picture: views.Snapshot) -> str:
    """Says in one line how an engine is."""
    reason = f': {picture.reason}' if picture.reason else ''
    session = f'; {picture.session.phrase}' if picture.session else ''
    return common.clean(
        f'{picture.profile} ({picture.mode.upper()}) {picture.state}{reason}'
        f'{session}'
    )


def _end_on_signals() -> threading.Event:
    """Makes the signals that end a program set an event."""
    ended = threading.Event()

    def end(_number: int, _frame: types.FrameType | None) -> None:
        ended.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # Under nohup a hang-up is ignored, and has to stay so.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, end)
    return ended
