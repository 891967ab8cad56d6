"""Shows the engine to a screen in another process."""

import asyncio

from sting.control import pictures
from sting.model import workstation

# A reader who takes nothing for so long is hung up on; it can come again.
STALLED_S = 60.0
QUIET_S = 1.0


async def show(
    writer: asyncio.StreamWriter,
    station: workstation.Workstation,
    frames_per_s: float,
) -> None:
    """Sends pictures as they change, until the connection ends.

    One frame at most waits for a slow reader: what it missed while it did not
    read is in the next one, since each is made of the newest picture.

    Args:
        writer: The connection.
        station: The engine.
        frames_per_s: At most so many a second.

    Raises:
        OSError: The reader went away, or has taken nothing for STALLED_S
            seconds.
    """
    differ = pictures.Differ()
    # Whatever the system has not taken yet makes us wait.
    writer.transport.set_write_buffer_limits(high=0)
    every = 1.0 / frames_per_s
    last = None
    quiet = 0.0
    while True:
        picture = station.snapshot()
        if picture is not last or quiet >= QUIET_S:
            writer.write(differ.encode(picture))
            async with asyncio.timeout(STALLED_S):
                await writer.drain()
            last, quiet = picture, 0.0
        await asyncio.sleep(every)
        quiet += every
