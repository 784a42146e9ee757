"""qso select on tables and stores: formats, provenance, blocks; and on the published table of glq_mpia."""

import json

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from astropy.table import Table

from qsocore.cli import main
from qsocore.errors import ConfigError, ReadError
from qsocore.figures.funnel import picture
from qsocore.preprocess.photometry import bands_of, fluxes_of
from qsocore.store import open_store
from qsocore.store.files import sha256
from qsocore.surveys.tables import read_table
from qsocore.workflow import tabular
from qsocore.workflow.ingest_catalogue import ingest_catalogue
from qsocore.workflow.select import funnel_of, select

FRAME = pd.DataFrame({"id": [2**60 + k for k in range(6)], "ra": np.arange(6.0), "dec": np.zeros(6),
                      "g_mag": [20.0, 21.0, 99.0, 22.0, np.nan, 19.0], "g_magerr": [0.1, 0.1, 99.0, 0.1, np.nan, 0.1],
                      "class": ["QSO", "", "QSO", "STAR", "QSO", "QSO"]})
RECIPE = """
[bands.g]
ab = [["g_mag", "g_magerr"]]
depth = { sigma = 10, mag = 24.7 }
[[steps]]
name = "not faint"
rule = "mag_g < 21.5"
"""


@pytest.fixture
def files(tmp_path):
    """The table in every format, and a recipe."""
    FRAME.to_csv(tmp_path / "t.csv", index=False)
    FRAME.to_parquet(tmp_path / "t.parquet")
    for name, kind in (("t.fits", "fits"), ("t.vot", "votable")):
        Table.from_pandas(FRAME).write(tmp_path / name, format=kind)
    (tmp_path / "mine.toml").write_text(RECIPE)
    return tmp_path


@pytest.mark.parametrize("ending", ["parquet", "csv", "fits", "vot"])
def test_every_format_in_and_out(ending, files):
    funnel = select(files / f"t.{ending}", files / f"out.{ending}", files / "mine.toml", ["class == 'QSO'"])
    assert [(step.passed, step.failed, step.unknown) for step in funnel.steps] == [(3, 1, 2), (2, 0, 1)]
    out = read_table(files / f"out.{ending}")
    assert out.frame["id"].tolist() == [2**60, 2**60 + 5]  # every digit
    assert out.frame["mag_g"].tolist() == [20.0, 19.0] and out.columns["flux_g"].unit == ("uJy" if ending != "csv" else "")
    assert list(out.columns)[-6:] == ["mag_g", "magerr_g", "flux_g", "fluxerr_g", "snr_g", "maglim_g"]
    about = tabular.provenance_of(files / f"out.{ending}")
    assert about["input"] == f"t.{ending}" and about["input_sha256"] == sha256(files / f"t.{ending}")
    assert about["written_by"].startswith("QSO Atlas ") and json.loads(about["recipe_text"]) == RECIPE
    assert funnel_of(files / f"out.{ending}") == funnel


def test_a_store_and_the_table_that_it_was_made_of_give_the_same(files):
    ingest_catalogue([files / "t.csv"], files / "t.store")
    (files / "theirs.toml").write_text(RECIPE.replace('["g_mag", "g_magerr"]', '["mag_g", "magerr_g"]'))
    funnel = select(files / "t.store", files / "out.parquet", files / "theirs.toml")
    assert (funnel.n_in, funnel.n_out) == (6, 3)
    assert "input_fingerprint" in tabular.provenance_of(files / "out.parquet")
    assert [field.metadata[b"system"] for field in pq.read_schema(files / "out.parquet") if field.name == "mag_g"] == [b"AB"]


def test_what_is_selected_is_ingested_with_its_photometry_under_the_names_of_a_store(files):
    """The table's own columns and the recipe's stand side by side, and the recipe's are those that fits read."""
    select(files / "t.csv", files / "out.parquet", files / "mine.toml")
    ingest_catalogue([files / "out.parquet"], files / "out.store")
    store = open_store(files / "out.store")
    assert bands_of(store) == ("g",) and store.columns["flux_g"].unit == "uJy"
    flux, ivar = fluxes_of(store, ["g"])
    assert flux[:, 0] == pytest.approx(10 ** (0.4 * (23.9 - np.array([20.0, 21.0, 19.0])))) and (ivar > 0).all()


