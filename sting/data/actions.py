"""Corporate actions of instruments: read from files, and laid over bars.

An action holds from the beginning of its date, the ex-date: before the first
bar of that session. When a dividend is paid does not matter here.
"""

from collections.abc import Iterable
from collections.abc import Sequence
import csv
import dataclasses
import datetime
import enum
import hashlib
import math
import pathlib

import msgspec
import numpy as np
import numpy.typing as npt

from sting.data import calendars
from sting.data import outputs
from sting.data import rows
from sting.data import table
from sting.model import errors
from sting.model import records
from sting.settings import tree

_SAMPLE = pathlib.Path(__file__).parent / 'samples' / 'splits.csv'
COLUMNS = ('date', 'symbol', 'kind', 'value')
_K = records.ActionKind
_FloatArray = npt.NDArray[np.float64]


class View(enum.StrEnum):
    """How prices of before and after an action are made to fit.

    RAW leaves them as they were traded; BACK keeps the last prices and
    changes what came before, FORWARD keeps the first ones.
    """

    RAW = 'raw'
    BACK = 'back'
    FORWARD = 'forward'


class Action(msgspec.Struct, frozen=True):
    """What becomes of an instrument on a day.

    Attributes:
        day: The ex-date, in the exchange's time.
        symbol: The instrument.
        kind: What it is.
        value: New units for one old, cash a unit, or what a unit of a
            delisted one is paid out with; None for a delisting whose price
            is not known.
    """

    day: datetime.date
    symbol: str
    kind: records.ActionKind
    value: float | None = None


def read(path: str | pathlib.Path) -> tuple[Action, ...]:
    """Reads actions: date, symbol, kind, value.

    Args:
        path: CSV, Parquet, or YAML with a list under `actions:`. A split's
            value is 4 or '4:1', new units for old ones. `sample` has the
            splits of the data that ships.

    Returns:
        The actions by date and symbol.

    Raises:
        errors.DataError: The file or a row is wrong.
    """
    found: list[Action] = []
    splits: set[tuple[datetime.date, str]] = set()
    place = _SAMPLE if str(path) == 'sample' else path
    for row in rows.read(place, COLUMNS, 'actions'):
        action = _action(row)
        if action.kind is not _K.DIVIDEND:
            where = action.day, action.symbol
            if where in splits:
                raise row.place(
                    f'a second split or delisting of {action.symbol} on '
                    f'{action.day}; take one out'
                )
            splits.add(where)
        found.append(action)
    return in_order(found)


def write(path: pathlib.Path, found: Iterable[Action]) -> None:
    """Writes actions as a file that `read` gives back as they were.

    Args:
        path: It ends in .csv, .parquet or .yaml; one that is there is replaced.
        found: What to write.

    Raises:
        errors.InputError: It ends otherwise, or cannot be written.
    """
    check(path)
    told = [
        {
            'date': each.day.isoformat(),
            'symbol': each.symbol,
            'kind': each.kind.value,
            'value': '' if each.value is None else repr(each.value),
        }
        for each in in_order(found)
    ]
    ending = path.suffix.lower()
    with outputs.replacing(path) as fresh:
        if ending == '.yaml':
            fresh.write_bytes(msgspec.yaml.encode({'actions': told}))
        elif ending == '.csv':
            with fresh.open('w', encoding='utf-8', newline='') as file:
                writer = csv.DictWriter(file, COLUMNS, lineterminator='\n')
                writer.writeheader()
                writer.writerows(told)
        else:
            _write_parquet(fresh, told)


def check(path: pathlib.Path) -> None:
    """Refuses a name that does not say what a file is to be.

    Args:
        path: The file.

    Raises:
        errors.InputError: It ends in none of .csv, .parquet and .yaml.
    """
    if path.suffix.lower() not in ('.csv', '.parquet', '.yaml'):
        raise errors.InputError(
            'has to end in .csv, .parquet or .yaml to be written', path=path
        )


def _write_parquet(path: pathlib.Path, told: list[dict[str, str]]) -> None:
    import pyarrow as pa  # noqa: PLC0415 - slow to import
    from pyarrow import parquet  # noqa: PLC0415

    schema = pa.schema([(name, pa.string()) for name in COLUMNS])
    parquet.write_table(pa.Table.from_pylist(told, schema), path)


