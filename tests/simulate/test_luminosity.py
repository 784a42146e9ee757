import numpy as np
import pytest
from astropy.cosmology import FlatLambdaCDM

from qsocore.errors import ConfigError
from qsocore.simulate import luminosity
from qsocore.simulate.cosmology import comoving_distance, distance_modulus, volume_per_redshift

SQUARE_DEGREE = (np.pi / 180) ** 2
COSMOLOGY = FlatLambdaCDM(H0=70, Om0=0.3, Tcmb0=0)


def test_distances_are_those_of_astropy():
    z = np.array([0.1, 0.5, 1.0, 2.5, 4.3])
    np.testing.assert_allclose(comoving_distance(z), COSMOLOGY.comoving_distance(z).value, rtol=1e-5)
    np.testing.assert_allclose(distance_modulus(z), COSMOLOGY.distmod(z).value, atol=1e-4)
    np.testing.assert_allclose(volume_per_redshift(z), COSMOLOGY.differential_comoving_volume(z).value, rtol=1e-5)


@pytest.mark.parametrize(("low", "high", "bright", "faint"), [
    (0.5, 0.75, 3.0, 8.4), (1.25, 1.5, 4.1, 14.1), (2.0, 2.25, 3.1, 13.3), (2.5, 2.75, 1.4, 6.6), (3.25, 3.5, 0.4, 2.0)])
def test_counts_per_square_degree(low, high, bright, faint):
    """The luminosity function integrated to i < 20.2 and i < 21.8 with a slope of -0.5."""
    z, m = np.linspace(low, high, 60)[:, None], np.arange(-31, -18, 0.02)
    density = luminosity.luminosity_function(m, z) * volume_per_redshift(z) * SQUARE_DEGREE
    for limit, expected in ((20.2, bright), (21.8, faint)):
        count = np.trapezoid(np.sum(density * (luminosity.apparent(m, z, "i") < limit), axis=1) * 0.02, z[:, 0])
        assert count == pytest.approx(expected, rel=0.10, abs=0.05)


def test_a_plate_has_the_redshifts_of_boss():
    z, m_1450 = luminosity.draw(20_000, np.random.default_rng(0), "boss")
    g = luminosity.apparent(m_1450, z, "g")
    # 67 quasars of plate 3655, whose quartiles are uncertain by 0.15 in z and 0.15 mag
    np.testing.assert_allclose(np.percentile(z, [25, 50, 75]), [0.86, 2.26, 2.54], atol=0.35)
    np.testing.assert_allclose(np.percentile(g, [25, 50, 75]), [20.1, 20.8, 21.5], atol=0.5)


def test_draws_follow_the_function():
    z, m_1450 = luminosity.draw(200_000, np.random.default_rng(1), "all", (15.0, 21.0))
    chosen = (np.abs(z - 1.5) < 0.05)
    counts, edges = np.histogram(m_1450[chosen], np.arange(-27.5, -24.9, 0.25))
    expected = luminosity.luminosity_function((edges[1:] + edges[:-1]) / 2, 1.5)
    np.testing.assert_allclose(counts / counts.sum(), expected / expected.sum(), atol=0.02)


def test_limits_hold():
    z, m_1450 = luminosity.draw(5000, np.random.default_rng(2), "dr16q", (18.0, 21.0))
    g = luminosity.apparent(m_1450, z, "g")
    assert g.min() > 17.8
    assert np.percentile(g, 99) < 21.4
    assert luminosity.Z_RANGE[0] <= z.min() < z.max() <= luminosity.Z_RANGE[1]


def test_unknown_selection_names_the_nearest():
    with pytest.raises(ConfigError, match="dr16q"):
        luminosity.draw(3, np.random.default_rng(0), "dr16")


@pytest.mark.parametrize("selection", [*luminosity.SELECTIONS, luminosity.FLAT])
def test_redshifts_stay_in_their_range(selection):
    for low, high in ((0.05, 5.2), (1.8, 3.8), (2.0, 2.02)):
        z, m_1450 = luminosity.draw(4000, np.random.default_rng(3), selection, z_range=(low, high))
        assert low <= z.min() and z.max() <= high + 1e-9 and np.isfinite(m_1450).all()


def test_a_flat_selection_keeps_the_luminosities_of_its_limits():
    """At one redshift it draws the quasars that the other selections draw there."""
    near = {name: luminosity.draw(20_000, np.random.default_rng(4), name, z_range=(1.0, 1.1))[1] for name in ("flat", "all")}
    np.testing.assert_allclose(*(np.percentile(values, [5, 25, 50, 75, 95]) for values in near.values()), atol=0.06)
    z, m_1450 = luminosity.draw(20_000, np.random.default_rng(5), "flat", z_range=(0.05, 5.2))
    g = luminosity.apparent(m_1450, z, "g")
    assert np.percentile(g, 0.1) > 16.9 and np.percentile(g, 99.9) < 23.2


@pytest.mark.parametrize("limits", [(0.0, 1.0), (1.0, 0.5), (1.0, 1.01), (1.0, 5.7), (float("nan"), 2.0)])
def test_wrong_ranges_of_redshift_are_refused(limits):
    with pytest.raises(ConfigError, match="no range of redshift"):
        luminosity.draw(3, np.random.default_rng(0), "flat", z_range=limits)
