"""A workstation made of plain values, for panes that only look at it."""

from concurrent import futures
import math

import msgspec

from sting.model import commands
from sting.model import market
from sting.model import orders
from sting.model import records
from sting.model import views

START = 1_338_500_000 * market.NANOSECONDS
MINUTE = 60 * market.NANOSECONDS
SYMBOLS = ('AAPL', 'IBM', 'MSFT', 'GOOG', 'FB')


def bars(symbol: str, count: int, last: int = 0) -> list[market.MarketData]:
    """Bars on a wave, the same each time."""
    base = 50.0 + 100 * SYMBOLS.index(symbol) if symbol in SYMBOLS else 50.0
    found = []
    for index in range(last, last + count):
        close = base + 3 * math.sin(index / 7) + index * 0.01
        open_ = base + 3 * math.sin((index - 1) / 7) + (index - 1) * 0.01
        found.append(
            market.MarketData(
                symbol,
                START + index * MINUTE,
                open_,
                max(open_, close) + 0.4,
                min(open_, close) - 0.3,
                close,
                1000.0 + 100 * (index % 9),
            )
        )
    return found


def order(number: int, **changes: object) -> orders.Order:
    """A working limit order."""
    made = orders.Order(
        id=f'log-{number}-0-1',
        symbol='AAPL',
        side=orders.OrderSide.BUY,
        quantity=10.0,
        type=orders.OrderType.LIMIT,
        price=99.5,
        status=orders.OrderStatus.ACCEPTED,
        updated=START,
        seq=number,
    )
    return msgspec.structs.replace(made, **changes)


def snapshot(**changes: object) -> views.Snapshot:
    """An engine in the middle of its work."""
    watch = tuple(
        views.WatchRow(
            symbol=symbol,
            last=bars(symbol, 40)[-1].close,
            change=(-1) ** index * 0.0123 * index,
            volume=123456.0 * (index + 1),
            timestamp=START,
            age_s=0.4,
            trend=tuple(bar.close for bar in bars(symbol, 30)),
        )
        for index, symbol in enumerate(SYMBOLS)
    )
    made = views.Snapshot(
        profile='demo',
        mode=records.Mode.DEMO,
        account='paper',
        pid=4711,
        started=START,
        uptime_s=65.0,
        time=START + 40 * MINUTE,
        seq=1234,
        equity=100_123.45,
        cash=50_000.0,
        day_pnl=123.45,
        watch=watch,
        orders=(
            order(101),
            order(
                99,
                symbol='GOOG',
                side=orders.OrderSide.SELL,
                status=orders.OrderStatus.FILLED,
                filled=10.0,
                average_price=571.2,
                strategy='sma_demo',
                reason='fast crossed below slow',
            ),
        ),
        open_orders=1,
        positions=(
            views.PositionRow('AAPL', 100.0, 57.1, 57.4, 5740.0, 30.0, 0.0),
            views.PositionRow('IBM', -5.0, 150.1, 151.4, -757.0, -6.5, 12.0),
        ),
        strategies=(
            views.StrategyRow(
                name='sma_demo',
                strategy='sting.library.sma_cross',
                status='running',
                symbols=SYMBOLS,
                parameters='fast=10 slow=30',
                pnl=45.67,
                trades=12,
                working=1,
            ),
        ),
        alerts=(
            views.AlertRow(
                1200,
                START,
                records.Severity.WARNING,
                'order of 60,000 denied: above max_order_notional',
                'max_order_notional',
                False,
            ),
        ),
        unseen=1,
        events=tuple(
            views.EventRow(
                number,
                START + number * market.NANOSECONDS,
                'market_data' if number % 5 else 'fill',
                'feed:demo',
                SYMBOLS[number % 5],
                number - 1,
                f'close {number / 7:.2f}',
            )
            for number in range(1200, 1235)
        ),
        feeds=(views.LinkRow('demo', 'connected', '', 0.4),),
        brokers=(views.LinkRow('paper', 'connected', '', None),),
        queues=(
            views.QueueRow('stop', 0, 100, 0),
            views.QueueRow('market', 3, 10_000, 1200, 7, 0),
        ),
        loop_lag_ms=0.7,
        generated=True,
    )
    return msgspec.structs.replace(made, **changes)


