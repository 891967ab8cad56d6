"""Draws the running demo as an SVG: `python tools/picture.py OUT.svg`."""

import asyncio
import os
import pathlib
import sys
import tempfile

SIZE = (160, 45)
# As fast as the feed can play, so that there are trades to be seen.
_CONFIG = 'feeds:\n  demo:\n    interval_s: 0.05\n'
_SECONDS = 25.0
_USAGE = 'usage: python tools/picture.py OUT.svg'


async def _draw() -> str:
    from sting import session  # noqa: PLC0415
    from tui import app  # noqa: PLC0415
    from tui import themes  # noqa: PLC0415

    station = session.open('demo')
    station.start()
    try:
        screen = app.StingApp(station, themes.load_all())
        async with screen.run_test(size=SIZE) as pilot:
            await pilot.pause(_SECONDS)
            await pilot.press('4')
            await pilot.pause(0.5)
            return screen.export_screenshot()
    finally:
        station.close()


def main() -> int:
    """Plays the demo in an empty home and draws it."""
    if len(sys.argv) != 2 or not sys.argv[1].endswith('.svg'):
        sys.stderr.write(f'{_USAGE}\n')
        return 2
    with tempfile.TemporaryDirectory() as home:
        config = pathlib.Path(home) / 'config'
        config.mkdir()
        (config / 'sting.yaml').write_text(_CONFIG, encoding='utf-8')
        os.environ['STING_HOME'] = home
        drawn = asyncio.run(_draw())
    pathlib.Path(sys.argv[1]).write_text(drawn, encoding='utf-8')
    return 0


if __name__ == '__main__':
    sys.exit(main())
