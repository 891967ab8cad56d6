"""Commands on a real Dask cluster."""

import json

import pytest

from tests.unit.backtest.sweeping import dask_cluster

pytestmark = [
    pytest.mark.unit,
    pytest.mark.timeout(300),
    # Of distributed itself, when a peer is gone.
    pytest.mark.filterwarnings(
        'ignore::pytest.PytestUnraisableExceptionWarning'
    ),
    pytest.mark.filterwarnings('ignore::ResourceWarning'),
]

CROSS = 'sting.library.sma_cross'
DATA = ('--data', 'sample', '--symbol', 'IBM')
WALK = ('--grid', 'fast=5|10', '--train', '400', '--test', '200')
SWEEP = ('--grid', 'fast=5|10', 'slow=30|40')


@pytest.fixture(scope='module')
def cluster(tmp_path_factory):
    with dask_cluster.running(tmp_path_factory.mktemp('dask'), 1) as made:
        yield made


@pytest.mark.parametrize(
    ('words', 'names'),
    [
        (('sweep', CROSS, *DATA, *SWEEP), ('best', 'rows', 'failed')),
        (
            ('walkforward', CROSS, *DATA, *WALK),
            ('windows', 'final_equity', 'log_hash'),
        ),
    ],
)
def test_a_cluster_gives_what_this_machine_gives(
    cluster, sting, home, tmp_path, words, names
):
    there = sting(
        *(*words, '--cluster', cluster.address),
        *('--cluster-share', tmp_path, '--json'),
    )
    assert there.err == ''
    here = sting(*words, '--workers', '1', '--json')
    found, expected = json.loads(there.out), json.loads(here.out)
    assert {name: found[name] for name in names} == {
        name: expected[name] for name in names
    }


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        (('--workers', '2', '--cluster', 'tcp://x:1'), 'leave one of them out'),
        (('--cluster-share', '/x'), '--cluster-share needs --cluster ADDRESS'),
        (('--cluster-tls', '/x'), '--cluster-tls needs --cluster ADDRESS'),
    ],
)
def test_what_does_not_go_together_is_told(sting, home, words, message):
    for command in (('sweep', *SWEEP), ('walkforward', *WALK)):
        name, *own = command
        outcome = sting(name, CROSS, *DATA, *own, *words, lines=1)
        assert outcome.code == 2
        assert message in outcome.err
