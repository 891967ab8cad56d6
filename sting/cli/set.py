"""`sting set`."""

import click

from sting.cli import common
from sting.cli import reload
from sting.model import commands
from sting.model import errors


@click.command(name='set')
@click.argument('name')
@click.argument('values', nargs=-1, required=True, metavar='NAME=VALUE...')
@common.profile_option
@common.json_option
def set_parameters(
    name: str, values: tuple[str, ...], profile: str | None, as_json: bool
) -> None:
    """Has a strategy of the running engine go on with other parameters.

    Its code stays the version that runs; state and book are handed over. They
    hold for this profile, over strategy.yaml, also after a restart; NAME=
    takes what strategy.yaml has. Where it cannot run with them it goes on as
    it was, and the exit status is 1.
    """
    given: dict[str, bool | int | float | str | None] = {}
    for each in values:
        parameter, equals, value = each.partition('=')
        if not equals or not parameter:
            raise errors.InputError(f'{each!r}: write NAME=VALUE')
        given[parameter] = value or None
    engine = common.engine(profile)
    runs = any(
        row['name'] == name and row['status'] == 'running'
        for row in engine.request('strategies')
    )
    result = engine.submit(commands.SetParameters(name=name, parameters=given))
    if not result.ok:
        raise errors.RefusedError(common.clean(result.message))
    if not runs:
        if as_json:
            common.print_json(result)
        else:
            click.echo(common.clean(result.message))
        return
    row = reload.await_answer(engine, name, result.seq)
    if as_json:
        common.print_json(row)
    if row['error']:
        raise errors.RefusedError(common.clean(row['error']))
    if not as_json:
        click.echo(common.clean(f'{name} {row["status"]}: {row["detail"]}'))
