"""The one gate: every order passes here, in the step that creates it."""

from collections.abc import Mapping
from collections.abc import Sequence
import copy
import math
import typing
from typing import Any

import msgspec

from sting.engine import exits
from sting.engine import state
from sting.engine import targets
from sting.model import orders
from sting.model import protection
from sting.model import records
from sting.model import riskfigures
from sting.model import sizing as sizings
from sting.model import specs
from sting.risk import acts
from sting.risk import admission
from sting.risk import failing
from sting.risk import figures as figures_lib
from sting.risk import outside
from sting.risk import rules
from sting.risk import sizing
from sting.risk import strategies

if typing.TYPE_CHECKING:
    from sting.risk import metrics
    from sting.settings import metrics as settings

HALTED = 'halted'
_STATE_UNIT = 'state'

RiskDecision = records.Decision
_DENY, _APPROVE = RiskDecision.DENY, RiskDecision.APPROVE
_REDUCE = RiskDecision.REDUCE
_TRADING = records.TradingState.TRADING
_Rules = Sequence[rules.RiskRule]
_UNKNOWN = float('inf')


class RiskManager:
    """Holds orders against the rules and says approve, reduce or deny.

    The trading state comes first and cannot be switched off: HALTED admits
    only the operator's typed flatten, and that only where it shrinks a
    position; REDUCING admits only what shrinks one. While a flatten waits to
    close a symbol, only its own order is admitted for it. While the broker's
    book of a symbol differs from ours, only what shrinks the position in both
    is admitted. While the price of a symbol is old, only what shrinks the
    position is.
    """

    def __init__(
        self,
        risk_rules: Sequence[rules.RiskRule] = (),
        *,
        size_fraction: float = 0.1,
    ) -> None:
        """Sets up the gate.

        Args:
            risk_rules: Asked in this order.
            size_fraction: Share of the equity that an order without a
                quantity gets.
        """
        self._rules: list[rules.RiskRule] = []
        self._set: records.RuleSet | None = None
        self._size_fraction = size_fraction
        self._own_sizer = sizing.Sizer(
            sizings.EquityFraction(fraction=size_fraction)
        )
        self._capital: dict[str, float] = {}
        self._sizers: dict[str, sizing.Sizer] = {}
        self._protections: dict[str, protection.Protection] = {}
        self._losses: list[strategies.MaxLoss] = []
        self._acts: list[acts.Act] = []
        self._faults = failing.Faults()
        self._peak = 0.0
        self.known = outside.Known()
        for rule in risk_rules:
            self.add_risk_rule(rule)

    def add_risk_rule(self, rule: rules.RiskRule) -> None:
        """Adds a rule behind those there are.

        Args:
            rule: The rule. It holds from the next order on; add it before
                the engine starts, which logs the rules in force.
        """
        self._rules.append(rule)
        self._set = None

    def add_strategy(self, spec: specs.StrategySpec) -> None:
        """Has one strategy keep to its own capital and limits.

        Args:
            spec: As it is configured; as for a rule, before the start.
        """
        if spec.capital is not None:
            self._capital[spec.name] = spec.capital
        if spec.sizing is not None:
            self._sizers[spec.name] = sizing.Sizer(spec.sizing)
        if spec.protection is not None and spec.protection.guards:
            self._protections[spec.name] = spec.protection
        for rule in strategies.rules_of(spec):
            self.add_risk_rule(rule)
            if isinstance(rule, strategies.MaxLoss):
                self._losses.append(rule)

    def holding(self, spec: specs.StrategySpec) -> 'RiskManager':
        """Gives another gate that holds one strategy's own limits as well.

        Args:
            spec: As it is configured.
        """
        other = RiskManager(self._rules, size_fraction=self._size_fraction)
        other.add_strategy(spec)
        return other

    def lending(self, initial: float) -> 'RiskManager':
        """Gives another gate, of an account that is lent money.

        The limit of `buying_power` is a share of what the account can carry,
        which is its equity over the initial margin.

        Args:
            initial: Share of a position's value that has to be its own.
        """
        other = copy.copy(self)
        other._set = None
        other._rules = [
            rules.BuyingPower(rule.limit / initial)
            if isinstance(rule, rules.BuyingPower) and rule.limit is not None
            else rule
            for rule in self._rules
        ]
        return other

    def also(self, rule: rules.RiskRule) -> 'RiskManager':
        """Gives another gate that asks one rule more.

        Args:
            rule: Asked after all others.
        """
        other = copy.copy(self)
        other._rules = [*self._rules, rule]
        other._set = None
        return other

    @property
    def rules(self) -> tuple[rules.RiskRule, ...]:
        """The rules, in the order in which they are asked."""
        return tuple(self._rules)

    def rule_set(self) -> records.RuleSet:
        """Gives the rules in force."""
        if self._set is None:
            self._set = records.RuleSet(
                names=(HALTED, *(rule.name for rule in self._rules)),
                limits=(None, *(rule.limit for rule in self._rules)),
                units=(_STATE_UNIT, *(rule.unit for rule in self._rules)),
            )
        return self._set

    def evaluate_order(
        self,
        order: orders.Order,
        system: state.SystemState,
        *,
        flatten: bool = False,
    ) -> records.Verdict:
        """Judges an order.

        Args:
            order: The order, not counted as working yet.
            system: The state to judge it in.
            flatten: The operator's typed flatten.

        Returns:
            The verdict, with the figure of every rule.
        """
        try:
            if len(self._rules) > 1:
                # They share what they work out while nothing can change.
                system.shared = {}
            return self._evaluate(order, system, flatten, self._rules)
        except Exception:  # noqa: BLE001
            # Supervision boundary: a rule that raises denies the order.
            system.shared = None
            each = [failing.Guarded(rule) for rule in self._rules]
            return self._evaluate(order, system, flatten, each)
        finally:
            system.shared = None

    def _evaluate(
        self,
        order: orders.Order,
        system: state.SystemState,
        flatten: bool,
        asked: _Rules,
    ) -> records.Verdict:
        stopped = None
        if (
            system.trading is not _TRADING
            or system.closing
            or system.exits
            or system.differences
            or system.stale
            or flatten
        ):
            stopped = admission.refusal(order, system, flatten=flatten)
        figures: list[float | None] = [0.0]
        failed: list[int] = []
        messages: list[str] = []
        if stopped is not None:
            figures[0] = 1.0
            failed.append(0)
            messages.append(stopped)
        for rule in asked:
            figure = rule.figure(order, system)
            figures.append(None if figure == _UNKNOWN else figure)
            limit = rule.limit
            if (
                figure is None
                or limit is None
                or figures_lib.passes(figure, limit)
            ):
                continue
            if not rule.soft:
                failed.append(len(figures) - 1)
            messages.append(rule.sentence(figure))
        decision = _DENY if failed else _APPROVE
        quantity = order.quantity
        if failed and self._may_reduce(order, failed, asked):
            smaller = self._largest(order, system)
            if smaller:
                decision, quantity = _REDUCE, smaller
                messages.append(f'reduced from {order.quantity:g}')
        return records.Verdict(
            order_id=order.id,
            decision=decision,
            figures=tuple(figures),
            failed=tuple(failed),
            rules=system.rules[0],
            quantity=quantity,
            message='; '.join(messages) if messages else '',
        )

    def _may_reduce(
        self,
        order: orders.Order,
        failed: Sequence[int],
        asked: _Rules,
    ) -> bool:
        """Whether all rules that an order fails let it be made smaller."""
        return (
            order.status is orders.OrderStatus.CREATED
            and not (order.parent or order.oco)
            and all(nth and asked[nth - 1].reduces for nth in failed)
            and asked is self._rules
        )

    def _largest(self, order: orders.Order, system: state.SystemState) -> float:
        """Gives the most whole units of an order that pass; 0 for none.

        What passes is taken to pass with fewer units, too; what is given
        has been held against every rule.
        """
        low, high = 0, math.ceil(order.quantity)
        while high - low > 1:
            middle = (low + high) // 2
            smaller = msgspec.structs.replace(order, quantity=float(middle))
            if self._passes(smaller, system):
                low = middle
            else:
                high = middle
        return float(low)

    def _passes(self, order: orders.Order, system: state.SystemState) -> bool:
        for rule in self._rules:
            if rule.soft or rule.limit is None:
                continue
            figure = rule.figure(order, system)
            if figure is not None and not figures_lib.passes(
                figure, rule.limit
            ):
                return False
        return True

    def equity(self, strategy: str, system: state.SystemState) -> float:
        """Gives what a strategy's shares are of.

        Args:
            strategy: Its name.
            system: The state.

        Returns:
            Its capital and what it has made of it, 0 where that is lost;
            without a capital the account's equity.
        """
        capital = self._capital.get(strategy)
        if capital is None:
            return system.equity()
        part = strategies.Part(strategy, capital, system)
        return max(0.0, part.equity())

    def sized(
        self, signal: orders.Signal, price: float, system: state.SystemState
    ) -> targets.Sized:
        """Gives the quantity of a strategy's order that names none.

        Args:
            signal: What the strategy wants.
            price: The symbol's last price; 0 before the first.
            system: The state.

        Returns:
            By the strategy's own sizing, else by that of the account.
        """
        name = signal.strategy
        sizer = self._sizers.get(name)
        if sizer is None:
            sizer = self._own_sizer
        equity = self.equity(name, system)
        tally = system.ledger.tallies.get(name)
        return sizer.size(signal, price, equity, tally)

    @property
    def protections(self) -> Mapping[str, protection.Protection]:
        """What protects the positions of strategies, by their names."""
        return self._protections

    def add_act(self, act: acts.Act) -> None:
        """Has a rule act by itself; before the start, as for a rule.

        Args:
            act: What it does. What does more is asked first.
        """
        self._acts.append(act)
        self._acts.sort(key=lambda one: -one.weight)

    def monitor_positions(
        self, system: state.SystemState
    ) -> targets.Deed | None:
        """Gives what a rule does by itself, if one has to.

        Args:
            system: The state after a bar.

        Returns:
            What to do, with the rule and its figure.
        """
        closed = False
        for act in self._acts:
            if closed and act.share:
                continue
            try:
                deed = act.due(system)
            except Exception as error:  # noqa: BLE001
                # Supervision boundary: the others are asked all the same.
                self._faults.add(act.who, error)
                continue
            # What is being closed is not halved before that is done.
            if deed is not None and not (
                0 < act.share < 1 and exits.is_closing(system)
            ):
                return deed
            closed = closed or (act.share == 1 and act.has_acted(system))
        return None

    def calculate_risk_metrics(
        self,
        system: state.SystemState,
        history: 'metrics.History',
        configured: 'settings.Metrics',
        **more: Any,
    ) -> riskfigures.RiskMetrics:
        """Works out the risk of what is held now.

        A running profile does it in two steps, the second one in a thread:
        `session.measuring`.

        Args:
            system: The state; nothing else may change it meanwhile.
            history: The last bars.
            configured: How it is measured.
            **more: `universe`, `sectors` and `scale` of `metrics.calculate`.

        Returns:
            The figures; what cannot be worked out is None, with the reason.
        """
        # It needs numpy, which no order has to wait for.
        from sting.risk import metrics  # noqa: PLC0415

        book = metrics.capture(system, self._peak)
        self._peak = book.peak
        return metrics.calculate(book, history, configured, **more)

    def to_stop(self) -> Sequence[str]:
        """Gives the strategies to stop for what `breaches` has just told."""
        if not self._losses:
            return ()
        return [rule.strategy for rule in self._losses if rule.take_stop()]

    @property
    def watches(self) -> bool:
        """Whether `breaches` has to be asked after every bar."""
        return bool(self._losses)

    def breaches(self, system: state.SystemState) -> Sequence[str]:
        """Gives what has just gone wrong without an order; each thing once.

        Args:
            system: The state after a bar.

        Returns:
            One sentence each.
        """
        if not (self._losses or self._faults.untold):
            return ()
        found = []
        for rule in self._losses:
            try:
                message = rule.breach(system)
            except Exception as error:  # noqa: BLE001
                # Supervision boundary, as for orders.
                self._faults.add(rule.name, error)
            else:
                if message:
                    found.append(message)
        return [*found, *self._faults.take()]
