"""The control socket, with a real socket and real threads."""

import asyncio
from concurrent import futures
import json
import os
import pathlib
import socket
import stat
import tempfile
import threading

from hypothesis import given
from hypothesis import strategies as st
import pytest

from sting import control
from sting import settings
from sting.control import protocol
from sting.control import server
from sting.model import commands
from sting.model import errors
from sting.model import orders
from sting.model import records
from sting.model import views

pytestmark = pytest.mark.unit

ORDER = commands.SubmitOrder(
    symbol='IBM', side=orders.OrderSide.BUY, quantity=2.0
)


class Station:
    """A workstation that answers from what a test puts into it."""

    def __init__(self, **fields):
        self.picture = views.Snapshot(
            profile='demo', mode=records.Mode.DEMO, account='A1'
        )
        self.picture = self.picture.__class__(
            **{name: getattr(self.picture, name) for name in _FIELDS} | fields
        )
        self.submitted = []
        self.stops = []
        self.answer = commands.CommandResult(ok=True, message='done', seq=7)
        self.late = False
        self.asked = threading.Event()

    def snapshot(self):
        return self.picture

    def bars(self, symbol, limit):
        return ()

    def marks(self, symbol, limit):
        return ()

    def lines(self, symbol, limit):
        return ()

    def submit(self, command):
        self.submitted.append(command)
        return self._future(self.answer)

    def emergency_stop(self, who, reason, latched=0):
        self.stops.append((who, reason, threading.current_thread().name))

    def judge(self, command):
        return self._future(
            views.Judgement(
                decision=records.Decision.APPROVE, quantity=command.quantity
            )
        )

    def why(self, seq):
        row = views.EventRow(seq, 0, 'fill', 'engine', 'IBM', 0, 'text')
        return self._future((row,))

    def output(self, strategy, limit):
        return self._future((strategy, str(limit)))

    def close(self):
        pass

    def _future(self, value):
        future = futures.Future()
        if isinstance(value, Exception):
            future.set_exception(value)
        elif not self.late:
            future.set_result(value)
        self.pending = future
        self.asked.set()
        return future


_FIELDS = views.Snapshot.__struct_fields__


@pytest.fixture
def folder():
    """A short path: the socket's may not pass 107 bytes."""
    with tempfile.TemporaryDirectory(prefix='st') as name:
        yield pathlib.Path(name)


@pytest.fixture
def station():
    return Station()


@pytest.fixture
def client(folder, station):
    path = folder / 'control.sock'
    with control.Server(station, path):
        yield control.Client(path, 'demo', timeout=5.0)


def _raw(client, line):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        connection.connect(str(client.path))
        connection.sendall(line)
        return json.loads(connection.makefile().readline())


def test_socket_is_its_owners_only(client):
    assert stat.S_IMODE(client.path.stat().st_mode) == 0o600


def test_status_has_what_the_command_prints(client):
    answer = client.request('status')
    assert (answer['profile'], answer['mode']) == ('demo', 'demo')
    assert answer['state'] == 'TRADING'
    for name in [
        'reason',
        'pid',
        'uptime_s',
        'seq',
        'equity',
        'cash',
        'day_pnl',
        'open_orders',
        'positions',
        'strategies',
        'feeds',
        'brokers',
        'loop_lag_ms',
    ]:
        assert name in answer


def test_status_counts_open_positions_only(folder):
    row = views.PositionRow('IBM', 2.0, 100.0, 101.0, 202.0, 2.0, 0.0)
    flat = views.PositionRow('FB', 0.0, 0.0, 30.0, 0.0, 0.0, 5.0)
    picture = Station(positions=(row, flat)).picture
    assert control.status(picture)['positions'] == [row]


def test_orders_have_all_fields_of_the_model(folder):
    order = orders.Order(
        id='x-1-0-1', symbol='IBM', side=orders.OrderSide.BUY, quantity=2.0
    )
    path = folder / 's'
    with control.Server(Station(orders=(order,)), path):
        (row,) = control.Client(path).request('orders')
    assert row['id'] == 'x-1-0-1'
    assert set(row) == set(orders.Order.__struct_fields__)


def test_positions_and_strategies_are_lists(client):
    assert client.request('positions') == []
    assert client.request('strategies') == []


