"""Figures of runs that read images: the right picture with the right words, and curves that are those measured."""

import numpy as np
import pytest

from qsocore.embed.decoder import Decoder
from qsocore.errors import ConfigError
from qsocore.explain import Examples, Explainer
from qsocore.figures import (
    anomalies,
    attributions,
    channels,
    confidence,
    confusion,
    corner,
    cutouts,
    examples,
    gallery,
    reconstructions,
    roc,
    save,
)
from qsocore.figures._images import by_wavelength, coloured, images_of
from qsocore.workflow.evaluate_classes import curves, verdict
from qsocore.workflow.judge import judge, training_rows
from qsocore.workflow.report import report


@pytest.fixture(scope="module")
def shapes(judged_images):
    return judge("shapes", judged_images.path)


@pytest.fixture(scope="module")
def features(judged_images):
    return judge("features", judged_images.path)


@pytest.fixture(scope="module")
def pictures(judged_images):
    return judge("pictures", judged_images.path)


def shown(axes):
    return np.asarray(axes.images[0].get_array())


def test_colour_follows_the_bands_by_name_and_the_sky_is_dark():
    flux = np.zeros((5, 9, 9))
    flux += 0.01 * np.random.default_rng(0).standard_normal(flux.shape)
    bands = ("z", "g", "Y", "r", "i")
    assert [bands[k] for k in by_wavelength(bands)] == ["g", "r", "i", "z", "Y"]
    flux[2, 4, 4] = flux[0, 6, 6] = 5.0  # Y and z
    flux[1, 2, 2] = 5.0  # g
    picture = coloured(flux, bands)
    assert picture.shape == (9, 9, 3) and np.median(picture) < 60
    assert picture[4, 4].argmax() == 0 and picture[2, 2].argmax() == 2
    flux[:, 8] = np.nan
    assert coloured(flux, bands)[8].max() < 60
    assert (np.ptp(coloured(flux[:2], bands[:2]).astype(int), axis=2) == 0).all()  # grey


def test_curves_are_drawn_as_they_are_measured(shapes, tmp_path):
    figure = roc.picture(shapes)
    found = curves(shapes)
    for axes in figure.axes:
        lines = {line.get_label().partition(":")[0]: line for line in axes.lines}
        for name, curve in found.items():
            np.testing.assert_allclose(lines[name].get_data(), curve.rates())
    assert f"area {next(iter(found.values())).area:.4f}" in figure.axes[0].get_legend().get_texts()[0].get_text()
    save(figure, tmp_path / "roc.png")
    assert (tmp_path / "roc.png").stat().st_size > 20_000


def test_the_surest_stand_first_and_what_is_wrong_is_red(shapes, tmp_path):
    figure = cutouts.picture(shapes, across=6)
    called, sure, right = shapes.columns["class_pred"], shapes.columns["class_conf"], verdict(shapes)
    line = [axes for axes in figure.axes[:6] if axes.images]
    said = [float(axes.get_title(loc="left").split()[0]) for axes in line]
    assert said == sorted(said, reverse=True) and said[0] == pytest.approx(sure[called == "ROUND"].max(), abs=0.006)
    places = cutouts.by_confidence(called == "ROUND", sure, 6)
    for axes, place in zip(line, places, strict=True):
        np.testing.assert_array_equal(shown(axes), coloured(images_of(shapes, [place])[0], shapes.loaded.grid.bands))
        assert (" is " in axes.get_title(loc="left")) == (right[place] == 0)
    save(figure, tmp_path / "cutouts.png")


def test_confidence_is_drawn_against_what_there_is(shapes):
    figure = confidence.picture(shapes)
    panels = [axes for axes in figure.axes if axes.get_xlabel()]
    assert [axes.get_xlabel().split()[0] for axes in panels] == ["mag_r", "true_difficulty", "z"]
    assert all(len(axes.containers) == 1 for axes in panels)  # the share that is right, with its errors


