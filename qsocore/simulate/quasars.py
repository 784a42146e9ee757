"""Quasars: everything in this folder that makes one, put together in the order in which the light meets it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qsocore.simulate import absorbers, bal, continuum, emission, forest, host, luminosity, metals
from qsocore.simulate.cosmology import distance_modulus
from qsocore.units import C_KM_S

_EBV = 0.027, 0.049  # mean E(B-V) without and with broad troughs: 2.5 % and 13 % above 0.1 (Krawczyk et al. 2015)
_LINE_WAVES = np.array([line.wave for line in emission.LINES])
_CIV = 1549.48
_TROUGHS_FROM = 1.6  # redshift from which C IV, out to 25,000 km/s, lies redward of 3600 Angstrom
_LINE_COLUMNS = {"ew_civ": "C IV", "ew_mgii": "Mg II"}


def draw(n: int, rng: np.random.Generator, selection: str = "dr16q", z_range: tuple[float, float] = luminosity.Z_RANGE,
         broad_troughs: bool = False) -> dict[str, NDArray]:
    """Draw what n quasars are.

    Parameters
    ----------
    n : int
        How many.
    rng : numpy.random.Generator
        Source of chance.
    selection, z_range
        As for `qsocore.simulate.luminosity.draw`.
    broad_troughs : bool
        All of them have broad absorption troughs, at redshifts at which C IV can be seen.

    Returns
    -------
    dict of ndarray, first axis n
        ``true_z``, ``m_i`` (M_i(z=2)), ``alpha_nu``, ``ebv``, ``bi_civ``, ``ai_civ``, ``n_hi_dla``, ``z_dla``, ``ew_civ``,
        ``ew_mgii``, ``host_fraction``, and the parameters `spectra` needs.
    """
    if broad_troughs:
        z_range = max(z_range[0], _TROUGHS_FROM), max(z_range[1], _TROUGHS_FROM + 0.1)
    z, m_1450 = luminosity.draw(n, rng, selection, z_range=z_range)
    m_i = m_1450 + luminosity.I_FROM_1450
    truth = {"true_z": z, "m_1450": m_1450, "m_i": m_i, "slopes": continuum.draw_slopes(n, rng)}
    truth |= emission.draw_lines(m_i, rng) | bal.draw(n, rng, broad_troughs) | metals.draw(z, rng)
    truth["ebv"] = _dust(has_broad_troughs(truth), rng)
    truth["host_ratio"] = host.draw_ratio(m_i, rng)
    truth["host_fraction"] = truth["host_ratio"] / (1 + truth["host_ratio"])
    truth["absorber_z"], truth["absorber_log_n"] = absorbers.draw(z, rng)
    truth |= _damped(truth["absorber_z"], truth["absorber_log_n"])
    truth["alpha_nu"] = truth["slopes"][:, 1]
    return truth | _line_columns(truth["line_ew"], emission.NAMES)


def draw_bare(n: int, rng: np.random.Generator, troughs: dict[str, NDArray], selection: str = "dr16q") -> dict[str, NDArray]:
    """Draw what n quasars are, less what only `spectra` needs: ten times as fast as `draw`.

    Parameters
    ----------
    n, rng, selection
        As for `draw`.
    troughs : dict of ndarray, first axis m
        ``bi_civ``, ``ai_civ`` and ``broad`` of m quasars; troughs depend on nothing else, so that each quasar takes one's.
    """
    z, m_1450 = luminosity.draw(n, rng, selection)
    m_i = m_1450 + luminosity.I_FROM_1450
    taken = rng.integers(len(troughs["broad"]), size=n)
    ratio = host.draw_ratio(m_i, rng)
    names = tuple(name for name in emission.NAMES if name in _LINE_COLUMNS.values())
    truth = {"true_z": z, "m_i": m_i, "alpha_nu": continuum.draw_slopes(n, rng)[:, 1],
             "ebv": _dust(troughs["broad"][taken], rng), "host_fraction": ratio / (1 + ratio)}
    truth |= {name: troughs[name][taken] for name in ("bi_civ", "ai_civ")} | _damped(*absorbers.draw(z, rng))
    return truth | _line_columns(emission.draw_lines(m_i, rng, names)["line_ew"], names)


def has_broad_troughs(troughs: dict[str, NDArray]) -> NDArray[np.bool_]:
    """Which quasars (n,) have a trough of 2000 km/s or more; see `qsocore.simulate.bal.draw`."""
    return troughs["bal_width"].max(axis=1, initial=0, where=troughs["bal_depth"] > 0) >= 2000


def _dust(broad: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.float64]:
    return rng.exponential(1.0, broad.size) * np.where(broad, _EBV[1], _EBV[0])


def _damped(z_abs: NDArray, log_n: NDArray) -> dict[str, NDArray]:
    strongest, at = log_n[:, 0], z_abs[:, 0]  # they come in falling order of column
    damped = strongest >= absorbers.DAMPED
    return {"n_hi_dla": np.where(damped, strongest, np.nan), "z_dla": np.where(damped, at, np.nan)}


def _line_columns(ew: NDArray, names: tuple[str, ...]) -> dict[str, NDArray]:
    return {column: ew[:, [line == name for line in names]].sum(axis=1) for column, name in _LINE_COLUMNS.items()}


def spectra(truth: dict[str, NDArray], wave: NDArray, rng: np.random.Generator) -> NDArray[np.float32]:
    """Noiseless observed-frame spectra.

    Parameters
    ----------
    truth : dict
        From `draw`.
    wave : ndarray, shape (n_pix,)
        Observed vacuum wavelength, Angstrom.
    rng : numpy.random.Generator
        Source of chance of the forest.

    Returns
    -------
    ndarray, shape (n, n_pix)
        f_lambda, 1e-17 erg/s/cm2/Angstrom, at infinite resolution.
    """
    z = truth["true_z"]
    flux, at_lines, scale = _continuum(truth, wave)
    host.add_host(flux, wave, z, truth["host_ratio"] * _at(truth, host.REFERENCE) * scale)
    emission.add_lines(flux, wave, z, truth, at_lines)
    bal.absorb(flux, wave, z, truth)
    metals.absorb(flux, wave, truth, truth["z_dla"])
    transmit(flux, wave, truth, rng)
    return flux


def _continuum(truth, wave):
    """Nuclear continua (n, n_pix), their value at each line's rest wavelength (n, n_lines), their value at the pivot (n,)."""
    z, slopes, ebv = truth["true_z"], truth["slopes"], truth["ebv"]
    scale = continuum.flux_at_pivot(truth["m_1450"], z, distance_modulus(z)).astype(np.float32)
    flux = np.exp(continuum.log_continuum(np.log(wave), z, slopes, ebv))
    emission.add_balmer_continuum(flux, wave, z, truth["balmer"])
    flux *= scale[:, None]
    at_lines = np.exp(continuum.log_continuum(np.log(_LINE_WAVES * (1 + z[:, None])), z, slopes, ebv)) * scale[:, None]
    return flux, at_lines, scale


