"""Where figures are given out: to this machine alone."""

import pytest

from sting import settings
from sting.model import errors

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ('written', 'place'),
    [
        (None, None),
        (9464, ('127.0.0.1', 9464)),
        ('9464', ('127.0.0.1', 9464)),
        ('localhost:9464', ('127.0.0.1', 9464)),
        ('127.0.0.2:80', ('127.0.0.2', 80)),
        ('[::1]:9464', ('::1', 9464)),
    ],
)
def test_the_place_is_of_this_machine(written, place):
    assert settings.Monitor(exporter=written).place() == place


@pytest.mark.parametrize(
    'written',
    ['0.0.0.0:9464', '192.168.1.4:9464', 'example.com:9464', '[::]:9464'],
)
def test_one_that_others_reach_is_refused(written):
    with pytest.raises(ValueError, match=r'this machine alone.* ssh -L'):
        settings.Monitor(exporter=written)


@pytest.mark.parametrize('written', [0, -1, 70_000, '127.0.0.1:', 'x'])
def test_what_is_no_port_is_refused(written):
    with pytest.raises(ValueError, match='from 1 to 65535'):
        settings.Monitor(exporter=written)


def test_it_is_off_until_sting_yaml_says_where(tmp_path):
    home = settings.Home.find({'STING_HOME': str(tmp_path)})
    home.config.mkdir()
    assert settings.load(home).monitor.exporter is None
    own = home.config / 'sting.yaml'
    own.write_text('monitor: {exporter: 9464}\n')
    assert settings.load(home).monitor.exporter == 9464
    own.write_text('monitor: {exporter: "0.0.0.0:9464"}\n')
    with pytest.raises(errors.ConfigError, match=r'sting\.yaml.*alone'):
        settings.load(home)
