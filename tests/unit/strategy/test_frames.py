"""The timeframes of a strategy."""

import pytest

from sting.model import errors
from sting.strategy import frames
from tests.unit.strategy import trading_days

pytestmark = pytest.mark.unit

at = trading_days.at


def made(*asked, hours=trading_days.WEEK):
    found = frames.Frames()
    if asked:
        found.ask(asked, lambda: hours)
    return found


def shape(groups):
    """The timeframes and the times of what came out."""
    return [
        [(each.timeframe, each.timestamp) for each in group] for group in groups
    ]


@pytest.mark.parametrize('asked', [(), ('1m',), ['1h', '1d', '1w']])
def test_timeframes_that_can_be_asked_for(asked):
    assert frames.checked(asked) == tuple(asked)


@pytest.mark.parametrize(
    ('asked', 'words'),
    [
        ('1h', r"timeframes is '1h'; it must be a tuple such as \('1h', '1d'"),
        ((3600,), 'must be a tuple'),
        (('1h', '60m'), "'60m' is written '1h'"),
        (('1h', '1h'), "'1h' is there twice"),
    ],
)
def test_others_are_refused_with_the_remedy(asked, words):
    with pytest.raises(errors.StrategyError, match=words):
        frames.checked(asked)


def test_nothing_asked_for_costs_nothing():
    found = made()
    found.expect('1m')
    assert not found.active
    assert found.place('') == ''


def test_longer_bars_follow_the_shorter_one_that_completes_them():
    found = made('1d', '1m', '1h')
    for bar in trading_days.minutes('2012-03-14 13:30', '2012-03-14 16:59'):
        found.take(bar)
    end = at('2012-03-14 17:00')
    assert shape(found.take(trading_days.bar(end))) == [
        [('1m', end), ('1h', end), ('1d', end)]
    ]


def test_what_is_late_comes_before_by_its_time():
    found = made('4h', '1h', '1d')
    for bar in trading_days.minutes('2012-03-13 13:30', '2012-03-13 18:15'):
        found.take(bar)
    stamp = at('2012-03-14 13:31')
    assert shape(found.take(trading_days.bar(stamp))) == [
        [('1h', at('2012-03-13 18:30'))],
        [('4h', at('2012-03-13 20:00')), ('1d', at('2012-03-13 20:00'))],
        [('1m', stamp)],
    ]


def test_each_symbol_has_bars_of_its_own():
    found = made('2m')
    first = trading_days.minutes('2012-03-13 13:30', '2012-03-13 13:31')[0]
    other = trading_days.bar('2012-03-13 13:32', symbol='Y')
    assert len(found.take(first)[0]) == 1
    # Its bar has begun without it.
    assert len(found.take(other)[0]) == 1
    assert len(found.take(trading_days.bar('2012-03-13 13:32'))[0]) == 2


def test_only_what_is_asked_for_is_given():
    found = made('1h')
    found.expect('1m')
    hour = trading_days.bar(1, timeframe='1h')
    assert found.is_given(hour)
    assert not found.is_given(trading_days.bar(1))


def test_without_timeframes_the_feeds_own_bars_are_given():
    found = made()
    found.need('1h')
    found.expect('1m')
    assert found.is_given(trading_days.bar(1))
    assert not found.is_given(trading_days.bar(1, timeframe='1h'))


def test_the_feeds_own_bars_may_have_another_name():
    found = made('1h')
    found.expect('60m')
    assert found.place('') == found.place('1h') == ''
    assert found.is_given(trading_days.bar(1, timeframe='60m'))


def test_indicators_have_the_strategys_first_timeframe():
    found = made('1h', '1m')
    found.expect('1m')
    assert [found.place(each) for each in ('', '1m', '1d')] == ['1h', '', '1d']


@pytest.mark.parametrize(
    ('asked', 'own', 'words'),
    [
        ('1m', '1d', 'the data are bars of 1d; ask for 1d or longer'),
        ('1h', '25m', 'ask for a multiple of 25m'),
    ],
)
def test_what_cannot_be_built_is_refused_at_once(asked, own, words):
    with pytest.raises(errors.StrategyError, match=words):
        made(asked).expect(own)
    with pytest.raises(errors.StrategyError, match=words):
        made(asked).take(trading_days.bar(1, timeframe=own))


def test_what_is_needed_later_is_held_against_the_data_too():
    found = made('1h')
    found.expect('1h')
    with pytest.raises(errors.StrategyError, match='ask for 1h or longer'):
        found.need('1m')


def test_data_of_two_lengths_are_refused():
    found = made('1h')
    found.take(trading_days.bar('2012-03-13 13:31'))
    with pytest.raises(errors.StrategyError, match='bars of 1m and of 5m'):
        found.take(trading_days.bar('2012-03-13 13:35', timeframe='5m'))


def test_a_timeframe_needed_later_is_built_from_then_on():
    found = made('2m')
    found.take(trading_days.bar('2012-03-13 13:31'))
    found.need('3m')
    bars = trading_days.minutes('2012-03-13 13:31', '2012-03-13 13:36')
    closed = [each for bar in bars for each in found.take(bar)[0]]
    assert [each.timeframe for each in closed] == [
        *('1m', '2m', '1m', '1m', '2m', '1m'),
        *('1m', '2m', '3m'),
    ]


def test_longer_bars_need_the_hours_of_an_exchange():
    found = frames.Frames()
    found.ask(('1h',))
    with pytest.raises(errors.StrategyError, match='give its runner sessions'):
        found.take(trading_days.bar('2012-03-13 13:31'))


def test_the_hours_are_asked_for_when_a_longer_bar_is_built():
    def never():
        raise AssertionError

    found = frames.Frames()
    found.ask(('1m',), never)
    assert len(found.take(trading_days.bar(1))) == 1


def test_what_is_built_is_known_by_its_length():
    found = made('1w', '1m', '1h')
    found.expect('1m')
    assert list(found.built) == ['1h', '1w']
