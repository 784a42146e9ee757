"""Quasar emission lines: equivalent widths with the Baldwin effect, widths and shifts, scattered together in each quasar."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qsocore.simulate.profiles import add_gaussians
from qsocore.units import C_KM_S


class EmissionLine(NamedTuple):
    """One Gaussian component.

    Parameters
    ----------
    name : str
        Ion; components of one line share it.
    wave : float
        Rest wavelength of the blend, vacuum Angstrom.
    ew : float
        Median rest equivalent width at M_i(z=2) = -25, Angstrom.
    baldwin : float
        d log10(EW) / d M_i: positive is weaker when brighter.
    scatter : float
        Scatter of log10(EW), dex.
    sigma : float
        Width, km/s.
    shift : float
        Mean shift, km/s; negative is towards the blue.
    shift_scatter : float
        Its scatter, km/s.
    group : str
        "broad", "narrow" or "iron": lines of a group brighten together.
    """

    name: str
    wave: float
    ew: float
    baldwin: float
    scatter: float
    sigma: float
    shift: float
    shift_scatter: float
    group: str


def _broad(name, wave, ew, baldwin, scatter, sigma, shift=0.0, shift_scatter=100.0):
    return EmissionLine(name, wave, ew, baldwin, scatter, sigma, shift, shift_scatter, "broad")


def _narrow(name, wave, ew, sigma=260.0):
    return EmissionLine(name, wave, ew, 0.08, 0.28, sigma, -20.0, 60.0, "narrow")


def _iron(wave, ew, sigma):
    return EmissionLine("Fe II", wave, ew, 0.0, 0.16, sigma, 0.0, 100.0, "iron")


LINES = (
    # High-ionisation and ultraviolet lines: medians, Baldwin slopes and widths of the BOSS DR9 model of Ross et al. (2013);
    # shifts after Vanden Berk et al. (2001) and Richards et al. (2011).
    _broad("Ly epsilon", 940.9, 2.9, 0.05, 0.10, 1500.0),
    _broad("C III", 985.5, 12.0, 0.05, 0.10, 2600.0, -200.0),
    _broad("O VI", 1033.8, 22.2, 0.049, 0.08, 1880.0, -300.0, 200.0),
    _broad("Fe III", 1123.0, 3.6, 0.0, 0.10, 2300.0),
    _broad("C III*", 1175.7, 0.9, 0.0, 0.10, 700.0),
    _broad("Ly alpha", 1215.67, 17.0, 0.076, 0.10, 1040.0, 0.0, 100.0),
    _broad("Ly alpha", 1216.3, 56.0, 0.097, 0.14, 3040.0, 0.0, 150.0),
    _broad("N V", 1240.14, 21.2, 0.0, 0.07, 2120.0, -250.0, 200.0),
    _broad("Si II", 1262.6, 6.0, 0.0, 0.08, 2600.0),
    _broad("O I", 1305.4, 3.8, 0.0, 0.10, 1700.0),
    _broad("C II", 1335.3, 1.6, 0.0, 0.10, 1500.0),
    _broad("Si IV", 1399.8, 13.4, 0.018, 0.07, 2910.0, -300.0, 300.0),
    _broad("C IV", 1549.1, 11.0, 0.113, 0.17, 1085.0, -250.0, 250.0),
    _broad("C IV", 1549.1, 45.0, 0.090, 0.12, 3970.0, -600.0, 350.0),
    _broad("He II", 1640.42, 4.5, 0.072, 0.16, 1510.0, -600.0, 300.0),
    _broad("O III]", 1664.0, 4.5, 0.040, 0.10, 2320.0, -100.0, 200.0),
    _broad("Al III", 1857.4, 6.0, 0.0, 0.12, 2100.0, -200.0, 200.0),
    _broad("C III]", 1906.5, 22.4, 0.021, 0.08, 2870.0, -400.0, 250.0),
    _broad("C III]", 1908.7, 1.9, 0.10, 0.20, 830.0, -150.0, 150.0),
    # Low-ionisation and Balmer lines
    _broad("Mg II", 2799.1, 10.0, 0.065, 0.13, 1220.0, 0.0, 80.0),
    _broad("Mg II", 2799.1, 26.0, 0.071, 0.12, 2680.0, 0.0, 100.0),
    _broad("H delta", 4102.9, 5.0, 0.0, 0.12, 1360.0),
    _broad("H gamma", 4341.7, 14.0, 0.05, 0.12, 1400.0),
    _broad("He II", 4687.0, 2.0, 0.03, 0.15, 1600.0),
    _broad("H beta", 4862.7, 52.0, 0.05, 0.14, 2300.0, 0.0, 120.0),
    _broad("He I", 5877.3, 4.9, 0.0, 0.14, 1400.0),
    _broad("H alpha", 6564.6, 320.0, 0.05, 0.14, 2000.0, 0.0, 120.0),
    _broad("He I", 7067.1, 3.1, 0.0, 0.15, 1000.0),
    _broad("O I", 8448.7, 10.7, 0.0, 0.15, 1800.0),
    # Narrow lines: those of Vanden Berk et al. (2001), table 2, undone of the dilution by hosts (as H-alpha and H-beta above)
    _narrow("[Ne V]", 3346.8, 0.4),
    _narrow("[Ne V]", 3426.9, 1.2, 330.0),
    _narrow("[O II]", 3728.5, 2.6),
    _narrow("[Ne III]", 3869.9, 2.0),
    _narrow("[O III]", 4364.4, 0.5),
    _narrow("H beta", 4862.7, 1.2),
    _narrow("[O III]", 4960.3, 6.0),
    _narrow("[O III]", 5008.24, 18.0),
    _narrow("[O I]", 6302.0, 1.1),
    _narrow("[N II]", 6549.9, 2.0),
    _narrow("H alpha", 6564.6, 6.0),
    _narrow("[N II]", 6585.3, 6.0),
    _narrow("[S II]", 6718.3, 2.8),
    _narrow("[S II]", 6732.7, 2.5),
    # Iron: the bumps of table 2 of Vanden Berk et al. (2001), and of the composite between them
    _iron(2076.6, 4.0, 3400.0),
    _iron(2175.0, 2.5, 3500.0),
    _iron(2240.0, 3.5, 3500.0),
    _iron(2325.0, 10.0, 4200.0),
    _iron(2410.0, 15.0, 4500.0),
    _iron(2500.0, 22.0, 5200.0),
    _iron(2600.0, 13.0, 3800.0),
    _iron(2735.0, 3.0, 2800.0),
    _iron(2880.0, 5.0, 3000.0),
    _iron(2964.3, 8.0, 3300.0),
    _iron(3080.0, 5.0, 4500.0),
    _iron(3191.0, 6.0, 4500.0),
    _iron(3290.0, 5.0, 4000.0),
    _iron(3498.9, 5.0, 5500.0),
    _iron(4180.0, 5.0, 3800.0),
    _iron(4490.0, 8.0, 2700.0),
    _iron(4570.0, 14.0, 3000.0),
    _iron(4660.0, 7.0, 2700.0),
    _iron(5190.0, 10.0, 2500.0),
    _iron(5305.0, 14.0, 3500.0),
)
"""All components. Doublets closer than the broad lines' width are one blend."""

