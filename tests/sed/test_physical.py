"""Physical models: their tables are their spectra, their priors are those stated."""

import numpy as np
import pytest

from qsocore.errors import ConfigError
from qsocore.sed import galaxies, quasars
from qsocore.sed.curves import curve_of
from qsocore.sed.fit import BOTH
from qsocore.sed.forests import FORESTS
from qsocore.sed.optimum import fit_at, optimum
from qsocore.sed.physical import Physical
from qsocore.simulate.bands import BANDS, band_wave, fluxes_of, per_f_lambda, responses
from qsocore.simulate.starlight import AGES
from tests.sed.conftest import observed


def some(model, n, seed=3):
    rng = np.random.default_rng(seed)
    low, high = np.array(list(model.bounds.values())).T
    theta = low + (high - low) * rng.uniform(0.05, 0.6, (n, low.size))
    if "t0" in model.names:
        theta[:, :2] = -np.sort(-theta[:, :2], axis=1)
    return theta


@pytest.mark.parametrize(("kind", "z", "k"), [("galaxy", None, 6), ("quasar", 6.0, 2), ("quasar", None, 3), (BOTH, 6.0, 8)])
def test_parameters_are_as_many_as_stated_and_bands_are_those_of_the_spectrum(kind, z, k):
    model = Physical(kind, BANDS, z)
    assert model.k == k
    theta = some(model, 6)
    fluxes = observed(model.parts(theta).sum(axis=1), 0)
    for row in range(6):
        one = fit_at(model, theta[row], fluxes.take(row))
        curve = curve_of(one)
        through = (curve.flux / per_f_lambda()) @ responses(BANDS)
        bright = through > 1e-3 * through.max()
        np.testing.assert_allclose(one.model[bright], through[bright], rtol=0.06)  # between the nodes of the tables


def test_priors_are_those_of_the_published_fits():
    galaxy, quasar = Physical("galaxy", BANDS), Physical("quasar", BANDS, 6.0)
    good = np.array([[5.0, 1.0, 11.0, 1.0, 0.5, 1.0]])
    assert galaxy.log_prior(good)[0] == 0
    for number, value in ((1, 5.1), (0, 13.1), (2, 7.9), (3, 2.1), (4, -0.1), (5, 10.1)):
        bad = good.copy()
        bad[0, number] = value
        assert galaxy.log_prior(bad)[0] == -np.inf
    assert Physical(BOTH, BANDS, 6.0).bounds["z_galaxy"] == (0.0, 4.0)
    assert quasar.log_prior(np.array([[20.0, 0.1, 0.25, 0.0]]))[0] == pytest.approx(-0.5)  # one sigma of the slope


def test_a_quasar_has_its_magnitude_and_an_sed_without_dust_is_brighter():
    light = quasars.spectra(*np.array([[4.0], [0.0], [0.0], [1.0]]))[0] * per_f_lambda()
    at = np.abs(band_wave() - 1450 * 5).argmin()
    assert light[at] == pytest.approx(fluxes_of(quasars.MAGNITUDE), rel=0.1)  # lines beside it
    dusty = quasars.spectra(*np.array([[4.0], [0.0], [0.3], [1.0]]))[0] * per_f_lambda()
    assert dusty[at] == pytest.approx(light[at], rel=1e-2) and dusty[at - 100] < light[at - 100]


def test_forests_darken_and_stop_at_the_lyman_limit():
    wave, z = band_wave(), np.array([5.5])
    for law in FORESTS.values():
        through = law(wave, z)[0]
        assert (through[wave < 900 * 6.5] == 0).all() and (through[wave > 1220 * 6.5] == 1).all()
        assert (law(wave, z, 1.2) <= law(wave, z, 1.0)).all()
    between = (wave > 1100 * 6.5) & (wave < 1150 * 6.5)
    assert FORESTS["bosman"](wave, z)[0, between].mean() < FORESTS["becker"](wave, z)[0, between].mean()


def test_a_galaxy_has_the_light_of_its_stars():
    one = [np.array([value]) for value in (10.0, 9.999, 1.0)]
    light = galaxies.history(*one)
    assert light[0].argmax() == len(AGES) - 1 and light.sum() == pytest.approx(1.99e-5, rel=0.02)
    younger = galaxies.history(np.array([0.5]), np.array([0.0]), np.array([1.0])).sum()
    assert younger > 10 * light.sum()
    poor = galaxies.history(one[0], one[1], np.array([0.2]))  # looks younger: brighter for its mass
    assert poor.sum() > light.sum()


def test_the_optimum_finds_what_was_put_in():
    model = Physical("quasar", BANDS)
    theta = np.array([[19.5, 0.1, 5.4, 0.1, -0.1]])
    fluxes = observed(model.parts(theta).sum(axis=1), 5)
    best = optimum(fluxes, 0, "quasar")
    assert best.log_likelihood >= model.log_likelihood(theta, fluxes)[0] - 1  # priors count as well
    assert best.z == pytest.approx(5.4, abs=0.1) and best.parameters["m_1450"] == pytest.approx(19.5, abs=0.1)


def test_what_cannot_be_modelled_is_refused():
    with pytest.raises(ConfigError, match="no redshift"):
        Physical("quasar", BANDS, 12.0)
    with pytest.raises(ConfigError, match="no physical parameters"):
        Physical("star", BANDS)
