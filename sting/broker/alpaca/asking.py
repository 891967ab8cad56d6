"""What Alpaca says when it is asked: orders, fills, positions, the account."""

import datetime
from typing import Any
from typing import Final
from urllib import parse

import msgspec

from sting.broker import interface
from sting.broker.alpaca import listing
from sting.broker.alpaca import rest
from sting.broker.alpaca import translate
from sting.model import errors
from sting.model import market
from sting.model import orders
from sting.model import portfolio
from sting.net import words

# Of one answer, at most.
FILLS: Final = 100
_PAPER: Final = 'paper-api.alpaca.markets'
_LIVE: Final = 'api.alpaca.markets'
# How far before a moment fills are asked for: what is told of it is cut.
_MARGIN: Final = market.NANOSECONDS


class _Fill(msgspec.Struct):
    """A row of the account's activities.

    The SDK's model of one wants an `account_id`, which only the answers of
    another of their services have.
    """

    id: str
    transaction_time: datetime.datetime
    price: str | float
    qty: str | float
    side: str
    symbol: str
    order_id: str
    cum_qty: str | float


class Questions(listing.Listing):
    """Asks, and makes things of ours of the answers."""

    async def time(self) -> int:
        """Gives their clock, nanoseconds since the epoch, UTC.

        Raises:
            rest.LimitedError: It answers, and that it is asked too often.
            errors.BrokerUnknownError: No answer.
        """
        from alpaca.trading import models  # noqa: PLC0415

        try:
            # It is asked in a rest as well, out of the reserve: no answer would
            # be taken for silence.
            raw = await self._rest.call(
                'GET',
                '/clock',
                urgent=self._rest.resting_s > 0,
                patience_s=0.0,
            )
        except rest.LimitedError:
            # It answers, if not what was asked.
            raise
        except errors.BrokerRejectedError as error:
            raise errors.BrokerUnknownError(str(error)) from None
        return translate.moment(translate.parsed(models.Clock, raw).timestamp)

    async def fills(self, since: int) -> list[orders.Fill]:
        """Gives fills, oldest first."""
        asked: dict[str, Any] = {'direction': 'asc', 'page_size': FILLS}
        if since:
            asked['after'] = market.to_iso(max(0, since - _MARGIN))
        rows: dict[str, _Fill] = {}
        while True:
            page = self._rows(await self.get(_ACTIVITIES, asked))
            fresh = [each for each in page if each.id not in rows]
            rows |= {each.id: each for each in fresh}
            if len(page) < FILLS:
                break
            if not fresh:
                raise self.repeats('fills')
            asked['page_token'] = page[-1].id
        owners = await self.owners({each.order_id for each in rows.values()})
        found = [
            _fill(each, owners[each.order_id])
            for each in sorted(rows.values(), key=_order)
        ]
        return [each for each in found if each.timestamp >= since]

    async def positions(self) -> list[portfolio.Position]:
        """Gives the open positions, by symbol."""
        from alpaca.trading import models  # noqa: PLC0415

        raw = listing.listed(await self.get('/positions'), self._name)
        found = [translate.parsed(models.Position, each) for each in raw]
        return sorted(
            (_position(each) for each in found if _units(each)),
            key=lambda each: each.symbol,
        )

    async def account(self) -> interface.AccountInfo:
        """Gives the account."""
        from alpaca.trading import models  # noqa: PLC0415

        raw = await self.get('/account')
        found = translate.parsed(models.TradeAccount, raw)
        return interface.AccountInfo(
            account=found.account_number,
            currency=found.currency or 'USD',
            cash=translate.number(found.cash, 'an amount of cash'),
            equity=translate.number(found.equity, 'a value'),
            buying_power=translate.number(found.buying_power, 'a value'),
            simulated=_simulated(self._rest.access.url, found.account_number),
            blocked=_blocked(found),
            shorting=found.shorting_enabled,
        )

    async def instrument(self, symbol: str) -> market.Instrument | None:
        """Gives what is known of an instrument; None: it cannot be traded."""
        from alpaca.trading import models  # noqa: PLC0415

        try:
            raw = await self.get(f'/assets/{parse.quote(symbol, safe="")}')
        except rest.RefusalError as error:
            if error.status in {404, 422}:
                return None
            raise errors.BrokerUnknownError(str(error)) from None
        found = translate.parsed(models.Asset, raw)
        if not found.tradable or found.status.value != 'active':
            return None
        lot = 1.0
        if found.fractionable:
            lot = found.min_trade_increment or 1e-9
        return market.Instrument(
            symbol,
            tick=found.price_increment or 0.01,
            lot=lot,
            currency='USD',
        )

    def _rows(self, raw: Any) -> list[_Fill]:
        try:
            return msgspec.convert(listing.listed(raw, self._name), list[_Fill])
        except msgspec.ValidationError as error:
            raise errors.BrokerUnknownError(
                f'{self._name}: the list of fills makes no sense: '
                + words.plain(str(error))
            ) from None


_ACTIVITIES: Final = '/account/activities/FILL'


def _order(row: _Fill) -> tuple[int, str, float]:
    """Sorts fills; those of one millisecond come in any order."""
    total = translate.number(row.cum_qty, 'a filled quantity')
    return translate.moment(row.transaction_time), row.order_id, total


def _fill(row: _Fill, order_id: str) -> orders.Fill:
    timestamp, uuid, total = _order(row)
    return orders.Fill(
        order_id=order_id,
        execution_id=translate.execution(uuid, total),
        symbol=row.symbol,
        side=_side(row.side),
        quantity=translate.positive(row.qty, 'a quantity'),
        price=translate.positive(row.price, 'a price'),
        timestamp=timestamp,
    )


def _side(said: str) -> orders.OrderSide:
    # Sales of what is not held are told apart there.
    if said in {'buy', 'sell', 'sell_short'}:
        return orders.OrderSide(said.removesuffix('_short'))
    raise errors.BrokerUnknownError(f'alpaca: {words.plain(said)} is no side')


def _units(found: Any) -> float:
    quantity = abs(translate.number(found.qty, 'a quantity'))
    return -quantity if found.side.value == 'short' else quantity


def _position(found: Any) -> portfolio.Position:
    return portfolio.Position(
        symbol=found.symbol,
        quantity=_units(found),
        average_price=translate.number(found.avg_entry_price, 'a price'),
    )


def _simulated(url: str, number: str) -> bool | None:
    """Says whether it is play money; None where that is not certain."""
    host = parse.urlsplit(url).hostname
    if host == _LIVE:
        return False
    if host == _PAPER or number.startswith('PA'):
        return True
    return None


def _blocked(found: Any) -> str:
    """Says why an account may not trade; empty where it may."""
    reasons = []
    if found.status.value != 'ACTIVE':
        reasons.append(f'its status is {found.status.value}')
    if found.account_blocked:
        reasons.append('it is blocked')
    if found.trading_blocked:
        reasons.append('trading is blocked')
    if found.trade_suspended_by_user:
        reasons.append('its owner suspended trading')
    if not reasons:
        return ''
    return (
        f'account {found.account_number}: {", ".join(reasons)}; see the '
        'dashboard of Alpaca'
    )
