"""Looks at a broker as a profile would use it, and says what to fix."""

import asyncio
from collections.abc import AsyncIterator
from collections.abc import Awaitable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import TypeVar

import msgspec

from sting import settings
from sting.broker import interface
from sting.broker import registry
from sting.data.sources import base
from sting.data.sources import registry as sources
from sting.engine import clock as clocks
from sting.model import errors
from sting.model import market
from sting.net import guard
from sting.settings import brokers
from sting.settings import keys

OK = 'ok'
WARN = 'warn'
FAIL = 'fail'
# Seconds for one answer.
PATIENCE_S = 20.0
# A difference of the clocks, in seconds, that is told, and one that has orders
# judged by the wrong day.
SKEW_S = 2.0
WRONG_S = 60.0
DAY = 86_400 * market.NANOSECONDS
# So many days have a bar of any instrument that is traded.
DAYS = 10

_MONEY = {
    True: 'play money',
    False: 'real money',
    None: 'real or play money, which it does not say',
}
_Answer = TypeVar('_Answer')


class Finding(msgspec.Struct, frozen=True):
    """What one look found.

    Attributes:
        name: What was looked at.
        status: ok, warn or fail.
        detail: What was found.
        remedy: What to do about it.
    """

    name: str
    status: str
    detail: str
    remedy: str = ''


_Findings = AsyncIterator[Finding]


