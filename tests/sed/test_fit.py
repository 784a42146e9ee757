"""Grids against objects: closed forms held to general solvers, what was put in comes out, uncertainties mean what they say."""

import numpy as np
import pytest
from scipy.optimize import nnls
from scipy.stats import norm

from qsocore.errors import ConfigError
from qsocore.sed import pairs
from qsocore.sed.bandfluxes import BandFluxes
from qsocore.sed.curves import curve_of
from qsocore.sed.fit import BOTH, KINDS, chi2_of, fit, fits_of
from qsocore.sed.grids import K
from qsocore.simulate.bands import BANDS, per_f_lambda, responses
from tests.sed.conftest import observed


@pytest.fixture(scope="module")
def mixed():
    """A star, a galaxy, a quasar and a quasar behind a galaxy, of the grids, each twice."""
    behind, before = pairs.fine(BANDS)
    table = fit(observed(np.ones((1, 9)), 0), KINDS)
    star = table.grids["star"].flux[30]
    galaxy = table.grids["galaxy"].flux[40 * 60 + 3]
    quasar, lens = behind.flux[behind.per_z * 172 + 20], before.flux[before.per_z * 35 + 6]
    light = np.array([100 * star, 300 * galaxy / galaxy.max(), 0.8 * quasar, 0.8 * quasar + 30 * lens / lens.max()], float)
    return observed(np.repeat(light, 2, axis=0), 1)


def test_each_kind_is_recognised_and_fits_within_its_errors(mixed):
    table = fit(mixed)
    assert [table.kinds[number] for number in table.preferred()] == list(np.repeat(KINDS, 2))
    for row, kind in enumerate(np.repeat(KINDS, 2)):
        assert table.found[kind].chi2[row] < 30


def test_amplitude_and_chi2_are_those_of_least_squares(mixed):
    table = fit(mixed, ("star", "galaxy", "quasar"))
    for kind in table.kinds:
        found, grid = table.found[kind], table.grids[kind]
        for row in range(len(mixed)):
            model, weight = grid.flux[found.model[row]].astype(float), 1 / mixed.error[row]
            amplitude, rest = nnls((model * weight)[:, None], mixed.flux[row] * weight)
            assert found.amplitude[row] == pytest.approx(amplitude[0], rel=1e-5)
            assert found.chi2[row] == pytest.approx(rest**2, rel=1e-5, abs=1e-6)
        every = [nnls((model * weight)[:, None], mixed.flux[0] / mixed.error[0])[1] ** 2
                 for weight in [1 / mixed.error[0]] for model in grid.flux[::97].astype(float)]
        assert found.chi2[0] <= min(every) + 1e-3 * min(every)  # none of the grid is better


def test_pairs_are_those_of_non_negative_least_squares(mixed):
    behind, before = pairs.fine(BANDS)
    weight = 1 / mixed.error[6]
    data = mixed.flux[6] * weight
    one = behind.flux[9_000].astype(float)
    gains = np.empty(len(before.flux))
    best, first, second = pairs.beside(data, weight, one, before.flux, gains)
    solved = [nnls(np.stack([one, other], axis=1) * weight[:, None], data) for other in before.flux[::131].astype(float)]
    np.testing.assert_allclose(data @ data - gains[::131], [rest**2 for _, rest in solved], rtol=1e-6)
    amplitudes, _ = nnls(np.stack([one, before.flux[best]], axis=1).astype(float) * weight[:, None], data)
    np.testing.assert_allclose([first, second], amplitudes, rtol=1e-6, atol=1e-12)


def test_the_fast_loop_over_all_pairs_agrees_with_the_exact_one(mixed):
    quasars, galaxies = pairs.coarse(BANDS)
    weight = 1 / mixed.error
    data = mixed.flux * weight
    starts = pairs.best_pairs(data.astype(np.float32), weight.astype(np.float32), quasars, galaxies)
    for row in range(len(mixed)):
        def gain(number, row=row):
            gains = np.empty(len(galaxies.flux))
            pairs.beside(data[row], weight[row], quasars.flux[number], galaxies.flux, gains)
            return gains.max()

        some = max(map(gain, range(0, len(quasars.flux), 31)))
        assert gain(starts[row, 0]) >= some - 1e-3 * abs(some)


def test_a_pair_is_never_worse_than_the_quasar_alone_by_more_than_the_grid(published):
    table = fit(published.take(np.arange(0, 7438, 150)))
    worse = table.found[BOTH].chi2 - table.found["quasar"].chi2
    assert (worse < 1e-3 * table.found["quasar"].chi2 + 1e-3).all()


