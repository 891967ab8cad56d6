"""What holds for every test of Interactive Brokers."""

import logging

import pytest

from sting.net import ib


@pytest.fixture
def garbles():
    """Is asked for by tests whose gateway sends what cannot be read."""


@pytest.fixture(autouse=True)
def _decodes(request, caplog):
    """A wrong count of fields is only logged by the library."""
    caplog.set_level(logging.WARNING, logger=f'{ib.name()}.Decoder')
    yield
    said = caplog.get_records('setup') + caplog.get_records('call')
    told = [each for each in said if each.name.endswith('ecoder')]
    assert bool(told) == ('garbles' in request.fixturenames), told
