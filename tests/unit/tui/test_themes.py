"""Themes: read, checked, turned into styles."""

import pytest

from sting.model import errors
from sting.model import records
from tui import themes

pytestmark = pytest.mark.unit


def shipped():
    return themes.load_all()


def changed(tmp_path, old, new):
    text = (themes.folder() / 'dark.yaml').read_text(encoding='utf-8')
    assert old in text
    path = tmp_path / 'mine.yaml'
    path.write_text(text.replace(old, new), encoding='utf-8')
    return path


def test_dark_and_light_ship():
    assert list(shipped()) == ['dark', 'light']


@pytest.mark.parametrize(
    ('old', 'new', 'said'),
    [
        ('"#f47f7f"', 'crimson', "colors.down is 'crimson'"),
        ('  muted: "#98a6b4"', '  mutd: "#8593a1"', "unknown color 'mutd'"),
        ('  muted: "#98a6b4"', '', 'colors.muted is None'),
        ('name: dark', 'name: 7', 'name must be'),
        ('dark: true', 'dark: perhaps', 'dark must be'),
        ('modes:', 'moods:', "unknown key 'moods'"),
        ('["#57c98a", "#06170d"]', '"#57c98a"', 'modes.paper'),
        ('name: dark', 'name: [', 'not YAML'),
    ],
)
def test_a_wrong_theme_is_named_with_its_file(tmp_path, old, new, said):
    path = changed(tmp_path, old, new)
    with pytest.raises(errors.ConfigError) as caught:
        themes.load(path)
    assert said in str(caught.value)
    assert 'mine.yaml' in str(caught.value)


def test_a_file_that_is_no_mapping_is_refused(tmp_path):
    path = tmp_path / 'list.yaml'
    path.write_text('- 1\n')
    with pytest.raises(errors.ConfigError, match='mapping'):
        themes.load(path)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(errors.ConfigError, match='No such file'):
        themes.load(tmp_path / 'none.yaml')


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(errors.ConfigError, match='no theme'):
        themes.load_all(tmp_path)


def test_choosing_an_unknown_theme_lists_those_there_are():
    with pytest.raises(errors.ConfigError, match='dark, light'):
        themes.choose(shipped(), 'amber')


def luminance(color):
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [
        c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4
        for c in channels
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize('name', ['dark', 'light'])
@pytest.mark.parametrize(
    'color', ['text', 'muted', 'up', 'down', 'warning', 'error', 'focus']
)
@pytest.mark.parametrize('ground', ['surface', 'panel', 'cursor'])
def test_text_can_be_read_on_every_ground(name, color, ground):
    colors = shipped()[name].colors
    assert contrast(colors[color], colors[ground]) >= 4.5


@pytest.mark.parametrize('name', ['dark', 'light'])
def test_the_banner_and_the_modes_can_be_read(name):
    theme = shipped()[name]
    assert contrast(theme.colors['on_error'], theme.colors['error']) >= 4.5
    for mode in records.Mode:
        assert contrast(*theme.modes[mode]) >= 4.5


def test_styles_are_made_once():
    palette = themes.Palette(shipped()['dark'])
    assert palette.style('up!', 'cursor') is palette.style('up!', 'cursor')
    assert palette.style('up!').bold
    assert not palette.style('up').bold
    assert palette.style('', 'cursor').bgcolor is not None
