"""A socket before a service, with its clock and what its monitor told."""

import contextlib

from sting.engine import clock
from sting.model import errors
from sting.net import monitor
from sting.net import sockets
from sting.net import wires
from tests.unit.net import streams

KEY = 'K3Y'


class World:
    """A socket, its clock and what its monitor told."""

    def __init__(self, url, **options):
        self.told = []
        self.clock = options.pop('time_source', clock.VirtualClock(10**18))
        self.monitor = monitor.ConnectionMonitor(
            'it', self.clock, self.told.append
        )
        policy = {'open_s': 20.0, 'silence_s': 100.0} | options.pop(
            'policy', {}
        )
        self.socket = sockets.Socket(
            'it',
            url,
            self.clock,
            self.monitor,
            policy=wires.Policy(**policy),
            secrets=(KEY,),
            **options,
        )

    @property
    def states(self):
        return [str(each.state) for each in self.told]

    async def ends(self):
        """Reads until the connection is gone."""
        with contextlib.suppress(errors.SourceUnavailableError):
            while True:
                await self.socket.receive()

    async def takes(self, count):
        return [await self.socket.receive() for _ in range(count)]


@contextlib.asynccontextmanager
async def before(*lives, process=None, serving=None, **options):
    """A socket before a service; not open yet."""
    async with streams.serving(*lives, process=process, **(serving or {})) as (
        url,
        service,
    ):
        world = World(url, **options)
        try:
            yield world, service
        finally:
            await world.socket.close()
