"""Hosts take turns, and none has more than its share, as the hosts themselves count."""

import time
from contextlib import ExitStack
from functools import partial
from threading import Event

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qsocore.archive import Request
from qsocore.archive.address import Guard
from qsocore.archive.client import Client
from qsocore.archive.fetch import Fetcher, Manners
from qsocore.archive.turns import Crew, Turns, work_in_turns
from tests.archive.server import Server, fits_file, serve


@given(st.lists(st.sampled_from("abc"), max_size=40), st.integers(1, 4), st.data())
@settings(max_examples=60, deadline=None)
def test_every_job_once_and_no_host_above_its_share(hosts, per_host, data):
    turns, taken, running = Turns(((host, number) for number, host in enumerate(hosts)), per_host), [], []
    while turns or running:
        if turns and (job := turns.take()):
            taken.append(job)
            running.append(job[0])
        else:
            turns.give_back(running.pop(data.draw(st.integers(0, len(running) - 1))))
        assert all(running.count(host) <= per_host for host in "abc")
    assert sorted(number for _, number in taken) == list(range(len(hosts)))
    for host in "abc":
        mine = [number for name, number in taken if name == host]
        assert mine == sorted(mine)


def test_a_host_with_much_does_not_keep_others_waiting():
    turns = Turns([("a", k) for k in range(9)] + [("b", 9), ("c", 10)], 2)
    assert [turns.take()[0] for _ in range(4)] == ["a", "b", "c", "a"] and turns.take() is None and len(turns) == 7


class Fetching(Crew):
    def __init__(self, client, folder, manners):
        super().__init__(client)
        self.fetcher, self.failed = Fetcher(client, folder, manners, self.stop), []

    def work(self, url):
        return self.fetcher.fetch(url)

    def over(self, url, future):
        if future.exception():
            self.failed.append(future.exception())


@pytest.mark.parametrize("per_host", [1, 3])
def test_servers_count_no_more_connections_than_allowed(folder, per_host):
    """Two servers with 24 files each, some connections cut on purpose."""
    files = {f"/x/{k}.fits": fits_file(k) for k in range(24)}
    slow = partial(serve, pause=0.004)
    with ExitStack() as stack:
        servers = [stack.enter_context(Server(files, {path: [slow] for path in files})) for _ in range(2)]
        servers[0].acts["/x/3.fits"] = [partial(serve, cut=100)]
        urls = [server.url + path for server in servers for path in files]
        folder.ledger.want([Request("test:r1:1", url, url[-8:].replace("/", "")) for url in urls], folder.path)
        manners = Manners(per_host=per_host, workers=8)
        with Client(Guard([server.url for server in servers]), per_host) as client:
            crew = Fetching(client, folder, manners)
            # both under one name, as the ports of one host are
            work_in_turns([(url.split("/x/")[0], url) for url in urls], crew, per_host, 8, "test")
        assert crew.failed == []
        for server in servers:
            assert 1 <= server.most_busy <= per_host and server.most_connected <= per_host
    assert len(list(folder.path.glob("*.fits"))) == 48


def test_an_exception_ends_what_is_under_way():
    """As Ctrl-C does: jobs that wait are told to stop, and none of the others begins."""
    class Waiting(Crew):
        begun = 0

        def work(self, job):
            self.begun += 1
            return job == 1 or self.stop.wait(30)

        def over(self, job, future):
            raise KeyboardInterrupt

    crew, began = Waiting(Client(Guard())), time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        work_in_turns([("a", k) for k in range(50)], crew, 2, 2, "test")
    assert time.monotonic() - began < 25 and crew.begun == 2 and isinstance(crew.stop, Event) and crew.stop.is_set()
