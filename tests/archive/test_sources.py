"""Where SDSS, DESI, templates and lists have their files."""

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qsocore.archive import SOURCES, Objects
from qsocore.config import from_words
from qsocore.errors import ConfigError, ReadError
from qsocore.surveys.tables import read_table


def objects(ids=("266-51602-13",), **columns):
    n = len(ids)
    return Objects(Path("t.csv"), list(ids), np.full(n, 10.5), np.full(n, -1.25), pd.DataFrame(columns or {"x": [0] * n}))


def urls(name, given, *words):
    source = SOURCES.get(name)
    config = from_words(source.Config, words)
    source.check(given, config)
    return [request.url for row in range(len(given)) for request in source.find(given, row, config)]


SAS = "https://data.sdss.org/sas"


@pytest.mark.parametrize(("given", "words", "url"), [
    (objects(["4055-55359-596"]), ["release=dr16"],
     f"{SAS}/dr16/eboss/spectro/redux/v5_13_0/spectra/lite/4055/spec-4055-55359-0596.fits"),  # as SDSS's page has it
    (objects(["sdss:v5_7_0:10000-57346-1"]), ["kind=full"],
     f"{SAS}/dr17/eboss/spectro/redux/v5_13_2/spectra/full/10000/spec-10000-57346-0001.fits"),
    (objects(["sdss:26:266-51602-13"]), [],
     f"{SAS}/dr17/sdss/spectro/redux/26/spectra/lite/0266/spec-0266-51602-0013.fits"),
    (objects(["x"], PLATE=[2800], MJD=[54326], FIBERID=[9], RUN2D=["104"]), ["kind=full"],
     f"{SAS}/dr17/sdss/spectro/redux/104/spectra/2800/spec-2800-54326-0009.fits"),
    (objects(), ["run2d=26", "mirror=http://mirror.org/sas/"],
     "http://mirror.org/sas/dr17/sdss/spectro/redux/26/spectra/lite/0266/spec-0266-51602-0013.fits"),
])
def test_sdss(given, words, url):
    assert urls("sdss", given, *words) == [url]


@pytest.mark.parametrize("given", [objects(), objects(["266-51602"]), objects(["a-b-c"]), objects(["-1--2--3"]),
                                   objects(["x"], plate=[4055], mjd=[55359], fiberid=[np.nan])])
def test_sdss_needs_to_know(given):
    with pytest.raises(ReadError, match="give"):
        urls("sdss", given)


def test_real_spectra_are_found_again_by_what_ingest_calls_them(real):
    """The object ids of real spec files lead to files of the same names."""
    from qsocore.surveys import read_file

    files = sorted(path for survey in ("sdss", "boss") for path in (real / survey).rglob("spec-????-*-????.fits"))[::12]
    assert len(files) > 5
    for path in files:
        spectrum, = read_file(path)
        assert urls("sdss", objects([str(spectrum.object_id)]))[0].endswith(f"/{path.name}"), path


def test_desi_fetches_a_healpixel_once_with_its_redshifts(tmp_path):
    (tmp_path / "zall.csv").write_text("TARGETID,SURVEY,PROGRAM,HEALPIX\n39627640566453451,main,dark,10016\n"
                                       "39627640566453452,main,dark,10016\n39089837533316505,sv1,bright,5\n")
    table = Objects.of_table(read_table(tmp_path / "zall.csv"))
    found = urls("desi", table)
    base = "https://data.desi.lbl.gov/public/dr1/spectro/redux/iron/healpix"
    assert set(found) == {f"{base}/main/dark/100/10016/coadd-main-dark-10016.fits",
                          f"{base}/main/dark/100/10016/redrock-main-dark-10016.fits",
                          f"{base}/sv1/bright/0/5/coadd-sv1-bright-5.fits", f"{base}/sv1/bright/0/5/redrock-sv1-bright-5.fits"}
    assert table.ids[0] == "39627640566453451" and table.native(0) == "39627640566453451"
    edr = urls("desi", table, "release=edr", "redshifts=no")
    assert edr[2] == f"{base.replace('dr1', 'edr').replace('iron', 'fuji')}/sv1/bright/0/5/coadd-sv1-bright-5.fits"


def test_desi_says_which_columns_it_needs():
    with pytest.raises(ConfigError, match="nothing says the survey, program of its targets; join them from DESI's zall-pix"):
        urls("desi", objects(["39627640566453451"], healpix=[10016]))
    assert len(urls("desi", objects(["1"], healpix=[10016]), "survey=main", "program=dark")) == 2
    with pytest.raises(ReadError, match="'../x' is no survey"):
        urls("desi", objects(["1"], survey=["../x"], program=["dark"], healpix=[1]))


