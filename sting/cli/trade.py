"""`sting order`, `cancel` and `protect`."""

import click
import msgspec

from sting.cli import common
from sting.model import checks
from sting.model import commands
from sting.model import errors
from sting.model import orders
from sting.model import protection
from sting.model import records
from sting.model import typed
from sting.model import views

# What the brokers that there are can work with.
TYPES = (
    orders.OrderType.MARKET,
    orders.OrderType.LIMIT,
    orders.OrderType.STOP,
    orders.OrderType.STOP_LIMIT,
    orders.OrderType.TRAILING_STOP,
    orders.OrderType.MARKET_ON_OPEN,
    orders.OrderType.MARKET_ON_CLOSE,
    orders.OrderType.LIMIT_ON_OPEN,
    orders.OrderType.LIMIT_ON_CLOSE,
)
TIMES_IN_FORCE = (
    orders.TimeInForce.DAY,
    orders.TimeInForce.GTC,
    orders.TimeInForce.GTD,
    orders.TimeInForce.IOC,
    orders.TimeInForce.FOK,
)


@click.command()
@click.argument('side', type=click.Choice([s.value for s in orders.OrderSide]))
@click.argument('symbol')
@click.argument('quantity', type=float)
@click.option(
    '--type',
    'kind',
    type=click.Choice([kind.value for kind in TYPES]),
    default=orders.OrderType.MARKET.value,
    show_default=True,
    help='How it gets its price.',
)
@click.option('--price', type=float, help='The limit.')
@click.option('--stop-price', type=float, help='The trigger.')
@click.option(
    '--trail', help='Of a trailing stop: an amount, or a per cent as 2%.'
)
@click.option('--take-profit', type=float, help='Limit of an attached exit.')
@click.option('--stop-loss', type=float, help='Trigger of an attached exit.')
@click.option(
    '--tif',
    type=click.Choice([tif.value for tif in TIMES_IN_FORCE]),
    default=orders.TimeInForce.GTC.value,
    show_default=True,
    help='How long it works.',
)
@click.option(
    '--expires',
    metavar='WHEN',
    help='Of gtd: 2026-12-01, its end, or 2026-12-01T15:30; UTC.',
)
@click.option(
    '--extended',
    is_flag=True,
    help='Also before and after the hours of the exchange.',
)
@click.option('--reason', default='', help='Why, for the log.')
@click.option('--confirm', metavar='ACCOUNT', default='', help='For LIVE.')
@click.option(
    '--dry-run',
    is_flag=True,
    help="Sends nothing; shows each risk rule's figure for it.",
)
@common.profile_option
@common.json_option
def order(
    side: str,
    symbol: str,
    quantity: float,
    kind: str,
    price: float | None,
    stop_price: float | None,
    trail: str | None,
    take_profit: float | None,
    stop_loss: float | None,
    tif: str,
    expires: str | None,
    extended: bool,
    reason: str,
    confirm: str,
    dry_run: bool,
    profile: str | None,
    as_json: bool,
) -> None:
    """Sends an order to the running engine, at once.

    Risk judges it like any other. In LIVE it needs --confirm with the name of
    the account. Exits with 1 when the order was not let through.
    """
    command = commands.SubmitOrder(
        symbol=symbol,
        side=orders.OrderSide(side),
        quantity=quantity,
        type=orders.OrderType(kind),
        price=price,
        stop_price=stop_price,
        time_in_force=orders.TimeInForce(tif),
        reason=reason,
        take_profit=take_profit,
        stop_loss=stop_loss,
        extended_hours=extended,
        trail=None if trail is None else typed.trail(trail),
        expires=None if expires is None else typed.moment(expires),
    )
    checks.check_trail(command.type, command.trail)
    checks.check_time(command.time_in_force, command.expires)
    checks.check_order(
        symbol=symbol,
        quantity=quantity,
        type=command.type,
        price=price,
        stop_price=stop_price,
    )
    checks.check_exits(
        side=command.side,
        price=price,
        stop_price=stop_price,
        take_profit=take_profit,
        stop_loss=stop_loss,
    )
    if dry_run:
        _judge(command, profile, as_json)
    else:
        give(command, profile, as_json, confirm)


