"""Packages of others that have a broker, made for a test."""

import importlib
import sys
import textwrap

# A scripted broker whose venue outlives the engines that connect to it.
BROKER = """
    import asyncio

    from sting.broker import interface
    from sting.engine import clock
    from sting.simulator import market
    from sting.testing import broker

    SETUPS = []
    VENUES = []
    ACCOUNT = {}


    class Mine(broker.ScriptedBroker):
        name = 'mine'

        async def get_account_info(self):
            found = await super().get_account_info()
            changes = {'account': 'U1'} | ACCOUNT
            return interface.AccountInfo(
                **{
                    name: changes.get(name, getattr(found, name))
                    for name in found.__struct_fields__
                }
            )


    def later(loop):
        def call(wait, what, *args):
            loop.call_soon_threadsafe(loop.call_later, wait, what, *args)

        return call


    def build(setup):
        SETUPS.append(setup)
        call = later(asyncio.get_running_loop())
        if not VENUES:
            VENUES.append(
                broker.Venue(
                    market.MarketSimulator(),
                    broker.Script(),
                    later=call,
                    now=setup.clock.now,
                    cash=setup.options.get('cash', 50_000.0),
                )
            )
        VENUES[0].later = call
        return Mine(VENUES[0], setup.clock)
"""


def install(
    folder, monkeypatch, name='mine', source=BROKER, value=None, package=''
):
    """Installs a package with a broker, as pip would, for the test.

    Args:
        folder: Where to.
        monkeypatch: Takes it away again.
        name: The broker's name.
        source: What its module says.
        value: What its entry point names; None for its `build`.
        package: The package's name; empty for one made of the broker's.

    Returns:
        A function that gives the module.
    """
    module = package or f'sting_{name}_plugin'
    site = folder / f'site_{name}'
    info = site / f'{module}-1.0.dist-info'
    info.mkdir(parents=True)
    (site / f'{module}.py').write_text(textwrap.dedent(source))
    (info / 'METADATA').write_text(
        f'Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n'
    )
    (info / 'entry_points.txt').write_text(
        f'[sting.brokers]\n{name} = {value or module + ":build"}\n'
    )
    monkeypatch.syspath_prepend(site)
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.delitem(sys.modules, module)
    return lambda: importlib.import_module(module)
