"""Orders at Alpaca as it lists them: page by page, under our names."""

from collections.abc import Mapping
from collections.abc import Sequence
import datetime
from typing import Any
from typing import Final

from sting.broker.alpaca import book as books
from sting.broker.alpaca import brackets
from sting.broker.alpaca import rest
from sting.broker.alpaca import translate
from sting.model import errors
from sting.net import words

# Of one answer, at most; and answers until a search is given up.
PAGE: Final = 500
PAGES: Final = 40
# A chain of replacements that is longer turns in a circle.
_LONGEST_CHAIN: Final = 500


class Listing:
    """Asks for orders, and knows which of theirs is which of ours."""

    def __init__(
        self,
        way: rest.Rest,
        book: books.Book,
        name: str,
        *,
        urgent: bool = False,
    ) -> None:
        """Sets up what asks.

        Args:
            way: Makes requests.
            book: Knows which order of theirs is which of ours.
            name: Of the broker, for errors.
            urgent: A cancel waits for the answers.
        """
        self._urgent = urgent
        self._rest = way
        self._book = book
        self._name = name

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
                found = await self._find_leg(order_id)
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

    async def _find_leg(self, order_id: str) -> Any:
        """Looks for an order that Alpaca gave a name of its own."""
        entry = brackets.entry_of(order_id)
        if entry:
            found = await self.find(entry)
            whole = None if found is None else await self.nested(found.id)
            for leaf, name in [] if whole is None else translate.leaves(whole):
                self._book.learn(leaf, name)
            uuid = self._book.current(order_id)
            if uuid or found is None:
                return await self._one(f'/orders/{uuid}') if uuid else None
        return await self._search(order_id)

    async def by_client_id(self, client_id: str) -> Any:
        """Looks for the order with just this client order id."""
        return await self._one(
            '/orders:by_client_order_id', {'client_order_id': client_id}
        )

    async def nested(self, uuid: object) -> Any:
        """Gives an order with its legs."""
        return await self._one(f'/orders/{uuid}', {'nested': 'true'})

    async def owners(self, uuids: set[str]) -> dict[str, str]:
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

    async def _owner(self, uuid: str) -> str:
        """Gives our id of one order of theirs."""
        found = await self._one(f'/orders/{uuid}')
        if found is None or not found.symbol:
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
            raise self.repeats('orders')
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
                raise self.repeats('orders')
            # Of one moment some may be on the next page.
            last = rows[-1].submitted_at - datetime.timedelta(microseconds=1)
            asked['after'] = last.isoformat()

    async def _page(self, asked: Mapping[str, Any]) -> list[Any]:
        raw = await self.get(
            '/orders', {'limit': PAGE, 'nested': 'true', **asked}
        )
        return [translate.model(each) for each in listed(raw, self._name)]

    async def _one(
        self, path: str, asked: Mapping[str, Any] | None = None
    ) -> Any:
        """Gives the model of an order; None where there is none."""
        try:
            return translate.model(await self._call(path, asked))
        except rest.RefusalError as error:
            if error.status == 404:
                return None
            raise errors.BrokerUnknownError(str(error)) from None
        except errors.BrokerRejectedError as error:
            raise errors.BrokerUnknownError(str(error)) from None

    async def get(
        self, path: str, asked: Mapping[str, Any] | None = None
    ) -> Any:
        """Asks; no answer is never the answer that there is nothing."""
        try:
            return await self._call(path, asked)
        except rest.RefusalError as error:
            if path.startswith('/assets/'):
                raise
            raise errors.BrokerUnknownError(str(error)) from None
        except errors.BrokerRejectedError as error:
            raise errors.BrokerUnknownError(str(error)) from None

    async def _call(self, path: str, asked: Mapping[str, Any] | None) -> Any:
        return await self._rest.call('GET', path, asked, urgent=self._urgent)

    def repeats(self, what: str) -> errors.BrokerUnknownError:
        """Says that what comes behind a page cannot be had."""
        return errors.BrokerUnknownError(
            f'{self._name}: its list of {what} repeats a page, so that it is '
            'not known whole'
        )


def _is_theirs(leaf: Any) -> bool:
    """Whether an order's name says nothing of the one that it replaces."""
    return translate.REPLACED not in leaf.client_order_id


def listed(raw: Any, name: str) -> list[Any]:
    """Takes an answer that has to be a list.

    Args:
        raw: What came.
        name: Of the broker.

    Raises:
        errors.BrokerUnknownError: It is none.
    """
    if not isinstance(raw, list):
        raise errors.BrokerUnknownError(
            f'{name}: {words.plain(str(raw))[:60]} is no list'
        )
    return raw
