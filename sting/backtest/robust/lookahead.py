"""Finds strategies that know bars before they have closed.

A strategy is run over all bars, and again over bars that end at some moment
or are others from there on. What it decided up to that moment cannot depend
on what came later: where it does, the strategy looked ahead.
"""

from collections.abc import Iterator
from collections.abc import Sequence
import dataclasses
import pathlib
import sys
from typing import Any
from typing import NamedTuple

import msgspec
import numpy as np

from sting.backtest.robust import opened
from sting.backtest.robust import parts
from sting.backtest.robust import permutation
from sting.backtest.sweeping import cases
from sting.data import table
from sting.model import errors
from sting.model import events
from sting.model import market
from sting.model import orders

# A strategy that decides as often as this, and at the same moments on any
# bars, does not go by the bars.
BLIND = 10
# What replaced bars do: a swing of so many bars up and as many down.
_SWING = 50
_STEP = 0.02
_RISES, _FALLS = 1, -1
_V = parts.Verdict


class Decision(NamedTuple):
    """What a strategy wanted at a moment.

    Attributes:
        timestamp: Of the newest bar that it could know.
        symbol: The instrument.
        text: The signal, its reason and its indicators, as JSON.
    """

    timestamp: int
    symbol: str
    text: str


class Difference(NamedTuple):
    """Where a run on other later bars decided otherwise.

    Attributes:
        timestamp: Of the decision.
        cut: The last bar that both runs had in common.
        later: What the other run had after it.
        full: What was decided with all bars; None for nothing.
        other: What was decided otherwise; None for nothing.
    """

    timestamp: int
    cut: int
    later: str
    full: Decision | None
    other: Decision | None

    def sentence(self) -> str:
        """Says it for a person."""
        return (
            f'at {market.to_iso(self.timestamp)} it knew bars after '
            f'{market.to_iso(self.cut)}: with all bars '
            f'{_told(self.full)}; where {self.later}, {_told(self.other)}'
        )

    def to_json(self) -> dict[str, Any]:
        """Gives it as JSON has it."""
        return {
            'timestamp': market.to_iso(self.timestamp),
            'cut': market.to_iso(self.cut),
            'later': self.later,
            'full': None if self.full is None else self.full.text,
            'other': None if self.other is None else self.other.text,
        }


def check(
    case: cases.Case,
    files: Sequence[pathlib.Path] = (),
    *,
    cuts: int = 8,
    seed: int = 0,
) -> parts.Part:
    """Looks for decisions that depend on later bars.

    Args:
        case: The backtest.
        files: Those that the bars were read from.
        cuts: At how many moments it is tried.
        seed: Of the choice of moments.

    Returns:
        What was found; a fail is look-ahead, or a strategy that decides
        otherwise on the same bars or reads the bars' own file.

    Raises:
        errors.StrategyError: The strategy raised on all bars.
    """
    with opened.watched(files) as seen:
        full = _decisions(case)
        again = _decisions(case)
        found = _first(full, again, None)
        if found is not None:
            return _part(
                _V.FAIL,
                'two runs over the same bars decided otherwise, so that '
                'nothing can be said of it: at '
                f'{market.to_iso(found[0])} {_told(found[1])}, then '
                f'{_told(found[2])}',
            )
        chosen = _cuts(case.bars, full, cuts, cases.stream(seed, 2))
        differences = list(_differences(case, full, chosen))
        blind = len(full) >= BLIND and _is_blind(case, full, seed)
    own, others = seen.own, seen.others
    figures = {
        'decisions': len(full),
        'cuts': [market.to_iso(cut) for cut in chosen],
        'differences': [each.to_json() for each in differences],
        'reads': [str(path) for path in (*own, *others)],
        'blind': blind,
    }
    if differences:
        first = min(differences, key=lambda each: each.timestamp)
        return _part(_V.FAIL, first.sentence(), figures)
    if own:
        return _part(
            _V.FAIL,
            f'it reads {own[0]} itself, the file that its bars are of: what '
            'it knows of later ones cannot be told; take bars from '
            'on_market_data alone',
            figures,
        )
    if others:
        return _part(
            _V.WARN,
            f'it reads {others[0]} itself: what that says of later bars '
            'cannot be told',
            figures,
        )
    if blind:
        return _part(
            _V.WARN,
            'it decides at the same moments whatever the bars are: it goes by '
            'the calendar, or knows these bars by heart',
            figures,
        )
    return _part(
        _V.OK,
        f'{len(full):,} decisions are the same whatever came after them, '
        f'tried at {len(chosen)} moments',
        figures,
    )


def _part(
    verdict: parts.Verdict,
    reason: str,
    figures: dict[str, Any] | None = None,
) -> parts.Part:
    return parts.Part(
        name='lookahead', verdict=verdict, reason=reason, figures=figures or {}
    )


def _told(decision: Decision | None) -> str:
    return 'it decided nothing' if decision is None else decision.text


