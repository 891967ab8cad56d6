"""`sting drill`."""

from typing import TYPE_CHECKING

import click
import msgspec

from sting import settings
from sting.cli import common
from sting.model import drills as results
from sting.model import errors
from sting.model import market
from sting.model import records
from sting.risk import drilled

if TYPE_CHECKING:
    from sting.session import drill as drills


@click.command()
@click.option(
    '--profile',
    metavar='NAME',
    help='Whose rules it has; without it the default of sting.yaml.',
)
@click.option(
    '--last',
    is_flag=True,
    help='Pulls nothing, and shows what the last drill of the profile gave.',
)
@common.json_option
def drill(profile: str | None, last: bool, as_json: bool) -> None:
    """Pulls the emergency stop for real, against paper, and times it.

    Each case has an engine of its own in a folder that is thrown away, with
    the profile's rules, generated prices and a paper broker: the profile's
    own engine, log and broker are not touched, those of a LIVE one neither.
    The result is kept beside the profile's log, and shown on F5.

    Exits with 1 when an order left later than 20 ms after the flag, the first
    cancel later than 50 ms, or an order works on. On a machine that is busy
    with other things that may say nothing of the stop, and is told so.
    """
    home = settings.Home.find()
    config = settings.load(home)
    name = profile or config.default
    chosen = config.profile(name)
    if last:
        _show_last(drilled.last(home.state(name)), name, as_json)
        return
    # Imported here, since it loads numpy.
    from sting.session import drill as drills  # noqa: PLC0415

    found = [drills.run(config, name, case) for case in drills.CASES]
    result = drills.result(name, found)
    if as_json:
        common.print_json(
            {
                'profile': name,
                'at': result.at,
                'cases': [msgspec.structs.asdict(o) for o in found],
            }
        )
    else:
        if chosen.mode is records.Mode.LIVE:
            click.echo(f'{name} is LIVE and is not touched: this is on paper')
        _print(found, result)
        click.echo(
            f'milliseconds since the stop was pulled; goals: no order after '
            f'{drills.ORDER_MS:g}, first cancel within {drills.CANCEL_MS:g}'
        )
    drilled.keep(home.state(name), result)
    missed = [one.case for one in found if not one.ok]
    if missed:
        raise errors.StingError(
            f'the stop missed its goals: {", ".join(missed)}'
            + _excuse([one for one in found if not one.ok])
        )


def _print(found: 'list[drills.Outcome]', result: results.Result) -> None:
    common.print_table(
        {
            'case': common.LEFT,
            'flag': common.RIGHT,
            'last order': common.RIGHT,
            'first cancel': common.RIGHT,
            'last cancel': common.RIGHT,
            'report': common.RIGHT,
            'cancelled': common.RIGHT,
            'left': common.RIGHT,
            '': common.LEFT,
        },
        [
            (
                one.case,
                _ms(one.flag_ms),
                _ms(one.order_ms),
                _ms(one.first_ms),
                _ms(one.last_ms),
                _ms(one.report_ms),
                one.cancelled,
                one.left,
                kept.verdict,
            )
            for one, kept in zip(found, result.cases, strict=True)
        ],
    )


def _excuse(missed: 'list[drills.Outcome]') -> str:
    """Says where the machine may be to blame."""
    if not any(one.busy for one in missed):
        return ''
    late = max(one.late_ms for one in missed)
    return (
        f'; the machine was busy: a wait of 1 ms took {late:,.0f} ms longer; '
        'drill again when it is idle'
    )


def _show_last(
    result: results.Result | None, profile: str, as_json: bool
) -> None:
    """Shows the last result of a profile.

    Raises:
        errors.InputError: There is none.
    """
    if as_json:
        found = None if result is None else msgspec.to_builtins(result)
        common.print_json({'profile': profile, 'last': found})
        return
    if result is None:
        raise errors.InputError(
            f'{profile} was never drilled: `sting drill --profile {profile}`'
        )
    click.echo(f'drilled {market.to_iso(result.at)}')
    common.print_table(
        {
            'case': common.LEFT,
            'last order': common.RIGHT,
            'first cancel': common.RIGHT,
            'report': common.RIGHT,
            'left': common.RIGHT,
            '': common.LEFT,
        },
        [
            (
                one.case,
                _ms(one.order_ms),
                _ms(one.first_ms),
                _ms(one.report_ms),
                one.left,
                one.verdict,
            )
            for one in result.cases
        ],
    )


def _ms(value: float | None) -> str:
    return '-' if value is None else f'{value:,.1f}'
