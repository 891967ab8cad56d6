"""AbstractStrategy: what every strategy is, and what it can do and read."""

import abc
from collections.abc import Mapping
import datetime
from typing import Any

from sting.model import checks
from sting.model import errors
from sting.model import market
from sting.model import orders
from sting.model import portfolio
from sting.model import records
from sting.strategy import context
from sting.strategy import frames
from sting.strategy import handles
from sting.strategy import indicators
from sting.strategy import parameters as parameter_table
from sting.strategy import plain


class AbstractStrategy(abc.ABC):  # noqa: B024 - every callback is optional.
    """A strategy: it hears what happens and says what it wants.

    Override the callbacks that matter. Each is answered before the next event
    comes. The verbs (`buy`, `sell`, ...) do nothing by themselves: they queue
    a signal that the engine turns into an order, through risk.

    Attributes:
        parameters: On the class, name to `Parameter`; on an instance, name to
            value.
        timeframes: The bars that it is given, such as ('1m', '1h'); empty for
            those that the feed has. strategy.yaml can say otherwise.
        name: Of this instance, as configured.
        clock: `clock.now()` is the time of the event being answered.
        log: `log.info(text)` and `log.warning(text)`.
        portfolio: The strategy's own book: what its own fills left it with.
    """

    parameters: Mapping[str, Any] = {}
    timeframes: tuple[str, ...] = ()

    def __init__(self, name: str, parameters: Mapping[str, Any]) -> None:
        """Sets up an instance; a subclass calls this first.

        Args:
            name: The instance's name.
            parameters: Values, or their texts, by name; defaults for the rest.

        Raises:
            errors.StrategyError: A parameter is unknown or not allowed.
        """
        self._context = context.Context(name)
        self.name = name
        self.parameters = parameter_table.resolve(
            type(self).parameters, parameters
        )
        self.clock = self._context.clock
        self.log = self._context.log
        self.portfolio = portfolio.Portfolio()

    # What it hears.

    async def on_start(self) -> None:
        """Called once, before the first event."""
        return

    async def on_market_data(self, data: market.MarketData) -> None:
        """Called with each closed bar, after the indicators have taken it."""
        return

    async def on_quote(self, quote: market.Quote) -> None:
        """Called with each quote, where the feed has them."""
        return

    async def on_trade(self, trade: market.Trade) -> None:
        """Called with each trade in the market, where the feed has them."""
        return

    async def on_order_update(self, order: orders.Order) -> None:
        """Called when one of its orders changed."""
        return

    async def on_position_update(self, position: portfolio.Position) -> None:
        """Called after one of its fills was booked, with its own position."""
        return

    async def on_data_issue(self, issue: market.DataIssue) -> None:
        """Called when something is wrong with the data of its symbols."""
        return

    async def on_corporate_action(
        self, action: records.CorporateAction
    ) -> None:
        """Called when one of its symbols is split, delisted or pays.

        Its own book and its working orders have changed already. Prices that
        it keeps itself are of before a split.
        """
        return

    async def on_stop(self) -> None:
        """Called once, after the last event."""
        return

    def save_state(self) -> dict[str, Any]:
        """Gives what it has to know again after a restart.

        Its book, its orders and the values of its indicators need not be in
        it; they come back by themselves.

        Returns:
            What can be written as JSON, at most 1 MB and 100 levels, no nan
            nor infinity; what is empty is not kept.
        """
        return {}

    def load_state(self, state: dict[str, Any]) -> None:
        """Takes what `save_state` gave, after `on_start`.

        Args:
            state: Back from JSON: keys are texts, tuples are lists.
        """
        return

    def generate_signals(self) -> list[orders.Signal]:
        """Gives what it wants; asked after every callback.

        Returns:
            What the verbs queued since it was last asked.
        """
        wanted = self._context.queue
        self._context.queue = []
        return wanted

    # What it can do.

    def buy(
        self,
        symbol: str,
        quantity: float | None = None,
        type: orders.OrderType = orders.OrderType.MARKET,
        price: float | None = None,
        stop_price: float | None = None,
        trail: float | str | None = None,
        take_profit: float | None = None,
        stop_loss: float | None = None,
        time_in_force: orders.TimeInForce = orders.TimeInForce.GTC,
        reason: str = '',
        oco: str = '',
        expires: int | datetime.datetime | None = None,
        extended_hours: bool = False,
    ) -> str:
        """Wants to buy.

        Args:
            symbol: The instrument.
            quantity: Units; None leaves it to the sizing.
            type: How the order gets its price.
            price: The limit.
            stop_price: The trigger.
            trail: An amount, or a per cent as '2%'.
            take_profit: Price of an exit to attach: its fills put a limit
                order there, which works from the next bar on.
            stop_loss: Trigger of an exit to attach, a stop order. Of the two
                one cancels the other.
            time_in_force: How long the order works.
            reason: Why, for the log.
            oco: A name that orders of this symbol share of which one cancels
                the others: what one of them is filled for is taken from the
                rest.
            expires: The moment at which a GTD order ends: a datetime with a
                time zone, such as `data.time` with some days more, or
                nanoseconds since the epoch.
            extended_hours: Whether it may also trade before and after the
                hours of the exchange, where the broker can; in simulated
                markets it changes nothing.

        Returns:
            The id that the order will have.

        Raises:
            errors.OrderError: The order makes no sense by itself.
        """
        return self.__order(
            orders.OrderSide.BUY,
            symbol,
            quantity,
            type,
            price,
            stop_price,
            trail,
            take_profit,
            stop_loss,
            time_in_force,
            reason,
            oco,
            expires,
            extended_hours,
        )

    def sell(
        self,
        symbol: str,
        quantity: float | None = None,
        type: orders.OrderType = orders.OrderType.MARKET,
        price: float | None = None,
        stop_price: float | None = None,
        trail: float | str | None = None,
        take_profit: float | None = None,
        stop_loss: float | None = None,
        time_in_force: orders.TimeInForce = orders.TimeInForce.GTC,
        reason: str = '',
        oco: str = '',
        expires: int | datetime.datetime | None = None,
        extended_hours: bool = False,
    ) -> str:
        """Wants to sell; the arguments are those of `buy`.

        Returns:
            The id that the order will have.

        Raises:
            errors.OrderError: The order makes no sense by itself.
        """
        return self.__order(
            orders.OrderSide.SELL,
            symbol,
            quantity,
            type,
            price,
            stop_price,
            trail,
            take_profit,
            stop_loss,
            time_in_force,
            reason,
            oco,
            expires,
            extended_hours,
        )

    def target(self, symbol: str, quantity: float, reason: str = '') -> str:
        """Wants a position of this size, counting orders that work already.

        Not counted are orders that are being cancelled, and stops that wait
        behind the position. A target of 0 is a close.

        Args:
            symbol: The instrument.
            quantity: Units to hold, negative for short.
            reason: Why, for the log.

        Returns:
            The id that the order will have, if one is needed.

        Raises:
            errors.OrderError: The quantity is not a finite number.
        """
        return self.__queue(
            symbol,
            orders.SignalKind.TARGET,
            reason,
            quantity=plain.number('target quantity', quantity),
        )

    def target_weight(
        self, symbol: str, weight: float, reason: str = ''
    ) -> str:
        """Wants a position of this share of the portfolio's value.

        That is the account's equity, or where strategy.yaml gives it a
        capital of its own, that and what it has made of it.

        What counts as there already is the same as for `target`.

        Args:
            symbol: The instrument.
            weight: The share, 1 for all of it, negative for short.
            reason: Why, for the log.

        Returns:
            The id that the order will have, if one is needed.

        Raises:
            errors.OrderError: The weight is not a finite number.
        """
        return self.__queue(
            symbol,
            orders.SignalKind.TARGET_WEIGHT,
            reason,
            weight=plain.number('target weight', weight),
        )

    def close(self, symbol: str, reason: str = '') -> str:
        """Wants to be out of a symbol.

        Its own working orders of the symbol are cancelled first, stops too;
        once they are gone what is held then is closed at the market. Until
        then its other orders of the symbol are denied.

        Args:
            symbol: The instrument.
            reason: Why, for the log.

        Returns:
            The id that the order will have, if one is needed.

        Raises:
            errors.OrderError: It is not a symbol.
        """
        return self.__queue(symbol, orders.SignalKind.CLOSE, reason)

    def cancel(self, order_id: str) -> str:
        """Wants one of its orders cancelled.

        Args:
            order_id: What the verb returned that made it.

        Returns:
            The same id.

        Raises:
            errors.OrderError: The id is empty.
        """
        if not order_id or not isinstance(order_id, str):
            raise errors.OrderError('a cancel needs the id of an order')
        wanted = plain.signal(
            symbol='',
            kind=orders.SignalKind.CANCEL,
            order_id=order_id,
            strategy=self._context.name,
            code=self._context.code,
        )
        self._context.queue.append(wanted)
        return wanted.order_id

    # What it can read.

    def indicator(
        self,
        kind: type[indicators.Indicator],
        *,
        symbol: str | None = None,
        timeframe: str = '',
        **options: Any,
    ) -> handles.Handle:
        """Asks for an indicator, kept up to date before `on_market_data`.

        One of a longer timeframe shows the value of the last closed bar of
        that timeframe, also while shorter bars are answered.

        Args:
            kind: Its class, such as `indicators.SMA`.
            symbol: The only instrument it is for; None gives each symbol one
                of its own.
            timeframe: Of the bars it is given; they are built where need be,
                whether the strategy asks for them or not. '' for the first of
                `timeframes`, or the feed's own.
            **options: What the class takes, such as `period=10`.

        Returns:
            A handle with `value`, `previous` and `ready`.

        Raises:
            errors.StrategyError: The class does not take such options, or
                there are no bars of that timeframe.
        """
        if timeframe:
            frames.checked((timeframe,))
        handle = handles.Handle(kind, options, symbol, timeframe)
        self._context.add(handle)
        return handle

    def position(self, symbol: str) -> portfolio.Position:
        """Gives its own position in a symbol, a flat one if it has none."""
        held = self.portfolio.positions.get(symbol)
        return portfolio.Position(symbol=symbol) if held is None else held

    def __order(
        self,
        side: orders.OrderSide,
        symbol: str,
        quantity: float | None,
        kind: orders.OrderType,
        price: float | None,
        stop_price: float | None,
        trail: float | str | None,
        take_profit: float | None,
        stop_loss: float | None,
        time_in_force: orders.TimeInForce,
        reason: str,
        oco: str,
        expires: int | datetime.datetime | None,
        extended_hours: bool,
    ) -> str:
        """Checks an order and queues it."""
        shared = self._context
        if (
            type(reason) is str
            and reason.isascii()
            and oco == ''
            and (extended_hours is False)
        ):
            # Most orders are plain, and what is plain needs no more looks.
            wanted = orders.Signal(
                symbol=symbol,
                side=side,
                quantity=quantity,
                type=kind,
                price=price,
                stop_price=stop_price,
                trail=trail,
                take_profit=take_profit,
                stop_loss=stop_loss,
                time_in_force=time_in_force,
                expires=expires,  # type: ignore[arg-type] # A look follows.
                reason=reason,
                strategy=shared.name,
                code=shared.code,
            )
            if checks.is_plain(wanted):
                return shared.want(wanted)
        wanted = plain.signal(
            symbol=symbol,
            side=side,
            quantity=quantity,
            type=kind,
            price=price,
            stop_price=stop_price,
            trail=trail,
            take_profit=take_profit,
            stop_loss=stop_loss,
            time_in_force=time_in_force,
            expires=expires,
            reason=reason,
            oco=oco,
            extended_hours=extended_hours,
            strategy=shared.name,
            code=shared.code,
        )
        checks.check_time(wanted.time_in_force, wanted.expires)
        checks.check_order(
            symbol=wanted.symbol,
            # The sizing will find a quantity that makes sense.
            quantity=1.0 if wanted.quantity is None else wanted.quantity,
            type=wanted.type,
            price=wanted.price,
            stop_price=wanted.stop_price,
        )
        checks.check_exits(
            side=side,
            price=wanted.price,
            stop_price=wanted.stop_price,
            take_profit=wanted.take_profit,
            stop_loss=wanted.stop_loss,
        )
        trails = wanted.type is orders.OrderType.TRAILING_STOP
        if (trail is not None) != trails:
            raise errors.OrderError(
                f'a {wanted.type} order '
                f'{"needs a" if trails else "takes no"} trail'
            )
        if trails:
            checks.parse_trail(wanted.trail)
        return shared.want(wanted)

    def __queue(
        self,
        symbol: str,
        kind: orders.SignalKind,
        reason: str,
        **fields: Any,
    ) -> str:
        """Checks a wish other than an order and queues it."""
        wanted = plain.signal(
            symbol=symbol,
            kind=kind,
            reason=reason,
            strategy=self._context.name,
            code=self._context.code,
            **fields,
        )
        checks.check_order(
            symbol=wanted.symbol,
            quantity=1.0,
            type=wanted.type,
            price=None,
            stop_price=None,
        )
        return self._context.want(wanted)
