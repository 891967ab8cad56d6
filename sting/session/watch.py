"""Sees when files of running strategies change, and strategy.yaml."""

import asyncio
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
import contextlib
import hashlib
import pathlib
from typing import Any

from sting import settings
from sting.engine import background
from sting.model import errors
from sting.model import specs
from sting.strategy import handover

PARAMETERS = 'strategy.yaml'
# Milliseconds without a change after which those before it are looked at, the
# longest that they wait for that, and how often folders are looked up anew.
_QUIET_MS = 50
_PATIENCE_MS = 400
_FOLDERS_MS = 500
# Seconds after which it is tried again to watch what cannot be watched.
_AGAIN_S = 2.0


def digests(ran: handover.Ran) -> dict[str, str]:
    """Gives the digests of a strategy's files as they are on the disk.

    Args:
        ran: What runs.

    Returns:
        By the file's name; empty text for one that cannot be read.
    """
    found = {}
    for name, (path, _) in ran.sources.items():
        try:
            text = pathlib.Path(path).read_bytes()
        except OSError:
            found[name] = ''
        else:
            found[name] = hashlib.blake2b(text, digest_size=8).hexdigest()
    return found


class Watch(background.Background):
    """Asks for a reload of each strategy of which a file changed."""

    name = 'watch'

    def __init__(
        self,
        home: settings.Home,
        running: Callable[[], Mapping[str, handover.Ran]],
        tried: Callable[[str], Mapping[str, str]],
        failed: Callable[[str], bool],
        ask: Callable[[str], None],
        alert: Callable[[str], None],
    ) -> None:
        """Sets up a watch over what runs.

        Args:
            home: Where strategy.yaml is.
            running: Gives what runs, by name.
            tried: Gives the files that a strategy was to run last, by digest.
            failed: Says whether a strategy could not take its files last.
            ask: Is told which strategy to reload.
            alert: Is told what is wrong in a file, in one line.
        """
        self._home = home
        self._running = running
        self._tried = tried
        self._failed = failed
        self._ask = ask
        self._alert = alert
        # The files that a reload was asked for, so that it is asked for once.
        self._asked: dict[str, dict[str, str]] = {}
        # What was configured when it was looked at last.
        self._configured: dict[str, tuple[object, ...]] = {}
        self._text = self._read()

    def folders(self) -> frozenset[str]:
        """Gives the folders of all files that count."""
        found = {self._home.config}
        for ran in self._running().values():
            for path, _ in ran.sources.values():
                file = pathlib.Path(path)
                # What is written to is where a link leads.
                found |= {file.parent, file.resolve().parent}
        return frozenset(str(each) for each in found if each.is_dir())

    async def _run(self) -> None:
        # Too much to load where nothing is watched.
        import watchfiles  # noqa: PLC0415

        told = ''
        while True:
            folders = self.folders()
            # What changed while nobody looked.
            await self.look(())
            wrong = ''
            try:
                await self._follow(watchfiles.awatch, folders)
            # watchfiles raises the one or the other, by what it ran out of.
            except (OSError, RuntimeError) as error:
                wrong = str(error)
            if wrong and wrong != told:
                self._alert(
                    f'files of strategies cannot be watched: {wrong}; they '
                    f'are looked at every {_AGAIN_S:g} s'
                )
            told = wrong
            if wrong or not folders:
                await asyncio.sleep(_AGAIN_S)

    async def _follow(self, awatch: Any, folders: frozenset[str]) -> None:
        """Looks at what changes, until other folders count."""
        places = _places(folders)
        seen = False
        if not folders:
            return
        async for changed in awatch(
            *folders,
            watch_filter=_counts,
            debounce=_PATIENCE_MS,
            step=_QUIET_MS,
            rust_timeout=_FOLDERS_MS,
            yield_on_timeout=True,
            recursive=False,
        ):
            if changed or not seen:
                # The first time also for what changed just before.
                await self.look([path for _, path in changed])
                seen = True
            if _places(self.folders()) != places:
                return

    async def look(self, changed: Iterable[str]) -> None:
        """Looks which strategies are to be reloaded.

        Args:
            changed: The files that changed, as far as known.
        """
        names = {pathlib.Path(path).name for path in changed}
        others: set[str] = set()
        # Whoever looked away may have missed that it changed.
        text = await asyncio.to_thread(self._read)
        if text != self._text:
            self._text = text
            others = await self._reparametrised()
        code = any(name.endswith('.py') for name in names)
        for name, ran in self._running().items():
            now = await asyncio.to_thread(digests, ran)
            known = {each: digest for each, (_, digest) in ran.sources.items()}
            fresh = now not in (known, self._tried(name), self._asked.get(name))
            # What a failed version lacked may lie in another file.
            if fresh or name in others or (code and self._failed(name)):
                self._asked[name] = now
                self._ask(name)

    def _read(self) -> bytes:
        try:
            return (self._home.config / PARAMETERS).read_bytes()
        except OSError:
            return b''

    async def _reparametrised(self) -> set[str]:
        """Gives the running strategies whose parameters are others now."""
        try:
            config = await asyncio.to_thread(settings.load, self._home)
        except errors.ConfigError as error:
            self._alert(f'{error}; strategies keep what they have')
            return set()
        found = set()
        for name, ran in self._running().items():
            entry = config.strategies.get(name)
            if entry is None:
                continue
            spec = entry.spec(name, ran.spec.number)
            before = self._configured.get(name, _taken(ran.spec))
            self._configured[name] = _taken(spec)
            if self._configured[name] != before:
                found.add(name)
            kept = _kept(spec, ran.spec)
            if kept:
                self._alert(
                    f'{PARAMETERS}: {", ".join(kept)} of {name} count from the '
                    'next start of the engine on'
                )
        return found


def _places(folders: Iterable[str]) -> set[tuple[str, int, int]]:
    """Gives folders with what they are, as one may take another's name."""
    found = set()
    for each in folders:
        with contextlib.suppress(OSError):
            known = pathlib.Path(each).stat()
            found.add((each, known.st_dev, known.st_ino))
    return found


def _counts(_change: object, path: str) -> bool:
    return path.endswith('.py') or pathlib.Path(path).name == PARAMETERS


def _taken(spec: specs.StrategySpec) -> tuple[object, ...]:
    """Gives what a reload takes anew of what is configured."""
    return (spec.parameters, spec.shadow_s)


def _kept(now: specs.StrategySpec, ran: specs.StrategySpec) -> list[str]:
    """Gives what is configured otherwise now and not taken by a reload."""
    return [
        name
        for name in specs.StrategySpec.__struct_fields__
        if name not in ('parameters', 'shadow_s', 'enabled', 'given')
        and getattr(now, name) != getattr(ran, name)
    ]
