"""Makes the gate that is configured."""

from collections.abc import Iterable
from collections.abc import Mapping

from sting import settings
from sting.model import errors
from sting.model import market
from sting.model import specs
from sting.risk import acts
from sting.risk import catalog
from sting.risk import exposure
from sting.risk import manager
from sting.risk import outside
from sting.risk import rules
from sting.risk import scopes


def build(
    configured: Mapping[settings.RuleName, settings.Rule],
    sizing: settings.Sizing,
    strategies: Iterable[specs.StrategySpec] = (),
    scoped: Mapping[str, settings.ScopedRule] | None = None,
    instruments: Mapping[str, market.Instrument] | None = None,
) -> manager.RiskManager:
    """Makes the risk manager that is configured.

    Args:
        configured: The rules by name.
        sizing: For orders without a quantity.
        strategies: Those whose own capital and limits hold, too.
        scoped: More rules by names of their own, asked after these.
        instruments: What is known of them, by symbol, for sectors.

    Returns:
        The gate.

    Raises:
        errors.ConfigError: A rule cannot be held against what it is for.
    """
    made = manager.RiskManager(
        [
            rules.RULES[name](rule.limit)
            for name, rule in configured.items()
            if rule.enabled
        ],
        size_fraction=sizing.fraction,
    )
    for name, entry in (scoped or {}).items():
        if entry.enabled:
            _add_scoped(made, name, entry, instruments or {})
    for spec in strategies:
        made.add_strategy(spec)
    return made


def for_backtest(risk: settings.Risk) -> manager.RiskManager:
    """Makes the risk manager of a backtest.

    Args:
        risk: What risk.yaml says.

    Returns:
        The gate, with the rules of `scoped` that hold in backtests.
    """
    scoped = {n: rule for n, rule in risk.scoped.items() if rule.backtest}
    return build(risk.backtest, risk.sizing, scoped=scoped)


def _add_scoped(
    made: manager.RiskManager,
    name: str,
    entry: settings.ScopedRule,
    instruments: Mapping[str, market.Instrument],
) -> None:
    where = f'risk.yaml: scoped.{name}'
    scope = scope_of(where, entry.scope, instruments)
    rule: scopes.ScopedRule | rules.AccountRule
    if entry.rule in catalog.OF_SCOPE:
        kind = catalog.OF_SCOPE[entry.rule]
        refusal = kind.check(scope)
        if refusal:
            raise errors.ConfigError(f'{where}: {refusal}')
        rule = kind(entry.limit, entry.window_s)
        if isinstance(rule, outside.OutsideRule):
            rule.known = made.known
    elif entry.rule == exposure.Shortable.name:
        rule = exposure.Shortable(entry.limit, entry.listed)
    else:
        rule = catalog.OF_ACCOUNT[entry.rule](entry.limit)
    scoped = scopes.Scoped(
        name, rule, scope, soft=entry.soft, reduces=entry.reduce
    )
    made.add_risk_rule(scoped)
    if not entry.act:
        return
    if not isinstance(rule, exposure.OfAccount):
        raise errors.ConfigError(
            f'{where}: {entry.rule} has no figure without an order, so it '
            'cannot act; drop `act`, or use daily_loss, daily_drawdown, '
            'drawdown, volatility, value_at_risk or correlation'
        )
    made.add_act(acts.Act(scoped, rule, entry.act))


def scope_of(
    where: str,
    scope: settings.Scope,
    instruments: Mapping[str, market.Instrument],
) -> scopes.Scope:
    """Gives what a configured rule is for.

    Args:
        where: Which rule, for messages.
        scope: As configured.
        instruments: What is known of them, by symbol, for sectors.

    Raises:
        errors.ConfigError: No instrument has the sector.
    """
    return scopes.Scope(scope.strategy, _symbols(where, scope, instruments))


def _symbols(
    where: str,
    scope: settings.Scope,
    instruments: Mapping[str, market.Instrument],
) -> frozenset[str] | None:
    """Gives the symbols of a scope; None for all."""
    if not scope.sector:
        return frozenset(scope.symbols) if scope.symbols else None
    members = frozenset(
        symbol
        for symbol, one in instruments.items()
        if one.sector == scope.sector
    )
    if not members:
        raise errors.ConfigError(
            f'{where}: no instrument of instruments.yaml has the sector '
            f'{scope.sector!r}; give it one, or use `symbols`'
        )
    return members & frozenset(scope.symbols) if scope.symbols else members