def _at(truth, rest):
    """Continuum at one rest wavelength relative to the pivot, (n,)."""
    z = truth["true_z"]
    return np.exp(continuum.log_continuum(np.log(rest * (1 + z[:, None])), z, truth["slopes"], truth["ebv"]))[:, 0]


def transmit(flux: NDArray, wave: NDArray, truth: dict[str, NDArray], rng: np.random.Generator) -> None:
    """Multiply observed-frame spectra (n, n_pix) by the forest's and the absorbers' transmission, in place."""
    z = truth["true_z"]
    log_wave = np.log(wave)
    log_edges = np.concatenate([[1.5 * log_wave[0] - 0.5 * log_wave[1]], (log_wave[1:] + log_wave[:-1]) / 2,
                                [1.5 * log_wave[-1] - 0.5 * log_wave[-2]]])
    first = np.exp(log_edges[0])
    for rows in forest.chunks(z, first / forest.LYMAN_ALPHA - 1):
        # Damping wings reach past the quasar's own Ly-alpha
        cells = forest.cells_below(first, z[rows].max() + 0.15)
        tau = forest.optical_depth(cells, z[rows], rng)
        absorbers.add_optical_depth(tau, cells, truth["absorber_z"][rows], truth["absorber_log_n"][rows])
        np.negative(tau, out=tau)
        last = min(int(np.searchsorted(log_edges, cells[-1])), wave.size)
        flux[rows, :last] *= forest.bin_cells(np.exp(tau, out=tau), cells, log_edges[:last + 1])


def catalogue(truth: dict[str, NDArray], wave: NDArray) -> dict[str, NDArray]:
    """The truth as catalogue columns, with what a spectrum of these wavelengths cannot show missing.

    Balnicity and absorption index are missing where C IV out to 25,000 km/s is not covered, as in DR16Q.
    """
    z = truth["true_z"]
    covered = (_CIV * (1 + z) * (1 - bal.V_MAX / C_KM_S) > wave[0]) & (_CIV * (1 + z) < wave[-1])
    out = {name: truth[name] for name in ("true_z", "m_i", "alpha_nu", "ebv", "n_hi_dla", "z_dla", "ew_civ", "ew_mgii",
                                          "host_fraction")}
    for name in ("bi_civ", "ai_civ"):
        out[name] = np.where(covered, truth[name], np.nan)
    out["bal_prob"] = np.where(covered, (truth["ai_civ"] > 0).astype(float), np.nan)
    out["subclass"] = np.where(covered & (truth["bi_civ"] > 0), "BAL", "BROADLINE")
    return out
