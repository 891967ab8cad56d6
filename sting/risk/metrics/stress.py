"""What a scenario would do to the present book."""

from collections.abc import Mapping

from sting.settings import metrics as settings


def shock(scenario: settings.Scenario, symbol: str, sector: str) -> float:
    """Gives what a scenario does to a symbol's price.

    Args:
        scenario: The scenario.
        symbol: The symbol.
        sector: Its sector; empty where it is not known.

    Returns:
        The change as a fraction: that of the symbol, else of its sector, else
        of all.
    """
    if symbol in scenario.symbols:
        return scenario.symbols[symbol]
    return scenario.sectors.get(sector, scenario.all)


def profit(
    scenario: settings.Scenario,
    values: Mapping[str, float],
    sectors: Mapping[str, str],
) -> float:
    """Gives the profit that a scenario brings.

    Args:
        scenario: The scenario.
        values: What is held by symbol, negative when short.
        sectors: By symbol.

    Returns:
        Money; below 0 a loss.
    """
    return sum(
        value * shock(scenario, symbol, sectors.get(symbol, ''))
        for symbol, value in values.items()
    )
