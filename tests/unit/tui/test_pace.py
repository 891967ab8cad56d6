"""How often data is painted."""

import pytest

from tui import pace

pytestmark = pytest.mark.unit

FAR = {'SSH_CONNECTION': '1 2 3 4'}


@pytest.mark.parametrize(
    ('kind', 'environ', 'frames'),
    [
        ('auto', {}, 10),
        ('auto', FAR, 4),
        ('local', FAR, 10),
        ('ssh', {}, 4),
    ],
)
def test_frames_are_fewer_over_ssh(kind, environ, frames):
    assert pace.Pace(kind, None, environ).frames_per_s == frames
    assert pace.is_ssh(kind, environ) is (frames == 4)


def test_a_figure_that_is_configured_holds():
    assert pace.Pace('auto', 7.0, FAR).frames_per_s == 7.0


def looks(paces, behind, count):
    return [paces.note(behind) for _ in range(count)]


def test_a_backlog_slows_it_down_and_its_end_makes_it_fast_again():
    paces = pace.Pace()
    assert looks(paces, True, 3) == [False, False, True]
    assert paces.frames_per_s == 4
    assert not any(looks(paces, True, 50))
    assert looks(paces, False, 100) == [False] * 99 + [True]
    assert paces.frames_per_s == 10


def test_a_short_backlog_changes_nothing():
    paces = pace.Pace()
    for _ in range(10):
        assert not any(looks(paces, True, 2) + looks(paces, False, 1))
    assert paces.frames_per_s == 10


@pytest.mark.parametrize(
    'paces', [pace.Pace('local'), pace.Pace('ssh'), pace.Pace('auto', 3.0)]
)
def test_what_is_configured_or_slow_anyway_is_not_changed(paces):
    before = paces.frames_per_s
    assert not any(looks(paces, True, 200))
    assert paces.frames_per_s == before
