import dataclasses
from html import parser
import json
import re

import numpy as np
import pytest

from sting.backtest import trades
from sting.backtest.figures import analyzer
from sting.backtest.figures import groups
from sting.backtest.reporting import chapters
from sting.backtest.reporting import page
from sting.model import errors
from sting.strategy import context
from tests.unit.backtest import bars
from tests.unit.backtest import runs
from tests.unit.backtest import test_ambiguity

pytestmark = pytest.mark.unit

BUY, SELL = runs.BUY, runs.SELL
EVIL = '<script>alert("x")</script>'
LOADS = ('src', 'href', 'data', 'action', 'srcset', 'poster')


class Reader(parser.HTMLParser):
    """What a browser would make of a page."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags = []
        self.ids = set()
        self.attributes = []
        self.words = []
        self.scripts = []
        self._inside = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        self.ids |= {value for name, value in attrs if name == 'id'}
        if tag in ('script', 'style'):
            self._inside.append(tag)
            self.scripts.append('')

    def handle_endtag(self, tag):
        if self._inside and tag == self._inside[-1]:
            self._inside.pop()

    def handle_data(self, data):
        if self._inside:
            self.scripts[-1] += data
        else:
            self.words.append(data)

    @property
    def text(self):
        return ' '.join(' '.join(self.words).split())


def made(**fields):
    """A run of a year with round trips of two sides and symbols."""
    table = runs.fills((BUY, 1, 100.0), (SELL, 2, 110.0), (BUY, 1, 120.0))
    trips = dataclasses.replace(
        trades.round_trips(table), mae=np.array([-0.1, -0.2]), mfe=np.zeros(2)
    )
    line = runs.curve(*(100.0 + np.arange(300.0) % 7))
    line = dataclasses.replace(line, benchmark=line.equity)
    analyst = analyzer.PerformanceAnalyzer()
    values = {
        'fills': table,
        'trades': trips,
        'curve': line,
        'metrics': analyst.analyze(line, table, trips),
        'tables': analyst.tabulate('mine', line, trips, ()),
        'benchmark': 'X',
        'data_hash': 'd1d2',
        'code_hash': 'c1c2',
        'assumptions': {
            'fill': 'next_open',
            'participation': 0.25,
            'slippage_bps': 3.0,
            'commission_bps': 10.0,
        },
    }
    return runs.result(**values | fields)


def read(table=None, command='', **fields):
    table = bars.flat(9.0, 10.0) if table is None else table
    return Reader(page.render(made(**fields), table, command))


def data(found):
    return json.loads(next(each for each in found.scripts if each[:1] == '{'))


def test_it_has_every_section():
    found = read()
    assert found.ids >= {
        's-equity',
        's-drawdown',
        's-price',
        's-distribution-of-daily-returns',
        's-rolling-sharpe-ratio',
        's-months',
        's-all-figures',
        's-deepest-drawdowns',
        's-where-it-came-from',
        's-round-trips',
        's-assumptions-and-costs',
        's-where-this-is-from',
    }
    # A place for each plot.
    assert found.ids >= set(data(found)['layouts'])


def test_plotly_is_inside_and_nothing_is_loaded():
    found = read()
    assert any('plotly.js v' in script[:100] for script in found.scripts)
    assert not [name for name, _ in found.attributes if name in LOADS]
    assert not {'link', 'img', 'iframe', 'object', 'base'} & set(found.tags)
    own = [each for each in found.scripts if 'plotly.js v' not in each[:100]]
    assert not re.search('https?://|@import|url\\(', ''.join(own))


def test_a_policy_forbids_to_load_anything():
    text = page.render(made(), bars.flat(9.0))
    policy = text.split('Content-Security-Policy" content="')[1].split('"')[0]
    assert policy.startswith("default-src 'none';")
    assert 'http' not in policy


def test_no_button_sends_the_chart_away():
    script = read().scripts[-1]
    assert 'modeBarButtons:' in script
    assert 'sendChartToCloud' not in script


def test_the_figures_are_told():
    text = read().text
    for words in (
        'maximum drawdown',
        'Against X, bought and held',
        'benchmark return',
        'profit factor',
        '1970-01-07',
        'By side',
        'short',
    ):
        assert words in text


def test_the_range_of_the_modes_of_filling_is_a_section():
    found = read(range=test_ambiguity.made())
    assert 's-ambiguity-of-fills' in found.ids
    assert 's-ambiguity-of-fills' not in read().ids


def test_assumptions_and_costs_are_told_in_full():
    text = read().text
    for words in (
        'next_open',
        'a mere touch does not fill',
        'At most 0.25 of the volume',
        '3 basis points worse',
        'Commission is 10 basis points',
        'Not modelled',
        'dividends, splits and delistings',
    ):
        assert words in text


def test_hashes_and_the_command_are_told():
    text = read(command='sting backtest mine').text
    for words in ('sting backtest mine', 'd1d2', 'c1c2', 'abc'):
        assert words in text


def test_months_have_their_returns():
    found = read()
    assert 'Jan' in found.text
    styles = [value for name, value in found.attributes if name == 'style']
    assert any('--loss-rgb' in style for style in styles)
    assert any('--gain-rgb' in style for style in styles)


def test_text_from_outside_is_text():
    table = bars.make([(EVIL, 1, *[1.0] * 4)], (EVIL,))
    fills = runs.fills((BUY, 1, 1.0), (SELL, 1, 1.0), symbol=EVIL)
    trips = trades.round_trips(fills)
    tables = analyzer.PerformanceAnalyzer().tabulate(
        EVIL, runs.curve(100.0, 101.0), trips, ()
    )
    found = read(
        table,
        command=EVIL,
        strategy=EVIL,
        symbols=(EVIL,),
        parameters={EVIL: EVIL},
        warnings=(EVIL,),
        benchmark=EVIL,
        trades=trips,
        tables=tables,
        assumptions={EVIL: EVIL},
        log=(context.LogLine(0, 'info', EVIL),),
        data_hash=EVIL,
    )
    assert found.tags.count('script') == 3
    assert found.text.count(EVIL) >= 12
    assert data(found)['trades'][0][1] == EVIL
    assert not any(name[:2] == 'on' for name, _ in found.attributes)


def test_control_characters_are_replaced():
    assert '\x1b' not in page.render(made(strategy='a\x1bb'), bars.flat(9.0))


def test_the_round_trips_are_given_to_the_script():
    found = read()
    given = data(found)
    assert given['trades'][1] == [
        '1970-01-01 00:00:03',
        'X',
        'short',
        1.0,
        '1970-01-01 00:00:02',
        110.0,
        120.0,
        -10.0,
        0.0,
        -0.2,
        0.0,
    ]
    assert len(given['formats']) == len(given['trades'][0])


def test_only_the_last_of_very_many_round_trips_are_given():
    fills = runs.fills(*[(BUY, 1, 1.0), (SELL, 1, 1.0)] * (page.TRADES + 7))
    trips = trades.round_trips(fills)
    found = read(trades=trips)
    given = data(found)['trades']
    assert len(given) == page.TRADES
    assert given[-1][0] > given[0][0]
    assert given[0][9] is None
    assert 'The last 5,000 of 5,007; --trades writes all.' in found.text
    assert 'every second, third' in found.text


def test_a_run_in_which_nothing_happened():
    fills = runs.fills()
    trips = trades.round_trips(fills)
    line = runs.curve(100.0)
    analyst = analyzer.PerformanceAnalyzer()
    found = read(
        fills=fills,
        trades=trips,
        curve=line,
        metrics=analyst.analyze(line, fills, trips),
        tables=analyzer.Tables(),
        benchmark=None,
        warnings=(),
        assumptions={},
        code_hash=None,
    )
    assert 'None ended.' in found.text
    assert 'There is no benchmark' in found.text
    assert 'sharpe' not in found.ids
    assert 's-months' not in found.ids
    json.dumps(data(found), allow_nan=False)


def test_many_symbols_are_cut_and_said():
    names = [f'S{number:02}' for number in range(30)]
    table = bars.make([(name, 1, *[1.0] * 4) for name in names], names)
    text = read(table, symbols=names).text
    assert 'S19 and 10 more' in text
    assert 'The 20 most traded of 30 symbols.' in text


def test_the_page_of_a_long_run_stays_small():
    count = 300_000
    equity = 100.0 + np.random.default_rng(1).normal(0, 1, count).cumsum() / 50
    line = runs.curve(*equity, step=60_000_000_000)
    table = bars.walk(count, 3)
    text = page.render(made(curve=line), table)
    assert len(text) < 7_000_000
    assert 'the lowest and the highest of each stretch' in Reader(text).text


def test_it_is_written_to_a_file(tmp_path):
    path = tmp_path / 'r.html'
    page.write(path, made(), bars.flat(9.0), 'sting backtest')
    assert path.read_text().endswith('</html>\n')


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(errors.InputError, match='cannot be written'):
        page.write(tmp_path / 'no' / 'r.html', made(), bars.flat(9.0))


def test_a_table_of_very_many_symbols_is_cut():
    row = groups.Group(
        name='S',
        trades=1,
        pnl=1.0,
        open_pnl=0.0,
        fees=0.0,
        win_rate=1.0,
        profit_factor=None,
        expectancy=1.0,
    )
    found = read(tables=analyzer.Tables(symbols=[row] * 777))
    assert f'The first {chapters.GROUPS} of 777.' in found.text
