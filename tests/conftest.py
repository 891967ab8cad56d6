"""What holds for every test."""

from collections.abc import Iterator
import os
import signal
import sys
import threading
from typing import Any

import hypothesis
import pytest

# How long an example takes says how busy the machine is, not what is wrong.
hypothesis.settings.register_profile(
    'sting',
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile('sting')

# A shell that starts the tests in the background has them ignore SIGINT, and
# every child would inherit that; some are ended by it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


class _OneAtATime:
    """Stands for the module sys in threading.

    Python 3.11 refuses to install a tracer while another thread does, and
    tells so by an error in one of the two. It happens where an audit hook in
    Python lets other threads in meanwhile, as the one of
    sting/backtest/robust/opened.py does, which stays once it is there.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def __getattr__(self, name: str) -> Any:
        return getattr(sys, name)

    def settrace(self, start: Any) -> None:
        """Has a new thread traced by coverage, one thread after the other."""
        with self._lock:
            # Coverage puts its own tracer in at the first call it sees.
            start(sys._getframe(), 'call', None)


if sys.version_info < (3, 12):
    threading._sys = _OneAtATime()  # type: ignore[attr-defined]


# Tracing makes a test take two to four times as long.
_LONG = (
    'backtest/sweeping/',
    'backtest/robust/test_lookahead.py',
    'backtest/robust/test_permutation.py',
    'backtest/robust/test_walkforward.py',
    'backtest/test_compiled.py',
    'benchmarks/',
    'broker/alpaca/test_soak.py',
    'broker/ibkr/test_soak.py',
    'library/',
    'session/test_drill.py',
    'strategy/indicators/test_speeds.py',
    'strategy/test_compiled.py',
    'testing/simulation/test_world.py',
    'tui/',
)
_TRACED = 'COVERAGE_PROCESS_CONFIG'


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """Has coverage leave the workers to pytest-cov.

    As processes like any other they would have a tracer of their own, which
    goes on where pytest-cov pauses.
    """
    os.environ.pop(_TRACED, None)


def pytest_configure(config: pytest.Config) -> None:
    """Ends what pytest-cov starts in a worker as if that had workers.

    It is never paused; the worker's own begins with the session.
    """
    plugin = config.pluginmanager.getplugin('_cov')
    if 'PYTEST_XDIST_WORKER' in os.environ and plugin is not None:
        plugin.cov_controller.cov.stop()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Has coverage measured where a test may be the first to get somewhere.

    It is not by properties, which have plain tests beside them, by what runs
    long over code of others, and by the terminal's; `make coverage` measures
    all of it.
    """
    if os.environ.get('MEASURE') == 'all':
        return
    long = tuple(f'tests/unit/{part}' for part in _LONG)
    for item in items:
        is_property = hypothesis.is_hypothesis_test(getattr(item, 'obj', None))
        if is_property or item.nodeid.startswith(long):
            item.add_marker(pytest.mark.no_cover)


@pytest.fixture(autouse=True)
def _children_as_their_test(request: pytest.FixtureRequest) -> Iterator[None]:
    """Has processes that a test starts measured where the test is."""
    kept = None
    if request.node.get_closest_marker('no_cover'):
        # Not by monkeypatch: a test's own patches would then end last.
        kept = os.environ.pop(_TRACED, None)
    yield
    if kept is not None:
        os.environ[_TRACED] = kept
