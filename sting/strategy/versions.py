"""Versions of a strategy's code: what it was loaded of, and copies of it.

A version is all source files that a strategy's process really loaded from its
user's folders: the strategy's own, its parent classes', helpers', and the
`__init__` of packages on the way. sting itself and installed libraries do not
count, but a strategy that ships with sting counts with its own file.
"""

from collections.abc import Mapping
from collections.abc import Sequence
import contextlib
import hashlib
import importlib.abc
import importlib.machinery
import importlib.util
import linecache
import os
import pathlib
import shutil
import sys
import sysconfig
import types
from typing import Any
from typing import NamedTuple

import msgspec

import sting
from sting.model import errors

# Copies of one strategy that are kept.
KEPT = 20

_MANIFEST = 'version.json'
_INSTALLED = frozenset({'site-packages', 'dist-packages'})
_FOREIGN = (
    pathlib.Path(sting.__file__).parent,
    *(
        pathlib.Path(sysconfig.get_path(name))
        for name in ('stdlib', 'platstdlib', 'purelib', 'platlib')
    ),
)


class Source(NamedTuple):
    """A file of a version.

    Attributes:
        name: The module's name, by which it is imported; of a strategy that
            is given as a file, the file's name.
        path: Where it lies, absolute.
        text: What it says.
        package: Whether it is a package's `__init__`.
    """

    name: str
    path: str
    text: bytes
    package: bool = False

    @property
    def digest(self) -> str:
        """BLAKE2b of what it says, 16 hexadecimal digits."""
        return hashlib.blake2b(self.text, digest_size=8).hexdigest()


class Version(NamedTuple):
    """A strategy's code.

    Attributes:
        reference: The strategy, as configured.
        sources: Its files, by name.
    """

    reference: str
    sources: tuple[Source, ...]

    @property
    def code(self) -> str:
        """Its hash: BLAKE2b over names and contents, 16 hexadecimal digits.

        It holds no folder, so that the same code has the same hash anywhere.
        """
        digest = hashlib.blake2b(digest_size=8)
        for source in self.sources:
            for part in (source.name.encode(), source.text):
                digest.update(len(part).to_bytes(8, 'big'))
                digest.update(part)
        return digest.hexdigest()


class _Stored(msgspec.Struct, frozen=True):
    """What a copy says of one of its files."""

    name: str
    path: str
    package: bool
    file: str


class _Manifest(msgspec.Struct, frozen=True):
    """What a copy says of itself."""

    reference: str
    sources: tuple[_Stored, ...]


class Recorder(importlib.abc.MetaPathFinder):
    """Sees which of its user's files a strategy loads, and what they said.

    Used as a context, or first in `sys.meta_path` of a process that runs one
    strategy. Given a version, it hands out that version's files in the place
    of those on the disk, under the same names. It also does without `.pyc`
    files, which miss an edit that keeps a file's size within the same second.
    """

    def __init__(self, reference: str, version: Version | None = None) -> None:
        """Sets up a recorder that has seen nothing yet.

        Args:
            reference: What will be loaded, as configured.
            version: The version to load; None for the files as they are.
        """
        self._reference = reference
        # Of a strategy that ships with sting, its own module counts.
        self._own = reference.partition(':')[0]
        given = () if version is None else version.sources
        self._given = {source.name: source for source in given}
        self._seen: dict[str, Source] = {}
        self._passed: set[str] = set(sys.stdlib_module_names)

    def __enter__(self) -> 'Recorder':
        """Begins to look at imports."""
        sys.meta_path.insert(0, self)
        return self

    def __exit__(self, *_: object) -> None:
        """Looks at imports no more."""
        sys.meta_path.remove(self)

    def version(self) -> Version:
        """Gives the version that was loaded so far."""
        found = sorted(self._seen.values(), key=_by_name)
        return Version(self._reference, tuple(found))

    def read(
        self, path: str, name: str | None = None, *, package: bool = False
    ) -> bytes:
        """Reads a file of the version.

        Args:
            path: The file.
            name: The module that it is; None for a strategy that is given as
                a file.
            package: Whether it is a package's `__init__`.

        Returns:
            What it says.

        Raises:
            OSError: It cannot be read.
        """
        name = name or pathlib.Path(path).name
        source = self._given.get(name)
        if source is None:
            text = pathlib.Path(path).read_bytes()
            source = Source(name, path, text, package)
        else:
            # Tracebacks are to show the lines that ran.
            lines = source.text.decode(errors='replace').splitlines(True)
            linecache.cache[path] = (len(source.text), None, lines, path)
        self._seen[name] = source
        return source.text

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: types.ModuleType | None = None,
    ) -> importlib.machinery.ModuleSpec | None:
        """Finds a module of the user's; leaves all others to Python."""
        given = self._given.get(fullname)
        if given is not None:
            return importlib.util.spec_from_file_location(
                fullname,
                given.path,
                loader=_Loader(fullname, given.path, self, given.package),
                submodule_search_locations=(
                    [str(pathlib.Path(given.path).parent)]
                    if given.package
                    else None
                ),
            )
        if fullname.partition('.')[0] in self._passed:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is None or not spec.has_location or spec.origin is None:
            return None
        if fullname != self._own and not is_users(spec.origin):
            if '.' not in fullname and fullname != 'sting':
                # Nor is anything inside of it.
                self._passed.add(fullname)
            return None
        package = spec.submodule_search_locations is not None
        spec.loader = _Loader(fullname, spec.origin, self, package)
        return spec