class Examination:
    """Asks a broker, and the sources of a profile's bars, all but orders."""

    def __init__(
        self,
        config: settings.Settings,
        profile: str,
        time_source: clocks.Clock,
        environ: Mapping[str, str],
        patience_s: float = PATIENCE_S,
    ) -> None:
        """Sets it up; nothing is asked yet.

        Args:
            config: What is configured.
            profile: The profile's name.
            time_source: This machine's clock.
            environ: Has keys.
            patience_s: Seconds for one answer.

        Raises:
            errors.ConfigError: There is no such profile.
        """
        self._config = config
        self._name = profile
        self._whole = self._profile = config.profile(profile)
        self._clock = time_source
        self._environ = environ
        self._patience_s = patience_s

    async def run(self) -> _Findings:
        """Looks, and gives what it finds, as it finds it."""
        unmade = 0
        for name in self._whole.venues:
            self._profile = _part(self._whole, name)
            async for found in self._venue():
                yield found
            unmade += found.name == 'broker' and found.status == FAIL
        if unmade < len(self._whole.venues):
            async for found in self._data():
                yield found

    async def _venue(self) -> _Findings:
        """Looks at one broker of the profile."""
        chosen = self._profile
        account = f', account {chosen.account}' if chosen.account else ''
        yield Finding(
            'profile',
            OK,
            f'{self._name} is {chosen.mode.upper()} at {chosen.broker}'
            + account,
        )
        for place in keys.places(chosen.broker, self._environ, self._name):
            yield _of_key(place)
        try:
            broker = registry.build(
                chosen.broker,
                self._config,
                self._name,
                self._clock,
                self._environ,
            )
        except errors.ConfigError as error:
            yield Finding('broker', FAIL, str(error))
            return
        try:
            async for found in self._broker(broker):
                yield found
        finally:
            await broker.disconnect()

    async def _broker(self, broker: interface.BrokerInterface) -> _Findings:
        """Looks at the broker itself."""
        began = self._clock.monotonic()
        try:
            await self._answer(broker.connect(_ignore, lambda _: True))
        except errors.AccountError as error:
            yield Finding('account', FAIL, str(error))
            return
        except errors.BrokerError as error:
            yield Finding(
                'connection',
                FAIL,
                str(error),
                f'look whether it runs, at exchanges/{broker.name}.yaml, the '
                'network and, where it has some, the keys',
            )
            return
        took = self._clock.monotonic() - began
        yield Finding('connection', OK, f'connected in {took:.2f} s')
        looks = (
            ('account', self._account),
            ('clock', self._skew),
            ('symbols', self._symbols),
            ('book', self._book),
        )
        silent = 0
        for name, look in looks:
            if silent > 1:
                # What it died of would only be told again.
                yield Finding(
                    name, FAIL, 'not asked: the two before had no answer'
                )
                continue
            try:
                async for found in look(broker):
                    yield found
                silent = 0
            except errors.BrokerError as error:
                silent += isinstance(error, errors.BrokerUnknownError)
                yield Finding(
                    name, FAIL, str(error), 'ask again, or ask the broker why'
                )
        yield self._limits(broker)

    async def _account(self, broker: interface.BrokerInterface) -> _Findings:
        found = await self._answer(broker.get_account_info())
        yield Finding(
            'account',
            OK,
            f'{found.account}: {_MONEY[found.simulated]}, equity '
            f'{found.equity:,.2f} {found.currency}, buying power '
            f'{found.buying_power:,.2f}',
        )
        if found.blocked:
            yield Finding(
                'permissions',
                FAIL,
                f'account {found.account} may not trade: {found.blocked}',
                'ask the broker to unblock it',
            )
        elif found.shorting is False:
            yield Finding(
                'permissions',
                WARN,
                f'account {found.account} may not sell short',
                'short sales will be rejected; ask the broker for a margin '
                'account if you want them',
            )
        else:
            short = ', and sell short' if found.shorting else ''
            yield Finding(
                'permissions', OK, f'account {found.account} may trade{short}'
            )
        if self._outside and not self._profile.account:
            yield Finding(
                'account',
                WARN,
                f'profile {self._name} takes whatever account answers',
                f'write account: {found.account} into it',
            )

    async def _skew(self, broker: interface.BrokerInterface) -> _Findings:
        before = self._clock.now()
        theirs = await self._answer(broker.get_time())
        after = self._clock.now()
        skew = (theirs - (before + after) / 2) / market.NANOSECONDS
        way = (after - before) / market.NANOSECONDS
        detail = f'{skew:+.2f} s to that of the broker, asked in {way:.2f} s'
        # What the answer took on its way cannot be told from a difference.
        off = abs(skew) - way / 2
        status = FAIL if off > WRONG_S else WARN if off > SKEW_S else OK
        remedy = '' if status is OK else 'set the clock of this machine by NTP'
        yield Finding('clock', status, detail, remedy)

    async def _symbols(self, broker: interface.BrokerInterface) -> _Findings:
        wanted = self._profile.symbols
        found = await self._answer(broker.get_instruments(wanted))
        known = {one.symbol: one for one in found}
        missing = [symbol for symbol in wanted if symbol not in known]
        if missing:
            yield Finding(
                'symbols',
                FAIL,
                f'{broker.name} does not trade {", ".join(missing)}',
                f'take them out of profile {self._name}',
            )
        parts = [one.symbol for one in found if 0 < one.lot < 1]
        currency = self._profile.currency
        other = [
            f'{one.symbol} ({one.currency})'
            for one in found
            if one.currency not in ('', currency)
        ]
        if other:
            yield Finding(
                'symbols',
                FAIL,
                f'not in {currency}: {", ".join(other)}',
                f'take them out of profile {self._name}',
            )
        if not missing and not other:
            fractions = f'; in fractions: {", ".join(parts)}' if parts else ''
            yield Finding(
                'symbols', OK, f'{len(found)} can be traded{fractions}'
            )

    async def _book(self, broker: interface.BrokerInterface) -> _Findings:
        working = await self._answer(broker.get_orders())
        held = await self._answer(broker.get_positions())
        fills = await self._answer(broker.get_fills(self._clock.now() - DAY))
        yield Finding(
            'book',
            OK,
            f'{len(working)} orders work there, {len(held)} positions, '
            f'{len(fills)} fills in a day',
        )

    def _limits(self, broker: interface.BrokerInterface) -> Finding:
        name = broker.name
        section = self._config.services.get(name)
        per_minute = getattr(section, 'orders_per_minute', None)
        if per_minute is None:
            return Finding('limits', OK, broker.limits or 'none is configured')
        return Finding(
            'limits',
            OK,
            f'{per_minute:g} requests a minute about orders, by '
            f'exchanges/{name}.yaml',
        )

    async def _data(self) -> _Findings:
        """Asks each source of the profile's bars for some of one symbol."""
        feed = self._config.feeds[self._profile.feed]
        if not isinstance(feed, settings.MarketFeed):
            yield Finding(
                'data',
                WARN if self._outside else OK,
                f'feed {self._profile.feed} is played, not a market',
                'name a feed of kind: market' if self._outside else '',
            )
            return
        for name in feed.sources:
            yield await self._source(name, feed)

    @property
    def _outside(self) -> bool:
        return self._profile.broker != brokers.PAPER

    async def _source(self, name: str, feed: settings.MarketFeed) -> Finding:
        symbol = self._whole.symbols[0]
        theirs = feed.names.get(name, {}).get(symbol, symbol)
        now = self._clock.now()
        try:
            source = sources.build(
                name,
                self._config.services[name],
                self._clock,
                self._environ,
                self._name,
                # Who looks wants to know how it is, not that it works at last.
                guard.Policy(tries=1),
            )
        except errors.ConfigError as error:
            return Finding('data', FAIL, str(error))
        try:
            bars = await self._answer(
                source.get_bars(
                    base.Request(
                        symbols=(theirs,),
                        timeframe='1d',
                        start=now - DAYS * DAY,
                        end=now,
                    )
                )
            )
        except (errors.SourceError, errors.BrokerError) as error:
            return Finding(
                'data',
                FAIL,
                str(error),
                f'look at exchanges/{name}.yaml, and at what your account '
                'there is entitled to',
            )
        finally:
            await source.close()
        if not len(bars):
            return Finding(
                'data',
                WARN,
                f'{name} has no bar of {symbol} in {DAYS} days',
                'is that its name there? see `names` of the feed',
            )
        return Finding('data', OK, f'{name} gives bars of {symbol}')

    async def _answer(self, asked: Awaitable[_Answer]) -> _Answer:
        """Waits for an answer, but not for ever.

        Raises:
            errors.BrokerUnknownError: None came in time.
        """
        try:
            return await asyncio.wait_for(asked, self._patience_s)
        except TimeoutError:
            raise errors.BrokerUnknownError(
                f'no answer within {self._patience_s:g} s'
            ) from None


