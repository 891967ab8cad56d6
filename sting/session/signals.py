"""Signals that stop everything, on a thread of their own."""

import signal
import threading

from sting.model import workstation

EMERGENCY = frozenset({signal.SIGUSR1, signal.SIGQUIT})


def watch_signals(station: workstation.Workstation) -> None:
    """Makes SIGUSR1 and SIGQUIT the emergency stop.

    To be called from the main thread before others are started, which inherit
    that these signals are blocked. A thread then waits for them, so that they
    work while the main thread is busy.

    Args:
        station: What to stop.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, EMERGENCY)

    def wait() -> None:
        while True:
            got = signal.Signals(signal.sigwait(EMERGENCY))
            station.emergency_stop('signal', got.name)

    threading.Thread(target=wait, name='signals', daemon=True).start()
