"""The ledger of trials: what counts, on which data, from many processes."""

import contextlib
import dataclasses
import multiprocessing
import os
import sqlite3
import stat

import hypothesis
from hypothesis import strategies as st
import numpy as np
import pytest

from sting.backtest import ledger
from sting.backtest.figures import selection
from sting.model import errors
from tests.unit.backtest import runs

pytestmark = pytest.mark.unit

DATA = ledger.Data('abc', ('X',), 0, 100 * runs.DAY)


@pytest.fixture
def path(tmp_path):
    return tmp_path / 'trials.db'


def trial(key, *sharpes):
    return ledger.Trial('sweep', 'mine.py', '', key, ledger.tally(sharpes))


def test_trials_are_counted_with_the_scatter_of_their_sharpes(path):
    book = ledger.Ledger(path)
    book.add(DATA, trial('a', 0.1))
    found = book.add(DATA, trial('b', 0.3, 0.2))
    assert found.trials == 3
    assert found.mean == pytest.approx(0.2)
    assert found.variance == pytest.approx(np.var([0.1, 0.2, 0.3], ddof=1))
    assert book.on(DATA) == found


def test_the_same_trial_again_is_none(path):
    book = ledger.Ledger(path)
    first = book.add(DATA, trial('a', 0.1))
    assert book.add(DATA, trial('a', 0.1)) == first
    with sqlite3.connect(path) as connection:
        assert connection.execute('SELECT runs FROM trials').fetchall() == [
            (2,)
        ]
    connection.close()


def test_what_did_not_trade_is_no_trial(path):
    assert ledger.Ledger(path).add(DATA, trial('a')).trials == 0


def test_without_a_file_nothing_was_tried(path):
    assert ledger.Ledger(path).on(DATA) == ledger.Tally()
    assert not path.exists()


def test_the_file_is_the_users_alone(path):
    ledger.Ledger(path).add(DATA, trial('a', 0.1))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ('digest', 'symbols', 'first', 'last', 'counts'),
    [
        ('abc', ('other',), 500, 600, True),
        ('new', ('X', 'Y'), 0, 100, True),
        ('new', ('X',), 50, 150, True),
        ('new', ('X',), 51, 151, False),
        ('new', ('X',), 90, 100, True),
        ('new', ('X',), 101, 200, False),
        ('new', ('Y',), 0, 100, False),
    ],
)
def test_what_overlaps_counts(path, digest, symbols, first, last, counts):
    book = ledger.Ledger(path)
    book.add(DATA, trial('a', 0.1))
    other = ledger.Data(digest, symbols, first * runs.DAY, last * runs.DAY)
    assert book.on(other).trials == counts


@hypothesis.given(
    st.lists(st.floats(-1, 1), max_size=20),
    st.lists(st.floats(-1, 1), max_size=20),
)
def test_two_tallies_are_that_of_all(first, second):
    joined = ledger.tally(first).joined(ledger.tally(second))
    assert joined == pytest.approx(ledger.tally(first + second), abs=1e-12)


def many(path, name):
    # On a busy machine one may hold the file for long.
    ledger._PATIENCE_S = 60.0
    for number in range(25):
        ledger.Ledger(path).add(DATA, trial(f'{name}-{number}', number / 100))


def test_four_processes_write_at_once(path):
    context = multiprocessing.get_context('spawn')
    workers = [
        context.Process(target=many, args=(path, name)) for name in 'abcd'
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * 4
    assert ledger.Ledger(path).on(DATA).trials == 100


def test_a_run_knows_how_often_it_was_tried(path):
    result = runs.result(data_hash='abc')
    data, own = ledger.of_result(result)
    assert own.days == 3
    ledger.Ledger(path).add(data, trial('a', 0.3, -0.3, 0.1))
    found = ledger.counted(result, path)
    assert found.trials == 4
    alone = selection.deflated_sharpe(result.curve.returns, [0.0])
    assert found.deflated_sharpe < alone
    assert found.warnings == result.warnings


def test_a_run_that_did_not_trade_has_no_deflated_sharpe(path):
    still = runs.result(curve=runs.curve(100.0, 100.0, 100.0))
    found = ledger.counted(still, path)
    assert (found.trials, found.deflated_sharpe) == (0, None)


@pytest.mark.parametrize(
    'change',
    [
        {'parameters': {'fast': 11}},
        {'assumptions': {'commission_bps': 11}},
        {'code_hash': 'ef'},
        {'strategy': 'sting.library.ema_cross'},
    ],
)
def test_what_differs_is_another_trial(change):
    first = runs.result(assumptions={'commission_bps': 10, 'seed': 1})
    again = runs.result(assumptions={'commission_bps': 10, 'seed': 2})
    other = dataclasses.replace(first, **change)
    keys = [ledger.of_result(each)[1].key for each in (first, again, other)]
    assert keys[0] == keys[1] != keys[2]


def test_the_same_code_elsewhere_is_the_same_trial():
    keys = {
        ledger.key(name, 'ef', {}, {}) for name in ('a.py:One', 'b/a.py:One')
    }
    assert len(keys) == 1


@pytest.mark.parametrize('broken', ['garbage', 'folder', 'denied'])
def test_a_broken_ledger_is_a_warning(path, broken):
    if broken == 'garbage':
        path.write_bytes(b'no database at all' * 100)
    elif broken == 'folder':
        path.mkdir()
    else:
        path = path.parent / 'file' / 'trials.db'
        path.parent.write_text('')
    found = ledger.counted(runs.result(), path)
    assert found.trials is None
    assert len(found.warnings) == 2


@pytest.mark.parametrize(
    'damage',
    [
        "symbols = 'no list'",
        "symbols = '[1]'",
        'count = -3',
        'spread = -1.0',
        'mean = 9e999',
        'spread = 9e999',
    ],
)
def test_a_ledger_with_figures_that_cannot_be_is_a_warning(path, damage):
    ledger.counted(runs.result(), path)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute(f'UPDATE data SET {damage}')
        connection.commit()
    found = ledger.counted(runs.result(), path)
    assert found.trials is None
    assert 'move the file away' in found.warnings[-1]


def test_a_locked_ledger_is_an_error_that_names_it(path, monkeypatch):
    monkeypatch.setattr(ledger, '_PATIENCE_S', 0.01)
    ledger.Ledger(path).add(DATA, trial('a', 0.1))
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute('BEGIN EXCLUSIVE')
    try:
        with pytest.raises(errors.LedgerError, match=r'trials\.db.*locked'):
            ledger.Ledger(path).on(DATA)
    finally:
        holder.close()


def test_it_is_not_slow(path):
    """Thousands of data sets cost a run less than it takes to notice."""
    book = ledger.Ledger(path)
    book.add(DATA, trial('a', 0.1))
    rows = [
        (f'd{n}', '["Z"]', 0, 100 * runs.DAY, 1, 0.1, 0.0) for n in range(5000)
    ]
    with sqlite3.connect(path) as connection:
        connection.executemany(
            'INSERT INTO data VALUES (NULL, ?, ?, ?, ?, ?, ?, ?)', rows
        )
    connection.close()
    before = os.times().user
    book.add(DATA, trial('b', 0.1))
    assert os.times().user - before < 1.0
