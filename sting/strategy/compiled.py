"""CompiledStrategy: a decision written once, for bars and for whole columns.

The decision is one pure function of scalars and tuples. Event by event the
compiled function is called with each bar; `sting.backtest.compiled` runs the
same function over columns. Both trade the same.
"""

import abc
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
import inspect
import math
from typing import Any
from typing import NamedTuple

from sting.model import errors
from sting.model import market
from sting.model import orders
from sting.strategy import base
from sting.strategy import handles
from sting.strategy import kinds

# The engine tells at once that an order is being cancelled. When it has told of
# nothing so many bars later, an order of before a restart ended meanwhile.
PATIENCE = 3

State = tuple[Any, ...]
Answer = tuple[float, int, float, State]
Answerer = Callable[..., Answer]


class Wish(NamedTuple):
    """An order that was decided and is not sent yet.

    Attributes:
        symbol: The instrument.
        quantity: Units, negative to sell.
        kind: One of `kinds`.
        price: The limit or the trigger.
        held: Units held when it was decided.
    """

    symbol: str
    quantity: float
    kind: int
    price: float
    held: float


class _Working:
    """The order of a symbol that works.

    Attributes:
        id: Its id.
        filled: Units of it that were filled, as far as is known.
        wish: What is to be sent in its place once it is cancelled.
        restored: It is of before a restart, and nothing was heard of it yet.
        waited: Bars since its cancel was asked for; None before.
    """

    __slots__ = ('filled', 'id', 'restored', 'waited', 'wish')

    def __init__(
        self, order_id: str, filled: float = 0.0, *, restored: bool = False
    ) -> None:
        self.id = order_id
        self.filled = filled
        self.wish: Wish | None = None
        self.restored = restored
        self.waited: int | None = None