def test_images_are_drawn_with_what_is_given_back(pictures, tmp_path):
    figure = reconstructions.picture(pictures)
    chosen = reconstructions.by_quantile(pictures.columns["chi2_floor"])
    lines = np.array(figure.axes[: 6 * 5], object).reshape(6, 5)
    bands = pictures.loaded.grid.bands
    block = pictures.prepared.read(pictures.rows[chosen])
    model = Decoder(pictures.run).reconstructed(block)
    flux = images_of(pictures, chosen)
    for number in range(6):
        np.testing.assert_array_equal(shown(lines[number, 0]), coloured(flux[number], bands))
        np.testing.assert_array_equal(shown(lines[number, 1]), coloured(model[number], bands))
        sigma = (flux[number, 2] - model[number, 2]) * np.sqrt(block.ivar[number, 2])
        np.testing.assert_allclose(shown(lines[number, 4]), sigma, rtol=1e-5, atol=1e-5)
    save(figure, tmp_path / "given.png")


def test_figures_of_spectra_serve_images_too(shapes, features, pictures):
    assert gallery.picture(shapes, 3).axes and confusion.picture(shapes).axes
    odd = anomalies.picture(features, 4)
    assert len(odd.axes) == 12 and all(axes.images for axes in odd.axes)  # nothing is given back: three scores
    assert corner.picture(pictures, "z").axes


@pytest.mark.parametrize(("name", "figures", "words"), [
    ("shapes", 8, "16 × 16 pixels in g r z, 0.263 arcsec"), ("features", 3, "pictures when they are turned")])
def test_a_report_tells_of_a_run_on_images(judged_images, name, figures, words):
    text = report(name, judged_images.path)
    assert text.count("<b>Figure") == figures and words in text


def test_what_speaks_for_a_class_is_drawn_band_by_band(shapes, tmp_path):
    figure = attributions.picture(shapes, down=2, target="class CIGAR")
    lines = np.array(figure.axes, object).reshape(2, 4)
    place = np.sort(np.random.default_rng(0).permutation(len(shapes))[:2])[0]
    made = Explainer(shapes.run).explain_block(shapes.prepared.read(shapes.rows[[place]]), "class CIGAR")
    for axes, pixels in zip(lines[0, 1:], made.pixels, strict=True):
        np.testing.assert_allclose(shown(axes), pixels, atol=1e-5)
    assert lines[0, 0].get_title(loc="left") == f"class CIGAR {made.value:.2f}"
    hidden = attributions.picture(shapes, down=1, method="occlusion")
    assert hidden.axes[0].get_title(loc="left").startswith("class ")  # the one that it is called
    save(figure, tmp_path / "attributions.png")


def test_channels_and_examples_are_drawn(judged_images, shapes, tmp_path):
    figure = channels.draw("shapes", judged_images.path, most=4, steps=6)
    assert sum(bool(axes.images) for axes in figure.axes) == 4
    said = channels.draw("shapes", judged_images.path, layer="numbers", steps=6)
    assert {axes.get_title(loc="left").partition(":")[0] for axes in said.axes if axes.images} == {
        "class ROUND", "class CIGAR", "class LENS"}
    figure = examples.picture(shapes, down=2, across=3)
    held = Examples(shapes.loaded.model, shapes.prepared, training_rows(shapes))
    place = np.sort(np.random.default_rng(0).permutation(len(shapes))[:2])[0]
    rows, distance = held.nearest(shapes.prepared.read(shapes.rows[[place]]), 3)
    assert not np.isin(rows, shapes.rows).any()  # of the training side, none of the test
    label = judged_images.store.column("class")[rows[0, 0]]
    assert figure.axes[1].get_title(loc="left") == f"{label} {distance[0, 0]:.2f}"
    save(figure, tmp_path / "examples.png")


def test_what_does_not_fit_is_refused_by_name(features, pictures):
    with pytest.raises(ConfigError, match="gives no reconstructions"):
        reconstructions.picture(features)
    with pytest.raises(ConfigError, match="gives no classes"):
        roc.picture(pictures)
    with pytest.raises(ConfigError, match="gives no classes"):
        cutouts.picture(features)
