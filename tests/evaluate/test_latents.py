"""Fidelity of reconstructions and anomalies of latents, where the truth is known."""

import numpy as np
import pytest

from qsocore.evaluate import anomaly
from qsocore.evaluate.latents import by_class, fidelity, summary

RNG = np.random.default_rng(0)


def spectra(n=200, n_pix=300, sigma=0.05):
    model = np.sin(np.linspace(0, 9, n_pix)) + RNG.normal(size=(n, 1))
    precision = np.where(RNG.random((n, n_pix)) < 0.2, 0.0, sigma**-2)
    x = np.where(precision > 0, model + sigma * RNG.normal(size=(n, n_pix)), -999.0)
    return x, precision / (1 + 0.01 * precision), precision, model


def test_the_truth_has_a_chi2_of_one_per_pixel():
    x, w, precision, model = spectra()
    found = fidelity(x, w, precision, model)
    assert found["chi2_pix"].mean() == pytest.approx(1, abs=0.02)
    assert found["chi2_floor"].mean() == pytest.approx(400 / (1 + 0.01 * 400) / 400, abs=0.01)  # errors of at least 0.1
    assert found["mse"].mean() == pytest.approx(0.05**2, rel=0.03)
    np.testing.assert_array_equal(found["n_pix_good"], (precision > 0).sum(axis=1))


def test_a_known_offset_adds_its_square():
    x, w, precision, model = spectra()
    found, off = fidelity(x, w, precision, model), fidelity(x, w, precision, model + 0.1)
    assert off["mse"].mean() - found["mse"].mean() == pytest.approx(0.01, rel=0.05)
    assert off["chi2_pix"].mean() - found["chi2_pix"].mean() == pytest.approx(0.01 / 0.05**2, rel=0.05)


def test_a_spectrum_without_a_good_pixel_is_counted_as_missing():
    x, w, precision, model = spectra(n=5)
    precision[2] = 0
    found = fidelity(x, w, precision, model)
    assert np.isnan([found[name][2] for name in ("chi2_floor", "chi2_pix", "mse")]).all()
    assert (summary(found)["n"], summary(found)["n_missing"]) == (4, 1)


def test_a_reconstruction_that_is_not_finite_is_not_left_out():
    x, w, precision, model = spectra(n=6)
    model = np.broadcast_to(model, x.shape).copy()
    model[3, 100:] = np.nan
    found = summary(fidelity(x, w, precision, model))
    assert (found["n"], found["n_missing"]) == (6, 0)
    assert found["mse"]["mean"] == np.inf
    assert np.isfinite(found["mse"]["median"])


def test_classes_make_up_the_whole():
    x, w, precision, model = spectra(n=100)
    found = fidelity(x, w, precision, model)
    kinds = np.array(["QSO"] * 60 + ["F"] * 30 + [""] * 10, object)
    parts = by_class(found, kinds, ("QSO", "F", "L"))
    assert {name: part["n"] for name, part in parts.items()} == {"all": 100, "QSO": 60, "F": 30}
    assert parts["QSO"]["mse"]["mean"] == pytest.approx(found["mse"][:60].mean(), rel=1e-5)
    assert parts["F"]["mse"]["median"] == pytest.approx(np.median(found["mse"][60:90]), rel=1e-5)


def test_every_score_finds_what_is_odd_in_its_way():
    latents, error = RNG.normal(size=(600, 4)), RNG.uniform(1, 2, 600)
    latents[5], error[9] = 9.0, 50.0
    latents[7] = np.nan
    found = anomaly.scores(latents, error)
    assert set(found) == set(anomaly.TITLES)
    for name in ("isolation", "outlier_factor", "density"):
        assert anomaly.top(found[name], 1).tolist() == [5]
        assert np.isnan(found[name][7])
    assert anomaly.top(found["reconstruction"], 1).tolist() == [9]
    lists = {name: anomaly.top(score, 20) for name, score in found.items()}
    assert all(7 not in rows for rows in lists.values())
    shared = anomaly.shared(lists)
    assert len(shared) == 6
    assert 1 <= shared["isolation & density"] <= 20
    assert anomaly.scores(latents, error)["isolation"][:5].tolist() == found["isolation"][:5].tolist()  # the same again


def test_many_are_held_to_some(monkeypatch):
    monkeypatch.setattr(anomaly, "_REFERENCE", 300)
    latents = RNG.normal(size=(900, 3))
    latents[40] = 12.0
    assert anomaly.top(anomaly.scores(latents, np.ones(900))["outlier_factor"], 1).tolist() == [40]


def test_a_top_list_is_no_longer_than_what_is_known():
    assert anomaly.top([np.nan, 1.0, 3.0, np.nan], 9).tolist() == [2, 1]
