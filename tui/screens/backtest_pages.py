"""What a backtest found, page by page, as text that fits a width."""

from collections.abc import Mapping
from collections.abc import Sequence
import datetime
import math
import statistics
from typing import Any

from rich import text

from tui import format as text_format
from tui import themes
from tui.screens import backtest_figures as figures

NO_MONTHS = 'no returns by month'
NO_TRADES = 'no round trip ended'
NO_RANGE = "one mode of filling; 'all' in the field fill gives the range"
# By three letters each.
_MONTHS = 'JanFebMarAprMayJunJulAugSepOctNovDec'
# Returns from which a month is bold, and from which it is a block of colour.
_BOLD, _BLOCK = 0.02, 0.05
# From here on there is no room for a decimal.
_TENTH = 0.0995
# A month with a decimal and one without.
_FINE, _COARSE = 5, 4
_YEAR = 5
_BINS = 12
_STEPS = (1.0, 2.0, 5.0, 10.0)
_BAR = '█'


def months(
    found: Mapping[str, Any], width: int, palette: themes.Palette
) -> text.Text:
    """Writes the returns by month and year; sign and figure tell all.

    Args:
        found: The object that `sting backtest --json` prints.
        width: Cells of a line.
        palette: The theme's styles.
    """
    monthly = dict(found.get('monthly') or {})
    yearly = dict(found.get('yearly') or {})
    if not monthly:
        return text.Text(NO_MONTHS, palette.style('muted'))
    fine = width >= _YEAR + 13 * _FINE
    cell = _FINE if fine else _COARSE
    names = [name[: cell - 1] for name in _names()]
    lines = [
        text.Text(
            ' ' * _YEAR + ''.join(name.rjust(cell) for name in names),
            palette.style('muted'),
        )
    ]
    for year in sorted({each[:4] for each in monthly}):
        line = text.Text(year.ljust(_YEAR), palette.style('muted'))
        for month in range(1, 13):
            value = monthly.get(f'{year}-{month:02}')
            line.append_text(_heat(value, cell, palette, fine=fine))
        whole = yearly.get(year)
        line.append_text(_heat(whole, cell, palette, fine=fine))
        lines.append(line)
    lines.append(
        text.Text('per cent, daily returns compounded', palette.style('muted'))
    )
    return text.Text('\n').join(lines)


def _names() -> list[str]:
    return [*(_MONTHS[place : place + 3] for place in range(0, 36, 3)), 'all']


def _heat(
    value: float | None, cell: int, palette: themes.Palette, *, fine: bool
) -> text.Text:
    """Writes a return in colour, one blank before it."""
    made = text.Text(' ', palette.style(''))
    if value is None:
        return made.append(' ' * (cell - 1), palette.style(''))
    decimals = 1 if fine and abs(value) < _TENTH else 0
    written = f'{value * 100:+.{decimals}f}'
    if float(written) == 0:
        written = written[1:]
    name, ground = ('up' if value > 0 else 'down'), 'surface'
    if not value:
        name = 'muted'
    elif abs(value) >= _BLOCK:
        name, ground = f'{ground}!', name
    elif abs(value) >= _BOLD:
        name += '!'
    return made.append(
        text_format.fit(written, cell - 1, 'right'),
        palette.style(name, ground),
    )


