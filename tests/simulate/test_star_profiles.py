"""Line and band opacities: what is asked for is what the spectrum shows."""

import numpy as np
import pytest

from qsocore.simulate.star_profiles import LORENTZ, STARK, band, gauss_lines, wing_line

WAVE = np.arange(3000.0, 7000.0, 0.05)


def _width(tau):
    return float(np.sum(-np.expm1(-tau)) * 0.05)


@pytest.mark.parametrize("power", [STARK, LORENTZ])
@pytest.mark.parametrize(("width", "depth"), [(0.5, 0.2), (5.0, 1.0), (20.0, 1.4)])
def test_a_line_has_the_equivalent_width_and_depth_asked_for(power, width, depth):
    tau = wing_line(WAVE, 5000.0, width, depth, power)
    assert tau.max() == pytest.approx(depth, rel=1e-3)
    assert _width(tau) == pytest.approx(width, rel=0.02)  # the far wings of the damped line lie outside


def test_wings_fall_as_their_power():
    for power in (STARK, LORENTZ):
        near, far = wing_line(np.array([5100.0, 5200.0]), 5000.0, 1.0, 1.0, power)
        assert near / far == pytest.approx(2 ** (2 * power), rel=1e-3)


def test_no_width_is_no_line():
    assert not wing_line(WAVE, 5000.0, 0.0, 1.0).any()


def test_weak_lines_have_their_areas_one_by_one_and_together():
    centre, width, sigma = np.array([4000.0, 5000.0, 5003.0]), np.array([0.02, 0.03, 0.01]), np.array([1.5, 2.0, 2.0])
    tau = gauss_lines(WAVE, centre, width, sigma)
    assert tau[WAVE < 4500].sum() * 0.05 == pytest.approx(0.02, rel=1e-4)
    assert tau[WAVE > 4500].sum() * 0.05 == pytest.approx(0.04, rel=1e-4)
    assert _width(tau) == pytest.approx(0.06, rel=0.01)


@pytest.mark.parametrize("reach", [80.0, -80.0])
def test_a_band_is_sharp_on_one_side_and_falls_on_the_other(reach):
    shape = band(np.array([5000.0 - np.sign(reach) * 30, 5000.0 + reach, 5000.0 + 2 * reach]), 5000.0, reach)
    assert shape[0] < 1e-4
    assert shape[2] / shape[1] == pytest.approx(np.exp(-1), rel=1e-3)
