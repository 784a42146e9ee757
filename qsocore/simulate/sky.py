"""The night sky in a fibre: airglow and city lines and the continuum between them, as BOSS measured them at Apache Point.

The numbers are the median of the sky column of 82 BOSS and eBOSS spectra (fibres of 2 arcsec); lines are named by their
centres on the vacuum scale of those spectra.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qsocore.simulate.profiles import add_gaussians

LINES = (  # vacuum wavelength (Angstrom), flux (1e-17 erg/s/cm2)
    (4047.7, 36), (4359.5, 67), (5462.4, 54), (5578.9, 265), (5689.6, 60), (5770.6, 19), (5791.9, 19), (5868.4, 24),
    (5892.4, 133), (5917.1, 24), (5934.6, 31), (5947.0, 22), (5955.0, 24), (6238.3, 25), (6260.5, 19), (6302.0, 166),
    (6364.9, 55), (6501.0, 19), (6832.9, 47), (6866.2, 50), (6925.0, 26), (6950.7, 29), (7244.2, 144), (7278.6, 109),
    (7318.1, 73), (7331.4, 31), (7342.9, 88), (7360.7, 29), (7371.3, 66), (7403.0, 41), (7475.8, 37), (7482.4, 38),
    (7526.9, 68), (7573.7, 38), (7601.2, 46), (7630.2, 33), (7717.3, 180), (7752.6, 108), (7760.4, 49), (7780.5, 35),
    (7796.0, 92), (7810.8, 37), (7823.5, 111), (7844.2, 34), (7856.9, 173), (7872.2, 86), (7890.9, 72), (7917.3, 202),
    (7933.0, 46), (7951.1, 31), (7967.0, 104), (7981.3, 52), (7995.4, 118), (8017.6, 41), (8027.9, 94), (8064.2, 41),
    (8187.7, 40), (8195.6, 47), (8290.0, 200), (8299.1, 138), (8312.8, 38), (8347.8, 273), (8366.3, 37), (8384.4, 65),
    (8401.2, 185), (8417.5, 72), (8432.2, 197), (8453.8, 75), (8467.5, 127), (8496.8, 47), (8506.8, 88), (8550.2, 38),
    (8631.7, 166), (8658.3, 163), (8768.9, 359), (8778.3, 223), (8793.2, 63), (8830.3, 366), (8851.8, 50), (8869.5, 105),
    (8888.2, 237), (8905.4, 126), (8921.7, 246), (8945.4, 104), (8960.5, 222), (8990.8, 87), (9003.2, 143), (9042.3, 46),
    (9051.0, 75), (9098.0, 29), (9103.9, 36), (9161.0, 27), (9314.7, 667), (9324.2, 445), (9339.9, 129), (9378.1, 611),
    (9404.0, 102), (9422.4, 166), (9442.2, 463), (9460.7, 221), (9479.3, 412), (9504.9, 173), (9521.6, 251), (9555.4, 131),
    (9569.5, 236), (9610.3, 59), (9623.3, 96), (9672.9, 110), (9685.0, 179), (9701.6, 175), (9721.1, 250), (9741.6, 123),
    (9794.8, 519), (9814.2, 92), (9851.1, 109), (9874.5, 337), (9897.2, 170), (9917.2, 342), (9950.2, 879), (10016.2, 668),
    (10046.0, 65), (10064.9, 202), (10084.7, 430), (10105.8, 165), (10126.4, 458), (10156.2, 304), (10174.4, 656),
    (10191.6, 434), (10211.9, 680), (10229.9, 437), (10276.0, 81), (10290.4, 1406), (10350.7, 258), (10375.0, 1415),
)
_CONTINUUM = (  # vacuum wavelength, 1e-17 erg/s/cm2/Angstrom
    (3600, 5.3), (3700, 4.6), (3830, 3.8), (4000, 3.9), (4500, 3.7), (5000, 3.3), (5500, 3.2), (5950, 4.1), (6300, 3.2),
    (7000, 2.4), (8000, 2.6), (9000, 2.3), (9500, 2.9), (9800, 3.6), (10000, 5.0), (10400, 7.2),
)


def line_flux(wave: NDArray, sigma: NDArray) -> NDArray[np.float64]:
    """Flux density of the sky's lines through a line spread function.

    Parameters
    ----------
    wave : ndarray, shape (n_pix,)
        Vacuum wavelength, Angstrom.
    sigma : ndarray, shape (n_pix,)
        Standard deviation of the line spread function there, Angstrom.

    Returns
    -------
    ndarray, shape (n_pix,)
        1e-17 erg/s/cm2/Angstrom in a fibre of 2 arcsec.
    """
    flux = np.zeros((1, wave.size))
    for centre, area in LINES:
        if wave[0] < centre < wave[-1]:
            add_gaussians(flux, wave, centre, np.interp(centre, wave, sigma), area)
    return flux[0]


def continuum_flux(wave: NDArray) -> NDArray[np.float64]:
    """Flux density between the lines, 1e-17 erg/s/cm2/Angstrom in a fibre of 2 arcsec, shape as `wave`."""
    return np.interp(wave, *np.transpose(_CONTINUUM))
