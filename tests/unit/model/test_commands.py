"""Commands in a few words."""

import pytest

from sting.model import commands
from sting.model import orders
from tests.unit.model import samples

pytestmark = pytest.mark.unit


def test_a_command_is_described_by_what_it_names():
    command = commands.SubmitOrder(
        symbol='AAPL', side=orders.OrderSide.BUY, quantity=1.5
    )
    assert commands.describe(command) == (
        'submit symbol=AAPL side=buy quantity=1.5 type=market time_in_force=gtc'
    )


def test_what_is_not_given_is_not_described():
    assert commands.describe(commands.CancelAll()) == 'cancel_all'
    assert commands.describe(commands.CancelAll(symbol='IBM')) == (
        'cancel_all symbol=IBM'
    )


def test_a_zero_is_described():
    command = commands.AcknowledgeAlerts(up_to=0)
    assert commands.describe(command) == 'acknowledge up_to=0'


def test_there_is_a_sample_of_every_command():
    kinds = {type(command) for command in samples.EVERY_COMMAND}
    assert kinds == set(commands.Command.__args__)


@pytest.mark.parametrize('command', samples.EVERY_COMMAND)
def test_every_command_is_described_in_one_line(command):
    assert commands.describe(command).isprintable()
