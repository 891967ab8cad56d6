"""The line at the bottom: the few keys that matter where the focus is."""

from tui import keymap
from tui.panes import line

# It tells all the others.
_ALWAYS = 'help'


class HintBar(line.Line):
    """Follows the focus; made from the key table."""

    def __init__(self) -> None:
        super().__init__()
        self._scope = ''

    def show_scope(self, scope: str) -> None:
        """Shows the keys that work in a scope, as many as there is room for."""
        self._scope = scope
        style = self.palette.style
        parts: list[line.Part] = []
        for action, key, label in self._fitting(scope):
            urgent = action.id == 'stop'
            name = 'error!' if urgent else 'focus!'
            parts.append((key, style(name, 'panel')))
            text = 'error!' if urgent else 'muted'
            parts.append((label, style(text, 'panel')))
        self.put(parts)

    def _fitting(self, scope: str) -> list[tuple[keymap.Action, str, str]]:
        """Gives actions with key and label; the help is never left out."""
        hints = [
            (
                action,
                f' {keymap.hint_key(action, scope)} ',
                f'{action.label} ',
            )
            for action in keymap.hints(scope, self.actions)
        ]
        room = self.size.width or self.app.size.width
        room -= sum(
            len(key) + len(label)
            for action, key, label in hints
            if action.id == _ALWAYS
        )
        found = []
        for action, key, label in hints:
            if action.id != _ALWAYS:
                room -= len(key) + len(label)
            if room >= 0 or action.id == _ALWAYS:
                found.append((action, key, label))
        return found

    def on_resize(self) -> None:
        """Shows as many keys as there is room for now."""
        if self._scope:
            self.show_scope(self._scope)

    def repaint(self) -> None:
        """Takes the colours of a new theme."""
        self.on_resize()
