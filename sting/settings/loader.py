"""Loads the settings: the shipped defaults with the user's laid over them."""

from collections.abc import Iterable
from collections.abc import Mapping
import fnmatch
import os
import pathlib
import re

import msgspec

from sting.model import costs
from sting.model import errors
from sting.model import market
from sting.model import records
from sting.model import timeframes
from sting.settings import alerts
from sting.settings import brokers
from sting.settings import build
from sting.settings import home as homes
from sting.settings import owned
from sting.settings import schema
from sting.settings import tree

INSTRUMENTS = 'instruments.yaml'
# Every file that there can be, and what it says.
FILES: dict[str, type[msgspec.Struct]] = {
    'sting.yaml': schema.Main,
    'strategy.yaml': schema.Strategies,
    'risk.yaml': schema.Risk,
    'costs.yaml': schema.Costs,
    'alerts.yaml': alerts.Alerts,
    'data.yaml': schema.Data,
    INSTRUMENTS: schema.Instruments,
    'exchanges/paper.yaml': schema.Paper,
}
# Services that give market data.
SERVICES: dict[str, type[schema.Service | schema.Gateway]] = {
    'binance': schema.Service,
    'yahoo': schema.Service,
    'alphavantage': schema.Service,
    'alpaca': schema.Alpaca,
    'ibkr': schema.Gateway,
}
FILES |= {f'exchanges/{name}.yaml': kind for name, kind in SERVICES.items()}
_PLUGIN = re.compile(r'exchanges/([^/]+)\.yaml')
# What only the terminal reads, and checks itself.
_TERMINAL = re.compile(r'keymap\.yaml|themes/[^/]+\.yaml')
# What is never to stand in a file.
_SECRET = re.compile(
    r'(.*_)?(api_?key|key|key_id|secret|secret_key|password|passphrase|token)',
    re.IGNORECASE,
)


def shipped() -> pathlib.Path:
    """Gives the folder of the shipped defaults.

    Returns:
        `sting/config` where sting is installed, `config` in a checkout.

    Raises:
        errors.ConfigError: Neither is there.
    """
    package = pathlib.Path(__file__).absolute().parents[1]
    for folder in (package / 'config', package.parent / 'config'):
        if (folder / 'sting.yaml').is_file():
            return folder
    raise errors.ConfigError(
        'the shipped configuration is missing; install sting again',
        path=package / 'config',
    )


def load(home: homes.Home) -> schema.Settings:
    """Loads the settings.

    Args:
        home: The user's folders; its YAML files are laid over the shipped
            ones key by key, and a list replaces a list.

    Returns:
        The settings, complete and checked.

    Raises:
        errors.ConfigError: Naming file, line and remedy.
    """
    _check_names(home.config)
    trees = {name: _laid(home, name) for name in FILES}
    plugins = _plugins(home.config)
    _check_secrets(trees, plugins)
    main = build.build(trees['sting.yaml'], schema.Main)
    listed = build.build(trees['strategy.yaml'], schema.Strategies)
    _check_timeframes(trees['strategy.yaml'], listed.strategies)
    data = build.build(trees['data.yaml'], schema.Data)
    services = _sources(trees, data, home)
    _check_profiles(trees, main, listed.strategies, services)
    risk = build.build(trees['risk.yaml'], schema.Risk)
    _check_rules(trees['risk.yaml'], risk, listed.strategies)
    instruments = _instruments(trees[INSTRUMENTS])
    charged = build.build(trees['costs.yaml'], schema.Costs).schedules
    paper = build.build(trees['exchanges/paper.yaml'], schema.Paper)
    if paper.costs is not None:
        place = trees['exchanges/paper.yaml'].value['costs']
        _check_known('schedule', paper.costs, charged, place)
    return schema.Settings(
        default=main.profile,
        profiles=main.profiles,
        feeds={
            name: _anchor_feed(feed, home) for name, feed in main.feeds.items()
        },
        journal=main.journal,
        terminal=main.terminal,
        presets=main.presets,
        monitor=main.monitor,
        resources=main.resources,
        retention=main.retention,
        strategies={
            name: _anchor_strategy(entry, home)
            for name, entry in listed.strategies.items()
        },
        risk=_anchor_rules(risk, home.config),
        data=data,
        instruments=instruments,
        services=services,
        plugins={name: tree.plain(each) for name, each in plugins.items()},
        misfits=_misfits(trees[INSTRUMENTS], main, instruments),
        paper=paper,
        costs=charged,
        alerts=_alerts(trees['alerts.yaml'], main),
        places=_places(trees['strategy.yaml'])
        | _places_of_rules(trees['risk.yaml'])
        | _places_of_schedules(trees['sting.yaml']),
    )


