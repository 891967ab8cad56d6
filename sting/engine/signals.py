"""Signals that stop everything, on a thread of their own."""

import signal
import threading

from sting.model import workstation

EMERGENCY = frozenset({signal.SIGUSR1, signal.SIGQUIT})


def hold_back() -> None:
    """Blocks SIGUSR1 and SIGQUIT until `watch` takes them.

    To be called in the main thread before anything starts a thread, numpy's
    import included: threads inherit it, and one that did not would be given
    the signal and end the process.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, EMERGENCY)


def watch(station: workstation.Workstation) -> None:
    """Makes SIGUSR1 and SIGQUIT the emergency stop.

    A thread waits for them, so that they work while the main thread is busy.

    Args:
        station: What to stop.
    """
    hold_back()

    def wait() -> None:
        while True:
            got = signal.Signals(signal.sigwait(EMERGENCY))
            station.emergency_stop('signal', got.name)

    threading.Thread(target=wait, name='signals', daemon=True).start()
