"""The command line: what can be typed after a colon.

Nothing typed here sends an order: buy and sell fill the ticket and stop at its
review line.
"""

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
import difflib

from sting.model import commands
from sting.model import errors
from sting.model import orders
from sting.model import protection
from sting.model import views
from tui import format as text_format
from tui import keymap
from tui import ticket

# No event's number has more.
_DIGITS = 18
# Of an emergency shutdown: parts, and seconds between two, at most.
_SLICES = 1_000
_APART_S = 3_600.0


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What a line asks for; one of these.

    Attributes:
        draft: Review this order in the ticket.
        command: Give this to the engine.
        question: Ask this first; empty asks nothing.
        action: Run this action of the app.
        named: Run this action of the key table.
    """

    draft: ticket.Draft | None = None
    command: commands.Command | None = None
    question: str = ''
    action: str = ''
    named: keymap.Action | None = None


@dataclasses.dataclass(frozen=True)
class Word:
    """A command.

    Attributes:
        usage: How it is written.
        help: What it does.
        read: Reads the words after it.
    """

    usage: str
    help: str
    read: Callable[[Sequence[str], views.Snapshot], Outcome]


def parse(line: str, snapshot: views.Snapshot) -> Outcome:
    """Reads a line.

    Args:
        line: As typed, without the colon.
        snapshot: For the orders and strategies that it may name.

    Returns:
        What to do.

    Raises:
        errors.InputError: Saying how it is written.
    """
    words = line.split()
    if not words:
        return Outcome()
    name, rest = words[0].casefold(), words[1:]
    if name in NAMED and not rest:
        return Outcome(named=NAMED[name])
    if name not in WORDS:
        near = difflib.get_close_matches(name, [*WORDS, *NAMED], 1)
        hint = f'did you mean {near[0]}?' if near else 'there are '
        if not near:
            hint += ', '.join(WORDS)
        raise errors.InputError(f'no command {name!r}; {hint}')
    return WORDS[name].read(rest, snapshot)


def completions(snapshot: views.Snapshot, themes: Sequence[str]) -> list[str]:
    """Gives whole lines that can be completed."""
    lines = [*WORDS, *NAMED]
    for row in snapshot.watch:
        lines += [f'{side} {row.symbol} ' for side in ticket.SIDES]
        lines += [f'symbol {row.symbol}', f'unwatch {row.symbol}']
    lines += [f'cancel {o.id}' for o in snapshot.orders if o.is_working]
    lines += ['cancel all']
    for strategy in snapshot.strategies:
        lines += [
            f'{word} {strategy.name}'
            for word in ('start', 'stop', 'reload', 'rollback', 'strategy')
        ]
        lines += [
            f'set {strategy.name} {each.name}={each.value}'
            for each in strategy.settings
        ]
    lines += [f'theme {name}' for name in themes]
    return lines


def explain(line: str) -> str:
    """Says how what is being typed is written, as far as it is known.

    Args:
        line: As typed so far, without the colon.

    Returns:
        The usage of the command, or the commands that begin so.
    """
    first = (line.split() or [''])[0].casefold()
    if first in NAMED:
        return NAMED[first].help
    found = [name for name in WORDS if name.startswith(first)]
    if first in WORDS or len(found) == 1:
        return WORDS[first if first in WORDS else found[0]].usage
    return ' '.join(found)


def _usage(name: str) -> errors.InputError:
    return errors.InputError(f'write {WORDS[name].usage}')


def _trade(
    words: Sequence[str], snapshot: views.Snapshot, side: str
) -> Outcome:
    del snapshot
    if len(words) < 2:
        raise _usage(side)
    symbol, quantity, *rest = words
    draft = ticket.Draft(side=side, symbol=symbol.upper(), quantity=quantity)
    draft = _priced(draft, rest)
    wrong = ticket.problems(draft)
    for name, text in wrong.items():
        raise errors.InputError(f'{name.replace("_", " ")}: {text}')
    return Outcome(draft=draft)


def _priced(draft: ticket.Draft, words: Sequence[str]) -> ticket.Draft:
    """Reads the terms of an order, as in _TERMS."""
    rest = list(words)

    def take(*names: str) -> None:
        nonlocal draft
        for name in names:
            if rest:
                draft = dataclasses.replace(draft, **{name: rest.pop(0)})

    if rest and rest[0].casefold() in ticket.TYPES:
        kind = rest.pop(0).casefold()
        draft = dataclasses.replace(draft, type=kind)
        priced = ('stop_price', 'price', 'trail')
        take(*(name for name in priced if name in ticket.fields(draft)))
    while rest:
        word = rest.pop(0).casefold()
        if word in ticket.TIMES:
            draft = dataclasses.replace(draft, time_in_force=word)
            take(*(name for name in ('expires',) if word == 'gtd'))
        elif word in _EXITS and rest:
            take(_EXITS[word])
        elif word in _EXITS:
            # One who typed it must not get an order without it.
            raise errors.InputError(f'{word} needs a price or a per cent: 2%')
        elif word == 'extended':
            draft = dataclasses.replace(draft, hours=word)
        else:
            raise errors.InputError(
                f'{word!r} is too much; write {WORDS[draft.side].usage}'
            )
    return draft


# How the attached exits are written.
_EXITS: Mapping[str, str] = {'sl': 'stop_loss', 'tp': 'take_profit'}


def _buy(words: Sequence[str], snapshot: views.Snapshot) -> Outcome:
    return _trade(words, snapshot, 'buy')


def _sell(words: Sequence[str], snapshot: views.Snapshot) -> Outcome:
    return _trade(words, snapshot, 'sell')


def _order(words: Sequence[str], snapshot: views.Snapshot) -> Outcome:
    if not words or words[0].casefold() not in ticket.SIDES:
        raise _usage('order')
    return _trade(words[1:], snapshot, words[0].casefold())


def _protect(words: Sequence[str], snapshot: views.Snapshot) -> Outcome:
    del snapshot
    rest = [word.casefold() for word in words[1:]]
    if not words or not rest:
        raise _usage('protect')
    symbol = words[0].upper()
    if rest == ['off']:
        return Outcome(
            command=commands.Protect(symbol=symbol),
            question=f'Take the protection of {symbol} off?',
        )
    names, values = rest[::2], rest[1::2]
    known = {'stop', 'target', 'trail', 'time'}
    if len(names) != len(values) or not known.issuperset(names):
        raise _usage('protect')
    wanted = dict(zip(names, values, strict=True))
    try:
        command = commands.Protect(
            symbol=symbol,
            stop_loss=protection.level(wanted.get('stop')),
            take_profit=protection.level(wanted.get('target')),
            trail=protection.level(wanted.get('trail')),
            max_holding=wanted.get('time', ''),
        )
        if command.max_holding:
            protection.span(command.max_holding)
    except errors.OrderError as error:
        raise errors.InputError(str(error)) from None
    said = ', '.join(f'{name} {value}' for name, value in wanted.items())
    return Outcome(
        command=command,
        question=f'Protect {symbol} by {said}, in the place of what does now?',
    )


def _preset(words: Sequence[str], snapshot: views.Snapshot) -> Outcome:
    del snapshot
    if len(words) != 1:
        raise _usage('preset')
    return Outcome(action=f'take_preset({words[0]!r})')


def _cancel(words: Sequence[str], snapshot: views.Snapshot) -> Outcome:
    if len(words) != 1:
        raise _usage('cancel')
    if words[0].casefold() == 'all':
        what = text_format.count(snapshot.open_orders, 'working order')
        return Outcome(
            command=commands.CancelAll(),
            question=f'Cancel everything that works: {what}?',
        )
    working: list[orders.Order] = [
        order for order in snapshot.orders if order.is_working
    ]
    if all(order.id != words[0] for order in working):
        raise errors.InputError(f'no working order {words[0]!r}')
    return Outcome(command=commands.CancelOrder(order_id=words[0]))


def _halt(words: Sequence[str], snapshot: views.Snapshot) -> Outcome:
    del words, snapshot
    return Outcome(action='emergency_stop')


def _reduce(words: Sequence[str], snapshot: views.Snapshot) -> Outcome:
    del snapshot
    return Outcome(command=commands.Reduce(reason=' '.join(words)))


def _stopped(words: Sequence[str], snapshot: views.Snapshot) -> Outcome:
    del snapshot
    if words:
        raise _usage('stopped')
    return Outcome(action='show_stop')


def _resume(words: Sequence[str], snapshot: views.Snapshot) -> Outcome:
    del snapshot
    if not words:
        return Outcome(action='resume')
    if list(words) != [commands.RESUME_WORD]:
        raise _usage('resume')
    return Outcome(command=commands.Resume(confirm=commands.RESUME_WORD))


def _flatten(words: Sequence[str], snapshot: views.Snapshot) -> Outcome:
    del snapshot
    if not words:
        return Outcome(action='flatten_all')
    if words[0] != commands.FLATTEN_WORD or len(words) > 2:
        raise _usage('flatten')
    symbol = words[1].upper() if len(words) == 2 else None
    return Outcome(
        command=commands.Flatten(symbol=symbol, confirm=commands.FLATTEN_WORD)
    )


def _shutdown(words: Sequence[str], snapshot: views.Snapshot) -> Outcome:
    del snapshot
    if not words:
        return Outcome(action='shutdown')
    try:
        slices = int(words[0])
        every_s = float(words[1]) if words[1:] else 1.0
    except ValueError:
        raise _usage('shutdown') from None
    if words[2:] or not (1 <= slices <= _SLICES and 0 <= every_s <= _APART_S):
        raise _usage('shutdown')
    return Outcome(action=f'shutdown({slices}, {every_s})')


def _strategy(words: Sequence[str], snapshot: views.Snapshot, name: str) -> str:
    if len(words) != 1:
        raise _usage(name)
    names = [row.name for row in snapshot.strategies]
    if words[0] not in names:
        raise errors.InputError(
            f'no strategy {words[0]!r}; there are {", ".join(names)}'
        )
    return words[0]


def _start(words: Sequence[str], snapshot: views.Snapshot) -> Outcome:
    name = _strategy(words, snapshot, 'start')
    return Outcome(command=commands.StartStrategy(name=name))


def _stop(words: Sequence[str], snapshot: views.Snapshot) -> Outcome:
    name = _strategy(words, snapshot, 'stop')
    return Outcome(command=commands.StopStrategy(name=name))


def _detail(words: Sequence[str], snapshot: views.Snapshot) -> Outcome:
    name = _strategy(words, snapshot, 'strategy')
    return Outcome(action=f'show_strategy({name!r})')


def _why(words: Sequence[str], snapshot: views.Snapshot) -> Outcome:
    del snapshot
    if len(words) != 1 or not words[0].isdecimal():
        raise _usage('why')
    if len(words[0]) > _DIGITS:
        raise errors.InputError('no event has so high a number')
    return Outcome(action=f'explain({int(words[0])})')


def _reload(words: Sequence[str], snapshot: views.Snapshot) -> Outcome:
    name = _strategy(words, snapshot, 'reload')
    return Outcome(command=commands.ReloadStrategy(name=name))


def _rollback(words: Sequence[str], snapshot: views.Snapshot) -> Outcome:
    name = _strategy(words, snapshot, 'rollback')
    return Outcome(command=commands.RollbackStrategy(name=name))


def _set(words: Sequence[str], snapshot: views.Snapshot) -> Outcome:
    name = _strategy(words[:1], snapshot, 'set')
    given: dict[str, str | None] = {}
    for word in words[1:]:
        parameter, equals, value = word.partition('=')
        if not equals or not parameter:
            raise _usage('set')
        given[parameter] = value or None
    if not given:
        raise _usage('set')
    return Outcome(action=f'set_parameters({name!r}, {given!r})')


def _symbol(words: Sequence[str], snapshot: views.Snapshot) -> Outcome:
    if len(words) != 1:
        raise _usage('symbol')
    symbol = words[0].upper()
    if all(row.symbol != symbol for row in snapshot.watch):
        raise errors.InputError(f'{symbol!r} is not in the watchlist')
    return Outcome(action=f'select_symbol({symbol!r})')


def _watch(words: Sequence[str], snapshot: views.Snapshot) -> Outcome:
    del snapshot
    if len(words) != 1:
        raise _usage('watch')
    symbol = words[0].upper()
    return Outcome(command=commands.WatchSymbol(symbol=symbol))


def _unwatch(words: Sequence[str], snapshot: views.Snapshot) -> Outcome:
    if len(words) != 1:
        raise _usage('unwatch')
    symbol = words[0].upper()
    if all(row.symbol != symbol for row in snapshot.watch):
        raise errors.InputError(f'{symbol!r} is not in the watchlist')
    return Outcome(command=commands.UnwatchSymbol(symbol=symbol))


def _theme(words: Sequence[str], snapshot: views.Snapshot) -> Outcome:
    del snapshot
    if len(words) > 1:
        raise _usage('theme')
    return Outcome(
        action=f'take_theme({words[0]!r})' if words else 'next_theme'
    )


def _inbox(words: Sequence[str], snapshot: views.Snapshot) -> Outcome:
    del words, snapshot
    return Outcome(action='show_inbox')


def _journal(words: Sequence[str], snapshot: views.Snapshot) -> Outcome:
    del snapshot
    path = ' '.join(words)
    return Outcome(action=f'show_journal({path!r})')


def _fork(words: Sequence[str], snapshot: views.Snapshot) -> Outcome:
    del snapshot
    if len(words) < 2 or not words[0].isdecimal() or len(words[0]) > _DIGITS:
        raise _usage('fork')
    return Outcome(action=f'fork({int(words[0])}, {(*words[1:],)!r})')


def _help(words: Sequence[str], snapshot: views.Snapshot) -> Outcome:
    del words, snapshot
    return Outcome(action='show_help')


def _quit(words: Sequence[str], snapshot: views.Snapshot) -> Outcome:
    del words, snapshot
    return Outcome(action='leave')


_TERMS = (
    '[limit P | stop P | stop_limit STOP P | trailing_stop TRAIL | '
    '...] [day|ioc|fok|gtd DATE] [sl P] [tp P] [extended]'
)

WORDS: Mapping[str, Word] = {
    'buy': Word(
        f'buy SYMBOL QUANTITY {_TERMS}', 'Reviews an order to buy.', _buy
    ),
    'sell': Word(
        f'sell SYMBOL QUANTITY {_TERMS}', 'Reviews an order to sell.', _sell
    ),
    'order': Word(
        f'order buy|sell SYMBOL QUANTITY {_TERMS}',
        'Reviews an order.',
        _order,
    ),
    'protect': Word(
        'protect SYMBOL [stop P] [target P] [trail D] [time 5d] | off',
        'Sets stop and target of a position; asks first.',
        _protect,
    ),
    'preset': Word(
        'preset NAME', 'Opens the ticket with a preset of sting.yaml.', _preset
    ),
    'cancel': Word('cancel ID | all', 'Cancels working orders.', _cancel),
    'halt': Word('halt', 'The emergency stop, at once.', _halt),
    'stopped': Word(
        'stopped', 'Shows what came of the last emergency stop.', _stopped
    ),
    'reduce': Word(
        'reduce [REASON]',
        'Lets only orders through that shrink a position.',
        _reduce,
    ),
    'resume': Word(
        f'resume {commands.RESUME_WORD}',
        'Lets trading go on after a halt or a reduce.',
        _resume,
    ),
    'flatten': Word(
        f'flatten {commands.FLATTEN_WORD} [SYMBOL]',
        'Closes every position, or one, at market.',
        _flatten,
    ),
    'shutdown': Word(
        'shutdown [PARTS [SECONDS]]',
        'Stops, closes every position at market in so many parts, so many '
        'seconds apart, and ends the engine; asks for a word.',
        _shutdown,
    ),
    'start': Word('start STRATEGY', 'Starts a strategy.', _start),
    'stop': Word('stop STRATEGY', 'Stops a strategy.', _stop),
    'strategy': Word(
        'strategy STRATEGY',
        'Shows how a strategy does, and what of it was not traded.',
        _detail,
    ),
    'why': Word('why NUMBER', 'Shows what led to an event.', _why),
    'inbox': Word(
        'inbox', "Shows in what the broker's book and ours differ.", _inbox
    ),
    'reload': Word(
        'reload STRATEGY', 'Takes its files as they are now.', _reload
    ),
    'rollback': Word(
        'rollback STRATEGY', 'Goes back to its version before.', _rollback
    ),
    'set': Word(
        'set STRATEGY NAME=VALUE ...',
        'Sets its parameters, after a review; NAME= takes those of '
        'strategy.yaml.',
        _set,
    ),
    'symbol': Word('symbol SYMBOL', 'Takes a symbol of the list.', _symbol),
    'watch': Word(
        'watch SYMBOL',
        'Follows one more symbol of the feed; strategies do not.',
        _watch,
    ),
    'unwatch': Word(
        'unwatch SYMBOL', 'Follows a symbol no more that was added.', _unwatch
    ),
    'theme': Word('theme [NAME]', 'Takes a theme, or the next one.', _theme),
    'journal': Word(
        'journal [FILE]', 'Shows any moment of this log, or another.', _journal
    ),
    'fork': Word(
        'fork EVENT STRATEGY.PARAMETER=VALUE RULE=VALUE ...',
        'Reruns the log of the journal from an event on, changed so.',
        _fork,
    ),
    'help': Word('help', 'Shows the keys.', _help),
    'quit': Word('quit', 'Quits.', _quit),
}

# Where an action of the key table can be run by its name: not in a question,
# nor in the review of an order, nor on a screen without the command line.
_SCOPES = frozenset(
    {
        'app',
        'trade',
        'list',
        'watchlist',
        'chart',
        'orders',
        'positions',
        'alerts',
        'strategies',
        'events',
    }
)

# The actions by name; a command of the same name comes first.
NAMED: Mapping[str, keymap.Action] = {
    action.id: action
    for action in keymap.ACTIONS
    if action.scope in _SCOPES and action.id not in WORDS
}
