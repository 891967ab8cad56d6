"""`sting strategies`."""

import itertools
import pathlib
import pkgutil
from typing import Any

import click
import msgspec

from sting import control
from sting import library
from sting import settings
from sting.cli import common
from sting.cli import performance
from sting.model import errors
from sting.model import views
from sting.settings import tree
from sting.strategy import loader
from sting.strategy import parameters

_SHOWN = ('value', 'default', 'allowed', 'doc')


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A strategy that can run.

    Attributes:
        name: Its name in strategy.yaml; empty for one that is not there.
        strategy: What to give to `sting backtest`: module or file.
        status: Of a running engine; configured or available without one.
        symbols: What it is given; empty for all symbols of the profile.
        timeframes: The bars it asks for; empty for those that the feed has.
        capital: Its share of the account, in cash; None for all of it.
        limits: What it may do by itself, by name.
        parameters: By name, with value, default, what is allowed and doc.
        detail: Why it cannot be loaded, or why it stopped.
        pnl: Of a running engine: realized and unrealized profit after fees.
        performance: Of a running engine: how it does.
    """

    name: str
    strategy: str
    status: str
    symbols: tuple[str, ...] = ()
    timeframes: tuple[str, ...] = ()
    capital: float | None = None
    limits: dict[str, Any] = {}
    parameters: dict[str, dict[str, Any]] = {}
    detail: str = ''
    pnl: float | None = None
    performance: views.Performance | None = None


@click.command()
@click.argument('name', required=False)
@common.profile_option
@click.option('--settings-json', is_flag=True, hidden=True)
@common.json_option
def strategies(
    name: str | None, profile: str | None, settings_json: bool, as_json: bool
) -> None:
    """Lists what can run, with its parameters, and what is running.

    With NAME this one alone, with what its parameters may be. One of
    strategy.yaml: how it does in the running engine, and its last signals that
    were not traded, with what stopped each. NAME may also be a module or a
    file that is available.
    """
    home = settings.Home.find()
    if settings_json and name is not None:
        # For a form: of what `sting backtest` takes as its strategy. It needs
        # more than this command otherwise has to wait for.
        from sting.cli import setup  # noqa: PLC0415

        kind = loader.load(setup.place(name))
        common.print_json(loader.describe(kind))
        return
    config = settings.load(home)
    running = _running(home, config, profile)
    if name is not None:
        if name in config.strategies:
            entry = config.strategies[name]
            row = _describe(entry.strategy, name, entry, running.get(name))
            untraded = _untraded(home, profile, name)
        else:
            row, untraded = _describe(_find(home, config, name)), []
        _show_one(row, untraded, as_json)
        return
    rows = [
        _describe(entry.strategy, name, entry, running.get(name))
        for name, entry in config.strategies.items()
    ]
    named = {row.strategy.partition(':')[0] for row in rows}
    rows += [
        _describe(reference)
        for reference in _available(home)
        if reference not in named
    ]
    if as_json:
        common.print_json(rows)
        return
    figures = performance.COLUMNS if running else {}
    common.print_table(
        {
            'name': common.LEFT,
            'status': common.LEFT,
            **figures,
            'strategy': common.LEFT,
            'parameters': common.LEFT,
        },
        [
            (
                row.name or '-',
                row.status,
                *(performance.cells(row.performance) if running else ()),
                row.strategy,
                row.detail or _words(row),
            )
            for row in rows
        ],
    )


def _find(home: settings.Home, config: settings.Settings, name: str) -> str:
    """Gives what is available by a module, a file, or the end of either."""
    for reference in _available(home):
        path = pathlib.Path(reference)
        short = reference.removeprefix(f'{library.__name__}.')
        if name in (reference, short, path.name, path.stem):
            return reference
    raise errors.InputError(tree.unknown('strategy', name, config.strategies))


def _show_one(row: Row, untraded: list[dict[str, Any]], as_json: bool) -> None:
    """Prints one strategy."""
    if as_json:
        common.print_json(msgspec.structs.asdict(row) | {'untraded': untraded})
        return
    head = {
        'name': row.name or '-',
        'strategy': row.strategy,
        'status': row.status,
        'detail': row.detail,
        'symbols': ' '.join(row.symbols) or 'all of the profile',
        'timeframes': ' '.join(row.timeframes) or "the feed's",
        'capital': 'the account'
        if row.capital is None
        else f'{row.capital:,.6g}',
        'limits': ' '.join(itertools.starmap(_limit, row.limits.items()))
        or '-',
        'parameters': _words(row),
    }
    performance.print_detail(head, row.performance, untraded)
    if row.parameters:
        click.echo('')
        common.print_table(
            dict.fromkeys(
                ('parameter', 'value', 'default', 'allowed', 'meaning'),
                common.LEFT,
            ),
            [
                (name, *(each[key] for key in _SHOWN))
                for name, each in row.parameters.items()
            ],
        )


def _running(
    home: settings.Home, config: settings.Settings, profile: str | None
) -> dict[str, dict[str, Any]]:
    """What runs, by name; nothing where no engine does."""
    if profile is not None:
        config.profile(profile)
    try:
        rows = control.find(home, profile).request('strategies')
    except errors.NotRunningError:
        return {}
    return {row['name']: row for row in rows}


def _untraded(
    home: settings.Home, profile: str | None, name: str
) -> list[dict[str, Any]]:
    """The last signals that were not traded; none where no engine runs."""
    try:
        client = control.find(home, profile)
        found: list[dict[str, Any]] = client.request('untraded', strategy=name)
    except errors.NotRunningError:
        return []
    return found


def _available(home: settings.Home) -> list[str]:
    """What ships, and the files in the user's strategies folder."""
    modules = pkgutil.iter_modules(library.__path__, f'{library.__name__}.')
    files = [
        path
        for path in sorted(pathlib.Path(home.strategies).glob('*.py'))
        # A strategy's test lies beside it.
        if not path.name.startswith('test_')
    ]
    return [module.name for module in modules] + [str(path) for path in files]


