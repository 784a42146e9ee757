"""Pages of candidates: what they hold, in which order, with nothing that runs or is loaded."""

import re

import numpy as np
import pytest

from qsocore.cli import main
from qsocore.errors import ConfigError, StoreError
from qsocore.inspection import Verdict
from qsocore.store import open_store
from qsocore.store.labels import Labels
from qsocore.workflow.candidate_page import name_of
from qsocore.workflow.candidates import candidates
from qsocore.workflow.simulate import simulate_images
from tests.dashboard.survey import make_run, make_store

EVIL = '<script>alert(1)</script><img src="http://evil.example/x.png">'


@pytest.fixture(scope="module")
def spectra(tmp_path_factory):
    """Spectra with a run that gives them back; five are graded, one by hand of somebody who means no good."""
    path = tmp_path_factory.mktemp("candidates") / "s.store"
    make_store(path, 60)
    make_run(path)
    said = [(0, "ada", "4"), (0, "bob", "3"), (1, "ada", "1"), (2, "ada", "4"), (3, "bob", "2"), (4, "ada", "0")]
    with Labels.of(path) as labels:
        labels.extend([Verdict(f"test:one:{row:05d}", who, label, desk="spectra", kind="QSO") for row, who, label in said])
        labels.append(Verdict("test:one:00003", "eve<b>", "2", desk="spectra", comment=EVIL, z=1.23456))
    return path


def _harmless(page):
    assert "<script" not in page and not re.search(r"""(src|xlink:href)=["'](?!data:|#)""", page) and "@import" not in page
    assert not re.search(r"url\((?!#|['\"]?data:)", page)
    assert "Content-Security-Policy" in page and "default-src 'none'" in page
    assert all(link.startswith(("https://", "index.html", "0")) for link in re.findall(r'<a href="([^"]*)"', page))


def test_one_page_with_the_best_first(spectra, tmp_path):
    out = tmp_path / "c.html"
    found = candidates(spectra, out)
    assert found == [f"test:one:{row:05d}" for row in (2, 0, 3, 1, 4)]
    page = out.read_text()
    _harmless(page)
    assert page.count('<section class="candidate">') == 5 and page.count("<figcaption>Spectrum, reconstruction in red") == 5
    assert [page.index(name) for name in found] == sorted(page.index(name) for name in found)
    assert "&lt;script&gt;alert(1)" in page and "eve&lt;b&gt;" in page and "z = 1.2346" in page
    assert "mean 3.50; 1 4, 1 3" in page and " deg</dd>" in page
    row = open_store(spectra).row(2)
    assert name_of(row) in page and f"{row['z']:.5f}" in page


def test_graders_without_their_names(spectra, tmp_path):
    candidates(spectra, tmp_path / "c.html", anonymous=True)
    page = (tmp_path / "c.html").read_text()
    assert "<td>ada</td>" not in page and "<td>bob</td>" not in page and "eve&lt;" not in page
    assert {f"grader {k}" for k in (1, 2, 3)} <= set(re.findall(r"grader \d", page))


def test_a_folder_has_an_index_and_a_page_each(spectra, tmp_path, capsys):
    assert main(["candidates", str(spectra), "--out", str(tmp_path / "pages"), "--grade", "4,3"]) == 0
    assert "2 candidates" in capsys.readouterr().out
    index = (tmp_path / "pages" / "index.html").read_text()
    links = re.findall(r'href="(\d+\.html)"', index)
    assert links == ["0001.html", "0002.html"]
    for link in links:
        _harmless((tmp_path / "pages" / link).read_text())
    _harmless(index)


def test_which_are_meant(spectra, tmp_path):
    out = tmp_path / "c.html"
    assert candidates(spectra, out, ids=["test:one:00009", "test:one:00001"]) == ["test:one:00001", "test:one:00009"]
    assert "Nobody has graded it" in out.read_text()
    z = open_store(spectra).column("z")
    assert set(candidates(spectra, out, where="z > 3")) == {f"test:one:{row:05d}" for row in np.flatnonzero(z > 3)}
    assert candidates(spectra, out, ids=["test:one:00000"], grades=["3"]) == ["test:one:00000"]  # of 4 and 3 the worse
    with pytest.raises(ConfigError, match="no candidates"):
        candidates(spectra, out, grades=["A"])
    with pytest.raises(StoreError, match="no object 'test:one:99999'"):
        candidates(spectra, out, ids=["test:one:99999"])
    with pytest.raises(StoreError, match="no campaign"):
        candidates(spectra, out, campaign="none")


def test_images_and_photometry(tmp_path):
    store = simulate_images(tmp_path / "des.store", 3, seed=2, workers=1)
    first = store.column("object_id")[0]
    with Labels.of(store.path) as labels:
        labels.append(Verdict(first, "ada", "X", desk="lenses", kind="merger"))
    assert candidates(store.path, tmp_path / "c.html") == [first]
    page = (tmp_path / "c.html").read_text()
    _harmless(page)
    assert "bands from blue to red" in page and "best model of each kind" in page and "ΔBIC 0.0" in page
    assert page.count("data:image/png") >= 6 and "<td>merger</td>" in page and " ± " in page


@pytest.mark.parametrize(("ra", "dec", "name"), [
    (0.0, 0.0, "J000000.00+000000.0"), (359.9999999, -0.0001, "J235959.99-000000.3"),
    (17.4566, -45.3219, "J010949.58-451918.8"), (15.0, 89.99999, "J010000.00+895959.9")])
def test_names_are_cut_and_not_rounded(ra, dec, name):
    assert name_of({"ra": ra, "dec": dec, "object_id": "x"}) == name
