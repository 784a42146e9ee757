"""The service of CDS, on this machine: what is sent, what comes back, and what happens when it does not answer."""

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from astropy import units as u
from astropy.table import MaskedColumn, Table
from astroquery import cache_conf
from astroquery.xmatch import conf

from qsocore.errors import AtlasError, ConfigError
from qsocore.match import cds
from qsocore.store.columns import from_field
from qsocore.workflow.crossmatch import crossmatch
from tests.match.cds import NAME, serving
from tests.match.skies import RADIUS, brute, hard


@pytest.fixture(scope="module")
def held():
    """A catalogue that the service holds, with units, UCDs and gaps."""
    _, b = hard()
    b = b[np.isfinite(b["ra"])]
    w1 = MaskedColumn(np.linspace(14, 18, len(b)), mask=np.arange(len(b)) % 3 == 0, unit=u.mag, description="W1 in Vega")
    table = Table({"AllWISE": [f"J{k}" for k in b["id"]], "RAJ2000": b["ra"] * u.deg, "DEJ2000": b["dec"] * u.deg, "W1mag": w1,
                   "seen": MaskedColumn(2**62 + b["id"].to_numpy(), mask=np.arange(len(b)) % 2 == 0)})
    table["RAJ2000"].meta["ucd"], table["DEJ2000"].meta["ucd"] = "pos.eq.ra;meta.main", "pos.eq.dec;meta.main"
    return table, b


@pytest.fixture
def service(held, monkeypatch):
    """The service while a test runs; A is sent in parts of 30."""
    monkeypatch.setattr(cds, "_PART", 30)
    with serving(held[0]) as running, conf.set_temp("url", running.url), cache_conf.set_temp("cache_active", False):
        yield running


@pytest.fixture
def a(tmp_path):
    """A, with many columns that nobody else need see."""
    frame = hard()[0].assign(secret=1.0)
    frame.to_csv(tmp_path / "a.csv", index=False)
    return frame


@pytest.mark.parametrize("find, symmetric", [("best", False), ("best", True), ("all", False)])
def test_a_catalogue_of_vizier(find, symmetric, service, held, a, tmp_path):
    report = crossmatch(tmp_path / "a.csv", f"vizier:{NAME}", tmp_path / "o.parquet", f"{RADIUS}arcsec", find, symmetric, "cds")
    got = pq.read_table(tmp_path / "o.parquet")
    frame = got.to_pandas()
    doubled = held[1].drop_duplicates(["ra", "dec"])  # the same place twice is one source where there are no row numbers
    expected = brute(a, held[1] if find == "all" else doubled, RADIUS, find, symmetric)
    assert set(zip(frame["id"], frame["AllWISE"].str[1:].astype(int), strict=True)) == expected
    assert report.n_b is None and report.n_a == len(a) - 2 and report.pairs == len(expected)
    meant = {field.name: from_field(field) for field in got.schema}
    assert (meant["W1mag"].role, meant["W1mag"].system, meant["RAJ2000"].ucd) == ("magnitude", "Vega", "pos.eq.ra;meta.main")
    assert frame["W1mag"].isna().any() and frame["chance"].between(0, 1).all()
    assert set(frame["seen"].dropna()) <= {str(2**62 + k) for k in held[1]["id"]}  # every digit of whole numbers with gaps


def test_only_places_are_sent_and_in_parts(service, a, tmp_path):
    crossmatch(tmp_path / "a.csv", NAME, tmp_path / "o.parquet", "1arcsec", how="cds")
    sent = [fields["cat1"] for fields in service.asked if float(fields["distMaxArcsec"]) == pytest.approx(1)]
    assert [len(text.split()) - 1 for text in sent] == [30, 30, len(a) - 2 - 60]
    assert {text.split()[0] for text in sent} == {"qso_atlas_row_a,ra_a,dec_a"}
    assert all(fields["cat2"] == f"vizier:{NAME}" for fields in service.asked)


def test_the_chance_of_a_catalogue_that_is_far_away(tmp_path):
    """The mean density is asked for with a wider radius: that of a uniform field comes out."""
    rng = np.random.default_rng(8)
    n = 10_000
    ra, dec = rng.uniform(0, 1, n), rng.uniform(-0.5, 0.5, n)
    pd.DataFrame({"id": range(200), "ra": rng.uniform(0.1, 0.9, 200), "dec": rng.uniform(-0.4, 0.4, 200)}).to_csv(
        tmp_path / "a.csv", index=False)
    with serving(Table({"RAJ2000": ra, "DEJ2000": dec})) as running, conf.set_temp("url", running.url), \
            cache_conf.set_temp("cache_active", False):
        report = crossmatch(tmp_path / "a.csv", NAME, tmp_path / "o.parquet", "10arcsec", how="cds")
    assert report.by_chance == pytest.approx(200 * -np.expm1(-n * np.pi / 360**2), rel=0.1)
    frame = pq.read_table(tmp_path / "o.parquet").to_pandas()
    density = -np.log1p(-frame["chance"]) / (np.pi * (frame["separation"] / 3600) ** 2)
    assert density.iloc[0] == pytest.approx(n, rel=0.1) and np.ptp(density) < 1e-6 * density.iloc[0]


@pytest.mark.parametrize("mood, says", [("refuse", "the service refuses: .*distMaxArcsec is too large"),
                                        ("html", "answer is no VOTable")])
def test_a_service_that_is_not_itself(mood, says, service, a, tmp_path):
    service.mood = mood
    with pytest.raises(AtlasError, match=says):
        crossmatch(tmp_path / "a.csv", NAME, tmp_path / "o.parquet", "1arcsec", how="cds")
    assert not (tmp_path / "o.parquet").exists()


def test_offline(a, tmp_path):
    with conf.set_temp("url", "http://127.0.0.1:9/xmatch"), cache_conf.set_temp("cache_active", False), \
            pytest.raises(AtlasError, match=r"http://127.0.0.1:9/xmatch: the service does not answer .*use --how memory"):
        crossmatch(tmp_path / "a.csv", NAME, tmp_path / "o.parquet", "1arcsec", how="cds")


def test_what_the_service_does_not_have_or_allow(service, a, tmp_path):
    with pytest.raises(ConfigError, match="II/999/none.*not available"):
        crossmatch(tmp_path / "a.csv", "II/999/none", tmp_path / "o.parquet", "1arcsec", how="cds")
    with pytest.raises(ConfigError, match="at most 180 arcsec"):
        crossmatch(tmp_path / "a.csv", NAME, tmp_path / "o.parquet", "4arcmin", how="cds")