def _judge(
    command: commands.SubmitOrder, profile: str | None, as_json: bool
) -> None:
    """Shows what risk would say of an order."""
    answer = common.engine(profile).request('judge', command=command)
    found = msgspec.convert(answer, views.Judgement)
    if as_json:
        common.print_json(found)
    else:
        common.print_table(
            {
                '': common.LEFT,
                'RULE': common.LEFT,
                'FIGURE': common.RIGHT,
                'LIMIT': common.RIGHT,
                'LEFT': common.RIGHT,
                'OF': common.LEFT,
            },
            # The trading state has no limit; the last line says it.
            [_cells(rule) for rule in found.rules if rule.limit is not None],
        )
        click.echo(
            common.clean(
                f'would {found.decision} {found.quantity:g}'
                + (f': {found.message}' if found.message else '')
            )
        )
    if found.decision is records.Decision.DENY:
        raise errors.RefusedError(common.clean(found.message))


def _cells(rule: records.RuleFigure) -> tuple[str, ...]:
    """Gives what a rule said, and what is left to its limit."""
    limit = rule.limit or 0.0
    figure, left = '-', ''
    if rule.figure is not None:
        figure = f'{rule.figure:,.6g}'
        left = f'{limit - rule.figure:,.6g}'
    elif rule.failed:
        figure = 'unknown'
    return (
        'no' if rule.failed else 'ok',
        rule.name,
        figure,
        f'{limit:,.10g}',
        left,
        rule.unit,
    )


@click.command()
@click.argument('order_id', metavar='ID')
@common.profile_option
@common.json_option
def cancel(order_id: str, profile: str | None, as_json: bool) -> None:
    """Cancels an order of the running engine.

    `sting orders` shows the ids.
    """
    give(commands.CancelOrder(order_id=order_id), profile, as_json)


@click.command()
@click.argument('symbol')
@click.option('--stop', help='A price, or 2% from what was paid.')
@click.option('--target', help='The same, of a take profit.')
@click.option('--trailing', help='From the best close: an amount, or 1.5%.')
@click.option('--time', 'holding', default='', help='Since it opened, as 5d.')
@click.option('--strategy', default='', help="A strategy's own position.")
@click.option('--off', is_flag=True, help='Takes its protection off.')
@common.profile_option
@common.json_option
def protect(
    symbol: str,
    stop: str | None,
    target: str | None,
    trailing: str | None,
    holding: str,
    strategy: str,
    off: bool,
    profile: str | None,
    as_json: bool,
) -> None:
    """Protects the position in SYMBOL until it is closed.

    Stop and target are held at the broker, as orders of which one cancels the
    other, as large as the position is; a trail moves the stop with each closed
    bar. The time is watched by the engine. It replaces what protected the
    position before.
    """
    command = commands.Protect(
        symbol=symbol,
        stop_loss=protection.level(stop),
        take_profit=protection.level(target),
        trail=protection.level(trailing),
        max_holding=holding,
        strategy=strategy,
    )
    if holding:
        protection.span(holding)
    if command.is_empty is not off:
        raise errors.InputError(
            'name any of --stop, --target, --trailing and --time, or --off'
        )
    give(command, profile, as_json)


def give(
    command: commands.Command,
    profile: str | None,
    as_json: bool,
    confirm: str = '',
) -> None:
    """Gives a command to the running engine and prints its answer.

    Args:
        command: What is wanted.
        profile: The engine's profile; None for the one that runs.
        as_json: Whether to print JSON.
        confirm: The account's name, for orders in LIVE.

    Raises:
        errors.InputError: It makes no sense to the engine.
        errors.RefusedError: The engine said no.
        errors.StingError: It could not be asked.
    """
    result = common.engine(profile).submit(command, confirm)
    if as_json:
        common.print_json(result)
    elif result.ok:
        name = f' {result.order_id}' if result.order_id else ''
        click.echo(common.clean(f'{result.message}{name}'))
    if result.wrong_input:
        raise errors.InputError(common.clean(result.message))
    if not result.ok:
        raise errors.RefusedError(common.clean(result.message))