class CompiledStrategy(base.AbstractStrategy):
    """A strategy whose decision is one function that numba can compile.

    Write `decide`, and where they are needed `inputs` and `initial_state`.
    Each symbol is decided by itself, with a state of its own.

    One order of a symbol works at a time. Where an order is asked for while
    another works, that one is cancelled first; where it fills meanwhile, the
    new one is not sent, and the next bar decides again.
    """

    def __init__(self, name: str, parameters: Mapping[str, Any]) -> None:
        """Sets up an instance; as AbstractStrategy."""
        super().__init__(name, parameters)
        self._states: dict[str, State] = {}
        self._working: dict[str, _Working] = {}
        self._inputs: tuple[handles.Line, ...] = ()
        self._first: State = ()
        self._figures: State = ()
        self._answer: Answerer = answerer(type(self).decide)
        self._plain = ''

    @staticmethod
    @abc.abstractmethod
    def decide(
        open: float,
        high: float,
        low: float,
        close: float,
        volume: float,
        position: float,
        indicators: tuple[float, ...],
        state: State,
        parameters: tuple[Any, ...],
    ) -> tuple[float, int, float, State]:
        """Decides on a closed bar.

        Args:
            open: The bar's first price.
            high: Its highest price.
            low: Its lowest price.
            close: Its last price.
            volume: Units traded in it.
            position: Units of the symbol in the strategy's own book, negative
                when short. Orders that work are not counted.
            indicators: The values of `inputs`, in their order; nan until
                there are enough bars.
            state: What this returned at the symbol's bar before, at the first
                one `initial_state`.
            parameters: The values of the parameters that are numbers, in the
                order of their declaration.

        Returns:
            The units to buy, negative to sell, 0 for nothing new; one of
            `kinds`; the limit or the trigger, any number for MARKET; and the
            state for the next bar, of the types of `initial_state`.
        """

    def inputs(self) -> Sequence[handles.Line]:
        """Asks for the indicators that `decide` is given; called once.

        Returns:
            What `self.indicator` returned for each, or one of its lines, as
            `bands.upper`, in their order.
        """
        return ()

    def initial_state(self) -> State:
        """Gives the state of a symbol before its first bar.

        Returns:
            Numbers and bools; a tuple may hold tuples.
        """
        return ()

    @property
    def is_compiled(self) -> bool:
        """Whether the compiled function decides, not plain Python."""
        return not self._plain

    @property
    def why_plain(self) -> str:
        """Why plain Python decides; empty when the compiled function does."""
        return self._plain

    def prepare(self) -> None:
        """Asks for the indicators and the first state, and compiles nothing.

        Raises:
            TypeError: `decide` is no static method.
            ValueError: It asks for bars of several timeframes.
        """
        self.check()
        self._inputs = tuple(self.inputs())
        self._first = tuple(self.initial_state())
        self._figures = tuple(
            value
            for value in self.parameters.values()
            if isinstance(value, bool | int | float)
        )

    def check(self) -> None:
        """Refuses a decision that cannot be called.

        Raises:
            TypeError: `decide` is no static method.
            ValueError: It asks for bars of several timeframes.
        """
        own = inspect.getattr_static(type(self), 'decide')
        if not isinstance(own, staticmethod):
            raise TypeError('decide takes no self; put @staticmethod above it')
        if len(self.timeframes) > 1:
            raise ValueError(
                f'decide takes bars of one timeframe, not of {self.timeframes};'
                ' give indicators a longer one'
            )

    async def on_start(self) -> None:
        """Asks for the indicators and compiles the decision."""
        self.prepare()
        try:
            self._answer = compile_answerer(self)
            self._plain = ''
            self.log.info('decide runs compiled')
        except errors.StrategyError as error:
            self._plain = str(error)
            self.log.warning(
                f'decide runs as plain Python, not compiled: {error}'
            )

    async def on_market_data(self, data: market.MarketData) -> None:
        """Decides on a bar, and asks for what was decided."""
        symbol = data.symbol
        held = self.portfolio.quantity(symbol)
        quantity, kind, price, state = self._answer(
            data.open,
            data.high,
            data.low,
            data.close,
            data.volume,
            held,
            tuple([each.value for each in self._inputs]),
            self._states.get(symbol, self._first),
            self._figures,
        )
        self._states[symbol] = state
        if self._working:
            self._wait(symbol)
        if kind == kinds.CANCEL:
            self._take_out(symbol, None)
        elif quantity and not kinds.is_nothing(quantity):
            self._want(Wish(symbol, quantity, kind, price, held))

    async def on_order_update(self, order: orders.Order) -> None:
        """Sends what waited for an order to end."""
        working = self._working.get(order.symbol)
        if working is None:
            if order.is_working:
                # One of before a restart.
                self._working[order.symbol] = _Working(order.id, order.filled)
            return
        if working.id != order.id:
            return
        working.restored = False
        if order.filled != working.filled:
            # It was decided on another position.
            working.filled = order.filled
            working.wish = None
        if order.is_working:
            if order.status is not orders.OrderStatus.PENDING_CANCEL:
                # If it has to go still, its cancel is to be asked for again.
                working.waited = None
        else:
            del self._working[order.symbol]
            if working.wish is not None and not _came_too_late(order):
                self._send(working.wish)

    def save_state(self) -> dict[str, Any]:
        """Gives the states and the orders that work, as JSON can write them."""
        return {
            'states': {
                symbol: _written(state)
                for symbol, state in self._states.items()
            },
            'working': {
                symbol: [working.id, working.filled]
                for symbol, working in self._working.items()
            },
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Takes back what `save_state` gave.

        Args:
            state: As saved.

        Raises:
            errors.StrategyError: `initial_state` has other types by now.
        """
        pattern = tuple(self.initial_state())
        self._states = {
            symbol: _read(saved, pattern)
            for symbol, saved in state.get('states', {}).items()
        }
        self._working = {
            symbol: _Working(*saved, restored=True)
            for symbol, saved in state.get('working', {}).items()
        }

    def _want(self, wish: Wish) -> None:
        """Sends an order, or has it wait for the one that works to end."""
        code = kinds.fault(wish.quantity, wish.kind, wish.price)
        if code != kinds.SOUND:
            raise ValueError(
                kinds.sentence(code, wish.quantity, wish.kind, wish.price)
            )
        if not self._take_out(wish.symbol, wish):
            self._send(wish)

    def _take_out(self, symbol: str, wish: Wish | None) -> bool:
        """Cancels what works; whether there is something to wait for.

        Args:
            symbol: The instrument.
            wish: What is to be sent then.
        """
        working = self._working.get(symbol)
        if working is None:
            return False
        working.wish = wish
        if working.waited is None:
            working.waited = 0
            self.cancel(working.id)
        return True

    def _wait(self, symbol: str) -> None:
        """Forgets an order that nothing was heard of since its cancel."""
        working = self._working.get(symbol)
        if working is None or working.waited is None or not working.restored:
            return
        working.waited += 1
        if working.waited > PATIENCE:
            self.log.warning(f'order {working.id} does not work any more')
            del self._working[symbol]

    def _send(self, wish: Wish) -> None:
        verb = self.buy if wish.quantity > 0 else self.sell
        kind = kinds.TYPES[wish.kind]
        at = '' if wish.kind == kinds.MARKET else f' {wish.price:g}'
        self._working[wish.symbol] = _Working(
            verb(
                wish.symbol,
                abs(wish.quantity),
                type=kind,
                price=wish.price if wish.kind == kinds.LIMIT else None,
                stop_price=wish.price if wish.kind == kinds.STOP else None,
                reason=(
                    f'decided {wish.quantity:+g} {kind}{at}, '
                    f'holding {wish.held:g}'
                ),
            )
        )


def answerer(decide: Callable[..., Any]) -> Answerer:
    """Puts a decision's answer into the types that both speeds rely on.

    Args:
        decide: The user's function.

    Returns:
        A function of the same arguments, to be called or to be compiled.
    """

    def answer(
        open: float,
        high: float,
        low: float,
        close: float,
        volume: float,
        position: float,
        indicators: tuple[float, ...],
        state: State,
        parameters: tuple[Any, ...],
    ) -> Answer:
        quantity, kind, price, after = decide(
            open,
            high,
            low,
            close,
            volume,
            position,
            indicators,
            state,
            parameters,
        )
        return float(quantity), int(kind), float(price), after

    return answer


def compile_answerer(strategy: CompiledStrategy) -> Answerer:
    """Compiles a strategy's decision.

    Args:
        strategy: One that knows its inputs and its first state.

    Returns:
        The compiled function.

    Raises:
        errors.StrategyError: It cannot be compiled; naming file and line.
    """
    # Numba is slow to import, and only who compiles needs it.
    from sting.strategy import jit  # noqa: PLC0415

    decide = type(strategy).decide
    bar = (0.0,) * 6
    values = (0.0,) * len(strategy._inputs)
    samples = (*bar, values, strategy._first, strategy._figures)
    made: Any = jit.compile(answerer(decide), samples)
    given = jit.type_of(strategy._first)
    came = jit.result_type(made)[3]
    if given != came:
        code = decide.__code__
        raise errors.StrategyError(
            f'cannot be compiled: decide makes {came} of a state that is '
            f'{given}; both must be the same, 0.0 is not 0',
            path=code.co_filename,
            line=code.co_firstlineno,
        )
    return made  # type: ignore[no-any-return]


def _came_too_late(order: orders.Order) -> bool:
    """Whether it never was an order; then what was to follow is too late."""
    return order.status is orders.OrderStatus.DENIED and not order.judged


def _written(state: State) -> list[Any]:
    """Writes a state with what JSON has; it has no nan and no infinity."""
    return [
        _written(each)
        if isinstance(each, tuple)
        else repr(each)
        if isinstance(each, float) and not math.isfinite(each)
        else each
        for each in state
    ]


def _read(saved: Any, pattern: State) -> State:
    """Reads a state, in the types of the pattern."""
    if not isinstance(saved, list | tuple) or len(saved) != len(pattern):
        raise errors.StrategyError(
            f'the saved state is {saved!r}, which does not fit '
            f'initial_state(), {pattern!r}'
        )
    return tuple(
        _read(each, like) if isinstance(like, tuple) else type(like)(each)
        for each, like in zip(saved, pattern, strict=True)
    )
