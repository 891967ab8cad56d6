"""Where a user's files lie."""

from collections.abc import Mapping
import dataclasses
import hashlib
import os
import pathlib
import re
import tempfile

from sting.model import errors
from sting.settings import owned

# sun_path has 108 bytes on Linux, the last of them a zero.
SOCKET_BYTES = 107

_NAME = re.compile(r'[A-Za-z0-9][A-Za-z0-9_-]*')


@dataclasses.dataclass(frozen=True, slots=True)
class Home:
    """A user's folders. Those that are written to are made when asked for.

    Attributes:
        config: The user's YAML, laid over the shipped defaults.
        states: One folder a profile, with its log, socket and lines of text.
        cache: What can be fetched again.
        strategies: The user's own strategies.
        runtime: Sockets whose usual path would be too long.
    """

    config: pathlib.Path
    states: pathlib.Path
    cache: pathlib.Path
    strategies: pathlib.Path
    runtime: pathlib.Path

    @classmethod
    def find(cls, environ: Mapping[str, str] | None = None) -> 'Home':
        """Gives the folders that the environment names.

        `STING_HOME` holds all of them; without it the XDG folders do.

        Args:
            environ: The environment; None for that of this process.

        Returns:
            The folders, none of them made yet.
        """
        given = os.environ if environ is None else environ
        runtime = pathlib.Path(
            given.get('XDG_RUNTIME_DIR')
            or pathlib.Path(tempfile.gettempdir(), f'sting-{os.getuid()}')
        )
        root = given.get('STING_HOME')
        if root:
            top = pathlib.Path(root).expanduser().absolute()
            return cls(
                config=top / 'config',
                states=top / 'state',
                cache=top / 'cache',
                strategies=top / 'strategies',
                runtime=runtime,
            )
        user = pathlib.Path(given.get('HOME') or pathlib.Path.home())

        def xdg(name: str, default: str) -> pathlib.Path:
            # The XDG rules: a relative path there is to be ignored.
            base = pathlib.Path(given.get(name, ''))
            return (base if base.is_absolute() else user / default) / 'sting'

        return cls(
            config=xdg('XDG_CONFIG_HOME', '.config'),
            states=xdg('XDG_STATE_HOME', '.local/state'),
            cache=xdg('XDG_CACHE_HOME', '.cache'),
            strategies=xdg('XDG_DATA_HOME', '.local/share') / 'strategies',
            runtime=runtime,
        )

    def state(self, profile: str) -> pathlib.Path:
        """Gives the folder of a profile, made with mode 0700 if need be.

        Args:
            profile: The profile's name.

        Returns:
            The folder.

        Raises:
            errors.ConfigError: The name is none, or the folder cannot be made.
        """
        folder = self._folder(profile)
        make_private(folder)
        return folder

    @property
    def bars(self) -> pathlib.Path:
        """Where bars are kept that were fetched."""
        return self.cache / 'data'

    def log(self, profile: str) -> pathlib.Path:
        """Gives the path of a profile's event log, which may not exist yet.

        Raises:
            errors.ConfigError: The profile's name is none.
        """
        return self._folder(profile) / 'events.db'

    @property
    def trials(self) -> pathlib.Path:
        """The path of the ledger of trials, which may not exist yet."""
        return self.states / 'trials.db'

    def socket(self, profile: str) -> pathlib.Path:
        """Gives the path of a profile's control socket.

        Where the usual path has more bytes than a socket's may have, it lies
        under XDG_RUNTIME_DIR, under a name that no other home has.

        Args:
            profile: The profile's name.

        Returns:
            The path; only a folder under XDG_RUNTIME_DIR is made.

        Raises:
            errors.ConfigError: The name is none, or even that path is too
                long.
        """
        path = self._folder(profile) / 'control.sock'
        if len(os.fsencode(path)) <= SOCKET_BYTES:
            return path
        digest = hashlib.blake2b(os.fsencode(path), digest_size=8).hexdigest()
        path = self.runtime / 'sting' / f'{digest}.sock'
        if len(os.fsencode(path)) > SOCKET_BYTES:
            raise errors.ConfigError(
                f'{path} is too long for a socket; set STING_HOME or '
                'XDG_RUNTIME_DIR to a shorter path'
            )
        make_private(path.parent)
        return path

    def profiles(self) -> tuple[str, ...]:
        """Lists the profiles that have been run, by name."""
        if not self.states.is_dir():
            return ()
        return tuple(
            sorted(
                folder.name
                for folder in self.states.iterdir()
                if folder.is_dir() and _NAME.fullmatch(folder.name)
            )
        )

    def _folder(self, profile: str) -> pathlib.Path:
        if not _NAME.fullmatch(profile):
            raise errors.ConfigError(
                f'{profile!r} is not a profile: letters, digits, - and _'
            )
        return self.states / profile


def make_private(folder: pathlib.Path) -> None:
    """Makes a folder, and those above it that are missing, with mode 0700.

    Args:
        folder: The folder.

    Raises:
        errors.ConfigError: It cannot be made, or belongs to someone else.
    """
    try:
        missing = []
        at = folder
        while not at.exists() and at != at.parent:
            missing.append(at)
            at = at.parent
        for path in reversed(missing):
            path.mkdir(mode=0o700, exist_ok=True)
        owner = folder.stat().st_uid
    except OSError as error:
        raise errors.ConfigError(
            f'cannot make the folder: {error.strerror}; '
            'set STING_HOME to a folder that can be written',
            path=folder,
        ) from None
    if owner != os.getuid():
        raise errors.ConfigError(
            'belongs to another user; set STING_HOME to a folder of your own',
            path=folder,
        )
    owned.check(folder)