def read_instruments(home: homes.Home) -> dict[str, market.Instrument]:
    """Reads what is known of instruments, and nothing else.

    Args:
        home: The user's folders.

    Returns:
        What is known, by symbol.

    Raises:
        errors.ConfigError: Naming file, line and remedy.
    """
    return _instruments(_laid(home, INSTRUMENTS))


def read_rules(home: homes.Home) -> schema.Risk:
    """Reads the risk rules and the sizing in force, and nothing else.

    Args:
        home: The user's folders.

    Returns:
        What risk.yaml says, laid over the shipped one.

    Raises:
        errors.ConfigError: Naming file, line and remedy.
    """
    _check_names(home.config)
    risk: schema.Risk = build.build(_laid(home, 'risk.yaml'), schema.Risk)
    return _anchor_rules(risk, home.config)


def read_risk(path: pathlib.Path) -> schema.Risk:
    """Reads a file of risk rules by itself, as `--risk` names one.

    Its sections are taken as they are, not laid over the shipped ones. A
    file that has `rules:` and no `backtest:` means its rules for both.

    Args:
        path: A file written like risk.yaml.

    Returns:
        Its rules and sizing.

    Raises:
        errors.ConfigError: Naming file, line and remedy.
    """
    own = tree.parse(path)
    both = dict(tree.parse(shipped() / 'risk.yaml').value)
    both.update(own.value)
    if 'rules' in own.value and 'backtest' not in own.value:
        both['backtest'] = own.value['rules']
    risk: schema.Risk = build.build(
        tree.Node(both, own.path, own.line), schema.Risk
    )
    return _anchor_rules(risk, path.parent)


def read_costs(wanted: str, home: homes.Home) -> costs.CostModel:
    """Gives the schedule that `--costs` names.

    Args:
        wanted: A name in costs.yaml, or a file that has the keys of one
            schedule.
        home: The user's folders.

    Returns:
        The schedule.

    Raises:
        errors.ConfigError: Naming file, line and remedy.
    """
    path = pathlib.Path(wanted)
    if path.suffix in ('.yaml', '.yml') or path.is_file():
        root = tree.parse(path)
        if isinstance(root.value, dict) and 'schedules' in root.value:
            raise root.value['schedules'].error(
                '--costs takes a file that has the keys of one schedule, such '
                'as commission; several stand under `schedules` in costs.yaml '
                'of the config folder, and --costs names one'
            )
        model: costs.CostModel = build.build(root, costs.CostModel)
        return model
    _check_names(home.config)
    root = _laid(home, 'costs.yaml')
    known: dict[str, costs.CostModel] = build.build(
        root, schema.Costs
    ).schedules
    if wanted not in known:
        raise errors.ConfigError(
            tree.unknown('schedule of costs', wanted, known)
            + '; or name a .yaml file'
        )
    return known[wanted]


def _laid(home: homes.Home, name: str) -> tree.Node:
    """Reads a file, the user's laid over the shipped one."""
    found = tree.parse(shipped() / name)
    own = home.config / name
    if not own.is_file():
        return found
    owned.check(home.config)
    owned.check(own)
    return tree.overlay(found, tree.parse(own))


def _instruments(root: tree.Node) -> dict[str, market.Instrument]:
    made: schema.Instruments = build.build(root, schema.Instruments)
    return {
        symbol: market.Instrument(symbol, **msgspec.structs.asdict(each))
        for symbol, each in made.instruments.items()
    }


