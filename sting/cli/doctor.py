"""`sting doctor`: what is installed, configured, reachable and safe."""

import asyncio
from collections.abc import Callable
from collections.abc import Iterator
import importlib.metadata
import importlib.util
import os
import pathlib
import platform
import stat
import subprocess
import sys

import click
import msgspec

from sting import control
from sting import settings
from sting import version
from sting.cli import common
from sting.model import errors
from sting.settings import alerts
from sting.settings import brokers

OK = 'ok'
WARN = 'warn'
FAIL = 'fail'

_COLOURS = {OK: 'green', WARN: 'yellow', FAIL: 'red'}
_PACKAGES = ('textual', 'numpy', 'pandas', 'pyarrow', 'numba', 'msgspec')
# What reads the keys and the themes: the terminal itself, which nothing here
# imports.
_TERMINAL = (sys.executable, '-P', '-m', 'tui.main', '--check')
_TERMINAL_S = 60.0
_INPUT = 2
_EXTRAS = ('alpaca-py', 'ib_insync', 'ib_async')


class Check(msgspec.Struct, frozen=True):
    """What one check found.

    Attributes:
        name: What was looked at.
        status: ok, warn or fail.
        detail: What was found.
        remedy: What to do about it.
    """

    name: str
    status: str
    detail: str
    remedy: str = ''


_Checks = Iterator[Check]


@click.command()
@click.option(
    '--broker', metavar='NAME', help='Connects to this broker, and asks it.'
)
@click.option(
    '--profile',
    metavar='NAME',
    help="Looks as this profile would; without it the broker's first.",
)
@common.json_option
def doctor(broker: str | None, profile: str | None, as_json: bool) -> None:
    """Checks what is installed, configured, reachable and safe.

    With --broker or --profile it connects to the broker and looks at keys,
    address, account, permissions, clocks, symbols, limits and bars; no order
    is sent. Exits with 1 when something has failed.
    """
    home = settings.Home.find()
    if broker is None and profile is None:
        found = [check for each in CHECKS for check in each(home)]
    else:
        found = _examine(settings.load(home), broker, profile)
    healthy = all(check.status != FAIL for check in found)
    if as_json:
        common.print_json({'ok': healthy, 'checks': found})
    else:
        for check in found:
            _print(check)
    if not healthy:
        raise errors.StingError('something has failed; see the lines above')


def _examine(
    config: settings.Settings, broker: str | None, profile: str | None
) -> list[Check]:
    """Connects to a broker and looks; one look after the other."""
    # What talks to others takes long to load.
    from sting.engine import clock  # noqa: PLC0415
    from sting.session import examination  # noqa: PLC0415

    made = examination.Examination(
        config,
        examination.profile_of(config, broker, profile),
        clock.LiveClock(),
        os.environ,
    )

    async def look() -> list[Check]:
        return [
            Check(one.name, one.status, one.detail, one.remedy)
            async for one in made.run()
        ]

    return asyncio.run(look())


def _print(check: Check) -> None:
    status = common.styled(f'{check.status:<5}', _COLOURS[check.status])
    click.echo(f'{status} {check.name:<14} {common.clean(check.detail)}')
    if check.remedy:
        click.echo(f'{"":<20} -> {common.clean(check.remedy)}')


def _check_python(_home: settings.Home) -> _Checks:
    detail = f'{platform.python_version()} on {platform.platform()}'
    if sys.version_info < (3, 11):  # noqa: UP036
        yield Check('python', FAIL, detail, 'install Python 3.11 or newer')
    else:
        yield Check('python', OK, detail)


def _check_packages(_home: settings.Home) -> _Checks:
    yield Check('sting', OK, version.__version__)
    for name in _PACKAGES:
        try:
            yield Check(name, OK, importlib.metadata.version(name))
        except importlib.metadata.PackageNotFoundError:
            yield Check(name, FAIL, 'is not installed', 'install sting again')
    for name in _EXTRAS:
        try:
            yield Check(name, OK, importlib.metadata.version(name))
        except importlib.metadata.PackageNotFoundError:
            yield Check(name, OK, 'is not installed, and not needed for paper')