def test_what_is_not_detected_is_missing_in_the_output_and_has_its_limit(files):
    select(files / "t.csv", files / "out.parquet", files / "mine.toml", ["class == 'QSO'"], funnel=files / "f.json")
    assert funnel_of(files / "f.json") == funnel_of(files / "out.parquet")
    (files / "all.toml").write_text(RECIPE.replace("mag_g < 21.5", "flux_g == 0"))
    select(files / "t.csv", files / "limits.csv", files / "all.toml")
    row = pd.read_csv(files / "limits.csv").iloc[0]
    assert np.isnan(row["mag_g"]) and np.isnan(row["g_mag"])  # 99 goes nowhere as a number
    assert row["flux_g"] == 0 and row["maglim_g"] == pytest.approx(24.7 + 2.5 * np.log10(5))


def test_a_table_longer_than_a_block_goes_through_in_pieces(tmp_path, monkeypatch):
    n = 1000
    frame = pd.DataFrame({"id": np.arange(n), "x": np.arange(n) % 7 / 2.0})
    frame.to_parquet(tmp_path / "t.parquet", row_group_size=300)
    monkeypatch.setattr(tabular, "BLOCK", 128)
    funnel = select(tmp_path / "t.parquet", tmp_path / "out.parquet", where=["x > 1", "x < 3"])
    expected = frame[(frame["x"] > 1) & (frame["x"] < 3)]
    assert pq.read_table(tmp_path / "out.parquet").to_pandas().equals(expected.reset_index(drop=True))
    assert pq.ParquetFile(tmp_path / "out.parquet").metadata.num_row_groups == 8  # nothing was gathered
    assert funnel.n_in == n and funnel.n_out == len(expected)


def test_nothing_left_is_an_empty_table_with_its_columns(files):
    for ending in ("parquet", "csv", "fits", "vot"):
        funnel = select(files / "t.csv", files / f"none.{ending}", where=["ra > 100"])
        assert funnel.n_out == 0 and funnel_of(files / f"none.{ending}") == funnel
    assert pq.read_schema(files / "none.parquet").names == list(FRAME.columns)


def test_what_cannot_be_done_is_said(files):
    with pytest.raises(ConfigError, match="nothing to select by"):
        select(files / "t.csv", files / "o.csv")
    with pytest.raises(ConfigError, match="exists already"):
        select(files / "t.csv", files / "t.csv", where=["ra > 1"])
    with pytest.raises(ConfigError, match="ending '.txt'"):
        select(files / "t.csv", files / "o.txt", where=["ra > 1"])
    with pytest.raises(ReadError, match="not a Parquet|magic|Parquet"):
        (files / "bad.parquet").write_bytes(b"PAR1 no")
        select(files / "bad.parquet", files / "o.csv", where=["ra > 1"])
    with pytest.raises(ConfigError, match="no selection is in its provenance"):
        funnel_of(files / "t.parquet")
    assert not (files / "o.csv").exists()


def test_the_command_and_the_figure(files, capsys):
    words = ["select", str(files / "t.csv"), "--recipe", str(files / "mine.toml"), "--where", "ra < 4", "--out",
             str(files / "o.parquet")]
    assert main(words) == 0
    assert "not faint  3 pass, 1 fail, 2 unknown" in capsys.readouterr().out
    assert main(["figure", "funnel", str(files / "o.parquet"), "--out", str(files / "f.png")]) == 0
    assert (files / "f.png").stat().st_size > 5000
    axes = picture(funnel_of(files / "o.parquet")).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["all rows", "not faint", "ra < 4"]
    assert [text.get_text().split() for text in axes.texts][1] == ["3", "(−1,", "2", "unknown)"]


