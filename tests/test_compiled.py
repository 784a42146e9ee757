"""Compiled loops: the cache on the disk stays right while several processes fill it."""

import subprocess
import sys
from pathlib import Path

from qsocore.compiled import compiled

ROOT = Path(__file__).resolve().parents[1]

LOOP = """
from qsocore.compiled import compiled

@compiled
def same(x):
    return x

@compiled
def total(a, b):
    s = a[0] * 0 + b[0] * 0
    for i in range(a.size):
        s += same(a[i])
    return s + %d
"""
WORK = """
import sys, numpy as np, loop
kinds = [np.float32, np.float64, np.int16, np.int64, np.uint8, np.int32]
first, n, extra = map(int, sys.argv[1:])
for k in range(first, first + n):
    a, b = np.arange(9).astype(kinds[k % 6]), np.ones(9, kinds[(2 * k) % 6])
    assert loop.total(a, b) == 36 + extra, (a.dtype, b.dtype, loop.total(a, b))
print(sum(loop.total.stats.cache_hits.values()))
"""


def start(folder, *numbers):
    return subprocess.Popen([sys.executable, "work.py", *map(str, numbers)], cwd=folder, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True, env={"PYTHONPATH": f"{ROOT}:{folder}"})


def test_processes_that_compile_at_once_leave_each_its_own_code(tmp_path):
    (tmp_path / "loop.py").write_text(LOOP % 0)
    (tmp_path / "work.py").write_text(WORK)
    at_once = [start(tmp_path, first, 3, 0) for first in (0, 1, 2, 3)]
    for process in at_once:
        said, _ = process.communicate(timeout=120)
        assert process.returncode == 0, said
    after = start(tmp_path, 0, 6, 0)
    said, _ = after.communicate(timeout=120)
    assert after.returncode == 0, said
    assert int(said) == 6, "everything was kept"
    (tmp_path / "loop.py").write_text(LOOP % 1)  # another version of the function, on the same line
    changed = start(tmp_path, 0, 3, 1)
    said, _ = changed.communicate(timeout=120)
    assert changed.returncode == 0, said
    assert int(said) == 0


def test_a_folder_that_cannot_be_written_only_costs_the_cache(monkeypatch):
    import qsocore.compiled as module

    @compiled
    def double(x):
        return 2 * x

    monkeypatch.setattr(module, "_lock_of", lambda folder: (_ for _ in ()).throw(OSError("read-only")))
    assert double(4) == 8
