"""Running strategies take their code and their parameters anew."""

import asyncio
from collections.abc import Mapping
import functools
import re
from typing import Any

import msgspec

from sting import settings
from sting.engine import board
from sting.engine import state
from sting.engine import step
from sting.model import errors
from sting.model import parameters
from sting.model import records
from sting.session import feeds
from sting.session import watch
from sting.strategy import handover
from sting.strategy import host
from sting.strategy import isolated

_PARAMETER = re.compile(r"parameter '?(\w+)'?")


class Reloads:
    """Carries out what `sting reload`, a key or a changed file asks for."""

    def __init__(
        self,
        home: settings.Home,
        hosted: isolated.IsolatedHost,
        system: state.SystemState,
        shown: board.Board,
        status: host.Status,
    ) -> None:
        """Sets up the ways to what is needed.

        Args:
            home: Where the user's files are.
            hosted: Runs the strategies.
            system: The engine's state, with what each strategy holds.
            shown: Has the bars that warm a strategy up.
            status: Is told what came of a change that did not get as far as
                the host.
        """
        self._home = home
        self._hosted = hosted
        self._state = system
        self._board = shown
        self._status = status
        self._tried: dict[str, dict[str, str]] = {}

    def tried(self, name: str) -> dict[str, str]:
        """Gives the files that a strategy was to run last, by digest."""
        return self._tried.get(name, {})

    async def carry_out(self, effect: step.Reload) -> None:
        """Has a strategy change its version.

        Args:
            effect: What the engine wants done; it is durable.
        """
        name = effect.strategy
        ran = self._hosted.ran(name)
        if ran is None:
            # It stopped a moment ago, and its status says so.
            return
        if effect.given is not None:
            # The files may have changed, and nobody asked for that.
            await self._set(ran, effect.seq, effect.given)
            return
        self._tried[name] = await asyncio.to_thread(watch.digests, ran)
        if effect.back:
            await self._hosted.change(
                name, seq=effect.seq, past=functools.partial(self._past, name)
            )
            return
        try:
            settings.check_code(ran.spec.reference)
            config = await asyncio.to_thread(settings.load, self._home)
        except errors.ConfigError as error:
            self._refuse(ran, effect.seq, str(error))
            return
        spec = ran.spec
        entry = config.strategies.get(name)
        if entry is not None:
            spec = msgspec.structs.replace(
                spec, parameters=entry.parameters, shadow_s=entry.shadow_s
            )

        def explain(error: str) -> str:
            found = _PARAMETER.search(error)
            place = config.places.get(f'{name}.{found[1]}') if found else None
            return error if place is None else f'{place[0]}:{place[1]}: {error}'

        await self._hosted.change(
            name,
            seq=effect.seq,
            past=functools.partial(self._past, name),
            spec=spec,
            explain=explain,
        )

    async def _set(
        self, ran: handover.Ran, seq: int, given: Mapping[str, Any]
    ) -> None:
        """Has a strategy go on with what is set by hand."""
        try:
            typed = parameters.convert(ran.settings, given)
        except errors.StrategyError as error:
            # It was reloaded since this was asked for.
            self._refuse(ran, seq, str(error))
            return
        await self._hosted.change(
            ran.spec.name,
            seq=seq,
            past=functools.partial(self._past, ran.spec.name),
            spec=msgspec.structs.replace(ran.spec, given=typed),
            keep=True,
        )

    def _past(self, name: str) -> handover.Past:
        return handover.Past(
            self._state.book(name).copy(),
            self._board.history(feeds.WARM_UP),
            [each for each in self._state.working() if each.strategy == name],
        )

    def _refuse(self, ran: handover.Ran, seq: int, error: str) -> None:
        self._status(
            records.StrategyStatus(
                strategy=ran.spec.name,
                status='running',
                code=ran.code,
                error=error,
            ),
            seq,
        )
