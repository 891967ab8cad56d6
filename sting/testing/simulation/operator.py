"""What the operator of a simulated engine does: anything at any time."""

import numpy as np

from sting.engine import bus
from sting.model import commands
from sting.model import orders
from sting.testing.simulation import process

_SIDES = (orders.OrderSide.BUY, orders.OrderSide.SELL)


class Operator:
    """Draws commands."""

    def __init__(self, chance: np.random.Generator) -> None:
        """Sets up an operator.

        Args:
            chance: Where commands are drawn from.
        """
        self._chance = chance

    def act(self, made: process.Process) -> None:
        """Does one thing.

        Args:
            made: The process that lives.
        """
        roll = self._chance.random()
        if roll < 0.01:
            made.stop.trigger('operator', 'the key')
        elif roll < 0.02:
            made.command(commands.Halt(), bus.Lane.STOP)
        elif roll < 0.20:
            made.command(commands.Resume(confirm=commands.RESUME_WORD))
        else:
            made.command(self._draw(roll, made))

    def halt(self, made: process.Process) -> None:
        """Halts: with the emergency stop, or with a command alone."""
        if self._chance.random() < 0.5:
            made.stop.trigger('operator', 'the end')
        else:
            made.command(commands.Halt(reason='the end'), bus.Lane.STOP)

    def flatten(self, made: process.Process) -> None:
        """Closes all positions with the typed word."""
        made.command(commands.Flatten(confirm=commands.FLATTEN_WORD))

    def _draw(self, roll: float, made: process.Process) -> commands.Command:
        symbol = str(self._chance.choice(process.SYMBOLS))
        if roll < 0.30:
            name = str(self._chance.choice([s.name for s in process.SPECS]))
            return commands.StartStrategy(name=name)
        working = list(made.engine.state.working())
        if working and roll < 0.50:
            return commands.CancelOrder(order_id=self._pick(working).id)
        if working and roll < 0.75:
            return self._change(self._pick(working))
        if roll > 0.92:
            return self._sweep(symbol)
        return self._order(symbol, made)

    def _sweep(self, symbol: str) -> commands.Command:
        """Draws what is done to many orders or positions at once."""
        roll = self._chance.random()
        if roll < 0.2:
            return commands.StopStrategy(name=process.SPECS[0].name)
        if roll < 0.4:
            return commands.CancelAll()
        typed = self._chance.random() < 0.7
        return commands.Flatten(
            symbol=symbol if self._chance.random() < 0.5 else None,
            confirm=commands.FLATTEN_WORD if typed else '',
        )

    def _pick(self, working: list[orders.Order]) -> orders.Order:
        return working[int(self._chance.integers(len(working)))]

    def _change(self, order: orders.Order) -> commands.ReplaceOrder:
        quantity = order.filled + float(self._chance.integers(1, 90))
        price = order.price
        if price is not None:
            price = round(price * (1 + self._chance.normal(0, 0.002)), 2)
        return commands.ReplaceOrder(
            order_id=order.id, quantity=quantity, price=price
        )

    def _order(
        self, symbol: str, made: process.Process
    ) -> commands.SubmitOrder:
        last = made.engine.state.prices.get(symbol, 100.0)
        priced = self._chance.random() < 0.6
        return commands.SubmitOrder(
            symbol=symbol,
            side=_SIDES[int(self._chance.integers(2))],
            quantity=float(self._chance.integers(1, 80)),
            type=orders.OrderType.LIMIT if priced else orders.OrderType.MARKET,
            price=(
                round(last * (1 + self._chance.normal(0, 0.002)), 2)
                if priced
                else None
            ),
        )
