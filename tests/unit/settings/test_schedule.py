"""What a schedule may say."""

import pytest

from sting import settings
from sting.model import errors
from sting.model import market

pytestmark = pytest.mark.unit

MINUTE = 60 * market.NANOSECONDS
PROFILE = """\
profiles:
  demo:
    schedule:
"""


@pytest.mark.parametrize(
    ('text', 'moment'),
    [
        ('open', 0),
        ('close', 1000 * MINUTE),
        ('open - 15m', -15 * MINUTE),
        ('close+5m', 1005 * MINUTE),
        (' open + 2h ', 120 * MINUTE),
        ('close - 30s', 1000 * MINUTE - MINUTE // 2),
    ],
)
def test_moments_are_counted_from_the_open_or_the_close(text, moment):
    made = settings.Schedule(start='open - 1h', stop='close + 10h')
    assert made.begins.of(0, 1000 * MINUTE) == -60 * MINUTE
    other = settings.Schedule(
        **(
            {'start': text, 'stop': 'close + 20h'}
            if 'open' in text
            else {'stop': text}
        )
    )
    found = other.begins if 'open' in text else other.ends
    assert found.of(0, 1000 * MINUTE) == moment


@pytest.mark.parametrize(
    ('lines', 'line', 'words'),
    [
        (['start: noon'], 3, "'noon' is no moment of a session"),
        (['start: open - 15'], 3, 'such as open - 15m'),
        (['stop: close + 30h'], 3, 'more than a day away'),
        (['start: close', 'stop: close - 5m'], 3, 'is not before'),
        (['start: close', 'stop: open'], 3, 'a session has its open first'),
        (['positions: flatten'], 3, 'stop: close - 5m'),
        (['positions: sell'], 4, 'positions'),
        (['orders: none'], 4, 'orders'),
        (['start: open', 'end: close'], 5, "unknown key 'end'"),
    ],
)
def test_mistakes_are_told_with_their_line(tmp_path, lines, line, words):
    home = settings.Home.find({'STING_HOME': str(tmp_path)})
    home.config.mkdir()
    path = home.config / 'sting.yaml'
    path.write_text(PROFILE + ''.join(f'      {each}\n' for each in lines))
    with pytest.raises(errors.ConfigError) as caught:
        settings.load(home)
    assert words in str(caught.value)
    assert caught.value.path == path
    assert caught.value.line == line


def test_flatten_wants_an_open_market():
    settings.Schedule(stop='close - 5m', positions='flatten')
    settings.Schedule(stop='open + 5m', positions='flatten')
