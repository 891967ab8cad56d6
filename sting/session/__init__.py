"""Assembles a workstation from configuration: the one door for screens.

A facade: these names are imported on purpose, so that the terminal and the
command line write `session.open(...)`.
"""

from sting.engine.signals import watch as watch_signals
from sting.session.workstation import Session
from sting.session.workstation import latch
from sting.session.workstation import open_session as open

__all__ = ['Session', 'latch', 'open', 'watch_signals']