def in_order(found: Iterable[Action]) -> tuple[Action, ...]:
    """Sorts actions by date and symbol; of one day, dividends come last.

    A dividend of a split's day is for the new units.
    """
    return tuple(sorted(found, key=_order))


def _order(action: Action) -> tuple[datetime.date, str, bool]:
    return action.day, action.symbol, action.kind is _K.DIVIDEND


def of_kind(
    found: Iterable[Action], *kinds: records.ActionKind
) -> tuple[Action, ...]:
    """Picks actions of some kinds."""
    return tuple(each for each in found if each.kind in kinds)


def digest(found: Sequence[Action]) -> str:
    """Gives the identity of actions: equal ones have equal digests."""
    raw = msgspec.json.encode(found)
    return hashlib.blake2b(raw, digest_size=16).hexdigest()


def moment(action: Action, calendar: str = calendars.DEFAULT) -> int:
    """Gives when an action holds: for all bars stamped later than this.

    Args:
        action: The action.
        calendar: The exchange's name in exchange_calendars.

    Returns:
        Nanoseconds since the epoch, UTC.

    Raises:
        errors.DataError: There is no such calendar, or it lacks the year.
    """
    return calendars.midnight(action.day, calendar)


@dataclasses.dataclass(frozen=True, slots=True)
class Factors:
    """What prices of one symbol are multiplied with to fit its last ones.

    Attributes:
        moments: When the actions hold, rising, nanoseconds UTC.
        price: Of prices before each moment, and 1 after the last.
        units: The same of units, such as volume; dividends change none.
    """

    moments: table.IntArray
    price: _FloatArray
    units: _FloatArray

    def place(self, timestamp: table.IntArray) -> table.IntArray:
        """Gives for each stamp how many actions hold by then."""
        found: table.IntArray = np.searchsorted(self.moments, timestamp, 'left')
        return found


def factors(
    bars: table.BarTable,
    found: Sequence[Action],
    calendar: str = calendars.DEFAULT,
) -> Factors:
    """Works out the factors of one symbol's splits and dividends.

    A split of n for 1 makes prices before it 1/n of what they were. A
    dividend d makes them 1 - d/c of it, where c is the last close before
    (CRSP's method), so that closes show what was earned with the dividends
    reinvested.

    Args:
        bars: Of one symbol, raw.
        found: Its splits and dividends, in their order; what is before the
            first bar or after the last changes nothing.
        calendar: The exchange's name in exchange_calendars.

    Raises:
        errors.DataError: There is no such calendar, or it lacks the year.
    """
    moments, prices, units = [], [], []
    for each in found:
        at = moment(each, calendar)
        row = int(np.searchsorted(bars.timestamp, at, 'right'))
        value = each.value or 0.0
        if not 0 < row < len(bars) or not value:
            continue
        moments.append(at)
        if each.kind is _K.SPLIT:
            prices.append(1.0 / value)
            units.append(value)
        else:
            before = float(bars.close[row - 1])
            for other, ratio in zip(moments[:-1], units, strict=True):
                # A split of the same day came first.
                before /= ratio if other == at else 1.0
            prices.append(max(1.0 - value / before, 0.0))
            units.append(1.0)
    return Factors(np.array(moments, np.int64), _after(prices), _after(units))


def adjusted(
    bars: table.BarTable,
    found: Sequence[Action],
    view: View,
    *,
    calendar: str = calendars.DEFAULT,
    dividends: bool = True,
) -> table.BarTable:
    """Gives bars whose prices fit over splits and dividends.

    Args:
        bars: Raw, of any symbols.
        found: Actions, in their order; delistings change nothing.
        view: Which prices stay.
        calendar: The exchange's name in exchange_calendars.
        dividends: Also for dividends; else for splits alone.

    Returns:
        A table of the same rows; the volume fits over splits.

    Raises:
        errors.DataError: There is no such calendar, or it lacks the year.
    """
    kinds = (_K.SPLIT, _K.DIVIDEND) if dividends else (_K.SPLIT,)
    chosen = of_kind(found, *kinds)
    if view is View.RAW or not chosen:
        return bars
    prices, units = np.ones(len(bars)), np.ones(len(bars))
    for symbol, own in bars.split():
        mine = [each for each in chosen if each.symbol == symbol]
        part = bars.take(own)
        made = factors(part, mine, calendar)
        place = made.place(part.timestamp)
        start = 0 if view is View.FORWARD else -1
        prices[own] = made.price[place] / made.price[start]
        units[own] = made.units[place] / made.units[start]
    columns = {
        name: getattr(bars, name) * prices
        for name in ('open', 'high', 'low', 'close')
    }
    return dataclasses.replace(bars, volume=bars.volume * units, **columns)


