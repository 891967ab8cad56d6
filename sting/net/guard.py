"""Requests tried again, and sources that are left alone for a while."""

from collections.abc import Awaitable
from collections.abc import Callable
from typing import Final
from typing import TypeVar

import msgspec
import numpy as np
import purgatory
from purgatory.domain import model as circuits
import tenacity

from sting.engine import clock as clocks
from sting.model import errors

T = TypeVar('T')
# More of them would be no number.
_DOUBLINGS: Final = 64


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """How often a request is tried, and when its source is left alone.

    Attributes:
        tries: Times that a request is made in all.
        wait_s: Seconds before the second try; each further wait is twice the
            one before, all of them made shorter by chance, by half at most.
        most_wait_s: The longest wait, seconds. A source that asks for a longer
            one is not asked again by this request.
        threshold: Requests in a row that may fail; then none is made.
        rest_s: Seconds until one is made again, to see.
    """

    tries: int = 4
    wait_s: float = 0.5
    most_wait_s: float = 30.0
    threshold: int = 5
    rest_s: float = 30.0

    def __post_init__(self) -> None:
        """Refuses figures that make no sense.

        Raises:
            errors.ConfigError: Naming the figure.
        """
        for name, least in (
            ('tries', 1),
            ('wait_s', 0),
            ('most_wait_s', 0),
            ('threshold', 1),
            ('rest_s', 0),
        ):
            value = getattr(self, name)
            if not least <= value < float('inf'):
                raise errors.ConfigError(
                    f'{name} {value:g} must be at least {least}'
                )


class Waits:
    """Waits between tries: each twice the one before, shortened by chance.

    The shortening is by half at most, so that those who failed together do not
    come back together.
    """

    def __init__(self, wait_s: float, most_wait_s: float, seed: int) -> None:
        """Sets up the waits.

        Args:
            wait_s: The first, seconds.
            most_wait_s: The longest.
            seed: Of the shortening.
        """
        self._wait_s = wait_s
        self._most_wait_s = most_wait_s
        self._random = np.random.default_rng(seed)

    def after(self, failures: int) -> float:
        """Gives the seconds to wait after so many failures in a row, from 1."""
        wait = self._wait_s * 2.0 ** min(failures - 1, _DOUBLINGS)
        wait = min(wait, self._most_wait_s)
        return wait * (1.0 - 0.5 * float(self._random.random()))


class Guard:
    """Makes the requests to one source.

    What may pass is tried again: SourceUnavailableError, and its kind. A no
    and nonsense are not: they would come again. Requests that are told apart
    by nothing but luck share one breaker, and a wait that the source asked one
    of them for is kept by all: some ban for longer who asks before its end.
    """

    def __init__(
        self,
        name: str,
        policy: Policy,
        time_source: clocks.Clock,
        *,
        seed: int = 0,
    ) -> None:
        """Sets up the guard of a source.

        Args:
            name: The source.
            policy: How often, and how long.
            time_source: Waits.
            seed: Of the waits, so that sources do not come back together.
        """
        self.name = name
        self._policy = policy
        self._clock = time_source
        self._waits = Waits(policy.wait_s, policy.most_wait_s, seed)
        self.wake()
        # When the source wants to be asked again, seconds.
        self._until = 0.0
        # How the last request failed.
        self._fault = ''

    def wake(self) -> None:
        """Ends the rest after failures, as there is a sign of life.

        Not one that the source asked for.
        """
        self._circuits = purgatory.AsyncCircuitBreakerFactory(
            default_threshold=self._policy.threshold,
            default_ttl=self._policy.rest_s,
            exclude=[(BaseException, _says_nothing)],
        )

    async def call(self, request: Callable[[], Awaitable[T]]) -> T:
        """Makes a request, again where that may help.

        Args:
            request: Makes it once; called for each try.

        Returns:
            What it gave.

        Raises:
            errors.SourceError: As the last try did, or that the source is left
                alone for now.
        """
        retrying = tenacity.AsyncRetrying(
            retry=tenacity.retry_if_exception(self._may_pass),
            stop=tenacity.stop_after_attempt(self._policy.tries),
            wait=self._wait,
            sleep=self._clock.sleep,
            reraise=True,
        )
        return await retrying(self._once, request)

    async def _once(self, request: Callable[[], Awaitable[T]]) -> T:
        await self._keep_away()
        breaker = await self._circuits.get_breaker(self.name)
        try:
            async with breaker:
                return await request()
        except errors.SourceLimitedError as error:
            until = self._clock.monotonic() + (error.wait_s or 0.0)
            self._until = max(self._until, until)
            self._fault = str(error)
            raise
        except errors.SourceUnavailableError as error:
            self._fault = str(error)
            raise
        except circuits.OpenedState:
            raise _RestingError(
                f'{self.name} failed {self._policy.threshold} times in a row '
                f'and is left alone for {self._policy.rest_s:g} s'
                + (f': {self._fault}' if self._fault else '')
            ) from None

    async def _keep_away(self) -> None:
        """Waits as long as the source asked for, where that is not long."""
        rest = self._until - self._clock.monotonic()
        if rest > self._policy.most_wait_s:
            raise errors.SourceLimitedError(
                f'{self.name} asked to be left alone for {rest:.0f} s more: '
                f'{self._fault}',
                rest,
            )
        if rest > 0:
            await self._clock.sleep(rest)

    def _may_pass(self, error: BaseException) -> bool:
        if isinstance(error, errors.SourceLimitedError):
            return (error.wait_s or 0.0) <= self._policy.most_wait_s
        return isinstance(
            error, errors.SourceUnavailableError
        ) and not isinstance(error, _RestingError)

    def _wait(self, state: tenacity.RetryCallState) -> float:
        error = None if state.outcome is None else state.outcome.exception()
        asked = getattr(error, 'wait_s', None) or 0.0
        return max(asked, self._waits.after(state.attempt_number))


class _RestingError(errors.SourceUnavailableError):
    """The source is left alone, so trying again now is of no use."""


def _says_nothing(error: BaseException) -> bool:
    """Whether an error tells nothing of whether the source works."""
    return not isinstance(error, errors.SourceUnavailableError)
