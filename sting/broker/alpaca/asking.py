"""What Alpaca says when it is asked: orders, fills, positions, the account."""

from collections.abc import Mapping
from collections.abc import Sequence
import datetime
from typing import Any
from typing import Final
from urllib import parse

import msgspec

from sting.broker import interface
from sting.broker.alpaca import book as books
from sting.broker.alpaca import rest
from sting.broker.alpaca import translate
from sting.model import errors
from sting.model import market
from sting.model import orders
from sting.model import portfolio
from sting.net import words

# Of one answer, at most; and answers until a search is given up.
PAGE: Final = 500
FILLS: Final = 100
PAGES: Final = 40
_PAPER: Final = 'paper-api.alpaca.markets'
_LIVE: Final = 'api.alpaca.markets'
# How far before a moment fills are asked for: what is told of it is cut.
_MARGIN: Final = market.NANOSECONDS
# A chain of replacements that is longer turns in a circle.
_LONGEST_CHAIN: Final = 500


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


class Questions:
    """Asks, and makes things of ours of the answers."""

    def __init__(self, way: rest.Rest, book: books.Book, name: str) -> None:
        """Sets up what asks.

        Args:
            way: Makes requests.
            book: Knows which order of theirs is which of ours.
            name: Of the broker, for errors.
        """
        self._rest = way
        self._book = book
        self._name = name

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

    async def working(self) -> list[tuple[Any, str]]:
        """Gives the SDK's models of what works, with our ids, as it came."""
        found = await self._list('open', 'asc')
        return await self._named(books.unfinished(found))

    async def recent(self) -> list[tuple[Any, str]]:
        """Gives the newest orders of all, working or done, oldest first."""
        rows = await self._page({'status': 'all', 'direction': 'desc'})
        return await self._named(
            [leaf for each in reversed(rows) for leaf in translate.leaves(each)]
        )

    async def _named(
        self, listed: Sequence[tuple[Any, str]]
    ) -> list[tuple[Any, str]]:
        """Gives orders with the ids that they always had.

        One that was changed elsewhere has a name of theirs, and says only what
        it replaces.

        Args:
            listed: The SDK's models, the oldest first, each with the id that
                its own name tells.
        """
        names: dict[str, str] = {}
        found = []
        for leaf, told in listed:
            name = self._book.name(leaf.id)
            if not name and leaf.replaces and _is_theirs(leaf):
                name = names.get(str(leaf.replaces)) or await self._first(leaf)
            names[str(leaf.id)] = name = name or told
            found.append((leaf, name))
        return found

    async def _first(self, leaf: Any) -> str:
        """Gives our id of the first of a chain, from any of it."""
        for _ in range(_LONGEST_CHAIN):
            if not leaf.replaces or not _is_theirs(leaf):
                return translate.our_id(leaf.client_order_id)
            name = self._book.name(leaf.replaces)
            if name:
                return name
            before = await self._one(f'/orders/{leaf.replaces}')
            if before is None:
                return translate.our_id(leaf.client_order_id)
            leaf = before
        raise errors.BrokerUnknownError(
            f'{self._name}: what {leaf.id} replaces does not end'
        )

    async def find(self, order_id: str) -> Any:
        """Looks for an order by our id; None where there is none.

        Returns:
            The SDK's model of the last order of its chain.

        Raises:
            errors.BrokerUnknownError: No answer.
        """
        uuid = self._book.current(order_id)
        if uuid:
            found = await self._one(f'/orders/{uuid}')
        else:
            found = await self.by_client_id(order_id)
            if found is None and not self._book.alone(order_id):
                found = await self._search(order_id)
        for _ in range(_LONGEST_CHAIN):
            if found is None:
                self._book.forget(order_id)
                return None
            self._book.learn(found, order_id)
            if found.replaced_by is None:
                return found
            found = await self._one(f'/orders/{found.replaced_by}')
        raise errors.BrokerUnknownError(
            f'{self._name}: the replacements of {order_id} do not end'
        )

    async def by_client_id(self, client_id: str) -> Any:
        """Looks for the order with just this client order id."""
        return await self._one(
            '/orders:by_client_order_id', {'client_order_id': client_id}
        )

    async def nested(self, uuid: object) -> Any:
        """Gives an order with its legs."""
        return await self._one(f'/orders/{uuid}', {'nested': 'true'})

    async def fills(self, since: int) -> list[orders.Fill]:
        """Gives fills, oldest first."""
        asked: dict[str, Any] = {'direction': 'asc', 'page_size': FILLS}
        if since:
            asked['after'] = market.to_iso(max(0, since - _MARGIN))
        rows: dict[str, _Fill] = {}
        while True:
            page = self._rows(await self._get(_ACTIVITIES, asked))
            fresh = [each for each in page if each.id not in rows]
            rows |= {each.id: each for each in fresh}
            if len(page) < FILLS:
                break
            if not fresh:
                raise self._repeats('fills')
            asked['page_token'] = page[-1].id
        owners = await self._owners({each.order_id for each in rows.values()})
        found = [
            _fill(each, owners[each.order_id])
            for each in sorted(rows.values(), key=_order)
        ]
        return [each for each in found if each.timestamp >= since]

    async def positions(self) -> list[portfolio.Position]:
        """Gives the open positions, by symbol."""
        from alpaca.trading import models  # noqa: PLC0415

        raw = _listed(await self._get('/positions'), self._name)
        found = [translate.parsed(models.Position, each) for each in raw]
        return sorted(
            (_position(each) for each in found if _units(each)),
            key=lambda each: each.symbol,
        )

    async def account(self) -> interface.AccountInfo:
        """Gives the account."""
        from alpaca.trading import models  # noqa: PLC0415

        raw = await self._get('/account')
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
            raw = await self._get(f'/assets/{parse.quote(symbol, safe="")}')
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

    async def _owners(self, uuids: set[str]) -> dict[str, str]:
        """Gives our ids of orders of theirs.

        Many that are not known, as after a start, are looked for in the lists
        of all orders, which tell hundreds in one answer.
        """
        found = {uuid: self._book.name(uuid) for uuid in uuids}
        unknown = {uuid for uuid, name in found.items() if not name}
        until = ''
        # No more answers than if each were asked for by itself.
        for _ in range(min(PAGES, len(unknown) - 1)):
            page, until = await self._newest(until)
            leaves = await self._named(
                [
                    leaf
                    for each in reversed(page)
                    for leaf in translate.leaves(each)
                    if str(leaf[0].id) in unknown
                ]
            )
            names = {str(leaf.id): name for leaf, name in leaves}
            found |= {uuid: names[uuid] for uuid in unknown & names.keys()}
            unknown -= names.keys()
            if not unknown or not until:
                break
        for uuid in sorted(unknown):
            found[uuid] = await self._owner(uuid)
        return found

    async def _owner(self, uuid: str) -> str:
        """Gives our id of one order of theirs."""
        found = await self._one(f'/orders/{uuid}')
        if found is None:
            return uuid
        # A leg's name comes from the order that it hangs on.
        ((found, order_id),) = await self._named(
            [next(translate.leaves(found))]
        )
        self._book.learn(found, order_id)
        return order_id

    async def _search(self, order_id: str) -> Any:
        """Looks through the groups for one that an order is in."""
        until = ''
        for _ in range(PAGES):
            rows, until = await self._newest(until)
            for each in rows:
                if translate.PAIRED in each.client_order_id:
                    for leaf, name in translate.leaves(each):
                        self._book.learn(leaf, name)
            uuid = self._book.current(order_id)
            if uuid:
                return await self._one(f'/orders/{uuid}')
            if not until:
                return None
        raise errors.BrokerUnknownError(
            f'{self._name}: {order_id} is not among its newest orders, and '
            'there are too many to look through'
        )

    async def _newest(self, until: str) -> tuple[list[Any], str]:
        """Gives a page of all orders, the newest first.

        Args:
            until: Only those before; empty for the first page.

        Returns:
            The page, and the end of the next one; empty where there is none.

        Raises:
            errors.BrokerUnknownError: No answer, or always the same one.
        """
        asked = {'status': 'all', 'direction': 'desc'}
        rows = await self._page(asked | ({'until': until} if until else {}))
        if len(rows) < PAGE:
            return rows, ''
        # Those of the same moment may be on the next page.
        last = rows[-1].submitted_at + datetime.timedelta(microseconds=1)
        if last.isoformat() == until:
            raise self._repeats('orders')
        return rows, last.isoformat()

    async def _list(self, status: str, direction: str) -> list[Any]:
        """Gives all orders of a status, page by page."""
        found: dict[str, Any] = {}
        asked: dict[str, Any] = {'status': status, 'direction': direction}
        while True:
            rows = await self._page(asked)
            fresh = [each for each in rows if str(each.id) not in found]
            found |= {str(each.id): each for each in fresh}
            if len(rows) < PAGE:
                return list(found.values())
            if not fresh:
                raise self._repeats('orders')
            # Of one moment some may be on the next page.
            last = rows[-1].submitted_at - datetime.timedelta(microseconds=1)
            asked['after'] = last.isoformat()

    async def _page(self, asked: Mapping[str, Any]) -> list[Any]:
        raw = await self._get(
            '/orders', {'limit': PAGE, 'nested': 'true', **asked}
        )
        return [translate.model(each) for each in _listed(raw, self._name)]

    async def _one(
        self, path: str, asked: Mapping[str, Any] | None = None
    ) -> Any:
        """Gives the model of an order; None where there is none."""
        try:
            return translate.model(await self._rest.call('GET', path, asked))
        except rest.RefusalError as error:
            if error.status == 404:
                return None
            raise errors.BrokerUnknownError(str(error)) from None
        except errors.BrokerRejectedError as error:
            raise errors.BrokerUnknownError(str(error)) from None

    async def _get(
        self, path: str, asked: Mapping[str, Any] | None = None
    ) -> Any:
        """Asks; no answer is never the answer that there is nothing."""
        try:
            return await self._rest.call('GET', path, asked)
        except rest.RefusalError as error:
            if path.startswith('/assets/'):
                raise
            raise errors.BrokerUnknownError(str(error)) from None
        except errors.BrokerRejectedError as error:
            raise errors.BrokerUnknownError(str(error)) from None

    def _repeats(self, what: str) -> errors.BrokerUnknownError:
        """Says that what comes behind a page cannot be had."""
        return errors.BrokerUnknownError(
            f'{self._name}: its list of {what} repeats a page, so that it is '
            'not known whole'
        )

    def _rows(self, raw: Any) -> list[_Fill]:
        try:
            return msgspec.convert(_listed(raw, self._name), list[_Fill])
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


def _is_theirs(leaf: Any) -> bool:
    """Whether an order's name says nothing of the one that it replaces."""
    return translate.REPLACED not in leaf.client_order_id


def _listed(raw: Any, name: str) -> list[Any]:
    if not isinstance(raw, list):
        raise errors.BrokerUnknownError(
            f'{name}: {words.plain(str(raw))[:60]} is no list'
        )
    return raw


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
