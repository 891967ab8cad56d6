"""`sting drill`."""

import click
import msgspec

from sting import settings
from sting.cli import common
from sting.model import errors
from sting.model import records


@click.command()
@click.option(
    '--profile',
    metavar='NAME',
    help='Whose rules it has; without it the default of sting.yaml.',
)
@common.json_option
def drill(profile: str | None, as_json: bool) -> None:
    """Pulls the emergency stop for real, against paper, and times it.

    Each case has an engine of its own in a folder that is thrown away, with
    the profile's rules, generated prices and a paper broker: the profile's
    own engine, log and broker are not touched, those of a LIVE one neither.

    Exits with 1 when an order left later than 20 ms after the flag, the first
    cancel later than 50 ms, or an order works on.
    """
    # Imported here, since it loads numpy.
    from sting.session import drill as drills  # noqa: PLC0415

    home = settings.Home.find()
    config = settings.load(home)
    name = profile or config.default
    chosen = config.profile(name)
    found = [drills.run(config, name, case) for case in drills.CASES]
    if as_json:
        common.print_json(
            {
                'profile': name,
                'cases': [msgspec.structs.asdict(o) for o in found],
            }
        )
    else:
        if chosen.mode is records.Mode.LIVE:
            click.echo(f'{name} is LIVE and is not touched: this is on paper')
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
                    'ok' if one.ok else 'MISSED',
                )
                for one in found
            ],
        )
        click.echo(
            f'milliseconds since the stop was pulled; goals: no order after '
            f'{drills.ORDER_MS:g}, first cancel within {drills.CANCEL_MS:g}'
        )
    missed = [one.case for one in found if not one.ok]
    if missed:
        raise errors.StingError(
            f'the stop missed its goals: {", ".join(missed)}'
        )


def _ms(value: float | None) -> str:
    return '-' if value is None else f'{value:,.1f}'
