"""Emission-line ratios of ionised gas in galaxies: star-forming, Seyfert and LINER, where the BPT diagram has them."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qsocore.units import air_to_vacuum

# Air wavelengths (NIST ASD), Angstrom
LINES = MappingProxyType({
    "oii_3726": 3726.03, "oii_3729": 3728.82, "neiii_3869": 3868.76, "h_delta": 4101.73, "h_gamma": 4340.46,
    "h_beta": 4861.33, "oiii_4959": 4958.91, "oiii_5007": 5006.84, "hei_5876": 5875.62, "oi_6300": 6300.30,
    "oi_6364": 6363.78, "nii_6548": 6548.05, "h_alpha": 6562.80, "nii_6583": 6583.45, "sii_6716": 6716.44,
    "sii_6731": 6730.82,
})
"""Emission lines and their wavelengths."""
BALMER = MappingProxyType({"h_alpha": 2.863, "h_beta": 1.0, "h_gamma": 0.468, "h_delta": 0.259})
"""Case B at 10,000 K and 100 cm-3 over H-beta (Osterbrock & Ferland 2006, table 4.4)."""
THIRD = 2.98
"""[O III] 5007 / 4959 and [N II] 6583 / 6548 (Storey & Zeippen 2000, MNRAS 312, 813): set by atomic physics alone."""


def line_waves() -> NDArray[np.float64]:
    """Vacuum wavelengths of `LINES`, Angstrom, shape (n_lines,)."""
    return air_to_vacuum(list(LINES.values()))


def wave_of(line: str) -> float:
    """Vacuum wavelength (Angstrom) of one of `LINES`."""
    return float(air_to_vacuum(LINES[line]))


def kauffmann(log_nii: ArrayLike) -> NDArray[np.float64]:
    """Upper end of pure star formation: log [O III]/H-beta against log [N II]/H-alpha (Kauffmann et al. 2003, MNRAS 346, 1055).

    Minus infinity beyond the curve's pole, where no star-forming galaxy lies.
    """
    x = np.asarray(log_nii, np.float64)
    with np.errstate(divide="ignore"):
        return np.where(x < 0.05, 0.61 / np.minimum(x - 0.05, -1e-9) + 1.3, -np.inf)


def kewley(log_nii: ArrayLike) -> NDArray[np.float64]:
    """Upper end of what any starburst can reach (Kewley et al. 2001, ApJ 556, 121); see `kauffmann`."""
    x = np.asarray(log_nii, np.float64)
    with np.errstate(divide="ignore"):
        return np.where(x < 0.47, 0.61 / np.minimum(x - 0.47, -1e-9) + 1.19, -np.inf)


def star_forming(log_nii: NDArray, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw log [O III]/H-beta of star-forming galaxies: the local ridge, below Kauffmann's line.

    References
    ----------
    Kewley et al. (2013), ApJ 774, 100, eq. 5 at z = 0 for the ridge; its scatter of 0.1 dex is ours.
    """
    ridge = 0.61 / (log_nii + 0.08) + 1.10
    return np.minimum(ridge + 0.10 * rng.standard_normal(log_nii.size), kauffmann(log_nii) - 0.02)


def ratios(log_nii: NDArray, log_oiii: NDArray, hardness: NDArray, rng: np.random.Generator) -> NDArray[np.float64]:
    """Intrinsic line fluxes over H-alpha.

    Parameters
    ----------
    log_nii, log_oiii : ndarray, shape (n,)
        log10 of [N II] 6583 / H-alpha and of [O III] 5007 / H-beta.
    hardness : ndarray, shape (n,)
        0 for gas ionised by stars, 1 for Seyferts, 2 for LINERs.
    rng : numpy.random.Generator
        Source of the scatter of the other lines.

    Returns
    -------
    ndarray, shape (n, n_lines)
        In the order of `LINES`.
    """
    def draw(table, sigma):
        return 10 ** (np.array(table)[hardness] + sigma * rng.standard_normal(hardness.size))

    h_beta = np.where(hardness > 0, 1 / 3.1, 1 / BALMER["h_alpha"])  # collisions raise H-alpha in hard spectra
    oiii, nii = 10**log_oiii * h_beta, 10**log_nii
    # [O II] of stars falls with abundance (Kewley et al. 2004, AJ 127, 2002); Seyferts and LINERs: Kewley et al. (2006)
    oii = h_beta * np.where(hardness > 0, draw((0.0, 0.45, 0.75), 0.1), draw((0, 0, 0), 0.1) * 10 ** (0.05 - 0.4 * log_nii))
    sii, oi = draw((-0.48, -0.35, -0.12), 0.08), draw((-1.60, -1.00, -0.70), 0.1)
    doublet = np.clip(1.30 + 0.08 * rng.standard_normal(hardness.size), 0.9, 1.44)  # densities of 10 to 500 cm-3
    lines = {"oii_3726": oii / (1 + doublet), "oii_3729": oii * doublet / (1 + doublet), "neiii_3869": 0.09 * oiii,
             "hei_5876": 0.12 * h_beta, "oiii_4959": oiii / THIRD, "oiii_5007": oiii, "oi_6300": oi, "oi_6364": oi / 3.0,
             "nii_6548": nii / THIRD, "nii_6583": nii, "sii_6716": sii * doublet / (1 + doublet),
             "sii_6731": sii / (1 + doublet), "h_alpha": np.ones(hardness.size)}
    lines |= {name: h_beta * BALMER[name] for name in ("h_beta", "h_gamma", "h_delta")}
    return np.stack([lines[name] for name in LINES], axis=1)
