"""One connection to TWS or IB Gateway: what is asked, and what is heard.

The library's client writes and reads the wire. Its account of orders is not
used: it takes some errors for cancels, drops what it knew with the connection
and tells a thing twice. So the messages come here as they were decoded.
"""

import asyncio
from collections.abc import Callable
from typing import Any
from typing import Final

import msgspec

from sting.broker.ibkr import codes
from sting.broker.ibkr import ears
from sting.broker.ibkr import moments
from sting.model import errors
from sting.net import ib
from sting.net import words

# Messages whose fields the library counts; it only logs what it cannot read.
_COUNTED: Final = (5, 10, 11, 59, 61, 101)
# A trade, and the field of its time.
_TRADE: Final = 11
_TIME: Final = 15
# What the library says of what it raises anyway.
_OWN: Final = 'API connection failed'
_END_S: Final = 1.0


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where the gateway is, and who we are to it.

    Attributes:
        name: Of the broker, for errors.
        host: Its address.
        port: Its port.
        client_id: The number of this connection; no two may have one.
        timeout_s: Seconds for one answer, and for a connection.
    """

    name: str
    host: str
    port: int
    client_id: int
    timeout_s: float


class _Question:
    """Something that was asked, and what was answered so far."""

    def __init__(self) -> None:
        self.found: list[Any] = []
        self.future: asyncio.Future[list[Any]] = asyncio.Future()

    def end(self, error: Exception | None = None) -> None:
        if self.future.done():
            return
        if error is None:
            self.future.set_result(self.found)
        else:
            self.future.set_exception(error)


class Session:
    """A connection, from its beginning to its end; there is no second one.

    It lives in one loop, all of its methods with it.

    Attributes:
        library: Whatever speaks the protocol.
        client: Its client.
        accounts: Those that may be used.
        alive: Whether it is connected.
        moments: Reads the gateway's times.
    """

    def __init__(self, place: Place, hears: ears.Hears) -> None:
        self._place = place
        self._hears = hears
        self._questions: dict[int | str, _Question] = {}
        self._turns: dict[str, asyncio.Lock] = {}
        self._said = ''
        self.alive = False
        self.library = ib.load()
        self.moments = moments.Moments(
            lambda said: self._hears.hear_wrong('zone', said)
        )
        self.client = self.library.Client(
            ears.Ears(self, self._hears, self.moments)
        )
        self.client.conn.hasData += self.moments.greet
        self.client.apiError += self._note
        handlers = self.client.decoder.handlers
        handlers[_TRADE] = self._timed(handlers[_TRADE])
        for number in _COUNTED:
            handlers[number] = self._checked(handlers[number])

    @property
    def accounts(self) -> list[str]:
        """Those that may be used."""
        return list(self.client.getAccounts())

    async def open(self) -> None:
        """Connects, which fails when the gateway hangs up meanwhile.

        Raises:
            errors.BrokerUnknownError: There is no connection to be had.
        """
        place, client = self._place, self.client
        gone: asyncio.Future[None] = asyncio.Future()

        def hung_up(_said: str) -> None:
            if not gone.done():
                gone.set_result(None)

        client.conn.disconnected += self._lost
        client.conn.disconnected += hung_up
        client.apiError += hung_up
        connecting = asyncio.ensure_future(
            client.connectAsync(
                place.host, place.port, place.client_id, place.timeout_s
            )
        )
        try:
            await asyncio.wait(
                (connecting, gone), return_when=asyncio.FIRST_COMPLETED
            )
            if not connecting.done():
                raise ConnectionError('it hung up')
            await connecting
            if not client.isReady():
                raise ConnectionError('it hung up')
            self.alive = True
        except TimeoutError:
            raise self._unreachable(
                f'no answer within {place.timeout_s:g} s'
            ) from None
        except OSError as error:
            raise self._unreachable(str(error)) from None
        finally:
            client.conn.disconnected -= hung_up
            client.apiError -= hung_up
            connecting.cancel()
            await asyncio.wait((connecting,))

    def chosen(self, account: str) -> str:
        """Says whose orders they are.

        Args:
            account: Whose they are to be; empty for the only account.

        Raises:
            errors.BrokerRejectedError: The login has not that one account.
        """
        found = self.accounts
        if account in found:
            return account
        if account:
            raise errors.BrokerRejectedError(
                f'{self._place.name}: the login has no account {account}; '
                'name one of its own in the profile: account'
            )
        if len(found) > 1:
            raise errors.BrokerRejectedError(
                f'{self._place.name}: the login has {len(found)} accounts; '
                'name the one to trade in the profile: account'
            )
        return found[0]

    async def close(self) -> None:
        """Ends the connection, and waits until it is gone."""
        self.fail('the connection was closed')
        connection = self.client.conn
        if not connection.isConnected():
            return
        connection.disconnected -= self._lost
        gone: asyncio.Future[None] = asyncio.Future()
        connection.disconnected += lambda _said: gone.set_result(None)
        transport = connection.transport
        self.client.disconnect()
        try:
            await asyncio.wait_for(gone, _END_S)
        except TimeoutError:
            transport.abort()

    def fail(self, reason: str) -> None:
        """Is over: whatever is asked stays without an answer."""
        self.alive = False
        for question in self._questions.values():
            question.end(self._unknown(reason))

    async def ask(
        self, send: Callable[[int], None], what: str, key: str = ''
    ) -> list[Any]:
        """Asks, and waits for the end of the answer.

        Args:
            send: Sends the question, by its number.
            what: What is asked for, for errors.
            key: Where the answer has no number: its kind. Two of one kind are
                asked one after the other, and one that stays without an answer
                ends the connection: what came late would end the next one.

        Returns:
            What was answered.

        Raises:
            errors.BrokerUnknownError: No answer.
            Refusal: It says no.
        """
        if not self.alive:
            raise self._unknown('it is not connected')
        if not key:
            return await self._asked(self.client.getReqId(), send, what)
        async with self._turns.setdefault(key, asyncio.Lock()):
            return await self._asked(key, send, what)

    def add(self, key: int | str, found: Any) -> None:
        """Takes a part of an answer."""
        question = self._questions.get(key)
        if question is not None:
            question.found.append(found)

    def end(self, key: int | str) -> None:
        """Takes the end of an answer."""
        question = self._questions.get(key)
        if question is not None:
            question.end()

    def asks(self, key: int | str) -> bool:
        """Says whether something waits for this answer."""
        return key in self._questions

    def err(self, number: int, code: int, said: str) -> None:
        """Takes an error or a notice."""
        told = words.plain(said)
        question = self._questions.get(number)
        if question is not None and code not in codes.NOTICES:
            question.end(Refusal(code, told))
            return
        if not self.alive and code not in codes.NOTICES:
            self._note(f'error {code}: {told}')
        self._hears.hear_error(number, code, told)

    def give_up(self, reason: str) -> None:
        """Breaks the connection off, since it cannot be trusted."""
        transport = self.client.conn.transport
        if transport is not None:
            self._said = reason
            transport.abort()
            # At once: what was read with it could end an answer in part.
            self._lost(reason)

    async def _asked(
        self, key: int | str, send: Callable[[int], None], what: str
    ) -> list[Any]:
        if not self.alive:
            raise self._unknown('it is not connected')
        question = self._questions[key] = _Question()
        try:
            send(key if isinstance(key, int) else 0)
            async with asyncio.timeout(self._place.timeout_s):
                return await question.future
        except TimeoutError:
            reason = f'no answer within {self._place.timeout_s:g} s: {what}'
            if isinstance(key, str):
                self.give_up(reason)
            raise self._unknown(reason) from None
        except ConnectionError as error:
            raise self._unknown(str(error)) from None
        finally:
            del self._questions[key]

    def _timed(
        self, handler: Callable[[list[str]], None]
    ) -> Callable[[list[str]], None]:
        """Gives what reads a trade, whatever zone its time is in."""

        def handle(fields: list[str]) -> None:
            if len(fields) > _TIME:
                fields[_TIME] = self.moments.utc(fields[_TIME])
            handler(fields)

        return handle

    def _checked(
        self, handler: Callable[[list[str]], None]
    ) -> Callable[[list[str]], None]:
        """Gives what reads a message, and breaks off at one it cannot read."""

        def handle(fields: list[str]) -> None:
            try:
                handler(fields)
            except (ValueError, LookupError, StopIteration) as error:
                self.give_up(
                    f'a message {fields[0]} that makes no sense: '
                    f'{words.plain(str(error)) or "it ends too early"}'
                )
                raise

        return handle

    def _lost(self, said: str) -> None:
        if not self.alive:
            return
        reason = words.plain(self._said or said or 'the gateway hung up')
        # Told before what waits fails, so that who asks next knows.
        self._hears.hear_loss(reason)
        self.fail(reason)

    def _note(self, said: str) -> None:
        """Keeps the first that is said of a connection that fails."""
        if not said.startswith(_OWN):
            self._said = self._said or said

    def _unknown(self, reason: str) -> errors.BrokerUnknownError:
        return errors.BrokerUnknownError(f'{self._place.name}: {reason}')

    def _unreachable(self, why: str) -> errors.BrokerUnknownError:
        place = self._place
        told = words.plain(self._said or why)
        remedy = ''
        if f'error {codes.USED}' in told:
            remedy = '; another program has this client id: give it another'
        return errors.BrokerUnknownError(
            f'{place.name}: no TWS or IB Gateway at {place.host}:{place.port} '
            f'for client {place.client_id}: {told}{remedy}'
        )


class Refusal(errors.BrokerError):
    """A question was answered with an error.

    Attributes:
        code: Theirs.
        said: Their words.
    """

    def __init__(self, code: int, said: str) -> None:
        super().__init__(f'error {code}: {said}')
        self.code = code
        self.said = said
