import numpy as np
import pytest

from qsocore.simulate.bands import BANDS, magnitudes_of
from qsocore.simulate.images import noise, photometry
from qsocore.simulate.images.block import des_grid
from qsocore.simulate.images.observe import look
from qsocore.simulate.images.scene import Scene

GRID = des_grid()


def observed(n, flux, seed=1, **values):
    rng = np.random.default_rng(seed)
    scene = Scene.make(n, np.broadcast_to(np.asarray(flux, np.float32), (n, len(BANDS))), **values)
    total = scene.total()
    return look(scene, total, photometry.infrared(total[:, -4:], rng), GRID, rng)


def test_noise_has_unit_variance_and_is_correlated_between_neighbours():
    field = noise.correlated((400, 28, 28), np.random.default_rng(0))
    assert field.std() == pytest.approx(1, abs=0.01)
    for lag, expected in ((1, 2 * 0.15 / (1 + 2 * 0.15**2)), (2, 0.15**2 / (1 + 2 * 0.15**2)), (3, 0.0)):
        assert (field[:, :, lag:] * field[:, :, :-lag]).mean() == pytest.approx(expected, abs=0.01)


def test_an_empty_aperture_is_as_noisy_as_the_survey_is_deep():
    """The scatter of fluxes in 1.95 arcsec is a tenth of the flux at the 10-sigma depth of DES DR2, band by band."""
    seen = observed(1500, 0.0)
    pull = seen.flux[:, :5] / seen.error[:, :5]
    assert pull.std(axis=0) == pytest.approx(np.full(5, 1), abs=0.05)
    depth = magnitudes_of(10 * np.median(seen.error[:, :5], axis=0))
    np.testing.assert_allclose(depth, list(noise.DEPTH.values()), atol=0.05)


def test_fluxes_of_points_are_what_the_aperture_holds_and_errors_are_true():
    seen = observed(600, 20.0, seed=2)
    held = 20.0 * photometry_share(seen.fwhm)
    pull = (seen.flux[:, :5] - held) / seen.error[:, :5]
    np.testing.assert_allclose(np.median(seen.flux[:, :5] / held, axis=0), 1, atol=0.008)  # pixels at the rim are shared
    assert pull.std(axis=0) == pytest.approx(np.full(5, 1), abs=0.15)
    infrared = (seen.flux[:, 5:] - 20.0) / seen.error[:, 5:]
    assert infrared.std(axis=0) == pytest.approx(np.full(4, 1), abs=0.1)


def photometry_share(fwhm):
    from qsocore.simulate.images.psf import enclosed

    return enclosed(noise.APERTURE / 2, fwhm)


def test_ivar_tells_the_scatter_of_bright_pixels_too():
    rng = np.random.default_rng(3)
    image = np.full((300, 5, 28, 28), 2000.0, np.float32)
    sigma = np.broadcast_to(noise.sky_sigma(GRID.bands), (300, 5))
    variance = noise.add(image, sigma, GRID.bands, rng)
    np.testing.assert_allclose(image.var(axis=(0, 2, 3)), variance.mean(axis=(0, 2, 3)), rtol=0.05)
    assert (variance.mean(axis=(0, 2, 3)) > 3 * noise.sky_sigma(GRID.bands) ** 2).all()  # photons of the source


@pytest.mark.parametrize("shift", [(0.0, 0.0), (0.4, -0.3), (-0.5, 0.5)])
def test_an_aperture_has_its_area(shift):
    radius = noise.APERTURE / 2 / GRID.pixel_scale
    area = noise.weights(28, np.array([shift]), radius).sum()
    assert area == pytest.approx(np.pi * radius**2, rel=0.01)
    assert area == pytest.approx(43.2, rel=0.01)  # pixels in 1.95 arcsec


def test_what_is_not_detected_is_99_and_zero():
    flux, error = np.full((2, len(BANDS)), 10.0), np.full((2, len(BANDS)), 1.0)
    flux[1] = 1.9
    columns = photometry.catalogue(flux, error)
    assert columns["mag_g"][0] == pytest.approx(21.4) and columns["magerr_g"][0] == pytest.approx(0.1086, abs=1e-3)
    for number, band in enumerate(BANDS):
        assert columns[f"mag_{band}"][1] == columns[f"magerr_{band}"][1] == 99 and columns[f"flux_{band}"][1] == 0
        assert columns[f"fluxerr_{band}"][1] == pytest.approx(photometry.limits()[number])
    assert photometry.limits()[0] == pytest.approx(0.0479, abs=1e-3)  # what glq_mpia has for g
