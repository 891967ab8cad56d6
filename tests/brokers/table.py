"""Plays every scenario at every broker, and writes the table.

`python -m tests.brokers.table docs/summaries/BROKERS.md`: exit 1 where one
fails.
"""

import asyncio
import pathlib
import sys
import time

from sting.testing.brokers import asking
from sting.testing.brokers import attaching
from sting.testing.brokers import changing
from sting.testing.brokers import outages
from sting.testing.brokers import placing
from sting.testing.brokers import stopping
from sting.testing.brokers import suite
from tests.brokers import paper
from tests.brokers.alpaca import world as alpaca
from tests.brokers.ibkr import world as ibkr

WORLDS = {
    'paper': paper.PaperWorld,
    'alpaca': alpaca.AlpacaWorld,
    'ibkr': ibkr.IbkrWorld,
}
GROUPS = {
    'Orders of each kind': placing.SCENARIOS,
    'Exits with their entry': attaching.SCENARIOS,
    'Changes and cancels': changing.SCENARIOS,
    'Questions': asking.SCENARIOS,
    'Losses, restarts, other hands': outages.SCENARIOS,
    'The emergency stop': stopping.SCENARIOS,
}
HEAD = """\
# Scenarios by broker

Written by `make brokers`: `sting.testing.brokers`, one suite for all. Paper is
played with its drill; Alpaca and Interactive Brokers through their real SDKs,
before services on loopback that speak their protocols, with sting's simulator
as the matching engine. A figure is how long the scenario took, in milliseconds.
The market of a real service cannot be told what to do: `make test-sandbox`
plays there what needs none.
"""


async def play(scenario, world):
    """Plays one; gives the milliseconds, or what failed."""
    begun = time.perf_counter()
    try:
        await suite.run(scenario, world())
    # The boundary of a scenario: whatever goes wrong is its result.
    except Exception as error:  # noqa: BLE001
        sys.stderr.write(f'{scenario.__name__}: {error}\n')
        return None
    return (time.perf_counter() - begun) * 1000.0


async def main(path):
    lines = [HEAD]
    passed = dict.fromkeys(WORLDS, 0)
    for title, scenarios in GROUPS.items():
        lines += [
            f'## {title}',
            '',
            '| scenario | ' + ' | '.join(WORLDS) + ' |',
        ]
        lines += ['|---|' + '---|' * len(WORLDS)]
        for scenario in scenarios:
            cells = []
            for name, world in WORLDS.items():
                took = await play(scenario, world)
                passed[name] += took is not None
                cells.append('**failed**' if took is None else f'{took:,.0f}')
            words = scenario.__doc__.splitlines()[0].rstrip('.')
            lines.append(f'| {words} | ' + ' | '.join(cells) + ' |')
        lines.append('')
    count = len(suite.SCENARIOS)
    total = ', '.join(f'{name} {n} of {count}' for name, n in passed.items())
    lines.insert(1, f'Passed: {total}.\n')
    path.write_text('\n'.join(lines))
    sys.stdout.write(f'{total}\n')
    return min(passed.values()) < count


if __name__ == '__main__':
    sys.exit(asyncio.run(main(pathlib.Path(sys.argv[1]))))
