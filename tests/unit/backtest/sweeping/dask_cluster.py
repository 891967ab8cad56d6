"""A real Dask cluster on loopback, each part a process of its own."""

import contextlib
import json
import os
import pathlib
import subprocess
import sys
import time

DEADLINE_S = 90.0
ROOT = pathlib.Path(__file__).parents[4]
_LOOPBACK = ('--host', '127.0.0.1')


class Cluster:
    """A scheduler, and workers that can be killed."""

    def __init__(self, folder, stack, tls=()):
        self._folder = folder
        self._stack = stack
        self._tls = tls
        self.workers = []
        file = folder / 'scheduler.json'
        protocol = ('--protocol', 'tls') if tls else ()
        self.scheduler = self._start(
            *('scheduler', '--port', '0', '--no-dashboard', *_LOOPBACK),
            *('--scheduler-file', str(file), '--no-show', *protocol),
        )
        end = time.monotonic() + DEADLINE_S
        while True:
            with contextlib.suppress(OSError, ValueError):
                self.address = json.loads(file.read_text())['address']
                return
            assert time.monotonic() < end
            assert self.scheduler.poll() is None
            time.sleep(0.05)

    def worker(self, nanny='--no-nanny'):
        """Starts a worker."""
        made = self._start(
            *('worker', self.address, '--nthreads', '1', nanny, *_LOOPBACK),
            *('--no-dashboard', '--memory-limit', '0'),
            *('--local-directory', str(self._folder / 'scratch')),
        )
        self.workers.append(made)
        return made

    def _start(self, *words):
        code = 'import sys; from dask.__main__ import main; main()'
        process = subprocess.Popen(
            [sys.executable, '-W', 'ignore', '-c', code, *words, *self._tls],
            cwd=self._folder,
            env={**os.environ, 'PYTHONPATH': str(ROOT)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

        def stop():
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

        self._stack.callback(stop)
        return process


@contextlib.contextmanager
def running(folder, workers=2, nanny='--no-nanny', tls=()):
    """Gives a cluster with some workers."""
    with contextlib.ExitStack() as stack:
        made = Cluster(folder, stack, tls)
        for _ in range(workers):
            made.worker(nanny)
        yield made
