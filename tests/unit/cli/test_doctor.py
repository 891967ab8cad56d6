"""What the doctor sees."""

import json
import sqlite3
import sys

import pytest

from sting import control
from sting import session
from sting.cli import doctor
from sting.data import sample
from sting.model import errors
from tests.unit.session import stations

pytestmark = pytest.mark.unit


def _checks(outcome):
    return {row['name']: row for row in json.loads(outcome.out)['checks']}


def test_fresh_installation_is_healthy(sting, home):
    outcome = sting('doctor', '--json')
    assert outcome.code == 0
    checks = _checks(outcome)
    assert json.loads(outcome.out)['ok'] is True
    assert all(row['status'] == 'ok' for row in checks.values())
    assert {'python', 'configuration', 'sample data', 'engine'} <= set(checks)


def test_looking_makes_no_folder(sting, home):
    sting('doctor')
    assert list(home.config.parent.iterdir()) == []


def test_each_check_is_a_line_for_a_person(sting, home):
    lines = sting('doctor').out.splitlines()
    assert all(line.startswith('ok') for line in lines)


def test_wrong_configuration_fails_with_its_place(sting, home):
    home.config.mkdir()
    (home.config / 'risk.yaml').write_text('\nrulez: 1\n')
    outcome = sting('doctor', '--json')
    assert outcome.code == 1
    check = _checks(outcome)['configuration']
    assert check['status'] == 'fail'
    assert 'risk.yaml:2' in check['detail']
    assert '-> change that line' in sting('doctor').out


def _terminal(outcome):
    return [
        (row['status'], row['detail'])
        for row in json.loads(outcome.out)['checks']
        if row['name'] == 'terminal'
    ]


def test_keys_and_themes_are_read_by_the_terminal(sting, home):
    home.config.mkdir()
    (home.config / 'keymap.yaml').write_text('zoom: [F11, "+"]\n')
    outcome = sting('doctor', '--json')
    assert outcome.code == 0
    keys, themes = _terminal(outcome)
    assert keys == ('ok', 'keys: zoom F11 +')
    assert themes[0] == 'ok'
    assert themes[1].startswith('themes: amber, ')


def test_a_wrong_key_and_a_wrong_theme_fail_with_their_lines(sting, home):
    (home.config / 'themes').mkdir(parents=True)
    (home.config / 'keymap.yaml').write_text('\nzom: F11\n')
    (home.config / 'themes' / 'mine.yaml').write_text('name: mine\ndark: 1\n')
    outcome = sting('doctor', '--json')
    assert outcome.code == 1
    failed = [text for status, text in _terminal(outcome) if status == 'fail']
    assert 'keymap.yaml:2' in failed[0]
    assert 'zoom' in failed[0]
    assert 'mine.yaml:2: dark must be' in failed[1]


def test_the_terminal_is_not_asked_where_sting_yaml_is_wrong(sting, home):
    home.config.mkdir()
    (home.config / 'sting.yaml').write_text('profil: demo\n')
    assert _terminal(sting('doctor', '--json')) == []


@pytest.mark.parametrize(
    ('program', 'said'),
    [
        (('/nowhere/at/all',), 'cannot be asked: '),
        ((sys.executable, '-c', 'import nowhere'), "No module named 'nowhere'"),
        ((sys.executable, '-c', 'raise SystemExit(7)'), 'exit status 7'),
    ],
)
def test_a_terminal_that_cannot_be_asked_is_a_warning(
    sting, home, monkeypatch, program, said
):
    monkeypatch.setattr(doctor, '_TERMINAL', program)
    ((status, text),) = _terminal(sting('doctor', '--json'))
    assert status == 'warn'
    assert said in text


def test_an_instrument_that_does_not_fit_a_profile_fails(sting, home):
    home.config.mkdir()
    text = 'instruments: {AAPL: {currency: EUR}}\n'
    (home.config / 'instruments.yaml').write_text(text)
    check = _checks(sting('doctor', '--json'))['instruments']
    assert check['status'] == 'fail'
    assert 'instruments.yaml:1' in check['detail']


def test_a_feed_whose_source_has_no_key_is_a_warning(sting, home, monkeypatch):
    monkeypatch.delenv('STING_ALPHAVANTAGE_KEY', raising=False)
    assert _checks(sting('doctor', '--json'))['feed'] == {
        'name': 'feed',
        'status': 'ok',
        'detail': 'profile crypto has bars of binance',
        'remedy': '',
    }
    home.config.mkdir()
    (home.config / 'sting.yaml').write_text(
        'feeds: {binance: {sources: [binance, alphavantage]}}\n'
    )
    outcome = sting('doctor', '--json')
    assert outcome.code == 0
    check = _checks(outcome)['feed']
    assert check['status'] == 'warn'
    assert 'profile crypto cannot start: alphavantage needs' in check['detail']