def _check_home(home: settings.Home) -> _Checks:
    for name in ('config', 'states', 'cache', 'strategies'):
        folder: pathlib.Path = getattr(home, name)
        title = name.removesuffix('s') if name == 'states' else name
        if not folder.exists():
            yield Check(title, OK, f'{folder} will be made when needed')
        elif not os.access(folder, os.W_OK | os.X_OK):
            yield Check(
                title, FAIL, f'{folder} cannot be written', 'change its owner'
            )
        else:
            yield _check_mode(title, folder)


def _check_mode(title: str, path: pathlib.Path) -> Check:
    """Warns where others may read what is the user's."""
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077 and title == 'state':
        return Check(
            title,
            WARN,
            f'others may read {path} (mode {mode:04o})',
            f'chmod go= {path}',
        )
    return Check(title, OK, str(path))


def _check_config(home: settings.Home) -> _Checks:
    try:
        config = settings.load(home)
    except errors.StingError as error:
        yield Check('configuration', FAIL, str(error), 'change that line')
        return
    names = ', '.join(config.profiles)
    yield Check(
        'configuration', OK, f'profiles {names}; default {config.default}'
    )
    for misfit in config.misfits.values():
        yield Check('instruments', FAIL, str(misfit), 'change that line')
    # It loads users' files and numpy, which no other command has to wait for.
    from sting.backtest import ownrules  # noqa: PLC0415
    from sting.session import strategies  # noqa: PLC0415

    try:
        made = ownrules.make(config)
    except errors.ConfigError as error:
        yield Check('risk rules', FAIL, str(error), 'change that line')
    else:
        if made:
            names = ', '.join(rule.name for rule in made)
            yield Check('risk rules', OK, f'of your own: {names}')
    for name, profile in config.profiles.items():
        try:
            strategies.check(config, profile.strategies)
        except errors.ConfigError as error:
            yield Check('strategies', FAIL, str(error), 'change that line')
        else:
            yield Check('strategies', OK, f'those of profile {name}')


