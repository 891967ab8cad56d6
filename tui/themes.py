"""Themes: read from YAML, checked, and turned into styles."""

from collections.abc import Mapping
import contextlib
import dataclasses
import pathlib
import re

from rich import style as rich_style
from textual import theme as textual_theme

from sting.model import errors
from sting.model import records
from sting.settings import tree
from tui.charts import candles

COLORS = (
    'background',
    'surface',
    'panel',
    'text',
    'muted',
    'border',
    'focus',
    'cursor',
    'up',
    'down',
    'good',
    'warning',
    'error',
    'on_error',
)
DEFAULT = 'dark'
# Where themes of one's own lie in the configuration.
FOLDER = 'themes'
# Backgrounds that say something.
_MEANT = frozenset({'cursor', 'focus', 'warning', 'error'})
_COLOR = re.compile(r'#[0-9a-fA-F]{6}')


@dataclasses.dataclass(frozen=True)
class Theme:
    """The colours of the terminal.

    Attributes:
        name: What the user calls it.
        dark: Whether the background is darker than the text.
        colors: `#rrggbb` by name; the names are in COLORS.
        modes: Background and text of each mode's word.
    """

    name: str
    dark: bool
    colors: Mapping[str, str]
    modes: Mapping[records.Mode, tuple[str, str]]

    def for_textual(self) -> textual_theme.Theme:
        """Gives the theme as Textual wants it."""
        colors = self.colors
        return textual_theme.Theme(
            name=self.name,
            dark=self.dark,
            primary=colors['focus'],
            secondary=colors['muted'],
            accent=colors['focus'],
            foreground=colors['text'],
            background=colors['background'],
            surface=colors['surface'],
            panel=colors['panel'],
            success=colors['up'],
            warning=colors['warning'],
            error=colors['error'],
            variables={
                'line': colors['border'],
                'focus': colors['focus'],
                'muted': colors['muted'],
                'selected': colors['cursor'],
                'on-error': colors['on_error'],
                'border': colors['focus'],
                'border-blurred': colors['border'],
                'scrollbar': colors['border'],
                'scrollbar-hover': colors['muted'],
                'scrollbar-active': colors['focus'],
                'scrollbar-background': colors['surface'],
                'scrollbar-background-hover': colors['surface'],
                'scrollbar-background-active': colors['surface'],
                'scrollbar-corner-color': colors['surface'],
            },
        )


class Palette:
    """The styles that panes paint with, by name.

    A name is one of COLORS, '' for plain text, or a colour with '!' after it
    for bold. Every style has its background: Textual lays none under strips.
    Where there are few colours or none, what a background would say is said
    by bold text and by reversed cells.
    """

    def __init__(self, theme: Theme, *, colorless: bool = False) -> None:
        """Makes the styles of a theme.

        Args:
            theme: The theme.
            colorless: The terminal shows no colours.
        """
        self.theme = theme
        self.colorless = colorless
        self._styles: dict[tuple[str, str], rich_style.Style] = {}

    def style(self, name: str, ground: str = 'surface') -> rich_style.Style:
        """Gives a style.

        Args:
            name: A colour's name, with '!' for bold.
            ground: The colour's name for the background.

        Returns:
            The style, the same object each time.
        """
        found = self._styles.get((name, ground))
        if found is None:
            colors = self.theme.colors
            found = rich_style.Style(
                color=colors[name.rstrip('!') or 'text'],
                bgcolor=colors[ground],
                bold=name.endswith('!') or ground == 'cursor' or None,
                reverse=(self.colorless and ground in _MEANT) or None,
            )
            self._styles[name, ground] = found
        return found

    def mode(self, mode: records.Mode) -> rich_style.Style:
        """Gives the style of a mode's word."""
        ground, text = self.theme.modes[mode]
        return rich_style.Style(
            color=text,
            bgcolor=ground,
            bold=True,
            reverse=self.colorless or None,
        )

    def candles(self) -> candles.Palette:
        """Gives the styles of a candle chart."""
        return candles.Palette(
            up=self.style('up'),
            down=self.style('down'),
            axis=self.style('muted'),
            last=self.style('border'),
            last_label=self.style('background!', 'focus'),
            volume_up=self.style('up') + rich_style.Style(dim=True),
            volume_down=self.style('down') + rich_style.Style(dim=True),
            buy=self.style('focus!'),
            sell=self.style('warning!'),
            average=self.style('focus'),
            cross=self.style('text'),
            blank=self.style(''),
        )


def folder() -> pathlib.Path:
    """Gives the folder of the themes that ship, in a wheel or a checkout."""
    inside = pathlib.Path(__file__).parent / 'themes'
    return inside if inside.is_dir() else inside.parent.parent / 'themes'


