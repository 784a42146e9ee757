"""Only public addresses, of http and https; of this machine what the user named."""

import ipaddress
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qsocore.archive.address import Guard, Refused, is_public, origin, parsed
from qsocore.archive.client import Client
from tests.archive.server import Server, fits_file

PRIVATE = ["127.0.0.1", "127.9.9.9", "10.1.2.3", "172.16.0.1", "192.168.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
           "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "ff02::1", "::ffff:10.0.0.1",
           "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2002:a00:1::1", "2001:0:808:808:0:0:80ff:fffe"]


@pytest.mark.parametrize("address", PRIVATE)
def test_private(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "140.252.1.1", "2607:f8b0::1", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_public(address):
    assert is_public(address)


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_as_public_within_an_ipv6_one(address):
    assert is_public(str(address)) == is_public(f"::ffff:{address}") == is_public(f"64:ff9b::{address}")
    if address.is_private or address.is_loopback or address.is_link_local:
        assert not is_public(str(address))
        assert not is_public(str(ipaddress.IPv6Address((0x2002 << 112) | (int(address) << 80))))  # 6to4


@pytest.mark.parametrize(("url", "why"), [
    ("file:///etc/passwd", "file: is not gone to"), ("ftp://a.org/x", "ftp: is not gone to"), ("a.org/x", "no scheme"),
    ("http://user:word@a.org/x", "user's name or password"), ("http://user@a.org/x", "user's name"), ("http:///x", "no URL"),
    ("http://a.org:99999/", "no URL"), ("http://a.org:0/", "no URL"), ("http://[::1/", "no URL"), ("http://a.org/\n", "no URL"),
    ("http://a.org/a b", "no URL"), ("http://a.org\\@b.org/", "user's name"), ("http://a.org\\b/", "no URL"),
    ("data:text/plain,x", "data: is not gone to"), ("", "no scheme"),
])
def test_urls_that_are_none(url, why):
    with pytest.raises(Refused, match=why):
        parsed(url)


@given(st.text(max_size=40))
def test_any_text_is_a_url_or_refused(text):
    for url in (text, f"http://{text}"):
        try:
            assert parsed(url).scheme in ("http", "https") and origin(url)[0]
        except Refused:
            pass


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "::1"])
def test_every_spelling_of_this_machine_is_refused(host):
    with pytest.raises(Refused, match="no public address; if that is meant, say --allow-host"):
        Guard().addresses(host, 80)


@pytest.mark.parametrize("host", ["a" * 70 + ".org", "a..org"])
def test_names_that_no_host_can_have(host):
    with pytest.raises(Refused, match="no host's name"):
        Guard().addresses(host, 80)


def test_only_what_is_named_at_its_port():
    guard = Guard(["http://localhost:8080/sia?x={ra}", "127.0.0.1"])
    assert guard.addresses("localhost", 8080) and guard.addresses("127.0.0.1", 443) and guard.addresses("LOCALHOST", 8080)
    for host, port in (("localhost", 80), ("127.0.0.1", 8080), ("::1", 8080)):
        with pytest.raises(Refused):
            guard.addresses(host, port)


def test_one_private_address_among_public_ones_is_enough(monkeypatch):
    """Looking a name up is the one thing that a test cannot have for real."""
    def lookup(host, port, **_):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in ("8.8.8.8", "10.0.0.1")]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    with pytest.raises(Refused, match=r"leads to 10\.0\.0\.1"):
        Guard().addresses("a.org", 80)


def test_a_name_that_changes_its_mind_is_looked_up_once(monkeypatch):
    """DNS rebinding: what was checked is what is connected to; the second answer is never asked for."""
    with Server({"/x": fits_file()}) as server:
        answers, real = [], socket.getaddrinfo

        def lookup(host, port, *words, **options):
            if host != "rebinding.test":
                return real(host, port, *words, **options)
            answers.append(host)
            return real("127.0.0.1", port, *words, **options) if len(answers) > 1 else \
                [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.1", port))]  # of documentation, not public

        monkeypatch.setattr(socket, "getaddrinfo", lookup)
        with Client(Guard([server.url])) as client, pytest.raises(Refused, match="192.0.2.1"):
            client.get(f"http://rebinding.test:{server.port}/x")
        assert answers == ["rebinding.test"] and server.asked == []


def test_a_client_speaks_to_the_addresses_it_checked(monkeypatch):
    """One lookup a connection, and the host's name still stands in the request."""
    with Server({"/x": fits_file()}) as server:
        looked, real = [], socket.getaddrinfo
        monkeypatch.setattr(socket, "getaddrinfo", lambda host, *words, **options:
                            looked.append(host) or real("127.0.0.1", *words, **options))
        with Client(Guard([f"archive.test:{server.port}"])) as client:
            assert client.get(f"http://archive.test:{server.port}/x").content == fits_file()
        assert looked == ["archive.test"] and server.asked[0][2]["Host"] == f"archive.test:{server.port}"


def test_a_proxy_of_the_environment_does_not_open_the_door(monkeypatch):
    """The proxy would connect; the host is checked here first."""
    with Server() as proxy:
        monkeypatch.delenv("NO_PROXY")
        monkeypatch.setenv("http_proxy", proxy.url)
        with Client(Guard()) as client, pytest.raises(Refused):
            client.get("http://10.0.0.1/x")
        with Client(Guard()) as client:
            assert client.get("http://no-such-name.invalid/x").status_code == 404  # which the proxy said
        assert len(proxy.asked) == 1
