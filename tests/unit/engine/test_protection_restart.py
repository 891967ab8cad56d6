"""Whenever the engine dies, a position stays protected as it was."""

import pytest

from sting.model import protection
from sting.model import specs
from sting.risk import manager
from tests.unit.engine import test_brackets_restart as lives
from tests.unit.engine import worlds

pytestmark = pytest.mark.unit

T, BUY, SELL = worlds.T, worlds.BUY, worlds.SELL

# At most four units a bar, where the volume does not say otherwise.
STORY = [
    (T.LOG_CREATED, worlds.CREATED),
    lives.bar(1, 100, 100, 100, 100),
    lives.wish(1, side=BUY, quantity=6.0),
    lives.bar(2, 100, 100, 100, 100),  # 4
    lives.bar(3, 100, 104, 100, 104),  # 6, and the stop moves
    lives.bar(4, 104, 108, 104, 108),  # and again
    lives.wish(2, side=SELL, quantity=1.0),
    lives.bar(5, 108, 108, 108, 108),  # 5
    lives.bar(6, 107, 107, 101, 101, volume=8.0),  # the stop takes 2
    lives.bar(7, 101, 101, 101, 101, volume=1000.0),  # and the rest
    lives.wish(3, side=BUY, quantity=3.0),
    lives.bar(8, 100, 100, 100, 100),  # 3
    lives.bar(9, 100, 100, 100, 100),
    lives.bar(14, 100, 100, 100, 100),  # the time is over
    lives.bar(15, 100, 100, 100, 100),
]


def gate():
    made = manager.RiskManager()
    made.add_strategy(
        specs.StrategySpec(
            'sma',
            'a',
            protection=protection.Protection(
                trailing='5%', take_profit='20%', max_holding='6m'
            ),
        )
    )
    return made


def played(dies_after):
    died, fills, working, _ = lives.played(dies_after, STORY, gate)
    return died, [row[1:] for row in fills], working


def test_the_story_trails_stops_and_ends_by_time():
    died, fills, working = played(0)
    assert not died
    assert fills == [
        (4.0, 100.0), (2.0, 100.0), (1.0, 108.0), (2.0, 102.6), (3.0, 101.0),
        (3.0, 100.0), (3.0, 100.0),
    ]  # fmt: skip
    assert working == []


def test_a_death_after_any_step_changes_no_fill():
    whole = played(0)[1:]
    deaths = 0
    while (came := played(deaths + 1))[0]:
        assert came[1:] == whole, f'death after step {deaths + 1}'
        deaths += 1
    assert deaths > 20
