"""Presets of the ticket, as sting.yaml has them."""

import pytest

from sting.model import errors
from sting.model import orders
from sting.settings import build
from sting.settings import presets
from sting.settings import tree

pytestmark = pytest.mark.unit


def read(folder, text):
    path = folder / 'sting.yaml'
    path.write_text('presets:\n  mine: ' + text + '\n')
    node = tree.parse(path)
    return build.build(node.value['presets'], dict[str, presets.Preset])


def test_a_preset_is_read(tmp_path):
    found = read(tmp_path, '{quantity: 100, trail: 2%, type: trailing_stop}')
    assert found['mine'] == presets.Preset(
        quantity=100.0, trail='2%', type=orders.OrderType.TRAILING_STOP
    )


def test_prices_of_a_preset_go_by_the_market(tmp_path):
    text = '{type: stop_limit, stop_price: last+1%, price: last + 1.2%}'
    found = read(tmp_path, text)['mine']
    assert (found.stop_price, found.price) == ('last+1%', 'last + 1.2%')


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('{quantity: many}', 'not a number: 100, 5000'),
        ('{stop_loss: 0%}', 'trail'),
        ('{trail: 2%}', 'belongs to the type trailing_stop'),
        ('{type: trailing_stop}', 'belongs to the type trailing_stop'),
        ('{type: limit}', 'price belongs to the types limit'),
        ('{type: limit, price: 99.5x}', 'not a number: 1234.50 or near'),
        ('{price: near}', 'price belongs to the types limit'),
        ('{type: stop, stop_price: last+}', 'not a number'),
        ('{type: stop, price: last}', 'price belongs'),
        ('{type: iceberg}', 'iceberg'),
        ('{colour: red}', 'colour'),
    ],
)
def test_what_makes_no_sense_names_the_line(tmp_path, text, message):
    with pytest.raises(errors.ConfigError, match=message) as caught:
        read(tmp_path, text)
    assert caught.value.line == 2
