"""What goes wrong is drawn, and can be switched off."""

import numpy as np
import pytest

from sting.model import errors
from sting.model import orders
from sting.testing import broker
from sting.testing.simulation import faults

pytestmark = pytest.mark.unit

ORDER = orders.Order(
    id='o', symbol='X', side=orders.OrderSide.BUY, quantity=1.0
)
REPORT = orders.OrderUpdate(order_id='o', status=orders.OrderStatus.ACCEPTED)


def drawn(seed):
    return faults.draw(np.random.default_rng(seed))


def scripts():
    for seed in range(20):
        yield faults.RandomScript(drawn(seed), np.random.default_rng(seed))


def test_a_seed_draws_the_same_faults():
    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)


def test_every_kind_of_fault_is_absent_in_some_worlds_and_not_in_others():
    worlds = [drawn(seed) for seed in range(60)]
    for field in faults.Faults.__struct_fields__:
        assert len({getattr(one, field) for one in worlds}) > 1, field


def test_requests_meet_every_fate():
    met = {
        (fate.arrives, type(fate.error))
        for script in scripts()
        for _ in range(200)
        for fate in [script.fate('place')]
    }
    assert met == {
        (True, type(None)),
        (True, errors.BrokerUnknownError),
        (True, errors.BrokerError),
        (False, errors.BrokerUnknownError),
        (False, errors.BrokerError),
    }


def test_nothing_is_longer_on_its_way_than_is_promised():
    for script in scripts():
        for _ in range(100):
            fate = script.fate('place')
            assert fate.out_s <= faults.ON_THE_WAY_S + 0.1


def test_reports_come_late_and_twice():
    counts = {
        len(script.deliveries(REPORT))
        for script in scripts()
        for _ in range(50)
    }
    assert counts == {1, 2}


def test_orders_are_rejected():
    said = {script.refusal(ORDER) for script in scripts() for _ in range(50)}
    assert said == {'', 'not today'}


def test_in_quiet_nothing_goes_wrong():
    for script in scripts():
        script.quiet = True
        for _ in range(20):
            assert script.fate('place').error is None
            assert script.refusal(ORDER) == ''
            assert len(script.deliveries(REPORT)) == 1


def test_a_plain_script_has_no_faults():
    script = broker.Script()
    assert script.fate('place') == broker.Fate()
    assert script.refusal(ORDER) == ''
    assert script.deliveries(REPORT) == (0.0,)
