"""``qso sed``: from a table or a store to columns, files and samples."""

import numpy as np
import pandas as pd
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest
from astropy.table import Table

from qsocore.cli import main
from qsocore.errors import ConfigError
from qsocore.sed.columns import COLUMNS
from qsocore.sed.pairs import fine
from qsocore.simulate.bands import BANDS, magnitudes_of
from qsocore.store import open_store
from qsocore.store.check import check
from qsocore.workflow import sed as workflow
from qsocore.workflow.ingest_catalogue import ingest_catalogue
from qsocore.workflow.joined import Joined
from qsocore.workflow.sed import sed

ROWS = 6


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Six quasars of the grid with errors of 3 %, of which the last has no photometry."""
    grid = fine(BANDS)[0]
    light = grid.flux[grid.per_z * np.linspace(120, 190, ROWS).astype(int) + 20].astype(float)
    rng = np.random.default_rng(2)
    columns = {"name": [f"Q{i}" for i in range(ROWS)], "ra": rng.uniform(0, 360, ROWS), "dec": rng.uniform(-60, 0, ROWS)}
    for number, band in enumerate(BANDS):
        error = 0.03 * light[:, number] + 0.05
        flux = np.maximum(light[:, number] + error * rng.standard_normal(ROWS), 0.02)
        columns |= {f"{band}_mag": magnitudes_of(flux), f"{band}_magerr": error / flux * 1.0857}
    for band in BANDS:
        columns[f"{band}_mag"][-1] = columns[f"{band}_magerr"][-1] = 99.0
    file = tmp_path_factory.mktemp("sed") / "objects.csv"
    pd.DataFrame(columns).to_csv(file, index=False)
    return file


def test_a_table_becomes_a_table_of_every_format_with_units(table, tmp_path):
    for ending in ("parquet", "csv", "fits"):
        made = sed(table, tmp_path / f"fits.{ending}")
    read = {"parquet": pq.read_table(tmp_path / "fits.parquet"), "csv": pacsv.read_csv(tmp_path / "fits.csv")}
    assert made.column_names == ["object_id", *(column.name for column in COLUMNS)]
    assert all(one.column_names == made.column_names and one.num_rows == ROWS for one in read.values())
    assert made.column("object_id").to_pylist() == [f"Q{i}" for i in range(ROWS)]
    assert made.column("sed_kind").to_pylist() == ["quasar"] * (ROWS - 1) + [None]
    assert made.column("bic_qso").null_count == 1 and made.column("n_bands").to_pylist() == [9] * (ROWS - 1) + [0]
    kept = Table.read(tmp_path / "fits.fits")
    assert str(kept["m_1450"].unit) == "mag" and kept["sed_kind"][0] == "quasar"
    assert read["parquet"].schema.field("delta_bic_lens").metadata[b"description"].startswith(b"Evidence for a lens")


def test_some_objects_by_name_and_by_rule(table, tmp_path):
    made = sed(table, tmp_path / "fits.csv", ids=["Q1", "Q3"], kinds=("star", "quasar"))
    assert made.column("object_id").to_pylist() == ["Q1", "Q3"]
    assert "bic_gal" not in made.column_names and "delta_bic_lens" not in made.column_names
    assert sed(table, tmp_path / "fits.csv", where="dec < -90 | name == 'Q2'", kinds=("star",)).num_rows == 1


def test_a_store_keeps_the_columns_for_rules_and_maps(table, tmp_path):
    path = tmp_path / "objects.store"
    ingest_catalogue([table], path)
    sed(path, where="mag_z < 90", kinds=("star", "quasar"))
    joined = Joined(open_store(path))
    assert joined.columns["z_phot"].role == "redshift"
    before = joined.values("z_phot_qso")
    assert np.isfinite(before).tolist() == [True] * (ROWS - 1) + [False]
    sed(path, ids=["Q0"], kinds=("star", "quasar"), limits="censored")
    np.testing.assert_array_equal(Joined(open_store(path)).values("z_phot_qso"), before)
    assert check(path) == []


def test_samples_lie_beside_the_table(table, tmp_path, monkeypatch):
    short = workflow.sample
    monkeypatch.setattr(workflow, "sample", lambda *args, **more: short(*args, **more, steps=60, burn=20))
    sed(table, tmp_path / "fits.parquet", ids=["Q4"], kinds=("star", "quasar"), samples=2)
    with np.load(tmp_path / "fits.samples" / "Q4.npz", allow_pickle=False) as drawn:
        assert drawn["names"].tolist() == ["m_1450", "ebv", "z", "tilt", "ln_opacity"]
        assert drawn["chain"].shape == (32 * 20, 5) and drawn["log_likelihood"].shape == (32 * 20,)
        assert drawn["z"][1] <= drawn["z"][0] + 0.1 and str(drawn["kind"]) == "quasar"


@pytest.mark.parametrize(("more", "what"), [
    ({}, "go to a file"), ({"out": "fits.txt"}, "cannot write"), ({"out": "f.csv", "ids": ["Q9"]}, "no object is called 'Q9'"),
    ({"out": "f.csv", "where": "nothing > 1"}, "no column"), ({"out": "f.csv", "where": "dec > 80"}, "no object is selected"),
    ({"out": "f.csv", "backend": "lephar"}, "no SED back end"), ({"out": "f.csv", "kinds": ("quassar",)}, "no kind")])
def test_what_cannot_be_done_is_told(table, more, what, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=what):
        sed(table, **more)


def test_the_command_counts_the_kinds(table, tmp_path, capsys):
    assert main(["sed", str(table), "--out", str(tmp_path / "fits.csv"), "--kinds", "star", "quasar"]) == 0
    assert "6 objects; 5 quasar, 1 without photometry" in capsys.readouterr().out