def test_information_criterion_counts_as_stated(mixed):
    for one in fits_of(mixed, 6):
        residual = (mixed.flux[6] - one.model) / mixed.error[6]
        assert one.chi2 == pytest.approx(np.sum(residual**2), rel=1e-5)
        density = norm.logpdf(mixed.flux[6] * 1e-6, one.model * 1e-6, mixed.error[6] * 1e-6).sum()
        assert one.log_likelihood == pytest.approx(density + 4.5 * np.log(2 * np.pi), rel=1e-6)
        assert one.bic == pytest.approx(K[one.kind] * np.log(9) - 2 * one.log_likelihood) and one.k == K[one.kind]


def test_curves_go_through_the_bands_of_their_fits(mixed):
    for one in fits_of(mixed, 6):
        curve = curve_of(one)
        np.testing.assert_allclose((curve.flux / per_f_lambda()) @ responses(BANDS), one.model, rtol=1e-4, atol=1e-6)
        assert set(curve.parts) == ({"quasar", "galaxy"} if one.kind == BOTH else set())
        if curve.parts:
            np.testing.assert_allclose(sum(curve.parts.values()), curve.flux)


def test_an_unobserved_band_takes_no_part(mixed):
    flux, seen = mixed.flux.copy(), mixed.seen.copy()
    flux[:, 4], seen[:, 4] = np.nan, False
    without = BandFluxes(mixed.object_ids, BANDS, flux, mixed.error, seen)
    some = [0, 1, 2, 3, 5, 6, 7, 8]
    fewer = BandFluxes(mixed.object_ids, tuple(BANDS[i] for i in some), mixed.flux[:, some], mixed.error[:, some],
                       mixed.seen[:, some])
    one, other = fit(without, ("quasar",)), fit(fewer, ("quasar",))
    np.testing.assert_allclose(one.found["quasar"].chi2, other.found["quasar"].chi2, rtol=1e-4)
    assert one.fluxes.n.tolist() == [8] * 8


def test_nothing_observed_is_nothing_known():
    blank = BandFluxes(("a",), BANDS, np.full((1, 9), np.nan), np.ones((1, 9)), np.zeros((1, 9), bool))
    table = fit(blank)
    assert table.preferred()[0] == -1 and np.isnan(table.bic("star")[0])


def test_censored_limits_are_the_probability_to_lie_below():
    flux = np.array([[0.0, 5.0]])
    limited = BandFluxes(("a",), ("g", "r"), flux, np.array([[0.1, 0.5]]), np.array([[False, True]]))
    for model in (0.05, 0.3, 1.0):
        expected = -2 * norm.logcdf(3 - model / 0.1) + ((5 - 4.0) / 0.5) ** 2
        assert chi2_of(limited, np.array([[model, 4.0]]), "censored")[0] == pytest.approx(expected)
    bright, faint = (chi2_of(limited, np.array([[g, 5.0]]), "censored")[0] for g in (1.0, 0.01))
    assert faint < 0.01 and bright > 40


def test_censored_fits_of_limits_far_above_the_light_are_fits_without_the_band(quasars):
    _, fluxes = quasars
    some = fluxes.take(np.arange(20))
    flux, error, seen = some.flux.copy(), some.error.copy(), some.seen.copy()
    flux[:, 0], error[:, 0], seen[:, 0] = 0.0, 1e5, False
    limited = fit(BandFluxes(some.object_ids, BANDS, flux, error, seen), ("quasar",), limits="censored")
    flux[:, 0] = np.nan
    without = fit(BandFluxes(some.object_ids, BANDS, flux, error, seen), ("quasar",))
    np.testing.assert_allclose(limited.found["quasar"].chi2, without.found["quasar"].chi2, rtol=1e-3, atol=5e-3)


def test_redshifts_of_simulated_quasars_come_back_with_honest_intervals(quasars):
    z, fluxes = quasars
    table = fit(fluxes.with_floor(0.08), ("quasar",))
    found = table.found["quasar"]
    error = (found.z - z) / (1 + z)
    good = np.abs(error) < 0.15
    covered = ((z >= found.z_low) & (z <= found.z_high))[good].mean()
    assert 1.4826 * np.median(np.abs(error - np.median(error))) < 0.04
    assert abs(np.median(error)) < 0.02 and good.mean() > 0.8
    assert 0.55 < covered < 0.9  # of 68 %
    assert (good[z > 4.5]).mean() > 0.97  # where the forest is in the bands


def test_unknown_kinds_and_no_objects_are_refused(mixed):
    with pytest.raises(ConfigError, match="no kind"):
        fit(mixed, ("quassar",))
    with pytest.raises(ConfigError, match="no object"):
        fit(mixed.take([]))