def _check_terminal(home: settings.Home) -> _Checks:
    """Has the terminal read keymap.yaml and the themes."""
    try:
        settings.load(home)
    except errors.StingError:
        # It has been told already.
        return
    try:
        done = subprocess.run(  # noqa: S603
            _TERMINAL, capture_output=True, check=False, text=True,
            errors='replace', stdin=subprocess.DEVNULL, timeout=_TERMINAL_S,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        yield Check('terminal', WARN, f'cannot be asked: {error}')
        return
    wrong = done.stderr.splitlines()
    if done.returncode not in (0, _INPUT):
        said = wrong[-1] if wrong else f'exit status {done.returncode}'
        yield Check('terminal', WARN, f'cannot be asked: {said}')
        return
    for line in done.stdout.splitlines():
        yield Check('terminal', OK, line)
    if done.returncode:
        for line in wrong:
            told = line.removeprefix('sting-tui: ')
            yield Check('terminal', FAIL, told, 'change that line')


def _check_feeds(home: settings.Home) -> _Checks:
    """Looks whether the sources of real bars can be set up.

    Nothing is asked of them.
    """
    try:
        config = settings.load(home)
    except errors.StingError:
        # It has been told already.
        return
    for name, profile in config.profiles.items():
        feed = config.feeds[profile.feed]
        if not isinstance(feed, settings.MarketFeed):
            continue
        if brokers.PAPER not in profile.venues:
            yield Check(
                'broker',
                OK,
                f'profile {name} is for {" and ".join(profile.venues)}; look '
                'at it with '
                f'`sting doctor --profile {name}`',
            )
            continue
        # What talks to others takes long to load.
        from sting.engine import clock  # noqa: PLC0415
        from sting.session import markets  # noqa: PLC0415

        try:
            markets.build(
                profile.feed,
                feed,
                config,
                profile.symbols,
                clock.LiveClock(),
                home,
                profile.calendar,
                name,
            )
        except errors.ConfigError as error:
            yield Check(
                'feed',
                WARN,
                f'profile {name} cannot start: {error}',
                'or name other sources for its feed in sting.yaml',
            )
        else:
            sources = ', '.join(feed.sources)
            yield Check('feed', OK, f'profile {name} has bars of {sources}')


def _check_alerts(home: settings.Home) -> _Checks:
    """Looks whether channels have their keys, and the library is there."""
    try:
        channels = settings.load(home).alerts.channels
    except errors.StingError:
        # It has been told already.
        return
    if channels and importlib.util.find_spec('apprise') is None:
        yield Check(
            'alerts',
            FAIL,
            'apprise is not installed',
            "pip install 'sting[alerts]'",
        )
    for name, channel in channels.items():
        try:
            alerts.address(name, channel, os.environ)
        except errors.ConfigError as error:
            yield Check('alerts', WARN, f'channel {name}: {error}')
        else:
            yield Check(
                'alerts',
                OK,
                f'channel {name} has what it needs; `sting alerts test {name}` '
                'tries it',
            )


def _check_monitor(home: settings.Home) -> _Checks:
    """Looks whether the exporter has its library, where one is asked for."""
    try:
        place = settings.load(home).monitor.place()
    except errors.StingError:
        # It has been told already.
        return
    if place is None:
        return
    if importlib.util.find_spec('prometheus_client') is None:
        yield Check(
            'monitor',
            FAIL,
            'prometheus-client is not installed',
            "pip install 'sting[monitor]'",
        )
    else:
        yield Check(
            'monitor', OK, f'figures at http://{place[0]}:{place[1]}/metrics'
        )


def _check_sample(_home: settings.Home) -> _Checks:
    # It needs numpy and pyarrow, which no other command has to wait for.
    from sting.data import sample  # noqa: PLC0415

    try:
        table = sample.load().table
    except errors.StingError as error:
        yield Check('sample data', FAIL, str(error), 'install sting again')
        return
    yield Check(
        'sample data', OK, f'{len(table)} bars of {", ".join(table.symbols)}'
    )


def _check_engines(home: settings.Home) -> _Checks:
    clients = control.running(home)
    if not clients:
        yield Check('engine', OK, 'none is running')
    for client in clients:
        try:
            found = client.request('status')
        except errors.StingError as error:
            yield Check(
                'engine',
                FAIL,
                f'{client.profile}: {error}',
                'look at the process; `sting halt` still stops it',
            )
            continue
        halted = found['state'] == 'HALTED'
        yield Check(
            'engine',
            WARN if halted else OK,
            f'{client.profile} is {found["state"]}, pid {found["pid"]}',
            '`sting resume` lets it trade again' if halted else '',
        )


def _check_logs(home: settings.Home) -> _Checks:
    from sting.engine import chain  # noqa: PLC0415

    for name in home.profiles():
        path = home.log(name)
        if not path.exists():
            continue
        try:
            found = chain.verify(path)
        except errors.JournalError as error:
            yield Check(f'log {name}', FAIL, str(error), 'restore it')
            continue
        mode = stat.S_IMODE(path.stat().st_mode)
        if not found.ok:
            yield Check(
                f'log {name}',
                FAIL,
                found.message,
                'keep the file, and restore it from a copy that verifies',
            )
        elif mode & 0o077:
            yield Check(
                f'log {name}',
                WARN,
                f'others may read {path} (mode {mode:04o})',
                f'chmod go= {path}',
            )
        else:
            yield Check(f'log {name}', OK, f'{found.events} events verify')


CHECKS: tuple[Callable[[settings.Home], _Checks], ...] = (
    _check_python,
    _check_packages,
    _check_home,
    _check_config,
    _check_terminal,
    _check_feeds,
    _check_alerts,
    _check_monitor,
    _check_sample,
    _check_engines,
    _check_logs,
)
