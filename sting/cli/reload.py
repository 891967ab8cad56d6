"""`sting reload`."""

import threading
from typing import Any

import click

from sting import control
from sting.cli import common
from sting.model import commands
from sting.model import errors

# Beyond what a strategy's process may take to start.
PATIENCE_S = 60.0
_LOOK_S = 0.1


@click.command()
@click.argument('name')
@click.option('--back', is_flag=True, help='Goes back to the version before.')
@common.profile_option
@common.json_option
def reload(name: str, back: bool, profile: str | None, as_json: bool) -> None:
    """Has a running strategy go on with its files as they are now.

    Its state and its book are handed over. Where the new version cannot run,
    the old one goes on, and the exit status is 1.
    """
    engine = common.engine(profile)
    result = engine.submit(
        commands.RollbackStrategy(name=name)
        if back
        else commands.ReloadStrategy(name=name)
    )
    if not result.ok:
        raise errors.RefusedError(common.clean(result.message))
    row = await_answer(engine, name, result.seq)
    if as_json:
        common.print_json(row)
    if row['error']:
        raise errors.RefusedError(common.clean(row['error']))
    if not as_json:
        click.echo(common.clean(f'{name} {row["status"]}: {row["detail"]}'))


def await_answer(engine: control.Client, name: str, seq: int) -> dict[str, Any]:
    """Waits until a strategy's status answers a command.

    Args:
        engine: The engine.
        name: The strategy.
        seq: Number of the command's event.

    Returns:
        Its row.

    Raises:
        errors.RefusedError: It does not run any more, or it takes too long.
    """
    waiting = threading.Event()
    for _ in range(round(PATIENCE_S / _LOOK_S)):
        rows = {row['name']: row for row in engine.request('strategies')}
        row: dict[str, Any] = rows[name]
        if row['answers'] == seq:
            return row
        if row['status'] not in ('running', 'starting'):
            raise errors.RefusedError(
                common.clean(f'{name} {row["status"]} {row["detail"]}')
            )
        waiting.wait(_LOOK_S)
    raise errors.RefusedError(
        f'{name} did not change its version within {PATIENCE_S:g} s; see '
        '`sting strategies`'
    )
