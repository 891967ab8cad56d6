"""What commands take that may run on a cluster."""

import pathlib
from typing import TYPE_CHECKING
from typing import Any

import click

from sting.cli import common
from sting.model import errors

if TYPE_CHECKING:
    from sting.backtest.sweeping import clusters

_OPTIONS = (
    click.option(
        '--cluster',
        metavar='ADDRESS',
        help='Runs on a Dask cluster: tcp://host:8786, or local:N for '
        'processes of this machine. Needs sting[cluster].',
    ),
    click.option(
        '--cluster-share',
        metavar='URL',
        help='A folder or URL that all workers see: the bars go there, not '
        'through the scheduler.',
    ),
    click.option(
        '--cluster-tls',
        type=click.Path(path_type=pathlib.Path),
        metavar='FILE',
        help='For tls://host:8786: a file that names ca_file, cert and key.',
    ),
)


def options(function: common.F) -> common.F:
    """Adds --cluster and what belongs to it."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def check(options: dict[str, Any]) -> None:
    """Refuses what does not go together.

    Raises:
        errors.InputError: Naming it.
    """
    if options['cluster'] is None:
        for name in ('cluster_share', 'cluster_tls'):
            if options[name] is not None:
                raise errors.InputError(
                    f'--{name.replace("_", "-")} needs --cluster ADDRESS'
                )
    elif options['workers']:
        raise errors.InputError(
            '--workers are of this machine and --cluster of others; leave one '
            'of them out'
        )


def pool(options: dict[str, Any]) -> 'clusters.Cluster | None':
    """Connects; None where no cluster was asked for.

    Args:
        options: What `check` passed.

    Raises:
        errors.InputError: There is none, or it is not fit.
    """
    if options['cluster'] is None:
        return None
    # It needs more than other commands have to wait for.
    from sting.backtest.sweeping import clusters  # noqa: PLC0415

    return clusters.Cluster(
        options['cluster'],
        tls=options['cluster_tls'],
        share=options['cluster_share'],
    )
