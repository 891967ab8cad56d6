"""The rules that risk.yaml can name."""

import pytest

from sting.risk import catalog

pytestmark = pytest.mark.unit


def test_every_rule_has_one_name_and_a_unit():
    made = {**catalog.OF_ACCOUNT, **catalog.OF_SCOPE}
    assert len(made) == len(catalog.OF_ACCOUNT) + len(catalog.OF_SCOPE)
    for name, kind in made.items():
        rule = kind(1.0)
        assert (rule.name, rule.limit) == (name, 1.0)
        assert rule.unit
