"""What a person is told of the data, and how often."""

import pytest

from sting.model import market
from sting.model import records
from sting.session import issues

pytestmark = pytest.mark.unit


def issue(kind, symbol='X'):
    return market.DataIssue(symbol, 7, kind, 'it is so')


@pytest.mark.parametrize(
    ('kind', 'severity'),
    [('stale', 'warning'), ('restored', 'info'), ('rejected', 'warning')],
)
def test_what_matters_is_an_alert(kind, severity):
    alert = issues.Warnings('feed:x').of(issue(kind), 0.0)
    assert alert == records.Alert(
        severity=records.Severity(severity),
        message=f'X: {kind}: it is so',
        source='feed:x',
    )


def test_a_fault_of_the_whole_feed_names_no_symbol():
    alert = issues.Warnings('feed:x').of(issue('lost', ''), 0.0)
    assert alert.message == 'lost: it is so'


@pytest.mark.parametrize('kind', ['odd', 'late', 'refilled', 'new words'])
def test_what_does_not_matter_is_none(kind):
    assert issues.Warnings('feed:x').of(issue(kind), 0.0) is None


def test_a_fault_of_many_symbols_is_told_of_for_a_few():
    warnings = issues.Warnings('feed:x')
    told = [warnings.of(issue('switched', f'S{n}'), 1.0) for n in range(50)]
    messages = [alert.message for alert in told if alert]
    assert len(messages) == 3
    assert messages[-1] == (
        'S2: switched: it is so; more of this kind are among the events'
    )
    # Others are told of all the same, and this one again after a while.
    assert warnings.of(issue('gap'), 1.0)
    assert warnings.of(issue('switched'), 60.9) is None
    assert warnings.of(issue('switched'), 61.0)
