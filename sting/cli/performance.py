"""How strategies do, for `sting strategies`."""

from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

import click

from sting.cli import common
from sting.model import market
from sting.model import views
from sting.model import wording

# Above the figures of a running engine.
COLUMNS = {
    'p&l': common.RIGHT,
    'trips': common.RIGHT,
    'hit': common.RIGHT,
    'slip bps': common.RIGHT,
    'untraded': common.RIGHT,
}


def cells(done: views.Performance | None) -> tuple[object, ...]:
    """Gives a strategy's cells under COLUMNS; dashes where it does not run.

    Args:
        done: How it does.
    """
    if done is None:
        return (wording.NONE,) * len(COLUMNS)
    return (
        wording.money(done.pnl),
        done.trips,
        wording.share(done.hit_rate),
        wording.points(done.slippage_bps),
        done.untraded + done.denied,
    )


def print_detail(
    head: Mapping[str, str],
    done: views.Performance | None,
    untraded: Sequence[Mapping[str, Any]],
) -> None:
    """Prints all that there is to say of one strategy.

    Args:
        head: What it is, by name.
        done: How it does; None where no engine has it.
        untraded: Its last signals that were not traded.
    """
    lines = list(head.items())
    if done is not None:
        lines += wording.performance(done)
    for name, text in lines:
        if text:
            click.echo(common.clean(f'{name:<14}{text}'))
    if not untraded:
        return
    click.echo('\nnot traded')
    common.print_table(
        {
            'seq': common.RIGHT,
            'time': common.LEFT,
            'gate': common.LEFT,
            'reason': common.LEFT,
            'wanted': common.LEFT,
        },
        [
            (
                row['seq'],
                market.to_iso(row['timestamp']),
                row['gate'],
                row['reason'] + wording.times(row.get('times', 1)),
                row['wanted'],
            )
            for row in untraded
        ],
    )
