"""How often data is painted: less where the line to the terminal is thin."""

from collections.abc import Mapping
from typing import Literal

LOCAL = 10.0
SSH = 4.0
# So many looks in a row at a terminal that has not taken what was written make
# it a slow one, and so many at one that has make it fast again.
_BEHIND = 3
_WELL = 100

Kind = Literal['auto', 'local', 'ssh']


def is_ssh(kind: Kind, environ: Mapping[str, str]) -> bool:
    """Whether the terminal is at the other end of an SSH session.

    Args:
        kind: What is configured.
        environ: The environment; in a tmux that lives longer than the session
            it may say what was true once.
    """
    if kind == 'auto':
        return bool(environ.get('SSH_CONNECTION'))
    return kind == 'ssh'


class Pace:
    """Gives the frames a second, by what is configured and by the backlog.

    Attributes:
        frames_per_s: How often data may be painted now.
    """

    def __init__(
        self,
        kind: Kind = 'auto',
        frames_per_s: float | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        """Begins with what is configured.

        Args:
            kind: Where the terminal is; auto finds out.
            frames_per_s: How often data may be painted; None goes by where
                the terminal is.
            environ: The environment; None for an empty one.
        """
        slow = is_ssh(kind, environ or {})
        self._usual = frames_per_s or (SSH if slow else LOCAL)
        self._adapts = kind == 'auto' and self._usual > SSH
        self._looks = 0
        self.frames_per_s = self._usual

    def note(self, behind: bool) -> bool:
        """Takes whether the terminal has not taken what was written.

        Args:
            behind: Whether it is behind.

        Returns:
            Whether the frames a second are others from now on.
        """
        if not self._adapts:
            return False
        is_slow = self.frames_per_s < self._usual
        self._looks = self._looks + 1 if behind is not is_slow else 0
        if self._looks < (_WELL if is_slow else _BEHIND):
            return False
        self._looks = 0
        self.frames_per_s = self._usual if is_slow else SSH
        return True