def test_untraded_signals_are_those_of_one_strategy_or_of_all(folder):
    rows = tuple(
        views.UntradedRow(seq, 1, name, 'IBM', 'risk', 'too much')
        for seq, name in ((3, 'sma'), (2, 'mean'))
    )
    path = folder / 's'
    with control.Server(Station(untraded=rows), path):
        asked = control.Client(path)
        (row,) = asked.request('untraded', strategy='mean')
        both = asked.request('untraded')
    assert (row['seq'], row['gate'], row['reason']) == (2, 'risk', 'too much')
    assert [row['seq'] for row in both] == [3, 2]


def test_submit_reaches_the_engine(client, station):
    result = client.submit(ORDER)
    assert result == station.answer
    assert station.submitted == [ORDER]


def test_command_that_risk_denies_is_an_answer(client, station):
    station.answer = commands.CommandResult(ok=False, message='too big')
    assert not client.submit(ORDER).ok


@pytest.mark.parametrize(
    ('error', 'kind'),
    [
        (errors.OrderError('no'), errors.InputError),
        (errors.RefusedError('no'), errors.RefusedError),
        (errors.JournalWriteError('no'), errors.StingError),
    ],
)
def test_error_of_the_engine_comes_back_as_its_kind(
    client, station, error, kind
):
    station.answer = error
    with pytest.raises(kind, match='no'):
        client.submit(ORDER)


def test_an_order_is_judged_and_not_sent(client, station):
    found = client.request('judge', command=ORDER)
    assert (found['decision'], found['quantity']) == ('approve', 2.0)
    assert not station.submitted


def test_why_walks_back(client):
    (row,) = client.request('why', seq=12)
    assert row['seq'] == 12


def test_output_gives_a_strategys_lines(client):
    assert client.request('output', strategy='a', limit=7) == ['a', '7']


def test_halt_calls_the_stop_on_the_servers_thread(client, station):
    client.request('halt', who='operator', reason='drill')
    assert station.stops == [('operator', 'drill', 'sting-control')]


def test_halt_works_while_a_command_gets_no_answer(client, station):
    station.late = True
    with futures.ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(client.submit, ORDER)
        assert station.asked.wait(5)
        control.Client(client.path).request('halt', reason='now')
        assert len(station.stops) == 1
        station.pending.set_result(station.answer)
        assert waiting.result(5) == station.answer


def test_late_answer_is_an_error_that_says_what_to_do(
    client, station, monkeypatch
):
    monkeypatch.setattr(server, 'ENGINE_TIMEOUT_S', 0.05)
    station.late = True
    with pytest.raises(errors.StingError, match='sting status'):
        client.submit(ORDER)
    station.pending.set_result(station.answer)
    assert not station.pending.cancelled()
    assert client.request('status')['profile'] == 'demo'


def test_live_order_needs_the_account(folder):
    station = Station(mode=records.Mode.LIVE)
    path = folder / 's'
    with control.Server(station, path):
        client = control.Client(path)
        with pytest.raises(errors.InputError, match='--confirm'):
            client.submit(ORDER, 'wrong')
        assert station.submitted == []
        client.submit(ORDER, 'A1')
        client.submit(commands.CancelAll())
    assert station.submitted == [ORDER, commands.CancelAll()]


def test_a_live_order_waits_until_the_account_is_known(folder):
    station = Station(mode=records.Mode.LIVE, account='')
    path = folder / 's'
    with control.Server(station, path):
        for confirm in ('', 'A1'):
            with pytest.raises(errors.RefusedError, match='not known yet'):
                control.Client(path).submit(ORDER, confirm)
    assert station.submitted == []


@pytest.mark.parametrize(
    'line',
    [
        b'nonsense\n',
        b'{}\n',
        b'[]\n',
        b'{"request": "nothing"}\n',
        b'{"request": "why"}\n',
        b'{"request": "status", "extra": 1}\n',
        b'{"request": "submit", "command": {"command": "submit"}}\n',
        b'\xff\xfe\n',
    ],
)
def test_malformed_request_is_answered(client, line):
    answer = _raw(client, line)
    assert answer['ok'] is False
    assert answer['kind'] == 'input'
    assert client.request('status')['profile'] == 'demo'


@given(st.binary() | st.text().map(lambda text: json.dumps(text).encode()))
def test_any_line_is_answered(line):
    serving = control.Server(Station(), pathlib.Path('unused'))
    answer = json.loads(asyncio.run(serving._answer(line, server._Visit(bool))))
    assert answer['ok'] is False


def test_one_connection_may_ask_again(client):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        connection.connect(str(client.path))
        lines = connection.makefile()
        for _ in range(3):
            connection.sendall(b'{"request": "status"}\n')
            assert json.loads(lines.readline())['ok']