def _alerts(root: tree.Node, main: schema.Main) -> alerts.Alerts:
    made: alerts.Alerts = build.build(root, alerts.Alerts)
    for name, channel in made.channels.items():
        for nth, profile in enumerate(channel.profiles):
            place = root.value['channels'].value[name].value['profiles']
            _check_known('profile', profile, main.profiles, place.value[nth])
    return made


def _misfits(
    root: tree.Node,
    main: schema.Main,
    instruments: dict[str, market.Instrument],
) -> dict[str, errors.ConfigError]:
    """Gives the profiles with an instrument that does not go with them.

    A profile that nobody opens is in nobody's way.
    """
    found: dict[str, errors.ConfigError] = {}
    for name, profile in main.profiles.items():
        for symbol in profile.symbols:
            known = instruments.get(symbol)
            fault = known and known.misfit(profile.calendar, profile.currency)
            if fault and name not in found:
                place = root.value['instruments'].value[symbol]
                found[name] = place.error(f'profile {name!r}: {fault}')
    return found


def _sources(
    trees: dict[str, tree.Node], data: schema.Data, home: homes.Home
) -> dict[str, schema.Source]:
    """Gives the services and what data.yaml adds; no two have one name."""
    found: dict[str, schema.Source] = {
        name: build.build(trees[f'exchanges/{name}.yaml'], kind)
        for name, kind in SERVICES.items()
    }
    archives = {
        name: msgspec.structs.replace(
            each,
            path=os.fspath(home.config / pathlib.Path(each.path).expanduser()),
        )
        for name, each in data.archives.items()
    }
    added: dict[str, Mapping[str, schema.Source]] = {
        # One of them ships; a second of its name is the user's to rename.
        'generators': data.generators,
        'databases': data.databases,
        'archives': archives,
    }
    for kind, sources in added.items():
        for name, source in sources.items():
            if name in found:
                what = 'a service' if name in SERVICES else 'another source'
                node = trees['data.yaml'].value[kind].value[name]
                raise node.error(f'{kind}.{name}: that is {what}; rename it')
            found[name] = source
    return found


def _places(root: tree.Node) -> dict[str, tuple[str, int]]:
    """Notes where strategies and their parameters stand."""
    places = {}
    for name, entry in root.value['strategies'].value.items():
        node = entry.value['strategy']
        places[name] = (os.fspath(node.path), node.line)
        frames = entry.value.get('timeframes')
        if frames is not None:
            places[f'{name}:timeframes'] = (os.fspath(frames.path), frames.line)
        given = entry.value.get('parameters')
        for key, value in (given.value if given else {}).items():
            places[f'{name}.{key}'] = (os.fspath(value.path), value.line)
    return places


def _places_of_rules(root: tree.Node) -> dict[str, tuple[str, int]]:
    """Notes where the user's own rules stand."""
    own = root.value.get('own')
    return {
        f'risk.yaml: own.{name}': (os.fspath(entry.path), entry.line)
        for name, entry in (own.value if own else {}).items()
    }


def _places_of_schedules(root: tree.Node) -> dict[str, tuple[str, int]]:
    """Notes where the schedules of profiles name their calendars."""
    places = {}
    for name, profile in root.value['profiles'].value.items():
        node = profile.value.get('schedule')
        if node is not None and node.value:
            place = node.value.get('calendar', node)
            places[f'sting.yaml: schedule of {name}'] = (
                os.fspath(place.path),
                place.line,
            )
    return places


def _check_rules(
    root: tree.Node,
    risk: schema.Risk,
    strategies: Mapping[str, schema.StrategyEntry],
) -> None:
    """Refuses rules for strategies that are not there."""
    for section, entries in (('scoped', risk.scoped), ('own', risk.own)):
        for name, rule in entries.items():
            if rule.scope.strategy:
                place = root.value[section].value[name]
                _check_known('strategy', rule.scope.strategy, strategies, place)


