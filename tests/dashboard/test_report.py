"""A report is one file that holds everything, loads nothing and lets no catalogue's words become markup."""

import base64
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from dashboard.library import Library
from dashboard.paper import histogram_figure
from dashboard.report import N_ROWS, N_STRIPS, Report, report
from qsocore.store import StoreWriter
from tests.dashboard.survey import GRID

EVIL = '<script>alert("1")</script><img src=https://evil.example/x onerror=alert(1)>'
ABOUT = {"store": f"s {EVIL}", "run": None, "citation": ["A (2000)", EVIL], "more": {"a": EVIL}}
_VOID = {"meta", "img", "br", "path"}


class Reader(HTMLParser):
    """What an HTML reader finds: elements with their attributes, whether they nest, and the text."""

    def __init__(self, text):
        super().__init__()
        self.found, self.open, self.text, self.balanced = [], [], [], True
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        self.balanced &= bool(self.open) and self.open.pop() == tag

    def handle_startendtag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.text.append(data)


def made_of(table, **more):
    figures = [(histogram_figure(table, np.arange(5), ["z"]), f"Histograms {EVIL}")]
    return Report(f"Title {EVIL}", f"class == '{EVIL}'", '{"op": "all"}', ABOUT, "qso export a & b", figures,
                  ["object_id", "class", "z", "ra"], **more)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """A store in which every text of the catalogue is an attack."""
    path, n = tmp_path_factory.mktemp("report") / "evil<b>.store", 5
    flux = np.ones((n, GRID.n_pix), np.float32)
    catalog = {"object_id": [f"evil:1:{k}{EVIL}" for k in range(n)], "survey": [EVIL] * n, "ra": np.zeros(n),
               "dec": np.zeros(n), "z": np.ones(n), "class": [EVIL] * n, "snr_median": np.ones(n),
               "calibrated": np.ones(n, bool)}
    writer = StoreWriter(path, GRID, {"command": "tests"}, 1)
    writer.write_shard(0, flux, flux, np.zeros(flux.shape, np.uint8), catalog)
    writer.finish()
    return Library.open(path).table()


def assert_harmless(text):
    read = Reader(text)
    tags = {tag for tag, _ in read.found}
    assert not tags & {"script", "iframe", "object", "link", "form", "base", "embed"}
    assert read.balanced and read.open == []
    for tag, attributes in read.found:
        assert not [name for name in attributes if name.startswith("on")], tag
        for name in ("src", "href", "xlink:href"):
            assert name not in attributes or attributes[name].startswith("data:image/png;base64,")
    assert "url(" not in text and "@import" not in text
    policy = next(attributes["content"] for tag, attributes in read.found if attributes.get("http-equiv"))
    assert policy.startswith("default-src 'none'")
    return read


def test_hostile_words_stay_words(hostile):
    read = assert_harmless(report(made_of(hostile), hostile, np.arange(hostile.n_rows)))
    text = "".join(read.text)
    assert text.count(EVIL) > 10, "what the catalogue says is shown as it is"
    assert sum(tag == "img" for tag, _ in read.found) == 1, "the figure's own"


def test_it_holds_rule_counts_figures_spectra_table_and_provenance(library):
    table = library.table("small")
    rows = np.flatnonzero(table.numbers("z") > 1)[::-1]
    text = report(made_of(table), table, rows, library.decoder("small"))
    read = assert_harmless(text)
    said = "".join(read.text)
    for word in (f"{len(rows):,} of 400 objects", f"QSO {len(rows)}", "A (2000)", "qso export a & b"):
        assert word in said
    picture = re.search(r"data:image/png;base64,([^\"]+)", text)[1]
    assert base64.b64decode(picture).startswith(b"\x89PNG")
    strips = re.findall(r'<div class="strip"><b title="([^"]+)".*?class="flux" d="(M[^"]+)".*?class="model" d="(M[^"]+)"', text)
    assert [name for name, *_ in strips] == table.ids_of(rows[:N_STRIPS])
    listed = re.findall(r'<td class="text">(test:one:\d+)</td>', text)
    assert listed == table.ids_of(rows[:N_ROWS])
    assert f"The first {N_ROWS} of {len(rows)}" in said


def test_an_empty_selection_has_a_report(library):
    table = library.table("small")
    assert "0 of 400 objects" in "".join(assert_harmless(report(made_of(table), table, np.arange(0))).text)
