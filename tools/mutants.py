"""Scores the tests of sting/risk by mutants of its code, with mutmut.

A file with more mutants than the limit is scored by a sample of them, drawn
with a fixed seed.
"""

import datetime
import json
import pathlib
import subprocess
import sys

import click
import numpy as np

_RISK = pathlib.Path('mutants/sting/risk')
# The smallest file: to name any makes mutmut write the mutants of all.
_FIRST = 'sting.risk.metrics.stress*'
# Of mutmut: no test failed, no test reaches it, it was not run.
_SURVIVED = (0, 33, None)


def _names(path: pathlib.Path) -> list[str]:
    """The mutants of a file, sorted."""
    return sorted(json.loads(path.read_text())['exit_code_by_key'])


def _draw(names: list[str], limit: int) -> list[str]:
    """At most limit of the names, the same ones every time."""
    if len(names) <= limit:
        return names
    drawn = np.random.default_rng(0).choice(
        len(names), size=limit, replace=False
    )
    return [names[index] for index in sorted(drawn)]


def _mutmut(*names: str) -> None:
    """Runs the mutants of these names by two."""
    subprocess.run(
        [
            pathlib.Path(sys.executable).parent / 'mutmut',
            'run',
            '--max-children',
            '2',
            *names,
        ],
        check=True,
        stdout=subprocess.DEVNULL,
    )


def _row(name: str, chosen: int, total: int, survived: int) -> str:
    """A row of the table."""
    score = (chosen - survived) / chosen
    return f'| {name} | {total} | {chosen} | {survived} | {score:.0%} |'


@click.command()
@click.option('--limit', default=100, help='Mutants of a file.')
@click.option('--to', type=click.Path(path_type=pathlib.Path))
@click.argument('files', nargs=-1)
def main(limit: int, to: pathlib.Path | None, files: tuple[str, ...]) -> None:
    """Runs the mutants of FILES (all of sting/risk) and prints the scores."""
    _mutmut(_FIRST)
    metas = sorted(_RISK.rglob('*.py.meta'))
    rows, survivors, counts = [], [], np.zeros(3, dtype=int)
    for meta in metas:
        file = meta.relative_to(_RISK).as_posix().removesuffix('.meta')
        names = _names(meta)
        if not names or (files and file not in files):
            continue
        chosen = _draw(names, limit)
        _mutmut(*chosen)
        codes = json.loads(meta.read_text())['exit_code_by_key']
        alive = [name for name in chosen if codes[name] in _SURVIVED]
        row = (len(chosen), len(names), len(alive))
        rows.append(_row(file, *row))
        counts += row
        survivors += alive
        click.echo(rows[-1])
    today = datetime.date.today()  # noqa: DTZ011, TID251
    text = '\n'.join(
        [
            '# Mutants of sting/risk',
            '',
            f'`make mutants`, {today}: of each file below'
            f' at most {limit}, drawn with a fixed seed.',
            '',
            '| File | Mutants | Run | Survived | Score |',
            '| --- | --- | --- | --- | --- |',
            *rows,
            _row('All', *counts),
            '',
            '## Survivors',
            '',
            '`.mutants/bin/mutmut show NAME` shows one.',
            '',
            *(f'- `{name}`' for name in survivors),
            '',
        ]
    )
    if to is not None:
        to.write_text(text)
    click.echo(text)


if __name__ == '__main__':
    main()