class _Loader(importlib.machinery.SourceFileLoader):
    """Runs a module of what a recorder reads."""

    def __init__(
        self, name: str, path: str, recorder: Recorder, package: bool
    ) -> None:
        super().__init__(name, path)
        self._recorder = recorder
        self._package = package

    def get_code(self, fullname: str) -> types.CodeType:
        text = self._recorder.read(self.path, fullname, package=self._package)
        code: types.CodeType = self.source_to_code(text, self.path)
        return code


def is_users(path: str) -> bool:
    """Whether a file is source of the user's: not sting's, not installed."""
    file = pathlib.Path(path)
    return (
        file.suffix == '.py'
        and not _INSTALLED.intersection(file.parts)
        and not any(file.is_relative_to(folder) for folder in _FOREIGN)
    )


def describe_change(before: Mapping[str, str], after: Mapping[str, str]) -> str:
    """Says in a few words what a version changed.

    Args:
        before: Digest by name, of the files of one version.
        after: The same of another.

    Returns:
        A text such as 'base, helper changed; tools new'; empty for the same.
    """
    parts = {
        'changed': [n for n in after if before.get(n, after[n]) != after[n]],
        'new': [n for n in after if n not in before],
        'gone': [n for n in before if n not in after],
    }
    return '; '.join(
        f'{", ".join(names)} {what}' for what, names in parts.items() if names
    )


class Store:
    """Copies of versions in a folder, each in a folder named by its hash."""

    def __init__(self, folder: pathlib.Path) -> None:
        """Sets up a store.

        Args:
            folder: Where copies lie; made with the first.
        """
        self._folder = folder

    def save(self, version: Version) -> None:
        """Keeps a copy, and forgets the oldest ones of the same strategy.

        A copy that is there already counts as new again. A crash leaves no
        half of one under its name.

        Args:
            version: What to keep.

        Raises:
            errors.StrategyError: It cannot be written.
        """
        place = self._folder / version.code
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if place.is_dir():
                os.utime(place)
            else:
                self._write(version, place)
            self._forget(version)
        except OSError as error:
            raise errors.StrategyError(
                f'no copy of this version is kept: {error.strerror}',
                path=place,
            ) from None

    def load(self, code: str) -> Version:
        """Gives a version of which there is a copy.

        Args:
            code: Its hash.

        Returns:
            The version.

        Raises:
            errors.StrategyError: There is no copy, or it was changed.
        """
        place = self._folder / code
        try:
            manifest = self._manifest(place)
            version = Version(
                manifest.reference,
                tuple(
                    Source(
                        each.name,
                        each.path,
                        (place / each.file).read_bytes(),
                        each.package,
                    )
                    for each in manifest.sources
                ),
            )
        except (OSError, msgspec.MsgspecError):
            raise errors.StrategyError(
                f'there is no copy of version {code}'
            ) from None
        if version.code != code:
            raise errors.StrategyError(
                f'the copy of version {code} was changed', path=place
            )
        return version

    def _write(self, version: Version, place: pathlib.Path) -> None:
        """Writes a copy under a passing name, then gives it its own."""
        passing = self._folder / f'.{place.name}-{os.getpid()}'
        shutil.rmtree(passing, ignore_errors=True)
        passing.mkdir(mode=0o700)
        stored = []
        for number, source in enumerate(version.sources, start=1):
            file = f'{number:02}_{source.name.removesuffix(".py")}.py'
            _write_private(passing / file, source.text)
            stored.append(
                _Stored(source.name, source.path, source.package, file)
            )
        manifest = _Manifest(version.reference, tuple(stored))
        _write_private(passing / _MANIFEST, msgspec.json.encode(manifest))
        try:
            passing.rename(place)
        except OSError:
            shutil.rmtree(passing, ignore_errors=True)
            # Another instance of the same strategy was faster.
            if not place.is_dir():
                raise

    def _forget(self, version: Version) -> None:
        """Removes the copies of a strategy that are too many."""
        same = []
        for place in self._folder.iterdir():
            # What is no copy, or is being removed by another, is passed over.
            with contextlib.suppress(OSError, msgspec.MsgspecError):
                if self._manifest(place).reference == version.reference:
                    same.append((place.stat().st_mtime_ns, place))
        for _, place in sorted(same, reverse=True)[KEPT:]:
            shutil.rmtree(place, ignore_errors=True)

    def _manifest(self, place: pathlib.Path) -> _Manifest:
        text = (place / _MANIFEST).read_bytes()
        return msgspec.json.decode(text, type=_Manifest)


def _write_private(path: pathlib.Path, text: bytes) -> None:
    number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(number, 'wb') as file:
        file.write(text)


def _by_name(source: Source) -> Any:
    return source.name
