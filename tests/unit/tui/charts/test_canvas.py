import pytest
from rich import style as rich_style

from tui.charts import canvas

pytestmark = pytest.mark.unit

RED = rich_style.Style.parse('red')
BLANK = rich_style.Style.null()


def test_neighbours_of_one_style_become_one_segment():
    drawn = canvas.Canvas(6, 1, BLANK)
    drawn.put(2, 0, 'ab', RED)

    (strip,) = drawn.strips()

    assert [(part.text, part.style) for part in strip] == [
        ('  ', BLANK),
        ('ab', RED),
        ('  ', BLANK),
    ]


def test_a_cell_is_blank_until_it_is_written():
    drawn = canvas.Canvas(2, 1, BLANK)
    assert drawn.is_blank(1, 0)

    drawn.put(1, 0, 'x', RED)

    assert not drawn.is_blank(1, 0)


def test_a_canvas_without_cells_gives_empty_strips():
    assert [
        strip.cell_length for strip in canvas.Canvas(0, 2, BLANK).strips()
    ] == [0, 0]
