"""The first start, and that it is told once."""

import pytest

from sting import settings
from tui import first

pytestmark = pytest.mark.unit


@pytest.fixture
def home(tmp_path):
    return settings.Home.find({'STING_HOME': str(tmp_path / 'home')})


def test_it_is_the_first_until_it_was_told(home):
    assert first.First(home, 'demo').is_now

    first.First(home, 'demo').remember()

    assert not first.First(home, 'demo').is_now
    # It is not a setting, and no profile.
    assert not home.config.exists()
    assert home.profiles() == ()


def test_who_has_settings_was_here_before(home):
    home.config.mkdir(parents=True)
    (home.config / 'sting.yaml').write_text('', encoding='utf-8')

    assert not first.First(home, 'demo').is_now


def test_a_folder_that_takes_nothing_is_no_error(home):
    home.states.parent.mkdir()
    home.states.write_text('no folder', encoding='utf-8')

    first.First(home, 'demo').remember()

    assert first.First(home, 'demo').is_now


def test_it_says_where_things_are(home):
    places = first.First(home, 'demo').places

    assert places['settings'].endswith('config/sting.yaml')
    assert places['the log'] == str(home.log('demo'))
