"""The golden runs: every strategy that ships, on the sample, every figure.

`python -m tests.unit.library.golden` writes them anew. Do it when a change of
the figures is wanted, look at the difference, and say in the commit why.
"""

from collections.abc import Iterator
import contextlib
import io
import json
import os
import pathlib
import sys
import tempfile
import unittest.mock

from sting.cli import main

FOLDER = pathlib.Path(__file__).parent / 'golden'
COSTS = ('--commission-bps', '1', '--slippage-bps', '2')
# By strategy, what its run is given.
RUNS = {
    'bollinger_reversion': ('short=true',),
    'buy_and_hold': (),
    'donchian_breakout': (),
    'ema_cross': (),
    'macd_trend': (),
    'momentum_rotation': (),
    'pairs_zscore': (),
    'rsi_reversion': (),
    'sma_cross': (),
    'sma_cross_compiled': (),
    'volatility_target': (),
}
# Not of the run, but of the machine, or of comments in the code.
LEFT_OUT = ('elapsed_s', 'bars_per_s', 'code_hash')


def run(name: str) -> dict[str, object]:
    """Runs a strategy as `sting backtest --json` and gives its figures."""
    words = ['backtest', f'sting.library.{name}', '--data', 'sample', *COSTS]
    for given in RUNS[name]:
        words += ['--set', given]
    printed = io.StringIO()
    with (
        tempfile.TemporaryDirectory() as home,
        # Nobody's own configuration is part of it.
        unittest.mock.patch.dict(os.environ, STING_HOME=home),
        contextlib.redirect_stdout(printed),
    ):
        code = main.run([*words, '--json'])
    assert code == 0
    found = json.loads(printed.getvalue())
    for key in LEFT_OUT:
        found.pop(key, None)
    return found


def read(name: str) -> dict[str, object]:
    """Gives the figures as they were."""
    return json.loads((FOLDER / f'{name}.json').read_text())


def differences(was: object, found: object, place: str = '') -> Iterator[str]:
    """Gives each figure that is another, with its place.

    Numbers are held to 1e-9: the last digit of a logarithm is a matter of the
    processor. What was traded is in `log_hash`, and that has to be the same.
    Figures that there were not are left to the next writing.
    """
    if isinstance(was, dict) and isinstance(found, dict):
        for key in was:
            yield from differences(
                was[key], found.get(key, 'gone'), f'{place}.{key}'
            )
    elif isinstance(was, list) and isinstance(found, list):
        if len(was) != len(found):
            yield f'{place[1:]}: {len(was)} entries, now {len(found)}'
        for at, (one, other) in enumerate(zip(was, found, strict=False)):
            yield from differences(one, other, f'{place}.{at}')
    elif isinstance(was, float) and isinstance(found, int | float):
        if abs(was - found) > 1e-9 * max(abs(was), abs(found), 1e-3):
            yield f'{place[1:]}: {was!r}, now {found!r}'
    elif was != found:
        yield f'{place[1:]}: {was!r}, now {found!r}'


def write() -> None:
    """Writes all golden runs anew, and tells what has changed."""
    FOLDER.mkdir(exist_ok=True)
    for name in RUNS:
        path = FOLDER / f'{name}.json'
        found = run(name)
        changed = list(differences(read(name), found)) if path.exists() else []
        path.write_text(json.dumps(found, indent=1, sort_keys=True) + '\n')
        sys.stdout.write(f'{name}: {len(changed)} changed\n')
        sys.stdout.writelines(f'  {line}\n' for line in changed)


if __name__ == '__main__':
    write()
