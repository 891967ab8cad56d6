"""Somebody who does what a page says, from a fresh home."""

import contextlib
import io
import os
import pathlib
import re
import shlex
import signal
import subprocess
import sys
import time

from sting import settings
from sting.cli import main
from tests import pages

# What only a shell understands.
SHELL = set('|&;<>$`*(')


class Reader:
    """Does what pages say, in a home of its own.

    Commands of sting alone run in this process, all else in a shell.

    Attributes:
        home: Where it is, and where its files are.
    """

    def __init__(self, home: pathlib.Path) -> None:
        self.home = home
        tools = pathlib.Path(sys.executable).parent
        self.environment = os.environ | {
            'HOME': str(home),
            'STING_HOME': str(home),
            'PATH': f'{tools}:{os.environ["PATH"]}',
            # The programs of pages import what an installation has.
            'PYTHONPATH': str(pages.ROOT),
            'COLUMNS': '200',
        }
        self._running: list[subprocess.Popen[bytes]] = []
        self._said = ''
        self._unread = False

    def read(self, page: pathlib.Path) -> dict[str, str]:
        """Follows a page; gives what each block printed, by its text."""
        said = {block.text: self.follow(block) for block in pages.blocks(page)}
        self._look()
        return said

    def follow(self, block: pages.Block) -> str:
        """Does what one block says; gives what that printed."""
        if self._unread and not block.file:
            self._look()
        if block.language == 'console':
            lacks = pages.missing(self._said, block.text)
            assert not lacks, f'{block.place}: {lacks!r} is not in {self._said}'
            return ''
        if block.language == 'sh':
            self._said = self._command(block)
            return self._said
        if block.file:
            self._keep(block)
        return ''

    def close(self) -> None:
        """Ends what stays, in order."""
        for process in self._running:
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=60) == 0

    def _keep(self, block: pages.Block) -> None:
        path = self.home / block.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text)
        self._unread = True

    def _look(self) -> None:
        """Checks that what was written is a configuration."""
        settings.load(settings.Home.find({'STING_HOME': str(self.home)}))
        self._unread = False

    def _command(self, block: pages.Block) -> str:
        if block.needs:
            for line in block.lines():
                pages.check(line)
            return ''
        if block.title == pages.STAYS:
            self._start(block.text)
            return ''
        told = []
        # Lines that share what a shell knows have one.
        together = '$' in block.text or '<<' in block.text
        for text in [block.text] if together else block.lines():
            plain = text.startswith('sting ') and not SHELL & set(text)
            code, printed = (self._call if plain else self._shell)(text)
            failed = code != 0
            assert failed == (block.title == pages.FAILS), (
                f'{block.place}: {text}: {code}\n{printed}'
            )
            told.append(printed)
        return ''.join(told)

    def _call(self, line: str) -> tuple[int, str]:
        words = shlex.split(line, comments=True)[1:]
        out = io.StringIO()
        kept = dict(os.environ)
        os.environ.update(self.environment)
        try:
            with (
                contextlib.chdir(self.home),
                contextlib.redirect_stdout(out),
                contextlib.redirect_stderr(out),
            ):
                return main.run(words), out.getvalue()
        finally:
            os.environ.clear()
            os.environ.update(kept)

    def _shell(self, text: str) -> tuple[int, str]:
        done = subprocess.run(
            ['bash', '-euo', 'pipefail', '-c', text],
            cwd=self.home,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=200,
        )
        return done.returncode, done.stdout + done.stderr

    def _start(self, text: str) -> None:
        self._running.append(
            subprocess.Popen(
                ['bash', '-c', f'exec {text}'],
                cwd=self.home,
                env=self.environment,
                stdout=subprocess.DEVNULL,
            )
        )
        # The reader takes longer to open another shell than this.
        profile = re.sub('.*(--profile [a-z]+|--demo).*', r'\1', text.strip())
        profile = profile.replace('--demo', '--profile demo')
        look = f'sting log show {profile} --type fill'
        deadline = time.monotonic() + 60
        while ' fill ' not in self._call(look)[1]:
            assert time.monotonic() < deadline, 'it has not traded'
            time.sleep(0.2)
