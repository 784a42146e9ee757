"""Verdicts of several at once, some of whom are killed: none is lost, none doubled."""

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from qsocore.inspection import Verdict
from qsocore.store._database import url_of
from qsocore.store.labels import Labels
from tests.graders import finish, start
from tests.postgres import Cluster, binaries

ADA = Verdict("toy:r1:1", "ada", "A")
GRADERS, EACH = 8, 60


def everything_once(labels, per_grader):
    """Whether each grader's verdicts are there, each once, in the grader's order."""
    found = list(labels.verdicts())
    assert [verdict.number for verdict in found] == sorted({verdict.number for verdict in found})
    assert len({verdict.token for verdict in found}) == len(found)
    for grader in {verdict.person for verdict in found}:
        assert [v.object_id for v in found if v.person == grader] == [f"toy:r1:{k}" for k in range(per_grader)]
    return len(found)


def test_eight_graders_at_once_lose_and_double_nothing_though_some_are_killed(where):
    """They begin together on a database that is not there yet; two are killed on the way and send everything again."""
    processes = [start(where, number, EACH) for number in range(GRADERS)]
    with Labels(where) as labels:
        for number in (2, 5):
            while sum(1 for _ in labels.verdicts(person=f"grader{number}")) < EACH // 4:
                assert processes[number].is_alive()
                time.sleep(0.02)
            processes[number].kill()
            processes[number].join()
            processes[number] = start(where, number, EACH)
        assert finish(processes) == [0] * GRADERS
        assert everything_once(labels, EACH) == GRADERS * EACH


def test_threads_share_one(labels):
    def grade(grader):
        for k in range(10):
            labels.append(Verdict(f"toy:r1:{k}", f"grader{grader}", "A", token=f"{grader}-{k}"))

    threads = [threading.Thread(target=grade, args=(grader,)) for grader in range(20)]  # more than the pool has connections
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert everything_once(labels, 10) == 200


def test_who_asks_for_what_came_after_a_number_misses_none(labels):
    """A reader that polls while four threads write sees every verdict once, in the order of numbers."""
    writers = [threading.Thread(target=lambda name=name: [labels.append(replace(ADA, person=name)) for _ in range(25)])
               for name in "abcd"]
    for writer in writers:
        writer.start()
    seen, last = [], 0
    while len(seen) < 100:
        alive = any(writer.is_alive() for writer in writers)
        for verdict in labels.verdicts(after=last):
            seen.append(verdict.number)
            last = verdict.number
        assert alive or len(seen) == 100
    assert seen == sorted(set(seen))


def test_a_forked_process_opens_its_own(labels):
    labels.append(ADA)
    child = os.fork()
    if child == 0:
        try:
            labels.append(replace(ADA, person="child"))
        finally:
            os._exit(0)  # what counts is the verdict
    assert os.waitpid(child, 0)[1] == 0
    labels.append(ADA)
    assert [verdict.person for verdict in labels.verdicts()] == ["ada", "child", "ada"]


def test_kill_9_loses_no_acknowledged_verdict_and_a_retry_doubles_none(where):
    code = (f"from qsocore.store.labels import Labels\nfrom qsocore.inspection import Verdict\nlabels = Labels({where!r})\n"
            "for i in range(10_000):\n"
            "    print(labels.append(Verdict(f'toy:r1:{i}', 'ada', 'A', token=f't{i}')), flush=True)")
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True,
                               env=os.environ | {"PYTHONPATH": os.getcwd()})
    acknowledged = 0
    for line in process.stdout:
        acknowledged += bool(line.strip())
        if acknowledged == 30:
            process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    with Labels(where) as labels:
        kept = [verdict.object_id for verdict in labels.verdicts()]
        assert kept[:acknowledged] == [f"toy:r1:{i}" for i in range(acknowledged)]
        assert len(kept) <= acknowledged + 1
        for i in range(acknowledged + 2):  # whoever was not answered asks again
            labels.append(Verdict(f"toy:r1:{i}", "ada", "A", token=f"t{i}"))
        assert everything_once(labels, acknowledged + 2) == acknowledged + 2


def test_kill_9_of_the_server_loses_no_acknowledged_verdict_either(team):
    url = url_of(team)
    if not os.path.isabs(url.query["host"]):
        pytest.skip("another's server is not ours to kill")
    processes = [start(team, number, EACH) for number in range(3)]
    with Labels(team) as labels:
        while len(seen := [verdict.number for verdict in labels.verdicts()]) < EACH:
            assert any(process.is_alive() for process in processes)
            time.sleep(0.02)
        Cluster(Path(url.query["host"]), int(url.query["port"]), binaries()).crash()
        assert 1 in finish(processes)
        assert set(seen) <= {verdict.number for verdict in labels.verdicts()}
        assert finish([start(team, number, EACH) for number in range(3)]) == [0] * 3
        assert everything_once(labels, EACH) == 3 * EACH
