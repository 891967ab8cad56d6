"""The most that each position can be worth once all that works has filled.

Most of it is the same for one order and the next: what is kept is held
against prices, positions and orders each time, so that nothing has to say
that these have changed.
"""

from collections.abc import Collection
from collections.abc import Container
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
import math
from typing import NamedTuple

from sting.engine import state
from sting.model import orders
from sting.model import totals
from sting.risk import accounts


def worth(system: accounts.Account) -> Sequence[float]:
    """Gives what is held in cash, below 0 where it is short.

    Args:
        system: The state, or a part of it.

    Returns:
        In the order of its `held`.
    """
    if isinstance(system, state.SystemState):
        return system.worth()
    return system.once('worth', lambda: system.portfolio.worth(system.prices))


def with_others(start: float, own: str, system: accounts.Account) -> float:
    """Adds the most that each position can be worth, but for one symbol.

    Args:
        start: What they are added to.
        own: The symbol.
        system: The state, or a part of it.
    """
    if isinstance(system, accounts.Slice) and system.cut is not None:
        return _of_cut(start, own, system.cut, system.system)
    held = system.portfolio.held
    if not _kept(system).terms:
        if len(held) == (own in held):
            # There are no others.
            return start
        # Cheaper than by name.
        values = list(map(abs, worth(system)))
        if own in held:
            values[list(held).index(own)] = 0.0
        return totals.total(values, start)
    return system.once(
        ('others', own, start), lambda: _with_others(start, own, system)
    )


def _of_cut(
    start: float, own: str, cut: frozenset[str], system: state.SystemState
) -> float:
    """The same of some symbols, out of what the whole is worth."""
    by_symbol = system.once('worst', lambda: _by_symbol(system))
    if system.shared is None:
        members: Sequence[str] = list(filter(cut.__contains__, by_symbol))
    else:
        members = _kept(system).members(cut, system)
    values = list(map(by_symbol.__getitem__, members))
    if own in by_symbol:
        values[members.index(own)] = 0.0
    return totals.total(values, start)


def _with_others(start: float, own: str, system: accounts.Account) -> float:
    by_symbol = system.once('worst', lambda: _by_symbol(system))
    mine = by_symbol.get(own)
    if mine is None:
        return totals.total(by_symbol.values(), start)
    by_symbol[own] = 0.0
    found = totals.total(by_symbol.values(), start)
    by_symbol[own] = mine
    return found


def coming(order: orders.Order, system: accounts.Account) -> Sequence[float]:
    """Gives what the working orders of an order's side are worth, each.

    Args:
        order: The order; it does not count itself.
        system: The state, or a part of it.
    """
    kept = _kept(system)
    found: list[float] = []
    is_buy = order.side is orders.OrderSide.BUY
    for symbol, each in kept.terms.items():
        last = system.prices.get(symbol)
        if symbol == order.symbol:
            others = [one for one in each if one.order.id != order.id]
            found += _sides(last, others)[is_buy]
            continue
        before = kept.sides.get(symbol)
        if before is None or before[0] is not last:
            before = kept.sides[symbol] = last, _sides(last, each)
        found += before[1][is_buy]
    return found


def _sides(
    last: float | None, coming: Iterable['Term']
) -> tuple[Sequence[float], Sequence[float]]:
    """Gives what sales, and what purchases are worth, at this last price."""
    both: tuple[list[float], list[float]] = [], []
    for term in coming:
        is_buy = term.order.side is orders.OrderSide.BUY
        both[is_buy].append(term.exposed * term.price(last))
    return both


def _by_symbol(system: accounts.Account) -> dict[str, float]:
    """Gives the most that each symbol's position can be worth."""
    kept = _kept(system)
    if isinstance(system, state.SystemState) and system.shared is not None:
        return kept.renew(system)
    return _all(kept.terms, system)


def _all(
    terms: Mapping[str, Sequence['Term']], system: accounts.Account
) -> dict[str, float]:
    # Most have nothing working.
    found = dict(
        zip(system.portfolio.held, map(abs, worth(system)), strict=True)
    )
    for symbol, each in terms.items():
        found[symbol] = _value(symbol, each, system)
    return found


class Term(NamedTuple):
    """What a working order can come to; prices are 0 where it has none.

    Attributes:
        order: The order.
        exposed: Units that may still fill.
        fixed: Its limit, where it never pays more.
        least: Of other orders, what a unit counts at least.
    """

    order: orders.Order
    exposed: float
    fixed: float
    least: float

    def price(self, last: float | None) -> float:
        """Gives `expected_price` of the order."""
        if last is None:
            return math.inf
        return self.fixed or max(last, self.least)