def _describe(
    reference: str,
    name: str = '',
    entry: settings.StrategyEntry | None = None,
    running: dict[str, Any] | None = None,
) -> Row:
    status = 'available' if entry is None else 'configured'
    detail = ''
    symbols: tuple[str, ...] = () if entry is None else entry.symbols
    figures: dict[str, Any] = {} if entry is None else _bounds(entry)
    if running is not None:
        status = running['status']
        detail = running['detail']
        symbols = tuple(running['symbols'])
        figures |= {
            'pnl': running['pnl'],
            'performance': msgspec.convert(
                running['performance'], views.Performance
            ),
        }
    try:
        kind = loader.load(reference)
    except errors.StrategyError as error:
        return Row(
            name=name,
            strategy=reference,
            status='broken' if running is None else status,
            symbols=symbols,
            detail=str(error),
            **figures,
        )
    given = {} if entry is None else entry.parameters
    if entry is not None and running is None:
        try:
            parameters.resolve(kind.parameters, given)
        except errors.StrategyError as error:
            status, detail = 'broken', str(error)
    asked = () if entry is None else entry.timeframes
    return Row(
        name=name,
        strategy=reference,
        status=status,
        symbols=symbols,
        timeframes=asked or tuple(kind.timeframes),
        parameters={
            each.name: {
                'value': given.get(each.name, each.default),
                'default': each.default,
                'allowed': each.allowed,
                'doc': each.doc,
            }
            for each in loader.describe(kind)
        },
        detail=detail,
        **figures,
    )


def _bounds(entry: settings.StrategyEntry) -> dict[str, Any]:
    """Gives what strategy.yaml lets it do by itself."""
    limits = msgspec.structs.asdict(entry.limits)
    return {
        'capital': entry.capital,
        'limits': {k: v for k, v in limits.items() if v not in (None, 'tell')},
    }


def _limit(name: str, value: Any) -> str:
    return (
        f'{name}={value:g}' if isinstance(value, float) else f'{name}={value}'
    )


def _words(row: Row) -> str:
    return ' '.join(
        f'{name}={each["value"]}' for name, each in row.parameters.items()
    )
