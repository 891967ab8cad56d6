"""How long files are kept, as sting.yaml says it."""

import pytest

from sting import settings
from sting.model import errors

pytestmark = pytest.mark.unit


@pytest.fixture
def home(tmp_path):
    found = settings.Home.find({'STING_HOME': str(tmp_path)})
    found.config.mkdir()
    return found


def load(home, text):
    (home.config / 'sting.yaml').write_text(text)
    return settings.load(home).retention


def test_what_ships_is_what_the_fields_say(home):
    assert settings.load(home).retention == settings.Retention()


def test_what_is_written_is_laid_over_key_by_key(home):
    found = load(home, 'retention: {logs: {days: 7}, compiled: {mb: null}}\n')
    assert (found.logs.days, found.logs.mb) == (7, 512)
    assert (found.compiled.days, found.compiled.mb) == (90, None)
    assert found.bars == settings.Retention().bars


@pytest.mark.parametrize(
    ('text', 'told'),
    [
        ('retention:\n  logs: {days: 0}\n', r'sting\.yaml:2: .*'),
        ('retention:\n  logs:\n    mb: -1\n', r'sting\.yaml:3: .*'),
        ('retention:\n  log: {days: 1}\n', r"sting\.yaml:2: .*'logs'"),
        ('retention:\n  bars: {day: 1}\n', r"sting\.yaml:2: .*'days'"),
        ('retention:\n  segments: {days: 1}\n', r'sting\.yaml:2: .*segments'),
    ],
)
def test_a_mistake_is_told_with_its_line(home, text, told):
    with pytest.raises(errors.ConfigError, match=told):
        load(home, text)