def test_an_exporter_has_its_place_and_needs_its_library(
    sting, home, monkeypatch
):
    home.config.mkdir(parents=True, exist_ok=True)
    (home.config / 'sting.yaml').write_text('monitor: {exporter: 9464}\n')
    assert 'http://127.0.0.1:9464/metrics' in sting('doctor').out
    monkeypatch.setattr(doctor.importlib.util, 'find_spec', lambda name: None)
    outcome = sting('doctor')
    assert outcome.code == 1
    assert "pip install 'sting[monitor]'" in outcome.out


def test_running_engine_is_named(sting, engine):
    checks = _checks(sting('doctor', '--json'))
    assert 'demo is TRADING' in checks['engine']['detail']
    assert 'verify' in checks['log demo']['detail']


def test_halted_engine_is_a_warning(sting, engine):
    def check():
        return _checks(sting('doctor', '--json'))['engine']

    sting('halt')
    try:
        stations.until(lambda: check()['status'] == 'warn')
        assert 'sting resume' in check()['remedy']
    finally:
        sting('resume', '--confirm', 'RESUME')


def test_engine_that_does_not_answer_fails(sting, engine, monkeypatch):
    def fail(*_args, **_kwargs):
        raise errors.StingError('no answer')

    monkeypatch.setattr(control.Client, 'request', fail)
    assert _checks(sting('doctor', '--json'))['engine']['status'] == 'fail'


@pytest.fixture
def written(home):
    station = session.open('demo', home=home)
    station.start()
    station.close()
    return home


def test_folder_and_log_that_others_may_read_are_warnings(sting, written):
    written.states.chmod(0o755)
    written.log('demo').chmod(0o644)
    checks = _checks(sting('doctor', '--json'))
    for name in ('state', 'log demo'):
        assert checks[name]['status'] == 'warn'
        assert checks[name]['remedy'].startswith('chmod go=')


def test_damaged_log_fails(sting, written):
    written.log('demo').write_bytes(b'no database' * 1000)
    assert _checks(sting('doctor', '--json'))['log demo']['status'] == 'fail'


def test_log_of_a_newer_version_fails(sting, written):
    with sqlite3.connect(written.log('demo')) as connection:
        connection.execute('PRAGMA user_version = 999')
    connection.close()
    check = _checks(sting('doctor', '--json'))['log demo']
    assert check['status'] == 'fail'
    assert 'newer' in check['detail']


def test_profile_without_a_log_is_no_matter(sting, home):
    home.state('demo')
    assert 'log demo' not in _checks(sting('doctor', '--json'))


def test_folder_that_cannot_be_written_fails(home, monkeypatch):
    home.config.mkdir()
    monkeypatch.setattr(doctor.os, 'access', lambda *_: False)
    assert doctor.FAIL in {c.status for c in doctor._check_home(home)}


def test_unreadable_sample_fails(home, monkeypatch):
    def fail():
        raise errors.DataError('is gone')

    monkeypatch.setattr(sample, 'load', fail)
    (check,) = doctor._check_sample(home)
    assert (check.status, check.detail) == (doctor.FAIL, 'is gone')


def test_missing_packages_matter_only_where_they_are_needed(home, monkeypatch):
    def missing(name):
        raise doctor.importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(doctor.importlib.metadata, 'version', missing)
    found = {c.name: c.status for c in doctor._check_packages(home)}
    assert found['numpy'] == doctor.FAIL
    assert found['alpaca-py'] == doctor.OK


def test_old_python_fails(home, monkeypatch):
    monkeypatch.setattr(doctor.sys, 'version_info', (3, 10))
    (check,) = doctor._check_python(home)
    assert check.status == doctor.FAIL


def test_a_broker_is_connected_to_and_asked(sting, home):
    outcome = sting('doctor', '--broker', 'paper', '--json')
    assert outcome.code == 0
    checks = _checks(outcome)
    assert checks['profile']['detail'] == 'demo is DEMO at paper'
    assert checks['account']['status'] == 'ok'
    assert 'python' not in checks
    assert 'may trade' in sting('doctor', '--profile', 'paper').out


def test_a_broker_that_is_not_there_fails(sting, home):
    home.config.mkdir()
    (home.config / 'exchanges').mkdir()
    (home.config / 'exchanges' / 'ibkr.yaml').write_text('port: 1\n')
    outcome = sting('doctor', '--broker', 'ibkr', '--json')
    assert outcome.code == 1
    assert _checks(outcome)['connection']['status'] == 'fail'
    assert sting('doctor', '--broker', 'nobody').code == 2