def _check_names(folder: pathlib.Path) -> None:
    """Refuses YAML files that nothing would ever read."""
    if not folder.is_dir():
        return
    for path in sorted(folder.rglob('*.y*ml')):
        name = path.relative_to(folder).as_posix()
        if _TERMINAL.fullmatch(name):
            continue
        if name not in FILES and not _is_plugin(name):
            raise errors.ConfigError(
                tree.unknown('file', name, FILES), path=path
            )


def _is_plugin(name: str) -> bool:
    """Whether a file is that of a broker of another package."""
    found = _PLUGIN.fullmatch(name)
    return found is not None and found[1] in brokers.others()


def _plugins(folder: pathlib.Path) -> dict[str, tree.Node]:
    """Reads the files of brokers of other packages, by broker."""
    paths = sorted(folder.glob('exchanges/*.yaml'))
    return {
        path.stem: tree.parse(path)
        for path in paths
        if f'exchanges/{path.name}' not in FILES
    }


def _check_secrets(
    trees: Mapping[str, tree.Node], plugins: Mapping[str, tree.Node]
) -> None:
    """Refuses keys of accounts that stand in a file of a service or profile."""
    for name, root in trees.items():
        if name.startswith('exchanges/'):
            _refuse_secrets(root, pathlib.PurePath(name).stem)
    for name, root in plugins.items():
        _refuse_secrets(root, name)
    profiles = trees['sting.yaml'].value['profiles'].value
    for node in profiles.values() if isinstance(profiles, dict) else ():
        if isinstance(node.value, dict) and 'broker' in node.value:
            broker = str(node.value['broker'].value)
            # `bus` names files of keys, and whether there is a token.
            parts = {k: v for k, v in node.value.items() if k != 'bus'}
            _refuse_secrets(tree.Node(parts, node.path, node.line), broker)


def _refuse_secrets(root: tree.Node, broker: str) -> None:
    if not isinstance(root.value, dict):
        return
    for key, node in root.value.items():
        if _SECRET.fullmatch(key):
            # Neither the value nor its first letters.
            raise node.error(
                f'{key}: keys do not belong in files; take it out here, and '
                f'put it into the environment or the keyring: `sting keys set '
                f'{broker}`'
            )
        _refuse_secrets(node, broker)


def _check_timeframes(
    root: tree.Node, strategies: dict[str, schema.StrategyEntry]
) -> None:
    """Refuses timeframes that cannot be built, or that come twice."""
    for name, entry in strategies.items():
        for position, asked in enumerate(entry.timeframes):
            fault = timeframes.fault(asked)
            if asked in entry.timeframes[:position]:
                fault = f'{asked!r} is there twice'
            if fault:
                node = root.value['strategies'].value[name]
                place = node.value['timeframes'].value[position]
                raise place.error(f'strategies.{name}.timeframes: {fault}')


def _check_profiles(
    trees: dict[str, tree.Node],
    main: schema.Main,
    strategies: dict[str, schema.StrategyEntry],
    services: Mapping[str, schema.Source],
) -> None:
    """Refuses profiles that name what is not there."""
    root = trees['sting.yaml']
    if main.profile not in main.profiles:
        raise root.value['profile'].error(
            tree.unknown('profile', main.profile, main.profiles)
        )
    for name, feed in main.feeds.items():
        if isinstance(feed, schema.MarketFeed):
            listed = root.value['feeds'].value[name].value['sources'].value
            for nth, source in enumerate(feed.sources):
                _check_known('source', source, services, listed[nth])
    for name, profile in main.profiles.items():
        node = root.value['profiles'].value[name].value
        if not brokers.known(profile.broker):
            raise node['broker'].error(
                tree.unknown('broker', profile.broker, brokers.names())
            )
        _check_routes(profile, node)
        _check_nodes(profile, node, main.feeds.get(profile.feed))
        _check_known('feed', profile.feed, main.feeds, node['feed'])
        if profile.mode is records.Mode.LIVE:
            _check_real(profile, main, services, node['feed'])
        for nth, wanted in enumerate(profile.strategies):
            place = node['strategies'].value[nth]
            _check_known('strategy', wanted, strategies, place)
            for position, symbol in enumerate(strategies[wanted].symbols):
                if symbol not in profile.symbols:
                    listed = trees['strategy.yaml'].value['strategies'].value
                    given = listed[wanted].value['symbols'].value
                    raise given[position].error(
                        f'strategy {wanted!r} wants {symbol}, which profile '
                        f'{name!r} does not have: '
                        + tree.unknown('symbol', symbol, profile.symbols)
                    )


