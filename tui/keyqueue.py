"""Keys, handed on one at a time.

Textual sends a key to the widget that has the focus when the key is read, but
moves the focus only after the key before has gone its way. Keys that arrive
in one read, as they do over SSH, would then reach the wrong widget.
"""

import collections
from collections.abc import Awaitable
from collections.abc import Callable

from textual import app as textual_app
from textual import dom
from textual import events

from tui import keymap

# The longest way is that of Enter in the command line: the key, the line's
# message, the prompt's message, the action, the focus it asks for.
ROUNDS = 6
PATIENCE_S = 1.0
_STOP = frozenset(
    key
    for action in keymap.ACTIONS
    if action.does == 'emergency_stop'
    for key in action.keys
)


class KeyQueue:
    """Holds a key until what the one before it set off has happened.

    A token goes the way of a key, from the widget that has the focus up to
    the app, as often as what a key sets off may go it. A key that nothing is
    under way before waits for nothing.
    """

    def __init__(
        self,
        app: textual_app.App[None],
        deliver: Callable[[events.Event], Awaitable[None]],
    ) -> None:
        """Prepares to hand on keys.

        Args:
            app: Whose keys they are.
            deliver: Sends a key on its way.
        """
        self._app = app
        self._deliver = deliver
        self._held: collections.deque[events.Event] = collections.deque()
        self._token: object | None = None
        self._since = 0.0

    async def take(self, event: events.Key | events.Paste) -> None:
        """Hands on a key or a pasted text now, or when its turn comes.

        The emergency stop waits for no other key.
        """
        if isinstance(event, events.Key) and event.key in _STOP:
            await self._deliver(event)
            return
        self._held.append(event)
        # The way of a widget that was closed may have no end.
        if self._token is None or event.time - self._since > PATIENCE_S:
            await self._next()

    async def _next(self) -> None:
        self._token = None
        if not self._held:
            return
        event = self._held.popleft()
        token = self._token = object()
        self._since = event.time
        await self._deliver(event)
        self._follow(token, ROUNDS)

    def _follow(self, token: object, rounds: int) -> None:
        if not self._app.is_running:
            return
        here = self._app.focused or self._app.screen
        self._hop(token, rounds, [*here.ancestors_with_self][::-1])

    def _hop(self, token: object, rounds: int, way: list[dom.DOMNode]) -> None:
        """Puts the token behind what waits at the next place of its way."""
        while way:
            place = way.pop()
            if place.call_later(self._arrived, token, rounds, way):
                return

    async def _arrived(
        self, token: object, rounds: int, way: list[dom.DOMNode]
    ) -> None:
        if token is not self._token:
            return
        if way:
            self._hop(token, rounds, way)
        elif rounds > 1:
            self._follow(token, rounds - 1)
        else:
            await self._next()
