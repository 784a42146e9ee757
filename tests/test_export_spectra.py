"""Spectra go out as other networks read them and come back the same."""

import json

import h5py
import numpy as np
import pytest
from astropy.io import fits

from qsocore.cli import main
from qsocore.errors import AtlasError, ConfigError, StoreError
from qsocore.grid import GRIDS, get_grid
from qsocore.preprocess.regrid import Regridder
from qsocore.store import StoreWriter, open_store
from qsocore.store.check import check
from qsocore.workflow import export_spectra as module
from qsocore.workflow.export import export
from qsocore.workflow.ingest import ingest
from tests.spectra import small_store

USUAL = {".h5": "mqc433", ".npy": "vae1500", ".fits": "qnet443"}
every_format = pytest.mark.parametrize("ending", USUAL)


def expected(store, grid):
    """Flux and ivar of a store's rows on a grid, 0 where nothing is known."""
    rows = np.arange(store.n_rows)
    spectra = store.spectra(rows)
    ivar = np.where(spectra.mask == 0, spectra.ivar, np.float32(0))
    if store.grid.hash == grid.hash:
        return np.where(ivar > 0, spectra.flux, 0), ivar
    flux, ivar = Regridder(store.grid, grid)(spectra.flux, ivar, rows)
    return np.where(ivar > 0, flux, 0), ivar


def there_and_back(store, folder, ending, grid, words=()):
    """Export, and ingest what came of it."""
    assert main(["export", str(store.path), "--out", str(folder / f"out{ending}"), "--spectra", *words]) == 0
    ingest([folder / f"out{ending}"], folder / "back.store", grid=grid, workers=1)
    back = open_store(folder / "back.store")
    assert check(back.path) == []
    return back


@every_format
@pytest.mark.parametrize("same", [True, False])
def test_round_trip(tmp_path, ending, same, monkeypatch):
    monkeypatch.setattr(module, "_BLOCK", 17)
    grid = GRIDS[USUAL[ending]]
    source = grid if same else get_grid("log10:3.55:4.02:1200")
    store = small_store(tmp_path / "in.store", n=50, grid=source)
    back = there_and_back(store, tmp_path, ending, grid)
    rows = back.index_of(store.column("object_id").tolist())
    assert rows[7] == -1 and (np.delete(rows, 7) >= 0).all()  # row 7 has no good pixel: refused on the way in, with its reason
    kept = np.delete(np.arange(50), 7)
    flux, ivar = expected(store, grid)
    spectra = back.spectra(rows[kept])
    np.testing.assert_array_equal(spectra.flux, flux[kept])
    np.testing.assert_allclose(spectra.ivar, ivar[kept], rtol=1e-6)
    if ending != ".npy":  # which has no place for them
        np.testing.assert_allclose(back.column("ra")[rows[kept]], store.column("ra")[kept])
        np.testing.assert_allclose(back.column("z")[rows[kept]], 0.1)


@every_format
def test_onto_another_grid_it_is_the_same_to_rebinning(tmp_path, ending):
    """Smooth spectra with much signal, out on the format's grid and in on a finer one."""
    fine = get_grid("log10:3.6:3.9:900")
    wave, n = fine.wave, 6
    flux = 10 + 3 * np.sin(wave / 300 + np.arange(n)[:, None])
    writer = StoreWriter(tmp_path / "in.store", fine, {}, 1)
    writer.write_shard(0, flux, np.full(flux.shape, 1e4), np.zeros(flux.shape, np.uint8),
                       {"object_id": [f"a:b:{k}" for k in range(n)], "survey": ["a"] * n, "calibrated": [True] * n})
    back = there_and_back(writer.finish(), tmp_path, ending, fine)
    again = back.spectra(np.arange(n))
    inside = (again.mask == 0).all(axis=0)
    inside[: np.argmax(inside) + 5] = inside[-1 - np.argmax(inside[::-1]) - 5 :] = False  # half-filled pixels at the ends
    assert inside.mean() > 0.9
    np.testing.assert_allclose(again.flux[:, inside], flux[:, inside], atol=0.12)
    assert back.column("calibrated").all() == (ending != ".npy")


