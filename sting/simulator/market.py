"""A simulated market that works orders on bars."""

from collections.abc import Callable
from collections.abc import Container
from collections.abc import Iterable
from collections.abc import Mapping
import copy

from sting.model import checks
from sting.model import corporate
from sting.model import errors
from sting.model import market
from sting.model import orders
from sting.model import records
from sting.simulator import costs as costs_lib
from sting.simulator import fills
from sting.simulator import floor
from sting.simulator import groups
from sting.simulator import hours
from sting.simulator import latency as latency_lib
from sting.simulator import matching
from sting.simulator import modes
from sting.simulator import pricing
from sting.simulator import resting

Report = floor.Report

_S = orders.OrderStatus
_ACCEPTED = _S.ACCEPTED


class MarketSimulator:
    """Works orders on bars, by the rules of `fills`.

    An order fills only on closed bars stamped later than its decision and
    later than its arrival, at most once a bar. All orders of a symbol together
    get at most a share of a bar's volume, in order of arrival; what is left
    stays working. The market is a function of what it was told: no clock, no
    random number.

    An order's time in force is counted from its decision, `Order.created`:
    GTC works until it is filled or cancelled; DAY until the first session
    close after the decision; GTD until `Order.expires`, a bar closing at that
    very moment included; IOC and FOK have one bar, the first on which they are
    live (a stop first waits for its trigger).

    The trigger of a trailing stop begins at its distance from the last close
    (from the first open, where no bar was seen yet). It follows the extremes
    of closed bars, each only after that bar was held against the trigger as it
    stood: the worse for the order, since a bar does not say what came first.
    (So it is with `next_open`; the other modes of filling, see `modes`, decide
    otherwise what a bar leaves open.)

    A market-on-open order fills at the open of the first bar that closes after
    the next opening of a session, a market-on-close order at the close of the
    bar that ends with the session. What they do not get there is cancelled;
    they need no DAY to end.

    What one order of a group (`Order.oco`) fills is taken away from the others
    at once, and they are cancelled when nothing is left or it expires. Attached
    exits (`Order.parent`) never take what their owner holds past zero. In what
    order a bar meets all these is in `groups`.

    With a latency an order, a cancel and a change reach the market that much
    later than they were sent, and count for bars that open then or later: what
    came of the bar in between is not known. So a cancel on its way loses
    against a fill, and finer bars give finer answers. That an order is
    accepted, or cannot be, is told at once.
    """

    def __init__(
        self,
        costs: costs_lib.CostModel | None = None,
        *,
        participation: float = 0.25,
        session_close: Callable[[int], int] | None = None,
        session_open: Callable[[int], int] | None = None,
        touch_fills: bool = False,
        fill: str = 'next_open',
    ) -> None:
        """Opens the market, without orders.

        Args:
            costs: What it charges; None for nothing.
            participation: Share of a bar's volume, above 0 and at most 1.
            session_close: Gives the first session close at or after a moment,
                both in nanoseconds since the epoch, UTC. Without it DAY and
                market-on-close orders are rejected.
            session_open: The same of session openings, for market-on-open
                orders.
            touch_fills: A limit that a bar only touches is filled.
            fill: How it is decided what a bar leaves open: one of
                `modes.NAMES`.

        Raises:
            errors.ConfigError: The participation is no share, or there is no
                such mode of filling.
        """
        if not 0 < participation <= 1:
            raise errors.ConfigError(
                f'participation {participation:g} must be above 0 and at most 1'
            )
        model = costs or costs_lib.CostModel()
        priced = pricing.Pricing(model)
        latency = latency_lib.Latency(model.latency_ms, session_open)
        mode = modes.number(fill)
        self._charges = priced.charges
        self._delay = latency.delay
        self._hours = hours.Hours(session_open, session_close, latency.delay)
        self._floor = floor.Floor(
            priced,
            latency,
            participation=participation,
            mode=mode,
            touch_fills=modes.fills_on_touch(mode, touch_fills),
        )
        self._closes: dict[str, float] = {}

    def know(
        self, holding: groups.Holding, reducing: Container[str] = ()
    ) -> None:
        """Lets it ask what the owner of an attached exit holds.

        Args:
            holding: Asked before one fills; without it one fills for whatever
                quantity it has.
            reducing: Ids of other orders that only reduce what is held, such
                as a lender's; looked up whenever one fills.
        """
        self._floor.groups.holding = holding
        self._floor.groups.reducing = reducing

    @property
    def concerned(self) -> Container[str]:
        """The symbols whose next bar has to be shown to it, at any moment.

        Of the others it needs to know no more than the last close, before the
        next order comes.
        """
        return self._floor.by_symbol

    def pass_over(self, stretch: market.Stretch, start: int, end: int) -> None:
        """Takes closed bars of symbols that have no order here.

        Args:
            stretch: Where they are.
            start: The place of the first of them.
            end: The place behind the last.
        """
        if self._charges is not None:
            for bar in stretch.bars[start:end]:
                self._charges.show(bar)
        if stretch.of_one and start < end:
            # Only the last close is ever asked for.
            self._closes[stretch.symbols[0]] = stretch.closes[end - 1]
            return
        rows = slice(start, end)
        self._closes.update(
            zip(stretch.symbols[rows], stretch.closes[rows], strict=True)
        )

    def submit(self, order: orders.Order, timestamp: int) -> list[Report]:
        """Takes a new order.

        Args:
            order: The order; `created` is the moment of its decision.
            timestamp: When it arrives, nanoseconds since the epoch, UTC.

        Returns:
            That it is accepted, or rejected and why.

        Raises:
            errors.StateError: An order of this id works already.
        """
        if checks.is_plain(order):
            return [self.accept(order, timestamp)]
        self._check_new(order)
        message = self._hours.refusal(order, timestamp)
        if message:
            return [
                orders.OrderUpdate(
                    order_id=order.id, status=_S.REJECTED, message=message
                )
            ]
        entry = resting.Resting.of(
            order,
            after=max(order.created, timestamp),
            expires=self._hours.expiry(order),
            due=self._hours.due(order),
        )
        # The exits of an order lie at the market with it, and the moment of an
        # auction has the delay in it.
        if self._delay and not order.parent and not entry.due:
            entry.arrives = timestamp + self._delay
        entry.updated = timestamp
        self._floor.add(entry)
        if entry.trails and order.symbol in self._closes:
            entry.follow(self._closes[order.symbol], timestamp)
            return [entry.moved()]
        return [entry.update(entry.status)]

    def accept(self, order: orders.Order, timestamp: int) -> orders.OrderUpdate:
        """Takes a new plain order, which nothing can be said against.

        Args:
            order: One that `checks.is_plain`; as for `submit`.
            timestamp: When it arrives, nanoseconds since the epoch, UTC.

        Returns:
            That it is accepted.

        Raises:
            errors.StateError: An order of this id works already.
        """
        self._check_new(order)
        created = order.created
        entry = resting.Resting(
            order,
            fills.MARKET,
            order.side.sign,
            order.quantity,
            after=created if created > timestamp else timestamp,
            updated=timestamp,
            plain=not (order.parent or order.oco),
        )
        if self._delay and not order.parent:
            entry.arrives = timestamp + self._delay
        self._floor.add(entry)
        return entry.update(_ACCEPTED)

    def _check_new(self, order: orders.Order) -> None:
        if order.id in self._floor.by_id:
            raise errors.StateError(f'order {order.id} is working already')

    def cancel(self, order_id: str, timestamp: int) -> list[Report]:
        """Takes an order out.

        Args:
            order_id: The order.
            timestamp: When, nanoseconds since the epoch, UTC.

        Returns:
            That it is cancelled, or that it had expired before; nothing while
            the cancel is on its way.

        Raises:
            errors.BrokerRejectedError: No such order works; nothing changed.
        """
        entry = self._floor.find(order_id)
        if self._delay:
            entry.leaves = entry.leaves or timestamp + self._delay
            return []
        self._floor.drop(entry)
        late = entry.is_late(timestamp)
        return [entry.update(_S.EXPIRED if late else _S.CANCELLED)]

    def cancel_all(
        self,
        timestamp: int,
        symbol: str | None = None,
        message: str = '',
        *,
        keep: Container[str] = (),
    ) -> list[Report]:
        """Takes all orders out, or those of one symbol, in order of arrival.

        At once, whatever the latency: it is the market's own doing.

        Args:
            timestamp: When, nanoseconds since the epoch, UTC.
            symbol: The instrument; None for all.
            message: Why, for the reports.
            keep: Ids of orders that stay.

        Returns:
            For each that it is cancelled, or that it had expired before.
        """
        chosen = (
            self._floor.by_id
            if symbol is None
            else self._floor.by_symbol.get(symbol)
        )
        reports: list[Report] = []
        for entry in list((chosen or {}).values()):
            if entry.order.id in keep:
                continue
            self._floor.drop(entry)
            late = entry.is_late(timestamp)
            reports.append(
                entry.update(_S.EXPIRED)
                if late
                else entry.update(_S.CANCELLED, message)
            )
        return reports

    def replace(
        self,
        order_id: str,
        timestamp: int,
        quantity: float | None = None,
        price: float | None = None,
        stop_price: float | None = None,
    ) -> list[Report]:
        """Changes a working order, which keeps its place.

        The new terms hold for bars stamped later than the change.

        Args:
            order_id: The order.
            timestamp: When, nanoseconds since the epoch, UTC.
            quantity: Units wanted in all, with what is filled; None to keep.
            price: The limit; None to keep.
            stop_price: The trigger; None to keep.

        Returns:
            The new terms, or that the order had expired before. With a latency
            nothing yet: a bar that opens later has the answer.

        Raises:
            errors.BrokerRejectedError: No such order works, or the new terms
                make no sense; nothing changed.
        """
        entry = self._floor.find(order_id)
        if entry.is_late(timestamp):
            self._floor.drop(entry)
            return [entry.update(_S.EXPIRED)]
        if self._delay:
            # What makes no sense is told at once.
            copy.copy(entry).change(timestamp, quantity, price, stop_price)
            terms = quantity, price, stop_price
            entry.coming.append((timestamp + self._delay, *terms))
            return []
        return [entry.change(timestamp, quantity, price, stop_price)]

    def on_bar(self, bar: market.MarketData) -> list[Report]:
        """Holds the symbol's orders against a bar.

        Args:
            bar: The bar; one that is not closed yet changes nothing.

        Returns:
            What became of the orders, in order of arrival; with `path` in
            the order in which the path meets them.
        """
        if not bar.closed:
            return []
        self._floor.groups.begin()
        return self._take(bar)

    def on_parts(self, bars: Iterable[market.MarketData]) -> list[Report]:
        """Holds the symbol's orders against the parts of one bar.

        What they make of it is told of in one go, so that until then nobody
        knows what was traded on the first of them.

        Args:
            bars: Closed bars, which follow one another.

        Returns:
            What became of the orders; see `on_bar`.
        """
        self._floor.groups.begin()
        return [report for bar in bars for report in self._take(bar)]

    def _take(self, bar: market.MarketData) -> list[Report]:
        symbol = bar.symbol
        self._closes[symbol] = bar.close
        entries = self._floor.by_symbol.get(symbol)
        reports: list[Report] = []
        if entries is not None:
            self._floor.hold(bar, list(entries.values()), reports)
        if self._charges is not None:
            self._charges.show(bar)
        return reports

    def act(self, action: records.CorporateAction, timestamp: int) -> None:
        """Takes a corporate action, before the first bar after it.

        A split gives its orders new units. What a delisting leaves working is
        for the engine to cancel.

        Args:
            action: What became of an instrument.
            timestamp: When, nanoseconds since the epoch, UTC.
        """
        symbol = action.symbol
        if symbol in self._closes:
            self._closes[symbol] = corporate.price_after(
                self._closes[symbol], action
            )
        if action.kind is records.ActionKind.SPLIT:
            for entry in self._floor.by_symbol.get(symbol, {}).values():
                entry.split(action.ratio, timestamp)
            if self._charges is not None:
                self._charges.split(symbol, action.ratio)

    def is_unsure(self, bar: market.MarketData) -> bool:
        """Whether a bar leaves open what becomes of the symbol's orders.

        Args:
            bar: A closed bar.
        """
        line = [
            each
            for each in self._floor.by_symbol.get(bar.symbol, {}).values()
            if bar.timestamp > each.after and bar.timestamp >= each.due
        ]
        return matching.is_unsure(line, bar)

    def restore(
        self,
        working: Iterable[orders.Order],
        closes: Mapping[str, float] | None = None,
    ) -> None:
        """Puts orders back as they stood, for a restart from the log.

        Args:
            working: Orders that worked here, in order of arrival, with what is
                filled of them.
            closes: The last close by symbol.

        Raises:
            errors.StateError: An order of one of these ids works already.
        """
        self._closes.update(closes or {})
        if self._charges is not None:
            self._charges.restore(closes or {})
        for order in working:
            if order.id in self._floor.by_id:
                raise errors.StateError(f'order {order.id} is working already')
            self._floor.add(
                resting.Resting.of(
                    order,
                    after=max(order.created, order.updated),
                    expires=self._hours.expiry(order),
                    due=self._hours.due(order),
                )
            )

    def working(self) -> list[orders.Order]:
        """Gives the working orders as they stand, in order of arrival."""
        return [entry.as_order() for entry in self._floor.by_id.values()]
