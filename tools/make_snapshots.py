"""Writes what every screen looks like at three sizes.

`python tools/make_snapshots.py [--svg FOLDER] [NAME ...]`: the tests hold the
screens against the texts it writes; an SVG beside them is to be looked at.
"""

import argparse
import asyncio
import pathlib
import sys

ROOT = pathlib.Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.unit.tui import apps  # noqa: E402
from tests.unit.tui import scenes  # noqa: E402


async def write(
    name: str, size: tuple[int, int], svg: pathlib.Path | None
) -> None:
    """Writes one screen.

    Args:
        name: Which of scenes.SCENES.
        size: Columns and lines.
        svg: The folder of a picture; None for none.
    """
    scene = scenes.SCENES[name]
    async with apps.run(scenes.app_of(scene), size) as pilot:
        shown = await scenes.play(pilot, scene)
        path = scenes.path_of(name, size)
        path.write_text(shown, encoding='utf-8')
        if svg is not None:
            drawn = pilot.app.export_screenshot()
            target = svg / f'{path.stem}.svg'
            target.write_text(drawn, encoding='utf-8')


def main() -> int:
    """Writes the screens that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--svg', type=pathlib.Path, metavar='FOLDER')
    parser.add_argument('names', nargs='*', choices=[*scenes.SCENES, []])
    options = parser.parse_args()
    scenes.FOLDER.mkdir(exist_ok=True)
    if not options.names:
        for path in scenes.FOLDER.iterdir():
            path.unlink()
    for name in options.names or scenes.SCENES:
        for size in scenes.SIZES:
            asyncio.run(write(name, size, options.svg))
    return 0


if __name__ == '__main__':
    sys.exit(main())
