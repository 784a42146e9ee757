"""Broad absorption line troughs of quasars, and their balnicity and absorption indices by the standard definitions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qsocore.simulate.profiles import window
from qsocore.units import C_KM_S

BAL_FRACTION = 0.13  # with broad troughs; a few of the narrower ones join to broad ones, a few broad ones lie below 3000 km/s
MINI_FRACTION = 0.13  # with narrower ones; absorption indices above zero then total about 26 % (Trump et al. 2006)
LOW_IONISATION_FRACTION = 0.15  # of those with broad troughs
TROUGHS = 3
V_MAX = 25_000.0  # km/s, end of both indices
IONS = (  # rest wavelength (vacuum Angstrom) of the stronger member, optical depth relative to C IV, low ionisation only
    ("O VI", 1031.93, 0.8, False), ("Ly alpha", 1215.67, 0.4, False), ("N V", 1238.82, 1.0, False),
    ("Si IV", 1393.76, 0.6, False), ("C IV", 1548.20, 1.0, False),
    ("Al III", 1854.72, 0.5, True), ("Mg II", 2796.35, 0.4, True),
)
_V_STEP = 50.0  # km/s of the profiles the indices are measured on


def draw(n: int, rng: np.random.Generator, broad_only: bool = False) -> dict[str, NDArray]:
    """Troughs of n quasars, or of n that all have broad ones.

    Returns
    -------
    dict
        ``bal_v``, ``bal_width``, ``bal_depth``, ``bal_flatness`` (n, 3): centre (km/s, positive outwards), full width (km/s),
        covered fraction of the source (0 = no trough), and the exponent of the profile (2 Gaussian, 6 flat-bottomed);
        ``bal_low`` (n,) bool: low ions as well; ``bi_civ``, ``ai_civ`` (n,) km/s, measured on the noiseless profile.
    """
    kind = rng.random(n) * (0.0 if broad_only else 1.0)
    broad, mini = kind < BAL_FRACTION, (kind >= BAL_FRACTION) & (kind < BAL_FRACTION + MINI_FRACTION)
    number = 1 + (rng.random(n)[:, None] < [0.35, 0.12]).sum(axis=1)
    used = (np.arange(TROUGHS) < number[:, None]) & (broad | mini)[:, None]
    outer = rng.uniform(5000, V_MAX, (n, TROUGHS))
    width = np.clip(10 ** (3.54 + 0.22 * rng.standard_normal((n, TROUGHS))), 2000, 9000)
    depth = rng.uniform(0.30, 0.95, (n, TROUGHS))
    narrow = mini[:, None]
    width = np.where(narrow, np.clip(10 ** (2.9 + 0.15 * rng.standard_normal((n, TROUGHS))), 400, 1400), width)
    outer = np.where(narrow, rng.uniform(1000, 15_000, (n, TROUGHS)), outer)
    flatness = rng.choice([2.0, 4.0, 6.0], (n, TROUGHS))
    out = {"bal_v": np.maximum(outer - width / 2, width / 2), "bal_width": width, "bal_depth": np.where(used, depth, 0.0),
           "bal_flatness": flatness, "bal_low": broad & (rng.random(n) < LOW_IONISATION_FRACTION)}
    velocity = np.arange(0.0, V_MAX + _V_STEP, _V_STEP)
    out["bi_civ"], out["ai_civ"] = np.zeros(n, np.float32), np.zeros(n, np.float32)
    rows = np.flatnonzero(used.any(axis=1))
    profile = transmission(np.broadcast_to(velocity, (rows.size, velocity.size)), _rows(out, rows), 1.0)
    out["bi_civ"][rows] = balnicity(velocity, profile)
    out["ai_civ"][rows] = absorption_index(velocity, profile)
    return out


def _rows(troughs: dict[str, NDArray], rows: NDArray) -> dict[str, NDArray]:
    return {name: troughs[name][rows] for name in ("bal_v", "bal_width", "bal_depth", "bal_flatness")}


def transmission(velocity: NDArray, troughs: dict[str, NDArray], strength: float) -> NDArray[np.float64]:
    """Transmitted fraction at outflow velocities (km/s), shape as `velocity`, (n, m); see `draw` for `troughs`.

    Each trough is 1 - C (1 - exp(-tau)) with tau = 4 `strength` exp(-|2 (v - v0) / width|^p): a source partly covered.
    """
    out = np.ones(velocity.shape)
    for place in range(TROUGHS):
        centre, width, depth, p = (values[:, place, None] for values in troughs.values())
        if (depth > 0).any():
            tau = 4 * strength * np.exp(-(np.abs(2 * (velocity - centre) / width) ** p))
            out *= 1 + depth * np.expm1(-tau)
    return out


def absorb(flux: NDArray, wave: NDArray, z: NDArray, troughs: dict[str, NDArray]) -> None:
    """Cut the troughs of all ions into observed-frame spectra, in place.

    Parameters
    ----------
    flux : ndarray, shape (n, n_pix)
        Spectra.
    wave : ndarray, shape (n_pix,)
        Observed wavelength, Angstrom.
    z : ndarray, shape (n,)
        Redshifts.
    troughs : dict
        From `draw`.
    """
    has = (troughs["bal_depth"] > 0).any(axis=1)
    reach = np.max((troughs["bal_v"] + troughs["bal_width"]) * (troughs["bal_depth"] > 0), axis=1)
    for _, rest, strength, low in IONS:
        chosen = np.flatnonzero(has & troughs["bal_low"] if low else has)
        centre = rest * (1 + z[chosen])
        rows, pixels, inside = window(wave, centre * (1 - reach[chosen] / C_KM_S), centre * (1 + 500 / C_KM_S))
        if not rows.size:
            continue
        ratio2 = (wave[pixels] / centre[rows]) ** 2
        velocity = C_KM_S * (1 - ratio2) / (1 + ratio2)  # relativistic, outwards
        factor = transmission(velocity, _rows(troughs, chosen[rows[:, 0]]), strength)
        flux[chosen[rows], pixels] *= np.where(inside, factor, 1).astype(flux.dtype)


def balnicity(velocity: NDArray, transmitted: NDArray) -> NDArray[np.float64]:
    """Balnicity index, km/s (Weymann et al. 1991, ApJ 373, 23).

    The integral from 3,000 to 25,000 km/s of [1 - f(v) / 0.9] C dv, where C is 0 and becomes 1 once the bracket has been
    positive for 2,000 km/s without a break.

    Parameters
    ----------
    velocity : ndarray, shape (m,)
        Outflow velocity, equally spaced, km/s.
    transmitted : ndarray, shape (n, m)
        Flux over the unabsorbed one.
    """
    step = velocity[1] - velocity[0]
    depth = 1 - transmitted / 0.9
    counted = (velocity >= 3000) & (velocity <= V_MAX)
    run = _run_length((depth > 0) & counted) * step
    return np.sum(depth * (run > 2000), axis=1) * step


def absorption_index(velocity: NDArray, transmitted: NDArray, least: float = 450.0) -> NDArray[np.float64]:
    """Absorption index, km/s (Hall et al. 2002, ApJS 141, 267).

    The integral from 0 to 25,000 km/s of [1 - f(v) / 0.9] over troughs in which the bracket is positive for at least `least`
    km/s (450 in Hall et al. and DR16Q; 1,000 in Trump et al. 2006), all of the trough counting. Parameters as in `balnicity`.
    """
    step = velocity[1] - velocity[0]
    depth = 1 - transmitted / 0.9
    below = (depth > 0) & (velocity >= 0) & (velocity <= V_MAX)
    whole = _run_length(below) + _run_length(below[:, ::-1])[:, ::-1] - 1  # length of the run a pixel is part of
    return np.sum(depth * (below & (whole * step >= least)), axis=1) * step


def _run_length(flag: NDArray[np.bool_]) -> NDArray[np.int64]:
    """How many True have stood in a row up to and with each place along the last axis."""
    place = np.arange(1, flag.shape[1] + 1)
    last_false = np.maximum.accumulate(np.where(flag, 0, place), axis=1)
    return place - last_false
