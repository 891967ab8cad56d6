"""The round trips of a backtest as a list, and why each was made."""

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
from typing import Any
from typing import ClassVar

from rich import text
from textual import app as textual_app
from textual import containers
from textual import screen
from textual import widgets

from sting.model import views
from tui import format as text_format
from tui import keymap
from tui.panes import table
from tui.screens import backtest_child
from tui.screens import backtest_figures as figures
from tui.screens import backtest_pages as pages

Trip = Mapping[str, str]


@dataclasses.dataclass(frozen=True)
class Row:
    """A round trip.

    Attributes:
        number: Its place among all, from 1.
        trip: By the columns of `--trades`.
    """

    number: int
    trip: Trip

    def figure(self, name: str) -> float | None:
        """Gives a number; None where there is none."""
        try:
            return float(self.trip.get(name, ''))
        except ValueError:
            return None

    @property
    def share(self) -> float | None:
        """The profit over what was paid; None where that is not known."""
        pnl, paid = self.figure('pnl'), self.figure('entry_price')
        units = self.figure('quantity')
        if pnl is None or not paid or not units:
            return None
        return pnl / (paid * units)


def _number(name: str, write: Any) -> Any:
    def written(row: Row) -> str:
        value = row.figure(name)
        return text_format.NONE if value is None else str(write(value))

    return written


def _key(name: str) -> Any:
    return lambda row: row.figure(name)


def _moment(name: str) -> Any:
    return lambda row: row.trip.get(name, '')[:16].replace('T', ' ')


def _tone(row: Row) -> str:
    return 'down' if (row.figure('pnl') or 0.0) < 0 else 'up'


COLUMNS: tuple[table.Column[Row], ...] = (
    table.Column('closed', 16, _moment('exit_time'), grow=True),
    table.Column('symbol', 6, lambda row: row.trip.get('symbol', '')),
    table.Column('side', 4, lambda row: row.trip.get('side', ''), drop=6),
    table.Column(
        'qty',
        7,
        _number('quantity', text_format.quantity),
        align='right',
        drop=5,
        key=_key('quantity'),
    ),
    table.Column(
        'in at',
        9,
        _number('entry_price', text_format.price),
        align='right',
        drop=4,
        key=_key('entry_price'),
    ),
    table.Column(
        'out at',
        9,
        _number('exit_price', text_format.price),
        align='right',
        drop=3,
        key=_key('exit_price'),
    ),
    table.Column(
        'pnl',
        11,
        _number('pnl', text_format.gain),
        _tone,
        align='right',
        key=_key('pnl'),
    ),
    table.Column(
        'pnl %',
        8,
        lambda row: text_format.percent(row.share),
        _tone,
        align='right',
        drop=7,
        key=lambda row: row.share,
    ),
    table.Column(
        'held',
        7,
        lambda row: text_format.duration(pages.held_s(row.trip)),
        align='right',
        drop=8,
        key=lambda row: pages.held_s(row.trip),
    ),
    table.Column(
        'MAE',
        7,
        _number('mae', figures.share),
        align='right',
        drop=10,
        key=_key('mae'),
    ),
    table.Column(
        'MFE',
        7,
        _number('mfe', figures.share),
        align='right',
        drop=9,
        key=_key('mfe'),
    ),
)


class Trades(table.Table[Row]):
    """The round trips, the newest first."""

    number = 0
    scope = 'trips'
    short = 'trades'
    columns = COLUMNS
    empty = pages.NO_TRADES
    BINDINGS = keymap.bindings('trips')

    def __init__(self) -> None:
        super().__init__()
        self._outcome = backtest_child.Outcome()

    def put(self, outcome: backtest_child.Outcome) -> None:
        """Shows the round trips of a run.

        Args:
            outcome: What the run found.
        """
        self._outcome = outcome
        self._all = [
            Row(number, trip) for number, trip in enumerate(outcome.trades, 1)
        ][::-1]
        self._take_rows()
        self.move_to(0)
        self.repaint()

    def key_of(self, row: Row) -> object:
        """Gives the trip's number."""
        return row.number

    def rows_of(self, snapshot: views.Snapshot) -> Sequence[Row]:
        """Gives the rows there are: no picture of an engine changes them."""
        del snapshot
        return self._all

    def seq_of(self, row: Row) -> int:
        """No event of a log belongs to it."""
        del row
        return 0

    def _empty_text(self) -> str:
        return self.empty

    def action_filter(self) -> None:
        """Says what there is in its place."""
        self.notify('no filter here; z sorts by the next column')

    def action_why(self) -> None:
        """Shows why the trip was begun and ended."""
        if self.current is not None:
            lines = why(self.current, self._outcome)
            self.app.push_screen(TripWhy(lines))


