"""Which contract a symbol is at Interactive Brokers."""

from collections.abc import Awaitable
from collections.abc import Callable
from typing import Any

import msgspec

from sting.broker.ibkr import codes
from sting.broker.ibkr import session as sessions


class Where(msgspec.Struct, frozen=True):
    """Where instruments are looked for.

    Attributes:
        exchange: SMART for wherever they trade.
        currency: Of their prices.
    """

    exchange: str
    currency: str


class Listed(msgspec.Struct, frozen=True):
    """An instrument as it is listed there.

    Attributes:
        symbol: Its name with us.
        contract: What it is to the library.
        tick: Smallest step of a price.
        lot: Smallest step of a quantity.
        currency: Of its prices.
        sector: What its issuer does.
    """

    symbol: str
    contract: Any
    tick: float
    lot: float
    currency: str
    sector: str


class Contracts:
    """Looks contracts up, each once."""

    def __init__(
        self,
        session: sessions.Session,
        where: Where,
        turn: Callable[[], Awaitable[None]],
    ) -> None:
        """Knows none.

        Args:
            session: The connection.
            where: Where they are looked for.
            turn: Waits until something may be asked.
        """
        self._session = session
        self._where = where
        self._turn = turn
        self._known: dict[str, Listed] = {}

    async def find(self, symbol: str) -> Listed:
        """Gives the contract of a stock.

        Raises:
            errors.BrokerUnknownError: No answer.
            sessions.Refusal: There is none, or more than one.
        """
        known = self._known.get(symbol)
        if known is None:
            known = self._known[symbol] = await self._ask(symbol)
        return known

    async def _ask(self, symbol: str) -> Listed:
        session, where = self._session, self._where
        await self._turn()
        wanted = session.library.Stock(symbol, where.exchange, where.currency)
        found = await session.ask(
            lambda number: session.client.reqContractDetails(number, wanted),
            f'the contract of {symbol}',
        )
        distinct = {each.contract.conId for each in found}
        if len(distinct) != 1:
            places = sorted({each.contract.primaryExchange for each in found})
            raise sessions.Refusal(
                codes.UNKNOWN_CONTRACT,
                f'{symbol} in {where.currency} is {len(distinct)} contracts '
                f'at {where.exchange}: {", ".join(places) or "none"}',
            )
        details = found[0]
        contract = details.contract
        contract.exchange = where.exchange
        return Listed(
            symbol=symbol,
            contract=contract,
            tick=float(details.minTick),
            lot=_figure(getattr(details, 'sizeIncrement', 0.0)) or 1.0,
            currency=contract.currency,
            sector=details.industry,
        )


def _figure(value: Any) -> float:
    """Gives a size; their word for none is the largest number there is."""
    size = float(value or 0.0)
    return size if size < 1e300 else 0.0
