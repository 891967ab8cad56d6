"""`sting clean`: takes away of the cache what is too old or too much."""

import click

from sting import settings
from sting.cli import common
from sting.engine import clock
from sting.model import market


@click.command()
@click.option(
    '--dry-run', is_flag=True, help='Only says what would be taken away.'
)
@common.json_option
def clean(dry_run: bool, as_json: bool) -> None:
    """Takes away of the cache what is too old or too much.

    `retention` of sting.yaml says what that is; a running engine does it once
    a day. Bars are fetched again, and code is compiled again, when they are
    needed. Logs are never touched.
    """
    # It loads more than other commands have to wait for.
    from sting.session import tidying  # noqa: PLC0415

    home = settings.Home.find()
    freed = tidying.tidy(
        home.cache,
        settings.load(home).retention,
        clock.LiveClock().now() / market.NANOSECONDS,
        dry=dry_run,
    )
    if as_json:
        common.print_json(
            {
                'files': freed.files,
                'bytes': freed.bytes,
                'left': freed.left,
                'dry_run': dry_run,
            }
        )
    else:
        done = 'would take away' if dry_run else 'took away'
        click.echo(f'{done} {tidying.text(freed)}')
