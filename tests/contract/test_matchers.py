"""Every way to cross-match gives the same matches, on the hardest sky: poles, 0 h, doubles, rows without a place."""

import numpy as np
import pyarrow.parquet as pq
import pytest
from astropy.table import Table

from qsocore.errors import ConfigError
from qsocore.match import MATCHERS
from qsocore.workflow.crossmatch import crossmatch
from tests.match.cds import serving
from tests.match.skies import RADIUS, brute, hard

WAYS = [("best", False), ("best", True), ("all", False)]


@pytest.fixture(scope="module")
def sky(tmp_path_factory):
    """Both catalogues and their files."""
    folder = tmp_path_factory.mktemp("sky")
    a, b = hard()
    a.to_parquet(folder / "a.parquet")
    b.to_parquet(folder / "b.parquet")
    return folder, a, b


@pytest.fixture(scope="module")
def cds():
    """A service of CDS on this machine, to which astroquery is turned."""
    from astroquery import cache_conf
    from astroquery.xmatch import conf

    with serving(Table()) as service, conf.set_temp("url", service.url), cache_conf.set_temp("cache_active", False):
        yield service


@pytest.mark.parametrize("find, symmetric", WAYS)
@pytest.mark.parametrize("how", MATCHERS.names())
def test_every_way_finds_what_brute_force_finds(how, find, symmetric, sky, cds, tmp_path):
    folder, a, b = sky
    report = crossmatch(folder / "a.parquet", folder / "b.parquet", tmp_path / "m.parquet", f"{RADIUS} arcsec", find, symmetric,
                        how, shifts=False)
    frame = pq.read_table(tmp_path / "m.parquet").to_pandas()
    assert set(zip(frame["id"], frame["id_2"], strict=True)) == brute(a, b, RADIUS, find, symmetric)
    assert len(frame) == report.pairs == len(frame[["id", "id_2"]].drop_duplicates())
    assert report.matched_a == frame["id"].nunique()
    assert (report.n_a, report.unplaced_a) == (len(a) - 2, 2)
    assert report.n_b == np.isfinite(b["ra"] + b["dec"]).sum() and report.n_b + report.unplaced_b == len(b)
    assert frame["separation"].between(0, RADIUS).all() and frame["chance"].between(0, 1).all()
    assert list(frame.columns) == ["id", "ra", "dec", "mag", "id_2", "ra_2", "dec_2", "separation", "chance"]


@pytest.mark.parametrize("how", MATCHERS.names())
def test_no_match_is_an_empty_table_with_all_columns(how, sky, cds, tmp_path):
    folder, _, b = sky
    b[:5].assign(dec=47.0, ra=np.arange(5) + 100.0).to_parquet(tmp_path / "far.parquet")
    report = crossmatch(folder / "a.parquet", tmp_path / "far.parquet", tmp_path / "m.csv", "0.01arcsec", how=how, shifts=False)
    assert report.pairs == report.matched_a == 0
    assert (tmp_path / "m.csv").read_text().strip().replace('"', "") == "id,ra,dec,mag,id_2,ra_2,dec_2,separation,chance"


@pytest.mark.parametrize("how", MATCHERS.names())
def test_a_member_says_what_it_is(how):
    matcher = MATCHERS.get(how)
    assert matcher.name == how and matcher.title and set(matcher.needs) <= {"a", "b"}


def test_an_unknown_way(sky, tmp_path):
    with pytest.raises(ConfigError, match="no way to cross-match is called 'hat'"):
        crossmatch(sky[0] / "a.parquet", sky[0] / "b.parquet", tmp_path / "m.csv", "1arcsec", how="hat")
