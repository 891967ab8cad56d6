"""What is written is read back as it was."""

import pytest

from sting.data import bar_tables
from sting.data import calendars
from sting.data import files
from sting.data import writer
from sting.model import errors
from tests.unit.data.sources import services

pytestmark = pytest.mark.unit


@pytest.mark.parametrize('ending', ['csv', 'parquet'])
@pytest.mark.parametrize(
    ('bars', 'calendar'),
    [
        (services.pairs, '24/7'),
        (services.stocks, 'XNYS'),
        (services.days, 'XNYS'),
    ],
)
def test_a_file_gives_the_same_bars(tmp_path, bars, calendar, ending):
    path = tmp_path / f'bars.{ending}'
    writer.write(path, bars(), calendar)
    found = files.read([path], calendar=calendar).table
    assert found.digest() == bars().digest()


@pytest.mark.parametrize('ending', ['csv', 'parquet'])
@pytest.mark.parametrize('timeframe', ['volume:2', '1w', '4h'])
def test_a_length_that_the_times_do_not_show_is_said(
    tmp_path, timeframe, ending
):
    finer = services.days(30) if timeframe == '1w' else services.stocks(5)
    made = bar_tables.build(finer, timeframe, calendars.sessions('XNYS')).bars
    path = tmp_path / f'bars.{ending}'
    writer.write(path, made, 'XNYS')
    for stamp in ('open', 'close') if timeframe == 'volume:2' else ('open',):
        found = files.read([path], stamp=stamp).table
        assert found.timeframe == timeframe
        assert found.digest() == made.digest()


@pytest.mark.parametrize('other', ['tick:5', 'volume:3', '5m'])
def test_another_length_than_the_file_says_is_refused(tmp_path, other):
    made = bar_tables.build(services.stocks(5), 'volume:2').bars
    writer.write(tmp_path / 'bars.csv', made)
    with pytest.raises(errors.DataError, match='of volume:2, not of'):
        files.read([tmp_path / 'bars.csv'], timeframe=other)


def test_a_day_of_another_calendar_is_told(tmp_path):
    with pytest.raises(
        errors.DataError, match='closes with no session of XLON'
    ):
        writer.write(tmp_path / 'a.csv', services.days(5), 'XLON')
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize('name', ['bars.txt', 'bars', 'none/bars.csv'])
def test_a_place_that_takes_no_bars_is_told(tmp_path, name):
    with pytest.raises(errors.InputError, match='written'):
        writer.write(tmp_path / name, services.pairs(5), '24/7')


def test_nothing_half_written_stays(tmp_path, monkeypatch):
    def full(*args, **options):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr('pyarrow.csv.CSVWriter', full)
    with pytest.raises(errors.InputError, match='No space left'):
        writer.write(tmp_path / 'a.csv', services.pairs(5), '24/7')
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize('ending', ['csv', 'parquet'])
def test_parts_become_one_file(tmp_path, ending):
    bars = services.stocks(3)
    rows = len(bars) // 4
    parts = [bars.take(slice(n * rows, (n + 1) * rows)) for n in range(5)]
    told = []
    path = tmp_path / f'bars.{ending}'
    writer.write_parts(path, parts, told=told.append)
    assert sum(told) == len(bars)
    assert files.read(path).table.digest() == bars.digest()