def test_a_watcher_gives_no_commands_but_stops(folder, station):
    path = folder / 's'
    with control.Server(station, path):
        watcher = control.Client(path, read_only=True)
        with pytest.raises(errors.RefusedError, match='only watches'):
            watcher.submit(ORDER)
        assert watcher.request('judge', command=ORDER)['quantity'] == 2.0
        watcher.request('halt', reason='now')
    assert station.submitted == []
    assert len(station.stops) == 1


def test_who_only_watches_cannot_take_that_back(client, station):
    lines = [
        b'{"request": "attach", "read_only": true}',
        b'{"request": "attach", "read_only": false}',
        b'{"request": "submit", "command": {"command": "cancel_all"}}',
    ]
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        connection.connect(str(client.path))
        answers = connection.makefile()
        said = []
        for line in lines:
            connection.sendall(line + b'\n')
            said.append(json.loads(answers.readline()))
    assert [answer['ok'] for answer in said] == [True, True, False]
    assert station.submitted == []


def test_request_that_is_too_long_is_refused(client, monkeypatch):
    answer = _raw(client, b' ' * (protocol.REQUEST_BYTES + 2))
    assert answer['ok'] is False
    assert 'at most' in answer['error']
    assert client.request('status')['profile'] == 'demo'


def test_request_that_never_ends_is_hung_up_on(client, monkeypatch):
    monkeypatch.setattr(server, 'READ_TIMEOUT_S', 0.05)
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        connection.connect(str(client.path))
        connection.sendall(b'{"request"')
        assert connection.recv(10) == b''


def test_half_a_request_is_dropped(client):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        connection.connect(str(client.path))
        connection.sendall(b'{"request": "halt"}')
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(10) == b''
    assert client.request('status')['state'] == 'TRADING'


def test_too_many_clients_are_told_so(client, monkeypatch):
    monkeypatch.setattr(server, 'CLIENTS', 1)
    with socket.socket(socket.AF_UNIX) as first:
        first.connect(str(client.path))
        first.sendall(b'{"request": "status"}\n')
        first.recv(10)
        answer = _raw(client, b'{"request": "status"}\n')
    assert 'too many' in answer['error']


def test_many_clients_at_once_are_all_answered(client):
    with futures.ThreadPoolExecutor(16) as pool:
        answers = pool.map(lambda _: client.request('status'), range(64))
        assert all(answer['profile'] == 'demo' for answer in answers)


def test_stranger_gets_no_answer(client, monkeypatch):
    monkeypatch.setattr(server, '_is_own', lambda _: False)
    with pytest.raises(errors.StingError, match='hung up'):
        client.request('status')


def test_own_process_is_no_stranger():
    one, other = socket.socketpair()
    with one, other:
        assert server._is_own(one)


def test_other_user_is_a_stranger(monkeypatch):
    one, other = socket.socketpair()
    uid = os.getuid()
    monkeypatch.setattr(os, 'getuid', lambda: uid + 1)
    with one, other:
        # Root may always; run as root, it is the one at the other end.
        assert server._is_own(one) is (uid == 0)


def test_system_without_peer_credentials_trusts_the_mode(monkeypatch):
    monkeypatch.delattr(socket, 'SO_PEERCRED')
    one, other = socket.socketpair()
    with one, other:
        assert server._is_own(one)


def test_socket_left_by_a_dead_engine_is_replaced(folder, station):
    path = folder / 'control.sock'
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    with control.Server(station, path):
        assert control.Client(path).request('status')['profile'] == 'demo'
    assert not path.exists()


def test_second_server_is_refused_and_the_first_goes_on(client, station):
    second = control.Server(station, client.path)
    with pytest.raises(errors.RefusedError, match='another engine'):
        second.start()
    second.stop()
    assert client.is_running()


def test_socket_that_cannot_be_made_is_named(folder, station):
    path = folder / 'control.sock'
    (path / 'in').mkdir(parents=True)
    with pytest.raises(errors.StingError, match=r'control\.sock'):
        control.Server(station, path).start()


def test_stop_leaves_the_socket_of_a_successor(folder, station):
    path = folder / 'control.sock'
    serving = control.Server(station, path)
    serving.start()
    path.unlink()
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        serving.stop()
        assert path.exists()


def test_stop_hangs_up_on_those_connected(folder, station):
    path = folder / 's'
    serving = control.Server(station, path)
    serving.start()
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        connection.connect(str(path))
        connection.sendall(b'{"request": "status"}\n')
        connection.recv(10)
        serving.stop()
        while connection.recv(65536):
            pass
    serving.stop()
    assert not path.exists()


