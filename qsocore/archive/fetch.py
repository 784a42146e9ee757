"""Fetching a file: resumed where it broke off, tried again where that makes sense, verified, and only then put in its place.

A part lies aside, in the folder's own ``.qso-download``, under a name made of its URL, and is moved into place whole. It is
resumed only if the server confirms that it still has the version that the part is of (``If-Range`` with a strong ETag or a
date, RFC 9110, 13.1.5; the answer is held to the same ETag, for some servers do not look at ``If-Range``), or if a stated sum
will tell in the end.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import BinaryIO

import requests
from filelock import FileLock, Timeout
from urllib3.exceptions import HTTPError

from qsocore.archive import ASIDE
from qsocore.archive.address import Refused
from qsocore.archive.client import Client
from qsocore.archive.ledger import Entry, Ledger
from qsocore.archive.retry import AGAIN, Patience, asked_wait
from qsocore.archive.verify import check, offered
from qsocore.errors import AtlasError, ConfigError, ReadError

_PIECE = 1 << 16
_STEP = 1 << 20  # bytes that make a try worth while: after them patience begins anew, so that a large file comes in the end
_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")


@dataclass(frozen=True)
class Manners:
    """How servers are treated, and for how long.

    Parameters
    ----------
    per_host : int
        Connections to one host at once.
    workers : int
        Connections in all.
    connect, read, total : float
        Seconds to connect, between two pieces of an answer, and for one try of a file.
    largest : int
        Bytes of a file that is still fetched.
    patience : Patience
        When to try again.
    """

    per_host: int = 4
    workers: int = 16
    connect: float = 10.0
    read: float = 60.0
    total: float = 3600.0
    largest: int = 8 * 1024**3
    patience: Patience = field(default_factory=Patience)

    def __post_init__(self):
        if min(self.per_host, self.workers, self.patience.tries, self.largest) < 1 or not min(self.read, self.total) > 0:
            raise ConfigError("connections, tries, seconds and bytes are positive", "limits of a download", "correct them")


class Fault(AtlasError):
    """Why a try failed.

    Parameters
    ----------
    again : bool
        Whether another try makes sense soon.
    lasting : bool
        Whether a later call would fail alike.
    wait : float, optional
        Seconds that the server asks for.
    what, where, remedy
        As in `AtlasError`.
    """

    def __init__(self, what: str, where: object = None, remedy: str | None = None, *, again: bool = False,
                 lasting: bool = False, wait: float | None = None):
        self.again, self.lasting, self.wait = again, lasting, wait
        super().__init__(what, where, remedy)


class Stopped(Exception):
    """The user has had enough; parts are kept."""


class Folder:
    """Where files go: the one place that this package writes to.

    Parameters
    ----------
    path : Path
        Made when absent.

    Raises
    ------
    AtlasError
        When another download works in it, or its own folder leads elsewhere.
    """

    def __init__(self, path: Path):
        self.path, self.aside = path, path / ASIDE
        self.aside.mkdir(parents=True, exist_ok=True)
        lock, ledger = self.aside / "lock", self.aside / "ledger.sqlite"
        for one in (self.aside, lock, ledger):
            if one.is_symlink():
                raise AtlasError("it is a link, and would have files written elsewhere", one, "delete it")
        self._lock = FileLock(lock)
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            raise AtlasError("another download works in this folder", path, "wait for it, or choose another --out") from None
        try:
            self.ledger = Ledger(ledger)
        except BaseException:
            self._lock.release()
            raise

    def __enter__(self) -> Folder:
        return self

    def __exit__(self, *_) -> None:
        self.ledger.close()
        self._lock.release()

    def part(self, url: str) -> Path:
        """Where the part of a file lies."""
        return self.aside / f"{hashlib.sha256(url.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}.part"

    def size_of(self, name: str) -> int | None:
        """Bytes of a file that is there; None for what is no file of this folder, such as a link out of it."""
        path = self.path / name
        return path.stat().st_size if path.is_file() and not path.is_symlink() else None

    def place(self, part: Path, name: str) -> None:
        """Move a whole part to its place; a link that has its name is replaced, not followed."""
        with open(part, "rb") as file:
            os.fsync(file.fileno())
        os.replace(part, self.path / name)


class Fetcher:
    """Fetches files of a folder's ledger; `fetch` may be called in many threads.

    Parameters
    ----------
    client : Client
    folder : Folder
    manners : Manners
    stop : Event
        Set it, and every fetch ends with `Stopped`.

    Attributes
    ----------
    moved : int
        Bytes that have come, roughly (threads add without a lock), for show.
    """

    def __init__(self, client: Client, folder: Folder, manners: Manners, stop: Event):
        self.client, self.folder, self.manners, self.stop, self.moved = client, folder, manners, stop, 0

    def fetch(self, url: str) -> int:
        """Fetch a file, however many tries it takes; returns its bytes.

        Raises
        ------
        Fault
            When it is given up; the ledger then says why.
        Stopped
        """
        failures, had = 0, self._length(url)
        while True:
            try:
                return self._once(self.folder.ledger.entry(url))
            except Fault as fault:
                if self.stop.is_set():
                    raise Stopped from None
                has = self._length(url)
                failures, had = 1 if has - had >= _STEP else failures + 1, has
                wait = self.manners.patience.wait(failures, fault.wait) if fault.again else None
                if wait is None:
                    self.folder.ledger.failed(url, str(fault), fault.lasting, failures)
                    raise
                if self.stop.wait(wait):
                    raise Stopped from None

    def _length(self, url: str) -> int:
        """Bytes of a file's part."""
        part = self.folder.part(url)
        return part.stat().st_size if part.is_file() and not part.is_symlink() else 0

    def _once(self, entry: Entry) -> int:
        """One try."""
        part = self.folder.part(entry.url)
        have = self._length(entry.url) if entry.validator or entry.checksum else 0
        headers = {"Range": f"bytes={have}-"} if have else {}
        if have and entry.validator:
            headers["If-Range"] = entry.validator
        with _network(entry.url), self.client.get(entry.url, headers=headers, stream=True) as response:
            start = self._begin(response, entry, have)
            if start is not None:
                self._receive(response, part, start)
        return self._finish(part, self.folder.ledger.entry(entry.url))

    def _begin(self, response: requests.Response, entry: Entry, have: int) -> int | None:
        """From which byte on the answer continues the file; None when nothing was missing."""
        status, headers = response.status_code, response.headers
        if status == 416 and have and entry.total in (None, have) and headers.get("Content-Range", "").endswith(f"/{have}"):
            return None
        if status == 206 and have:
            return self._resume(headers, entry, have)
        if status != 200:
            if status == 416:
                self.folder.part(entry.url).unlink(missing_ok=True)
            raise _refusal(response, entry.url)
        length = headers.get("Content-Length", "")
        total = int(length) if length.isdecimal() and "Transfer-Encoding" not in headers else None
        for said in (total, entry.size):
            if said is not None and said > self.manners.largest:
                raise Fault(f"it has {said:,} bytes, over the limit of {self.manners.largest:,}", entry.url, "raise --largest")
        if None not in (total, entry.size) and total != entry.size:
            raise Fault(f"the server announces {total:,} bytes and {entry.size:,} were stated", entry.url,
                        "make the list of URLs again, for the file has changed")
        self.folder.part(entry.url).unlink(missing_ok=True)  # before the ledger speaks of another version
        self.folder.ledger.begun(entry.url, total, offered(headers), _validator(headers))
        return 0

    def _resume(self, headers, entry: Entry, have: int) -> int:
        """Hold a partial answer to what is there of the file."""
        match = _RANGE.fullmatch(headers.get("Content-Range", ""))
        fits = match and int(match[1]) == have and (entry.total is None or match[3] in ("*", str(entry.total)))
        said = _validator(headers)  # a date may be left out of such an answer, an ETag may not (RFC 9110, 15.3.7)
        same = not entry.validator or said == entry.validator or not (said or entry.validator.startswith('"'))
        if not fits or not same:
            self.folder.part(entry.url).unlink(missing_ok=True)
            what = "has changed on the server since its first part came" if fits else "is continued elsewhere than it broke off"
            raise Fault(f"it {what}", entry.url, "run the same command again, which begins anew", again=True, wait=0.0)
        return have

    def _receive(self, response: requests.Response, part: Path, start: int) -> None:
        """Write what comes, from byte `start` on."""
        deadline = time.monotonic() + self.manners.total
        with _opened(part, start) as file:
            while piece := response.raw.read1(_PIECE, decode_content=False):
                file.write(piece)
                start += len(piece)
                self.moved += len(piece)
                if start > self.manners.largest:
                    raise Fault(f"it is longer than the limit of {self.manners.largest:,} bytes", response.url,
                                "raise --largest")
                if self.stop.is_set():
                    raise Stopped
                if time.monotonic() > deadline:
                    raise Fault(f"it is not whole after {self.manners.total:g} s", response.url,
                                "run the same command again, which goes on; or raise --timeout", again=True)

    def _finish(self, part: Path, entry: Entry) -> int:
        """Verify a part and put it in its place."""
        has = part.stat().st_size
        if entry.total is not None and has < entry.total:
            raise Fault(f"the connection was cut after {has:,} of {entry.total:,} bytes", entry.url,
                        "run the same command again, which goes on", again=True)
        try:
            check(part, entry.file, (entry.total, entry.size), (entry.offered, entry.checksum))
        except ReadError as error:
            part.unlink(missing_ok=True)
            raise Fault(error.what, entry.url, error.remedy, again=error.reason not in ("page", "too-large")) from None
        self.folder.place(part, entry.file)
        self.folder.ledger.done(entry.url, has)
        return has


