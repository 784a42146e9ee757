"""Lenses: the isothermal sphere by hand, the ellipsoid with shear by lenstronomy, the population by what is known of it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qsocore.simulate.bands import BANDS
from qsocore.simulate.images import lenses as population
from qsocore.simulate.images.lens import Lenses, images


def some(n, seed=1, **fixed):
    rng = np.random.default_rng(seed)
    values = {"theta_e": rng.uniform(0.4, 2.0, n), "q": rng.uniform(0.4, 0.98, n), "angle": rng.uniform(0, np.pi, n),
              "gamma_1": 0.06 * rng.standard_normal(n), "gamma_2": 0.06 * rng.standard_normal(n)}
    return Lenses(**{name: np.full(n, fixed[name]) if name in fixed else value for name, value in values.items()}), rng


@settings(max_examples=30, deadline=None)
@given(st.floats(0.3, 2.5), st.floats(0.02, 0.95), st.floats(0, 6.28))
def test_an_isothermal_sphere_has_images_at_beta_plus_and_minus_theta_e(theta_e, fraction, turn):
    beta = fraction * theta_e
    lens, _ = some(1, theta_e=theta_e, q=1 - 1e-6, gamma_1=0.0, gamma_2=0.0)
    place, mu = images(lens, beta * np.array([[np.cos(turn), np.sin(turn)]]))
    along = place[0] @ np.array([np.cos(turn), np.sin(turn)])
    order = np.argsort(-along[np.isfinite(along)])
    np.testing.assert_allclose(along[order], [beta + theta_e, beta - theta_e], rtol=1e-4)
    np.testing.assert_allclose(mu[0][order], [1 + theta_e / beta, 1 - theta_e / beta], rtol=1e-2)


def test_images_and_magnifications_are_those_of_lenstronomy():
    lens_model = pytest.importorskip("lenstronomy.LensModel.lens_model")
    from lenstronomy.Util.param_util import phi_q2_ellipticity

    model = lens_model.LensModel(["SIE", "SHEAR"])
    lens, rng = some(60)
    source = 0.4 * lens.theta_e[:, None] * rng.uniform(-1, 1, (60, 2))
    place, mu = images(lens, source)
    for number in range(60):
        e1, e2 = phi_q2_ellipticity(lens.angle[number], lens.q[number])
        told = [{"theta_E": lens.theta_e[number], "e1": e1, "e2": e2, "center_x": 0, "center_y": 0},
                {"gamma1": lens.gamma_1[number], "gamma2": lens.gamma_2[number]}]
        here = np.isfinite(mu[number])
        x, y = place[number][here].T
        np.testing.assert_allclose(model.ray_shooting(x, y, told), source[number][:, None] + 0 * x, atol=1e-7)
        np.testing.assert_allclose(mu[number][here], model.magnification(x, y, told), rtol=2e-3)


def test_no_image_is_missed():
    """lenstronomy's search over the plane finds as many as the roots around the circle."""
    solver = pytest.importorskip("lenstronomy.LensModel.Solver.lens_equation_solver")
    from lenstronomy.LensModel.lens_model import LensModel
    from lenstronomy.Util.param_util import phi_q2_ellipticity

    lens, rng = some(12, seed=3, theta_e=1.0)
    source = 0.25 * rng.uniform(-1, 1, (12, 2))
    _, mu = images(lens, source)
    search = solver.LensEquationSolver(LensModel(["SIE", "SHEAR"]))
    for number in range(12):
        e1, e2 = phi_q2_ellipticity(lens.angle[number], lens.q[number])
        told = [{"theta_E": 1.0, "e1": e1, "e2": e2, "center_x": 0, "center_y": 0},
                {"gamma1": lens.gamma_1[number], "gamma2": lens.gamma_2[number]}]
        x, y = search.image_position_from_source(*source[number], told, min_distance=0.03, search_window=5,
                                                  solver="lenstronomy")
        assert np.isfinite(mu[number]).sum() == (np.hypot(x, y) > 1e-3).sum()  # the softened centre shines there


def test_parities_sum_up():
    """Two images: one minimum, one saddle; four: two of each (a singular centre hides the maximum)."""
    lens, rng = some(400, seed=4)
    _, mu = images(lens, 0.3 * lens.theta_e[:, None] * rng.uniform(-1, 1, (400, 2)))
    number = np.isfinite(mu).sum(axis=1)
    assert set(np.unique(number)) <= {1, 2, 3, 4} and (number == 4).sum() > 50
    positive = (mu > 0).sum(axis=1)
    assert (positive[number == 2] == 1).all() and (positive[number == 4] == 2).all()


def test_einstein_radii_are_of_the_size_that_is_known():
    """4 pi (220 km/s / c)^2 is 1.39 arcsec; a lens at z = 0.6 takes a quarter of it away for a source at z = 6."""
    assert population.einstein_radius(220.0, np.array(1e-4), 6.0) == pytest.approx(1.39, abs=0.01)
    assert population.einstein_radius(220.0, np.array(0.6), 6.0) == pytest.approx(1.02, abs=0.04)


def test_the_population_is_as_expected_of_lensed_quasars():
    scene, truth = population.draw(1200, np.random.default_rng(6))
    assert 0.65 < np.median(truth["true_theta_e"]) < 1.0
    assert 0.07 < (truth["subclass"] == "quad").mean() < 0.16  # 10 to 15 % (Yue et al. 2022)
    assert (truth["true_separation"] > 0.5).mean() > 0.9
    assert (truth["true_magnification"] > 1).all() and 2.5 < np.median(truth["true_magnification"]) < 5
    assert truth["true_n_images"].min() == 2
    doubles = truth["subclass"] == "double"
    np.testing.assert_allclose(truth["true_separation"][doubles], 2 * truth["true_theta_e"][doubles], rtol=0.45)
    # The images share the quasar's light, and the catalogue position is the centre of light in z
    z = BANDS.index("z")
    weights = scene.flux[:, z].astype(float)
    for place in (scene.x, scene.y):
        centre = np.bincount(scene.owner, weights * place, scene.n) / np.bincount(scene.owner, weights, scene.n)
        assert np.abs(centre).max() < 1e-9
    deflector = scene.index > 0
    assert deflector.sum() == scene.n
    assert (np.bincount(scene.owner[~deflector], minlength=scene.n) == truth["true_n_images"]).all()
