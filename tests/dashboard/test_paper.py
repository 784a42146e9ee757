"""Figures for papers are files of their kind, on white, with labels, and say where they come from."""

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dashboard import palettes, paper, spectrum
from dashboard.colourings import EMPTY, Scale
from dashboard.paper import MapPicture, composite_figure, histogram_figure, map_figure, save, spectrum_figure
from dashboard.raster import View
from qsocore.errors import ConfigError

ABOUT = {"store": "a <b> & $x$ é", "rule": {"op": "all"}}
WINDOW = View(-1, 1, 0, 2, 40, 20)


@pytest.fixture
def table(library):
    return library.table("small")


def picture(**more):
    levels = np.full((20, 40), EMPTY, np.uint8)
    levels[:10, :20] = 253
    return MapPicture(WINDOW, levels, palettes.continuous("viridis", "light"), "UMAP x", "$cost & <unit>$", "Redshift", **more)


def test_the_lowest_row_of_the_raster_is_below(tmp_path):
    save(map_figure(picture(scale=Scale(0, 3))), tmp_path / "a.png", ABOUT)
    image = np.asarray(Image.open(tmp_path / "a.png").convert("RGB")).astype(int)
    assert (image[0, 0] == 255).all(), "the page is white"
    last = [int(palettes.continuous("viridis", "light")[253][k : k + 2], 16) for k in (1, 3, 5)]
    rows, columns = np.nonzero((np.abs(image - last).sum(axis=2) < 6)[:, : image.shape[1] * 3 // 4])
    assert np.median(rows) > image.shape[0] / 2 and np.median(columns) < image.shape[1] / 2
    assert json.loads(Image.open(tmp_path / "a.png").text["Description"]) == ABOUT


@pytest.mark.parametrize("more", [{"scale": Scale(1, 1000, log=True)},
                                  {"scale": Scale(0, 1, ranks=tuple(np.linspace(0, 1, 9)))},
                                  {"classes": (("QSO", "#cf8a00", 5), ("$\\bad{", "#2f94d0", 1), ("none", "#000000", 0))},
                                  {"chosen": np.zeros((20, 40), np.uint8), "focus": (0.0, 1.0)}])
def test_every_key_can_be_drawn(tmp_path, more):
    save(map_figure(picture(**more)), tmp_path / "a.svg", ABOUT)
    text = "".join(ET.parse(tmp_path / "a.svg").getroot().itertext())
    assert "$cost & <unit>$" in text
    if "classes" in more:
        assert "QSO (5)" in text and "none" not in text


@pytest.mark.parametrize("kind", paper.FORMATS)
def test_a_spectrum_in_every_format(table, library, tmp_path, kind):
    shown = spectrum.look_at(table, 10, library.decoder("small"))
    save(spectrum_figure(shown), tmp_path / f"a.{kind}", ABOUT)
    content = (tmp_path / f"a.{kind}").read_bytes()
    assert content.startswith({"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[kind])
    if kind == "svg":
        text = "".join(ET.fromstring(content).itertext())
        for word in (shown.object_id, "Residual", "reconstruction", "Observed wavelength in vacuum"):
            assert word in text
        assert json.dumps(ABOUT) in text


def test_a_spectrum_without_a_run_has_no_residual(table):
    figure = spectrum_figure(spectrum.look_at(table, 5))
    assert len(figure.axes) == 1 and np.isfinite(figure.axes[0].get_ylim()).all()


def test_composites_show_bands_and_numbers(table):
    from qsocore.compare.composite import combine
    from qsocore.compare.scaling import by_overlap
    from qsocore.compare.stack import read

    rows = np.arange(60)
    stack = read(table.store, rows, frame="observed")
    figure = composite_figure({"selected": combine(stack, by_overlap(stack), n_boot=8)})
    flux, number = figure.axes
    assert "Observed wavelength" in number.get_xlabel() and "median" in flux.get_ylabel()
    assert "selected (" in flux.get_legend().get_texts()[0].get_text()
    assert number.get_ylim()[0] == 0


def test_histograms_are_shares_of_both_samples(table):
    figure = histogram_figure(table, np.arange(50), ["z", "snr_median", "mag_r", "latent_0", "latent_1"])
    assert len(figure.axes) == 5
    for axes in figure.axes:
        for stairs in axes.patches:
            assert 0.9 < stairs.get_data().values.sum() <= 1.0001


def test_another_ending_is_refused_and_writes_nothing(tmp_path):
    with pytest.raises(ConfigError, match="known: png, svg, pdf"):
        save(map_figure(picture()), Path(tmp_path / "a.bmp"), ABOUT)
    assert list(tmp_path.iterdir()) == []
