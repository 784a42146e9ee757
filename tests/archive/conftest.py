"""A folder, a fetcher with short patience, and no proxy between it and the test's servers."""

from threading import Event

import pytest

from qsocore.archive import Request
from qsocore.archive.address import Guard
from qsocore.archive.client import Client
from qsocore.archive.fetch import Fetcher, Folder, Manners
from qsocore.archive.retry import Patience

QUICK = Manners(patience=Patience(tries=3, first=0.01, longest=0.05, asked=2.0), connect=2.0, read=2.0)


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    """Servers of this machine are spoken to directly, whatever the environment says."""
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture
def folder(tmp_path):
    with Folder(tmp_path / "out") as folder:
        yield folder


@pytest.fixture
def fetch(folder):
    """Fetch one URL into the folder: its content; what the guard allows and what the request states may be said."""
    def fetch(url, file="a.fits", allow=(), manners=QUICK, **stated):
        folder.ledger.want([Request("test:r1:1", url, file, **stated)], folder.path)
        with Client(Guard([*allow, url.partition("/x")[0]]), manners.per_host, (manners.connect, manners.read)) as client:
            Fetcher(client, folder, manners, Event()).fetch(url)
        return (folder.path / folder.ledger.entry(url).file).read_bytes()
    return fetch
