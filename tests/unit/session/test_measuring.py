"""The risk of the book, measured beside a running engine."""

import json

import pytest

from sting.model import sessions
from sting.session import measuring
from tests.unit.session import stations

pytestmark = pytest.mark.unit

HOUR = 3600 * 10**9


def hours(calendar='XNYS', count=6.5):
    return sessions.Sessions(
        calendar=calendar, days=(0,), opens=(0,), closes=(int(count * HOUR),)
    )


@pytest.mark.parametrize(
    ('timeframe', 'made', 'scale'),
    [
        ('1m', hours(), (390.0, 252.0)),
        ('1h', hours('24/7', 24), (24.0, 365.0)),
        ('1d', hours(), (1.0, 252.0)),
        ('1w', hours('24/7', 24), (1 / 7, 365.0)),
    ],
)
def test_bars_of_a_day_are_those_of_a_session(timeframe, made, scale):
    assert measuring.scale_of(timeframe, made) == pytest.approx(scale)


def test_bars_without_a_length_have_no_scale():
    assert measuring.scale_of('tick:100', hours()) is None


def test_a_position_is_in_the_picture_with_its_risk(tmp_path):
    with stations.running(stations.home_in(tmp_path)) as station:
        stations.buy(station)

        def measured():
            found = station.snapshot().risk
            return found if found is not None and found.gross else None

        found = stations.until(measured)
        assert found.largest == 'AAPL'
        assert found.tails
        assert {row.rule for row in found.limits} >= {'buying_power'}
        assert [row.scenario for row in found.stresses][:2] == [
            'crisis_2008',
            'crisis_2020',
        ]


class Broken(measuring.Measuring):
    """Measures nothing by itself."""

    def __init__(self, scale):
        self._scale = scale


def test_bars_without_a_length_give_the_reason():
    book = measuring.metrics.Book(1, 2, 3.0, 3.0, 3.0, {}, {})
    found = Broken(None)._work(book)
    assert 'no length' in found.missing['all']
    assert json.dumps(found.missing)


def test_what_goes_wrong_is_told_in_place_of_figures(monkeypatch):
    made = Broken(measuring.metrics.Scale(390.0, 252.0))
    made._symbols = made._sectors = tuple
    made._history = made._configured = None

    def fails(*given, **more):
        raise KeyError('AAPL')

    monkeypatch.setattr(measuring.metrics, 'calculate', fails)
    book = measuring.metrics.Book(1, 2, 3.0, 3.0, 3.0, {}, {})
    assert made._work(book).missing == {'all': "KeyError: 'AAPL'"}
