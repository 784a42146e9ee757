"""Figures of real, if small, runs: their axes hold the data that they should."""

import numpy as np
import pytest

from qsocore.errors import ConfigError, StoreError
from qsocore.evaluate.classes import Confusion
from qsocore.figures import (
    FIGURES,
    anomalies,
    calibration,
    classes,
    confusion,
    corner,
    gallery,
    latents,
    properties,
    reconstructions,
    redshift,
    save,
    training,
    traversal,
)
from qsocore.units import velocity
from qsocore.workflow.judge import judge
from tests.judged import CLASSES


@pytest.fixture(scope="module")
def by_class(trained):
    return judge("classes", trained.path)


@pytest.fixture(scope="module")
def by_redshift(trained):
    return judge("redshifts", trained.path)


@pytest.fixture(scope="module")
def by_latents(trained):
    return judge("latents", trained.path)


def titled(figure, word):
    """The first axes whose title begins so."""
    return next(axes for axes in figure.axes if axes.get_title(loc="left").startswith(word))


def test_redshift_has_every_quasar_once(by_redshift, tmp_path):
    figure = redshift.picture(by_redshift)
    of = by_redshift.truth.quasar == 1
    dv = velocity(by_redshift.columns["z_pred"], by_redshift.truth.z)[of]
    against = titled(figure, "Predicted against")
    good, far = (next(line for line in against.lines if line.get_gid() == gid) for gid in ("good", "far"))
    assert len(far.get_xdata()) == (np.abs(dv) > 6000).sum()
    assert len(good.get_xdata()) + len(far.get_xdata()) == of.sum()
    bars = titled(figure, "Error as a velocity").patches
    assert sum(bar.get_height() for bar in bars) == (np.abs(dv) <= 3000).sum()
    curve = titled(figure, "Error as a velocity").lines[0]
    v, normal = curve.get_data()
    assert v[np.argmax(normal)] == pytest.approx(8, abs=10)  # QuasarNET's mean
    assert np.interp(8 + 664, v, normal) / normal.max() == pytest.approx(np.exp(-0.5), rel=0.01)
    by_index = titled(figure, "Error by index")
    assert sum(len(line.get_xdata()) for line in by_index.lines[:2]) == of.sum()
    assert titled(figure, "Quasars found, by threshold").lines[0].get_ydata().shape == (12,)
    save(figure, tmp_path / "redshift.png")
    assert (tmp_path / "redshift.png").stat().st_size > 20_000


def test_confusion_shows_counts_and_both_shares(by_class):
    figure = confusion.picture(by_class)
    found = Confusion.of(by_class.truth.kind, by_class.columns["class_pred"], CLASSES)
    counts, rows, columns = figure.axes
    words = {text.get_position(): text.get_text() for text in counts.texts}
    shown = np.array([[int(words.get((j, i), "0").replace(",", "")) for j in range(len(CLASSES))] for i in range(len(CLASSES))])
    np.testing.assert_array_equal(shown, found.counts)
    for axes, share in ((rows, found.by_row()), (columns, found.by_column())):
        for text in axes.texts:
            j, i = text.get_position()
            if text.get_text() not in ("·", "100"):
                assert float(text.get_text()) == pytest.approx(100 * share[i, j], abs=0.051)
    assert [label.get_text() for label in counts.get_yticklabels()] == list(CLASSES)


def test_classes_shows_population_and_shares(by_class):
    figure = classes.picture(by_class)
    found = Confusion.of(by_class.truth.kind, by_class.columns["class_pred"], CLASSES)
    population, recall, _ = figure.axes
    widths = [bar.get_width() for bar in population.patches]
    assert widths == [*found.counts.sum(axis=1), *found.counts.sum(axis=0)]
    np.testing.assert_allclose([bar.get_width() for bar in recall.patches], found.recall[np.isfinite(found.recall)])


def test_calibration_counts_every_object(by_class, by_redshift):
    figure = calibration.picture(by_class)
    for axes in figure.axes[2:]:
        assert axes.patches[0].get_data().values.sum() == len(by_class)
    assert len(calibration.picture(by_redshift).axes) >= 4  # is_qso and z_conf at least


def test_gallery_chooses_what_it_says(by_class, by_redshift):
    chosen = gallery.choose(by_class, 4)
    right = by_class.columns["class_pred"] == by_class.truth.kind
    sure = by_class.columns["class_conf"]
    assert right[chosen["right"]].all()
    assert not right[chosen["wrong"]].any()
    if len(chosen["wrong"]):
        assert sure[chosen["wrong"][0]] == sure[~right].max()
    assert sure[chosen["uncertain"][0]] == sure.min()
    assert by_class.columns["unlike"][chosen["unlike"][0]] == by_class.columns["unlike"].max()
    figure = gallery.picture(by_class, across=2)
    drawn = [axes for axes in figure.axes if axes.lines]
    assert len(drawn) == sum(min(len(rows), 2) for rows in chosen.values())
    flux = drawn[0].lines[0].get_ydata()
    stored = by_class.store.spectra([by_class.rows[gallery.choose(by_class, 2)["right"][0]]]).flux[0]
    assert np.nanmedian(flux) == pytest.approx(np.median(stored), rel=0.1)
    assert set(gallery.choose(by_redshift, 3)) == {"right", "wrong", "uncertain"}


