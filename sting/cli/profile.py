"""`sting profile`: where the running engine spends its time."""

import pathlib
import re
from typing import Any

import click
import msgspec

from sting.cli import common
from sting.model import errors
from sting.model import profiles

_UNITS = {'ms': 1e-3, 's': 1.0, '': 1.0, 'm': 60.0}
_WRITTEN = re.compile(r'(\d+(?:\.\d+)?)(ms|s|m|)')
MOST_S = 120.0
# What an answer may take beyond the time that was asked for.
_PATIENCE_S = 30.0
# Shares of all below which a thread or a function is left out.
_LEAST = 0.005


class _Seconds(click.ParamType[float]):
    """A length of time: 10s, 500ms, 2m or 10."""

    name = 'length'

    def convert(self, value: Any, param: Any, ctx: Any) -> float:
        """Gives the seconds."""
        found = _WRITTEN.fullmatch(str(value))
        seconds = float(found[1]) * _UNITS[found[2]] if found else 0.0
        if not 0 < seconds <= MOST_S:
            self.fail(
                f'{value!r}: write a length up to {MOST_S:g}s, such as 10s',
                param,
                ctx,
            )
        return seconds


@click.command()
@click.argument('length', type=_Seconds(), default='10s')
@click.option(
    '--waiting',
    is_flag=True,
    help='Count the time spent waiting too: for the disk, a lock, others.',
)
@click.option(
    '--limit',
    type=click.IntRange(1),
    default=12,
    show_default=True,
    help='Functions of each thread at most.',
)
@click.option(
    '--folded',
    type=click.Path(path_type=pathlib.Path),
    metavar='FILE',
    help='Write the stacks as tools for flame graphs read them.',
)
@common.profile_option
@common.json_option
def profile(
    length: float,
    waiting: bool,
    limit: int,
    folded: pathlib.Path | None,
    profile: str | None,
    as_json: bool,
) -> None:
    """Shows where the running engine spends its time.

    Looks at its threads for LENGTH (10s, 500ms, 2m) and says what each used of
    a processor, by function: SELF alone, TOTAL with what it calls. Processes
    of strategies are not in it.
    """
    client = common.engine(profile)
    found = msgspec.convert(
        client.patient(length + _PATIENCE_S).request('profile', seconds=length),
        profiles.Profile,
    )
    waiting = waiting or not found.has_cpu
    if folded is not None:
        _write(folded, profiles.folded(found, waiting=waiting))
    rows = profiles.functions(found, waiting=waiting)
    if as_json:
        common.print_json(_plain(found, rows))
        return
    cost = found.cost_s / found.seconds
    click.echo(
        f'process {found.pid}: {found.rounds:,} looks in '
        f'{found.seconds:.1f} s, '
        f'which took {cost:.1%} of a processor'
    )
    _print(found, rows, limit, waiting=waiting)


def _plain(
    found: profiles.Profile, rows: tuple[profiles.FunctionRow, ...]
) -> dict[str, Any]:
    return {
        'pid': found.pid,
        'seconds': found.seconds,
        'rounds': found.rounds,
        'cost_s': found.cost_s,
        'threads': [
            {'thread': name, 'spent_s': spent}
            for name, spent in _threads(rows).items()
        ],
        'functions': rows,
    }


def _threads(rows: tuple[profiles.FunctionRow, ...]) -> dict[str, float]:
    """Gives the seconds of each thread, the most first."""
    spent: dict[str, float] = {}
    for row in rows:
        spent[row.thread] = spent.get(row.thread, 0.0) + row.self
    return dict(sorted(spent.items(), key=lambda one: -one[1]))


def _print(
    found: profiles.Profile,
    rows: tuple[profiles.FunctionRow, ...],
    limit: int,
    *,
    waiting: bool,
) -> None:
    counted = 'of the time' if waiting else 'of a processor'
    threads = _threads(rows)
    least = _LEAST * sum(threads.values())
    for thread, spent in threads.items():
        if spent <= least:
            continue
        click.echo(
            f'\n{common.clean(thread)}: {spent / found.seconds:.1%} {counted}'
        )
        kept = [
            r
            for r in rows
            if r.thread == thread and r.total > least and not _is_start(r)
        ]
        common.print_table(
            {
                'self': common.RIGHT,
                'total': common.RIGHT,
                'function': common.LEFT,
            },
            [
                (f'{r.self / spent:.1%}', f'{r.total / spent:.1%}', r.function)
                for r in kept[:limit]
            ],
        )


def _is_start(row: profiles.FunctionRow) -> bool:
    """Whether every thread begins so."""
    return row.function.startswith('threading.py:Thread.') and not row.self


def _write(path: pathlib.Path, text: str) -> None:
    try:
        path.write_text(text, encoding='utf-8')
    except OSError as error:
        raise errors.InputError(f'{path}: {error.strerror}') from None
