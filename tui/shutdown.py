"""The emergency shutdown, by the same command as from a shell.

The stop itself is pulled by the terminal, at once. What follows waits for its
report and for fills, and may outlast the terminal: it has a process of its own.
"""

import asyncio
from collections.abc import Sequence
import sys
from typing import Final

PROGRAM: Final = (sys.executable, '-m', 'sting.cli.main')


async def run(
    profile: str,
    word: str,
    slices: int,
    every_s: float,
    program: Sequence[str] = PROGRAM,
) -> str:
    """Closes every position and ends the engine.

    Args:
        profile: The engine's profile.
        word: What was typed.
        slices: In so many parts each position is closed.
        every_s: Seconds from one part to the next.
        program: What the command and its options are given to.

    Returns:
        What went wrong, one line; empty where nothing did.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *program,
            'shutdown',
            '--emergency',
            f'--slices={slices}',
            f'--every={every_s}',
            f'--confirm={word}',
            f'--profile={profile}',
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            # It ends the engine, which may be in this very process.
            start_new_session=True,
        )
        _, said = await process.communicate()
    except OSError as error:
        return f'the shutdown cannot be started: {error}'
    return said.decode(errors='replace').strip().removeprefix('sting: ')