NAMES = tuple(line.name for line in LINES)
_COLUMNS = {name: np.array([getattr(line, name) for line in LINES]) for name in EmissionLine._fields}
_BALMER_HEIGHT, _BALMER_EDGE = 0.28, 3646.0
_HC_K = 1.438777e8  # h c / k, Angstrom kelvin
SHARED = 0.8  # correlation between the scatter of any two lines of a group, as the square root of the shared variance


def draw_lines(m_i: NDArray, rng: np.random.Generator, names: Sequence[str] = NAMES) -> dict[str, NDArray]:
    """Equivalent widths, widths and shifts of components.

    Parameters
    ----------
    m_i : ndarray, shape (n,)
        M_i(z=2).
    rng : numpy.random.Generator
        Source of chance.
    names : sequence of str
        Ions whose components are drawn, all unless stated.

    Returns
    -------
    dict
        ``line_ew`` (rest Angstrom), ``line_sigma`` and ``line_shift`` (km/s), each (n, n_lines), and ``balmer`` (n,), the
        height of the Balmer continuum over the power law at 3646 Angstrom.

    Notes
    -----
    Each quasar has one shared number for equivalent widths, one for line widths and one for shifts (Ross et al. 2013), and
    one for iron against [O III] (eigenvector 1 of Boroson & Green 1992). Blueshifted lines are weak (Richards et al. 2011).
    """
    line = {key: values[np.isin(NAMES, names)] for key, values in _COLUMNS.items()}
    n, k = m_i.size, line["ew"].size
    ew_x, width_x, shift_x, iron_x = rng.standard_normal((4, n, 1))
    own = rng.standard_normal((3, n, k)).astype(np.float32)
    rest = np.sqrt(1 - SHARED**2)
    group = line["group"]
    shared = np.where(group == "iron", iron_x, np.where(group == "narrow", -0.6 * iron_x + 0.8 * ew_x, ew_x))
    log_ew = np.log10(line["ew"]) + line["baldwin"] * np.clip(m_i[:, None] + 25, -4, 4)
    log_ew = log_ew + line["scatter"] * (SHARED * shared + rest * own[0])
    brightness = np.clip(-(m_i[:, None] + 25), -3, 4)
    trend = np.where(line["shift"] <= -250, -120.0 * brightness, 0.0)  # C IV goes bluer by 0.8 Angstrom per magnitude
    blueward = 0.6 * ew_x + 0.8 * shift_x
    shift = line["shift"] + trend + line["shift_scatter"] * (SHARED * blueward + rest * own[1])
    sigma = line["sigma"] * 10 ** (0.08 * (SHARED * width_x + rest * own[2]))
    balmer = _BALMER_HEIGHT * 10 ** (0.2 * iron_x[:, 0])
    return {"line_ew": (10**log_ew).astype(np.float32), "line_sigma": sigma.astype(np.float32),
            "line_shift": shift.astype(np.float32), "balmer": balmer.astype(np.float32)}


