import pytest

from sting.backtest import verdicts
from sting.backtest.figures import analyzer
from sting.backtest.figures import periods
from sting.backtest.reporting import chapters
from tests.unit.backtest import runs
from tests.unit.backtest import test_ambiguity

pytestmark = pytest.mark.unit


def test_a_month_has_its_place_and_an_empty_one_no_number():
    tables = analyzer.Tables(
        monthly={'2012-02': -0.05, '2012-03': -1e-9}, yearly={'2012': 0.4}
    )
    found = chapters.months(runs.result(tables=tables))
    row = found.split('<th>2012</th>')[1].split('</tr>')[0]
    cells = row.split('</td>')
    assert cells[0] == '<td>'
    assert cells[1].endswith('>-5.0')
    # A loss that is nothing when rounded has no sign.
    assert cells[2].endswith('>0.0')
    assert cells[12].endswith('>40.0')


def test_a_fall_without_an_end_says_so():
    fall = periods.Drawdown(
        depth=-0.25,
        start=0,
        bottom=runs.DAY,
        end=None,
        length_s=3 * 86_400.0,
        recovery_s=None,
    )
    tables = analyzer.Tables(drawdowns=(fall,))
    found = chapters.drawdowns(runs.result(tables=tables))
    for words in ('1970-01-01', '-25.00%', '1970-01-02', 'not yet', '3 days'):
        assert words in found


def test_what_is_empty_has_no_chapter():
    empty = runs.result(tables=analyzer.Tables())
    for chapter in (
        chapters.months,
        chapters.drawdowns,
        chapters.groups,
        chapters.log,
    ):
        assert chapter(empty) == ''


def test_a_fill_rule_that_is_not_known_is_named_alone():
    found = chapters.assumptions(runs.result(assumptions={'fill': 'odd'}))
    assert '>odd<' in found
    assert 'Market: at its open' not in found
    assert 'Not modelled' in found


def test_where_it_is_from_without_a_command():
    found = chapters.origin(runs.result(), '')
    assert '<th>command</th><td class=wide>-</td>' in found


@pytest.mark.parametrize(
    ('fill', 'touch_fills', 'words'),
    [
        ('next_open', False, 'a mere touch does not fill'),
        ('next_open', True, 'a touch fills'),
        ('pessimistic', True, 'a mere touch does not fill'),
        ('pessimistic', False, 'the worse one counts'),
        ('optimistic', False, 'a touch fills'),
        ('optimistic', False, 'the better one counts'),
        ('path', False, 'to the nearer extreme'),
    ],
)
def test_how_orders_fill_is_told(fill, touch_fills, words):
    given = {'fill': fill, 'touch_fills': touch_fills}
    assert words in chapters.assumptions(runs.result(assumptions=given))


def test_what_was_not_let_through_is_a_table_of_its_own():
    assert chapters.verdicts(runs.result()) == ''
    found = verdicts.Verdicts(())
    found.denied = 1
    found.by['max_position'] = 1
    found.rows.append(
        verdicts.Refused(0, 'o1', 'X', 'deny', 'max_position', '<b>200</b>')
    )
    page = chapters.verdicts(runs.result(verdicts=found))
    assert 'max_position 1' in page
    assert '&lt;b&gt;200' in page


def test_the_range_of_the_modes_of_filling_is_a_table():
    found = chapters.fill_range(runs.result(range=test_ambiguity.made()))
    assert '<td>path</td><td class=number>101.20</td>' in found
    assert 'From 98.00 to 101.20, 3.20% of the start' in found
    assert '1 of 4 fills' in found


def test_one_mode_of_filling_has_no_table():
    assert chapters.fill_range(runs.result()) == ''
