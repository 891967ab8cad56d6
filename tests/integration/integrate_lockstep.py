"""One strategy file: a backtest, paper in lockstep, and compiled columns.

Paper is the whole engine: its log, its risk, its broker, and the strategy in
a process of its own. The feed gives a bar when all is answered that came of
the bar before.
"""

import asyncio

import msgspec
import pytest

from sting import session
from sting import settings
from sting.backtest import assumptions
from sting.backtest import compiled
from sting.backtest import engine
from sting.data import feed
from sting.data import sample
from sting.model import protection
from sting.model import sizing
from sting.model import specs
from sting.risk import gate
from sting.session import feeds
from tests.unit.backtest import bars as made
from tests.unit.backtest import bracketed
from tests.unit.backtest import deciders
from tests.unit.backtest import sized
from tests.unit.session import stations

pytestmark = [pytest.mark.integration, pytest.mark.timeout(400)]

SECONDS = 200.0
BARS = 250
NAME = 'one'
HERE = deciders.__name__
# On a busy machine an answer may take long.
FREE = specs.Process(deadline_ms=60_000, late_ms=60_000, signals_per_s=100_000)
COSTS = {'commission_bps': 2.0, 'slippage_bps': 1.0, 'participation': 0.01}
COMPILED = {
    'sting.library.sma_cross_compiled': {'fast': 3, 'slow': 8},
    f'{HERE}:Mixed': {'often': 2, 'step': 0.001},
    f'{HERE}:Curved': {},
}
PLAIN = {
    'sting.library.donchian_breakout': {'entry': 10, 'exit': 5, 'atr': 5},
    'sting.library.sma_cross': {'fast': 3, 'slow': 8},
    f'{bracketed.__name__}:Bracketed': {},
}
CASES = COMPILED | PLAIN


class Lockstep(feed.FileFeed):
    """Plays bars, each when all is done that came of the one before."""

    room = None

    async def stream(self, after):
        async for bar in super().stream(after):
            while not self._is_quiet():  # noqa: ASYNC110
                await asyncio.sleep(0.0005)
            yield bar

    def _is_quiet(self):
        """Whether nothing is under way; all of it runs in this loop."""
        room = self.room
        return (
            room is not None
            and room._hosted.is_running(NAME)
            and not room._hosted.vitals(NAME).waiting
            and not any(row.waiting for row in room.bus.statistics())
            and not room._sequence.durable.locked()
            and all(
                lane._idle.is_set()
                for way in room._brokers._ways
                for lane in (way._orders, way._cancels)
            )
        )


def configured(home, reference, bars, **more):
    loaded = stations.config(
        home,
        strategies={
            NAME: {
                'strategy': reference,
                'parameters': CASES.get(reference, {}),
                'process': FREE,
            }
            | more
        },
        symbols=bars.symbols,
    )
    return msgspec.structs.replace(loaded, paper=settings.Paper(**COSTS))


def paper(home, config, bars, monkeypatch):
    """Gives the fills of a paper session over the bars."""
    playing = []

    def build(name, chosen, symbols, time_source, *rest):
        playing.append(Lockstep(time_source, bars, bars_per_s=1e9, name=name))
        return playing[0]

    monkeypatch.setattr(feeds, 'build', build)
    station = session.open('demo', home=home, config=config)
    station.start()
    playing[0].room = station._room
    try:
        stations.until(lambda: ended(station), SECONDS)
    finally:
        station.close()
    return [each.data for each in stations.log_of(home, stations.T.FILL)]


def ended(station):
    assert station.failure is None
    return any(link.status == 'ended' for link in station.snapshot().feeds)


def rows(fills):
    return [
        (f.symbol, f.side, f.quantity, f.price, f.fee, f.timestamp, f.tag)
        for f in fills
    ]


def table_rows(fills):
    return [
        *zip(
            fills.symbol,
            fills.side,
            fills.quantity,
            fills.price,
            fills.fee,
            fills.timestamp,
            fills.tag,
            strict=True,
        )
    ]


@pytest.mark.parametrize('reference', CASES)
def test_the_fills_are_the_same_to_the_last_digit(
    reference, tmp_path, monkeypatch
):
    monkeypatch.setenv('STING_HOME', str(tmp_path))
    bars = made.walk(BARS, 4)
    if reference.startswith('sting.'):
        bars = sample.load(['IBM']).table.last(BARS)
    home = stations.home_in(tmp_path)
    config = configured(home, reference, bars)
    traded = rows(paper(home, config, bars, monkeypatch))
    assert len(traded) > 10

    risk = gate.build(config.risk.rules, config.risk.sizing)
    options = {'parameters': CASES[reference], **made.assumed(COSTS)}
    events = engine.run(reference, bars, risk, **options)
    assert traded == table_rows(events.fills)
    if reference in COMPILED:
        columns = compiled.run(reference, bars, risk, **options)
        assert columns.by_columns
        assert traded == table_rows(columns.fills)


def test_what_is_sized_and_protected_is_so_everywhere(tmp_path, monkeypatch):
    """By ATR, with a stop, a target, a trail and a time."""
    monkeypatch.setenv('STING_HOME', str(tmp_path))
    bars = sample.load(['IBM']).table.last(BARS)
    home = stations.home_in(tmp_path)
    reference = f'{sized.__name__}:Sized'
    more = {
        'sizing': sizing.AverageRange(risk=0.002, period=5),
        'protection': protection.Protection(
            stop_loss='3%',
            take_profit='4%',
            trailing='2.5%',
            max_holding='9d',
        ),
    }
    config = configured(home, reference, bars, **more)
    traded = rows(paper(home, config, bars, monkeypatch))
    assert len(traded) > 10
    assert len({tag for *_, tag in traded}) > 2

    found = engine.run(
        reference,
        bars,
        gate.build(config.risk.rules, config.risk.sizing),
        spec=config.strategies[NAME].spec(NAME, 1),
        **made.assumed(COSTS),
    )
    assert traded == table_rows(found.fills)


def test_a_schedule_charges_on_paper_what_it_does_in_a_backtest(
    tmp_path, monkeypatch
):
    monkeypatch.setenv('STING_HOME', str(tmp_path))
    bars = sample.load(['IBM']).table.last(BARS)
    home = stations.home_in(tmp_path)
    reference = 'sting.library.sma_cross'
    config = msgspec.structs.replace(
        configured(home, reference, bars),
        paper=settings.Paper(costs='ibkr_tiered', participation=0.01),
    )
    traded = rows(paper(home, config, bars, monkeypatch))
    assert len(traded) > 10

    found = engine.run(
        reference,
        bars,
        gate.build(config.risk.rules, config.risk.sizing),
        parameters=CASES[reference],
        assumed=assumptions.Assumptions(
            costs=config.costs['ibkr_tiered'], participation=0.01
        ),
    )
    assert traded == table_rows(found.fills)
