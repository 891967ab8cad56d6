"""Errands: in their order, each answered."""

import threading

import pytest

from sting.control import errands
from sting.model import errors

pytestmark = pytest.mark.unit


@pytest.fixture
def made():
    one = errands.Errands('errands')
    yield one
    one.close(30.0)


def fail(error):
    raise error


def test_they_are_done_in_their_order_on_another_thread(made):
    seen = []

    def errand(number):
        seen.append((number, threading.current_thread().name))
        return number

    asked = [made.ask(lambda n=n: errand(n)) for n in range(20)]

    assert [one.result(30) for one in asked] == list(range(20))
    assert seen == [(number, 'errands') for number in range(20)]


@pytest.mark.parametrize('error', [errors.StingError('no'), KeyError('what')])
def test_what_one_ends_in_is_told_and_the_next_is_done(made, error):
    failed = made.ask(lambda: fail(error))
    done = made.ask(lambda: 7)

    assert failed.exception(30) is error
    assert done.result(30) == 7


def test_one_that_nobody_wants_any_more_is_left_out(made):
    first, seen = threading.Event(), []
    made.ask(lambda: first.wait(30))
    dropped = made.ask(lambda: seen.append('dropped'))
    last = made.ask(lambda: seen.append('last'))

    assert dropped.cancel()
    first.set()
    last.result(30)

    assert seen == ['last']