def why(row: Row, outcome: backtest_child.Outcome) -> list[tuple[str, str]]:
    """Says what led into a round trip and out of it.

    Args:
        row: The trip.
        outcome: The run, with its orders and fills.

    Returns:
        A style's name and a line each, cleaned.
    """
    trip = row.trip
    share = '' if row.share is None else f' ({text_format.percent(row.share)})'
    gained = row.figure('pnl')
    lines = [
        (
            'text!',
            f'{trip.get("symbol", "")} {trip.get("side", "")} '
            f'{text_format.quantity(row.figure("quantity"))}  '
            f'{text_format.gain(gained or 0.0)}{share}, held '
            f'{text_format.duration(pages.held_s(trip))}',
        )
    ]
    for name, is_entry in (('in', True), ('out', False)):
        lines.append(('', ''))
        found = list(_fills(trip, outcome.fills, is_entry=is_entry))
        if not found:
            lines.append(('muted', f'{name}: its fills are not kept'))
        for fill in found:
            lines += _fill_lines(name, fill, outcome.orders)
    return [(style, text_format.clean(line)) for style, line in lines]


def _fills(
    trip: Trip, fills: Sequence[Mapping[str, str]], *, is_entry: bool
) -> Iterator[Mapping[str, str]]:
    """Gives the fills that made a trip's way in, or its way out."""
    begun, ended = trip.get('entry_time', ''), trip.get('exit_time', '')
    # Where one trip ends another may begin, on the same bar.
    other = ended if is_entry else begun
    for fill in fills:
        when = fill['timestamp']
        if (
            fill['symbol'] == trip.get('symbol')
            and (fill['side'] == trip.get('side')) is is_entry
            and begun <= when <= ended
            and (when != other or begun == ended)
        ):
            yield fill


def _fill_lines(
    name: str, fill: Mapping[str, str], orders: Mapping[str, Mapping[str, str]]
) -> list[tuple[str, str]]:
    """Says what a fill was, and why its order was there."""
    tag = f' ({fill["tag"]})' if fill['tag'] else ''
    lines = [
        (
            'focus!',
            f'{name}  {fill["timestamp"][:16].replace("T", " ")}  '
            f'{fill["side"]} {text_format.quantity(float(fill["quantity"]))} '
            f'at {text_format.price(float(fill["price"]))}{tag}',
        )
    ]
    order = orders.get(fill['order_id'])
    if order is None:
        lines.append(('muted', 'no order asked for it'))
        return lines
    at = ''.join(
        f' {word} {order[column]}'
        for word, column in (('limit', 'price'), ('stop', 'stop_price'))
        if order[column]
    )
    lines.append(
        (
            'muted',
            f'order {order["order_id"]}: {order["type"]}{at}, '
            f'wanted {order["timestamp"][:16].replace("T", " ")}'
            + (f', exit of {order["parent"]}' if order['parent'] else ''),
        )
    )
    lines.append(('', f'because: {order["reason"] or "no reason given"}'))
    if order['indicators']:
        lines.append(('', f'with {order["indicators"]}'))
    return lines


class TripWhy(screen.ModalScreen[None]):
    """Why a round trip was begun and ended."""

    BINDINGS: ClassVar = keymap.bindings('trip')

    def __init__(self, lines: Sequence[tuple[str, str]]) -> None:
        """Makes the screen.

        Args:
            lines: A style's name and a text each, cleaned.
        """
        super().__init__()
        self.key_scope = 'trip'
        self.lines = lines

    def compose(self) -> textual_app.ComposeResult:
        """Gives the lines, in a box that scrolls."""
        palette = self.app.palette  # type: ignore[attr-defined]
        made = text.Text('\n').join(
            text.Text(line, palette.style(style, 'panel'))
            for style, line in self.lines
        )
        with containers.VerticalScroll(classes='dialog trip') as box:
            box.border_title = 'why'
            box.border_subtitle = 'esc closes'
            yield widgets.Static(made, markup=False)
