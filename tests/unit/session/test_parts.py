"""What the paper broker is made of."""

import msgspec
import pytest

from sting import settings
from sting.model import costs
from sting.session import parts

pytestmark = pytest.mark.unit


def configured(tmp_path, **paper):
    loaded = settings.load(settings.Home.find({'STING_HOME': str(tmp_path)}))
    schedule = costs.CostModel(
        commission=costs.Commission(per_order=1.0),
        latency_ms=5.0,
        borrow=costs.Borrow(),
        margin=costs.Margin(),
    )
    return msgspec.structs.replace(
        loaded, paper=settings.Paper(**paper), costs={'mine': schedule}
    )


def test_the_paper_broker_charges_its_two_figures(tmp_path):
    made = parts._costs(
        configured(tmp_path, commission_bps=2.0, slippage_bps=3.0)
    )
    assert made == costs.CostModel(commission_bps=2.0, slippage_bps=3.0)


def test_of_a_schedule_it_charges_what_fills_cost(tmp_path):
    made = parts._costs(configured(tmp_path, costs='mine', commission_bps=2.0))
    assert made == costs.CostModel(commission=costs.Commission(per_order=1.0))