class Kept:
    """What has been worked out for orders before.

    Attributes:
        working: The orders that it holds for.
        terms: Their terms, by symbol in the order of coming.
        sides: By symbol, the last price, and with it what its working sales,
            and its working purchases are worth, each.
    """

    def __init__(self, working: Sequence[orders.Order]) -> None:
        """Takes what works.

        Args:
            working: All of it; what is kept holds for no other.
        """
        self.working: Sequence[orders.Order] = ()
        self.terms: dict[str, Sequence[Term]] = {}
        self.sides: dict[
            str,
            tuple[float | None, tuple[Sequence[float], Sequence[float]]],
        ] = {}
        # By some symbols, those that are held, in order.
        self._members: dict[frozenset[str], list[str]] = {}
        self._groups: dict[str, list[orders.Order]] = {}
        self._takes = 0
        self._by_symbol: dict[str, float] | None = None
        # What has orders and is not held.
        self._loose: list[str] = []
        # By symbol with orders, the last price, the units held, and the most.
        self._values: dict[str, tuple[float, float, float]] = {}
        # Symbols whose orders are others than in `_by_symbol`.
        self._changed: set[str] = set()
        self.follow(working)

    def follow(self, working: Sequence[orders.Order]) -> None:
        """Takes what works now, and keeps what is the same as before.

        Args:
            working: All of it.
        """
        self.working = working
        groups: dict[str, list[orders.Order]] = {}
        for order in working:
            groups.setdefault(order.symbol, []).append(order)
        before, self._groups = self._groups, groups
        gone = before.keys() - groups.keys()
        changed = {s for s, group in groups.items() if before.get(s) != group}
        for symbol in gone | changed:
            self.sides.pop(symbol, None)
            self._values.pop(symbol, None)
            self._changed.add(symbol)
        self.terms = {
            symbol: _terms(group) if symbol in changed else self.terms[symbol]
            for symbol, group in groups.items()
        }

    def renew(self, system: state.SystemState) -> dict[str, float]:
        """Gives the most that each symbol's position can be worth now.

        Args:
            system: The whole state.

        Returns:
            By symbol: what is held, then what else has orders.
        """
        worth = system.worth()
        held, seen = system.portfolio.held, system.valuation
        moves = seen.take(self._takes)
        self._takes = seen.takes
        changed, self._changed = self._changed, set()
        loose = [symbol for symbol in self.terms if symbol not in held]
        found = self._by_symbol
        if found is None or moves is None:
            found = dict(zip(held, map(abs, worth), strict=True))
            self._by_symbol = found
            self._members.clear()
            changed = set(self.terms)
        else:
            changed.update(moves.values)
            if moves.places or loose != self._loose:
                for symbol in self._loose:
                    del found[symbol]
            if moves.places:
                self._move(found, moves.places, seen.symbols, held)
        for symbol in changed & held.keys():
            found[symbol] = (
                self._most(symbol, system)
                if symbol in self.terms
                else abs(held[symbol] * system.prices[symbol])
            )
        self._loose = loose
        # A valuation tells of what is held alone.
        for symbol in loose:
            found[symbol] = self._most(symbol, system)
        return found

    def _move(
        self,
        found: dict[str, float],
        moved: Collection[str],
        symbols: Sequence[str],
        held: Container[str],
    ) -> None:
        """Takes out what is not held any more, and puts what came last."""
        self._members.clear()
        for symbol in moved:
            found.pop(symbol, None)
        came = sum(symbol in held for symbol in moved)
        # What they are worth is told with what has changed.
        found.update(dict.fromkeys(symbols[len(symbols) - came :], 0.0))

    def members(
        self, cut: frozenset[str], system: state.SystemState
    ) -> Sequence[str]:
        """Gives those of some symbols that are held or have orders.

        Args:
            cut: The symbols.
            system: The whole state, for which it was renewed.

        Returns:
            In the order of `renew`.
        """
        held = self._members.get(cut)
        if held is None:
            held = list(filter(cut.__contains__, system.portfolio.held))
            self._members[cut] = held
        return [*held, *filter(cut.__contains__, self._loose)]

    def _most(self, symbol: str, system: state.SystemState) -> float:
        """Gives the most that a symbol's position can be worth now."""
        last, units = system.prices.get(symbol), system.quantity(symbol)
        before = self._values.get(symbol)
        if before is not None and before[0] is last and before[1] == units:
            return before[2]
        most = _value(symbol, self.terms[symbol], system)
        if last is not None:
            self._values[symbol] = last, units, most
        return most


def _kept(system: accounts.Account) -> Kept:
    """Gives what holds for the orders that work now."""
    return system.once('kept', lambda: _kept_now(system))


def _kept_now(system: accounts.Account) -> Kept:
    if not isinstance(system, state.SystemState):
        return Kept(list(system.working()))
    working = system.all_working()
    found: Kept | None = system.kept
    if found is None:
        found = system.kept = Kept(working)
    elif found.working != working:
        found.follow(working)
    return found


def _terms(working: Iterable[orders.Order]) -> Sequence[Term]:
    found = []
    for order in working:
        limit = max(order.price or 0.0, order.changing_price or 0.0)
        stop = max(order.stop_price or 0.0, order.changing_stop or 0.0)
        fixed = limit if order.side is orders.OrderSide.BUY else 0.0
        found.append(Term(order, order.exposed, fixed, max(limit, stop)))
    return found


def _value(
    symbol: str, coming: Iterable[Term], system: accounts.Account
) -> float:
    """Gives the most that a symbol's position can be worth."""
    high = low = system.quantity(symbol)
    last = system.prices.get(symbol)
    price = last or 0.0
    if last is None and high:
        # As the equity counts it: at what was paid.
        price = system.portfolio.positions[symbol].average_price
    groups: dict[str, float] = {}
    for term in coming:
        order = term.order
        price = max(price, term.price(last))
        extra = more(order, groups) if order.oco else term.exposed
        if order.side is orders.OrderSide.BUY:
            high += extra
        else:
            low -= extra
    return max(abs(high), abs(low)) * price


def more(order: orders.Order, groups: dict[str, float]) -> float:
    """Gives what an order can add to what its group was counted for.

    Of a group only one can fill whole.

    Args:
        order: The order.
        groups: By group, the units that it was counted for; changed.
    """
    if not order.oco:
        return order.exposed
    counted = groups.get(order.oco, 0.0)
    groups[order.oco] = max(counted, order.exposed)
    return groups[order.oco] - counted
