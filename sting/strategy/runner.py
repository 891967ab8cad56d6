"""The one thing that feeds a strategy, in a backtest and live alike."""

import asyncio
from collections.abc import Callable
from collections.abc import Container
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from typing import Any

import msgspec

from sting.model import corporate
from sting.model import errors
from sting.model import market
from sting.model import orders
from sting.model import portfolio
from sting.model import records
from sting.model import sizing as sizings
from sting.strategy import base
from sting.strategy import blame
from sting.strategy import context
from sting.strategy import frames
from sting.strategy import handles
from sting.strategy import indicators
from sting.strategy import plain
from sting.strategy import saved
from sting.strategy import sizing as figures


def _plain(value: Any) -> Any:
    """Gives for a number of numpy's one of Python's."""
    plainer = plain.scalar(value)
    if plainer is value:
        raise TypeError(f'{value!r} cannot be written as JSON')
    return plainer


_json = msgspec.json.Encoder(enc_hook=_plain)

# What nobody wants to hear about is answered with this, at no cost.
_NOTHING: Sequence[orders.Signal] = ()
_DEAF = (
    'the data are bars, and it decides in on_quote alone: nothing will be '
    'traded on them; write on_market_data, or give it data of quotes'
)


class StrategyRunner:
    """Hands events to a strategy and takes what it wants.

    Whatever a strategy raises, SystemExit too, comes out as a StrategyError
    that names the line of the user's code.

    Attributes:
        strategy: The instance that is fed.
        name: The instance's name.
        number: Its number in order ids, from 1.
    """

    __slots__ = (
        '_context',
        '_deaf',
        '_default_signals',
        '_hears',
        '_hears_orders',
        '_hears_positions',
        '_on_bar',
        '_sized_by',
        'name',
        'number',
        'strategy',
    )

    def __init__(
        self,
        strategy: base.AbstractStrategy,
        *,
        number: int,
        log: str,
        code: str = '',
        timeframes: tuple[str, ...] = (),
        sessions: frames.Sessions | None = None,
        sizing: sizings.Sizing | None = None,
    ) -> None:
        """Makes a runner.

        Args:
            strategy: The instance to feed.
            number: Its number in order ids, from 1.
            log: The id of the log, the start of every order id.
            code: Hash of the code that runs, for its signals; empty in
                backtests.
            timeframes: What the strategy is given; empty for what its class
                says.
            sessions: Tells when the exchange trades; called when the first
                longer bar is to be built.
            sizing: How its orders are sized that name no quantity.

        Raises:
            errors.StrategyError: There are no such timeframes.
        """
        self.strategy = strategy
        self.number = number
        self._context = strategy._context
        self._context.ids = (log, number)
        strategy.timeframes = frames.checked(timeframes or strategy.timeframes)
        self._context.frames.ask(strategy.timeframes, sessions)
        self._context.code = code
        self._sized_by = figures.ask(strategy, sizing)
        # Its own `name` is the strategy's to change.
        self.name = self._context.name
        kind = type(strategy)
        self._hears = frozenset(
            name
            for name, inherited in vars(base.AbstractStrategy).items()
            if name.startswith('on_') and getattr(kind, name) is not inherited
        )
        self._on_bar = (
            strategy.on_market_data if 'on_market_data' in self._hears else None
        )
        self._default_signals = (
            kind.generate_signals is base.AbstractStrategy.generate_signals
        )
        self._hears_orders = 'on_order_update' in self._hears
        self._hears_positions = 'on_position_update' in self._hears
        # It decides on quotes alone, which where bars come is told once.
        self._deaf = (
            'on_quote' in self._hears
            and self._on_bar is None
            and self._default_signals
        )

    def take_log(self) -> list[context.LogLine]:
        """Gives what the strategy wrote since the last call."""
        return self._context.log.take()

    async def start(
        self, timestamp: int, seq: int = 0
    ) -> Sequence[orders.Signal]:
        """Starts the strategy.

        Args:
            timestamp: The time of the start, nanoseconds, UTC.
            seq: Number of the event that starts it.

        Returns:
            What the strategy wants.

        Raises:
            errors.StrategyError: Its code raised.
        """
        self._begin(seq, timestamp)
        return await self._call('on_start')

    async def stop(
        self, timestamp: int, seq: int = 0
    ) -> Sequence[orders.Signal]:
        """Stops the strategy; as `start`."""
        self._begin(seq, timestamp)
        return await self._call('on_stop')

    def save_state(self, limit: int) -> bytes:
        """Asks the strategy for its state.

        Args:
            limit: The most bytes that it may have.

        Returns:
            JSON; empty where the strategy keeps none.

        Raises:
            errors.StrategyError: Its code raised, or what it gave cannot be
                kept.
        """
        maker = self.strategy.save_state
        try:
            state = maker()
            if not isinstance(state, dict):
                raise TypeError(f'save_state gave {state!r}, not a dict')
            # As texts and lists, but nan is still there to be seen.
            state = msgspec.to_builtins(state, str_keys=True, enc_hook=_plain)
            wrong = saved.fault(state)
            if wrong:
                raise ValueError(f'save_state: {wrong}')
            raw = _json.encode(state) if state else b''
            if len(raw) > limit:
                raise ValueError(
                    f'save_state gave {len(raw):,} bytes; {limit:,} are allowed'
                )
        except BaseException as error:
            raise self._failure(error, maker=maker) from error
        return raw

    def load_state(self, raw: bytes) -> None:
        """Hands a state back to the strategy.

        Args:
            raw: As `save_state` gave it.

        Raises:
            errors.StrategyError: Its code raised.
        """
        maker = self.strategy.load_state
        try:
            maker(msgspec.json.decode(raw))
        except BaseException as error:
            raise self._failure(error, maker=maker) from error

    async def recall(
        self, timestamp: int, working: Sequence[orders.Order]
    ) -> Sequence[orders.Signal]:
        """Tells of the orders that work already, as part of the start.

        Args:
            timestamp: The time of the start, nanoseconds, UTC.
            working: The orders.

        Returns:
            What the strategy wants.

        Raises:
            errors.StrategyError: Its code raised.
        """
        wanted: list[orders.Signal] = []
        self._context.clock.time = timestamp
        for order in working:
            self._context.select(order.symbol)
            wanted += await self._call('on_order_update', order)
        return wanted

    def adopt(self, book: portfolio.Portfolio) -> None:
        """Takes over what the strategy held before: a copy of its book.

        Args:
            book: As the engine keeps it.
        """
        self.strategy.portfolio = book.copy()

    def expect(self, timeframe: str) -> None:
        """Says of which timeframe the bars will be, before the first comes.

        Args:
            timeframe: Of the feed's bars.

        Raises:
            errors.StrategyError: What the strategy asks for cannot be built
                of them.
        """
        try:
            self._context.frames.expect(timeframe)
        except errors.StrategyError as error:
            path = blame.source_of(type(self.strategy))
            raise errors.StrategyError(str(error), path=path) from None

    def expect_quotes(self) -> None:
        """Says that there will be quotes and no bars; as `expect`.

        Raises:
            errors.StrategyError: The strategy does not hear of quotes, or it
                needs bars.
        """
        fault = ''
        if 'on_quote' not in self._hears:
            fault = 'it has no on_quote'
        elif self._context.handles:
            fault = 'its indicators are updated by bars'
        if fault:
            path = blame.source_of(type(self.strategy))
            raise errors.StrategyError(f'{fault}; {frames.NO_BARS}', path=path)
        self.expect(frames.QUOTES)

    @property
    def built(self) -> Sequence[str]:
        """The longer timeframes that are built for it, once it is started."""
        return self._context.frames.built

    def preload(self, symbol: str, columns: indicators.Columns) -> None:
        """Has the indicators work out a symbol's coming bars all at once.

        It saves time and changes nothing. Call it after `start` and before
        the first bar.

        Args:
            symbol: The instrument.
            columns: Open, high, low, close and volume of exactly the bars
                that `market_data` will be given.

        Raises:
            errors.StrategyError: An indicator raised, or it is too late.
        """
        try:
            self._context.preload(symbol, columns)
        except BaseException as error:
            raise self._failure(error) from error

    def lines(self, symbol: str) -> Sequence[handles.Line]:
        """Gives the lines of all indicators of a symbol, as they are now."""
        return self._context.lines(symbol)

    def warm_up(self, bar: market.MarketData) -> None:
        """Hands a bar of the past to the indicators alone.

        Args:
            bar: A closed bar; the next one of its symbol is newer.

        Raises:
            errors.StrategyError: An indicator raised.
        """
        shared = self._context
        shared.clock.time = bar.timestamp
        try:
            if shared.frames.active:
                for group in shared.frames.take(bar):
                    self._update(group)
            else:
                shared.update(bar)
        except BaseException as error:
            raise self._failure(error) from error

    async def market_data(
        self, seq: int, bar: market.MarketData
    ) -> Sequence[orders.Signal]:
        """Hands a closed bar to the indicators, then to the strategy.

        Args:
            seq: The event's number.
            bar: A closed bar of one of its symbols.

        Returns:
            What the strategy wants.

        Raises:
            errors.StrategyError: Its code raised.
        """
        shared = self._context
        shared.clock.time = bar.timestamp
        shared.event = seq
        shared.made = 0
        try:
            if shared.frames.active:
                await self._answer_all(bar)
            else:
                shared.update(bar)
                if self._on_bar is not None:
                    await self._on_bar(bar)
                elif self._deaf:
                    self._tell_deaf()
        except BaseException as error:
            raise self._failure(error) from error
        if self._default_signals and not shared.queue:
            return _NOTHING
        return self._wanted()

    async def pass_on(
        self,
        seq: int,
        bars: Iterator[market.MarketData],
        concerned: Container[str],
        symbol: str = '',
    ) -> tuple[int, market.MarketData | None, Sequence[orders.Signal]]:
        """Does as `market_data` for one bar after another.

        Until the strategy wants something, or a bar has to be shown to
        somebody else first, or there are no more.

        Args:
            seq: Number of the last event before them.
            bars: Closed bars; what is taken from it was handed to the
                strategy, but for the one that is given back.
            concerned: The symbols whose bars somebody else has to see first;
                it does not change meanwhile.
            symbol: The one that all bars are of; empty where they may be of
                several.

        Returns:
            The number of the last bar that the strategy was given, the bar
            that was not, if there is one, and what the strategy wants.

        Raises:
            errors.StrategyError: Its code raised.
        """
        if self._deaf:
            self._tell_deaf()
        # Of what wants something the engine hears at once.
        self._context.made = 0
        if not symbol:
            return await self._pass_on_many(seq, bars, concerned)
        if symbol in concerned:
            return seq, next(bars, None), _NOTHING
        # What was answered last may have been of another symbol.
        self._context.select(symbol)
        plan = self._context.plans.get(symbol)
        if plan is not None and self._default_signals:
            seq, wanted = await self._pass_on_ready(seq, bars, plan)
            if wanted:
                return seq, None, wanted
        return await self._pass_on_one(seq, bars, symbol)

    def _tell_deaf(self) -> None:
        """Tells, once, that nothing will come of the bars."""
        self._deaf = False
        self._context.log.warning(_DEAF)

    async def _pass_on_many(
        self,
        seq: int,
        bars: Iterator[market.MarketData],
        concerned: Container[str],
    ) -> tuple[int, market.MarketData | None, Sequence[orders.Signal]]:
        """Does as `pass_on` for bars of several symbols."""
        # A backtest is here for most of its time: no calls that can be
        # avoided.
        shared = self._context
        moment, framed, plans = shared.clock, shared.frames, shared.plans
        on_bar, default = self._on_bar, self._default_signals
        for bar in bars:
            symbol = bar.symbol
            if symbol in concerned:
                return seq, bar, _NOTHING
            seq += 1
            moment.time = bar.timestamp
            shared.event = seq
            try:
                if framed.active:
                    await self._answer_all(bar)
                else:
                    plan = plans.get(symbol)
                    if plan is None or plan.stepped:
                        shared.update(bar)
                    else:
                        shared.symbol = symbol
                        for line, take in plan.ready:
                            line.previous, line.value = take()
                    if on_bar is not None:
                        await on_bar(bar)
            except BaseException as error:
                raise self._failure(error) from error
            if not default or shared.queue:
                wanted = self._wanted()
                if wanted:
                    return seq, None, wanted
                shared.made = 0
        return seq, None, _NOTHING

    async def _pass_on_ready(
        self,
        seq: int,
        bars: Iterator[market.MarketData],
        plan: context.Plan,
    ) -> tuple[int, Sequence[orders.Signal]]:
        """Does as `_pass_on_one` while all indicators have their values ready.

        It ends where they have not, or there are no more bars. Most bars of
        most backtests come here: nothing that can be avoided.
        """
        shared = self._context
        moment, framed = shared.clock, shared.frames
        on_bar = self._on_bar
        ready, stepped = plan.ready, plan.stepped
        if stepped or framed.active or on_bar is None:
            return seq, _NOTHING
        try:
            for bar in bars:
                seq += 1
                moment.time = bar.timestamp
                shared.event = seq
                for line, take in ready:
                    line.previous, line.value = take()
                await on_bar(bar)
                if shared.queue:
                    return seq, self._wanted()
                if stepped or framed.active:
                    # The strategy has just asked for an indicator.
                    break
        except BaseException as error:
            raise self._failure(error) from error
        return seq, _NOTHING

    async def _pass_on_one(
        self, seq: int, bars: Iterator[market.MarketData], symbol: str
    ) -> tuple[int, market.MarketData | None, Sequence[orders.Signal]]:
        """Does as `pass_on` for bars of one symbol that all are for it."""
        shared = self._context
        moment, framed = shared.clock, shared.frames
        on_bar, default = self._on_bar, self._default_signals
        plan = shared.plans.get(symbol)
        for bar in bars:
            seq += 1
            moment.time = bar.timestamp
            shared.event = seq
            try:
                if framed.active:
                    await self._answer_all(bar)
                elif plan is None:
                    shared.update(bar)
                    plan = shared.plans[symbol]
                    if on_bar is not None:
                        await on_bar(bar)
                else:
                    for line, take in plan.ready:
                        line.previous, line.value = take()
                    if plan.stepped:
                        plan.step(bar)
                    if on_bar is not None:
                        await on_bar(bar)
            except BaseException as error:
                raise self._failure(error) from error
            if shared.queue or not default:
                wanted = self._wanted()
                if wanted:
                    return seq, None, wanted
                shared.made = 0
        return seq, None, _NOTHING

    async def _answer_all(self, bar: market.MarketData) -> None:
        """Hands on a bar of the feed and what is built with it."""
        framed = self._context.frames
        for group in framed.take(bar):
            self._update(group)
            if self._on_bar is not None:
                for each in group:
                    if framed.is_given(each):
                        await self._on_bar(each)

    def _update(self, group: Sequence[market.MarketData]) -> None:
        """Hands bars of one stamp to the indicators."""
        shared = self._context
        shared.select(group[0].symbol)
        for bar in group:
            if bar.timeframe == shared.frames.own:
                shared.update(bar)
            else:
                shared.update_longer(bar)

    async def quote(
        self, seq: int, quote: market.Quote
    ) -> Sequence[orders.Signal]:
        """Hands on a quote; as `market_data`."""
        self._begin(seq, quote.timestamp, quote.symbol)
        return await self._call('on_quote', quote)

    async def pass_quotes(
        self,
        seq: int,
        quotes: Iterator[market.Quote],
        concerned: Container[str],
    ) -> tuple[int, market.Quote | None, Sequence[orders.Signal]]:
        """Does as `quote` for one after another; as `pass_on` for bars.

        Args:
            seq: As there, and so are the others.
            quotes: Of any symbols.
            concerned: The symbols whose quotes somebody else has to see first.

        Raises:
            errors.StrategyError: Its code raised.
        """
        # As in `pass_on`, no calls that can be avoided.
        shared = self._context
        # There are no indicators that would have to show a symbol.
        moment, default = shared.clock, self._default_signals
        on_quote, watched = self.strategy.on_quote, bool(concerned)
        shared.made = 0
        for quote in quotes:
            if watched and quote.symbol in concerned:
                return seq, quote, _NOTHING
            seq += 1
            moment.time = quote.timestamp
            shared.event = seq
            try:
                await on_quote(quote)
            except BaseException as error:
                raise self._failure(error) from error
            if not default or shared.queue:
                wanted = self._wanted()
                if wanted:
                    return seq, None, wanted
                shared.made = 0
        return seq, None, _NOTHING

    async def trade(
        self, seq: int, trade: market.Trade
    ) -> Sequence[orders.Signal]:
        """Hands on a trade in the market; as `market_data`."""
        self._begin(seq, trade.timestamp, trade.symbol)
        return await self._call('on_trade', trade)

    async def data_issue(
        self, seq: int, issue: market.DataIssue
    ) -> Sequence[orders.Signal]:
        """Hands on that something is wrong with data; as `market_data`."""
        self._begin(seq, issue.timestamp, issue.symbol)
        return await self._call('on_data_issue', issue)

    def together(self, symbol: str) -> frozenset[str]:
        """Gives a symbol and those that an indicator has together with it."""
        return self._context.together(symbol)

    def restate(
        self, symbols: Iterable[str], history: Iterable[market.MarketData]
    ) -> None:
        """Begins the indicators anew, with a history in other units.

        Args:
            symbols: What `together` gave.
            history: All their bars so far, in the units from now on.

        Raises:
            errors.StrategyError: An indicator raised.
        """
        self._context.renew(frozenset(symbols))
        for bar in history:
            self.warm_up(bar)

    async def corporate_action(
        self, seq: int, action: records.CorporateAction, timestamp: int
    ) -> Sequence[orders.Signal]:
        """Books a corporate action in the strategy's own book and tells it.

        Args:
            seq: The event's number.
            action: What became of an instrument.
            timestamp: When, nanoseconds since the epoch, UTC.

        Returns:
            What the strategy wants.

        Raises:
            errors.StrategyError: Its code raised.
        """
        corporate.book(self.strategy.portfolio, action, timestamp)
        self._begin(seq, timestamp, action.symbol)
        return await self._call('on_corporate_action', action)

    async def cash_flow(
        self, seq: int, flow: records.CashFlow, timestamp: int
    ) -> Sequence[orders.Signal]:
        """Books the strategy's share of a cash flow; it is not told of it.

        Args:
            seq: The event's number.
            flow: The cash.
            timestamp: When, nanoseconds since the epoch, UTC.

        Returns:
            What the strategy wants.

        Raises:
            errors.StrategyError: Its code raised.
        """
        self.strategy.portfolio.cash += flow.shares.get(self.name, 0.0)
        self._begin(seq, timestamp, flow.symbol)
        return _NOTHING

    async def order_update(
        self, seq: int, order: orders.Order
    ) -> Sequence[orders.Signal]:
        """Hands on that an order changed.

        Args:
            seq: The event's number.
            order: The order after the event.

        Returns:
            What the strategy wants.

        Raises:
            errors.StrategyError: Its code raised.
        """
        self._begin(seq, order.updated, order.symbol)
        if self._hears_orders:
            try:
                await self.strategy.on_order_update(order)
            except BaseException as error:
                raise self._failure(error) from error
        if self._default_signals and not self._context.queue:
            return _NOTHING
        return self._wanted()

    async def fill(
        self,
        seq: int,
        fill: orders.Fill,
        order: orders.Order,
        position: portfolio.Position | None = None,
    ) -> Sequence[orders.Signal]:
        """Books a fill in the strategy's own book and hands it on.

        Args:
            seq: The event's number.
            fill: What was traded.
            order: The order after the fill.
            position: The position after it in the strategy's book as the
                engine keeps it; it counts, should the two ever differ.

        Returns:
            What the strategy wants.

        Raises:
            errors.StrategyError: Its code raised.
        """
        held = self.strategy.portfolio.apply(fill, position)
        now, updated = fill.timestamp, order.updated
        # Finer bars may have filled it before the bar that tells of it.
        self._begin(seq, updated if updated > now else now, fill.symbol)
        if self._hears_orders:
            try:
                await self.strategy.on_order_update(order)
            except BaseException as error:
                raise self._failure(error) from error
        wanted = _NOTHING
        if not self._default_signals or self._context.queue:
            wanted = self._wanted()
        if not self._hears_positions and self._default_signals:
            return wanted
        more = await self._call('on_position_update', held)
        return [*wanted, *more] if more else wanted

    def _begin(self, seq: int, timestamp: int, symbol: str = '') -> None:
        """Says which event is answered from here on."""
        shared = self._context
        shared.clock.time = timestamp
        shared.event = seq
        shared.made = 0
        if symbol and symbol != shared.symbol:
            shared.select(symbol)

    async def _call(self, name: str, *given: Any) -> Sequence[orders.Signal]:
        """Awaits a callback, if the strategy has it, and takes its wishes."""
        if name in self._hears:
            try:
                await getattr(self.strategy, name)(*given)
            except BaseException as error:
                raise self._failure(error) from error
        if self._default_signals and not self._context.queue:
            return _NOTHING
        return self._wanted()

    def _wanted(self) -> Sequence[orders.Signal]:
        """Takes the strategy's signals, with name and id in each."""
        if self._default_signals:
            # What the verbs queued is complete.
            return self.strategy.generate_signals()
        generate = self.strategy.generate_signals
        try:
            return [self._complete(signal) for signal in generate()]
        except BaseException as error:
            raise self._failure(error, maker=generate) from error

    def _complete(self, signal: Any) -> orders.Signal:
        """Fills in what a signal made by the user's own code may lack."""
        if not isinstance(signal, orders.Signal):
            raise TypeError(f'generate_signals gave {signal!r}, not a Signal')
        fields = {
            name: getattr(signal, name)
            for name in orders.Signal.__struct_fields__
        }
        fields['strategy'] = self.name
        fields['code'] = self._context.code
        if self._sized_by:
            known = self._context.values(signal.symbol)
            if self._sized_by in known:
                fields['indicators'] = {
                    **signal.indicators,
                    self._sized_by: known[self._sized_by],
                }
        fields['order_id'] = signal.order_id or self._context.next_id()
        return plain.signal(**fields)

    def _failure(
        self, error: BaseException, maker: Callable[..., Any] | None = None
    ) -> errors.StrategyError:
        """Says in one line what the user's code raised, and where."""
        if isinstance(error, GeneratorExit) or _is_ending(error):
            raise error
        files = blame.files_of(type(self.strategy))
        return blame.failure(error, files, maker=maker)


def _is_ending(error: BaseException) -> bool:
    """Whether the strategy was ended, and did not raise this by itself."""
    if not isinstance(error, asyncio.CancelledError | KeyboardInterrupt):
        return False
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
