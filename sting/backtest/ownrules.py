"""Risk rules of the user's own: found, loaded and made."""

from collections.abc import Callable
from collections.abc import Mapping
import hashlib
import inspect
import pathlib
import types
from typing import Any
from typing import TypeVar

from sting import settings
from sting.model import errors
from sting.model import market
from sting.risk import gate
from sting.risk import manager
from sting.risk import rules
from sting.risk import scopes
from sting.strategy import blame
from sting.strategy import loader

# What a package names its rules under, in `[project.entry-points]`.
GROUP = 'sting.rules'
_Rule = rules.AccountRule | scopes.ScopedRule
_Kind = type[_Rule]
_Scoped = TypeVar('_Scoped', bound=scopes.Scoped)
_BASES = (rules.AccountRule, scopes.ScopedRule)


def make(config: settings.Settings) -> list[scopes.Scoped]:
    """Loads and makes the rules that `own` of risk.yaml has.

    Args:
        config: What is configured.

    Returns:
        Those that are enabled, as configured.

    Raises:
        errors.ConfigError: The first that cannot be made, with the file and
            the line that name it.
    """
    return [
        _make(name, entry, config.instruments, config.places, scopes.Scoped)
        for name, entry in config.risk.own.items()
        if entry.enabled
    ]


def gate_of(risk: settings.Risk) -> manager.RiskManager:
    """Makes the risk manager of a backtest.

    Args:
        risk: What risk.yaml says.

    Returns:
        The gate, with the rules of `scoped` and of `own` that hold in
        backtests.

    Raises:
        errors.ConfigError: A rule cannot be made.
    """
    made = gate.for_backtest(risk)
    for name, entry in risk.own.items():
        if entry.enabled and entry.backtest:
            made.add_risk_rule(_renewed(name, entry))
    return made


class _Renewed(scopes.Scoped):
    """A rule that is made anew for each run, and in each process.

    What one run has it remember is not there in another.
    """

    made_of: tuple[str, settings.OwnRule, str]

    def __reduce__(self) -> tuple[Callable[..., '_Renewed'], tuple[Any, ...]]:
        return _renewed, self.made_of


def _renewed(
    name: str, entry: settings.OwnRule, digest: str | None = None
) -> _Renewed:
    """Makes a rule of a backtest.

    Args:
        name: As it is configured.
        entry: What is configured.
        digest: Of its file when the first run's was made; half a sweep with
            another rule would be no sweep. None for the first.
    """
    found = _digest(entry.rule)
    if digest not in (None, found):
        raise errors.ConfigError(
            f'rule {name}: {entry.rule} was changed while this ran; run it '
            'again'
        )
    made = _make(name, entry, {}, {}, _Renewed)
    made.made_of = name, entry, found
    return made


def _digest(reference: str) -> str:
    """Tells one content of a rule's file from another."""
    path = pathlib.Path(reference.partition(':')[0])
    if path.suffix != '.py' or not path.exists():
        return ''
    return hashlib.blake2b(path.read_bytes()).hexdigest()


def _make(
    name: str,
    entry: settings.OwnRule,
    instruments: Mapping[str, market.Instrument],
    places: Mapping[str, tuple[str, int]],
    of: type[_Scoped],
) -> _Scoped:
    """Makes one rule as it is configured."""
    where = f'risk.yaml: own.{name}'
    try:
        scope = gate.scope_of(where, entry.scope, instruments)
        return _made(name, entry, scope, of)
    except (errors.StrategyError, errors.ConfigError) as error:
        path, line = places.get(where, (None, None))
        raise errors.ConfigError(
            f'rule {name}: {error}', path=path, line=line
        ) from None


def _made(
    name: str, entry: settings.OwnRule, scope: scopes.Scope, of: type[_Scoped]
) -> _Scoped:
    """Makes one rule."""
    kind = _kind(entry.rule)
    make_one: Callable[..., _Rule] = kind
    try:
        rule = make_one(entry.limit, **entry.parameters)
        if rule.limit is None:
            raise TypeError('it has no limit')
        return of(name, rule, scope, soft=entry.soft, reduces=entry.reduce)
    except Exception as error:
        # Supervision boundary: it is the user's code that runs.
        raise blame.failure(
            error,
            [inspect.getsourcefile(kind) or ''],
            f'{kind.__name__} has `name` and `unit`, its __init__ takes the '
            'limit and the parameters, and begins with super().__init__(limit)',
        ) from error


def _kind(reference: str) -> _Kind:
    """Finds the class that a reference names."""
    place, _, name = reference.partition(':')
    if place.endswith('.py'):
        settings.check_code(place)
    elif not name:
        found = _entry_point(reference)
        if found is not None:
            return found
    return _choose(*loader.find(reference))


def _entry_point(name: str) -> _Kind | None:
    """Loads a rule of another package; None where none has that name."""
    # Only who names such a rule waits for it.
    import importlib.metadata  # noqa: PLC0415

    for each in importlib.metadata.entry_points(group=GROUP, name=name):
        try:
            found = each.load()
        except Exception as error:
            # Supervision boundary: it is another package's code that runs.
            raise errors.ConfigError(
                f'{each.value} cannot be loaded: '
                f'{type(error).__name__}: {error}'
            ) from error
        if isinstance(found, type) and issubclass(found, _BASES):
            return found
        raise errors.ConfigError(f'{each.value} is no class of a rule')
    return None


def _choose(module: types.ModuleType, name: str, place: str) -> _Kind:
    """Picks the class that is meant."""
    own = {
        value.__name__: value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, _BASES)
        and value.__module__ == module.__name__
    }
    if name in own:
        return own[name]
    if not name and len(own) == 1:
        return next(iter(own.values()))
    path = getattr(module, '__file__', None) or place
    if not own:
        raise errors.ConfigError(
            'no class derives from rules.AccountRule of sting.risk', path=path
        )
    what = f'has no rule {name}' if name else 'has several rules'
    raise errors.ConfigError(
        f'{what}; name one of {", ".join(own)}, as {place}:{next(iter(own))}',
        path=path,
    )