def restated(
    bars: table.BarTable,
    found: Iterable[Action],
    calendar: str = calendars.DEFAULT,
) -> table.BarTable:
    """Gives bars in the units after all of these splits.

    Unlike a view it knows nothing of where the bars end: a split after the
    last of them counts too.

    Args:
        bars: Raw, of any symbols.
        found: Actions, of which only the splits count.
        calendar: The exchange's name in exchange_calendars.

    Raises:
        errors.DataError: There is no such calendar, or it lacks the year.
    """
    units = _units(bars, found, calendar)
    columns = {
        name: getattr(bars, name) / units
        for name in ('open', 'high', 'low', 'close')
    }
    return dataclasses.replace(bars, volume=bars.volume * units, **columns)


def as_traded(
    bars: table.BarTable,
    found: Iterable[Action],
    calendar: str = calendars.DEFAULT,
) -> table.BarTable:
    """Gives raw bars of such as are in the units after all of these splits.

    It takes back what `restated` does.

    Args:
        bars: Adjusted for all splits, also those after their end.
        found: Actions, of which only the splits count.
        calendar: The exchange's name in exchange_calendars.

    Raises:
        errors.DataError: There is no such calendar, or it lacks the year.
    """
    units = _units(bars, found, calendar)
    columns = {
        name: getattr(bars, name) * units
        for name in ('open', 'high', 'low', 'close')
    }
    return dataclasses.replace(bars, volume=bars.volume / units, **columns)


def _units(
    bars: table.BarTable, found: Iterable[Action], calendar: str
) -> _FloatArray:
    """Gives how many units one of each bar's has become."""
    units = np.ones(len(bars))
    for split in of_kind(found, _K.SPLIT):
        if split.symbol in bars.symbols:
            own = bars.symbol_index == bars.symbols.index(split.symbol)
            before = bars.timestamp <= moment(split, calendar)
            units[own & before] *= split.value or 1.0
    return units


def _after(each: Sequence[float]) -> _FloatArray:
    """Gives the product from each place on, and 1 behind the last."""
    values = np.array([1.0, *reversed(each)], np.float64)
    return np.asarray(np.cumprod(values)[::-1], np.float64)


def _action(row: rows.Row) -> Action:
    kind = row.values['kind']
    if kind not in list(_K):
        raise row.place(tree.unknown('kind', kind, [each.value for each in _K]))
    return Action(
        row.day('date'), row.symbol(), _K(kind), _value(row, _K(kind))
    )


def _value(row: rows.Row, kind: records.ActionKind) -> float | None:
    """Reads a figure; a split's may be a ratio."""
    text = row.values['value']
    if kind is _K.DELISTING and not text:
        return None
    new, colon, old = text.partition(':')
    try:
        value = float(new)
        if colon and kind is _K.SPLIT:
            value /= float(old)
        elif colon:
            value = math.nan
    except (ValueError, ZeroDivisionError):
        value = math.nan
    lowest = 0.0 if kind is _K.DELISTING else 5e-324
    if not lowest <= value < math.inf or (kind is _K.SPLIT and value == 1):
        wanted = {
            _K.SPLIT: "new units for one old, such as 4 or '4:1'",
            _K.DIVIDEND: 'cash a unit, above 0',
            _K.DELISTING: 'the price that is paid out, 0 or more, or nothing',
        }[kind]
        raise row.place(f'the value of a {kind} is {wanted}, not {text!r}')
    return value