def test_glq_mpia_on_the_columns_of_the_surveys_each_step_takes_out_its_own(tmp_path):
    """A table as DES, VHS and AllWISE write it: one object that passes, and one for each step that fails there alone."""
    good = {f"MAG_APER_4_{band}": 20.0 for band in "GRZY"} | {"MAG_APER_4_I": 21.5}
    good |= {f"MAGERR_APER_4_{band}": 0.02 for band in "GRIZY"}
    good |= {f"{flag}_{band}": 0 for flag in ("FLAGS", "IMAFLAGS_ISO") for band in "GRIZY"}
    good |= {"Jpmag": 19.0, "e_Jpmag": 0.1, "Kspmag": 18.0, "e_Kspmag": 0.1, "W1mag": 16.0, "e_W1mag": 0.1, "W2mag": 15.4,
             "e_W2mag": 0.1}
    bad = [{"MAG_APER_4_Z": 21.0, "MAG_APER_4_I": 23.0}, {"MAGERR_APER_4_Y": 0.1}, {"MAG_APER_4_Y": 22.5},
           {"MAG_APER_4_I": 21.0}, {"FLAGS_R": 4}, {"IMAFLAGS_ISO_Y": 8}, {"W2mag": 15.6}, {"e_Kspmag": 0.6},
           {"e_W2mag": np.nan}]
    pd.DataFrame([good, *(good | change for change in bad)]).to_csv(tmp_path / "t.csv", index=False)
    funnel = select(tmp_path / "t.csv", tmp_path / "o.parquet", "glq-mpia", strict=True)
    assert [step.failed + step.unknown for step in funnel.steps] == [1] * len(bad) and funnel.n_out == 1
    assert funnel.steps[-1].unknown == 1  # without an error AllWISE gives a limit, which is no detection and no failure
    row = pq.read_table(tmp_path / "o.parquet").to_pandas().iloc[0]
    assert (row["mag_J"], row["mag_K"], row["mag_W1"], row["mag_W2"]) == pytest.approx((19.916, 19.827, 18.699, 18.739))


@pytest.fixture(scope="module")
def island(real, tmp_path_factory):
    """The published table through the recipe, with its ids as the index."""
    out = tmp_path_factory.mktemp("glq") / "out.parquet"
    funnel = select(real / "catalogues/glq_mpia/cut_crossmatched_objects.csv", out, "glq-mpia")
    return real / "catalogues/glq_mpia", funnel, pq.read_table(out).to_pandas().set_index("COADD_OBJECT_ID"), out


@pytest.mark.real
def test_glq_mpia_every_published_object_passes(island):
    _, funnel, got, _ = island
    assert funnel.n_in == funnel.n_out == len(got) == 7438
    applied = [step for step in funnel.steps if step.applied]
    assert all(step.passed == 7438 and not step.unknown for step in applied) and len(applied) == 7
    assert [step.absent[0] for step in funnel.steps if not step.applied] == ["FLAGS_G", "IMAFLAGS_ISO_G"]
    assert got["mag_g"].isna().sum() == 1886 and got["mag_r"].isna().sum() == 37
    assert (got["W1_W2"] == -0.14).sum() == 2  # on the border of the cut, 0.5 in Vega


@pytest.mark.real
def test_glq_mpia_fluxes_and_limits_are_those_of_the_published_table(island):
    """Columns of the table are not read for them: only its magnitudes are."""
    folder, _, got, _ = island
    table = pd.read_csv(folder / "cut_crossmatched_objects.csv").set_index("COADD_OBJECT_ID")
    for band in ("g", "r", "i", "z", "Y", "J", "K", "W1", "W2"):
        np.testing.assert_allclose(got[f"flux_{band}"], table[f"{band}_flux"], rtol=1e-12)
        np.testing.assert_allclose(got[f"fluxerr_{band}"], table[f"{band}_fluxerr"], rtol=1e-12)
        gone = table[f"{band}_mag"] == 99
        np.testing.assert_array_equal(got[f"mag_{band}"].isna(), gone)
        np.testing.assert_array_equal(got[f"mag_{band}"][~gone], table[f"{band}_mag"][~gone])
        assert (got[f"flux_{band}"][gone] == 0).all() and got[f"maglim_{band}"].notna().eq(gone).all()


