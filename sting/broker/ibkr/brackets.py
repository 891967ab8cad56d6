"""Entries with their exits at Interactive Brokers: parents and children.

A child names its parent's number; nothing of it leaves the gateway before the
last one of them says that all may be transmitted. The exits are children that
wait there, and each fill of the parent wakes as much of them. Source: TWS API,
Bracket Orders.
"""

import asyncio
from collections.abc import Sequence

import msgspec

from sting.broker import interface
from sting.broker.ibkr import record as records
from sting.broker.ibkr import session as sessions
from sting.broker.ibkr import terms
from sting.broker.ibkr import trader
from sting.model import errors
from sting.model import orders

_SUBMITTED = orders.OrderStatus.SUBMITTED


class BracketTrader(trader.Trader):
    """Sends entries with their exits as well."""

    async def place_group(
        self, group: Sequence[orders.Order]
    ) -> list[interface.OrderResponse]:
        """Sends an entry and then its exits; see the interface."""
        self._check()
        known = self.book.names.get(group[0].id)
        if known is not None and await self._again(known) is not None:
            return await self._answers(self._known(group))
        for order in group[1:]:
            # Without its entry it is not there, either.
            stale = self.book.names.get(order.id)
            if stale is not None:
                self.book.names.drop(stale)
        try:
            what = await self.contracts.find(group[0].symbol)
        except sessions.Refusal as error:
            return [self._refuse(order, error.said) for order in group]
        said = [terms.refusal(order, what.lot) for order in group]
        if any(said):
            refusal = next(filter(None, said))
            return [self._refuse(order, refusal) for order in group]
        for _ in group:
            await self._limiter.acquire()
        if self.book.names.get(group[0].id) is not None:
            # Somebody sent it meanwhile.
            return await self._answers(self._known(group))
        return await self._answers(self._send_group(group, what.contract))

    def _known(self, group: Sequence[orders.Order]) -> list[records.Record]:
        """Gives what is known of a group that was sent before."""
        found = [self.book.names.get(order.id) for order in group]
        for order, record in zip(group, found, strict=True):
            if record is None:
                raise errors.BrokerUnknownError(
                    f'{self._place.name}: {group[0].id} is there, and '
                    f'{order.id} is not'
                )
        return [record for record in found if record is not None]

    async def _answers(
        self, sent: Sequence[records.Record]
    ) -> list[interface.OrderResponse]:
        try:
            return [await self._answer(record) for record in sent]
        except errors.BrokerUnknownError:
            # Whoever sends it again has to look for it first.
            for record in sent:
                record.answer = None
            raise

    def _send_group(
        self, group: Sequence[orders.Order], contract: object
    ) -> list[records.Record]:
        """Sends a group unless the emergency stop holds."""
        with self._gate:
            self._check()
            if any(self._halted(order) for order in group):
                raise errors.BrokerWithheldError(
                    f'{self._place.name}: withheld by the emergency stop'
                )
            sent: list[records.Record] = []
            for order in group:
                record = records.Record(
                    msgspec.structs.replace(
                        order, status=_SUBMITTED, resting=_SUBMITTED
                    ),
                    contract,
                )
                record.number = self.session.client.getReqId()
                record.client = self._place.client_id
                record.answer = asyncio.get_running_loop().create_future()
                record.parent = sent[0].number if sent else 0
                self.book.add(record)
                sent.append(record)
            self._write(lambda: self._transmit(sent))
        return sent

    def _transmit(self, sent: Sequence[records.Record]) -> None:
        # Made first, or one that cannot be made would leave its parent there.
        made = [
            terms.to_ib(
                self.session.library, one.order, self.account, one.parent
            )
            for one in sent
        ]
        for record, order in zip(sent, made, strict=True):
            order.transmit = record is sent[-1]
            self.session.client.placeOrder(
                record.number, record.contract, order
            )
