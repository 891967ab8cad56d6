import pathlib

import pytest

from sting.data import files
from sting.data import sample
from sting.model import errors

pytestmark = pytest.mark.unit


def test_the_sample_has_its_five_symbols_and_no_warning():
    loaded = sample.load()
    assert loaded.table.symbols == sample.SYMBOLS
    assert len(loaded.table) == 12154
    assert loaded.table.timeframe == '1d'
    assert not loaded.table.generated
    assert loaded.warnings == ()


def test_the_sample_has_raw_prices():
    bars = {
        bar.time.date().isoformat(): bar
        for bar in sample.load(['AAPL']).table.rows()
    }
    split = bars['2005-02-25'].close / bars['2005-02-28'].close
    assert split == pytest.approx(2, rel=0.02)


def test_the_last_bar_of_goog_is_known():
    bar = sample.load(['GOOG']).table.bars('GOOG')[-1]
    assert bar.time.isoformat() == '2013-03-01T21:00:00+00:00'
    assert (bar.open, bar.close, bar.volume) == (797.8, 806.19, 4346400.0)


def test_a_symbol_that_is_not_in_the_sample_is_refused():
    with pytest.raises(errors.DataError, match='TSLA'):
        sample.load(['TSLA'])


def test_the_sample_is_small_and_its_source_is_beside_it():
    folder = pathlib.Path(files.__file__).parent / 'samples'
    source = (folder / 'SOURCE.md').read_text()
    assert (folder / 'daily.parquet').stat().st_size < 1_000_000
    assert 'public domain' in ' '.join(source.split())
