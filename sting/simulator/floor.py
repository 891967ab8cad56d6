"""The orders at rest, and what a bar makes of them."""

from collections.abc import Sequence

from sting.model import errors
from sting.model import market
from sting.model import orders
from sting.simulator import fills
from sting.simulator import groups as groups_lib
from sting.simulator import latency as latency_lib
from sting.simulator import matching
from sting.simulator import modes
from sting.simulator import pricing as pricing_lib
from sting.simulator import resting

Report = orders.Fill | orders.OrderUpdate

_S = orders.OrderStatus
_AT_OPEN = fills.AT_OPEN


class Floor:
    """Where the orders of a market are worked.

    Attributes:
        groups: Those that work.
        by_id: The orders, in order of arrival.
        by_symbol: The same by symbol; only symbols with orders are there.
        tags: What a fill is called, by what came of it.
        pricing: What fills are priced at.
    """

    def __init__(
        self,
        pricing: pricing_lib.Pricing,
        latency: latency_lib.Latency,
        *,
        participation: float,
        mode: int,
        touch_fills: bool,
    ) -> None:
        """Begins without orders.

        Args:
            pricing: Of fills.
            latency: From a decision to the market.
            participation: Share of a bar's volume that can be had.
            mode: Of filling; see `modes`.
            touch_fills: A limit that a bar only touches is filled.
        """
        self.groups = groups_lib.Groups()
        self.by_id: dict[str, resting.Resting] = {}
        self.by_symbol: dict[str, dict[str, resting.Resting]] = {}
        self.tags: Sequence[str] = fills.TAGS
        self.pricing = pricing
        self._latency = latency
        self._participation = participation
        self._mode = mode
        self._touch_fills = touch_fills

    def find(self, order_id: str) -> resting.Resting:
        """Gives a working order.

        Args:
            order_id: Its id.

        Raises:
            errors.BrokerRejectedError: No such order works.
        """
        entry = self.by_id.get(order_id)
        if entry is None:
            raise errors.BrokerRejectedError(f'order {order_id} is not working')
        return entry

    def add(self, entry: resting.Resting) -> None:
        """Takes an order that begins to work."""
        order = entry.order
        self.by_id[order.id] = entry
        entries = self.by_symbol.get(order.symbol)
        if entries is None:
            entries = self.by_symbol[order.symbol] = {}
        entries[order.id] = entry
        if order.oco:
            self.groups.add(entry)

    def drop(self, entry: resting.Resting) -> None:
        """Forgets an order that works no more."""
        order = entry.order
        del self.by_id[order.id]
        if order.oco:
            self.groups.drop(entry)
        entries = self.by_symbol[order.symbol]
        del entries[order.id]
        if not entries:
            del self.by_symbol[order.symbol]

    def hold(
        self,
        bar: market.MarketData,
        line: list[resting.Resting],
        reports: list[Report],
    ) -> None:
        """Holds orders against a bar.

        Args:
            bar: A closed bar.
            line: All orders of its symbol, in order of arrival.
            reports: Gets what became of them.
        """
        groups = self.groups
        if (
            len(line) == 1
            and line[0].plain
            and not (self._latency.delay or groups.members or groups.reducing)
        ):
            self._work_plain(line[0], bar, reports)
            return
        opened = 0
        if self._latency.delay:
            opened = self._latency.opening(bar)
            line = [
                each
                for each in line
                if not self._ends_before(each, opened, reports)
            ]
        if self.groups.members:
            line = self.groups.arrange(line, bar, self._mode, self._touch_fills)
        elif self._mode == modes.PATH and len(line) > 1:
            # A stable sort: what is met at once keeps its order of arrival.
            line.sort(
                key=lambda each: matching.met(each, bar, self._touch_fills)
            )
        left = self._participation * bar.volume
        for entry in line:
            if entry.order.id not in self.by_id:
                # Another of its group was filled on this very bar.
                continue
            if entry.expires is not None and entry.is_late(bar.timestamp):
                self.drop(entry)
                reports.append(entry.update(_S.EXPIRED))
                self._end_group(entry, 'expired', reports)
            elif bar.timestamp > entry.after and opened >= entry.arrives:
                left -= self._work(entry, bar, left, reports)

    def _work_plain(
        self,
        entry: resting.Resting,
        bar: market.MarketData,
        reports: list[Report],
    ) -> None:
        """Does as `_work` for a plain order, which every mode fills at open."""
        if bar.timestamp <= entry.after:
            return
        taken = fills.share(
            entry.quantity - entry.filled, self._participation * bar.volume
        )
        if taken:
            reports.append(self._fill(entry, bar, taken, bar.open, _AT_OPEN))
            if fills.is_filled(entry.quantity, entry.filled):
                self.drop(entry)

    def _work(
        self,
        entry: resting.Resting,
        bar: market.MarketData,
        left: float,
        reports: list[Report],
    ) -> float:
        """Holds one order against a bar and gives the units it took."""
        if bar.timestamp < entry.due:
            return 0.0
        was_live = entry.is_live
        if entry.trails and not entry.stop_price:
            entry.follow(bar.open, bar.timestamp)
            reports.append(entry.moved())
        code, price, touched = matching.held(
            entry, bar, self._mode, self._touch_fills
        )
        taken = 0.0
        if code != fills.NONE:
            order = entry.order
            if order.parent or order.id in self.groups.reducing:
                left = min(left, self.groups.room(order))
            taken = entry.share(left)
        if touched is not entry.triggered:
            entry.triggered = touched
            if touched and not entry.is_filled_by(taken):
                reports.append(entry.touch(bar.timestamp))
        if taken:
            reports.append(self._fill(entry, bar, taken, price, code))
        if entry.trails and not touched:
            self._trail(entry, bar, reports)
        if taken and (self.groups.members or self.groups.reducing):
            self._share_out(entry, taken, reports)
        if entry.is_done:
            self.drop(entry)
            if entry.order.oco:
                self._end_group(entry, 'filled', reports)
        else:
            tried = was_live or code != fills.NONE
            self._end_rest(entry, reports, tried=tried)
        return taken

    def _trail(
        self,
        entry: resting.Resting,
        bar: market.MarketData,
        reports: list[Report],
    ) -> None:
        """Has a trigger follow the extreme of a bar that is over."""
        best = bar.low if entry.sign > 0 else bar.high
        if entry.follow(best, bar.timestamp):
            reports.append(entry.moved())

    def _end_rest(
        self, entry: resting.Resting, reports: list[Report], *, tried: bool
    ) -> None:
        """Cancels what is left of an order that may not go on working.

        Args:
            entry: The order, which is not filled whole.
            reports: Gets what became of it.
            tried: It could trade on the bar in hand.
        """
        if self._is_void(entry):
            self.drop(entry)
            reports.append(
                entry.update(_S.CANCELLED, 'nothing is left for it to reduce')
            )
        elif entry.immediate and tried:
            self.drop(entry)
            order = entry.order
            what = order.type if entry.due else order.time_in_force
            reports.append(
                entry.update(_S.CANCELLED, f'{what}: the rest is cancelled')
            )

    def _is_void(self, entry: resting.Resting) -> bool:
        """Whether a lender's order has nothing left to reduce."""
        order = entry.order
        return (
            order.id in self.groups.reducing
            and self.groups.room(order) <= orders.DUST
        )

    def _share_out(
        self, entry: resting.Resting, taken: float, reports: list[Report]
    ) -> None:
        """Takes from the others of a group what one of them has filled."""
        self.groups.note(entry, taken)
        for other in self.groups.others(entry):
            told = other.give_way(taken)
            if other.is_done:
                self.drop(other)
                told = other.update(
                    _S.CANCELLED, f'{entry.order.id} was filled'
                )
            reports.append(told)

    def _end_group(
        self, entry: resting.Resting, how: str, reports: list[Report]
    ) -> None:
        """Cancels what still works of a group of which one has ended."""
        for other in self.groups.others(entry):
            self.drop(other)
            reports.append(
                other.update(_S.CANCELLED, f'{entry.order.id} was {how}')
            )

    def _fill(
        self,
        entry: resting.Resting,
        bar: market.MarketData,
        quantity: float,
        price: float,
        code: int,
    ) -> orders.Fill:
        """Books a fill and reports it.

        The id follows from the order and the bar, so that a bar that is played
        again after a restart makes no second fill.
        """
        price, fee = self.pricing.paid(entry, bar, quantity, price, code)
        order, now = entry.order, bar.timestamp
        entry.book(quantity, price, fee, now)
        return orders.Fill(
            order_id=order.id,
            execution_id=f'{order.id}-{now}',
            symbol=order.symbol,
            side=order.side,
            quantity=quantity,
            price=price,
            fee=fee,
            timestamp=now,
            tag=self.tags[code],
        )

    def _ends_before(
        self, entry: resting.Resting, opened: int, reports: list[Report]
    ) -> bool:
        """Whether a cancel took an order out before a bar opened."""
        reports += self._latency.arrive(entry, opened)
        gone = entry.is_gone(opened)
        if gone:
            self.drop(entry)
        return gone
