"""The line at the bottom: the few keys that matter where the focus is."""

from tui import keymap
from tui.panes import line


class HintBar(line.Line):
    """Follows the focus; made from the key table."""

    def __init__(self) -> None:
        super().__init__()
        self._scope = ''

    def show_scope(self, scope: str) -> None:
        """Shows the keys that work in a scope, as many as there is room for."""
        self._scope = scope
        style = self.palette.style
        width = self.size.width or self.app.size.width
        parts: list[line.Part] = []
        used = 0
        for action in keymap.hints(scope, self.actions):
            key = f' {keymap.shown(action.keys[0])} '
            label = f'{action.label} '
            if used + len(key) + len(label) > width:
                break
            used += len(key) + len(label)
            urgent = action.id == 'stop'
            name = 'error!' if urgent else 'focus!'
            parts.append((key, style(name, 'panel')))
            text = 'error!' if urgent else 'muted'
            parts.append((label, style(text, 'panel')))
        self.put(parts)

    def on_resize(self) -> None:
        """Shows as many keys as there is room for now."""
        if self._scope:
            self.show_scope(self._scope)

    def repaint(self) -> None:
        """Takes the colours of a new theme."""
        self.on_resize()