def load(path: pathlib.Path) -> Theme:
    """Reads one theme.

    Args:
        path: A YAML file like themes/dark.yaml.

    Returns:
        The theme, every colour checked.

    Raises:
        errors.ConfigError: Naming the file, the line, and what to change.
    """
    return _build(tree.parse(path))


def load_all(*places: pathlib.Path) -> dict[str, Theme]:
    """Reads every theme of some folders, by name.

    Args:
        *places: The folders, of which a later one's themes hold; without any
            the one that ships. One that is not there has none.

    Returns:
        The themes in the order of the folders, and of their files' names.

    Raises:
        errors.ConfigError: A file is wrong, or there is none.
    """
    places = places or (folder(),)
    found = [load(path) for path in files(*places)]
    if not found:
        raise errors.ConfigError('no theme in this folder', path=places[0])
    return {theme.name: theme for theme in found}


def files(*places: pathlib.Path) -> list[pathlib.Path]:
    """Lists the files of themes, in the order of the folders and by name.

    Args:
        *places: The folders; one that is not there has none.
    """
    return [path for place in places for path in sorted(place.glob('*.yaml'))]


class Watch:
    """Says when a file of themes was changed.

    It looks at a few files when it is asked: that costs less than being told.
    """

    def __init__(self, *places: pathlib.Path) -> None:
        """Remembers the files as they are.

        Args:
            *places: The folders.
        """
        self._places = places
        self._seen = self._stamps()

    def changed(self) -> bool:
        """Whether a file is another than when this was last asked."""
        before, self._seen = self._seen, self._stamps()
        return self._seen != before

    def load(self) -> dict[str, Theme]:
        """Reads every theme, as `load_all`."""
        return load_all(*self._places)

    def _stamps(self) -> tuple[tuple[str, int, int], ...]:
        found = []
        for path in files(*self._places):
            # An editor may take it away and put it back.
            with contextlib.suppress(OSError):
                stat = path.stat()
                found.append((str(path), stat.st_mtime_ns, stat.st_size))
        return tuple(found)


def choose(themes: Mapping[str, Theme], name: str) -> Theme:
    """Gives a theme by name.

    Raises:
        errors.ConfigError: There is none of this name; lists those there are.
    """
    if name not in themes:
        names = ', '.join(themes)
        raise errors.ConfigError(f'no theme {name!r}; there are {names}')
    return themes[name]


def _build(root: tree.Node) -> Theme:
    data = root.value
    known = ('name', 'dark', 'colors', 'modes')
    for key, node in data.items():
        if key not in known:
            raise node.error(tree.unknown('key', key, known))
    name = data.get('name', _missing(root))
    dark = data.get('dark', _missing(root))
    if not isinstance(name.value, str) or not name.value.isidentifier():
        raise name.error('name must be one word')
    if not isinstance(dark.value, bool):
        raise dark.error('dark must be true or false')
    theme = Theme(
        name=name.value,
        dark=dark.value,
        colors=_colors(data.get('colors', _missing(root))),
        modes=_modes(data.get('modes', _missing(root))),
    )
    # Textual takes a wrong theme without a word and fails when it is shown.
    theme.for_textual().to_color_system().generate()
    return theme


def _missing(section: tree.Node) -> tree.Node:
    """Stands for what a section has not, at the section's place."""
    return tree.Node(None, section.path, section.line)


def _section(node: tree.Node) -> Mapping[str, tree.Node]:
    return node.value if isinstance(node.value, dict) else {}


def _colors(node: tree.Node) -> dict[str, str]:
    section = _section(node)
    for name, each in section.items():
        if name not in COLORS:
            raise each.error(tree.unknown('color', name, COLORS))
    missing = _missing(node)
    # Gains are good where nothing else is said; where red rises it is.
    usual = {'good': section.get('up', missing)}
    return {
        name: _color(
            f'colors.{name}', section.get(name, usual.get(name, missing))
        )
        for name in COLORS
    }


def _modes(node: tree.Node) -> dict[records.Mode, tuple[str, str]]:
    section, missing = _section(node), _missing(node)
    found = {}
    for mode in records.Mode:
        pair = section.get(mode.value, missing)
        if not isinstance(pair.value, list) or len(pair.value) != 2:
            raise pair.error(
                f'modes.{mode} must be a pair: background and text'
            )
        ground, text = pair.value
        place = f'modes.{mode}'
        found[mode] = _color(place, ground), _color(place, text)
    return found


def _color(place: str, node: tree.Node) -> str:
    value = node.value
    if isinstance(value, str) and _COLOR.fullmatch(value):
        return value
    raise node.error(f'{place} is {value!r}; write a colour as "#rrggbb"')
