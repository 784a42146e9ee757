"""Embedding: streaming is the same as all at once, rows are joined by id, a second store lands on the same map."""

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from safetensors.numpy import load_file

from qsocore.embed.decoder import Decoder
from qsocore.embed.stream import encode_store
from qsocore.errors import AtlasError, ConfigError, StoreError
from qsocore.grid import WaveGrid
from qsocore.preprocess.prepare import Prepared
from qsocore.store import find_run, library
from qsocore.workflow.embed import embed
from qsocore.workflow.predict import outlier_rank, predict
from qsocore.workflow.train import train


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("QSO_ATLAS_HOME", str(tmp_path / "home"))


@pytest.fixture
def trained(make_store, home):
    """A store with a finished run called demo."""
    store = make_store("first")
    train("infovae", store.path, "demo", ["latents=3", "widths=24,12", "epochs=15", "batch=16", "lr=0.01", "device=cpu"])
    return store


def latents_of(table):
    return table.filter(like="latent_").to_numpy()


def test_streaming_is_the_same_as_all_at_once(trained):
    decoder = Decoder(trained.run("demo"))
    small = pd.concat([table.to_pandas() for table in encode_store(trained, decoder, size=17)], ignore_index=True)
    (whole,) = (table.to_pandas() for table in encode_store(trained, decoder, size=1000))
    pd.testing.assert_frame_equal(small, whole, rtol=1e-4, atol=1e-5)
    assert list(small.object_id) == list(trained.column("object_id"))


def test_numbers_of_the_table(trained):
    run = embed(trained.path, "demo", projections=["pca"], device="cpu")
    table = pd.read_parquet(run.latents)
    decoder, rows = Decoder(run), np.arange(trained.n_rows)
    block = Prepared(trained, decoder.grid, decoder.normalisation).read(rows)
    assert table.n_pix_good[7] == 0
    assert table.loc[7, ["latent_0", "chi2_pix", "mse"]].isna().all()
    others = rows != 7
    assert latents_of(table)[others] == pytest.approx(decoder.encode(block.x, block.w)[others], abs=1e-4)
    spectra = trained.spectra(rows)
    for i in (0, 100):
        model, chi2_pix = decoder.reconstruct(spectra.flux[i], spectra.ivar[i], spectra.mask[i])
        good = spectra.mask[i] == 0
        assert table.n_pix_good[i] == good.sum()
        assert chi2_pix == pytest.approx(table.chi2_pix[i], rel=1e-3)
        assert np.mean(spectra.ivar[i, good] * (spectra.flux[i] - model)[good] ** 2) == pytest.approx(chi2_pix, rel=1e-3)
        assert np.mean((spectra.flux[i] - model)[good] ** 2) / block.scale[i] ** 2 == pytest.approx(table.mse[i], rel=1e-3)


def test_a_second_store_is_put_on_the_same_map(trained, make_store):
    first = embed(trained.path, "demo", device="cpu")
    other = make_store("second", n=90, seed=5)
    second = embed(other.path, "demo", device="cpu")
    assert second.path.parent == other.path / "runs"
    assert second.path.name == first.path.name
    assert pq.read_schema(second.latents).metadata[b"store"].decode() == other.manifest.fingerprint
    assert set(second.projections()) == {"pca", "umap"}
    for name in ("pca", "umap"):
        assert first.reference(name).read_bytes() == second.reference(name).read_bytes()
        places = pd.read_parquet(second.projection(name))
        assert pq.read_schema(second.projection(name)).metadata[b"store"].decode() == other.manifest.fingerprint
        assert list(places.object_id) == list(other.column("object_id"))
        assert places[["x", "y"]].isna().all(axis=1).tolist() == [i == 7 for i in range(90)]
        home_map, reach = load_file(second.reference("umap"))["coordinates"], places[["x", "y"]].dropna().to_numpy()
        if name == "umap":
            assert (reach >= home_map.min(axis=0)).all()
            assert (reach <= home_map.max(axis=0)).all()
    # the same objects under another name land where they were
    twin = make_store("twin", n=240, seed=0)
    there = pd.read_parquet(embed(twin.path, "demo", ["umap"], device="cpu").projection("umap"))
    here = pd.read_parquet(first.projection("umap"))
    assert there[["x", "y"]].to_numpy() == pytest.approx(here[["x", "y"]].to_numpy(), abs=1e-3, nan_ok=True)


def test_a_map_is_kept_when_a_store_is_embedded_again(trained):
    run = embed(trained.path, "demo", ["umap"], device="cpu")
    before = run.projection("umap").read_bytes(), run.reference("umap").read_bytes()
    again = embed(trained.path, "demo", ["umap"], seed=9, device="cpu")
    assert (again.projection("umap").read_bytes(), again.reference("umap").read_bytes()) == before
    published = find_run("demo")
    assert published.path.parent == library()
    assert published.reference("umap").read_bytes() == before[1]