def test_stop_when_the_socket_is_already_gone(folder, station):
    serving = control.Server(station, folder / 's')
    serving.start()
    (folder / 's').unlink()
    serving.stop()


def test_client_without_an_engine_says_how_to_start_one(folder):
    with pytest.raises(errors.NotRunningError, match='sting run'):
        control.Client(folder / 'none', 'demo').request('status')
    assert not control.Client(folder / 'none').is_running()


def test_engine_that_never_answers_times_out(folder):
    path = folder / 's'
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(path))
        silent.listen()
        with pytest.raises(errors.StingError, match='in time'):
            control.Client(path, timeout=0.1).request('status')


def test_path_that_is_no_socket_is_named(folder):
    with pytest.raises(errors.StingError, match='cannot connect'):
        control.Client(folder / ('x' * 120)).request('status')


def _answering(path, answer):
    """Something that takes one request and gives this answer."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()

    def serve():
        with listener:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(answer)

    thread = threading.Thread(target=serve)
    thread.start()
    return thread


def test_half_an_answer_is_an_error(folder):
    thread = _answering(folder / 's', b'{"ok": tr')
    with pytest.raises(errors.StingError, match='before it answered'):
        control.Client(folder / 's').request('status')
    thread.join()


def test_kind_from_the_future_is_an_error_all_the_same(folder):
    answer = b'{"ok": false, "kind": "new", "error": "because"}\n'
    thread = _answering(folder / 's', answer)
    with pytest.raises(errors.StingError, match='because'):
        control.Client(folder / 's').request('status')
    thread.join()


def _home(folder):
    return settings.Home.find({'STING_HOME': str(folder)})


def _serving(home, *profiles):
    servers = []
    for name in profiles:
        home.state(name)
        servers.append(control.Server(Station(), home.socket(name)))
        servers[-1].start()
    return servers


def test_find_gives_the_one_that_runs(folder):
    home = _home(folder)
    home.state('paper')
    servers = _serving(home, 'demo')
    assert control.find(home).profile == 'demo'
    assert control.find(home, 'demo').profile == 'demo'
    with pytest.raises(errors.NotRunningError, match='profile paper'):
        control.find(home, 'paper')
    for serving in servers:
        serving.stop()
    with pytest.raises(errors.NotRunningError):
        control.find(home)


def test_find_among_several_wants_a_name(folder):
    home = _home(folder)
    servers = _serving(home, 'demo', 'paper')
    with pytest.raises(errors.ConfigError, match='demo, paper'):
        control.find(home)
    assert control.find(home, 'paper').profile == 'paper'
    for serving in servers:
        serving.stop()


async def test_engines_error_after_the_wait_is_quiet(monkeypatch):
    monkeypatch.setattr(server, 'ENGINE_TIMEOUT_S', 0.01)
    future = futures.Future()
    with pytest.raises(errors.StingError):
        await server._outcome(future)
    future.set_exception(errors.StingError('too late'))
    await asyncio.sleep(0.01)


CASH = records.Difference(id='cash', kind=records.DifferenceKind.CASH)


def test_the_inbox_is_told_with_every_field(station, client):
    order = orders.Order(
        id='web-1', symbol='IBM', side=orders.OrderSide.BUY, quantity=2.0
    )
    found = records.Difference(
        id='order-7',
        kind=records.DifferenceKind.ORDER,
        order=order,
        accepted=True,
    )
    station.picture = views.Snapshot(
        profile='demo', mode=records.Mode.DEMO, inbox=(CASH, found)
    )
    cash, other = client.request('inbox')
    assert (cash['ours'], cash['order'], cash['accepted']) == (0.0, None, False)
    assert (other['order']['id'], other['order']['price']) == ('web-1', None)
    assert client.request('status')['inbox'] == 1


def test_settling_in_live_names_the_account_or_the_word(station, client):
    station.picture = views.Snapshot(
        profile='demo', mode=records.Mode.LIVE, account='A1', inbox=(CASH,)
    )
    accept = commands.Settle(id='cash', how=commands.How.ACCEPT)
    with pytest.raises(errors.InputError, match='A1'):
        client.submit(accept)
    client.submit(accept, 'A1')
    flatten = commands.Settle(
        id='cash', how=commands.How.FLATTEN, confirm='FLATTEN'
    )
    client.submit(flatten)
    assert station.submitted == [accept, flatten]
