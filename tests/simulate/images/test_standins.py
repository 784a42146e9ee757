"""Stand-ins have the light of their objects."""

import numpy as np

from qsocore.simulate.images import photometry
from qsocore.simulate.images.block import des_grid
from qsocore.simulate.images.observe import counts_per_microjansky
from qsocore.simulate.images.standins import stand_ins


def test_the_aperture_gives_the_catalogue_s_flux_back():
    grid, n = des_grid(), 300
    flux = np.tile([0.0, 2.0, 10.0, 40.0, np.nan], (n, 1))
    made = stand_ins(flux, grid, np.random.default_rng(4))
    unit = counts_per_microjansky(grid.zero_point)
    measured, error = photometry.aperture(made.flux / unit, 1 / (made.ivar * unit**2), np.zeros((n, 2)), grid.pixel_scale)
    pull = (measured - np.nan_to_num(flux)) / error
    assert np.abs(pull[:, [0, 4]].mean(axis=0)).max() < 0.25
    # the aperture is about the middle of the cutout, from which points are off by up to half a pixel
    np.testing.assert_allclose(measured[:, 1:4].mean(axis=0), [2, 10, 40], rtol=0.05)
    assert 0.8 < pull[:, [0, 4]].std() < 1.2
    assert not made.mask.any()


def test_the_seed_gives_the_same_again():
    flux = np.full((3, 5), 7.0)
    one, other = (stand_ins(flux, des_grid(), np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(one.flux, other.flux)
