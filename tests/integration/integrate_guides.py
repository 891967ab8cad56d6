"""The pages are followed from top to bottom, as a reader would."""

import json

import pytest

from tests import pages
from tests.integration import exchanges
from tests.integration import readers

# A whole page of commands, some of them processes.
pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

GUIDES = pages.ROOT / 'docs' / 'guides'
GUIDE = GUIDES / 'WRITING_STRATEGIES.md'
# Tests of their own follow them, and look closer.
OTHERWISE = {'WRITING_STRATEGIES.md', 'ROBUSTNESS.md'}
# Long ones, mostly engines that trade for a while; the README's is not one.
LONG = {
    'COMMANDS.md',
    'COMPILED.md',
    'DATA.md',
    'EVENT_LOG.md',
    'GOING_LIVE.md',
    'INSTALL.md',
    'MONITORING.md',
    'RELOADING.md',
    'SCALING.md',
    'TROUBLESHOOTING.md',
}
# What a page takes for granted: files of the reader's own.
GRANTED = {
    'DATA.md': """
sting data export sample --symbol AAPL --out bars.csv
sting data export sample --symbol AAPL --out bars.parquet
mkdir raw
cp bars.csv raw/AAPL.csv
python - <<END
import pandas
times = pandas.date_range('2024-03-01T15:00', periods=900, freq='s', tz='UTC')
trades = pandas.DataFrame({'timestamp': times, 'price': 100.0, 'size': 30.0})
trades['symbol'] = 'AAPL'
trades.to_parquet('trades.parquet')
trades.to_csv('trades.csv', index=False)
quotes = trades.assign(bid=99.0, ask=101.0, bid_size=1.0, ask_size=1.0)
quotes.drop(columns=['price', 'size']).to_csv('quotes.csv', index=False)
END
""",
}


def to_follow():
    """The pages, the long ones marked slow."""
    found = []
    for page in pages.PAGES:
        languages = {block.language for block in pages.blocks(page)}
        if page.name not in OTHERWISE and languages & {'sh', 'yaml'}:
            marks = [pytest.mark.slow] if page.name in LONG else []
            name = str(page.relative_to(pages.ROOT))
            found.append(pytest.param(page, id=name, marks=marks))
    return found


@pytest.fixture(scope='module')
def services():
    with exchanges.Exchanges() as running:
        yield running


@pytest.fixture
def reader(tmp_path, services):
    """A reader with a fresh home, and the world's services on loopback."""
    folder = tmp_path / 'config' / 'exchanges'
    folder.mkdir(parents=True)
    for name in ('binance', 'yahoo'):
        (folder / f'{name}.yaml').write_text(f'base_url: {services.rest}\n')
    # A reader waits for bars a while; here they come fast.
    (tmp_path / 'config' / 'sting.yaml').write_text(
        'feeds: {demo: {interval_s: 0.02}, sample: {bars_per_s: 50}}\n'
    )
    found = readers.Reader(tmp_path)
    yield found
    found.close()


@pytest.mark.parametrize('page', to_follow())
def test_every_block_of_the_page_does_what_it_should(page, reader):
    granted = GRANTED.get(page.name)
    if granted is not None:
        reader.follow(pages.Block('', 0, 'sh', '', granted))
    reader.read(page)


@pytest.fixture(scope='module')
def said(tmp_path_factory):
    """What each block of the guide to strategies printed, by its text."""
    found = readers.Reader(tmp_path_factory.mktemp('home'))
    try:
        yield found.read(GUIDE)
    finally:
        found.close()


def output(said, part):
    """What the one block with these words in it printed."""
    (found,) = (text for block, text in said.items() if part in block)
    return found


def test_every_block_of_the_guide_does_what_it_should(said):
    assert len(said) == len(pages.blocks(GUIDE)) > 15


def test_the_file_is_found_with_its_parameters(said):
    told = output(said, 'sting strategies\n')
    assert 'dip.py' in told
    assert 'weight=0.15' in told


def test_the_backtest_trades(said):
    assert output(said, 'head -3').count('\n') == 3


def test_the_wrong_parameter_is_named_in_one_line(said):
    told = output(said, '--set dip=5')
    assert told.count('\n') == 1
    assert "dip is '5'" in told


def test_the_strategy_runs_on_paper_and_its_order_leads_to_a_bar(said):
    assert 'running' in output(said, 'sting strategies --profile')
    assert 'market_data' in output(said, 'sting log why')


def test_the_readers_own_tests_pass(said):
    assert 'Ran 3 tests' in output(said, 'sting new dip')
    assert 'Ran 4 tests' in output(said, 'python -m unittest')


def test_what_the_strategy_did_is_told(said):
    told = output(said, 'sting strategies dip_tech')
    assert 'after fees' in told
    assert 'not traded' in told


def test_an_order_that_waits_and_an_indicator_of_ones_own_trade(said):
    shown = output(said, 'strategies/patient.py ').split()
    assert shown[shown.index('trips') + 1] == '7'
    figures = json.loads(output(said, 'strategies/breakout.py '))
    assert figures['trades'] > 5
