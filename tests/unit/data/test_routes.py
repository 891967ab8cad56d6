"""Which source is asked, and when one that failed is tried again."""

import pytest

from sting.data import routes

pytestmark = pytest.mark.unit


def test_the_first_source_goes_first():
    assert routes.Route(3).order(0.0) == [0, 1, 2]


def test_one_that_failed_rests_longer_each_time_and_not_for_ever():
    route = routes.Route(2)
    rests = []
    now = 0.0
    for _ in range(7):
        route.failed(0, now)
        later = now
        while route.order(later) == [1]:
            later += 1.0
        assert route.order(later) == [0, 1]
        rests.append(later - now)
        now = later
    assert rests == [30, 60, 120, 240, 480, 900, 900]


def test_a_source_that_asks_for_a_longer_rest_gets_it():
    route = routes.Route(2)
    route.failed(0, 0.0, 600.0)
    assert route.order(599.0) == [1]
    assert route.order(600.0) == [0, 1]


def test_what_worked_is_used_and_forgiven():
    route = routes.Route(2)
    route.failed(0, 0.0)
    assert route.worked(1, 'it is down') > 0
    assert (route.used, route.why) == (1, 'it is down')
    assert route.worked(1) == 0
    assert route.why == 'it is down'
    assert route.worked(0) < 0
    assert route.why == ''
    assert route.order(1.0) == [0, 1]
    assert route.worked(0) == 0


def test_when_all_rest_the_one_that_comes_back_first_is_asked():
    route = routes.Route(2)
    route.failed(0, 0.0)
    route.failed(0, 1.0)
    route.failed(1, 2.0)
    assert route.order(3.0) == [1]


def test_one_that_gives_a_sign_of_life_rests_no_longer():
    route = routes.Route(2)
    route.failed(0, 0.0)
    route.wake(0)
    assert route.order(1.0) == [0, 1]
