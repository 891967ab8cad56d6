"""What a backtest assumes of the account and of the market."""

import collections
from typing import Any

import msgspec

from sting.data import actions as actions_lib
from sting.data import calendars
from sting.data import universe as universe_lib
from sting.model import errors
from sting.simulator import costs as costs_lib
from sting.simulator import modes


class Assumptions(msgspec.Struct, frozen=True, kw_only=True):
    """What a run assumes of the account and of the market.

    Attributes:
        cash: What the account starts with, in its currency.
        costs: What the market charges.
        participation: The most of a bar's volume that is filled, a fraction.
        fill: How it is decided what a bar leaves open: one of `modes.NAMES`.
        touch_fills: A limit that a bar only touches is filled.
        calendar: The exchange whose sessions make longer bars and end orders
            for a day.
        actions: Corporate actions, in their order.
        universe: Who belongs to the universe when; empty for everyone.
        delisting_haircut: What a delisting without a price takes off the last
            one, a fraction. Shumway (1997) found 0.3 for those that came of
            poor results.
    """

    cash: float = 100_000.0
    costs: costs_lib.CostModel = costs_lib.CostModel()
    participation: float = 0.25
    fill: str = 'next_open'
    touch_fills: bool = False
    calendar: str = calendars.DEFAULT
    actions: tuple[actions_lib.Action, ...] = ()
    universe: tuple[universe_lib.Membership, ...] = ()
    delisting_haircut: float = 0.3

    def __post_init__(self) -> None:
        """Refuses figures that make no sense.

        Raises:
            errors.ConfigError: Naming the figure.
        """
        # Written so that NaN fails too.
        if not 0 < self.cash < float('inf'):
            raise errors.ConfigError(f'cash {self.cash:g} must be above 0')
        if not 0 < self.participation <= 1:
            raise errors.ConfigError(
                f'participation {self.participation:g} must be above 0 and at '
                'most 1'
            )
        if not 0 <= self.delisting_haircut <= 1:
            raise errors.ConfigError(
                f'delisting_haircut {self.delisting_haircut:g} must be at '
                'least 0 and at most 1'
            )
        modes.number(self.fill)

    def told(self) -> dict[str, Any]:
        """Gives them by name, as a result tells them."""
        more = self.costs.to_json()
        for name in ('commission_bps', 'slippage_bps'):
            more.pop(name)
        if not self.costs.latency_ms:
            del more['latency_ms']
        return {
            'fill': self.fill,
            # What holds: two modes do not ask.
            'touch_fills': modes.fills_on_touch(
                modes.number(self.fill), self.touch_fills
            ),
            'cash': self.cash,
            # None where a schedule has more to say, under its own name.
            'commission_bps': (
                self.costs.commission_bps
                if self.costs.commission is None
                else None
            ),
            'slippage_bps': (
                self.costs.slippage_bps if self.costs.slippage is None else None
            ),
            'participation': self.participation,
            **more,
            **self._told_actions(),
        }

    def _told_actions(self) -> dict[str, Any]:
        """Gives what is assumed of corporate actions, where it matters."""
        if not self.actions and not self.universe:
            return {}
        told: dict[str, Any] = {'delisting_haircut': self.delisting_haircut}
        counts = collections.Counter(each.kind for each in self.actions)
        if counts:
            told['actions'] = ', '.join(
                f'{count} {kind}{"" if count == 1 else "s"}'
                for kind, count in sorted(counts.items())
            )
        if self.universe:
            members = {each.symbol for each in self.universe}
            many = '' if len(members) == 1 else 's'
            told['universe'] = f'{len(members):,} symbol{many}'
        return told
