"""The Lyman-alpha forest: log-normal optical depth from a Gaussian field, with the mean transmission as measured."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.fft import irfft, next_fast_len

from qsocore.units import C_KM_S

LYMAN_ALPHA = 1215.67
SERIES = (  # rest wavelength (vacuum Angstrom), optical depth relative to Ly-alpha: ratios of f x lambda (Morton 2003)
    (1025.722, 0.1603), (972.537, 0.0557), (949.743, 0.0262), (937.803, 0.0145),
)
LYMAN_LIMIT = 911.76
CELL = 35.0  # km/s: below the pixels of every spectrograph simulated, and about the thermal width of the forest's lines
_MOCK_CELL = 4.0  # km/s: cells of the mocks whose variance is matched
PROXIMITY = 2500.0  # km/s from a quasar at which its own light ionises as much as the background does
_CHUNK = 64  # quasars of similar redshift that share one stretch of cells
_Z_TABLE = np.linspace(1.4, 5.6, 43)


def mean_optical_depth(z: ArrayLike) -> NDArray[np.float64]:
    """Effective optical depth of the forest, 5.54e-3 (1 + z)^3.182 (Kamble et al. 2020, ApJ 892, 70)."""
    return 5.54e-3 * (1 + np.asarray(z, dtype=np.float64)) ** 3.182


def power(k: ArrayLike) -> NDArray[np.float64]:
    """One-dimensional power (km/s) of the Gaussian field at z = 3, at k in s/km.

    The fit of McDonald et al. (2006) and Karacayli et al. (2020) that survey mocks use.
    """
    k = np.maximum(np.asarray(k, dtype=np.float64), 1e-6)
    x = k / 0.001
    return 58.6 * x ** (0.5 - 0.26 * np.log(x)) / (1 + (k / 0.04) ** 1.8)


@cache
def field_variance() -> float:
    """Variance of the field on the cells of the mocks: the integral of `power` over k / pi up to their Nyquist wave number."""
    k = np.linspace(1e-6, np.pi / _MOCK_CELL, 200_000)
    return float(np.trapezoid(power(k), k) / np.pi)


def _growth(z: NDArray) -> NDArray:
    """Amplitude of the power relative to z = 3."""
    return ((1 + z) / 4) ** -2.82


@cache
def _log_amplitude() -> NDArray[np.float64]:
    """Logarithm of A at `_Z_TABLE`, such that exp(-A exp(2 d)) with d Gaussian averages to exp(-mean_optical_depth)."""
    node, weight = np.polynomial.hermite_e.hermegauss(99)
    spread = np.exp(2 * np.sqrt(field_variance() * _growth(_Z_TABLE))[:, None] * node)  # (n_z, n_node)
    target = np.exp(-mean_optical_depth(_Z_TABLE))
    low, high = np.full(_Z_TABLE.size, -12.0), np.full(_Z_TABLE.size, 6.0)
    for _ in range(60):  # bisection: the mean falls with A
        middle = (low + high) / 2
        mean = np.exp(-np.exp(middle)[:, None] * spread) @ weight / weight.sum()
        low, high = np.where(mean > target, middle, low), np.where(mean > target, high, middle)
    return middle


def gaussian_field(n: int, n_cells: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """The field on cells of `CELL` km/s, shape (n, n_cells), of the variance that the mocks' finer cells have."""
    length = next_fast_len(n_cells, real=True)
    k = 2 * np.pi * np.arange(length // 2 + 1) / (length * CELL)
    shape = power(k)
    shape[0] = 0.0
    scale = np.sqrt(shape * field_variance() / (2 * shape.sum() / (length * CELL)) * length / (2 * CELL))
    modes = rng.standard_normal((n, k.size, 2), dtype=np.float32)
    modes *= scale[:, None].astype(np.float32)
    return irfft(modes.view(np.complex64)[..., 0], n=length, axis=1)[:, :n_cells]


def optical_depth(log_cells: NDArray, z: NDArray, rng: np.random.Generator) -> NDArray[np.float32]:
    """Optical depth of the forest, Ly-alpha to Ly-epsilon, thinned near each quasar by its own light.

    Parameters
    ----------
    log_cells : ndarray, shape (n_cells,)
        ln of observed wavelength of cells `CELL` km/s apart.
    z : ndarray, shape (n,)
        Redshifts of the quasars; nothing absorbs behind them.
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    ndarray, shape (n, n_cells)
    """
    z_cells = np.exp(log_cells) / LYMAN_ALPHA - 1
    tau = gaussian_field(z.size, log_cells.size, rng)
    tau *= (2 * np.sqrt(_growth(np.maximum(z_cells, 0)))).astype(np.float32)
    tau += np.interp(z_cells, _Z_TABLE, _log_amplitude()).astype(np.float32)
    np.exp(tau, out=tau)
    distance = C_KM_S * (np.log1p(z)[:, None] - np.log1p(z_cells)).astype(np.float32)
    near = np.maximum(distance, 1.0)
    tau *= near**2 / (near**2 + np.float32(PROXIMITY**2))
    tau *= distance > 0
    total = tau.copy()
    for wave, ratio in SERIES:  # the same gas, seen bluer
        shift = round(np.log(LYMAN_ALPHA / wave) * C_KM_S / CELL)
        if shift < log_cells.size:
            total[:, :-shift] += np.float32(ratio) * tau[:, shift:]
    return total


def cells_below(wave: float, z_max: float) -> NDArray[np.float64]:
    """Logarithm (ln) of wavelength of the cells from `wave` (Angstrom) up to Ly-alpha at `z_max`; empty when there are none."""
    start, stop = np.log(wave), np.log(LYMAN_ALPHA * (1 + z_max))
    return start + (np.arange(max(int(np.ceil((stop - start) * C_KM_S / CELL)), 0)) + 0.5) * CELL / C_KM_S


def chunks(z: NDArray, z_min: float) -> list[NDArray]:
    """Indices of the quasars beyond `z_min` in chunks of similar redshift."""
    order = np.argsort(z, kind="stable")
    order = order[z[order] > z_min]
    return [order[start:start + _CHUNK] for start in range(0, order.size, _CHUNK)]


def bin_cells(transmission: NDArray, log_cells: NDArray, log_edges: NDArray) -> NDArray[np.float32]:
    """Mean over cells in each pixel.

    Parameters
    ----------
    transmission : ndarray, shape (n, n_cells)
        On the cells; it is 1 redward of them.
    log_cells : ndarray, shape (n_cells,)
        ln wavelength of their centres, equally spaced.
    log_edges : ndarray, shape (m + 1,)
        ln wavelength of pixel borders, none below the first cell.

    Returns
    -------
    ndarray, shape (n, m)
    """
    step = CELL / C_KM_S
    place = np.clip((log_edges - log_cells[0]) / step + 0.5, 0, log_cells.size)  # borders in units of cells
    total = np.zeros((transmission.shape[0], log_cells.size + 1))
    np.cumsum(transmission - 1, axis=1, out=total[:, 1:])
    whole = np.minimum(place.astype(int), log_cells.size - 1)
    part = place - whole
    at_edge = total[:, whole] * (1 - part) + total[:, whole + 1] * part
    return (1 + np.diff(at_edge, axis=1) / (np.diff(log_edges) / step)).astype(np.float32)
