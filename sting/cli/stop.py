"""`sting halt`, `reduce`, `resume` and `flatten`."""

from collections.abc import Iterable
from collections.abc import Sequence
from concurrent import futures
import time
from typing import Any

import click
import msgspec

from sting import control
from sting import settings
from sting.cli import common
from sting.cli import trade
from sting.model import commands
from sting.model import errors
from sting.model import stops
from sting.risk import stop

# So long a halt waits for its report, and so often it asks.
WAIT_S = 30.0
_ASK_S = 0.05


@click.command()
@click.option('--reason', default='sting halt', help='Why, for the log.')
@click.option(
    '--no-wait',
    'waits',
    is_flag=True,
    flag_value=False,
    default=True,
    help='Does not wait for the report.',
)
@common.profile_option
@common.json_option
def halt(reason: str, waits: bool, profile: str | None, as_json: bool) -> None:
    """Stops everything at once: the emergency stop.

    No new orders leave, working orders are cancelled, strategies stop. Where
    several engines run and none is named, all of them stop. Without an engine
    HALTED is latched for the profile's next start.

    Prints what was done: positions left bare first, then orders of which
    nothing is known, then what was cancelled. Exits with 1 when an order may
    still work, or no report came within 30 s.
    """
    # Bytes of a shell that are no UTF-8 must not keep a stop from working.
    reason = reason.encode(errors='replace').decode()
    home = settings.Home.find()
    clients = [
        client
        for client in control.running(home)
        if profile in (None, client.profile)
    ]
    pulls, failed = pull(home, clients, reason)
    latched = []
    if not clients:
        latched = [common.choose_profile(home, profile)]
        _latch(home, latched[0], reason)
    told = _reports(pulls.items()) if waits else {}
    if as_json:
        _print_halted(list(pulls), latched, told)
    else:
        for client in pulls:
            name = client.profile
            click.echo(f'{name}: stopped; `sting resume` lets it trade again')
            _echo_report(told.get(name), waits)
        for name in latched:
            click.echo(f'{name}: no engine runs; its next start is HALTED')
    doubtful = [
        client.profile
        for client in pulls
        if waits and not _is_certain(told.get(client.profile))
    ]
    if doubtful:
        failed.append(
            f'{", ".join(doubtful)}: not every order is known to be '
            'cancelled; look at the broker'
        )
    if failed:
        raise errors.StingError('; '.join(failed))


@click.command()
@click.option('--reason', default='sting reduce', help='Why, for the log.')
@common.profile_option
@common.json_option
def reduce(reason: str, profile: str | None, as_json: bool) -> None:
    """Lets through only orders that shrink a position, until a resume.

    Strategies go on. What would open or add to a position is denied, and what
    works and could do so is cancelled. It holds across restarts.
    """
    trade.give(commands.Reduce(reason=reason), profile, as_json)


@click.command()
@click.option('--confirm', metavar='RESUME', help='The typed word.')
@common.profile_option
@common.json_option
def resume(confirm: str | None, profile: str | None, as_json: bool) -> None:
    """Lets trading go on after a halt or a reduce; wants a typed word."""
    common.engine(profile)
    word = common.ask_word(
        commands.RESUME_WORD, confirm, 'letting trading go on'
    )
    trade.give(commands.Resume(confirm=word), profile, as_json)


@click.command()
@click.option('--symbol', help='Only this one; all without it.')
@click.option('--confirm', metavar='FLATTEN', help='The typed word.')
@common.profile_option
@common.json_option
def flatten(
    symbol: str | None,
    confirm: str | None,
    profile: str | None,
    as_json: bool,
) -> None:
    """Closes positions at market; wants a typed word.

    Working orders of the symbols are cancelled first.
    """
    common.engine(profile)
    word = common.ask_word(
        commands.FLATTEN_WORD, confirm, 'closing positions at market'
    )
    trade.give(commands.Flatten(symbol=symbol, confirm=word), profile, as_json)


def pull(
    home: settings.Home, clients: Sequence[control.Client], reason: str
) -> tuple[dict[control.Client, int], list[str]]:
    """Halts running engines, by their latches and by their sockets.

    The latches come first and count at once, whatever holds an engine up. All
    are asked at the same time: one that hangs holds up no other's cancels.

    Args:
        home: The user's folders.
        clients: The engines.
        reason: Why, for the log.

    Returns:
        Which pull it is since the engine started, of each that answered; and
        one sentence for each that did not.
    """
    latched = {client: _latched(home, client, reason) for client in clients}
    with futures.ThreadPoolExecutor(max(1, len(clients))) as pool:
        asked = {
            client: pool.submit(
                client.request,
                'halt',
                who='operator',
                reason=reason,
                latched=latched[client][0],
            )
            for client in clients
        }
    pulls, failed = {}, []
    for client, answer in asked.items():
        try:
            pulls[client] = int(answer.result()['pull'])
        except errors.StingError as error:
            failed.append(
                f'{client.profile}: {error}; {latched[client][1]}: look '
                'whether working orders were cancelled'
            )
    return pulls, failed


def _latched(
    home: settings.Home, client: control.Client, reason: str
) -> tuple[int, str]:
    """Sets an engine's latch; gives its count of pulls, and how that went."""
    try:
        pulls = _latch(home, client.profile, reason)
    except errors.JournalWriteError as error:
        return 0, str(error)
    return pulls, 'its latch is set, so that no new order leaves'


def _reports(
    pulls: Iterable[tuple[control.Client, int]],
) -> dict[str, stops.StopReport]:
    """Waits for what came of the stops, by profile."""
    found = {}
    rest = round(WAIT_S / _ASK_S)
    for client, pull in pulls:
        raw = _report(client, pull)
        while raw is None and rest:
            rest -= 1
            time.sleep(_ASK_S)
            raw = _report(client, pull)
        if raw is not None:
            found[client.profile] = msgspec.convert(raw, stops.StopReport)
    return found


def _report(client: control.Client, pull: int) -> Any:
    """Asks for a report; one that cannot be had keeps no other away."""
    try:
        return client.request('stop', pull=pull)
    except errors.StingError:
        return None


def _is_certain(report: stops.StopReport | None) -> bool:
    return report is not None and report.is_certain


def _echo_report(report: stops.StopReport | None, waits: bool) -> None:
    if report is not None:
        for line in stops.lines(report):
            click.echo(f'  {common.clean(line)}')
    elif waits:
        click.echo(
            f'  no report within {WAIT_S:g} s: `sting status` and the broker '
            'tell what works'
        )


def _print_halted(
    clients: list[control.Client],
    latched: list[str],
    told: dict[str, stops.StopReport],
) -> None:
    reports = {
        name: msgspec.structs.asdict(report)
        | {
            'certain': report.is_certain,
            'cancelled': report.cancelled,
            'unknown': report.unknown,
            'bare': [msgspec.structs.asdict(one) for one in report.bare],
            'brokers': [msgspec.structs.asdict(one) for one in report.brokers],
        }
        for name, report in told.items()
    }
    common.print_json(
        {
            'halted': [client.profile for client in clients],
            'latched': latched,
            'reports': reports,
        }
    )


def _latch(home: settings.Home, profile: str, reason: str) -> int:
    """Sets the latch; gives how often it was set by now."""
    # The session's own would have a halt wait for numpy.
    flag = stop.Latch(home.state(profile) / stop.LATCH)
    flag.set('operator', reason)
    pulls = flag.pulls
    flag.sync()
    flag.close()
    return pulls
