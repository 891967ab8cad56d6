"""Cancels everything at Alpaca, on one connection that is kept warm."""

from collections.abc import Mapping
import http.client
import json
from typing import Any
from typing import Final
from urllib import parse

from sting.model import errors

_CANCEL: Final = '/v2/orders'
_OPEN: Final = '/v2/orders?status=open&limit=500'
_CLOCK: Final = '/v2/clock'


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

    def cancel(self) -> None:
        """Cancels all orders.

        Raises:
            errors.BrokerUnknownError: There is no answer, or a refusal.
        """
        self._ask('DELETE', _CANCEL)

    def working(self) -> int:
        """Counts the orders that work.

        Raises:
            errors.BrokerUnknownError: There is no answer, or a refusal.
        """
        found = self._ask('GET', _OPEN)
        if not isinstance(found, list):
            raise errors.BrokerUnknownError('the orders are no list')
        return len(found)

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
            raise errors.BrokerUnknownError(
                f'{method} {path}: HTTP {answer.status}'
            )
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
