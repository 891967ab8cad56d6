"""Which library speaks to Interactive Brokers."""

import pytest

from sting.model import errors
from sting.net import ib

pytestmark = pytest.mark.unit


def _only(monkeypatch, *names):
    monkeypatch.setattr(
        ib.importlib.util,
        'find_spec',
        lambda name: name if name in names else None,
    )


def test_ib_async_is_preferred(monkeypatch):
    _only(monkeypatch, 'ib_insync', 'ib_async')
    assert ib.name() == 'ib_async'


def test_ib_insync_is_used_where_it_is_alone(monkeypatch):
    _only(monkeypatch, 'ib_insync')
    assert ib.name() == 'ib_insync'


def test_without_either_the_extra_is_named(monkeypatch):
    _only(monkeypatch)
    with pytest.raises(errors.ConfigError, match=r"pip install 'sting\[ibkr\]"):
        ib.name()
