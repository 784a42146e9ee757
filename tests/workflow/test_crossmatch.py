"""qso crossmatch as a whole: options, columns of both, counts, provenance; stores and HATS catalogues."""

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from qsocore.cli import main
from qsocore.errors import ConfigError, ReadError
from qsocore.store.columns import from_field
from qsocore.workflow.crossmatch import crossmatch, degrees_of
from qsocore.workflow.ingest_catalogue import ingest_catalogue
from qsocore.workflow.tabular import provenance_of
from tests.match.skies import RADIUS, brute, hard


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Both hard catalogues as files."""
    folder = tmp_path_factory.mktemp("match")
    for name, frame in zip("ab", hard(), strict=True):
        frame.to_parquet(folder / f"{name}.parquet")
    return folder


@pytest.mark.parametrize("text, degrees", [("1arcsec", 1 / 3600), ("1 arcsec", 1 / 3600), ("0.5arcmin", 0.5 / 60),
                                           ("2deg", 2.0), ("3", 3 / 3600), (3, 3 / 3600), (1.5, 1.5 / 3600),
                                           ("0.01 rad", np.degrees(0.01))])
def test_radii(text, degrees):
    assert degrees_of(text) == pytest.approx(degrees)


@pytest.mark.parametrize("text", ["x", "1 kpc", "-1arcsec", "0", "181deg", "nan", ""])
def test_what_is_no_radius(text):
    with pytest.raises(ConfigError, match="--radius"):
        degrees_of(text)


def test_columns_of_both_keep_apart_over_several_catalogues(files, tmp_path):
    crossmatch(files / "a.parquet", files / "b.parquet", tmp_path / "one.parquet", "3arcsec")
    crossmatch(tmp_path / "one.parquet", files / "b.parquet", tmp_path / "two.parquet", "3arcsec")
    schema = pq.read_schema(tmp_path / "two.parquet")
    assert schema.names == ["id", "ra", "dec", "mag", "id_2", "ra_2", "dec_2", "separation", "chance", "id_3", "ra_3", "dec_3",
                            "separation_2", "chance_2"]
    frame = pq.read_table(tmp_path / "two.parquet").to_pandas()
    assert (frame["id_2"] == frame["id_3"]).all() and np.allclose(frame["separation"], frame["separation_2"])
    assert from_field(schema.field("separation")).unit == "arcsec" and from_field(schema.field("id_3")).role == "id"


def test_counts_and_provenance(files, tmp_path):
    a, b = hard()
    report = crossmatch(files / "a.parquet", files / "b.parquet", tmp_path / "o.fits", "3arcsec", symmetric=True)
    assert (report.n_a, report.unplaced_a) == (len(a) - 2, 2)
    assert report.unplaced_b == (~np.isfinite(b["ra"] + b["dec"])).sum()
    assert report.pairs == report.matched_a == len(brute(a, b, RADIUS, symmetric=True))
    about = provenance_of(tmp_path / "o.fits")
    assert about["input_a"] == "a.parquet" and len(about["input_sha256_b"]) == 64 and about["radius_arcsec"] == "3.0"
    assert f"2 of A have none and match nothing\n{report.pairs} matches within 3 arcsec" in report.to_text().replace(
        f"; {report.unplaced_b} of B have none and match nothing", "")


def test_chance_counted_and_measured_agree_where_nothing_belongs_together(tmp_path):
    rng = np.random.default_rng(9)
    for name, n in (("a", 3000), ("b", 20_000)):
        pd.DataFrame({"id": np.arange(n), "ra": rng.uniform(0, 2, n), "dec": rng.uniform(-1, 1, n)}).to_parquet(
            tmp_path / f"{name}.parquet")
    report = crossmatch(tmp_path / "a.parquet", tmp_path / "b.parquet", tmp_path / "o.parquet", "10arcsec")
    expected = 3000 * 5000 * np.pi / 360**2  # 5,000 in a square degree
    for found in (report.by_chance, report.by_shift, report.matched_a):
        assert found == pytest.approx(expected, abs=5 * np.sqrt(expected) / 2 + 0.05 * expected)
    assert report.shift_arcsec == 300 and "300 arcsec off" in report.to_text()
    chance = pq.read_table(tmp_path / "o.parquet").to_pandas()["chance"]
    assert 0 < chance.max() < 0.3 and chance.mean() == pytest.approx(chance.max() / 2, rel=0.5)


def test_empty_catalogues(tmp_path, files):
    empty = pd.DataFrame({"id": np.empty(0, np.int64), "ra": np.empty(0), "dec": np.empty(0)})
    empty.to_parquet(tmp_path / "none.parquet")
    for number, (a, b) in enumerate(((tmp_path / "none.parquet", files / "b.parquet"),
                                     (files / "a.parquet", tmp_path / "none.parquet"))):
        report = crossmatch(a, b, tmp_path / f"{number}.parquet", "1arcsec")
        assert report.pairs == 0 and pq.read_metadata(tmp_path / f"{number}.parquet").num_rows == 0
        assert report.by_chance == report.by_shift == 0


def test_a_store_matches_as_its_table_does(files, tmp_path):
    a, _ = hard()
    a[np.isfinite(a["ra"])].to_csv(tmp_path / "a.csv", index=False)
    ingest_catalogue([tmp_path / "a.csv"], tmp_path / "a.store")
    report = crossmatch(tmp_path / "a.store", files / "b.parquet", tmp_path / "o.parquet", "3arcsec")
    assert report.pairs == len(brute(*hard(), RADIUS))
    assert "input_fingerprint_a" in provenance_of(tmp_path / "o.parquet")


@pytest.mark.real
def test_known_quasars_in_the_table_of_glq_mpia(real, tmp_path):
    """Ten of 406 known quasars lie within an arcsec of one of the 7,438."""
    folder = real / "catalogues/glq_mpia"
    report = crossmatch(folder / "all_hzqs.csv", folder / "cut_crossmatched_objects.csv", tmp_path / "o.parquet", "1arcsec")
    frame = pq.read_table(tmp_path / "o.parquet").to_pandas()
    listed = set(pd.read_csv(folder / "known_hzqs.csv")["COADD_OBJECT_ID"])
    assert report.n_a == 406 and set(frame["COADD_OBJECT_ID"]) <= listed and len(frame) == 10
    assert report.by_chance < 0.01 and frame["chance"].max() < 1e-4


def test_hats_catalogues_on_the_disk(files, tmp_path):
    """Several pixels of the equator at 0 h, with matches across their borders, and a margin that is not wide enough."""
    import lsdb

    rng = np.random.default_rng(3)
    a = pd.DataFrame({"id": np.arange(400), "ra": rng.normal(0, 2 / 3600, 400) % 360, "dec": rng.uniform(-20, 20, 400)})
    b = a.assign(id=a["id"] + 1000, ra=(a["ra"] + rng.normal(0, 1 / 3600, 400)) % 360)
    for name, frame in (("a", a), ("b", b)):
        catalog = lsdb.from_dataframe(frame, ra_column="ra", dec_column="dec", partition_rows=90, margin_threshold=60.0)
        catalog.write_catalog(tmp_path / name, catalog_name=name, progress_bar=False)
    report = crossmatch(tmp_path / "a", tmp_path / "b", tmp_path / "o.parquet", "3arcsec", "all", how="hats")
    frame = pq.read_table(tmp_path / "o.parquet").to_pandas()
    assert set(zip(frame["id"], frame["id_2"], strict=True)) == brute(a, b, RADIUS, "all")
    assert (report.n_a, report.n_b, report.pairs) == (len(a), len(b), len(frame))
    with pytest.raises(ConfigError, match="margin cache holds 60 arcsec, less than the radius"):
        crossmatch(tmp_path / "a", tmp_path / "b", tmp_path / "p.parquet", "61arcsec", how="hats")
    (tmp_path / "not").mkdir()
    with pytest.raises(ReadError, match="no HATS catalogue"):
        crossmatch(tmp_path / "a", tmp_path / "not", tmp_path / "p.parquet", "3arcsec", how="hats")


def test_what_cannot_be_done_is_said(files, tmp_path):
    a, b = files / "a.parquet", files / "b.parquet"
    with pytest.raises(ConfigError, match="did you mean best"):
        crossmatch(a, b, tmp_path / "o.csv", "1arcsec", "bets")
    with pytest.raises(ConfigError, match="only the best"):
        crossmatch(a, b, tmp_path / "o.csv", "1arcsec", "all", symmetric=True)
    pd.DataFrame({"x": [1.0]}).to_csv(tmp_path / "x.csv")
    with pytest.raises(ReadError, match=r"x.csv: it has no columns of right ascension"):
        crossmatch(tmp_path / "x.csv", b, tmp_path / "o.csv", "1arcsec")
    a_out = tmp_path / "a.csv"
    a_out.write_text("")
    with pytest.raises(ConfigError, match="exists already"):
        crossmatch(a, b, a_out, "1arcsec")


def test_the_command(files, tmp_path, capsys):
    words = ["crossmatch", str(files / "a.parquet"), str(files / "b.parquet"), "--radius", "3arcsec", "--no-shifts", "--out",
             str(tmp_path / "o.vot")]
    assert main(words) == 0
    said = capsys.readouterr().out
    assert f"{len(brute(*hard(), RADIUS))} matches within 3 arcsec" in said and "arcsec off" not in said
