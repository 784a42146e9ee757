"""Join the arms of a spectrograph where they share one wavelength grid."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qsocore.errors import ReadError
from qsocore.records import Mask

_OFF_GRID = 0.01  # of a pixel


class Arm(NamedTuple):
    """Spectra of one arm: wave (n,), flux, ivar, mask (m, n); vacuum Angstrom, rising."""

    wave: NDArray[np.float64]
    flux: NDArray
    ivar: NDArray
    mask: NDArray[np.uint8]


def join_arms(arms: Sequence[Arm]) -> Arm:
    """One spectrum from overlapping arms, by inverse variance.

    Where arms overlap, flux is the mean weighted by ivar and ivars add up. A pixel is masked, with the reasons of all arms,
    when no arm has it; between arms that do not touch it is masked as NO_COVERAGE.

    Parameters
    ----------
    arms : sequence of Arm
        All with m spectra, on wavelengths that are pieces of one linear grid, as DESI's are (Guy et al. 2023, AJ 165, 144).

    Raises
    ------
    ReadError
        ``bad-wavelength`` when the arms share no linear grid.
    """
    if len(arms) == 1:
        return arms[0]
    start, step = min(arm.wave[0] for arm in arms), float(np.median(np.diff(arms[0].wave)))
    if not (np.isfinite(start) and step > 0):
        raise ReadError("bad-wavelength", "the arms' wavelengths do not rise")
    places = [np.rint((arm.wave - start) / step).astype(np.int64) for arm in arms]
    wave = start + step * np.arange(max(place[-1] for place in places) + 1)
    shape = (len(arms[0].flux), wave.size)
    weighted, ivar, reasons = np.zeros(shape), np.zeros(shape), np.zeros(shape, np.uint8)
    covered = np.zeros(wave.size, bool)
    for arm, place in zip(arms, places, strict=True):
        if (np.abs(arm.wave - wave[place]) > _OFF_GRID * step).any():
            raise ReadError("bad-wavelength", f"the arms' wavelengths are not on one grid of {step:.4g} Angstrom")
        good = (arm.ivar > 0) & (arm.mask == 0) & np.isfinite(arm.flux)  # (m, n_arm)
        weight = np.where(good, arm.ivar, 0.0)
        weighted[:, place] += weight * np.where(good, arm.flux, 0.0)
        ivar[:, place] += weight
        reasons[:, place] |= np.where(good, 0, np.where(arm.mask > 0, arm.mask, Mask.NO_IVAR)).astype(np.uint8)
        covered[place] = True
    reasons[:, ~covered] = Mask.NO_COVERAGE
    flux = np.divide(weighted, ivar, out=np.zeros(shape), where=ivar > 0)
    return Arm(wave, flux, ivar, np.where(ivar > 0, 0, reasons).astype(np.uint8))
