"""`sting data demo`."""

import json

import pytest

from sting.data import files

pytestmark = pytest.mark.unit


@pytest.fixture
def demo(sting, home, tmp_path):
    def call(*words, name='made.parquet'):
        path = tmp_path / name
        return sting('data', 'demo', '--out', path, *words), path

    return call


@pytest.mark.parametrize('name', ['made.csv', 'made.parquet'])
@pytest.mark.parametrize('model', ['gbm', 'jumps', 'regimes', 'gaps'])
def test_a_file_has_as_many_bars_as_are_asked_for(demo, name, model):
    words = '--bars', '500', '--symbols', '3', '--model', model
    found, path = demo(*words, name=name)
    assert found.code == 0
    assert '1,500 bars of 1m, symbols: 3, ' in found.out
    loaded = files.read(path)
    assert loaded.warnings == ()
    assert len(loaded.table) == 1500
    assert loaded.table.symbols == ('SYNTH1', 'SYNTH2', 'SYNTH3')


def test_the_same_options_give_the_same_file(demo):
    words = '--bars', '99', '--timeframe', '1d', '--seed', '7'
    _, path = demo(*words)
    first = path.read_bytes()
    demo(*words)
    assert path.read_bytes() == first
    demo(*words[:-1], '8')
    assert path.read_bytes() != first


def test_json_says_what_was_written(demo):
    found, path = demo('--bars', '10', '--json')
    assert json.loads(found.out) == {
        'file': str(path),
        'symbols': 1,
        'bars': 10,
        'bytes': path.stat().st_size,
    }


def test_more_than_there_can_be_are_refused_and_leave_nothing(demo):
    found, path = demo('--bars', '99999', '--timeframe', '1d')
    assert found.code == 2
    assert 'are more than XNYS has' in found.err
    assert not path.exists()
