"""Lets nothing through to a broker before its account is the right one."""

from collections.abc import Collection
from collections.abc import Sequence
import threading
from typing import TypeVar

import msgspec

from sting import settings
from sting.broker import interface
from sting.model import errors
from sting.model import market
from sting.model import orders
from sting.model import portfolio
from sting.model import records

_Told = TypeVar('_Told', bound=orders.Order | orders.Fill | records.CashFlow)


def misfit(
    name: str, profile: settings.Profile, found: interface.AccountInfo
) -> str:
    """Says why an account is not the one that a profile means.

    Args:
        name: The profile's name.
        profile: What it says.
        found: The account that answers.

    Returns:
        One sentence with a remedy; empty where it fits.
    """
    broker = f'broker {profile.broker}'
    if profile.account and found.account != profile.account:
        return (
            f'profile {name} is for account {profile.account}, and {broker} '
            f'answers for {found.account}; use the keys of the one, or name '
            'the other'
        )
    live = profile.mode is records.Mode.LIVE
    if live and found.simulated:
        return (
            f'profile {name} is LIVE, and account {found.account} at {broker} '
            'has play money; write mode: paper, or use the address and the '
            'keys of the real one'
        )
    if not live and found.simulated is False:
        return (
            f'profile {name} is {profile.mode.upper()}, and account '
            f'{found.account} at {broker} has real money; use the address and '
            'the keys of the paper account'
        )
    if not live and found.simulated is None and not profile.account:
        return (
            f'{broker} does not say whether account {found.account} has real '
            f'money; if it has not, write account: {found.account} into '
            f'profile {name}'
        )
    if found.currency != profile.currency:
        return (
            f'profile {name} is in {profile.currency}, and account '
            f'{found.account} at {broker} in {found.currency}; write '
            f'currency: {found.currency}, with instruments that trade in it'
        )
    return ''


