"""Backtests give way to an engine that runs short."""

import time

import pytest

from sting import control
from sting import session
from sting.backtest.sweeping import sweeps
from sting.cli import yielding
from sting.model import errors
from sting.monitor import resources
from sting.session import easing
from sting.session import sampling

pytestmark = [pytest.mark.unit, pytest.mark.timeout(120)]

RUN = ('backtest', 'sting.library.sma_cross', '--data', 'sample')


@pytest.fixture
def short(home, monkeypatch):
    """Starts an engine that has no memory left after a while."""
    monkeypatch.setattr(resources, 'UP_S', 0.05)
    monkeypatch.setattr(easing, 'EVERY_S', 0.05)
    monkeypatch.setattr(sampling, 'EVERY_S', 0.05)
    monkeypatch.setattr(yielding, 'EVERY_S', 0.05)
    home.config.mkdir()
    text = 'resources: {memory_mb: 1, free_mb: 0}\n'
    (home.config / 'sting.yaml').write_text(text)
    station = session.open('demo', home=home)
    station.start()
    with control.Server(station, home.socket('demo')):
        yield station
    station.close()


def until_short(station):
    end = time.monotonic() + 20
    while station.snapshot().easing.level < 4:
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_new_one_is_refused_with_the_reason(sting, short):
    until_short(short)
    done = sting(*RUN, '--symbol', 'IBM')
    assert done.code == 1
    assert 'the engine of profile demo needs the machine: sting has' in done.err
    assert 'MiB of memory in use' in done.err


@pytest.mark.parametrize(
    'words',
    [
        ('sweep', *RUN[1:], '--grid', 'fast=5'),
        ('walkforward', *RUN[1:], '--grid', 'fast=5', '--train', '100',
         '--test', '50'),
        ('robustness', *RUN[1:]),
    ],
)  # fmt: skip
def test_so_is_every_other_kind(sting, short, words):
    until_short(short)
    done = sting(*words, '--symbol', 'IBM')
    assert done.code == 1
    assert 'needs the machine' in done.err


def test_one_that_runs_is_ended(home, short):
    with (
        pytest.raises(errors.RefusedError, match='demo needs the machine'),
        yielding.way(home),
    ):
        time.sleep(30)


def test_ctrl_c_stays_what_it_is(home):
    with pytest.raises(KeyboardInterrupt), yielding.way(home):
        raise KeyboardInterrupt


def test_the_engine_says_how_far_it_gives_way(sting, short):
    until_short(short)
    found = sting('status').out
    assert 'resources' in found
    assert 'MiB of memory in use' in found


def test_a_running_engine_has_a_core_of_its_own(home, short):
    assert yielding.workers() == max(1, sweeps.cores() - 1)
