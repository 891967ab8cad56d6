"""Sweeps on a real Dask cluster: separate processes on loopback."""

import datetime
import os
import signal
import sys
import threading
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import oid
import pytest

from sting.backtest.sweeping import clusters
from sting.backtest.sweeping import executors
from sting.backtest.sweeping import remote
from sting.backtest.sweeping import sweeps
from sting.data import sample
from sting.model import errors
from sting.risk import manager
from tests.unit.backtest import tasks
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
GRID = {'fast': list(range(5, 15)), 'slow': list(range(30, 50))}
STRATEGY = """
from sting import strategy
from sting_test_helper import SIZE

class Buyer(strategy.AbstractStrategy):
    parameters = {'more': strategy.Parameter(1)}

    def on_bar(self, bar):
        if not self.position(bar.symbol):
            self.buy(bar.symbol, SIZE + self.more)
"""


@pytest.fixture(scope='module')
def bars():
    return sample.load(['IBM']).table


@pytest.fixture(scope='module')
def cluster(tmp_path_factory):
    with dask_cluster.running(tmp_path_factory.mktemp('dask')) as made:
        yield made


def rows(bars, grid=GRID, reference=CROSS, **where):
    return list(
        sweeps.sweep(reference, bars, manager.RiskManager(), grid, **where)
    )


@pytest.fixture(scope='module')
def local(bars):
    return rows(bars, workers=2)


@pytest.mark.slow
def test_two_hundred_runs_are_those_of_one_machine(cluster, bars, local):
    with clusters.Cluster(cluster.address) as pool:
        assert rows(bars, pool=pool) == local
    assert len(local) == 200


@pytest.mark.slow
def test_compiled_runs_are_those_of_one_machine(cluster, bars):
    compiled = f'{CROSS}_compiled'
    with clusters.Cluster(cluster.address) as pool:
        found = rows(bars, reference=compiled, pool=pool)
    assert found == rows(bars, reference=compiled, workers=2)


@pytest.mark.slow
def test_bars_go_by_the_share_and_are_taken_away(
    cluster, bars, local, tmp_path
):
    share = (tmp_path / 'a' / 'b').as_uri()
    with clusters.Cluster(cluster.address, share=share) as pool:
        sent = pool._things[pool.place(bars)]
        assert len(sent.data) < 1_000
        assert len(list((tmp_path / 'a' / 'b').iterdir())) == 1
        assert rows(bars, pool=pool) == local
    assert not list((tmp_path / 'a' / 'b').iterdir())


@pytest.mark.slow
def test_other_bars_at_the_share_are_refused(cluster, bars, tmp_path):
    with clusters.Cluster(cluster.address, share=str(tmp_path)) as pool:
        placed = pool.place(bars)
        (path,) = tmp_path.iterdir()
        path.write_bytes(path.read_bytes()[:-1] + b'x')
        future = pool.submit(tasks.squares, placed, range(2))
        with pytest.raises(errors.InputError, match='has other bars at'):
            pool.result(future)


@pytest.mark.slow
def test_a_share_that_a_worker_does_not_see_is_told(cluster, bars, tmp_path):
    with clusters.Cluster(cluster.address, share=str(tmp_path)) as pool:
        placed = pool.place(bars)
        (path,) = tmp_path.iterdir()
        path.unlink()
        future = pool.submit(tasks.squares, placed, range(2))
        with pytest.raises(errors.InputError, match='cannot read the bars at'):
            pool.result(future)


@pytest.mark.slow
@pytest.mark.parametrize('share', ['nosuch://x/y', '/proc/nothing'])
def test_a_share_that_cannot_be_written_is_told(cluster, bars, share):
    with (
        clusters.Cluster(cluster.address, share=share) as pool,
        pytest.raises(errors.InputError, match='cannot be written'),
    ):
        pool.place(bars)


