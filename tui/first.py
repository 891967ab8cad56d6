"""Whether someone opens the workstation for the first time."""

from collections.abc import Mapping
import contextlib

from sting import settings

FILE = 'welcomed'


class First:
    """The first start, and what was kept of it.

    Attributes:
        places: Where files lie, by what is in them.
    """

    def __init__(self, home: settings.Home, profile: str) -> None:
        """Looks at what there is.

        Args:
            home: Where the user's files are.
            profile: The profile that is opened.
        """
        self._seen = home.states / FILE
        self._config = home.config / 'sting.yaml'
        self.places: Mapping[str, str] = {
            'settings': str(self._config),
            'strategies': str(home.strategies),
            'the log': str(home.log(profile)),
        }

    @property
    def is_now(self) -> bool:
        """Whether nothing was written or told here before."""
        return not (self._seen.exists() or self._config.exists())

    def remember(self) -> None:
        """Keeps that it was told; a folder that takes nothing is no error."""
        with contextlib.suppress(OSError):
            self._seen.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._seen.touch(mode=0o600)
