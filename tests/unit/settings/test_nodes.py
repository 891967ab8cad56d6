"""What a profile says of its bus."""

import pytest

from sting.settings import nodes

pytestmark = pytest.mark.unit


def test_each_strategy_has_its_node():
    bus = nodes.Bus(
        url='nats://a, tls://b:4223', nodes={'n1': ('x', 'y'), 'n2': ('z',)}
    )
    assert bus.servers == ['nats://a', 'tls://b:4223']
    assert bus.node_of == {'x': 'n1', 'y': 'n1', 'z': 'n2'}


@pytest.mark.parametrize(
    ('fields', 'words'),
    [
        ({'url': 'nats://'}, 'not like nats://host:4222'),
        ({'url': 'nats://x:port'}, 'not like nats://host:4222'),
        ({'url': 'nats://token@x'}, 'no secrets here'),
        ({'nodes': {'a b': ()}}, 'letters, digits'),
        ({'prefix': 'a.b'}, 'letters, digits'),
        ({'nodes': {'a': ('x',), 'b': ('x',)}}, 'name it once'),
        ({'sources': {'a': ('x',), 'b': ('x',)}}, "sources: 'x' is on"),
        ({'token': True, 'credentials': 'f'}, 'exclude each other'),
        ({'certificate': 'f'}, 'go together'),
        ({'lost_s': 5.0, 'away_s': 1.0}, 'must not be less'),
    ],
)
def test_what_makes_no_sense_is_refused(fields, words):
    with pytest.raises(ValueError, match=words) as caught:
        nodes.Bus(**{'url': 'nats://x'} | fields)
    assert 'token@' not in str(caught.value)