def test_reconstruction_follows_the_signal(trained):
    decoder, spectra = Decoder(trained.run("demo")), trained.spectra(np.arange(trained.n_rows))
    gain = []
    for i in range(0, 240, 9):
        _, chi2_pix = decoder.reconstruct(spectra.flux[i], spectra.ivar[i], spectra.mask[i])
        good = spectra.mask[i] == 0
        flat = np.average(spectra.flux[i, good], weights=spectra.ivar[i, good])
        gain.append(np.mean(spectra.ivar[i, good] * (spectra.flux[i, good] - flat) ** 2) / chi2_pix)
    assert np.median(gain) > 1.5
    nothing = decoder.reconstruct(spectra.flux[7], spectra.ivar[7], spectra.mask[7])
    assert np.isnan(nothing[1])
    assert np.isfinite(nothing[0]).all()


def test_a_store_on_another_grid(trained, make_store):
    finer = WaveGrid("finer", "linear", 3900.0, 7860.0, 133)
    other = make_store("finer", n=60, seed=0, grid=finer)
    run = embed(other.path, "demo", ["pca"], device="cpu")
    table = pd.read_parquet(run.latents)
    assert np.nanmedian(table.chi2_pix) < 3
    spectra = other.spectra([0])
    model, chi2_pix = Decoder(run, source=finer).reconstruct(spectra.flux[0], spectra.ivar[0], spectra.mask[0])
    assert model.shape == (133,)
    assert np.isnan(model[finer.wave < 4000]).all()
    assert np.isfinite(model[(finer.wave >= 4000) & (finer.wave <= 7780)]).all()
    assert chi2_pix > 0
    far = make_store("far", n=20, grid=WaveGrid("far", "linear", 9000.0, 9630.0, 64))
    with pytest.raises(ConfigError, match="the store covers 9000 to 9630"):
        embed(far.path, "demo", device="cpu")
    assert not far.runs()


def test_a_run_in_the_rest_frame(make_store, home):
    store = make_store("resting")
    run = train("pca", store.path, "rest", ["latents=4", "epochs=5", "grid=linear:3700:7000:56:rest", "device=cpu"])
    table = pd.read_parquet(embed(store.path, "rest", ["pca"], device="cpu").latents)
    assert np.nanmedian(table.chi2_pix) < 2
    decoder, spectra = Decoder(run, source=store.grid), store.spectra([0])
    model, chi2_pix = decoder.reconstruct(spectra.flux[0], spectra.ivar[0], spectra.mask[0], z=0.1)
    inside = (store.grid.wave >= 1.1 * 3700) & (store.grid.wave <= 1.1 * 7000)
    assert np.isfinite(model).tolist() == inside.tolist()
    assert chi2_pix < 4
    with pytest.raises(ConfigError, match="no redshifts are known"):
        decoder.reconstruct(spectra.flux[0], spectra.ivar[0], spectra.mask[0])


@pytest.mark.parametrize("ending", ["parquet", "csv", "fits"])
def test_predict_writes_every_object(trained, tmp_path, ending):
    out = tmp_path / f"table.{ending}"
    table = predict(trained.path, "demo", out, device="cpu").to_pandas()
    if ending == "fits":
        from astropy.table import Table

        back = Table.read(out)
        back.convert_bytestring_to_unicode()
        back = back.to_pandas()
    else:
        back = pd.read_parquet(out) if ending == "parquet" else pd.read_csv(out)
    assert list(back.columns) == list(table.columns)
    assert list(back.object_id) == list(trained.column("object_id"))
    assert back.chi2_pix.to_numpy() == pytest.approx(table.chi2_pix.to_numpy(), nan_ok=True)
    assert sorted(back.outlier_rank) == list(range(1, 241))
    assert back.outlier_rank[7] == 240


def test_predict_refuses_other_endings(trained, tmp_path):
    with pytest.raises(ConfigError, match=r"use one of .parquet, .csv, .fits"):
        predict(trained.path, "demo", tmp_path / "table.xls")
    assert not (tmp_path / "table.xls").exists()


def test_the_loneliest_comes_first():
    latents = np.random.default_rng(0).normal(size=(200, 4))
    latents[17] = 50.0
    latents[3] = np.nan
    rank = outlier_rank(latents)
    assert rank[17] == 1
    assert rank[3] == 200


def test_missing_and_damaged_runs(trained, make_store):
    with pytest.raises(StoreError, match="no finished run is called"):
        embed(trained.path, "dmeo")
    run = trained.run("demo")
    run.weights.write_bytes(run.weights.read_bytes()[:1000])
    with pytest.raises(AtlasError, match="cannot be loaded"):
        embed(trained.path, "demo")
