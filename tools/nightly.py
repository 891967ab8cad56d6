"""Runs all that takes a night, and writes a page of what came of it.

Each step is a process of its own with a limit; one that fails does not keep
the next from running. build/nightly (or $NIGHTLY) has the page, SUMMARY.md, and
what each step printed. The exit status is 1 where a step failed.
"""

import argparse
from collections.abc import Callable
from collections.abc import Sequence
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from typing import NamedTuple

from sting.engine import clock
from sting.model import market

ROOT = pathlib.Path(__file__).parents[1]
TO = pathlib.Path(os.environ.get('NIGHTLY', ROOT / 'build' / 'nightly'))
STRATEGIES = ('sma_cross', 'donchian_breakout')
MINUTE = 60
CLOCK = clock.LiveClock()
# Where a failure is told, the best place first.
FAILURES = (
    re.compile(r'^(?:FAILED|ERROR) .*', re.MULTILINE),
    re.compile(r'^(?:seed \d+ failed|slower by ).*', re.MULTILINE),
    re.compile(r'^(?:sting|make|[\w.]*Error)\b.*: .*', re.MULTILINE),
)
PASSED, FAILED, LATE = 'passed', '**failed**', '**over its limit**'


def last_line(text: str) -> str:
    """Gives the last line that says something, without a frame."""
    return next(
        filter(None, (x.strip(' =') for x in text.splitlines()[::-1])), ''
    )


def backtested(text: str) -> str:
    """Gives what a backtest came to, out of its JSON."""
    found = json.loads(last_line(text))
    return f'{found["trades"]:,} trades, log {found["log_hash"][:16]}'


def judged(_: str) -> str:
    """Counts the goals of the page that the benchmarks wrote."""
    text = (TO / 'BENCHMARKS.md').read_text()
    met, lost = text.count(': met |'), text.count(': **not met** |')
    return f'{met} goals met, {lost} not'


class Step(NamedTuple):
    """A process of the night.

    Attributes:
        name: What it is called, and its log.
        command: The words of it.
        limit_s: Seconds after which it is killed.
        told: Finds in what it printed what the page says of it.
        like: A step before, of which the page has to say the same.
    """

    name: str
    command: Sequence[str]
    limit_s: float
    told: Callable[[str], str] = last_line
    like: str = ''


class Outcome(NamedTuple):
    """What became of a step.

    Attributes:
        step: Which.
        result: In a word: PASSED, FAILED or LATE.
        took_s: Seconds by the clock.
        cpu_s: Seconds of processors, with those of processes it waited for.
        peak_mb: The most memory that one of its processes had, MiB.
        told: What it said in the end.
        failure: The line that tells of the first failure; empty for none.
    """

    step: Step
    result: str
    took_s: float
    cpu_s: float
    peak_mb: float
    told: str
    failure: str = ''


def steps(given: argparse.Namespace) -> list[Step]:
    """Gives the steps of a night.

    Args:
        given: What was asked for on the command line.
    """
    python, workers = sys.executable, str(given.workers)
    test = [python, '-m', 'pytest', '-q', '-m']
    # A home of its own: the ledger counts what is tried.
    sting = ['env', f'STING_HOME={TO}/home', python, '-m', 'sting.cli.main']
    make = ['make', '-s', f'WORKERS={workers}']
    bars = str(TO / 'bars.parquet')
    made = ['--symbols', '10', '--bars', str(given.bars), '--out', bars]
    found = [
        Step('test', [*make, 'test', 'DRAW=random'], 60 * MINUTE),
        Step('coverage', [*make, 'coverage', 'DRAW=random'], 120 * MINUTE),
        Step('slow', [*test, 'slow', '-k', 'not soak'], 180 * MINUTE),
        Step('soaks', [*test, '', '-k', 'soak'], 240 * MINUTE),
        Step(
            'simulation',
            [
                *(python, '-m', 'sting.testing.simulation'),
                *('--seeds', str(given.seeds), '--first', str(given.first)),
                *('--workers', workers),
            ],
            10 * MINUTE + given.seeds,
        ),
        Step('bars', [*sting, 'data', 'demo', *made], 30 * MINUTE),
    ]
    for name in STRATEGIES:
        run = [
            *(*sting, 'backtest', f'sting.library.{name}'),
            *('--data', bars, '--json'),
        ]
        first = f'backtest-{name}'
        twin = Step(first, run, 60 * MINUTE, backtested)
        found += [twin, twin._replace(name=f'{first}-again', like=first)]
    bench = [python, '-m', 'benchmarks', '--to', str(TO / 'BENCHMARKS.md')]
    found += [
        Step('bench', [*bench, *given.topics], 120 * MINUTE, judged),
        Step('guard', [python, '-m', 'benchmarks.guard'], 20 * MINUTE),
    ]
    if given.mutants:
        limit = f'LIMIT={given.mutants}'
        to = f'TO={TO / "MUTANTS.md"}'
        found.append(Step('mutants', [*make, 'mutants', limit, to], 2e4))
    words = tuple(given.only or [''])
    return [
        step._replace(limit_s=min(step.limit_s, given.limit or step.limit_s))
        for step in found
        if step.name.startswith(words)
    ]


