"""The real sting-tui in a real pty, and the screen that it paints."""

import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

import pexpect
import pyte

PROGRAMS = pathlib.Path(sys.executable).parent
FAST_DEMO = 'feeds: {demo: {interval_s: 0.1}}\n'
ENTER, ESCAPE, STOP, QUIT = '\r', '\x1b', '\x1c', '\x11'
# What says how the terminal is in which the tests are run.
OF_THIS_TERMINAL = (
    'COLORTERM',
    'COLUMNS',
    'LINES',
    'NO_COLOR',
    'SSH_CONNECTION',
    'TMUX',
)
# A loaded machine is slow; nothing waits this long when all is well.
PATIENCE_S = 25.0


def environment(home, **more):
    """Gives the environment of a user whose files are all in one folder."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in OF_THIS_TERMINAL
    }
    return kept | {'STING_HOME': str(home), 'TERM': 'xterm-256color'} | more


def make_home(folder, text=FAST_DEMO):
    """Makes a folder for a user's files, with a fast demo."""
    config = folder / 'home' / 'config'
    config.mkdir(parents=True)
    (config / 'sting.yaml').write_text(text, encoding='utf-8')
    return folder / 'home'


def sting(home, *arguments):
    """Runs the sting command and gives what it says as JSON."""
    done = subprocess.run(
        [PROGRAMS / 'sting', *arguments, '--json'],
        env=environment(home),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


class Terminal:
    """A terminal with sting-tui in it.

    Attributes:
        home: The user's files.
        child: The process, on the other side of the pty.
        screen: What is painted.
    """

    def __init__(
        self, home, size=(120, 40), arguments=('--demo',), **variables
    ):
        self.home = home
        self.screen = pyte.Screen(*size)
        self._stream = pyte.ByteStream(self.screen)
        self.child = pexpect.spawn(
            str(PROGRAMS / 'sting-tui'),
            list(arguments),
            env=environment(home, **variables),
            dimensions=(size[1], size[0]),
        )
        self.raw = b''

    def pump(self, seconds=0.05):
        """Reads what was painted for a while."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            try:
                data = self.child.read_nonblocking(65536, timeout=left)
            except pexpect.TIMEOUT:
                return
            except pexpect.EOF:
                time.sleep(left)
                return
            self.raw += data
            self._stream.feed(data)

    @property
    def text(self):
        """The screen as lines of text."""
        return '\n'.join(self.screen.display)

    def until(self, wanted, patience=PATIENCE_S):
        """Reads until the screen has a text, or something holds.

        Args:
            wanted: A pattern to be found on the screen, or a function.
            patience: Seconds.

        Returns:
            Seconds that it took.
        """
        began = time.monotonic()
        while time.monotonic() - began < patience:
            self.pump()
            if callable(wanted):
                if wanted():
                    return time.monotonic() - began
            elif re.search(wanted, self.text):
                return time.monotonic() - began
        raise AssertionError(f'never saw {wanted}:\n{self.text}')

    def press(self, *keys, pause=0.1):
        """Types keys one after the other, as a person does."""
        for key in keys:
            self.child.send(key)
            self.pump(pause)

    def wait_for_exit(self, patience=PATIENCE_S):
        """Waits for the end of the process; gives its exit status.

        Returns:
            The status; None where a signal ended it.
        """
        end = time.monotonic() + patience
        while time.monotonic() < end:
            if self.child.closed:
                time.sleep(0.05)
            else:
                self.pump()
            if not self.child.isalive():
                return self.child.exitstatus
        raise AssertionError(f'it did not end:\n{self.text}')

    def hang_up(self):
        """Closes the terminal's side of the pty, as a cut connection does."""
        self.child.ptyproc.fileobj.close()
        self.child.child_fd = self.child.ptyproc.fd = -1
        self.child.closed = self.child.ptyproc.closed = True

    def close(self):
        """Ends the process if it still runs, and closes the pty."""
        if self.child.isalive():
            self.child.kill(signal.SIGKILL)
            self.child.wait()
        if not self.child.closed:
            self.hang_up()
