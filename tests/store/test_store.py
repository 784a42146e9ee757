"""The store: what is written is what is read; whole or absent; damage is found."""

import json
import os
import signal
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from qsocore.catalog import Column
from qsocore.errors import StoreError
from qsocore.grid import WaveGrid
from qsocore.store import StoreWriter, open_store, paths
from qsocore.store.check import check

GRID = WaveGrid("tiny", "linear", 4000.0, 4070.0, 8)


def arrays(rows: int, seed: int = 0):
    """Flux, ivar, mask of a shard, with a masked pixel in every spectrum."""
    rng = np.random.default_rng(seed)
    flux = rng.normal(size=(rows, GRID.n_pix)).astype("f4")
    ivar = rng.uniform(0.5, 2.0, flux.shape).astype("f4")
    mask = np.zeros(flux.shape, "u1")
    mask[:, 3] = 2
    ivar[:, 3] = 0
    return flux, ivar, mask


def catalog(ids, **others):
    """Catalogue rows of a shard."""
    return {"object_id": [f"toy:r1:{i}" for i in ids], "survey": ["toy"] * len(ids), **others}


def write(out, sizes=(5, 0, 7), provenance=None):
    """A store of three shards, one of them empty."""
    writer = StoreWriter(out, GRID, provenance or {}, len(sizes))
    start = 0
    for shard, rows in enumerate(sizes):
        ids = np.arange(start, start + rows)
        writer.write_shard(shard, *arrays(rows, shard), catalog(ids, z=ids / 10))
        start += rows
    return writer.finish()


@pytest.fixture
def store(tmp_path):
    """A finished store of twelve objects."""
    return write(tmp_path / "toy.store")


def test_reads_what_was_written(store):
    flux = np.concatenate([arrays(5, 0)[0], arrays(7, 2)[0]])
    rows = [11, 0, 5, 4, 0]
    np.testing.assert_array_equal(store.spectra(rows).flux, flux[rows])
    np.testing.assert_array_equal(np.concatenate([block.flux for _, block in store.batches(5)]), flux)
    assert store.row(7)["object_id"] == "toy:r1:7"
    assert store.frame(["z"], [9, 2])["z"].tolist() == pytest.approx([0.9, 0.2])
    assert store.index_of(["toy:r1:11", "toy:r1:99", "toy:r1:0"]).tolist() == [11, -1, 0]
    assert store.manifest.surveys == {"toy": 12}
    assert check(store.path) == []


def test_opening_reads_no_array(store):
    for file in (store.path / "arrays").iterdir():
        file.write_bytes(b"")
    assert open_store(store.path).column("z").shape == (12,)


def test_missing_values_and_meaning_travel(tmp_path):
    writer = StoreWriter(tmp_path / "a.store", GRID, {}, 2)
    mass = Column("log_mbh", "float32", "property", "dex(Msun)", "Black-hole mass", (-9999.0, 0.0))
    writer.write_shard(0, *arrays(3), catalog(range(3), log_mbh=[8.5, -9999.0, 0.0], z_warn=[4, 0, 1]), [mass])
    writer.write_shard(1, *arrays(1), catalog([3], z=[-9999.0]))
    store = writer.finish()
    np.testing.assert_array_equal(store.column("log_mbh"), np.float32([8.5, np.nan, np.nan, np.nan]))
    assert store.columns["log_mbh"] == mass
    assert np.isnan(store.column("z")).all()
    assert store.column("z_warn")[:3].tolist() == [4, 0, 1] and np.isnan(store.column("z_warn")[3])
    assert store.row(1)["log_mbh"] is None


def test_codes(tmp_path):
    writer = StoreWriter(tmp_path / "a.store", GRID, {}, 1)
    writer.write_shard(0, *arrays(4), catalog(range(4)) | {"class": ["STAR", "", "QSO", "STAR"]})
    codes, labels = writer.finish().codes("class")
    assert labels == ["QSO", "STAR"] and codes.tolist() == [1, -1, 0, 1]


@settings(deadline=None, max_examples=25)
@given(sizes=st.lists(st.integers(0, 6), min_size=1, max_size=4).filter(sum), data=st.data())
def test_any_shards_any_rows(tmp_path_factory, sizes, data):
    store = write(tmp_path_factory.mktemp("s") / "toy.store", tuple(sizes))
    flux = np.concatenate([arrays(rows, shard)[0] for shard, rows in enumerate(sizes)])
    rows = data.draw(hnp.arrays(np.int64, st.integers(0, 9), elements=st.integers(0, sum(sizes) - 1)))
    np.testing.assert_array_equal(store.spectra(rows).flux, flux[rows])
    assert store.frame(["object_id"], rows)["object_id"].tolist() == [f"toy:r1:{row}" for row in rows]


@settings(deadline=None, max_examples=25)
@given(shards=st.lists(st.lists(st.integers(0, 8), max_size=6), min_size=1, max_size=4).filter(lambda s: sum(map(len, s))))
def test_an_object_is_never_doubled(tmp_path_factory, shards):
    out = tmp_path_factory.mktemp("s") / "toy.store"
    writer = StoreWriter(out, GRID, {}, len(shards))
    first: dict[int, np.ndarray] = {}
    for shard, ids in enumerate(shards):
        block = arrays(len(ids), shard)
        writer.write_shard(shard, *block, catalog(ids))
        for row, i in enumerate(ids):
            first.setdefault(i, block[0][row])
    store = writer.finish()
    assert store.column("object_id").tolist() == [f"toy:r1:{i}" for i in first]
    np.testing.assert_array_equal(store.spectra(np.arange(store.n_rows)).flux, np.array(list(first.values())))
    assert len(writer.doubled) == sum(map(len, shards)) - len(first)
    assert check(out) == []


