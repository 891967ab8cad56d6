"""What a fork of a log can change: parameters and limits, with their bounds."""

import pathlib

from sting import settings
from sting.model import errors
from sting.model import parameters
from sting.model import specs
from sting.session import fork
from sting.session import travel
from sting.strategy import loader

_ALLOWED = 'a number of 0 or more'
_OFF = 'off'


def offer(
    config: settings.Settings, path: pathlib.Path, seq: int, profile: str = ''
) -> parameters.Offered:
    """Says what a fork of a log can change.

    Args:
        config: What is configured.
        path: The log's file.
        seq: The event after which the fork begins.
        profile: The profile whose settings hold; empty for the log's own.

    Raises:
        errors.ConfigError: There is no such profile.
        errors.JournalError: The log cannot be read.
    """
    there = travel.Travel(path)
    there.seek(seq)
    name = profile or there.created.profile
    strategies, notes = {}, []
    for spec in fork.running(config, name, there.image()):
        try:
            strategies[spec.name] = _settings(spec)
        except errors.StrategyError as error:
            notes.append(f'{spec.name}: {error}')
    if not strategies and not notes:
        notes.append('no strategy of the profile ran at that moment')
    return parameters.Offered(
        strategies=strategies,
        limits=_limits(config.risk),
        notes=tuple(notes),
    )


def _settings(spec: specs.StrategySpec) -> tuple[parameters.Setting, ...]:
    kind = loader.load(spec.reference)
    values = parameters.convert(loader.describe(kind), spec.values)
    return tuple(loader.describe(kind, values))


def _limits(risk: settings.Risk) -> tuple[parameters.Setting, ...]:
    found = [_limit(name, rule, '') for name, rule in risk.rules.items()]
    found += [
        _limit(name, rule, rule.rule) for name, rule in risk.scoped.items()
    ]
    return tuple(found)


def _limit(
    name: str, rule: settings.Rule | settings.ScopedRule, measures: str
) -> parameters.Setting:
    switch = '' if rule.enabled else f'{_OFF} today: a number switches it on'
    return parameters.Setting(
        name=name,
        default=rule.limit,
        allowed=_ALLOWED,
        doc='; '.join(filter(None, (measures, switch))),
        value=rule.limit if rule.enabled else _OFF,
        low=0.0,
    )
