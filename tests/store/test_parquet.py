"""A Parquet file read by many threads at once, as a server's sessions do."""

import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from qsocore.store.parquet import ParquetTable

_READERS = """
import sys
from concurrent.futures import ThreadPoolExecutor
import numpy as np
from qsocore.store.parquet import ParquetTable

table = ParquetTable(sys.argv[1])

def read(seed):
    rng = np.random.default_rng(seed)
    for _ in range(150):
        rows = rng.integers(0, table.n_rows, 5)
        assert np.array_equal(table.read(None, rows)["c7"].to_numpy(), rows * 8.0)
        if seed % 3 == 0:
            assert sum(map(len, table.pieces("s"))) == table.n_rows

with ThreadPoolExecutor(8) as pool:
    list(pool.map(read, range(16)))
"""


def write(path, shift=0.0):
    n = 20_000
    columns = {f"c{k}": (np.arange(n) + shift) * (k + 1.0) for k in range(40)}
    pq.write_table(pa.table(columns | {"s": [f"x{k % 7}" for k in range(n)]}), path, row_group_size=1000)


def test_many_threads_read_the_same_file_at_once(tmp_path):
    write(tmp_path / "a.parquet")
    done = subprocess.run([sys.executable, "-c", _READERS, str(tmp_path / "a.parquet")], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")  # a reader that is shared ends it with a fault of the memory


def test_an_open_table_stays_what_it_was_when_the_file_is_replaced(tmp_path):
    write(tmp_path / "a.parquet")
    table = ParquetTable(tmp_path / "a.parquet")
    write(tmp_path / "b.parquet", shift=1.0)
    (tmp_path / "b.parquet").replace(tmp_path / "a.parquet")
    rows = np.array([3, 19_999, 0])
    np.testing.assert_array_equal(table.read(["c1"], rows)["c1"].to_numpy(), rows * 2.0)
