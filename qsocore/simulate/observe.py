"""Observe noiseless spectra: line spread function, noise, sky residuals, masks."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf

from qsocore.errors import ConfigError
from qsocore.grid import WaveGrid
from qsocore.records import Mask
from qsocore.simulate.instruments import Instrument

_SUBPIXELS = 12  # samples of the sky in a pixel of the grid
_RESIDUAL_SCATTER = 0.3  # dex, from fibre to fibre; with it a few pixels on sky lines are off by more than 5 sigma
_COSMIC_PIXELS = 3  # longest run of pixels that one hit spoils


class Observed(NamedTuple):
    """Observed spectra on a grid, and their median signal to noise.

    Parameters
    ----------
    flux, ivar : ndarray of float32, shape (n, n_pix)
        Flux density in 1e-17 erg/s/cm2/Angstrom and the inverse variance that a pipeline would state.
    mask : ndarray of uint8, shape (n, n_pix)
        `qsocore.records.Mask` reasons.
    snr_median : ndarray of float32, shape (n,)
        Median over covered pixels of flux over its error, per pixel of the instrument (not of the grid).
    """

    flux: NDArray[np.float32]
    ivar: NDArray[np.float32]
    mask: NDArray[np.uint8]
    snr_median: NDArray[np.float32]


def line_spread(wave: NDArray, edges: NDArray, sigma: NDArray) -> NDArray[np.float32]:
    """Weights of each pixel's neighbours in a convolution with a Gaussian that varies along the spectrum.

    Parameters
    ----------
    wave, edges : ndarray, shape (n_pix,), (n_pix + 1,)
        Centres and borders of the pixels, Angstrom.
    sigma : ndarray, shape (n_pix,)
        Standard deviation of the Gaussian, Angstrom.

    Returns
    -------
    ndarray, shape (2 t + 1, n_pix)
        Weight of pixel i + k - t in pixel i: the Gaussian integrated over that pixel, which also averages over a pixel's own
        width; each column sums to 1.
    """
    reach = max(int(np.ceil(4 * np.max(sigma / np.diff(edges)))), 1)
    pixel = np.arange(wave.size)
    weights = np.zeros((2 * reach + 1, wave.size))
    for place in range(2 * reach + 1):
        there = pixel + place - reach
        inside = (there >= 0) & (there < wave.size)
        low, high = ((edges[there[inside] + side] - wave[inside]) / (np.sqrt(2) * sigma[inside]) for side in (0, 1))
        weights[place, inside] = erf(high) - erf(low)
    return (weights / weights.sum(axis=0)).astype(np.float32)


def convolve(flux: NDArray, weights: NDArray) -> NDArray[np.float32]:
    """Apply `line_spread` weights to spectra, shape (n, n_pix)."""
    reach, n_pix = len(weights) // 2, flux.shape[1]
    out = flux * weights[reach]
    for step in range(1, reach + 1):
        out[:, step:] += flux[:, :n_pix - step] * weights[reach - step, step:]
        out[:, :n_pix - step] += flux[:, step:] * weights[reach + step, :n_pix - step]
    return out


class Observer:
    """An instrument whose spectra are put on a grid.

    Parameters
    ----------
    instrument : Instrument
        What observes.
    grid : WaveGrid
        Observed-frame grid. Noise is independent from pixel to pixel.

    Raises
    ------
    ConfigError
        When the grid is in the rest frame or does not meet the instrument's coverage.
    """

    def __init__(self, instrument: Instrument, grid: WaveGrid):
        low, high = instrument.coverage
        wave, edges = grid.wave, grid.edges
        if grid.frame != "observed":
            raise ConfigError("an instrument observes in the observed frame", f"grid {grid.name}", "choose another --grid")
        self.covered = (edges[:-1] >= low) & (edges[1:] <= high)
        if not self.covered.any():
            raise ConfigError(f"no pixel lies in its {low:.0f}-{high:.0f} Angstrom", instrument.survey, "choose another --grid")
        self.instrument, self.grid = instrument, grid
        self.weights = line_spread(wave, edges, instrument.at("lsf", wave))
        width = np.diff(edges)
        share = instrument.at("pixel_width", wave) / width  # of a pixel of the grid that one of the instrument's fills
        offsets = (np.arange(_SUBPIXELS) + 0.5) / _SUBPIXELS
        fine = (edges[:-1, None] + width[:, None] * offsets).ravel()
        self.sky_variance = self._mean(instrument.variance(fine)) * share
        self.source_variance = (instrument.at("source_variance", wave) * share).astype(np.float32)
        self.sky_lines = self._mean(instrument.sky_lines(fine))
        self.to_own_pixel = np.sqrt(share)

    def _mean(self, fine: NDArray) -> NDArray[np.float64]:
        return fine.reshape(self.grid.n_pix, _SUBPIXELS).mean(axis=1)

    def observe(self, flux: NDArray, rng: np.random.Generator) -> Observed:
        """Observe noiseless spectra.

        Parameters
        ----------
        flux : ndarray, shape (n, n_pix)
            f_lambda at infinite resolution on the observer's grid, 1e-17 erg/s/cm2/Angstrom.
        rng : numpy.random.Generator
            Source of chance.
        """
        seen = convolve(flux, self.weights)
        exposure = 10 ** (self.instrument.exposure_scatter * rng.standard_normal((2, len(seen), 1)))
        variance = np.maximum(seen, 0)
        variance *= self.source_variance
        variance += (exposure[0] * self.sky_variance).astype(np.float32)
        variance *= exposure[1].astype(np.float32)
        sigma = np.sqrt(variance)
        noise = rng.standard_normal(seen.shape, dtype=np.float32)
        noise *= sigma
        noise *= np.float32(self.instrument.excess)
        seen += noise
        seen += self._residuals(len(seen), rng)
        mask = self._mask(len(seen), rng)
        snr = self._median_snr(seen, sigma)
        ivar = np.reciprocal(variance, out=variance)
        ivar *= mask == 0
        seen[:, ~self.covered] = 0
        return Observed(seen, ivar, mask, snr)

    def _residuals(self, n: int, rng: np.random.Generator) -> NDArray[np.float32]:
        """What the subtraction leaves of sky lines, correlated over one or two widths of the line spread function."""
        white = rng.standard_normal((n, self.grid.n_pix + 2), dtype=np.float32)
        smooth = white[:, :-2] + 2 * white[:, 1:-1] + white[:, 2:]
        smooth *= (self.instrument.residual / np.sqrt(6.0) * self.sky_lines).astype(np.float32)
        smooth *= (10 ** (_RESIDUAL_SCATTER * rng.standard_normal((n, 1)))).astype(np.float32)
        return smooth

    def _mask(self, n: int, rng: np.random.Generator) -> NDArray[np.uint8]:
        mask = np.zeros((n, self.grid.n_pix), np.uint8)
        hits = rng.poisson(self.instrument.mask_rate * mask.size / ((1 + _COSMIC_PIXELS) / 2))
        row, first = rng.integers(n, size=hits), rng.integers(self.grid.n_pix, size=hits)
        length = rng.integers(1, _COSMIC_PIXELS + 1, size=hits)
        for step in range(_COSMIC_PIXELS):
            hit = length > step
            mask[row[hit], np.minimum(first[hit] + step, self.grid.n_pix - 1)] = Mask.COSMIC
        mask[:, ~self.covered] = Mask.NO_COVERAGE
        return mask

    def _median_snr(self, flux: NDArray, sigma: NDArray) -> NDArray[np.float32]:
        # The flux under a simulated cosmic ray is not spoilt, so that leaving the few out would change nothing
        ratio = flux[:, self.covered] / sigma[:, self.covered]
        ratio *= self.to_own_pixel[self.covered].astype(np.float32)
        return np.median(ratio, axis=1).astype(np.float32)