JUDGEMENT = views.Judgement(
    decision=records.Decision.APPROVE,
    quantity=10.0,
    rules=(
        records.RuleFigure('halted', 0.0, None, 'state', False),
        records.RuleFigure('max_position', 10.0, 2000.0, 'units', False),
        records.RuleFigure('buying_power', 0.9, 1.0, 'of equity', False),
        records.RuleFigure('price_collar', None, 0.05, 'of price', False),
    ),
)


class Station:
    """A workstation that shows what it is told and keeps what it is given.

    Attributes:
        now: The picture that it shows.
        given: The commands it was given.
        stopped: Who pulled the emergency stop.
        answer: What it answers to a command.
        outputs: What each strategy wrote and printed.
    """

    def __init__(self, now: views.Snapshot | None = None) -> None:
        self.now = snapshot() if now is None else now
        self.given: list[commands.Command] = []
        self.stopped: list[str] = []
        self.latched: list[int] = []
        self.answer = commands.CommandResult(ok=True, message='done')
        self.closed = False
        self.own_lines: tuple[views.Line, ...] = ()
        self.outputs: dict[str, tuple[str, ...]] = {}
        self.weighed: list[commands.SubmitOrder | commands.ReplaceOrder] = []
        self.judgement: views.Judgement | Exception = JUDGEMENT

    def snapshot(self) -> views.Snapshot:
        return self.now

    def bars(self, symbol: str, limit: int) -> tuple[market.MarketData, ...]:
        return tuple(bars(symbol, min(limit, 200)))

    def lines(self, symbol: str, limit: int) -> tuple[views.Line, ...]:
        return self.own_lines

    def marks(self, symbol: str, limit: int) -> tuple[views.Mark, ...]:
        last = bars(symbol, 200)[-5]
        return (
            views.Mark(
                last.timestamp, last.close, orders.OrderSide.BUY, 10.0, 55
            ),
        )[:limit]

    def submit(
        self, command: commands.Command
    ) -> futures.Future[commands.CommandResult]:
        self.given.append(command)
        future: futures.Future[commands.CommandResult] = futures.Future()
        future.set_result(self.answer)
        return future

    def emergency_stop(self, who: str, reason: str, latched: int = 0) -> int:
        self.stopped.append(f'{who}: {reason}')
        self.latched.append(latched)
        self.now = msgspec.structs.replace(
            self.now,
            state=records.TradingState.HALTED,
            reason=f'{who}: {reason}',
        )
        return len(self.stopped)

    def judge(
        self, command: commands.SubmitOrder | commands.ReplaceOrder
    ) -> futures.Future[views.Judgement]:
        """Says what it was told to say."""
        self.weighed.append(command)
        future: futures.Future[views.Judgement] = futures.Future()
        if isinstance(self.judgement, Exception):
            future.set_exception(self.judgement)
        else:
            future.set_result(self.judgement)
        return future

    def why(self, seq: int) -> futures.Future[tuple[views.Cause, ...]]:
        future: futures.Future[tuple[views.Cause, ...]] = futures.Future()
        future.set_result(
            tuple(
                views.Cause(**msgspec.structs.asdict(row))
                for row in self.now.events
                if row.seq == seq
            )
        )
        return future

    def output(
        self, strategy: str, limit: int
    ) -> futures.Future[tuple[str, ...]]:
        """Gives the lines that it was given."""
        future: futures.Future[tuple[str, ...]] = futures.Future()
        future.set_result(self.outputs.get(strategy, ())[-limit:])
        return future

    def close(self) -> None:
        self.closed = True
