"""`sting strategies`."""

import pathlib
import pkgutil
from typing import Any

import click
import msgspec

from sting import control
from sting import library
from sting import settings
from sting.cli import common
from sting.model import errors
from sting.strategy import loader


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A strategy that can run.

    Attributes:
        name: Its name in strategy.yaml; empty for one that is not there.
        strategy: What to give to `sting backtest`: module or file.
        status: Of a running engine; configured or available without one.
        symbols: What it is given; empty for all symbols of the profile.
        parameters: By name, with value, default, what is allowed and doc.
        detail: Why it cannot be loaded, or why it stopped.
    """

    name: str
    strategy: str
    status: str
    symbols: tuple[str, ...] = ()
    parameters: dict[str, dict[str, Any]] = {}
    detail: str = ''


@click.command()
@common.profile_option
@common.json_option
def strategies(profile: str | None, as_json: bool) -> None:
    """Lists what can run, with its parameters, and what is running."""
    home = settings.Home.find()
    config = settings.load(home)
    running = _running(home, config, profile)
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
    common.print_table(
        {
            'name': common.LEFT,
            'status': common.LEFT,
            'strategy': common.LEFT,
            'parameters': common.LEFT,
        },
        [
            (
                row.name or '-',
                row.status,
                row.strategy,
                row.detail or _words(row),
            )
            for row in rows
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


def _available(home: settings.Home) -> list[str]:
    """What ships, and the files in the user's strategies folder."""
    modules = pkgutil.iter_modules(library.__path__, f'{library.__name__}.')
    files = sorted(pathlib.Path(home.strategies).glob('*.py'))
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
    if running is not None:
        status = running['status']
        detail = running['detail']
        symbols = tuple(running['symbols'])
    try:
        declared = loader.describe(loader.load(reference))
    except errors.StrategyError as error:
        return Row(
            name=name,
            strategy=reference,
            status='broken',
            symbols=symbols,
            detail=str(error),
        )
    given = {} if entry is None else entry.parameters
    return Row(
        name=name,
        strategy=reference,
        status=status,
        symbols=symbols,
        parameters={
            each.name: {
                'value': given.get(each.name, each.default),
                'default': each.default,
                'allowed': each.allowed,
                'doc': each.doc,
            }
            for each in declared
        },
        detail=detail,
    )


def _words(row: Row) -> str:
    return ' '.join(
        f'{name}={each["value"]}' for name, each in row.parameters.items()
    )
