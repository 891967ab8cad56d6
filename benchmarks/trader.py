"""An engine that trades on a simulated market, as fast as it is asked."""

from typing import Any

from benchmarks import rig
from sting.engine import bus
from sting.engine import core
from sting.engine import state
from sting.engine import step
from sting.model import events
from sting.model import orders
from sting.model import records
from sting.risk import manager
from sting.simulator import market

# A strategy trades once in so many bars; a trade makes five events.
TRADE_EVERY = 50
_T = events.EventType


class Trader:
    """Makes the events of a log: bars, and a trade now and then."""

    def __init__(self) -> None:
        self._market = market.MarketSimulator(participation=1.0)
        self._engine = core.CoreEngine(
            manager.RiskManager(),
            symbols=rig.SYMBOLS,
            strategies={'bench': 1},
            matcher=self._market.on_bar,
        )
        self._bars = 0
        self._made: list[events.Event] = []
        created = records.LogCreated(
            log='bench', profile='bench', mode=records.Mode.PAPER, cash=1e6
        )
        self._take(bus.Incoming(_T.LOG_CREATED, created, 'engine'))

    @property
    def state(self) -> state.SystemState:
        """The engine's state."""
        return self._engine.state

    @property
    def seq(self) -> int:
        """How many events there were."""
        return self._engine.state.seq

    def batch(self, count: int) -> list[events.Event]:
        """Gives the next events, at least so many."""
        while len(self._made) < count:
            self._take(rig.bar(self._bars))
            self._bars += 1
            if self._bars % TRADE_EVERY == 0:
                self._trade(self._bars // TRADE_EVERY)
        made, self._made = self._made, []
        return made

    def tell(self, kind: events.EventType, data: Any) -> list[events.Event]:
        """Takes an event of the engine's own, and gives what came of it."""
        self._take(bus.Incoming(kind, data, 'engine'))
        made, self._made = self._made, []
        return made

    def _trade(self, nth: int) -> None:
        """Buys ten, and sells them again the next time."""
        sides = (orders.OrderSide.BUY, orders.OrderSide.SELL)
        symbol = rig.SYMBOLS[nth // 2 % len(rig.SYMBOLS)]
        signal = orders.Signal(
            symbol=symbol,
            side=sides[nth % 2],
            quantity=10.0,
            order_id=f'bench-{self.seq}-1-1',
            strategy='bench',
            reason='it was its turn',
            indicators={'SMA(10)': 100.25, 'SMA(30)': 99.75},
        )
        self._take(bus.Incoming(_T.SIGNAL, signal, 'bench', symbol, self.seq))

    def _take(self, incoming: bus.Incoming) -> None:
        came = self._engine.process_event(incoming, self._now(incoming))
        self._made += came.events
        for effect in came.effects:
            if isinstance(effect, step.Place):
                now = self.state.time
                for report in self._market.submit(effect.order, now):
                    self._take(
                        bus.Incoming(_T.ORDER_UPDATE, report, core.PLAYED)
                    )

    def _now(self, incoming: bus.Incoming) -> int:
        if incoming.type is _T.MARKET_DATA:
            return int(incoming.data.timestamp)
        return self.state.time
