"""Trades that are corrected, and what trades cost that is told late.

An execution id there ends in a number that counts corrections. What was told of
a trade stays as it was told. A correction is told as two more trades: one that
takes back what was told before, and one as it is right; of a trade that was
taken back whole, a bust, there is the first one only. They belong to no order
of ours, so that they move the account and not what an order was filled for.
"""

from collections.abc import Iterable
import itertools
from typing import Final

import msgspec

from sting.model import orders
from sting.model import records

# The order id of what corrects, with the number of the order behind it.
CORRECTS: Final = 'ib-fix-'
_TAG: Final = 'correction'
# A hundredth of a cent.
_SAME: Final = 1e-4
# Trades that are kept; of those before them, none is told again.
KEPT: Final = 20_000


class Version(msgspec.Struct, frozen=True):
    """A trade as it was told at first, or by a correction.

    Attributes:
        number: Counts corrections, as told there.
        perm: The order, by its number for ever.
        fill: The trade.
    """

    number: int
    perm: int
    fill: orders.Fill


class Trades:
    """What is known of each trade, by its id with us.

    What is told twice, or after a later correction, changes nothing. Nor does
    what is older than what was forgotten: it is listed, and not told.
    """

    def __init__(self) -> None:
        self._versions: dict[str, list[Version]] = {}
        self._costs: dict[str, tuple[int, float]] = {}
        # What a trade was told to have cost, by us.
        self._told: dict[str, float] = {}
        # Trades of before the first connection: they may be booked already.
        self._old: frozenset[str] = frozenset()
        # The time of the last trade that was forgotten.
        self._forgot = -1

    def take(
        self, fill: orders.Fill, execution_id: str, perm: int
    ) -> list[orders.Fill]:
        """Takes a trade.

        Args:
            fill: The trade, with its id with us; of no units when it was
                taken back.
            execution_id: Its id there.
            perm: Its order's number for ever.

        Returns:
            What has to be told of it: the trade itself, or what corrects it;
            nothing where it was told.
        """
        if self._forgotten(fill):
            return []
        versions = self._versions.setdefault(fill.execution_id, [])
        made = Version(parts(execution_id)[1], perm, fill)
        if versions and made.number <= versions[-1].number:
            return []
        versions.append(made)
        self._shorten()
        if len(versions) == 1:
            return [fill] if fill.quantity else []
        return _corrections(*versions[-2:])

    def before(self, name: str) -> orders.Fill:
        """Gives what was told of a trade that was just corrected."""
        return self._versions[name][-2].fill

    def keep(self, older: 'Trades') -> None:
        """Takes over what was known on an earlier connection."""
        fresh, self._versions = self._versions, older._versions
        for name, versions in fresh.items():
            known = self._versions.setdefault(name, [])
            last = known[-1].number if known else -1
            known += [each for each in versions if each.number > last]
        self._forgot = older._forgot
        for name, (number, cost) in older._costs.items():
            self._note(name, number, cost)
        self._told = older._told | self._told
        self._old = older._old
        self._shorten()

    def begin(self) -> None:
        """Takes it that others may have booked all that is known."""
        self._old = frozenset(self._versions)

    def cost(self, execution_id: str, cost: float) -> str:
        """Takes what a trade cost, in the account's currency.

        Returns:
            Its id with us.
        """
        name, number = parts(execution_id)
        self._note(name, number, cost)
        return name

    def costs(self, execution_id: str) -> bool:
        """Says whether it is known what a trade cost."""
        return parts(execution_id)[0] in self._costs

    def tell(self, fill: orders.Fill) -> orders.Fill:
        """Gives a trade with what it cost as far as is known.

        What it is told with counts: a figure that comes later is `late`.
        """
        name = fill.execution_id
        fee = self._told.get(name)
        if fee is None:
            fee = self._costs.get(name, (0, 0.0))[1]
            if name not in self._old and not self._forgotten(fill):
                self._told[name] = fee
        return msgspec.structs.replace(fill, fee=fee)

    def late(self, name: str) -> records.CashFlow | None:
        """Gives, once, what a trade cost other than was told with it."""
        told = self._told.get(name)
        if told is None or name not in self._costs:
            return None
        fee = self._costs[name][1]
        if abs(fee - told) < _SAME:
            return None
        self._told[name] = fee
        fill = self._versions[name][0].fill
        return records.CashFlow(
            kind=records.FlowKind.FEE,
            amount=told - fee,
            symbol=fill.symbol,
            quantity=fill.quantity * fill.side.sign,
            detail=f'what {name} cost was told late',
            order_id=fill.order_id,
        )

    def all_late(self) -> list[records.CashFlow]:
        """Gives all that is late; see `late`."""
        found = [self.late(name) for name in list(self._told)]
        return [each for each in found if each is not None]

    def listed(
        self, found: Iterable[tuple[orders.Fill, str, int]]
    ) -> list[orders.Fill]:
        """Gives trades that are listed as they are told, with corrections.

        Args:
            found: For each the fill, its id there and its order's number.
        """
        by_name: dict[str, list[Version]] = {}
        for fill, execution_id, perm in found:
            version = Version(parts(execution_id)[1], perm, fill)
            by_name.setdefault(fill.execution_id, []).append(version)
        result = []
        for name, listed in by_name.items():
            versions = list(self._versions.get(name, ()))
            for each in sorted(listed, key=lambda one: one.number):
                if not versions or each.number > versions[-1].number:
                    versions.append(each)
            if versions[0].fill.quantity:
                result.append(self.tell(versions[0].fill))
            for before, after in itertools.pairwise(versions):
                result += _corrections(before, after)
        return result

    def _forgotten(self, fill: orders.Fill) -> bool:
        known = fill.execution_id in self._versions
        return not known and fill.timestamp <= self._forgot

    def _shorten(self) -> None:
        """Forgets what is oldest, a good deal at once."""
        if len(self._versions) >= 2 * KEPT:
            for name in list(self._versions)[:-KEPT]:
                fill = self._versions.pop(name)[0].fill
                self._forgot = max(self._forgot, fill.timestamp)
                self._told.pop(name, None)
        if len(self._costs) >= 2 * KEPT:
            # They come again whenever trades are listed.
            for name in list(self._costs)[:-KEPT]:
                del self._costs[name]

    def _note(self, name: str, number: int, cost: float) -> None:
        known = self._costs.get(name)
        if known is None or number >= known[0]:
            self._costs.pop(name, None)
            self._costs[name] = number, cost
            self._shorten()


def parts(execution_id: str) -> tuple[str, int]:
    """Splits an id of theirs into what stays, and the count of corrections."""
    name, _, last = execution_id.rpartition('.')
    if not name:
        return execution_id, 0
    return name, int(last) if last.isdecimal() else 0


def _corrections(before: Version, after: Version) -> list[orders.Fill]:
    old, new = before.fill, after.fill
    if (old.quantity, old.price) == (new.quantity, new.price):
        return []
    name = f'{new.execution_id}.{after.number}'
    right = msgspec.structs.replace(
        new,
        order_id=f'{CORRECTS}{after.perm}',
        execution_id=name,
        fee=0.0,
        tag=_TAG,
    )
    taken_back = msgspec.structs.replace(
        right,
        execution_id=f'{name}-back',
        side=old.side.opposite,
        quantity=old.quantity,
        price=old.price,
    )
    return [each for each in (taken_back, right) if each.quantity]
