"""`sting status`, `orders` and `positions`: a look at a running engine."""

from collections.abc import Mapping
from typing import Any

import click

from sting.cli import common
from sting.model import health
from sting.model import schedules

_STATE_COLOURS = {'TRADING': 'green', 'REDUCING': 'yellow', 'HALTED': 'red'}
_HEALTH_COLOURS = {'ok': 'green', 'degraded': 'yellow', 'failing': 'red'}
_LINKS = dict.fromkeys(('name', 'status', 'source', 'detail'), common.LEFT)


@click.command()
@common.profile_option
@common.json_option
@click.option(
    '--check', is_flag=True, help='Exit with 1 when its health is failing.'
)
def status(profile: str | None, as_json: bool, check: bool) -> None:
    """Shows how the running engine is, and its health with reasons."""
    found = common.engine(profile).request('status')
    if as_json:
        common.print_json(found)
    else:
        _print_status(found)
    if check and found['health']['state'] == health.Condition.FAILING:
        click.get_current_context().exit(1)


def _print_status(found: Mapping[str, Any]) -> None:
    for name, text in _summary(found).items():
        click.echo(f'{name:<12}{text}')
    for each in found['health']['reasons']:
        state = common.styled(
            f'{each["state"]:<10}', _HEALTH_COLOURS[each['state']]
        )
        click.echo(f'  {state}{each["area"]}: {common.clean(each["reason"])}')
    for title in ('feeds', 'brokers', 'channels'):
        if found[title]:
            click.echo(f'\n{title}')
            common.print_table(
                _LINKS,
                [tuple(row[title] for title in _LINKS) for row in found[title]],
            )
    if found['strategies']:
        click.echo('\nstrategies')
        print_strategies(found['strategies'])
    if found['positions']:
        click.echo('\npositions')
        _print_positions(found['positions'])


@click.command()
@common.profile_option
@common.json_option
def orders(profile: str | None, as_json: bool) -> None:
    """Lists orders: the working ones, then the newest done ones."""
    found = common.engine(profile).request('orders')
    if as_json:
        common.print_json(found)
        return
    common.print_table(
        {
            'id': common.LEFT,
            'symbol': common.LEFT,
            'side': common.LEFT,
            'quantity': common.RIGHT,
            'type': common.LEFT,
            'price': common.RIGHT,
            'stop': common.RIGHT,
            'filled': common.RIGHT,
            'average': common.RIGHT,
            'status': common.LEFT,
            'by': common.LEFT,
            'message': common.LEFT,
        },
        [
            (
                row['id'],
                row['symbol'],
                row['side'],
                common.price(row['quantity']),
                row['type'],
                common.price(row['price']),
                common.price(row['stop_price']),
                common.price(row['filled']),
                common.price(row['average_price'] or None),
                _stands(row),
                row['strategy'] or 'operator',
                row['message'],
            )
            for row in found
        ],
    )


@click.command()
@common.profile_option
@common.json_option
def positions(profile: str | None, as_json: bool) -> None:
    """Lists positions: the open ones, and those that were closed today."""
    found = common.engine(profile).request('positions')
    if as_json:
        common.print_json(found)
    else:
        _print_positions(found)


def print_strategies(rows: list[Mapping[str, Any]]) -> None:
    """Prints the strategies of a running engine as a table."""
    common.print_table(
        {
            'name': common.LEFT,
            'status': common.LEFT,
            'p&l': common.RIGHT,
            'fills': common.RIGHT,
            'working': common.RIGHT,
            'detail': common.LEFT,
        },
        [
            (
                row['name'],
                row['status'],
                common.money(row['pnl']),
                row['trades'],
                row['working'],
                row['detail'],
            )
            for row in rows
        ],
    )


def _summary(found: Mapping[str, Any]) -> dict[str, str]:
    state = found['state']
    reason = common.clean(found['reason'])
    stopping = ' (the emergency stop was pulled)' if found['halting'] else ''
    currency = common.clean(found['currency'])
    return {
        'profile': f'{found["profile"]} ({found["mode"].upper()}'
        + (', generated data)' if found['generated'] else ')'),
        'state': common.styled(state, _STATE_COLOURS[state])
        + stopping
        + (f': {reason}' if reason else ''),
        'equity': f'{common.money(found["equity"])} {currency}',
        'cash': f'{common.money(found["cash"])} {currency}',
        'day p&l': f'{found["day_pnl"]:+,.2f} {currency}',
        'open orders': str(found['open_orders']),
        **_inbox(found['inbox']),
        **_session(found['session']),
        **_available(found['availability']),
        **_resources(found['resources']),
        'events': str(found['seq']),
        'process': f'{found["pid"]}, up {found["uptime_s"]:,.0f} s, '
        f'loop lag {found["loop_lag_ms"]:.1f} ms',
        'health': common.styled(
            found['health']['state'], _HEALTH_COLOURS[found['health']['state']]
        ),
    }


def _session(found: Mapping[str, Any] | None) -> dict[str, str]:
    """Says which session runs or comes next, where there is a schedule."""
    if found is None:
        return {}
    return {'session': schedules.Session(**found).phrase}


def _available(found: Mapping[str, Any] | None) -> dict[str, str]:
    """Says how much of the sessions trading was possible, where it is known."""
    if found is None or found['share'] is None:
        return {}
    last = found['days'][-1]
    return {
        'available': f'{found["share"]:.2%} of the sessions of 30 days, '
        f'{last["up_s"] / last["open_s"]:.2%} of {last["day"]}'
    }


def _resources(found: Mapping[str, Any]) -> dict[str, str]:
    """Says how far the engine gives way, if it does."""
    if not found['level']:
        return {}
    why = '; '.join(found['reasons']) or 'better by now'
    return {'resources': f'{found["step"]}: {common.clean(why)}'}


def _inbox(count: int) -> dict[str, str]:
    """Says that something differs from the broker's book, if it does."""
    return {'inbox': f'{count} to settle: sting inbox'} if count else {}


def _print_positions(rows: list[Mapping[str, Any]]) -> None:
    common.print_table(
        {
            'symbol': common.LEFT,
            'quantity': common.RIGHT,
            'average': common.RIGHT,
            'last': common.RIGHT,
            'value': common.RIGHT,
            'unrealized': common.RIGHT,
            'realized': common.RIGHT,
        },
        [
            (
                row['symbol'],
                common.price(row['quantity']),
                common.price(row['average_price']),
                common.price(row['last']),
                common.money(row['value']),
                common.money(row['unrealized']),
                common.money(row['realized']),
            )
            for row in rows
        ],
    )


def _stands(row: dict[str, Any]) -> str:
    """Says where an order stands; held waits for fills of its entry."""
    if row['status'] == 'accepted' and row['held']:
        return 'held'
    return str(row['status'])
