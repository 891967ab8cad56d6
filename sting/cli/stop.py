"""`sting halt`, `resume` and `flatten`."""

import click

from sting import control
from sting import settings
from sting.cli import common
from sting.cli import trade
from sting.model import commands
from sting.model import errors


@click.command()
@click.option('--reason', default='sting halt', help='Why, for the log.')
@common.profile_option
@common.json_option
def halt(reason: str, profile: str | None, as_json: bool) -> None:
    """Stops everything at once: the emergency stop.

    No new orders leave, working orders are cancelled, strategies stop. Where
    several engines run and none is named, all of them stop. Without an engine
    HALTED is latched for the profile's next start.
    """
    # Bytes of a shell that are no UTF-8 must not keep a stop from working.
    reason = reason.encode(errors='replace').decode()
    home = settings.Home.find()
    clients = [
        client
        for client in control.running(home)
        if profile in (None, client.profile)
    ]
    for client in clients:
        _halt(home, client, reason)
    latched = []
    if not clients:
        latched = [common.choose_profile(home, profile)]
        _latch(home, latched[0], reason)
    halted = [client.profile for client in clients]
    if as_json:
        common.print_json({'halted': halted, 'latched': latched})
        return
    for name in halted:
        click.echo(f'{name}: stopped; `sting resume` lets it trade again')
    for name in latched:
        click.echo(f'{name}: no engine runs; its next start is HALTED')


@click.command()
@click.option('--confirm', metavar='RESUME', help='The typed word.')
@common.profile_option
@common.json_option
def resume(confirm: str | None, profile: str | None, as_json: bool) -> None:
    """Lets trading go on after a halt; wants a typed word."""
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


def _halt(home: settings.Home, client: control.Client, reason: str) -> None:
    """Halts a running engine, by its latch if it does not answer."""
    try:
        client.request('halt', who='operator', reason=reason)
    except errors.StingError as error:
        _latch(home, client.profile, reason)
        raise errors.StingError(
            f'{client.profile}: {error}; its latch is set, so that no new '
            'order leaves: look whether working orders were cancelled'
        ) from None


def _latch(home: settings.Home, profile: str, reason: str) -> None:
    # Imported here, since a halt must not wait for numpy.
    from sting import session  # noqa: PLC0415

    session.latch(home, profile, 'operator', reason)
