"""Questions about the account, and answers that are none."""

import pytest

from sting.model import errors
from tests.brokers.ibkr import gateway as gateways
from tests.brokers.ibkr import wire
from tests.brokers.ibkr import world

pytestmark = pytest.mark.unit


async def test_a_question_that_is_refused_has_no_answer():
    async with world.at_desk() as desk:

        def refuses(client, fields):
            client.send(wire.error(fields[2], 321, 'no such account'))

        desk.world.gateway.instead[gateways.ACCOUNT].append(refuses)
        with pytest.raises(errors.BrokerUnknownError, match='no such account'):
            await desk.broker.get_account_info()


async def test_an_account_told_in_part_is_unknown():
    async with world.at_desk() as desk:

        def part(client, fields):
            client.send(
                wire.frame(
                    63, 1, fields[2], wire.ACCOUNT, 'BuyingPower', 1, 'USD'
                ),
                wire.frame(64, 1, fields[2]),
            )

        desk.world.gateway.instead[gateways.ACCOUNT].append(part)
        with pytest.raises(errors.BrokerUnknownError, match='TotalCashValue'):
            await desk.broker.get_account_info()


@pytest.mark.parametrize('said', ['N/A', '', 'nan', '1,000', 'inf'])
async def test_a_figure_of_an_account_in_words_is_unknown(said):
    async with world.at_desk() as desk:

        def words(client, fields):
            client.send(
                wire.frame(
                    63, 1, fields[2], wire.ACCOUNT, 'BuyingPower', said, 'USD'
                ),
                wire.frame(64, 1, fields[2]),
            )

        desk.world.gateway.instead[gateways.ACCOUNT].append(words)
        with pytest.raises(errors.BrokerUnknownError, match='for a figure'):
            await desk.broker.get_account_info()
