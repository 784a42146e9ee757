"""Molecular bands: TiO, VO, CaH, MgH, CaOH of M dwarfs, FeH, CrH of L dwarfs, C2 and CN of carbon stars."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qsocore.simulate.star_profiles import band
from qsocore.units import air_to_vacuum

# Heads (air wavelengths: Kirkpatrick et al. 1991, ApJS 77, 417; 1999, ApJ 519, 802), reach (Angstrom, negative to the
# blue), optical depth at unit strength
_TIO = ((4584, 70, .25), (4761, 70, .45), (4804, 40, .20), (4848, 60, .58), (4954, 140, .90), (5167, 80, .45), (5448, 90, .70),
        (5597, 60, .30), (5759, 60, .30), (5847, 70, .50), (6158, 130, .85), (6187, 100, .25), (6600, 50, .20),
        (6651, 100, .30), (6681, 110, .28), (6714, 110, .24), (6747, 110, .20), (6782, 110, .16), (6815, 90, .12),
        (7054, 60, .62), (7088, 60, .38), (7126, 120, .62), (7589, 120, .42), (7630, 120, .20), (7666, 120, .24),
        (8206, 60, .10), (8432, 70, .24), (8452, 70, .14), (8859, 90, .28), (9209, 80, .15))
_CAH = ((6346, 20, .15), (6382, 40, .40), (6750, 90, .40), (6800, 70, .35), (6920, 30, .10))
_MGH = ((5211, -110, .52), (4784, -22, .25), (4845, -30, .08))
_CAOH = ((5530, 28, .40),)
_VO = ((7334, 70, .5), (7851, 90, .6), (7896, 90, .5), (8521, 90, .25))
_TEFF = (2000, 2300, 2600, 2800, 3030, 3200, 3380, 3550, 3800, 4100, 4400, 4800, 5300)
_TIO_STRENGTH = (0.3, 1.1, 1.8, 1.7, 1.35, 1.05, 0.77, 0.52, 0.30, 0.12, 0.03, 0.0, 0.0)
_CAH_STRENGTH = (0.2, 0.8, 1.3, 1.4, 1.2, 1.05, 0.85, 0.65, 0.40, 0.20, 0.08, 0.0, 0.0)
_MGH_STRENGTH = (0.1, 0.2, 0.3, 0.35, 0.4, 0.5, 0.6, 0.75, 0.9, 1.0, 0.85, 0.40, 0.0)
_VO_STRENGTH = (0.1, 0.6, 0.9, 0.6, 0.25, 0.08, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)

_HYDRIDES = ((8611, 60, .60), (8692, 70, .55), (9896, 90, .75), (9969, 70, .35))  # CrH, FeH
_HYDRIDE_TEFF = (1300, 1600, 1900, 2200, 2500, 2900)
_HYDRIDE_STRENGTH = (0.35, 1.1, 1.4, 1.0, 0.4, 0.0)

_C2 = ((4382, -50, .5), (4737, -80, 1.6), (5165, -90, 2.2), (5636, -85, 1.3), (6191, -80, .45))
_CN = ((3883, -90, .5), (4216, -70, .8), (4314, -25, .5), (5730, 60, .12), (6206, 50, .12), (6478, 60, .15), (6925, 60, .28),
       (7088, 70, .35), (7283, 70, .42), (7437, 80, .45), (7876, 90, .40), (8067, 90, .42), (8271, 90, .40), (9148, 100, .60),
       (9382, 100, .45))


def oxides(wave: NDArray, teff: float) -> NDArray[np.float64]:
    """Optical depth of the bands of a K, M or early L dwarf, shape (n_pix,); wave in vacuum Angstrom."""
    tau = np.zeros_like(wave)
    for bands, strength in ((_TIO, _TIO_STRENGTH), (_CAH, _CAH_STRENGTH), (_CAOH, _CAH_STRENGTH), (_MGH, _MGH_STRENGTH),
                            (_VO, _VO_STRENGTH)):
        tau += float(np.interp(teff, _TEFF, strength)) * _sum(wave, bands)
    return tau


def hydrides(wave: NDArray, teff: float) -> NDArray[np.float64]:
    """Optical depth of CrH and FeH of late M and L dwarfs, shape (n_pix,)."""
    return float(np.interp(teff, _HYDRIDE_TEFF, _HYDRIDE_STRENGTH)) * _sum(wave, _HYDRIDES)


def carbon(wave: NDArray, teff: float) -> NDArray[np.float64]:
    """Optical depth of C2, CN and CH of a carbon star, shape (n_pix,); weaker the hotter."""
    return (3800 / teff) ** 1.5 * (_sum(wave, _C2) + _sum(wave, _CN))


def _sum(wave: NDArray, bands: tuple[tuple[float, float, float], ...]) -> NDArray[np.float64]:
    tau = np.zeros_like(wave)
    for head, reach, depth in bands:
        tau += depth * band(wave, float(air_to_vacuum(head)), reach)
    return tau
