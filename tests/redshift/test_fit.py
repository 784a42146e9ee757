"""The compiled loops against plain linear algebra."""

import numpy as np
import pytest
from scipy.interpolate import CubicSpline

from qsocore.redshift import fit

RNG = np.random.default_rng(5)


def smooth(rows, n):
    """Curves (rows, n) that are smooth on a scale of 30 samples."""
    at = np.arange(n)
    return np.stack([1 + 0.5 * np.sin(at / (20 + 7 * row)) + 0.3 * np.cos(at / (31 + row)) for row in range(rows)])


def in_phases(curves, phases):
    rows, n = curves.shape
    return np.ascontiguousarray(curves.reshape(rows, n // phases, phases).transpose(2, 0, 1), np.float32)


@pytest.mark.parametrize("at", [40.0, 41.3, 42.75, 3.9])
def test_samples_are_placed_between_samples(at):
    curves = smooth(3, 800)
    out, weight = np.empty((3, 150), np.float32), np.linspace(1, 2, 150, dtype=np.float32)
    fit.place(in_phases(curves, 4), at, weight, out)
    wanted = CubicSpline(np.arange(800), curves, axis=1)(at + 4 * np.arange(150)) * weight
    np.testing.assert_allclose(out, wanted, atol=2e-4)


@pytest.mark.parametrize("at", [-37.2, 500.6, -5000.0, 5000.0])
def test_beyond_the_templates_there_is_nothing(at):
    curves = smooth(2, 800)
    out = np.full((2, 150), np.nan, np.float32)
    fit.place(in_phases(curves, 4), at, np.ones(150, np.float32), out)
    place = at + 4 * np.arange(150)
    inside = (place >= 4) & (place < 794)
    assert np.isfinite(out).all() and (out[:, (place < -4) | (place > 804)] == 0).all()
    np.testing.assert_allclose(out[:, inside], CubicSpline(np.arange(800), curves, axis=1)(place[inside]), atol=2e-4)


def test_the_misfit_is_that_of_a_gaussian_process():
    """Against -2 ln N(f | 0, C) with C = noise + columns S columns^T, built as a dense matrix."""
    curves, n_pix, at, width = smooth(5, 800), 120, 44.4, 0.7
    bend = (0.1 * np.linspace(-1, 1, n_pix)[None]).astype(np.float32)
    sigma = RNG.uniform(0.5, 2.0, n_pix)
    flux = 4 * smooth(1, 800)[0, 40:40 + 4 * n_pix:4] + sigma * RNG.standard_normal(n_pix)
    root = (1 / sigma).astype(np.float32)
    seen = (flux / sigma).astype(np.float32)
    rows = in_phases(np.concatenate([curves, np.zeros((1, 800))]), 4)  # the last one is the scatter
    columns, chol, x = np.zeros((6, n_pix), np.float32), np.zeros((6, 6)), np.zeros(6)
    value, chi2 = fit.misfit(rows, at, root, seen, float(seen @ seen), bend, width, columns, chol, x)

    plain = CubicSpline(np.arange(800), curves, axis=1)(at + 4 * np.arange(n_pix))
    design = np.concatenate([plain, plain[:1] * bend])
    a = (plain[0] / sigma**2) @ flux / ((plain[0] / sigma) ** 2).sum()
    prior = a**2 * np.diag([fit.MEAN_WIDTH**2, *[width**2] * 4, 1.0])
    covariance = np.diag(sigma**2) + design.T @ prior @ design
    wanted = flux @ np.linalg.solve(covariance, flux) + np.linalg.slogdet(covariance)[1] - 2 * np.log(sigma).sum()
    assert value == pytest.approx(wanted, abs=0.05)
    assert chi2 == pytest.approx(flux @ np.linalg.solve(covariance, flux), abs=0.05)
    model = x @ columns * sigma
    np.testing.assert_allclose(model, design.T @ prior @ design @ np.linalg.solve(covariance, flux), atol=0.01)


def test_weights_are_noise_and_scatter():
    rows = in_phases(np.stack([np.ones(400), np.full(400, 0.2)]), 2)  # mean, scatter
    variance = np.full(100, 4.0, np.float32)
    variance[10] = 0
    flux, level = np.full(100, 3.0, np.float32), np.full(100, 10.0, np.float32)
    root, seen, pair = np.empty(100, np.float32), np.empty(100, np.float32), np.empty((2, 100), np.float32)
    total, logs = fit.weigh(rows, 50.0, flux, variance, level, 0.1, root, seen, pair)
    w = 1 / (4 + (10 * 0.1) ** 2 + (3 * 0.2) ** 2)  # the mean's amplitude is 3
    assert root[10] == 0 and np.delete(root, 10) == pytest.approx(np.full(99, np.sqrt(w)))
    assert total == pytest.approx(99 * 9 * w, rel=1e-5) and logs == pytest.approx(99 * np.log(w), rel=1e-5)


def test_a_system_that_is_not_positive_has_no_solution():
    normal = np.array([[1.0, 2.0], [2.0, 1.0]])
    assert np.isnan(fit.solve(normal, np.ones(2), 2, np.zeros((2, 2)), np.zeros(2)))


def test_the_vertex_of_a_parabola():
    move, height, bow = fit.vertex(*(3 + 2 * (t - 0.4) ** 2 for t in (-1, 0, 1)))
    assert (move, height, bow) == pytest.approx((0.4, 3.0, 2.0))
    assert fit.vertex(1.0, 2.0, 1.0)[0] == 0
