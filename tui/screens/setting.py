"""A strategy gets other parameters: what changes, and the y that does it."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import textual
from textual import app as textual_app
from textual import containers
from textual import widgets

from sting.model import commands
from sting.model import errors
from sting.model import parameters
from sting.model import records
from sting.model import views
from tui import format as text_format
from tui import keymap
from tui import requests
from tui.panes import fields
from tui.screens import dialogs

if TYPE_CHECKING:
    from tui.app import StingApp


def review(shown: 'StingApp', asked: requests.SetParameters) -> None:
    """Asks whether a strategy shall go on with other parameters.

    Args:
        shown: The terminal.
        asked: What is to be set.
    """
    snapshot = shown.snapshot
    row = find(snapshot.strategies, asked.name)
    if row is None:
        shown.say(f'there is no strategy {asked.name}', ok=False)
        return
    try:
        changes = changed(row, asked)
    except errors.StrategyError as error:
        shown.say(f'{asked.name}: {error}', ok=False)
        return
    if not changes:
        shown.say(f'{asked.name} has these parameters already')
        return
    command = commands.SetParameters(
        name=asked.name,
        parameters={each: asked.parameters[each] for each in changes},
        strategy=asked.strategy,
    )

    def then(yes: bool | None) -> None:
        if yes:
            shown.give(command)

    live = snapshot.mode is records.Mode.LIVE
    account = snapshot.account or snapshot.profile
    lines = [
        f'{snapshot.mode.value.upper()}, account {account}: '
        f'{row.name} ({row.status}) goes on with',
        *changes.values(),
    ]
    shown.push_screen(Review([*map(text_format.clean, lines)], live), then)


def find(
    rows: Iterable[views.StrategyRow], name: str
) -> views.StrategyRow | None:
    """Gives the row of a strategy; None where there is none."""
    return next((row for row in rows if row.name == name), None)


def changed(
    row: views.StrategyRow, asked: requests.SetParameters
) -> dict[str, str]:
    """Says what becomes of each parameter that would change.

    Args:
        row: The strategy as it is.
        asked: What is to be set.

    Returns:
        By name, a line such as 'fast 10 -> 12'.

    Raises:
        errors.StrategyError: A name is unknown or a value is not allowed, as
            far as the strategy's bounds are known.
    """
    known = {each.name: each for each in row.settings}
    wanted = dict(asked.parameters)
    if known:
        wanted = parameters.convert(row.settings, wanted)
    found = {}
    for name, value in wanted.items():
        was = f'{known[name].value} ' if name in known else ''
        if value is None:
            if name in row.given:
                found[name] = f'{name} {was}-> what strategy.yaml has'
        elif name not in known or known[name].value != value:
            found[name] = f'{name} {was}-> {value}'
    return found


class Review(dialogs.Ask, inherit_bindings=False):
    """What would change, answered with y once no key came for a while."""

    BINDINGS = keymap.bindings('typed')

    def __init__(self, lines: list[str], live: bool) -> None:
        """Sets up a review.

        Args:
            lines: What would change, cleaned.
            live: Real money is at stake.
        """
        super().__init__('\n'.join(lines))
        self._live = live

    def compose(self) -> textual_app.ComposeResult:
        """Gives what would change and the line that takes the y."""
        with containers.Vertical(classes='dialog'):
            with containers.VerticalScroll(classes='changes'):
                yield widgets.Label(self._question, markup=False)
            yield fields.Review()

    def on_mount(self) -> None:
        """Begins to wait for quiet."""
        line = self.query_one(fields.Review)
        line.open('its code, state and orders stay', urgent=self._live)

    @textual.on(fields.Review.Sent)
    def _sent(self) -> None:
        self.dismiss(True)