@contextmanager
def _network(url: str) -> Iterator[None]:
    """Whatever the network does wrong, as a `Fault`."""
    try:
        yield
    except Refused as error:
        raise Fault(error.what, error.where, error.remedy) from None
    except requests.exceptions.SSLError as error:
        raise Fault(f"its certificate is not trusted ({_short(error)})", url, "see whether the host is meant") from None
    except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema, requests.exceptions.InvalidHeader) as error:
        raise Fault(f"it is no URL ({_short(error)})", url, "correct it") from None
    except (requests.RequestException, HTTPError) as error:
        raise Fault(f"the connection failed ({_short(error)})", url, "run the same command again, which goes on",
                    again=True) from None


def _short(error: Exception) -> str:
    """What went wrong, as the innermost of errors within errors says it, without its class and connection."""
    inner = error.args[0] if error.args and isinstance(error.args[0], Exception) else error
    inner = getattr(inner, "reason", None) or inner
    text = next((word for word in inner.args if isinstance(word, str)), None) or str(inner) or type(inner).__name__
    return " ".join(text.split()).rpartition("): ")[2].strip(" .")[:160]


@contextmanager
def _opened(part: Path, start: int) -> Iterator[BinaryIO]:
    """A part, to be written from byte `start` on; never what a link leads to."""
    handle = os.open(part, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)
    with os.fdopen(handle, "r+b") as file:
        file.truncate(start)
        file.seek(start)
        yield file