def _part(whole: settings.Profile, broker: str) -> settings.Profile:
    """Gives a profile as it is for one of its brokers."""
    if len(whole.venues) == 1:
        return whole
    symbols = tuple(
        symbol
        for symbol in whole.symbols
        if broker in (whole.route(symbol), whole.backup)
    )
    return msgspec.structs.replace(
        whole.at(broker), symbols=symbols or whole.symbols
    )


def profile_of(
    config: settings.Settings, broker: str | None, profile: str | None
) -> str:
    """Finds the profile that is meant.

    Args:
        config: What is configured.
        broker: The broker that was named, if one was.
        profile: The profile that was named, if one was.

    Returns:
        Its name: the first one of the broker where none was named.

    Raises:
        errors.ConfigError: No profile fits.
    """
    if profile is not None:
        chosen = config.profile(profile)
        if broker is not None and broker not in chosen.venues:
            raise errors.ConfigError(
                f'profile {profile} is for broker '
                f'{" and ".join(chosen.venues)}, not {broker}'
            )
        return profile
    for name, each in config.profiles.items():
        if broker in each.venues:
            return name
    raise errors.ConfigError(
        f'no profile has broker: {broker}; write one into sting.yaml. There '
        f'are: {_those(config)}'
    )


def _those(config: settings.Settings) -> str:
    pairs: Sequence[str] = [
        f'{name} ({", ".join(each.venues)})'
        for name, each in config.profiles.items()
    ]
    return ', '.join(pairs)


def _of_key(place: keys.Place) -> Finding:
    if place.where == 'nowhere':
        return Finding(
            'keys',
            WARN,
            f'{place.variable} is neither in the environment nor the keyring',
            'set it there, or use `sting keys set SERVICE`',
        )
    return Finding('keys', OK, f'{place.variable} is in the {place.where}')


def _ignore(report: interface.Told) -> None:
    """Takes what is told; the doctor looks at no order."""