def run(step: Step, before: Sequence[Outcome] = ()) -> Outcome:
    """Runs a step to its end, or to its limit.

    Args:
        step: Which.
        before: What became of those before it.
    """
    TO.mkdir(parents=True, exist_ok=True)
    log = TO / f'{step.name}.log'
    begin = CLOCK.monotonic()
    with log.open('wb') as out:
        process = subprocess.Popen(
            step.command,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            status, used, late = _wait(process, begin + step.limit_s)
        finally:
            # Whoever ends the night ends what runs.
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)
    took = CLOCK.monotonic() - begin
    text = log.read_text(errors='replace')
    result = LATE if late else FAILED if status else PASSED
    told, failure = '', ''
    if result == PASSED:
        told = step.told(text).replace(f'{TO}/', '')
        twin = next((o for o in before if o.step.name == step.like), None)
        if twin is not None and twin.told != told:
            result, failure = FAILED, f'{told}, and before it was {twin.told}'
    else:
        failure = first_failure(text)
    cpu, peak = used.ru_utime + used.ru_stime, used.ru_maxrss / 1024
    return Outcome(step, result, took, cpu, peak, told, failure)


def _wait(
    process: subprocess.Popen[bytes], deadline: float
) -> tuple[int, resource.struct_rusage, bool]:
    """Waits for a process and what it used; kills all of it at its deadline."""
    late = False
    while True:
        found, status, used = os.wait4(process.pid, os.WNOHANG)
        if found:
            process.returncode = os.waitstatus_to_exitcode(status)
            return process.returncode, used, late
        if not late and CLOCK.monotonic() > deadline:
            late = True
            os.killpg(process.pid, signal.SIGKILL)
        time.sleep(0.02)


def first_failure(text: str) -> str:
    """Gives the line that tells of the first failure, else the last line."""
    for pattern in FAILURES:
        if found := pattern.search(text):
            return found[0].strip()
    return last_line(text)


def summary(outcomes: Sequence[Outcome], head: str) -> str:
    """Writes the page.

    Args:
        outcomes: What became of the steps.
        head: A line on what was run.
    """
    failed = [each for each in outcomes if each.result != PASSED]
    verdict = f'{len(failed)} of {len(outcomes)} steps failed'
    lines = [
        f'# Nightly: {verdict if failed else "all passed"}',
        *('', head, ''),
        '| step | result | took | CPU | peak | what it said |',
        '|---|---|---|---|---|---|',
        *(
            f'| {each.step.name} | {each.result} | {span(each.took_s)} | '
            f'{span(each.cpu_s)} | {each.peak_mb:,.0f} MiB | {each.told} |'
            for each in outcomes
        ),
    ]
    if failed:
        lines += ['', '## What failed first in each', '']
        lines += [
            f'- {each.step.name} (`{each.step.name}.log`): `{each.failure}`'
            for each in failed
        ]
    page = TO / 'BENCHMARKS.md'
    if page.exists():
        goals = re.findall(r'^\|.*met\*{0,2} \|.*$', page.read_text(), re.M)
        goals.sort(key=lambda row: '**not met**' not in row)
        lines += ['', '## Figures with goals', '']
        lines += ['| what | figure | goal | beside |', '|---|---|---|---|']
        lines += goals
    return '\n'.join([*lines, ''])


def span(seconds: float) -> str:
    """Writes a time: 0.412 s, 12.1 s, 3.25 min."""
    if seconds < 2 * MINUTE:
        return f'{seconds:.3g} s'
    return f'{seconds / MINUTE:.3g} min'


def main(arguments: list[str] | None = None) -> int:
    """Runs a night.

    Args:
        arguments: The command line; None for that of the process.

    Returns:
        1 where a step failed.
    """
    parser = argparse.ArgumentParser(prog='tools/nightly.py')
    parser.add_argument('--seeds', type=int, default=20_000)
    parser.add_argument('--first', type=int, default=1)
    parser.add_argument('--bars', type=int, default=1_000_000)
    parser.add_argument('--workers', type=int, default=4)
    parser.add_argument('--mutants', type=int, default=0, help='of a file')
    parser.add_argument('--topics', nargs='*', default=[], help='of bench')
    parser.add_argument('--limit', type=float, help='seconds of any step')
    parser.add_argument('--only', nargs='*', help='how their names begin')
    given = parser.parse_args(arguments)
    if not (chosen := steps(given)):
        parser.error(f'no step begins with {given.only}')
    begin = f'{market.to_datetime(CLOCK.now()):%Y-%m-%d %H:%M} UTC'
    shutil.rmtree(TO, ignore_errors=True)
    outcomes: list[Outcome] = []
    head = (
        f'Begun {begin}, Python {sys.version.split()[0]}: '
        f'{given.seeds:,} seeds from {given.first} on, {given.bars:,} bars.'
    )
    for step in chosen:
        print(f'{step.name} ...', flush=True)
        outcome = run(step, outcomes)
        outcomes.append(outcome)
        said = outcome.told or outcome.failure
        print(f'  {outcome.result}, {span(outcome.took_s)}: {said}', flush=True)
        (TO / 'SUMMARY.md').write_text(summary(outcomes, head))
    return int(any(each.result != PASSED for each in outcomes))


if __name__ == '__main__':
    # Ended by another program it ends what runs, as by ^C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit('nightly: ended before its end')
