"""Air and vacuum against published pairs and two other published formulas."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qsocore.units import C_KM_S, air_to_vacuum, vacuum_to_air, velocity

# Vacuum and air of the same line. SDSS DR7, "Spectral lines used": 0.01 Angstrom. Steck (2003), Sodium D line data.
SDSS_PAIRS = [(3727.09, 3726.03), (3729.88, 3728.82), (4102.89, 4101.73), (4341.68, 4340.46), (4862.68, 4861.33),
              (4960.30, 4958.91), (5008.24, 5006.84), (6549.86, 6548.06), (6564.61, 6562.80), (6585.27, 6583.45),
              (6718.29, 6716.44), (6732.67, 6730.82)]
STECK_PAIRS = [(5891.583264, 5889.950954), (5897.558147, 5895.924237)]


@pytest.mark.parametrize(("vacuum", "air"), SDSS_PAIRS)
def test_published_pairs_of_sdss(vacuum, air):
    assert air_to_vacuum(air) == pytest.approx(vacuum, abs=0.011)  # both are rounded to 0.01
    assert vacuum_to_air(vacuum) == pytest.approx(air, abs=0.011)


@pytest.mark.parametrize(("vacuum", "air"), STECK_PAIRS)
def test_published_pairs_of_sodium(vacuum, air):
    assert vacuum_to_air(vacuum) == pytest.approx(air, abs=5e-4)


def test_agrees_with_morton_2000():
    """Morton (2000), ApJS 130, 403, eq. 8, after Birch & Downs (1994): another fit to other measurements."""
    vacuum = np.linspace(2001.0, 25_000.0, 5000)
    sigma2 = (1e4 / vacuum) ** 2
    n = 1 + 8.34254e-5 + 2.406147e-2 / (130 - sigma2) + 1.5998e-4 / (38.9 - sigma2)
    np.testing.assert_allclose(vacuum_to_air(vacuum), vacuum / n, rtol=0, atol=1e-3)


def test_agrees_with_edlen_1953():
    """Edlen (1953), J. Opt. Soc. Am. 43, 339, as quoted by Morton (1991), ApJS 77, 119: what older surveys converted with."""
    vacuum = np.linspace(2001.0, 25_000.0, 5000)
    sigma2 = (1e4 / vacuum) ** 2
    n = 1 + 6.4328e-5 + 2.94981e-2 / (146 - sigma2) + 2.5540e-4 / (41 - sigma2)
    np.testing.assert_allclose(vacuum_to_air(vacuum), vacuum / n, rtol=3e-7)


@given(st.floats(2001.0, 30_000.0))
def test_there_and_back(vacuum):
    assert float(air_to_vacuum(vacuum_to_air(vacuum))) == pytest.approx(vacuum, abs=1e-9)


@given(st.floats(100.0, 1999.0))
def test_ultraviolet_is_quoted_in_vacuum(wave):
    assert float(air_to_vacuum(wave)) == wave == float(vacuum_to_air(wave))


def test_velocity():
    assert velocity(2.01, 2.0) == pytest.approx(C_KM_S * 0.01 / 3)
    np.testing.assert_allclose(velocity([1.0, 1.0], [1.0, 0.0]), [0.0, C_KM_S])
