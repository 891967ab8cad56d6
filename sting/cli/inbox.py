"""`sting inbox` and `settle`: what differs from the broker's book."""

import click

from sting.cli import common
from sting.cli import trade
from sting.model import commands


@click.command()
@common.profile_option
@common.json_option
def inbox(profile: str | None, as_json: bool) -> None:
    """Lists in what the broker's book and ours differ.

    Trading in a symbol waits until it is settled there. What was accepted and
    left as it is stays listed until it is gone.
    """
    found = common.engine(profile).request('inbox')
    if as_json:
        common.print_json(found)
        return
    if not found:
        click.echo('both books agree')
        return
    common.print_table(
        {
            'id': common.LEFT,
            'kind': common.LEFT,
            'symbol': common.LEFT,
            'ours': common.RIGHT,
            'theirs': common.RIGHT,
            'what': common.LEFT,
        },
        [
            (
                row['id'],
                row['kind'],
                row['symbol'],
                *_figures(row['kind'], row['ours'], row['theirs']),
                row['text'] + (' (accepted)' if row['accepted'] else ''),
            )
            for row in found
        ],
    )


def _figures(kind: str, ours: float, theirs: float) -> tuple[str, str]:
    if kind == 'cash':
        return common.money(ours), common.money(theirs)
    if kind == 'position':
        return common.price(ours), common.price(theirs)
    return '', ''


@click.command()
@click.argument('difference', metavar='ID')
@click.argument('how', type=click.Choice([how.value for how in commands.How]))
@click.option(
    '--strategy',
    metavar='NAME',
    default='',
    help='Whose an adopted position becomes; the operator without it.',
)
@click.option(
    '--confirm',
    metavar='WORD',
    default='',
    help='FLATTEN to close a position; for the rest in LIVE the account.',
)
@common.profile_option
@common.json_option
def settle(
    difference: str,
    how: str,
    strategy: str,
    confirm: str,
    profile: str | None,
    as_json: bool,
) -> None:
    """Settles what `sting inbox` lists under ID.

    accept: our book takes what the broker's says; an order placed elsewhere is
    left as it is. adopt: an order or a position becomes ours. flatten: an
    order is cancelled, a position is closed at market.
    """
    wanted = commands.How(how)
    word = ''
    if wanted is commands.How.FLATTEN:
        common.engine(profile)
        word = common.ask_word(
            commands.FLATTEN_WORD, confirm or None, 'flattening it'
        )
    give = commands.Settle(
        id=difference, how=wanted, strategy=strategy, confirm=word
    )
    trade.give(give, profile, as_json, confirm)
