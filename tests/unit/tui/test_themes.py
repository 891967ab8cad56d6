"""Themes: read, checked, turned into styles."""

import pytest

from sting.model import errors
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


NAMES = ['amber', 'contrast', 'dark', 'light', 'redup', 'safe']
SPOKEN = ['text', 'muted', 'up', 'down', 'good', 'warning', 'error', 'focus']


def test_six_themes_ship():
    assert list(shipped()) == NAMES


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
        ('dark: true', 'dark: true\ndark: true', 'mine.yaml:5'),
    ],
)
def test_a_wrong_theme_is_named_with_its_file(tmp_path, old, new, said):
    path = changed(tmp_path, old, new)
    with pytest.raises(errors.ConfigError) as caught:
        themes.load(path)
    assert said in str(caught.value)
    assert 'mine.yaml:' in str(caught.value)


def test_a_file_that_is_no_mapping_is_refused(tmp_path):
    path = tmp_path / 'list.yaml'
    path.write_text('- 1\n')
    with pytest.raises(errors.ConfigError, match='keys with values'):
        themes.load(path)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(errors.ConfigError, match='No such file'):
        themes.load(tmp_path / 'none.yaml')


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(errors.ConfigError, match='no theme'):
        themes.load_all(tmp_path)


def test_choosing_an_unknown_theme_lists_those_there_are():
    with pytest.raises(errors.ConfigError, match='dark, light'):
        themes.choose(shipped(), 'pink')


def luminance(color):
    """Relative luminance: WCAG 2.2, section 3, of `#rrggbb` in sRGB."""
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in channels
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    """Contrast ratio: WCAG 2.2, section 3, from 1 to 21."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def pairs(theme):
    """Every text and ground that are painted together: name, text, ground."""
    colors = theme.colors
    for ground in ('background', 'surface', 'panel', 'cursor'):
        for color in SPOKEN:
            yield f'{color} on {ground}', colors[color], colors[ground]
    for color, ground in (
        ('on_error', 'error'),
        ('background', 'warning'),
        ('background', 'focus'),
    ):
        yield f'{color} on {ground}', colors[color], colors[ground]
    for mode, (ground, color) in theme.modes.items():
        yield mode.value, color, ground


def test_contrast_is_that_of_the_standard():
    assert contrast('#000000', '#ffffff') == pytest.approx(21.0)
    assert contrast('#777777', '#ffffff') == pytest.approx(4.48, abs=0.005)


@pytest.mark.parametrize('name', NAMES)
def test_every_text_can_be_read_on_its_ground(name):
    low = [
        (what, round(contrast(color, ground), 2))
        for what, color, ground in pairs(shipped()[name])
        if contrast(color, ground) < 4.5
    ]
    assert not low


def test_the_theme_of_high_contrast_has_more_of_it():
    for what, color, ground in pairs(shipped()['contrast']):
        assert contrast(color, ground) >= 7, what


def test_red_up_is_dark_with_gains_in_red():
    dark, red = shipped()['dark'].colors, shipped()['redup'].colors
    assert (red['up'], red['down']) == (dark['down'], dark['up'])
    assert red['good'] == dark['good'] == dark['up']


def test_a_users_theme_is_added_and_may_take_the_name_of_one_that_ships(
    tmp_path,
):
    changed(tmp_path, '"#0f1419"', '"#000000"')
    found = themes.load_all(themes.folder(), tmp_path)
    assert list(found) == NAMES
    assert found['dark'].colors['background'] == '#000000'


def test_a_folder_of_the_user_that_is_not_there_has_no_themes(tmp_path):
    found = themes.load_all(themes.folder(), tmp_path / 'none')
    assert list(found) == NAMES


def test_a_change_of_a_file_is_told_once(tmp_path):
    path = changed(tmp_path, '"#0f1419"', '"#000000"')
    watch = themes.Watch(tmp_path)
    assert not watch.changed()
    path.write_text(path.read_text().replace('#000000', '#0000001'))
    assert watch.changed()
    assert not watch.changed()
    path.unlink()
    assert watch.changed()


def test_styles_are_made_once():
    palette = themes.Palette(shipped()['dark'])
    assert palette.style('up!', 'cursor') is palette.style('up!', 'cursor')
    assert palette.style('up!').bold
    assert not palette.style('up').bold
    assert palette.style('', 'cursor').bgcolor is not None
