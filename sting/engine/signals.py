"""Signals that stop everything, on a thread of their own.

A signal is written into a pipe by faulthandler, which needs neither the
interpreter's lock nor the main thread: so it is seen by a guardian in another
process while a call into C holds the lock, and by a thread here otherwise.
"""

import faulthandler
import os
import select
import signal
import threading

from sting.model import workstation

EMERGENCY = frozenset({signal.SIGUSR1, signal.SIGQUIT})
_READ = 1 << 16

# Of each signal the end that is read; the process has one set of signals.
_pipes: dict[signal.Signals, int] = {}


def hold_back() -> None:
    """Blocks SIGUSR1 and SIGQUIT until `watch` takes them.

    To be called in the main thread before anything starts a thread, numpy's
    import included: threads inherit it, and one that did not would be given
    the signal, and end the process or lose it.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, EMERGENCY)


def pipes() -> dict[str, int]:
    """Gives files that become readable with a signal, by its name.

    Empty where nobody watches. What is in them is for `watch` to read.
    """
    return {each.name: number for each, number in _pipes.items()}


def watch(station: workstation.Workstation) -> None:
    """Makes SIGUSR1 and SIGQUIT the emergency stop.

    A thread waits for them, so that they work while the main thread is busy.

    Args:
        station: What to stop.
    """
    hold_back()
    poll = select.poll()
    names = {}
    for each in EMERGENCY:
        if each not in _pipes:
            read, write = os.pipe()
            os.set_blocking(read, False)
            os.set_blocking(write, False)
            faulthandler.register(each, file=write, all_threads=False)
            _pipes[each] = read
        poll.register(_pipes[each], select.POLLIN)
        names[_pipes[each]] = each.name

    def wait() -> None:
        # All others leave them to this one.
        signal.pthread_sigmask(signal.SIG_UNBLOCK, EMERGENCY)
        while True:
            for number, _ in poll.poll():
                try:
                    os.read(number, _READ)
                except BlockingIOError:
                    # Another one that watches had it.
                    continue
                station.emergency_stop('signal', names[number])

    threading.Thread(target=wait, name='signals', daemon=True).start()
