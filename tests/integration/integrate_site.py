"""The documentation as a site, with the API from the docstrings."""

import os
import pathlib
import subprocess

import pytest

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

ROOT = pathlib.Path(__file__).parents[2]
# Once a night: it installs what makes sites, of no use to anything else.
NAMES = {
    'STRATEGIES': 'sting.strategy.base.AbstractStrategy.on_market_data',
    'INDICATORS': 'sting.strategy.indicators',
    'BACKTESTS': 'sting.backtest.engine',
    'BROKERS': 'sting.broker.interface.BrokerInterface.place_order',
    'DATA': 'sting.data.sources.base.DataSource',
    'RISK': 'sting.risk.rules.RiskRule',
    'ENGINE': 'sting.session.open',
}


@pytest.mark.slow
def test_the_site_has_every_page_and_the_api(tmp_path):
    done = subprocess.run(
        ['make', '-s', 'docs', f'VENV={tmp_path / "venv"}', 'EXTRAS=alpaca'],
        cwd=ROOT,
        env=os.environ,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for page, name in NAMES.items():
        text = (ROOT / 'site' / 'reference' / f'{page}.html').read_text()
        assert f'id="{name}"' in text