def test_hdf5_has_classes_and_provenance(tmp_path):
    kinds = ["QSO", "QSO", "STAR", "STAR", "GALAXY", "", "STAR"]
    subclass = ["", "", "M4", "WDhotter", "", "", "CV"]
    grid, n = GRIDS["mqc433"], len(kinds)
    writer = StoreWriter(tmp_path / "in.store", grid, {"citation": "Nobody (2000)"}, 1)
    ones = np.ones((n, 433), np.float32)
    writer.write_shard(0, ones, ones, np.zeros(ones.shape, np.uint8),
                       {"object_id": [f"a:b:{k}" for k in range(n)], "survey": ["a"] * n, "class": kinds, "subclass": subclass,
                        "bi_civ": [0.0, 900.0, *[np.nan] * 5]})
    store = writer.finish()
    assert export(store.path, tmp_path / "o.h5", spectra=True, where='class != "GALAXY"') == 5
    with h5py.File(tmp_path / "o.h5") as file:
        assert file["fluxes"].shape == (5, 433) and file["fluxes"].dtype == "f4"
        names = [file.attrs["classes"].split()[row.argmax()] if row.any() else "" for row in file["classes"][:]]
        assert names == ["QSO", "BAL", "M", "WD", ""]
        about = json.loads(file.attrs["qso_atlas"])
        assert about["rows"] == 5 and about["of_rows"] == 7 and about["citation"][0] == "Nobody (2000)"


def test_fits_is_what_quasarnet_reads(tmp_path):
    store = small_store(tmp_path / "in.store", n=20)
    export(store.path, tmp_path / "o.fits", spectra=True)
    with fits.open(tmp_path / "o.fits") as hdus:
        hdus.verify("exception")
        assert hdus[0].data.shape == (20, 886) and hdus[1].data["TARGETID"].tolist() == list(range(20))
        assert any("store_fingerprint" in line for line in hdus[0].header["HISTORY"])


def test_npy_is_a_pair_without_pickles(tmp_path):
    store = small_store(tmp_path / "in.store", n=20)
    export(store.path, tmp_path / "o.npy", spectra=True)
    flux, ivar = (np.load(tmp_path / name, allow_pickle=False) for name in ("o.npy", "o_ivar.npy"))
    assert flux.shape == ivar.shape == (20, 1500) and flux.dtype == ivar.dtype == np.float32
    assert np.load(tmp_path / "o_ids.npy", allow_pickle=False)[3] == "in:r1:3"
    assert json.loads((tmp_path / "o.npy.provenance.json").read_text())["rows"] == 20


@pytest.mark.parametrize(("out", "words", "message"), [
    ("o.csv", {}, "no format of spectra"), ("o.npy", {"grid": "atlas2048"}, "do not go into"),
    ("o.fits", {"grid": "vae1500"}, "do not go into"), ("o.h5", {"grid": "rest-uv1500"}, "do not go into"),
    ("o.h5", {"columns": ["z"]}, "those of a catalogue"), ("o.h5", {"where": "z > 5"}, "no object is selected"),
    ("o.h5", {"grid": "nowhere"}, "no grid")])
def test_refusals_leave_nothing(tmp_path, out, words, message):
    store = small_store(tmp_path / "in.store", n=20)
    with pytest.raises(ConfigError, match=message):
        export(store.path, tmp_path / out, spectra=True, **words)
    assert [file.name for file in tmp_path.iterdir()] == ["in.store"]


def test_a_grid_without_spectra_and_a_file_that_is_there_are_refused(tmp_path):
    store = small_store(tmp_path / "in.store", n=20)
    with pytest.raises(ConfigError, match="say --spectra"):
        export(store.path, tmp_path / "o.csv", grid="mqc433")
    with pytest.raises(ConfigError, match="with --spectra"):
        export(store.path, tmp_path / "o.h5")
    (tmp_path / "o_ivar.npy").write_bytes(b"mine")
    with pytest.raises(ConfigError, match="exists already"):
        export(store.path, tmp_path / "o.npy", spectra=True)
    assert (tmp_path / "o_ivar.npy").read_bytes() == b"mine"


def test_a_catalogue_has_no_spectra(tmp_path):
    writer = StoreWriter(tmp_path / "in.store", None, {}, 1)
    writer.write_shard(0, None, None, None, {"object_id": ["a:b:1"], "survey": ["a"]})
    with pytest.raises(StoreError, match="no spectra"):
        export(writer.finish().path, tmp_path / "o.h5", spectra=True)
    with pytest.raises(AtlasError):
        export(tmp_path / "absent.store", tmp_path / "o.h5", spectra=True)
