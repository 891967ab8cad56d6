"""Values of indicators on their way, which may come from anybody."""

import math

import pytest

from sting.model import readings

pytestmark = pytest.mark.unit


def test_rows_come_out_as_they_were_packed():
    pack = readings.packer(2).pack
    rows = pack(1_767_225_600_000_000_001, 1.5, math.nan) + pack(5, -1.0, 0.0)
    (one, (value, missing)), two = readings.unpack(rows, 2)
    assert (one, value) == (1_767_225_600_000_000_001, 1.5)
    assert math.isnan(missing)
    assert two == (5, [-1.0, 0.0])
    assert len(rows) == 2 * readings.row_bytes(2)


@pytest.mark.parametrize(
    ('names', 'rows'),
    [
        ((), b''),
        (('a',), b'12345678'),
        (('a', 'a'), bytes(24)),
        (('a' * 81,), bytes(16)),
        (tuple(map(str, range(33))), bytes(8 * 34)),
    ],
)
def test_what_is_not_whole_or_too_much_is_not_sound(names, rows):
    assert not readings.Readings('X', names, rows).is_sound()


def test_whole_rows_are_sound():
    assert readings.Readings('X', ('a', 'b'), bytes(48)).is_sound()