def test_catalogue_only(tmp_path):
    writer = StoreWriter(tmp_path / "c.store", None, {}, 1)
    writer.write_shard(0, None, None, None, catalog(range(3), z=[1.0, 2.0, 3.0]))
    store = writer.finish()
    assert store.grid is None and store.n_rows == 3
    with pytest.raises(StoreError, match="no spectra"):
        store.spectra([0])


def test_resumes_only_its_own_plan(tmp_path):
    writer = StoreWriter(tmp_path / "a.store", GRID, {"seed": 1}, 2)
    writer.write_shard(0, *arrays(2), catalog(range(2)))
    assert StoreWriter(tmp_path / "a.store", GRID, {"seed": 1}, 2).has(0)
    with pytest.raises(StoreError, match="other inputs"):
        StoreWriter(tmp_path / "a.store", GRID, {"seed": 2}, 2)
    with pytest.raises(StoreError, match="1 of 2 shards"):
        writer.finish()
    with pytest.raises(StoreError, match="unfinished"):
        open_store(tmp_path / "a.store")


def test_refusals(store, tmp_path):
    with pytest.raises(StoreError, match="exists already"):
        StoreWriter(store.path, GRID, {}, 1)
    with pytest.raises(StoreError, match="no such store"):
        open_store(tmp_path / "nowhere")
    with pytest.raises(StoreError, match="did you mean z"):
        store.column("zz")
    with pytest.raises(StoreError, match="rows go from 0 to 11"):
        store.spectra([12])
    with pytest.raises(StoreError, match="has shape"):
        StoreWriter(tmp_path / "b.store", GRID, {}, 1).write_shard(0, *arrays(2), catalog(range(3)))
    manifest = store.path / paths.MANIFEST
    values = json.loads(manifest.read_text())
    manifest.write_text(json.dumps(values | {"schema_version": 99}))
    with pytest.raises(StoreError, match="update QSO Atlas"):
        open_store(store.path)
    manifest.write_text("{")
    with pytest.raises(StoreError, match="damaged"):
        open_store(store.path)


DAMAGE = {
    "flipped byte": lambda root: _flip(root / "arrays/flux-00000.npy"),
    "truncated shard": lambda root: os.truncate(root / "arrays/ivar-00002.npy", 100),
    "missing shard": lambda root: (root / "arrays/mask-00002.npy").unlink(),
    "flipped catalogue": lambda root: _flip(root / "catalog.parquet", 40),
    "truncated catalogue": lambda root: os.truncate(root / "catalog.parquet", 50),
    "stray file": lambda root: (root / "arrays/flux-00009.npy").write_bytes(b"x"),
    "damaged verdicts": lambda root: (root / "labels.sqlite").write_bytes(b"SQLite format 3\0" + b"x" * 4096),
}


def _flip(file, at=-1):
    content = bytearray(file.read_bytes())
    content[at] ^= 0xFF
    file.write_bytes(content)


@pytest.mark.parametrize("damage", DAMAGE)
def test_check_finds_damage(store, damage):
    DAMAGE[damage](store.path)
    assert len(check(store.path)) == 1


def test_check_finds_bad_values(tmp_path):
    writer = StoreWriter(tmp_path / "a.store", GRID, {}, 1)
    flux, ivar, mask = arrays(2)
    flux[0, 0], ivar[0, 1], ivar[0, 3], mask[1, 0] = np.nan, -1, 1, 0
    ivar[1, 0] = 0
    writer.write_shard(0, flux, ivar, mask, catalog([0, 1], ra=[400.0, 1.0], dec=[0.0, -91.0]))
    writer.finish()
    text = "\n".join(map(str, check(tmp_path / "a.store")))
    for word in ("flux is not finite in 1", "negative or not finite in 1", "masked pixels have an ivar in 1",
                 "good pixels have no ivar in 1", "1 values of ra", "1 values of dec"):
        assert word in text


def test_kill_9_leaves_whole_shards_and_a_resumable_store(tmp_path):
    """A writer killed without warning in the middle: what is there is whole, and the end is as if nothing had happened."""
    script = tmp_path / "write.py"
    script.write_text(textwrap.dedent(f"""
        import sys
        sys.path.insert(0, {str(os.path.dirname(__file__))!r})
        from test_store import GRID, arrays, catalog
        from qsocore.store import StoreWriter
        writer = StoreWriter({str(tmp_path / "k.store")!r}, GRID, {{}}, 400)
        for shard in range(400):
            if not writer.has(shard):
                writer.write_shard(shard, *arrays(3, shard), catalog(range(3 * shard, 3 * shard + 3)))
                print(shard, flush=True)
        writer.finish()
    """))
    command = [sys.executable, str(script)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    for line in process.stdout:
        if int(line) >= 20:
            process.send_signal(signal.SIGKILL)
            break
    process.wait()
    assert process.returncode == -signal.SIGKILL
    with pytest.raises(StoreError, match="unfinished"):
        open_store(tmp_path / "k.store")
    writer = StoreWriter(tmp_path / "k.store", GRID, {}, 400)
    assert 20 < sum(writer.has(shard) for shard in range(400)) < 400
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    store = open_store(tmp_path / "k.store")
    assert check(store.path) == []
    expected = np.concatenate([arrays(3, shard)[0] for shard in range(400)])
    np.testing.assert_array_equal(store.spectra(np.arange(1200)).flux, expected)