def test_code_travels_and_an_edit_counts_for_the_next_sweep(
    cluster, bars, tmp_path, monkeypatch
):
    path = tmp_path / 'buyer.py'
    helper = tmp_path / 'sting_test_helper.py'
    there = []
    for size in (1, 2):
        monkeypatch.delitem(sys.modules, helper.stem, raising=False)
        path.write_text(STRATEGY)
        helper.write_text(f'SIZE = {size}00\n')
        made = sweeps.Sweep(
            str(path),
            bars,
            manager.RiskManager(),
            lambda kind: sweeps.spaces.space({'more': [1, 2]}, kind.parameters),
        )
        # No worker can see them.
        path.unlink()
        helper.unlink()
        with clusters.Cluster(cluster.address) as pool:
            (block,) = executors.ordered(
                pool, sweeps.play, made.work, [range(2)]
            )
            there.append(block[1])
    assert not there[0].errors
    assert not there[1].errors
    assert (there[0].figures != there[1].figures).any()


def test_a_killed_worker_costs_nothing_but_time(bars, local, tmp_path):
    with (
        dask_cluster.running(tmp_path) as made,
        clusters.Cluster(made.address) as pool,
    ):
        coming = sweeps.sweep(
            CROSS, bars, manager.RiskManager(), GRID, pool=pool
        )
        found = [next(coming)]
        made.workers[0].send_signal(signal.SIGKILL)
        found += coming
        assert made.workers[0].wait() == -signal.SIGKILL
    assert found == local


@pytest.mark.slow
def test_what_only_a_dead_worker_had_is_sent_again(bars, local, tmp_path):
    with (
        dask_cluster.running(tmp_path, 1, '--nanny') as made,
        clusters.Cluster(made.address) as pool,
    ):
        coming = sweeps.sweep(
            CROSS, bars, manager.RiskManager(), GRID, pool=pool
        )
        found = [next(coming)]
        (pid,) = pool._client.run(os.getpid).values()
        assert pid != made.workers[0].pid
        os.kill(pid, signal.SIGKILL)
        found += coming
    assert found == local


def kill_once(path, process):
    """Kills a worker when its task has begun."""
    end = time.monotonic() + dask_cluster.DEADLINE_S
    while not path.exists() and time.monotonic() < end:
        time.sleep(0.05)
    process.kill()


@pytest.mark.slow
def test_no_worker_for_long_is_told(tmp_path):
    with dask_cluster.running(tmp_path, 1) as made:
        with clusters.Cluster(made.address, wait_s=2) as pool:
            killed = threading.Thread(
                target=kill_once, args=(tmp_path / 'pid', made.workers[0])
            )
            killed.start()
            with pytest.raises(errors.InputError, match='no worker for 2 s'):
                list(
                    executors.ordered(
                        pool, tasks.endless, str(tmp_path), [range(1)]
                    )
                )
            killed.join()
        with pytest.raises(errors.InputError, match='dask worker tcp://'):
            clusters.Cluster(made.address, wait_s=1)


@pytest.mark.slow
def test_a_scheduler_that_goes_is_told(bars, tmp_path):
    with (
        dask_cluster.running(tmp_path, 1) as made,
        clusters.Cluster(made.address, wait_s=2) as pool,
    ):
        coming = sweeps.sweep(
            CROSS, bars, manager.RiskManager(), GRID, pool=pool
        )
        next(coming)
        made.scheduler.kill()
        with pytest.raises(errors.InputError, match=r'scheduler at .* is gone'):
            list(coming)


@pytest.mark.slow
def test_an_interrupt_takes_back_what_waits(cluster, bars):
    pool = clusters.Cluster(cluster.address)
    placed = pool.place('x')
    futures = [
        pool.submit(tasks.squares, placed, range(at, at + 1))
        for at in range(200)
    ]
    with pytest.raises(KeyboardInterrupt), pool:
        raise KeyboardInterrupt
    assert all(each.status in ('cancelled', 'finished') for each in futures)
    with clusters.Cluster(cluster.address) as again:
        found = list(executors.ordered(again, tasks.squares, None, [range(2)]))
    assert found[0][1][1] == [0, 1]


