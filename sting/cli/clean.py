"""`sting clean`: clears away old files by the limits of sting.yaml."""

from typing import TYPE_CHECKING

import click

from sting import settings
from sting.cli import common
from sting.model import errors

if TYPE_CHECKING:
    from sting.session import cleaning as cleaning_lib


@click.command()
@click.option(
    '--dry-run', is_flag=True, help='Removes nothing, and says what would go.'
)
@common.json_option
def clean(dry_run: bool, as_json: bool) -> None:
    """Clears away old files by the limits of sting.yaml.

    `retention:` says for how many days, and up to how many megabytes, fetched
    bars, compiled code, full logs of strategies, damaged files and backtests
    are kept. A running engine does the same once a day. The event log and its
    segments are never touched.

    Exits with 1 when something could not be removed.
    """
    # What they need takes long to load.
    from sting.engine import clock  # noqa: PLC0415
    from sting.session import cleaning  # noqa: PLC0415

    home = settings.Home.find()
    limits = settings.load(home).retention
    act = cleaning.preview if dry_run else cleaning.remove
    found = [
        act(kind)
        for kind in cleaning.plan(home, limits, clock.LiveClock().now())
    ]
    freed = sum(each.bytes for each in found)
    if as_json:
        common.print_json({'dry_run': dry_run, 'bytes': freed, 'kinds': found})
    else:
        _print(found, freed, dry_run=dry_run)
    failed = [text for each in found for text in each.failed]
    if failed:
        raise errors.StingError(
            f'{len(failed)} files cannot be removed: {failed[0]}'
        )


def _print(
    found: 'list[cleaning_lib.Cleaned]', freed: int, *, dry_run: bool
) -> None:
    common.print_table(
        {
            'kind': common.LEFT,
            'goes' if dry_run else 'gone': common.RIGHT,
            'size': common.RIGHT,
            'kept': common.RIGHT,
            'kept size': common.RIGHT,
        },
        [
            (
                each.kind,
                each.files or '-',
                f'{each.bytes / 1e6:,.1f} MB' if each.files else '-',
                each.kept or '-',
                f'{each.kept_bytes / 1e6:,.1f} MB' if each.kept else '-',
            )
            for each in found
        ],
    )
    word = 'would be freed' if dry_run else 'freed'
    click.echo(f'{freed / 1e6:,.1f} MB {word}')
