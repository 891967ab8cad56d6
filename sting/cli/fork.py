"""`sting fork`: what would have come of it with other settings."""

from collections.abc import Iterable
import math
import pathlib

import click

from sting import settings
from sting.cli import common
from sting.cli import history
from sting.cli import runs
from sting.model import errors
from sting.model import market
from sting.session import fork as forks
from sting.session import forkform


def _pairs(option: str, given: Iterable[str]) -> dict[str, str]:
    """Reads NAME=VALUE."""
    found = {}
    for text in given:
        name, equals, value = text.partition('=')
        if not (name and equals and value):
            raise errors.InputError(f'{option} {text}: write NAME=VALUE')
        found[name.strip()] = value.strip()
    return found


def _parameters(given: Iterable[str]) -> dict[str, dict[str, str]]:
    """Reads STRATEGY.PARAMETER=VALUE."""
    found: dict[str, dict[str, str]] = {}
    for name, value in _pairs('--set', given).items():
        strategy, dot, parameter = name.rpartition('.')
        if not dot:
            raise errors.InputError(
                f'--set {name}={value}: write STRATEGY.PARAMETER=VALUE'
            )
        found.setdefault(strategy, {})[parameter] = value
    return found


def _limits(given: Iterable[str]) -> dict[str, float]:
    """Reads RULE=VALUE."""
    found = {}
    for name, text in _pairs('--limit', given).items():
        try:
            found[name] = float(text)
        except ValueError:
            found[name] = math.nan
        if not 0 <= found[name] < math.inf:
            raise errors.InputError(
                f'--limit {name}={text}: a limit is a number of 0 or more'
            )
    return found


@click.command(cls=runs.ManyValues)
@click.argument(
    'file',
    metavar='[LOG]',
    required=False,
    type=click.Path(path_type=pathlib.Path),
)
@click.option(
    '--at',
    type=click.IntRange(min=1),
    metavar='N',
    help='The event after which it begins anew.',
)
@click.option('--time', 'when', metavar='T', help='The moment instead, in UTC.')
@click.option(
    '--to',
    'until',
    type=click.IntRange(min=2),
    metavar='N',
    help='Ends with this event.',
)
@click.option(
    '--set',
    'given',
    multiple=True,
    metavar='STRATEGY.PARAMETER=VALUE..',
    help='Another value of a parameter.',
)
@click.option(
    '--limit',
    'limits',
    multiple=True,
    metavar='RULE=VALUE..',
    help='Another limit of a risk rule.',
)
@click.option('--offer', is_flag=True, hidden=True)
@common.profile_option
@common.json_option
def fork(
    file: pathlib.Path | None,
    at: int | None,
    when: str | None,
    until: int | None,
    given: tuple[str, ...],
    limits: tuple[str, ...],
    offer: bool,
    profile: str | None,
    as_json: bool,
) -> None:
    """Reruns a log from a moment on with other settings.

    The strategies that ran then go on from their state, position and cash of
    that moment on the market data that the log has, once as configured and
    once changed, both on the simulator.
    """
    if (at is None) == (when is None):
        raise errors.InputError('write either --at N or --time T')
    home = settings.Home.find()
    path = file if file is not None else history.log_path(profile)
    if offer and at is not None:
        # For a form: what can be changed.
        config = settings.load(home)
        common.print_json(forkform.offer(config, path, at, profile or ''))
        return
    found = forks.run(
        settings.load(home),
        forks.Asked(
            path=path,
            profile=profile or '',
            seq=at,
            time=None if when is None else history.moment(when),
            until=until,
            parameters=_parameters(given),
            limits=_limits(limits),
        ),
    )
    if as_json:
        common.print_json(found)
        return
    _print(found)


def _print(found: forks.Forked) -> None:
    click.echo(
        f'from event {found.at:,} ({market.to_iso(found.time)}) to '
        f'{found.until:,}, {found.events:,} of the market'
    )
    for name, was, is_ in found.changes:
        click.echo(common.clean(f'{name}: {was} -> {is_}'))
    click.echo()
    columns = {'': common.LEFT}
    columns |= dict.fromkeys(('then', 'base', 'fork'), common.RIGHT)
    lives = (found.then, found.base, found.fork)
    common.print_table(
        columns,
        [
            ('p&l', *(f'{each.pnl:+,.2f}' for each in lives)),
            ('drawdown', *(common.money(each.drawdown) for each in lives)),
            ('fees', *(common.money(each.fees) for each in lives)),
            ('orders', *(each.orders for each in lives)),
            ('denied', *(each.denied for each in lives)),
            ('fills', *(each.fills for each in lives)),
        ],
    )
    click.echo(f'\nthe change makes {found.difference:+,.2f}\n')
    for note in found.notes:
        click.echo(common.clean(f'- {note}'))