def spread(
    trips: Sequence[Mapping[str, str]],
    found: Mapping[str, Any],
    width: int,
    palette: themes.Palette,
) -> text.Text:
    """Writes how the profits of the round trips are spread.

    Args:
        trips: The round trips, by the columns of `--trades`.
        found: The object that `sting backtest --json` prints.
        width: Cells of a line.
        palette: The theme's styles.
    """
    profits = [float(trip['pnl']) for trip in trips if trip.get('pnl')]
    if not profits:
        return text.Text(NO_TRADES, palette.style('muted'))
    bins = histogram(profits)
    most = max(count for _, _, count in bins)
    label = max(len(text_format.compact(low)) for low, _, _ in bins)
    room = max(width - 2 * label - 12, 4)
    lines = []
    for low, high, count in bins:
        line = text.Text(
            f'{text_format.compact(low).rjust(label)} to '
            f'{text_format.compact(high).rjust(label)} ',
            palette.style('muted'),
        )
        filled = -(-count * room // most)
        line.append(_BAR * filled, palette.style('down' if low < 0 else 'up'))
        line.append(f' {count}', palette.style(''))
        lines.append(line)
    lines.append(text.Text(''))
    lines += [
        text.Text(f'{left.ljust(16)} {right}', palette.style(''))
        for left, right in _spread_figures(profits, trips, found)
    ]
    return text.Text('\n').join(lines)


def _spread_figures(
    profits: Sequence[float],
    trips: Sequence[Mapping[str, str]],
    found: Mapping[str, Any],
) -> list[tuple[str, str]]:
    gain = text_format.gain
    rows = [
        ('best, worst', f'{gain(max(profits))}  {gain(min(profits))}'),
        (
            'mean, median',
            f'{gain(statistics.fmean(profits))}  '
            f'{gain(statistics.median(profits))}',
        ),
    ]
    win, loss = found.get('mean_win'), found.get('mean_loss')
    if isinstance(win, float) and isinstance(loss, float):
        rows.append(('mean win, loss', f'{gain(win)}  {gain(loss)}'))
    if 'most_wins' in found:
        rows.append(
            (
                'most in a row',
                f'{found["most_wins"]} won  {found.get("most_losses")} lost',
            )
        )
    held = [each for each in map(held_s, trips) if each is not None]
    if held:
        rows.append(
            ('held, median', text_format.duration(statistics.median(held)))
        )
    return rows


def held_s(trip: Mapping[str, str]) -> float | None:
    """Gives how long a round trip lasted, in seconds."""
    try:
        begun, ended = (
            datetime.datetime.fromisoformat(trip[name])
            for name in ('entry_time', 'exit_time')
        )
    except (KeyError, ValueError):
        return None
    return (ended - begun).total_seconds()


def histogram(values: Sequence[float]) -> list[tuple[float, float, int]]:
    """Counts values in classes of one round width; zero is an edge.

    Args:
        values: At least one.

    Returns:
        Lowest and highest value and the count of each class, lowest first.
    """
    low, high = min(values), max(values)
    step = _round_up((high - low) / _BINS) if high > low else 1.0
    first = math.floor(low / step)
    counts = [0] * (math.floor(high / step) - first + 1)
    for value in values:
        counts[math.floor(value / step) - first] += 1
    return [
        ((first + place) * step, (first + place + 1) * step, count)
        for place, count in enumerate(counts)
    ]


def _round_up(width: float) -> float:
    """Gives the next 1, 2 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(width))
    return next(
        each * power for each in _STEPS if each * power >= width * (1 - 1e-9)
    )


def fills(found: Mapping[str, Any], palette: themes.Palette) -> text.Text:
    """Writes what came of each mode of filling, the worst first.

    Args:
        found: The object that `sting backtest --json` prints.
        palette: The theme's styles.
    """
    modes = dict(found.get('range') or {})
    differing = modes.pop('ambiguous_fills', None)
    if not modes:
        return text.Text(NO_RANGE, palette.style('muted'))
    widths = (14, 12, 9, 9, 7, 6)
    titles = ('mode', 'equity', 'return', 'drawdown', 'Sharpe', 'trades')
    lines = [text.Text(_row(titles, widths), palette.style('muted'))]
    ordered = sorted(modes.items(), key=lambda each: each[1]['final_equity'])
    for name, each in ordered:
        cells = (
            text_format.clean(name),
            text_format.compact(each['final_equity']),
            text_format.percent(each.get('total_return')),
            _written(each.get('max_drawdown'), figures.share),
            _written(each.get('sharpe'), figures.ratio),
            text_format.quantity(each.get('trades')),
        )
        lines.append(text.Text(_row(cells, widths), palette.style('')))
    if differing:
        lines += [
            text.Text(''),
            text.Text(
                f'not the same in all modes: '
                f'{text_format.count(differing["count"], "fill")}, '
                f'{figures.share(float(differing["share"]))} of all',
                palette.style(''),
            ),
            text.Text(
                'What is between the rows the bars do not say.',
                palette.style('muted'),
            ),
        ]
    return text.Text('\n').join(lines)


def _written(value: float | None, write: Any) -> str:
    return text_format.NONE if value is None else str(write(float(value)))


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *rest = (
        text_format.fit(cell, width, 'right' if place else 'left')
        for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return ' '.join((first, *rest))
