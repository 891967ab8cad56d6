"""A terminal that is sent less shows the same."""

import asyncio
import random

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
import pyte
import pytest
from textual import events
from textual import geometry
from textual.drivers import headless_driver

from tests.unit.tui import apps
from tests.unit.tui import stations
from tui import app
from tui import cells
from tui import themes

pytestmark = pytest.mark.unit

SIZE = WIDTH, HEIGHT = 24, 6
STYLES = (
    '', '1', '2', '7', '31', '1;92', '38;5;12', '38;5;99;48;5;234',
    '1;38;5;12;48;5;234', '38;2;1;2;3;48;2;9;8;7', '3;4;37;44', '97;107',
)  # fmt: skip
LETTERS = 'ab0 .▁█│é世'


def both(size):
    """Two terminals: one that gets all, one that gets what differs."""
    screens = [pyte.Screen(*size) for _ in range(2)]
    streams = [pyte.Stream(screen) for screen in screens]
    for stream in streams:
        stream.feed('\x1b[?7l')
    return screens, streams


def same(one, other):
    size = range(one.lines), range(one.columns)
    return [[one.buffer[y][x] for x in size[1]] for y in size[0]] == [
        [other.buffer[y][x] for x in size[1]] for y in size[0]
    ] and (one.cursor.x, one.cursor.y) == (other.cursor.x, other.cursor.y)


@st.composite
def frames(draw):
    """A frame as Textual writes one: spans, each at its place."""
    out = []
    for _ in range(draw(st.integers(0, 4))):
        x, y = draw(st.integers(1, WIDTH)), draw(st.integers(1, HEIGHT))
        out.append(f'\x1b[{y};{x}H')
        for _ in range(draw(st.integers(0, 3))):
            text = draw(st.text(LETTERS, max_size=min(8, WIDTH + 1 - x)))
            # A wide one at the edge is another story in each terminal.
            text = text[: max(0, (WIDTH + 1 - x) // 2)]
            x += len(text)
            style = draw(st.sampled_from(STYLES))
            out.append(f'\x1b[{style}m{text}\x1b[0m' if style else text)
        if draw(st.booleans()) and y < HEIGHT:
            out.append('\n')
    x, y = draw(st.integers(1, WIDTH)), draw(st.integers(1, HEIGHT))
    return ''.join([*out, f'\x1b[{y};{x}H'])


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(frames(), st.sampled_from(
    ('\x1b[?2026h', '\x1b[?2026l', '\x1b[2J', 'resize')
)), max_size=8))  # fmt: skip
def test_random_frames_leave_the_same_cells(given_frames):
    (full, less), (to_full, to_less) = both((WIDTH, HEIGHT))
    differ = cells.Differ()
    size = SIZE
    for nth, frame in enumerate(given_frames):
        if frame == 'resize':
            size = WIDTH - nth % 5, HEIGHT - nth % 3
            for screen in (full, less):
                screen.resize(size[1], size[0])
            differ.forget()
            continue
        to_full.feed(frame)
        to_less.feed(differ.shorten(frame, size))
        assert same(full, less)


def test_what_is_shown_is_not_sent_again():
    differ = cells.Differ()
    frame = '\x1b[1;1H\x1b[31mprice\x1b[0m 10.25\x1b[1;1H'
    assert len(differ.shorten(frame, SIZE)) > 10
    assert differ.shorten(frame, SIZE) == '\x1b[1;1H'
    changed = frame.replace('10.25', '10.26')
    assert differ.shorten(changed, SIZE) == '\x1b[1;11H6\x1b[1;1H'


def test_what_it_cannot_read_is_passed_on_and_nothing_is_known_after_it():
    differ = cells.Differ()
    frame = '\x1b[1;1Ha\x1b[1;1H'
    differ.shorten(frame, SIZE)
    for strange in (
        '\x1b[2J',
        '\x1b[1;1H世',
        '\x1b[?1049h',
        'a',
        '\x1b[1;1H\t',
    ):
        assert differ.shorten(strange, SIZE) == strange
        assert differ.shorten(frame, SIZE) == frame
    differ.forget()
    assert differ.shorten(frame, SIZE) == frame


@pytest.mark.parametrize(
    ('before', 'after', 'written'),
    [
        ('', '1;31', '\x1b[1;31m'),
        ('1;31;48;5;7', '1;32;48;5;7', '\x1b[32m'),
        ('1;31', '31', '\x1b[0;31m'),
        ('38;5;9', '', '\x1b[0m'),
        ('38;2;1;2;3', '91', '\x1b[91m'),
        ('40;31', '31;40', ''),
    ],
)
def test_only_the_part_of_a_colour_that_changes_is_sent(before, after, written):
    assert cells.change(before, after) == written


class Tee(headless_driver.HeadlessDriver):
    """A terminal, and one beside it that gets what differs."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        size = kwargs.get('size') or apps.SMALL
        (self.full, self.less), self.streams = both(size)
        self.differ = cells.Differ()
        self.sent = [0, 0]
        self.is_same = True
        self.first = ('', '')

    @property
    def is_headless(self):
        return False

    def write(self, data):
        less = self.differ.shorten(data, self._app.size)
        for nth, text in enumerate((data, less)):
            self.streams[nth].feed(text)
            self.sent[nth] += len(text.encode())
        if self.is_same and not same(self.full, self.less):
            self.is_same, self.first = False, (data, less)

    def resize(self, columns, lines):
        for screen in (self.full, self.less):
            screen.resize(lines, columns)
        self.differ.forget()


async def test_the_workstation_looks_the_same_through_it():
    chance = random.Random(7)
    station = stations.Station()
    shown = app.StingApp(station, themes.load_all(), driver_class=Tee)
    running = asyncio.create_task(
        shown.run_async(size=apps.MIDDLE, mouse=False)
    )
    pilot = apps.Hands(shown)
    await apps.wait(pilot, lambda: shown.is_running and shown.screen_stack)
    with shown._context():
        terminal = shown._driver
        for nth in range(32):
            match nth % 8:
                case 5:
                    shown.action_next_theme()
                case 6:
                    size = chance.choice((apps.SMALL, apps.MIDDLE, apps.WIDE))
                    terminal.resize(*size)
                    shown.post_message(
                        events.Resize(
                            geometry.Size(*size), geometry.Size(*size)
                        )
                    )
                case _:
                    await pilot.press(
                        chance.choice(
                            (
                                '1',
                                '4',
                                '8',
                                'j',
                                'f5',
                                'f2',
                                'b',
                                'escape',
                                'f1',
                            )
                        )
                    )
            station.now = stations.snapshot(
                seq=1234 + nth, equity=100_000.0 + chance.random() * 100
            )
            shown.tick()
            await pilot.pause(0.05)
            assert terminal.is_same, terminal.first
    shown.exit()
    await running
    assert 1000 < terminal.sent[1] < terminal.sent[0]