def _check_routes(
    profile: schema.Profile, node: Mapping[str, tree.Node]
) -> None:
    """Refuses routes to brokers that are not there, or that mean nothing."""
    if profile.backup and not brokers.known(profile.backup):
        raise node['backup'].error(
            tree.unknown('broker', profile.backup, brokers.names())
        )
    if not profile.routes:
        return
    places = node['routes'].value
    for pattern, broker in profile.routes.items():
        if not brokers.known(broker):
            raise places[pattern].error(
                tree.unknown('broker', broker, brokers.names())
            )
        if not fnmatch.filter(profile.symbols, pattern):
            raise places[pattern].error(
                f'routes: {pattern!r} is none of the symbols of this profile'
            )
    for symbol in profile.symbols:
        try:
            profile.route(symbol)
        except ValueError as error:
            raise node['routes'].error(f'routes: {error}') from None


def _check_nodes(
    profile: schema.Profile,
    node: Mapping[str, tree.Node],
    feed: schema.Feed | None,
) -> None:
    """Refuses nodes for strategies and sources that the profile has not."""
    if profile.bus is None:
        return
    sources = feed.sources if isinstance(feed, schema.MarketFeed) else ()
    for field, what, known in (
        ('nodes', 'strategy', profile.strategies),
        ('sources', 'source', sources),
    ):
        for name, members in getattr(profile.bus, field).items():
            places = node['bus'].value[field].value[name].value
            for nth, member in enumerate(members):
                _check_known(what, member, dict.fromkeys(known), places[nth])


def _check_real(
    profile: schema.Profile,
    main: schema.Main,
    services: Mapping[str, schema.Source],
    place: tree.Node,
) -> None:
    """Refuses to trade live on prices that are not those of a market."""
    feed = main.feeds[profile.feed]
    if isinstance(feed, schema.MarketFeed) and not any(
        isinstance(services[each], schema.Generator) for each in feed.sources
    ):
        return
    raise place.error(
        f'mode: live on feed {profile.feed!r}, whose prices are played or made '
        'up; name a feed of kind: market'
    )


def _check_known(
    what: str, name: str, known: Iterable[str], place: tree.Node
) -> None:
    if name not in known:
        raise place.error(tree.unknown(what, name, known))


def _anchor_feed(feed: schema.Feed, home: homes.Home) -> schema.Feed:
    if not isinstance(feed, schema.FileFeed) or feed.path == 'sample':
        return feed
    path = home.config / pathlib.Path(feed.path).expanduser()
    return msgspec.structs.replace(feed, path=os.fspath(path))


def _anchor_rules(risk: schema.Risk, folder: pathlib.Path) -> schema.Risk:
    """Has files of rules begin at the folder of risk.yaml."""
    own = {
        name: msgspec.structs.replace(entry, rule=_anchored(entry.rule, folder))
        for name, entry in risk.own.items()
    }
    return msgspec.structs.replace(risk, own=own)


def _anchored(reference: str, folder: pathlib.Path) -> str:
    """Gives a reference whose file has its whole path."""
    file, colon, name = reference.partition(':')
    if not file.endswith('.py'):
        return reference
    path = folder / pathlib.Path(file).expanduser()
    return f'{os.fspath(path)}{colon}{name}'


def _anchor_strategy(
    entry: schema.StrategyEntry, home: homes.Home
) -> schema.StrategyEntry:
    return msgspec.structs.replace(
        entry, strategy=_anchored(entry.strategy, home.strategies)
    )