def test_a_template():
    given = objects(["des:dr2:17"], plate=[266], tile=["a/b c&d"])
    whole = "url=https://a.org/{native}/{plate:06d}?t={tile}&d={dec:+.2f}&r={ra}&s={size}"
    assert urls("template", given, whole, "size=32") == \
        ["https://a.org/17/000266?t=a%2Fb%20c%26d&d=-1.25&r=10.5000000&s=32"]
    assert urls("template", given, "url=https://a.org/{object_id}/{band}.fits", "bands=g,r") == \
        ["https://a.org/des%3Adr2%3A17/g.fits", "https://a.org/des%3Adr2%3A17/r.fits"]
    assert urls("template", given)[0].startswith("https://www.legacysurvey.org/viewer/fits-cutout?ra=10.5000000&dec=-1.2500000&")


@pytest.mark.parametrize(("template", "why"), [
    ("https://a.org/{nothing}", "is no column; known|did you mean"), ("https://{tile}.org/", "scheme and host"),
    ("{tile}://a.org/", "scheme and host"), ("https://a.org:{plate}/", "scheme and host"), ("a.org/{ra}", "scheme and host"),
    ("https://a.org/{band}", "name the bands"), ("https://a.org/{ra", "braces do not fit"), ("https://a.org/{}", "is no name"),
    ("https://a.org/{ra.__class__}", "is no name"), ("https://a.org/{tile[0]}", "is no name"),
    ("https://a.org/{0}", "is no column"),
])
def test_templates_that_are_refused(template, why):
    with pytest.raises(ConfigError, match=why):
        urls("template", objects(["17"], plate=[266], tile=["x"]), f"url={template}")


@given(st.text(min_size=1), st.text(min_size=1))
def test_no_value_can_change_the_structure_of_a_url(tile, native):
    given = objects([f"a:b:{native}"], tile=np.array([tile], object))
    url, = urls("template", given, "url=https://a.org/x/{native}?t={tile}&u=1")
    parts = urlsplit(url)
    assert parts.netloc == "a.org" and parts.path.count("/") == 2 and not parts.fragment
    assert parse_qs(parts.query, keep_blank_values=True) == {"t": [tile], "u": ["1"]}


def test_a_list_of_urls(tmp_path):
    (tmp_path / "list.txt").write_text("# mine\nhttps://a.org/x/17_g.fits?version=2\n\nhttps://a.org/x/18%20g.fits\n")
    lines = Objects.of_lines(tmp_path / "list.txt")
    source = SOURCES.get("urls")
    assert [source.find(lines, row, source.Config())[0].file for row in range(2)] == ["17_g.fits", "18 g.fits"]
    given = objects(["17"], image_url=["https://a.org/get?id=3"], file_name=["17_g.fits"], size=[2880], md5=["0" * 32])
    request, = source.find(given, 0, source.Config())
    assert (request.file, request.size, request.checksum) == ("17_g.fits", 2880, "md5:" + "0" * 32)
    with pytest.raises(ConfigError, match="no column of URLs"):
        urls("urls", objects())
    assert urls("urls", objects(["1"], link=["http://a.org/1"]), "column=link") == ["http://a.org/1"]


def test_objects_of_a_table(tmp_path):
    (tmp_path / "t.csv").write_text("COADD_OBJECT_ID,ra,dec\n1143273115,17.5,-54.4\n,18,-54\n")
    table = Objects.of_table(read_table(tmp_path / "t.csv"))
    assert table.ids == ["J17.50000-54.40000", "J18.00000-54.00000"]  # an id is missing, so none is one
    (tmp_path / "t.csv").write_text("COADD_OBJECT_ID,ra,dec\n1143273115,17.5,-54.4\n2,18,\n")
    table = Objects.of_table(read_table(tmp_path / "t.csv"))
    assert table.ids == ["1143273115", "2"] and table.position(0) == (17.5, -54.4)
    with pytest.raises(ReadError, match="no position"):
        table.position(1)
    (tmp_path / "t.csv").write_text("tile_id,object_id,band\n1,17,g\n2,17,r\n3,18,g\n")  # a row a file
    assert Objects.of_table(read_table(tmp_path / "t.csv")).ids == ["17", "17", "18"]
    (tmp_path / "t.csv").write_text("tile_id,targetid\n1,17\n1,18\n")
    assert Objects.of_table(read_table(tmp_path / "t.csv")).ids == ["17", "18"]
    (tmp_path / "t.csv").write_text("mag,ra,dec\n1,17.5,\n2,3,4\n")
    with pytest.raises(ReadError, match="neither ids of their own nor positions"):
        Objects.of_table(read_table(tmp_path / "t.csv"))


def test_lost_digits_are_said():
    with pytest.raises(ReadError, match="lost digits"):
        objects(["1"], targetid=[4e16]).text(0, "targetid")
