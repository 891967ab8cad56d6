"""Cancels everything at Alpaca, on one connection that is kept warm."""

from collections.abc import Mapping
import contextlib
import http.client
import json
from typing import Any
from typing import Final
from urllib import parse

from sting.model import errors

_CANCEL: Final = '/v2/orders'
_OPEN: Final = '/v2/orders?status=open&limit=500'
_CLOCK: Final = '/v2/clock'
# What client order ids are made of; as in `alpaca.translate`.
_REPLACED: Final = '~'
_PAIRED: Final = '+'


class _RefusedError(errors.BrokerUnknownError):
    """It was answered, and not done."""


def make(options: Mapping[str, Any]) -> 'Way':
    """Makes the way of what `AlpacaBroker.emergency` gives.

    Args:
        options: url, key, secret and timeout_s.
    """
    return Way(**options)


class Way:
    """A connection to one account; for one thread."""

    def __init__(
        self, url: str, key: str, secret: str, timeout_s: float
    ) -> None:
        """Sets it up; nothing is connected yet.

        Args:
            url: Where the service takes orders.
            key: Of the account.
            secret: The same.
            timeout_s: Seconds for one answer.
        """
        place = parse.urlsplit(url)
        make_one = (
            http.client.HTTPSConnection
            if place.scheme == 'https'
            else http.client.HTTPConnection
        )
        self._connection = make_one(place.netloc, timeout=timeout_s)
        self._headers = {
            'APCA-API-KEY-ID': key,
            'APCA-API-SECRET-KEY': secret,
        }

    def keep(self) -> None:
        """Asks the smallest question, so that the connection stays.

        Raises:
            errors.BrokerUnknownError: There is no answer, or a refusal.
        """
        self._ask('GET', _CLOCK)

    def cancel(self, keep: frozenset[str]) -> None:
        """Cancels all orders: at once, or one by one where some are kept.

        Args:
            keep: What is to work on, by our ids and theirs.

        Raises:
            errors.BrokerUnknownError: There is no answer, or a refusal.
        """
        if not keep:
            self._ask('DELETE', _CANCEL)
            return
        for order in self._others(keep):
            # One that has ended since is refused, and the next still goes.
            with contextlib.suppress(_RefusedError):
                self._ask('DELETE', f'{_CANCEL}/{order}')

    def working(self, keep: frozenset[str]) -> int:
        """Counts the orders that work, but for these.

        Raises:
            errors.BrokerUnknownError: There is no answer, or a refusal.
        """
        return len(self._others(keep))

    def _others(self, keep: frozenset[str]) -> list[str]:
        """Gives Alpaca's ids of the orders that work and are not kept."""
        found = self._ask('GET', _OPEN)
        if not isinstance(found, list):
            raise errors.BrokerUnknownError('the orders are no list')
        return [str(row['id']) for row in found if not _names(row) & keep]

    def close(self) -> None:
        """Ends the connection."""
        self._connection.close()

    def _ask(self, method: str, path: str) -> Any:
        """Asks, and once more where an idle connection was gone."""
        fresh = self._connection.sock is None
        try:
            return self._asked(method, path)
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            if fresh or isinstance(error, TimeoutError):
                raise self._unknown(method, path, error) from None
        try:
            return self._asked(method, path)
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise self._unknown(method, path, error) from None

    def _asked(self, method: str, path: str) -> Any:
        self._connection.request(method, path, headers=self._headers)
        answer = self._connection.getresponse()
        body = answer.read()
        if answer.status >= 300:
            raise _RefusedError(f'{method} {path}: HTTP {answer.status}')
        try:
            return json.loads(body) if body else None
        except ValueError:
            raise errors.BrokerUnknownError(
                f'{method} {path}: the answer is not JSON'
            ) from None

    def _unknown(
        self, method: str, path: str, error: Exception
    ) -> errors.BrokerUnknownError:
        said = str(error) or type(error).__name__
        return errors.BrokerUnknownError(f'{method} {path}: {said}')


def _names(row: Any) -> set[str]:
    """Gives what names an order: Alpaca's id, and ours, of a pair both."""
    own = str(row.get('client_order_id', '')).split(_REPLACED, 1)[0]
    return {str(row['id']), *own.split(_PAIRED)}
