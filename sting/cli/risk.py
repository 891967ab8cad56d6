"""`sting risk`: the risk of the running engine's book."""

from collections.abc import Mapping
from typing import Any

import click

from sting.cli import common

_SHARES = (
    'leverage', 'margin_use', 'beta', 'volatility', 'volatility_ewma',
    'peak_drawdown', 'day_drawdown', 'largest_share', 'concentration',
    'correlation', 'exit_days',
)  # fmt: skip


@click.command()
@common.profile_option
@common.json_option
def risk(profile: str | None, as_json: bool) -> None:
    """Shows exposures, value at risk and stresses of the present book.

    The figures are a second old at most. A dash is one that cannot be worked
    out; the reason stands below.
    """
    found = common.engine(profile).request('risk')
    if as_json:
        common.print_json(found)
    elif found is None:
        click.echo('nothing is measured yet')
    else:
        _print(found)


def _print(found: Mapping[str, Any]) -> None:
    for name in ('equity', 'long', 'short', 'gross', 'net', 'margin'):
        click.echo(f'{name:<18}{common.money(found[name]):>16}')
    for name in _SHARES:
        title = name.replace('_', ' ')
        click.echo(f'{title:<18}{_figure(found[name]):>16}')
    click.echo(f'{"beta is to":<18}{common.clean(found["benchmark"]):>16}')
    _table(
        f'losses over {found["horizon_days"]:g} trading days, of '
        f'{found["observations"]} bars',
        ('method', 'confidence', 'value at risk', 'shortfall'),
        [
            (
                row['method'],
                f'{row["confidence"]:.1%}',
                common.money(row['value_at_risk']),
                common.money(row['shortfall']),
            )
            for row in found['tails']
        ],
    )
    for title in ('symbols', 'sectors', 'strategies'):
        _table(
            title,
            ('name', 'long', 'short'),
            [
                (row['name'], *map(common.money, (row['long'], row['short'])))
                for row in found[title]
            ],
        )
    _table(
        'stresses',
        ('scenario', 'p&l', 'of equity'),
        [
            (
                row['scenario'],
                common.money(row['pnl']),
                _figure(row['share']),
            )
            for row in found['stresses']
        ],
    )
    _table(
        'limits',
        ('rule', 'limit', 'unit'),
        [
            (row['rule'], common.price(row['limit']), row['unit'])
            for row in found['limits']
            if row['limit'] is not None
        ],
    )
    for name, why in found['missing'].items():
        click.echo(common.clean(f'no {name.replace("_", " ")}: {why}'))


def _figure(value: float | None) -> str:
    return '-' if value is None else f'{value:,.4f}'


def _table(
    title: str, names: tuple[str, ...], rows: list[tuple[object, ...]]
) -> None:
    if rows:
        click.echo(f'\n{title}')
        columns = dict.fromkeys(names, common.RIGHT)
        common.print_table(columns | {names[0]: common.LEFT}, rows)