@pytest.mark.real
def test_glq_mpia_the_cut_in_two_colours(island, tmp_path):
    """Of the 7,016 with images: 272 objects, 11 quasars, 125 dwarfs; without g 217 and 10, and J0109 is lost."""
    folder, _, _, out = island
    ids = set(np.load(folder / "ids.npz")["ids"].astype(np.int64).tolist())
    known = set(pd.read_csv(folder / "known_hzqs.csv")["COADD_OBJECT_ID"])
    quasars = (set(np.load(folder / "quasar_ids.npz")["ids"].astype(np.int64).tolist()) - {1096344653}) | known  # a dwarf
    dwarfs = set(pd.read_csv(folder / "y6_mlt_dwarfs.csv")["COADD_OBJECT_ID"])
    rules, counts = ["i_z > 1.5", "z_Y < 0.5"], []
    for number, more in enumerate(([], ["mag_g is missing"])):
        select(out, tmp_path / f"{number}.parquet", where=rules + more)
        left = set(pq.read_table(tmp_path / f"{number}.parquet").to_pandas()["COADD_OBJECT_ID"]) & ids
        counts.append((len(left), len(left & quasars), len(left & dwarfs), 1143273115 in left))
    assert counts[0] == (272, 11, 125, True)
    assert counts[1][:2] == (217, 10) and not counts[1][3]


@pytest.mark.real
def test_glq_mpia_from_the_catalogues_that_it_was_made_of(island, tmp_path):
    """Known quasars with the columns of DES, VHS (Vega) and AllWISE (Vega): the recipe takes the ten that are in the table."""
    folder, _, got, _ = island
    funnel = select(folder / "known_hzqs.csv", tmp_path / "o.parquet", "glq-mpia")
    assert [step.passed for step in funnel.steps if step.applied] == [12, 12, 12, 12, 11, 10, 10]
    known = pq.read_table(tmp_path / "o.parquet").to_pandas().set_index("COADD_OBJECT_ID")
    assert len(known) == 10 and known.index.isin(got.index).all()
    names = [f"{kind}_{band}" for kind in ("mag", "flux", "fluxerr") for band in ("z", "Y", "J", "K", "W1", "W2")]
    np.testing.assert_allclose(known[names], got.loc[known.index, names], rtol=1e-9)


@pytest.mark.real
def test_glq_mpia_dwarfs_and_the_trap_of_two_systems(island, tmp_path):
    """W1-W2 is AB in one file and Vega in the other: by name alone nobody knows, so that no step is applied to either."""
    folder, *_ = island
    one, other = (pd.read_csv(folder / name) for name in ("dwarfs_wise.csv", "dwarfs_wise_des.csv"))
    for name in ("dwarfs_wise.csv", "dwarfs_wise_des.csv"):
        funnel = select(folder / name, tmp_path / f"{name}.parquet", "glq-mpia")
        assert not any(step.applied for step in funnel.steps) and funnel.n_out == funnel.n_in
    funnel = select(folder / "dwarfs_kirkpatrick_11.csv", tmp_path / "k.parquet", "glq-mpia")
    assert [(step.passed, step.failed, step.unknown) for step in funnel.steps if step.applied] == [(133, 219, 0), (130, 0, 3)]
    derived = pq.read_table(tmp_path / "k.parquet").to_pandas().set_index("WISEP")["W1_W2"]
    ab = one.set_index(one.columns[0])["W1-W2"].reindex(derived.index)
    np.testing.assert_allclose(derived, ab, atol=1e-9)
    vega = other.set_index(other["col1"].str.split(" ").str[-1])["W1-W2"].reindex(derived.index).dropna()
    np.testing.assert_allclose(derived[vega.index], vega + 2.699 - 3.339, atol=1e-9)
    assert len(vega) == 3  # that are named in both
