"""Grids of stellar spectra over temperature, in layers: the continuum and each kind of opacity apart.

A star's spectrum is ``exp(continuum - sum of strength x opacity)``, interpolated between two nodes; so one matrix product
makes many stars, each with its own strengths.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from qsocore.simulate import star_hydrogen as hydrogen
from qsocore.simulate.star_continuum import continuum, dwarf_continuum, planck
from qsocore.simulate.star_emission import accretion_lines
from qsocore.simulate.star_metals import metals
from qsocore.simulate.star_molecules import carbon, hydrides, oxides

STEP = 1e-4
"""Pixel of the templates, dex (69 km/s)."""

LAYERS = ("continuum", "hydrogen", "metals", "molecules")


@cache
def template_wave() -> NDArray[np.float64]:
    """Vacuum wavelengths of the templates, Angstrom: 1700 to 11,700 in equal steps of log10."""
    return _frozen(10 ** np.arange(np.log10(1700), np.log10(11700), STEP))


def redshifted(rest: NDArray, wave: NDArray, z: NDArray) -> NDArray[np.float32]:
    """Spectra on `template_wave` as seen at a redshift: f(wave / (1 + z)), linear between pixels.

    Parameters
    ----------
    rest : ndarray of float32, shape (n, n_wave)
        Spectra at rest; held at their ends beyond the templates' range.
    wave : ndarray, shape (n_pix,)
        Observed vacuum wavelength, Angstrom.
    z : ndarray, shape (n,)
        Redshift.

    Returns
    -------
    ndarray, shape (n, n_pix)
    """
    at = (np.log10(wave / template_wave()[0]) / STEP - (np.log10(1 + z) / STEP)[:, None]).astype(np.float32)  # (n, n_pix)
    np.clip(at, 0, rest.shape[1] - 1.001, out=at)
    below = at.astype(np.int32)
    at -= below
    below += (np.arange(len(rest), dtype=np.int32) * rest.shape[1])[:, None]
    flat = rest.ravel()
    flux = flat.take(below)
    below += 1
    rise = flat.take(below)
    rise -= flux
    rise *= at
    flux += rise
    return flux


@dataclass(frozen=True)
class Templates:
    """Spectra of one family of stars.

    Parameters
    ----------
    log_teff : ndarray, shape (k,)
        Rising log10 temperatures of the nodes.
    layers : ndarray of float32, shape (k, 4, n_wave)
        ln f_lambda of the continuum (0 at 5500 Angstrom) and *minus* the optical depth of the other `LAYERS`.
    """

    log_teff: NDArray[np.float64]
    layers: NDArray[np.float32]

    def spectra(self, teff: NDArray, strength: NDArray) -> NDArray[np.float32]:
        """f_lambda at rest on `template_wave`, shape (n, n_wave).

        Parameters
        ----------
        teff : ndarray, shape (n,)
            Temperature, K; held at the ends of the grid.
        strength : ndarray, shape (n, 3)
            Factors on hydrogen, metals and molecules.
        """
        place = np.interp(np.log10(teff), self.log_teff, np.arange(self.log_teff.size))
        low = np.minimum(place.astype(int), self.log_teff.size - 2)
        share = (place - low).astype(np.float32)
        rows = np.arange(len(teff))
        weight = np.zeros((len(teff), self.log_teff.size, len(LAYERS)), np.float32)
        weight[:, :, 0] = 1
        weight[:, :, 1:] = strength[:, None]
        nodes = np.zeros((len(teff), self.log_teff.size, 1), np.float32)
        nodes[rows, low, 0], nodes[rows, low + 1, 0] = 1 - share, share
        flux = (weight * nodes).reshape(len(teff), -1) @ self.layers.reshape(-1, self.layers.shape[2])  # (n, n_wave)
        return np.exp(flux, out=flux)


@cache
def templates(family: str) -> Templates:
    """The grid of a family: "dwarf" (O to L), "DA", "DB", "carbon" or "CV"."""
    nodes, layers = _FAMILIES[family]
    wave = template_wave()
    stack = [[layer(wave, teff) for layer in layers] for teff in nodes]
    signed = np.array(stack, np.float32) * np.array([1, -1, -1, -1], np.float32)[:, None]
    return Templates(_frozen(np.log10(np.array(nodes, float))), _frozen(signed))


def _frozen(array: NDArray) -> NDArray:
    array.flags.writeable = False
    return array


def _nothing(wave: NDArray, teff: float) -> NDArray:
    return np.zeros_like(wave)


def _black(wave: NDArray, teff: float) -> NDArray:
    return planck(wave, teff)


def _bands(wave: NDArray, teff: float) -> NDArray:
    return oxides(wave, teff) + hydrides(wave, teff)


def _cool_metals(wave: NDArray, teff: float) -> NDArray:
    return metals(wave, min(teff, 4300.0))


_FAMILIES = {
    "dwarf": ((1300, 1500, 1700, 1900, 2100, 2300, 2500, 2700, 2850, 3030, 3200, 3380, 3550, 3700, 3850, 4000, 4200, 4400, 4650,
               4900, 5200, 5500, 5800, 6150, 6500, 6850, 7200, 7600, 8000, 8500, 9000, 9600, 10500, 11500, 13500, 16000, 19000,
               23000, 28000, 34000, 40000, 50000), (dwarf_continuum, hydrogen.main_sequence, metals, _bands)),
    "DA": ((5000, 6000, 7500, 9000, 11000, 13000, 16000, 20000, 26000, 35000, 50000, 80000),
           (_black, hydrogen.white_dwarf, _nothing, _nothing)),
    "DB": ((5000, 8000, 11000, 13000, 15000, 18000, 22000, 28000, 40000), (_black, hydrogen.helium_dwarf, _nothing, _nothing)),
    "carbon": ((2500, 3000, 3500, 4000, 4500, 5000), (continuum, _nothing, _cool_metals, carbon)),
    "CV": ((8000, 12000, 20000, 40000), (_black, accretion_lines, _nothing, _nothing)),
}
