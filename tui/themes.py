"""Themes: read from YAML, checked, and turned into styles."""

from collections.abc import Mapping
import dataclasses
import pathlib
import re
from typing import Any

from rich import style as rich_style
from textual import theme as textual_theme
import yaml

from sting.model import errors
from sting.model import records
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
    'warning',
    'error',
    'on_error',
)
DEFAULT = 'dark'
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
        errors.ConfigError: Naming the file, the line where it is known, and
            what to change.
    """
    try:
        data = yaml.safe_load(path.read_text(encoding='utf-8'))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise errors.ConfigError(
            f'not YAML: {error.problem}',
            path=path,
            line=mark.line + 1 if mark is not None else None,
        ) from None
    except OSError as error:
        raise errors.ConfigError(str(error.strerror), path=path) from None
    if not isinstance(data, dict):
        raise errors.ConfigError('is not a mapping', path=path)
    return _build(path, data)


def load_all(place: pathlib.Path | None = None) -> dict[str, Theme]:
    """Reads every theme of a folder, by name.

    Args:
        place: The folder; None for the one that ships.

    Returns:
        The themes in the order of their files' names.

    Raises:
        errors.ConfigError: A file is wrong, or there is none.
    """
    place = folder() if place is None else place
    found = [load(path) for path in sorted(place.glob('*.yaml'))]
    if not found:
        raise errors.ConfigError('no theme in this folder', path=place)
    return {theme.name: theme for theme in found}


def choose(themes: Mapping[str, Theme], name: str) -> Theme:
    """Gives a theme by name.

    Raises:
        errors.ConfigError: There is none of this name; lists those there are.
    """
    if name not in themes:
        names = ', '.join(themes)
        raise errors.ConfigError(f'no theme {name!r}; there are {names}')
    return themes[name]


def _build(path: pathlib.Path, data: Mapping[str, Any]) -> Theme:
    unknown = sorted(set(data) - {'name', 'dark', 'colors', 'modes'})
    if unknown:
        raise errors.ConfigError(f'unknown key {unknown[0]!r}', path=path)
    name, dark = data.get('name'), data.get('dark')
    if not isinstance(name, str) or not name.isidentifier():
        raise errors.ConfigError('name must be one word', path=path)
    if not isinstance(dark, bool):
        raise errors.ConfigError('dark must be true or false', path=path)
    theme = Theme(
        name=name,
        dark=dark,
        colors=_colors(path, data.get('colors')),
        modes=_modes(path, data.get('modes')),
    )
    # Textual takes a wrong theme without a word and fails when it is shown.
    theme.for_textual().to_color_system().generate()
    return theme


def _colors(path: pathlib.Path, data: Any) -> dict[str, str]:
    section = data if isinstance(data, dict) else {}
    unknown = sorted(set(map(str, section)) - set(COLORS))
    if unknown:
        raise errors.ConfigError(
            f'unknown color {unknown[0]!r}; there are {", ".join(COLORS)}',
            path=path,
        )
    return {
        name: _color(path, f'colors.{name}', section.get(name))
        for name in COLORS
    }


def _modes(
    path: pathlib.Path, data: Any
) -> dict[records.Mode, tuple[str, str]]:
    section = data if isinstance(data, dict) else {}
    found = {}
    for mode in records.Mode:
        pair = section.get(mode.value)
        if not isinstance(pair, list) or len(pair) != 2:
            raise errors.ConfigError(
                f'modes.{mode} must be a pair: background and text', path=path
            )
        place = f'modes.{mode}'
        found[mode] = _color(path, place, pair[0]), _color(path, place, pair[1])
    return found


def _color(path: pathlib.Path, place: str, value: Any) -> str:
    if isinstance(value, str) and _COLOR.fullmatch(value):
        return value
    raise errors.ConfigError(
        f'{place} is {value!r}; write a colour as "#rrggbb"', path=path
    )