def add_lines(flux: NDArray, wave: NDArray, z: NDArray, lines: dict[str, NDArray], continuum_at: NDArray) -> None:
    """Add all components to observed-frame spectra, in place.

    Parameters
    ----------
    flux : ndarray, shape (n, n_pix)
        Continua, f_lambda.
    wave : ndarray, shape (n_pix,)
        Observed wavelength, Angstrom.
    z : ndarray, shape (n,)
        Redshift.
    lines : dict
        From `draw_lines`.
    continuum_at : ndarray, shape (n, n_lines)
        Continuum f_lambda at each component's rest wavelength, which turns equivalent width into flux.
    """
    for number, line in enumerate(LINES):
        centre = line.wave * (1 + z) * (1 + lines["line_shift"][:, number] / C_KM_S)
        sigma = centre * lines["line_sigma"][:, number] / C_KM_S
        add_gaussians(flux, wave, centre, sigma, lines["line_ew"][:, number] * (1 + z) * continuum_at[:, number])


def add_balmer_continuum(flux: NDArray, wave: NDArray, z: NDArray, height: NDArray) -> None:
    """Multiply continua (n, n_pix) at observed wavelengths (n_pix,) by 1 + height x `balmer_continuum`, in place."""
    last = np.searchsorted(wave, (1 + z) * (_BALMER_EDGE + 400))
    rows = np.flatnonzero(last)
    if rows.size:
        part = slice(0, int(last.max()))
        table = np.linspace(800.0, _BALMER_EDGE + 400, 1500)
        bump = np.interp(wave[part] / (1 + z[rows, None]), table, balmer_continuum(table), right=0.0)
        flux[rows, part] *= (1 + height[rows, None] * bump).astype(flux.dtype)


def balmer_continuum(rest: NDArray) -> NDArray[np.float64]:
    """Balmer continuum over the power law, relative to its value at the edge, at rest wavelength in Angstrom.

    Optically thick towards the edge (optical depth 1 there, falling as lambda^3) at 15,000 K (Grandi 1982, ApJ 255, 25); the
    crowded high Balmer lines fill the edge, which is smeared over 100 Angstrom.
    """
    rest = np.asarray(rest, dtype=np.float64)
    ratio = rest / _BALMER_EDGE
    planck = ratio**-5 * np.expm1(_HC_K / (_BALMER_EDGE * 15000.0)) / np.expm1(_HC_K / (rest * 15000.0))
    bound_free = planck * np.expm1(-(ratio**3)) / np.expm1(-1.0)
    power_law = ratio**-1.55
    return bound_free / power_law / (1 + np.exp((rest - _BALMER_EDGE - 60) / 50.0))
