"""The same over TLS: certificates are verified, addresses are guarded, connections are kept."""

import datetime
import ipaddress
import ssl
from functools import partial

import pytest

from qsocore.archive.address import Guard, Refused
from qsocore.archive.client import Client
from qsocore.archive.fetch import Fault
from tests.archive.server import Server, fits_file, redirect, serve

CONTENT, PATH = fits_file(3), "/x/a.fits"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate of 127.0.0.1, signed by itself, with its key."""
    x509 = pytest.importorskip("cryptography.x509")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    now = datetime.datetime.now(datetime.UTC)
    made = (x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now - datetime.timedelta(1),
                                    now + datetime.timedelta(1))
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), True).sign(key, hashes.SHA256()))
    path = tmp_path_factory.mktemp("tls") / "certificate.pem"
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return path


@pytest.fixture
def server(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with Server({PATH: CONTENT}, tls=context) as server:
        yield server


def test_a_certificate_that_nobody_vouches_for_is_refused_at_once(server, fetch):
    with pytest.raises(Fault, match=r"certificate is not trusted \(.*self.signed") as caught:
        fetch(server.url + PATH)
    assert not caught.value.again and server.asked == []


def test_one_that_the_user_trusts(server, fetch, certificate, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    server.acts[PATH].append(partial(serve, cut=2000))
    assert fetch(server.url + PATH) == CONTENT
    assert server.ranges(PATH) == ["", "bytes=2000-"]


def test_the_guard_stands_before_the_handshake(server):
    with Client(Guard()) as client, pytest.raises(Refused, match="no public address"):
        client.get(server.url + PATH)


def test_https_is_not_left_for_http(server, fetch, certificate, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    with Server({PATH: CONTENT}) as plain:
        server.acts[PATH].append(partial(redirect, to=plain.url + PATH))
        with pytest.raises(Fault, match="leaves https for http"):
            fetch(server.url + PATH, allow=[plain.host])
        assert plain.asked == []
