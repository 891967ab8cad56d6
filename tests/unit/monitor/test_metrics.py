"""The table of what is given out."""

import pathlib
import re

import pytest

from sting.model import health
from sting.model import records
from sting.model import views
from sting.monitor import metrics

pytestmark = pytest.mark.unit

GUIDE = pathlib.Path(__file__).parents[3] / 'docs' / 'guides' / 'MONITORING.md'
_K = metrics.Kind


def test_names_are_as_prometheus_wants_them():
    names = [each.name for each in metrics.TABLE]
    assert len(names) == len(set(names))
    for each in metrics.TABLE:
        assert re.fullmatch(r'sting(_[a-z]+)+', each.name)
        assert each.name.endswith('_total') == (each.kind is _K.COUNTER)
        assert each.help.endswith('.')
        assert (each.kind is _K.HISTOGRAM) == bool(each.timed)
        if each.kind is _K.HISTOGRAM:
            assert each.name.endswith('_seconds')


def test_the_guide_lists_each():
    assert metrics.page() in GUIDE.read_text(encoding='utf-8')


def _facts(**changes):
    picture = views.Snapshot(profile='demo', mode=records.Mode.DEMO, **changes)
    return metrics.Facts(picture, {}, {})


def _read(name, facts):
    (found,) = (each for each in metrics.TABLE if each.name == name)
    return dict(found.read(facts))


def test_a_state_is_one_of_all():
    facts = _facts(state=records.TradingState.HALTED)
    assert _read('sting_trading_state', facts) == {
        ('TRADING',): 0.0,
        ('REDUCING',): 0.0,
        ('HALTED',): 1.0,
    }


def test_links_are_up_or_not():
    facts = _facts(
        feeds=(
            views.LinkRow('a', 'connected', '', 1.5),
            views.LinkRow('b', 'stale'),
        )
    )
    assert _read('sting_feed_up', facts) == {('a',): 1.0, ('b',): 0.0}
    # What is not known is left out where it is given out.
    assert _read('sting_feed_age_seconds', facts) == {
        ('a',): 1.5,
        ('b',): None,
    }


def test_reasons_are_counted():
    found = health.Finding(health.Condition.DEGRADED, 'feed', 'a is stale')
    facts = _facts(
        verdict=health.Verdict(health.Condition.DEGRADED, (found, found))
    )
    assert _read('sting_health_reasons', facts) == {('feed', 'degraded'): 2.0}


def test_before_anything_is_measured_there_is_little():
    facts = _facts()
    for each in metrics.TABLE:
        assert all(
            len(labels) == len(each.labels) for labels, _ in each.read(facts)
        )
        assert not list(each.histograms(facts))
