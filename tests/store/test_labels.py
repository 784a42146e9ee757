"""Verdicts: appended, never changed, never lost."""

import signal
import sqlite3
import subprocess
import sys

import pytest

from qsocore.errors import StoreError
from qsocore.inspection import Verdict
from qsocore.store.labels import Labels


def test_appends_and_reads_in_order(tmp_path):
    labels = Labels(tmp_path)
    assert list(labels.verdicts()) == []
    labels.append(Verdict("toy:r1:1", "ada", "A", z=2.1, shown={"run": "demo"}))
    labels.append(Verdict("toy:r1:2", "ada", "X"))
    labels.append(Verdict("toy:r1:1", "bob", "B", comment="faint arc"))
    assert [(v.person, v.label) for v in labels.verdicts("toy:r1:1")] == [("ada", "A"), ("bob", "B")]
    first = next(labels.verdicts())
    assert first.z == 2.1 and first.shown == {"run": "demo"} and first.time.endswith("+00:00")


@pytest.mark.parametrize("statement", ["UPDATE verdict SET label = 'B'", "DELETE FROM verdict"])
def test_a_verdict_stays(tmp_path, statement):
    labels = Labels(tmp_path)
    labels.append(Verdict("toy:r1:1", "ada", "A"))
    with sqlite3.connect(labels.file) as base, pytest.raises(sqlite3.IntegrityError, match="never"):
        base.execute(statement)
    assert next(labels.verdicts()).label == "A"


def test_kill_9_loses_no_acknowledged_verdict(tmp_path):
    script = (f"from qsocore.store.labels import Labels; from qsocore.inspection import Verdict\n"
              f"labels = Labels({str(tmp_path)!r})\n"
              f"for i in range(10_000):\n    print(labels.append(Verdict(f'toy:r1:{{i}}', 'ada', 'A')), flush=True)")
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    acknowledged = 0
    for line in process.stdout:
        acknowledged = int(line)
        if acknowledged == 30:
            process.send_signal(signal.SIGKILL)
    process.wait()
    kept = [verdict.object_id for verdict in Labels(tmp_path).verdicts()]
    assert kept[:acknowledged] == [f"toy:r1:{i}" for i in range(acknowledged)]
    assert len(kept) <= acknowledged + 1


def test_a_damaged_file_is_named(tmp_path):
    (tmp_path / "labels.sqlite").write_bytes(b"no database" * 100)
    with pytest.raises(StoreError, match="labels.sqlite"):
        Labels(tmp_path).append(Verdict("toy:r1:1", "ada", "A"))