@pytest.mark.parametrize(
    ('address', 'words'),
    [
        ('tcp://127.0.0.1:1', 'no cluster answers at tcp://127.0.0.1:1'),
        ('local:none', 'has to be local:N'),
        ('local:0', 'has to be local:N'),
        ('nonsense://x', 'no cluster answers at nonsense://x'),
    ],
)
def test_a_cluster_that_is_none_is_told(monkeypatch, address, words):
    monkeypatch.setattr(clusters, 'CONNECT_S', 1)
    with pytest.raises(errors.InputError, match=words):
        clusters.Cluster(address)


def test_a_cluster_needs_its_package(monkeypatch):
    monkeypatch.setitem(sys.modules, 'distributed', None)
    with pytest.raises(errors.InputError, match=r'install sting\[cluster\]'):
        clusters.Cluster('tcp://here:1')


@pytest.mark.slow
def test_workers_of_this_machine_do_it_too(bars):
    with clusters.Cluster('local:1') as pool:
        assert pool.workers == 1
        found = rows(bars, {'fast': [5, 10], 'slow': [30]}, pool=pool)
    assert found == rows(bars, {'fast': [5, 10], 'slow': [30]}, workers=1)


def test_another_release_is_refused():
    for name in remote.Release._fields:
        other = remote.release()._replace(**{name: '0'})
        sent = remote.Sent(name, other, remote.packed('x', None))
        with pytest.raises(errors.InputError, match='there and 0 here'):
            remote.call(tasks.squares, sent, range(1))


def certified(folder):
    """Makes a key, and a certificate that signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(oid.NameOID.COMMON_NAME, 'sting')])
    start = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start.replace(year=2100))
        .add_extension(x509.BasicConstraints(True, None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / 'cert.pem').write_bytes(made.public_bytes(pem))
    (folder / 'key.pem').write_bytes(
        key.private_bytes(
            pem,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    (folder / 'key.pem').chmod(0o600)


def test_a_cluster_behind_tls_takes_who_has_a_certificate(tmp_path):
    certified(tmp_path)
    file = tmp_path / 'tls.yaml'
    file.write_text('ca_file: cert.pem\ncert: cert.pem\nkey: key.pem\n')
    words = (
        *('--tls-ca-file', str(tmp_path / 'cert.pem')),
        *('--tls-cert', str(tmp_path / 'cert.pem')),
        *('--tls-key', str(tmp_path / 'key.pem')),
    )
    with dask_cluster.running(tmp_path, 1, tls=words) as made:
        assert made.address.startswith('tls://')
        with clusters.Cluster(made.address, tls=file) as pool:
            found = list(
                executors.ordered(pool, tasks.squares, None, [range(2)])
            )
        assert found[0][1][1] == [0, 1]
        with pytest.raises(errors.InputError, match='no cluster answers'):
            clusters.Cluster(made.address)


@pytest.mark.parametrize(
    ('text', 'address', 'words'),
    [
        ('{}', 'tcp://x:1', 'is for tls://host:port'),
        ('ca_file: x', 'tls://x:1', 'it has ca_file, cert and key'),
        ('{ca_file: x, cert: x, key: x}', 'tls://x:1', 'x is no file'),
        (None, 'tls://x:1', 'cannot be read'),
    ],
)
def test_a_wrong_file_of_tls_is_told(tmp_path, text, address, words):
    file = tmp_path / 'tls.yaml'
    if text is not None:
        file.write_text(text)
    with pytest.raises(errors.ConfigError, match=words):
        clusters.Cluster(address, tls=file)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_two_thousand_runs_with_a_death_are_those_of_one_machine(
    bars, tmp_path
):
    grid = {'fast': list(range(5, 45)), 'slow': list(range(50, 100))}
    with (
        dask_cluster.running(tmp_path) as made,
        clusters.Cluster(made.address) as pool,
    ):
        threading.Timer(5, made.workers[0].kill).start()
        found = rows(bars, grid, pool=pool)
        assert made.workers[0].wait(1) == -signal.SIGKILL
    assert len(found) == 2_000
    assert found == rows(bars, grid, workers=2)
