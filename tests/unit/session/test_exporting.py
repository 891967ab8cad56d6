"""Figures of a session that runs, asked for over HTTP."""

import msgspec
import pytest

from sting import session
from sting import settings
from sting import version
from sting.model import health
from tests.unit.monitor import test_exporter
from tests.unit.session import stations

pytestmark = pytest.mark.unit

SMA = {
    'sma': {
        'strategy': 'sting.library.sma_cross',
        'parameters': {'fast': 2, 'slow': 4},
    }
}


def _start(home, port, **options):
    config = msgspec.structs.replace(
        stations.config(home, **options),
        monitor=settings.Monitor(exporter=port),
    )
    station = session.open('demo', home=home, config=config)
    station.start()
    return station


def test_a_session_gives_its_figures_out(tmp_path):
    port = test_exporter.free_port()
    station = _start(stations.home_in(tmp_path), port, strategies=SMA)
    try:
        stations.buy(station)

        def traded():
            text = test_exporter.get(port)[1]
            found = test_exporter.samples(text)
            wanted = {
                ('sting_tick_to_decision_seconds_count', 'sma'),
                ('sting_decision_to_order_seconds_count', 'sma'),
                ('sting_tick_to_order_seconds_count', 'sma'),
                ('sting_strategy_answer_seconds_count', 'sma'),
                ('sting_order_to_ack_seconds_count', 'paper'),
                ('sting_journal_commit_seconds_count',),
                ('sting_process_resident_memory_bytes', 'sma'),
                ('sting_process_open_fds', 'engine'),
                ('sting_events_total', 'fill'),
                ('sting_strategy_slippage_bps', 'sma'),
            }
            return found if wanted <= found.keys() else None

        found = stations.until(traded)
        picture = station.snapshot()
    finally:
        station.close()
    assert found['sting_info', 'demo', 'demo', version.__version__] == 1
    assert found['sting_trading_state', 'TRADING'] == 1
    assert found['sting_broker_up', 'paper'] == 1
    assert found['sting_feed_up', 'demo'] == 1
    assert 0 < found['sting_log_events',] <= picture.seq
    assert found['sting_process_open_fds', 'engine'] > 3
    assert sum(found['sting_health', state] for state in health.Condition) == 1


def test_a_port_that_is_taken_is_told_and_trading_goes_on(tmp_path):
    with test_exporter.given_out() as port:
        station = _start(stations.home_in(tmp_path), port)
        try:
            told = stations.until(
                lambda: [
                    row.message
                    for row in station.snapshot().alerts
                    if row.source == 'exporter'
                ]
            )
            assert f'127.0.0.1:{port} cannot be had' in told[0]
            stations.buy(station)
        finally:
            station.close()
