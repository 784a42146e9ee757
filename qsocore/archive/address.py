"""Which addresses are gone to: http and https, public ones; of this machine and its networks only what the user named.

A URL may come from a service, a table or a redirect. What it leads to is looked up once, every address that comes of it is
checked, and one of just those is connected to, so that a name which resolves otherwise a moment later changes nothing.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Iterable
from urllib.parse import SplitResult, urlsplit

from qsocore.errors import AtlasError

_PORTS = {"http": 80, "https": 443}
_NEVER = re.compile(r"[\x00-\x20\x7f\\]")  # signs that some take for an end, or for a slash
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Refused(AtlasError):
    """A URL that is not gone to."""


def parsed(url: str) -> SplitResult:
    """The parts of a URL that may be gone to.

    Raises
    ------
    Refused
        For another scheme than http and https, a user or password, no host, or what is no URL.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Refused(f"it is no URL ({error})", _shown(url), "correct it") from None
    if parts.scheme not in _PORTS:
        raise Refused(f"{parts.scheme or 'no scheme'}: is not gone to", _shown(url), "give an http or https URL")
    if "@" in parts.netloc:
        raise Refused("it holds a user's name or password", parts.hostname, "keep those in ~/.netrc")
    if not (parts.hostname or "").strip(".") or port == 0 or _NEVER.search(url):
        raise Refused("it is no URL", _shown(url), "correct it")
    return parts


def origin(url: str) -> tuple[str, int]:
    """Host, in small letters, and port of a URL."""
    parts = parsed(url)
    return parts.hostname.rstrip(".").lower(), parts.port or _PORTS[parts.scheme]


class Guard:
    """Who may be spoken to.

    Parameters
    ----------
    named : iterable of str
        What the user named: URLs, HOST or HOST:PORT. Those, at that port (80 and 443 where none is said), may be local.
    """

    def __init__(self, named: Iterable[str] = ()):
        self.named = {pair for word in named for pair in _origins(word)}

    def addresses(self, host: str, port: int) -> list[tuple]:
        """What a host resolves to, as `socket.getaddrinfo` gives it, if all of that may be gone to.

        Raises
        ------
        Refused
            When any address is not public and the user did not name the host, or it is no host's name.
        OSError
            When the name cannot be resolved.
        """
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except UnicodeError as error:  # of the encoding of names
            raise Refused(f"it is no host's name ({error})", f"{host}:{port}", "correct the URL") from None
        if (host.strip("[]").rstrip(".").lower(), port) not in self.named:
            for *_, place in found:
                if not is_public(str(place[0])):
                    raise Refused(f"it leads to {place[0]}, which is no public address", f"{host}:{port}",
                                  f"if that is meant, say --allow-host {host}:{port}")
        return found


def is_public(text: str) -> bool:
    """Whether an address is one of the public internet; one that carries another in it is as public as that."""
    return all(one.is_global and not one.is_multicast for one in _meant(ipaddress.ip_address(text.partition("%")[0])))


def _meant(address: _Address) -> list[_Address]:
    """An address, with IPv4 ones that an IPv6 one carries: mapped, NAT64, 6to4, Teredo (RFC 4291, 6052, 3056, 4380)."""
    if address.version == 4:
        return [address]
    if address.ipv4_mapped is not None:
        return [address.ipv4_mapped]
    if address in _NAT64:
        return [ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)]
    return [one for one in (address, address.sixtofour, *(address.teredo or ())) if one is not None]


def _origins(word: str) -> list[tuple[str, int]]:
    if "://" in word:
        return [origin(word)]
    parts = parsed(f"http://{word}")
    ports = [parts.port] if parts.port else _PORTS.values()
    return [(parts.hostname.lower(), port) for port in ports]


def _shown(url: str) -> str:
    return url if len(url) <= 200 else f"{url[:200]}..."
