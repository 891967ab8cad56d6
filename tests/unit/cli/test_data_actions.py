"""Splits and dividends that are fetched with bars."""

import json

import numpy as np
import pytest

from sting.data import actions
from sting.data import calendars
from sting.data import files
from sting.model import records
from tests.unit.data.sources import services
from tests.unit.net import servers

pytestmark = pytest.mark.unit

K = records.ActionKind

FETCH = ('data', 'fetch', 'yahoo', 'AAA', '--start', '2011-06-01')
UNTIL = ('--end', '2013-03-09')


def split(day, ratio):
    at = calendars.midnight(day) // 10**9 + 34_200
    return {'date': at, 'numerator': ratio, 'denominator': 1}


@pytest.fixture
def raw(home):
    """Bars as they were traded, of a service that gives them adjusted."""
    plain = services.days(30).of('AAA')
    days = [calendars.session_of(each) for each in plain.timestamp.tolist()]
    # One split is after the last bar that is fetched.
    told = [split(days[10], 2), split(days[20].replace(year=2014), 3)]
    told[1]['date'] -= told[1]['date'] % 86_400 - 60_000
    dividend = {'date': split(days[5], 1)['date'], 'amount': 0.1}
    found = [
        actions.Action(days[10], 'AAA', K.SPLIT, 2.0),
        actions.Action(days[20].replace(year=2014), 'AAA', K.SPLIT, 3.0),
    ]
    service = services.Yahoo(actions.restated(plain, found))
    service.events['AAA'] = {
        'splits': dict(enumerate(told)),
        'dividends': {'1': dividend},
    }
    with servers.threaded(servers.Service(service)) as url:
        folder = home.config / 'exchanges'
        folder.mkdir(parents=True, exist_ok=True)
        (folder / 'yahoo.yaml').write_text(f'base_url: {url}\n')
        yield plain, days


def test_raw_bars_and_their_actions_go_into_a_backtest(sting, raw, tmp_path):
    plain, days = raw
    bars, told = tmp_path / 'bars.parquet', tmp_path / 'actions.csv'
    found = sting(*FETCH, *UNTIL, '--out', bars, '--actions', told)
    assert found.code == 0, found.err
    assert 'actions: dividends 1, splits 1' in found.out
    np.testing.assert_allclose(files.read(bars).table.close, plain.close)
    one, two = actions.read(told)
    assert (one.day, one.kind, one.value) == (days[5], 'dividend', 0.6)
    assert (two.day, two.kind, two.value) == (days[10], 'split', 2.0)
    ran = sting(
        *('backtest', 'sting.library.buy_and_hold', '--json'),
        *('--data', bars, '--actions', told),
    )
    assert ran.code == 0, ran.err
    assert json.loads(ran.out)['bars'] == 30


@pytest.mark.parametrize('view', ['raw', 'back', 'forward'])
def test_prices_are_adjusted_as_is_wished(sting, raw, tmp_path, view):
    plain, days = raw
    path = tmp_path / 'bars.csv'
    found = sting(*FETCH, *UNTIL, '--out', path, '--view', view, '--json')
    assert json.loads(found.out)['actions'] == 2
    given = [
        actions.Action(days[5], 'AAA', K.DIVIDEND, 0.6),
        actions.Action(days[10], 'AAA', K.SPLIT, 2.0),
    ]
    wanted = actions.adjusted(plain, given, actions.View(view))
    found = files.read(path).table
    np.testing.assert_allclose(found.close, wanted.close)
    np.testing.assert_allclose(found.volume, wanted.volume)


def test_without_a_wish_prices_are_those_of_the_source(sting, raw, tmp_path):
    plain, _ = raw
    path = tmp_path / 'bars.csv'
    found = sting(*FETCH, *UNTIL, '--out', path, '--json')
    assert json.loads(found.out)['actions'] is None
    np.testing.assert_allclose(
        files.read(path).table.close[:10], plain.close[:10] / 6
    )


def test_a_source_without_actions_is_refused(sting, home):
    found = sting(
        *('data', 'fetch', 'binance', 'A', '--start', '2013-03-08'),
        *('--view', 'back'),
    )
    assert found.code == 2
    assert 'binance has no corporate actions' in found.err
