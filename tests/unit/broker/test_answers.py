"""What is reported of an order, by how it stands here and there."""

import pytest

from sting.broker import answers
from sting.engine import step
from tests.unit.broker import stations

pytestmark = pytest.mark.unit

S = stations.S
limit = stations.limit


@pytest.mark.parametrize(
    ('status', 'kind'),
    [
        (S.SUBMITTED, step.Place),
        (S.UNKNOWN, step.Place),
        (S.PENDING_CANCEL, step.Cancel),
        (S.ACCEPTED, answers.Look),
        (S.PARTIALLY_FILLED, answers.Look),
        (S.PENDING_REPLACE, answers.Look),
    ],
)
def test_a_restart_asks_by_the_status(status, kind):
    assert isinstance(answers.question(limit(status=status)), kind)


def test_an_order_was_there_if_the_broker_gave_an_id_or_a_fill():
    assert answers.was_there(limit(broker_id='b1'))
    assert answers.was_there(limit(filled=1.0))
    assert not answers.was_there(limit())


def test_a_refused_change_goes_back_to_what_was():
    told = answers.unchanged(limit(status=S.PENDING_REPLACE), 'no')
    assert (told.status, told.quantity, told.message) == (
        S.ACCEPTED,
        10.0,
        'no',
    )


def test_agreement_needs_no_report():
    one = limit(status=S.ACCEPTED)
    assert answers.differing(one, one) is None


def test_other_terms_are_reported():
    theirs = limit(status=S.PARTIALLY_FILLED, filled=2.0, stop_price=80.0)
    told = answers.differing(limit(status=S.ACCEPTED), theirs)
    assert (told.status, told.stop_price) == (S.PARTIALLY_FILLED, 80.0)


def test_a_filled_order_ends_by_its_fills():
    assert answers.ended(limit(), limit(status=S.FILLED)) is None
    assert answers.ended(limit(), limit(status=S.EXPIRED)).status is S.EXPIRED


@pytest.mark.parametrize(
    ('answered', 'why', 'status', 'words'),
    [
        (True, 'x', S.UNKNOWN, 'look there'),
        (False, '', S.CANCELLED, 'it never reached the broker'),
        (False, 'too old', S.CANCELLED, 'too old'),
    ],
)
def test_what_is_missing_is_never_taken_as_rejected(
    answered, why, status, words
):
    told = answers.missing(limit(), answered=answered, why=why)
    assert told.status is status
    assert words in told.message
