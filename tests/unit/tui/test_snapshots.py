"""Every screen at three sizes, as it was when someone looked at it last."""

import pytest

from tests.unit.tui import apps
from tests.unit.tui import scenes

pytestmark = pytest.mark.unit

HOW = 'python tools/make_snapshots.py writes it again; look at it'


@pytest.mark.parametrize(
    'size',
    [
        scenes.SIZES[0],
        pytest.param(scenes.SIZES[1], marks=pytest.mark.slow),
        scenes.SIZES[2],
    ],
)
@pytest.mark.parametrize('name', scenes.SCENES)
async def test_a_screen_looks_as_it_did(name, size):
    scene = scenes.SCENES[name]
    async with apps.run(scenes.app_of(scene), size) as pilot:
        shown = await scenes.play(pilot, scene)

    kept = scenes.path_of(name, size).read_text(encoding='utf-8')
    assert shown.splitlines() == kept.splitlines(), HOW


def test_no_snapshot_is_of_nothing():
    wanted = {
        scenes.path_of(name, size)
        for name in scenes.SCENES
        for size in scenes.SIZES
    }
    assert set(scenes.FOLDER.iterdir()) == wanted
