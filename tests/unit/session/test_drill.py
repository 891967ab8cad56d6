"""A session whose paper broker is in trouble, as its configuration says."""

import msgspec
import pytest

from sting import session
from sting import settings
from sting.model import orders
from tests.unit.session import stations

pytestmark = pytest.mark.unit

S = orders.OrderStatus


def test_the_drill_of_the_configuration_is_played(tmp_path):
    home = stations.home_in(tmp_path)
    config = msgspec.structs.replace(
        stations.config(home),
        paper=settings.Paper(drill=settings.Drill(reject=1)),
    )
    station = session.open('demo', home=home, config=config)
    station.start()
    try:
        made = stations.buy(station)
        done = stations.wait_for(station, made.order_id, S.REJECTED)
    finally:
        station.close()
    assert done.message == 'rejected by the drill'
