"""Makes the gate that is configured."""

from collections.abc import Iterable
from collections.abc import Mapping

from sting import settings
from sting.model import specs
from sting.risk import manager
from sting.risk import rules


def build(
    configured: Mapping[settings.RuleName, settings.Rule],
    sizing: settings.Sizing,
    strategies: Iterable[specs.StrategySpec] = (),
) -> manager.RiskManager:
    """Makes the risk manager that is configured.

    Args:
        configured: The rules by name.
        sizing: For orders without a quantity.
        strategies: Those whose own capital and limits hold, too.

    Returns:
        The gate.
    """
    made = manager.RiskManager(
        [
            rules.RULES[name](rule.limit)
            for name, rule in configured.items()
            if rule.enabled
        ],
        size_fraction=sizing.fraction,
    )
    for spec in strategies:
        made.add_strategy(spec)
    return made
