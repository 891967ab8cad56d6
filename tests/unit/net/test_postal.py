"""A connection to a real NATS server that comes back by itself."""

import datetime
import ipaddress

import pytest

from sting.model import errors
from sting.net import postal
from tests.unit.net import nats_servers
from tests.unit.strategy import processes

pytestmark = pytest.mark.unit

SECRET = 'canary-of-a-token'


class Seen:
    """A connection, and what it told."""

    def __init__(self, url, **access):
        self.got, self.told, self.renewed = [], [], 0
        self.way = postal.Connection(
            postal.Access(servers=(url,), name='test', **access)
        )
        self.way.told = lambda up, why: self.told.append((up, why))
        self.way.renewed = self._renew
        self.way.subscribe('here', self.got.append)

    def _renew(self):
        self.renewed += 1

    async def up(self, times=1):
        await processes.until(lambda: self.renewed >= times, 20)

    async def heard(self, times):
        await processes.until(lambda: len(self.got) == times, 20)


@pytest.fixture
async def see():
    made = []

    async def one(url, **access):
        made.append(Seen(url, **access))
        await made[-1].way.start()
        return made[-1]

    yield one
    for each in made:
        await each.way.stop()


async def test_it_connects_once_there_is_a_server_and_again(tmp_path, see):
    server = nats_servers.Server(tmp_path)
    seen = await see(server.url)
    await processes.until(lambda: seen.told)
    assert not seen.way.connected
    seen.way.publish('here', b'nobody hears it')
    try:
        for times in (1, 2):
            await server.start()
            await seen.up(times)
            seen.way.publish('here', b'%d' % times)
            await seen.heard(times)
            server.kill()
            await processes.until(lambda: not seen.way.connected)
            seen.way.publish('here', b'nobody hears it')
    finally:
        server.kill()
    assert seen.got == [b'1', b'2']
    assert (False, 'the connection to the bus is lost') in seen.told


async def test_what_was_published_goes_out_before_the_end(tmp_path, see):
    async with nats_servers.serving(tmp_path) as server:
        seen, other = await see(server.url), Seen(server.url)
        await seen.up()
        await other.way.start()
        await other.up()
        other.way.publish('here', b'last')
        await other.way.stop()
        await processes.until(lambda: seen.got)


async def test_a_token_lets_in_and_is_never_told(tmp_path, see):
    lines = [f'authorization {{ token: "{SECRET}" }}']
    async with nats_servers.serving(tmp_path, *lines) as server:
        good = await see(server.url, token=SECRET)
        await good.up()
        wrong = await see(server.url, token=SECRET + 'x')
        await processes.until(lambda: wrong.told)
        assert not wrong.way.connected
        assert 'uthorization' in wrong.told[0][1]
        assert SECRET not in repr(wrong.told) + repr(good.way._access)


async def test_tls_is_checked_by_the_certificates_given(tmp_path, see):
    certificate, key = _certificate(tmp_path)
    lines = [f'tls {{ cert_file: "{certificate}", key_file: "{key}" }}']
    async with nats_servers.serving(tmp_path, *lines, scheme='tls') as server:
        good = await see(server.url, ca=certificate)
        await good.up()
        other = await see(server.url)
        await processes.until(lambda: other.told)
        assert 'certificate' in other.told[0][1].lower()
        assert not other.way.connected


def test_a_missing_file_is_told_at_once(tmp_path):
    for access in ({'credentials': tmp_path / 'x'}, {'ca': tmp_path / 'x'}):
        with pytest.raises(errors.ConfigError, match='bus: c'):
            postal.Connection(
                postal.Access(servers=('nats://x',), name='t', **access)
            )


def _certificate(folder):
    """A certificate that signs itself, for 127.0.0.1."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [x509.NameAttribute(x509.NameOID.COMMON_NAME, '127.0.0.1')]
    )
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName(
                [x509.IPAddress(ipaddress.ip_address('127.0.0.1'))]
            ),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(True, None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    files = folder / 'cert.pem', folder / 'key.pem'
    files[0].write_bytes(made.public_bytes(pem))
    files[1].write_bytes(
        key.private_bytes(
            pem,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return files