def _decisions(case: cases.Case, until: int | None = None) -> list[Decision]:
    """Runs and gives what was decided, up to a moment.

    Raises:
        errors.StrategyError: The strategy raised, by that moment if one is
            given.
    """
    found: list[Decision] = []

    def watch(event: events.Event) -> None:
        if event.type is not events.EventType.SIGNAL:
            return
        if until is None or event.timestamp <= until:
            found.append(
                Decision(event.timestamp, event.symbol, _text(event.data))
            )

    try:
        case.play(watch=watch)
    except errors.StrategyError:
        # What it decided until then is compared, and missing if it is.
        if until is None:
            raise
    return found


def _text(signal: orders.Signal) -> str:
    """Writes a signal; its id only counts what came before."""
    if signal.kind is not orders.SignalKind.CANCEL:
        signal = msgspec.structs.replace(signal, order_id='')
    return msgspec.json.encode(signal).decode()


def _acts(decisions: Sequence[Decision]) -> list[tuple[Any, ...]]:
    """Gives when something was decided, and on which side, but not why."""
    found = []
    for each in decisions:
        signal = msgspec.json.decode(each.text)
        found.append(
            (
                each.timestamp,
                each.symbol,
                signal.get('kind'),
                signal.get('side'),
            )
        )
    return found


def _is_blind(case: cases.Case, full: Sequence[Decision], seed: int) -> bool:
    """Whether it decides the same on bars in another order."""
    case = case.smooth()
    bars = permutation.permuted(case.bars, cases.stream(seed, 3))
    other = _decisions(dataclasses.replace(case, bars=bars), sys.maxsize)
    return _acts(full) == _acts(other)


def _first(
    full: Sequence[Decision], other: Sequence[Decision], until: int | None
) -> tuple[int, Decision | None, Decision | None] | None:
    """Finds the first decision up to a moment in which two runs differ."""
    for number in range(max(len(full), len(other))):
        one = full[number] if number < len(full) else None
        two = other[number] if number < len(other) else None
        moment = min(each.timestamp for each in (one, two) if each is not None)
        if until is not None and moment > until:
            return None
        if one != two:
            # What comes later in one run was not decided at this moment.
            return moment, _at(one, moment), _at(two, moment)
    return None


def _at(decision: Decision | None, moment: int) -> Decision | None:
    if decision is None or decision.timestamp > moment:
        return None
    return decision


def _cuts(
    bars: table.BarTable,
    full: Sequence[Decision],
    count: int,
    chance: np.random.Generator,
) -> list[int]:
    """Chooses moments: half of them where something was decided.

    There a strategy that sees the next bar gives itself away. No moment is
    the last one.
    """
    stamps = np.unique(bars.timestamp)[:-1]
    decided = np.intersect1d(stamps, [each.timestamp for each in full])
    chosen: set[int] = set()
    for places, wanted in ((decided, (count + 1) // 2), (stamps, count)):
        left = np.setdiff1d(places, sorted(chosen))
        number = min(len(left), wanted - len(chosen))
        chosen.update(chance.choice(left, number, replace=False).tolist())
    return sorted(chosen)


def _differences(
    case: cases.Case, full: Sequence[Decision], cuts: Sequence[int]
) -> Iterator[Difference]:
    """Runs with other bars after each cut."""
    for cut in cuts:
        after = int(np.searchsorted(case.bars.timestamp, cut, 'right'))
        next_moment = case.bars.timestamp[after]
        end = int(np.searchsorted(case.bars.timestamp, next_moment, 'right'))
        rising = _swung(case.bars, after, _RISES)
        falling = _swung(case.bars, after, _FALLS)
        # The bar after the cut keeps what is done at the end of a run from
        # being taken for a decision at the cut.
        for later, bars in (
            ('the bars end soon after', rising.take(slice(end))),
            ('prices rise after', rising),
            ('prices fall after', falling),
        ):
            varied = dataclasses.replace(case, bars=bars)
            found = _first(full, _decisions(varied, cut), cut)
            if found is not None:
                yield Difference(found[0], cut, later, *found[1:])
                break


def _swung(bars: table.BarTable, after: int, sign: int) -> table.BarTable:
    """Replaces the bars from a row on by a swing up and down.

    Args:
        bars: All of them.
        after: The first row that is replaced.
        sign: Whether the swing begins upwards.
    """
    columns = {
        name: getattr(bars, name).copy()
        for name in ('open', 'high', 'low', 'close', 'volume')
    }
    for _, rows in bars.split():
        numbers = np.arange(len(bars))[rows]
        later = numbers[numbers >= after]
        before = numbers[numbers < after]
        if not len(later):
            continue
        start = bars.close[before[-1]] if len(before) else bars.open[later[0]]
        phase = (np.arange(len(later) + 1) + _SWING // 2) % (2 * _SWING)
        height = np.minimum(phase, 2 * _SWING - phase) - _SWING // 2
        level = start * np.exp(sign * _STEP * height)
        columns['open'][later] = level[:-1]
        columns['close'][later] = level[1:]
        columns['high'][later] = np.maximum(level[:-1], level[1:]) * 1.005
        columns['low'][later] = np.minimum(level[:-1], level[1:]) * 0.995
        columns['volume'][later] = bars.volume[later][::-1] * (2.0 + sign)
    return dataclasses.replace(bars, **columns)