def test_latents_draws_a_point_a_run(trained, by_latents):
    figure = latents.draw(trained.path, ["latents"])
    line = figure.axes[0].lines[0]
    np.testing.assert_allclose(line.get_xydata(), [[3, by_latents.columns["chi2_floor"].mean()]], rtol=1e-5)
    assert figure.axes[0].get_title(loc="left") == f"All ({len(by_latents):,})"
    some = by_latents.among(np.array([by_latents.rows[3], by_latents.rows[8], -1]))
    assert (len(some), len(some.truth)) == (2, 2)
    np.testing.assert_array_equal(some.columns["mse"], by_latents.columns["mse"][[3, 8]])
    with pytest.raises(ConfigError, match="gives no latents"):
        latents.draw(trained.path, ["classes"])


def test_properties_counts_objects_and_their_error(by_latents, by_redshift):
    figure = properties.picture(by_latents, "z,snr_median")
    assert figure.axes[0].patches[0].get_data().values.sum() >= 0.97 * len(by_latents)
    assert "z" in figure.axes[2].get_xlabel() and "snr_median" in figure.axes[3].get_xlabel()
    x, medians = properties.running_median(np.arange(100.0), np.arange(100.0) ** 2, 0, 100, 4)
    np.testing.assert_allclose(x, [12.5, 37.5, 62.5, 87.5])
    assert medians[1] == pytest.approx(37.0**2, rel=1e-3)
    assert properties.picture(by_redshift, "z").axes[1].get_ylabel() == "log |Δv| (km/s)"
    with pytest.raises(ConfigError, match="holds no numbers"):
        properties.picture(by_latents, "class")
    with pytest.raises(StoreError, match="no column"):
        properties.picture(by_latents, "nothing")


def test_corner_counts_every_object(by_latents, by_class):
    figure = corner.picture(by_latents)
    panel = figure.axes[3]  # second row, first column
    counted = np.asarray(panel.collections[0].get_array(), float)
    assert np.nansum(counted) >= 0.98 * len(by_latents)
    coloured = corner.picture(by_latents, colour="z")
    mean = np.asarray(coloured.axes[3].collections[0].get_array(), float)
    np.testing.assert_array_equal(np.isfinite(np.ravel(mean)), np.isfinite(np.ravel(counted)))
    assert np.nanmax(mean) == pytest.approx(by_latents.truth.z.max(), rel=0.05)
    assert len(corner.picture(by_class, "z,snr_median").axes) == 5  # four panels and the bar


def test_reconstructions_go_from_well_to_badly(by_latents):
    error = by_latents.columns["chi2_floor"]
    places = reconstructions.by_quantile(error)
    assert (np.diff(error[places]) >= 0).all()
    figure = reconstructions.picture(by_latents)
    models = [line for axes in figure.axes for line in axes.lines if line.get_gid() == "model"]
    assert len(models) == 6
    row = by_latents.rows[places[0]]
    assert np.nanmedian(models[0].get_ydata()) == pytest.approx(np.median(by_latents.store.spectra([row]).flux[0]), rel=0.3)


def test_traversal_meets_at_the_mean(by_latents):
    moved = traversal.traverse(by_latents)
    assert moved.shape == (3, 5, by_latents.loaded.grid.n_pix)
    np.testing.assert_allclose(moved[0, 2], moved[2, 2], rtol=1e-4, atol=1e-4)
    component = by_latents.loaded.model.components[1].numpy()
    spread = np.subtract(*np.percentile(by_latents.latents[:, 1], [99, 1]))
    seen = by_latents.loaded.model.seen.numpy() > 0
    np.testing.assert_allclose((moved[1, 4] - moved[1, 0])[seen], spread * component[seen], atol=1e-3)  # PCA is linear
    assert np.isnan(moved[:, :, ~seen]).all()
    figure = traversal.picture(by_latents)
    assert [len(axes.lines) for axes in figure.axes] == [5, 5, 5]


def test_anomalies_draws_the_top_of_each_list(by_latents):
    figure = anomalies.picture(by_latents, across=2)
    drawn = [axes for axes in figure.axes if axes.get_gid()]
    assert len(drawn) == 8
    worst = by_latents.rows[np.argmax(by_latents.columns["chi2_floor"])]
    assert drawn[4].get_gid() == by_latents.store.row(int(worst))["object_id"]  # of the reconstruction error


def test_training_draws_the_journal(trained):
    from qsocore.train.journal import read_journal

    figure = training.draw(["latents", "classes"], trained.path)
    events = [event for event in read_journal(trained.store.run("classes").journal) if event["event"] == "epoch"]
    loss = figure.axes[0]
    label = {line.get_label(): line for line in loss.lines}
    np.testing.assert_allclose(label["classes, validation"].get_ydata(), [event["valid_loss"] for event in events])
    assert "latents, training" in label
    with pytest.raises(StoreError, match="no finished run"):
        training.draw(["nobody"], trained.path)


def test_a_run_of_the_wrong_kind_is_refused(by_latents, by_class):
    for draw, judged, word in ((redshift.picture, by_latents, "redshifts"), (confusion.picture, by_latents, "classes"),
                               (traversal.picture, by_class, "latents"), (anomalies.picture, by_class, "latents")):
        with pytest.raises(ConfigError, match=f"gives no {word}"):
            draw(judged)
    with pytest.raises(ConfigError, match="no probability"):
        calibration.picture(by_latents)


def test_every_figure_is_one_of_the_family():
    assert {"redshift", "confusion", "calibration", "classes", "gallery", "latents", "properties", "corner", "reconstructions",
            "traversal", "anomalies", "training"} <= set(FIGURES.names())
    assert "style" not in FIGURES.names()