def _validator(headers) -> str:
    """Strong ETag, else the date of change; "" for neither."""
    tag = headers.get("ETag", "").strip()
    return tag if tag.startswith('"') else headers.get("Last-Modified", "").strip()


def _refusal(response: requests.Response, url: str) -> Fault:
    """Why an answer is none."""
    status = response.status_code
    what = f"the server answers {status} {response.reason or ''}".strip()
    if status in AGAIN:
        asked = asked_wait(response.headers.get("Retry-After"))
        what += f", and asks to come back in {asked:,.0f} s" if asked else ""
        return Fault(what, url, "run the same command again later", again=True, wait=asked)
    if status in (206, 416):
        return Fault(f"{what} to what was no such question", url, "run the same command again, which begins anew", again=True)
    remedy = {401: "give name and password in ~/.netrc", 403: "ask those who run the service",
              404: "look at id and settings", 410: "look at id and settings"}.get(status, "open it in a browser")
    return Fault(what, url, f"{remedy}; --retry-failed asks again", lasting=400 <= status < 500)


def measured(client: Client, url: str) -> int | None:
    """Bytes that a server says a file has, asked by HEAD; None when it does not say.

    Raises
    ------
    Fault
        When there is no such file, or it cannot be asked.
    """
    with _network(url), client.head(url, stream=True) as response:
        if response.status_code in (405, 501):
            return None
        if response.status_code >= 400:
            raise _refusal(response, url)
        length = response.headers.get("Content-Length", "")
    return int(length) if length.isdecimal() else None
