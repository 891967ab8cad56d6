"""The page of the tests of a strategy."""

import dataclasses
from html import parser

import pytest

from sting.backtest.robust import parts
from sting.backtest.robust import robustness
from sting.backtest.robust import robustpage
from sting.model import errors
from tests.unit.backtest import runs

pytestmark = pytest.mark.unit

V = parts.Verdict
NEIGHBOUR = {'name': 'fast', 'value': 9, 'metric': None, 'total_return': 0.1}


def found(**changes):
    tests = [
        parts.Part(name='lookahead', verdict=V.OK, reason='<b>none</b> found'),
        parts.Part(
            name='neighbourhood',
            verdict=V.WARN,
            reason='half of them',
            figures={'metric': 'sharpe', 'neighbours': [NEIGHBOUR]},
            rows=[('worst', 'fast=9')],
        ),
    ]
    result = runs.result(trials=3, deflated_sharpe=0.5, **changes)
    return robustness.Robustness(
        result=result, metric='sharpe', seed=7, tests=tests
    )


class Reader(parser.HTMLParser):
    """Sees that what is opened is closed, and keeps the text."""

    def __init__(self, page):
        super().__init__()
        self.open, self.text = [], ''
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        if tag != 'meta':
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data + ' '


def test_the_page_is_whole_and_has_the_verdicts():
    read = Reader(robustpage.render(found(), 'sting robustness x'))
    assert read.open == []
    assert 'ok: <b>none</b> found' in read.text
    assert 'warn: half of them' in read.text
    assert 'fast=9' in read.text
    assert '3; deflated Sharpe 0.50' in read.text
    assert 'sting robustness x' in read.text


def test_text_from_outside_is_escaped_and_nothing_runs():
    page = robustpage.render(found(strategy='<script>x</script>'))
    assert '<script' not in page
    assert '&lt;script&gt;' in page
    assert "default-src 'none'" in page


def test_without_a_ledger_nothing_is_said_of_it():
    one = found()
    bare = dataclasses.replace(one.result, trials=None)
    page = robustpage.render(dataclasses.replace(one, result=bare))
    assert 'tried on these data' not in page


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    robustpage.write(tmp_path / 'page.html', found())
    assert (tmp_path / 'page.html').read_text().startswith('<!DOCTYPE html>')
    with pytest.raises(errors.InputError, match='cannot be written'):
        robustpage.write(tmp_path, found())
