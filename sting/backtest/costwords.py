"""The costs that were assumed, in sentences, and what was not modelled."""

from collections.abc import Callable
from collections.abc import Mapping
from typing import Any

Given = Mapping[str, Any]

_ALWAYS_OUT = (
    'the queue at a limit',
    'interest on cash that is held, and rebates on what short sales bring',
    'fees in another currency, and their rounding to cents',
    'that the symbols were chosen knowing which survived',
    'taxes',
)


def sentences(given: Given) -> list[str]:
    """Says what was charged.

    Args:
        given: A result's assumptions, as `Assumptions.told` gives them.
    """
    if 'commission_bps' not in given:
        return []
    said = [_slippage(given), *_commission(given)]
    parts: tuple[tuple[str, Callable[[Given], str]], ...] = (
        ('impact', _impact),
        ('borrow', _borrow),
        ('margin', _margin),
    )
    said += [say(given[name]) for name, say in parts if given.get(name)]
    if given.get('latency_ms'):
        said.append(
            f'Orders and cancels take {given["latency_ms"]:g} ms to the '
            'market and meet the first bar that opens after that.'
        )
    return said


def left_out(given: Given) -> list[str]:
    """Lists what was not modelled in this run.

    Args:
        given: A result's assumptions.
    """
    missing = []
    spread = given.get('slippage') or given.get('slippage_bps')
    # Quotes have it.
    if not spread and given.get('timeframe') != 'quote':
        missing.append('the spread between bid and ask')
    if not given.get('impact'):
        missing.append('the impact of an order on the price')
    if not given.get('latency_ms'):
        missing.append('the time an order takes to the market')
    if not given.get('borrow'):
        missing.append('fees for borrowing what is sold short')
    if not given.get('margin'):
        missing.append('interest on cash that is owed, and margin calls')
    # As they are counted there: '1 dividend, 3 splits'.
    known = given.get('actions') or ''
    if not known and 'universe' not in given:
        missing.append(
            'dividends, splits and delistings: prices are taken as they are'
        )
    elif 'dividend' not in known:
        also = '' if 'split' in known else ' and splits'
        missing.append(f'dividends{also}: the actions have none')
    return [*missing, *_ALWAYS_OUT]


def _slippage(given: Given) -> str:
    model = given.get('slippage')
    if not model:
        how = f'{given.get("slippage_bps") or 0:g} basis points worse'
    elif model['kind'] == 'spread':
        how = (
            f'worse by half a spread of {model["bps"]:g} basis points and '
            f'{model["amount"]:g} of the price'
        )
    elif model['kind'] == 'volatility':
        how = (
            f'worse by {model["share"]:g} of the mean true range of the '
            f'{model["bars"]} bars before'
        )
    else:
        how = (
            f'worse by {model["coefficient"]:g} times the price times the '
            f"fill's share of the bar's volume to the power of "
            f'{model["exponent"]:g}'
        )
    return (
        f'Market and stop orders fill {how}; limits at their price or better.'
    )


def _commission(given: Given) -> list[str]:
    model = given.get('commission')
    if not model:
        return [
            f'Commission is {given["commission_bps"] or 0:g} basis points of '
            'the value traded.'
        ]
    parts = []
    maker = model.get('maker_bps')
    if model['bps'] or maker is not None:
        parts.append(f'{model["bps"]:g} basis points of the value traded')
    if maker is not None:
        parts[0] += f' ({maker:g} for limits that rested)'
    if model['per_unit'] or model['tiers']:
        parts.append(f'{_figure(model["per_unit"])} a unit')
    if model['per_order']:
        parts.append(f'{model["per_order"]:g} an order')
    said = 'Commission is ' + (', '.join(parts) or 'nothing')
    if model['minimum']:
        said += f', at least {model["minimum"]:g} an order'
    if model.get('maximum') is not None:
        said += f', at most {model["maximum"]:g} of what it traded'
    lines = [f'{said}.']
    if model['tiers']:
        steps = ', '.join(f'{tier["above"]:,.0f}' for tier in model['tiers'])
        lines.append(
            f'The rates change above {steps} units in a calendar month.'
        )
    lines += [_levy(levy) for levy in model['levies']]
    return lines


def _figure(value: float) -> str:
    """Writes a small amount of money without an exponent."""
    return f'{value:.8f}'.rstrip('0').rstrip('.')


def _levy(levy: Given) -> str:
    who = {'sell': 'sales pay', 'buy': 'purchases pay', 'both': 'fills pay'}
    rates = [
        text
        for rate, text in (
            (levy['bps'], f'{levy["bps"]:g} basis points'),
            (levy['per_unit'], f'{_figure(levy["per_unit"])} a unit'),
        )
        if rate
    ]
    said = f'{levy["name"]}: {who[levy["side"]]} ' + (
        ' and '.join(rates) or 'nothing'
    )
    if levy['liquidity'] != 'both':
        said += f', {levy["liquidity"]}s only'
    if levy.get('cap') is not None:
        said += f', at most {levy["cap"]:g} a fill'
    return f'{said}.'


def _impact(model: Given) -> str:
    return (
        f'An order moves the price by {model["coefficient"]:g} times the daily '
        'volatility times the root of its size over the mean daily volume, '
        f'both of the {model["days"]} days before.'
    )


def _borrow(model: Given) -> str:
    said = f'Short positions pay {model["rate"]:.4g} a year for what they '
    said += 'borrow'
    others = ', '.join(f'{k} {v:.4g}' for k, v in model['symbols'].items())
    return f'{said} ({others}).' if others else f'{said}.'


def _margin(model: Given) -> str:
    return (
        f'Positions need {model["initial"]:.4g} of their value as equity when '
        f'they are opened and {model["maintenance"]:.4g} from then on, else '
        'the largest are reduced; cash that is owed costs '
        f'{model["interest"]:.4g} a year.'
    )
