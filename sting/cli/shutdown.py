"""`sting shutdown`."""

from collections.abc import Callable
import os
import signal
import time
from typing import Any

import click

from sting import control
from sting import settings
from sting.cli import common
from sting.cli import stop
from sting.model import commands
from sting.model import errors

# So long is waited for the report and for the end, and for positions to close.
WAIT_S = 60.0
CLOSE_S = 60.0
_LOOK_S = 0.1
# So often what is still held, and has no order at work, is closed again: a late
# cancel of the stop may be one for the whole account, and a broker may be lost.
AGAIN_S = 2.0


@click.command()
@click.option(
    '--emergency',
    is_flag=True,
    help='Pulls the stop and closes every position before.',
)
@click.option(
    '--slices',
    type=click.IntRange(1, 1000),
    default=1,
    show_default=True,
    help='In so many parts each position is closed.',
)
@click.option(
    '--every',
    'every_s',
    type=click.FloatRange(0.0),
    default=1.0,
    show_default=True,
    help='Seconds from one part to the next.',
)
@click.option(
    '--confirm',
    metavar='FLATTEN',
    help='The typed word, for --emergency.',
)
@click.option('--reason', default='sting shutdown', help='Why, for the log.')
@common.profile_option
def shutdown(
    emergency: bool,
    slices: int,
    every_s: float,
    confirm: str | None,
    reason: str,
    profile: str | None,
) -> None:
    """Ends a running engine in order.

    With --emergency it is stopped first, as by `sting halt`; once the cancels
    are reported, positions are closed at the market, judged and reduce-only,
    and then the engine ends. Where a position does not close, the engine goes
    on, HALTED, and the exit status is 1.
    """
    client = common.engine(profile)
    if emergency:
        word = common.ask_word(
            commands.FLATTEN_WORD, confirm, 'closing positions at market'
        )
        _stop(client, reason)
        _close(client, word, slices, every_s)
    _end(client)
    click.echo(f'{client.profile}: ended')


def _stop(client: control.Client, reason: str) -> None:
    """Pulls the stop, and waits until its cancels are reported."""
    pulls, failed = stop.pull(settings.Home.find(), [client], reason)
    if failed:
        raise errors.StingError('; '.join(failed))
    pull = pulls[client]
    click.echo(f'{client.profile}: stopped')
    if not _until(lambda: client.request('stop', pull=pull)):
        raise errors.StingError(
            f'{client.profile}: no report of the stop within {WAIT_S:g} s; '
            'positions are left as they are'
        )


def _close(
    client: control.Client, word: str, slices: int, every_s: float
) -> None:
    """Closes every position, a part at a time."""
    for rest in range(slices, 0, -1):
        if not _held(client):
            return
        answer = client.submit(commands.Flatten(confirm=word, share=1.0 / rest))
        click.echo(f'{client.profile}: {answer.message}')
        if rest > 1:
            time.sleep(every_s)
    for _ in range(max(1, round(CLOSE_S / AGAIN_S))):
        if _until(lambda: not _held(client), AGAIN_S):
            return
        if not client.request('status')['open_orders']:
            client.submit(commands.Flatten(confirm=word))
    raise errors.StingError(
        f'{client.profile}: {", ".join(_held(client))} did not close '
        f'within {CLOSE_S:g} s; the engine goes on, HALTED'
    )


def _end(client: control.Client) -> None:
    """Has the engine end in order, and waits for it."""
    pid = client.request('status')['pid']
    os.kill(pid, signal.SIGTERM)
    if not _until(lambda: not client.is_running()):
        raise errors.StingError(
            f'{client.profile}: process {pid} has not ended within {WAIT_S:g} s'
        )


def _held(client: control.Client) -> list[str]:
    rows: list[dict[str, Any]] = client.request('positions')
    return [row['symbol'] for row in rows if row['quantity']]


def _until(condition: Callable[[], Any], seconds: float = WAIT_S) -> bool:
    """Waits until something holds; gives whether it does."""
    for _ in range(round(seconds / _LOOK_S)):
        if condition():
            return True
        time.sleep(_LOOK_S)
    return bool(condition())