class AccountGate(interface.BrokerInterface):
    """A broker outside, which is spoken to only in the right account.

    Each time it has connected, the account is asked for. Reports wait until it
    has answered, and no order, change or cancel leaves before; an account
    that is another one than the profile's ends it all. Of several brokers it
    says which one an order or a fill is of.
    """

    def __init__(
        self,
        broker: interface.BrokerInterface,
        name: str,
        profile: settings.Profile,
    ) -> None:
        """Stands in front of a broker.

        Args:
            broker: The broker.
            name: The profile's name.
            profile: What it says.
        """
        self._several = len(profile.venues) > 1
        if self._several:
            profile = profile.at(broker.name)
        # These are the classes' own elsewhere; here they are whose it is.
        vars(self).update(
            name=broker.name,
            dedupes=broker.dedupes,
            groups=broker.groups,
            limits=broker.limits,
            native=broker.native,
        )
        self.monitor = broker.monitor
        self._broker = broker
        self._profile_name = name
        self._profile = profile
        # Reports may come from any thread.
        self._lock = threading.Lock()
        self._held: list[interface.Told] | None = None
        self._sink: interface.Sink | None = None

    def expect(self, number: str) -> None:
        """Names the account that has to answer, where the profile does not.

        Args:
            number: That of the log, or the one that answered first; empty for
                whichever fits.
        """
        if number and not self._profile.account:
            self._profile = msgspec.structs.replace(
                self._profile, account=number
            )

    async def connect(
        self, sink: interface.Sink, halted: interface.Halted
    ) -> None:
        """Connects, and makes sure of the account; see the interface.

        Raises:
            errors.AccountError: It is not the one that the profile means;
                nothing was sent, and it is disconnected.
            errors.BrokerError: There is no connection to be had.
        """
        with self._lock:
            self._sink, self._held = None, []
        await self._broker.connect(self._report, halted)
        try:
            found = await self._broker.get_account_info()
        except errors.BrokerError:
            await self._broker.disconnect()
            raise
        fault = misfit(self._profile_name, self._profile, found)
        if fault:
            with self._lock:
                self._held = None
            self.account = ''
            await self._broker.disconnect()
            raise errors.AccountError(fault)
        self.account = found.account
        self.expect(found.account)
        if found.blocked:
            self.monitor.complain('account', found.blocked)
        with self._lock:
            self._sink, held, self._held = sink, self._held or [], None
            for report in held:
                sink(report)

    def _named(self, told: _Told) -> _Told:
        """Says of which of several brokers something is."""
        if not self._several:
            return told
        return msgspec.structs.replace(told, broker=self.name)

    def _report(self, report: interface.Told) -> None:
        if not isinstance(report, orders.OrderUpdate):
            report = self._named(report)
        with self._lock:
            if self._sink is not None:
                self._sink(report)
            elif self._held is not None:
                self._held.append(report)

    async def disconnect(self) -> None:
        """Ends the connection; see the interface."""
        with self._lock:
            self._sink = self._held = None
        await self._broker.disconnect()

    async def place_order(self, order: orders.Order) -> interface.OrderResponse:
        """Sends an order; see the interface."""
        self._check()
        return await self._broker.place_order(order)

    async def place_group(
        self, group: Sequence[orders.Order]
    ) -> list[interface.OrderResponse]:
        """Sends orders of which one cancels the others; see the interface."""
        self._check()
        return await self._broker.place_group(group)

    async def replace_order(
        self,
        order_id: str,
        *,
        quantity: float | None = None,
        price: float | None = None,
        stop_price: float | None = None,
    ) -> interface.OrderResponse:
        """Changes a working order; see the interface."""
        self._check()
        return await self._broker.replace_order(
            order_id, quantity=quantity, price=price, stop_price=stop_price
        )

    async def cancel_order(self, order_id: str) -> interface.CancelResponse:
        """Takes an order out; see the interface."""
        self._check()
        return await self._broker.cancel_order(order_id)

    async def cancel_all(
        self, symbol: str | None = None
    ) -> list[interface.CancelResponse]:
        """Takes all orders out, or those of one symbol."""
        self._check()
        return await self._broker.cancel_all(symbol)

    def emergency_cancel_all(
        self, keep: Collection[str] = ()
    ) -> interface.EmergencyReport:
        """Takes all orders out, now; see the interface.

        An account that never answered, or was another one, is left alone. One
        that has answered is not asked again: a lost connection does not keep
        the stop from trying.
        """
        if not self.account:
            return interface.EmergencyReport()
        if not keep:
            # One of another package may not know how to keep any.
            return self._broker.emergency_cancel_all()
        return self._broker.emergency_cancel_all(keep)

    def emergency(self) -> interface.Emergency | None:
        """Says how a guardian can cancel, once the account has answered."""
        return self._broker.emergency() if self.account else None

    async def get_orders(self) -> list[orders.Order]:
        """Gives the working orders, in order of arrival."""
        self._know()
        return [self._named(o) for o in await self._broker.get_orders()]

    async def get_order_by_client_id(
        self, order_id: str
    ) -> orders.Order | None:
        """Looks up an order, working or done."""
        self._know()
        found = await self._broker.get_order_by_client_id(order_id)
        return None if found is None else self._named(found)

    async def get_fills(self, since: int = 0) -> list[orders.Fill]:
        """Gives fills from a moment on, oldest first."""
        self._know()
        return [self._named(f) for f in await self._broker.get_fills(since)]

    async def get_positions(self) -> list[portfolio.Position]:
        """Gives the open positions, by symbol."""
        self._know()
        return await self._broker.get_positions()

    async def get_account_info(self) -> interface.AccountInfo:
        """Gives the account."""
        return await self._broker.get_account_info()

    async def get_time(self) -> int:
        """Asks for the broker's clock."""
        return await self._broker.get_time()

    async def get_instruments(
        self, symbols: Sequence[str]
    ) -> list[market.Instrument]:
        """Gives what the broker knows of instruments."""
        return await self._broker.get_instruments(symbols)

    def _check(self) -> None:
        """Refuses to speak for an account that has not answered.

        Raises:
            errors.BrokerRejectedError: It has not; nothing was sent.
        """
        if not self._is_known:
            raise errors.BrokerRejectedError(
                f'broker {self.name} is not connected; nothing was sent'
            )

    def _know(self) -> None:
        """Lets no question through to an account that has not answered.

        Another one has none of our orders, and that would be taken for news.

        Raises:
            errors.BrokerUnknownError: It has not.
        """
        if not self._is_known:
            raise errors.BrokerUnknownError(
                f'broker {self.name} is not connected'
            )

    @property
    def _is_known(self) -> bool:
        return bool(self.account) and self._sink is not None
