"""Models with physical parameters, for one object: what `qsocore.sed.optimum` climbs and `qsocore.sed.sample` samples.

Priors are those of the published fits of quasars at z = 6: a galaxy that formed stars at a constant rate from t0 to t1 Gyr ago
(0 < t1 < t0 < 13), 10^8 to 10^15 solar masses, metallicities to 2, A_V to 2 (Calzetti), redshifts to 10, or to 4 before a
quasar; a quasar's apparent magnitude at rest 1450 Angstrom of 18 to 24 and E(B-V) to 2, at a given redshift or a free one. Its
slope (`tilt`) and its sight line's optical depth (`ln_opacity`) are scattered besides, by amounts that are known from other
quasars: Gaussian priors, which keep them from being parameters in the sense of the BIC.
Galaxies of the publication are Bruzual & Charlot's with nebular emission of Cloudy (through BAGPIPES); ours are sums of six
populations with their gas (`qsocore.sed.galaxies`), whose metallicity acts by Worthey's (1994) rule, with as many parameters.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray

from qsocore.errors import ConfigError
from qsocore.sed import galaxies, quasars
from qsocore.sed.bandfluxes import BandFluxes
from qsocore.sed.fit import BOTH, KINDS, Limits, chi2_of
from qsocore.sed.grids import Z_QUASAR, log_steps
from qsocore.simulate.bands import responses
from qsocore.simulate.quasar_light import OPACITY_SCATTER, SLOPE_SCATTER

CONSTANT = "constant"
"""The history of these galaxies, beside those of `galaxies.TEMPLATES`."""

R_V = 4.05
"""A_V / E(B-V) of Calzetti et al. (2000)."""

UNITS = {"t0": "Gyr", "t1": "Gyr", "log_mass": "dex(solMass)", "metallicity": "solar", "a_v": "mag", "z_galaxy": "", "z": "",
         "m_1450": "mag", "ebv": "mag", "tilt": "", "ln_opacity": ""}
"""Units of the parameters by name."""

_GALAXY = {"t0": (0.0, 13.0), "t1": (0.0, 13.0), "log_mass": (8.0, 15.0), "metallicity": (0.0, 2.0), "a_v": (0.0, 2.0),
           "z_galaxy": (0.0, 10.0)}
_QUASAR = {"m_1450": (18.0, 24.0), "ebv": (0.0, 2.0)}
_SCATTER = {"tilt": SLOPE_SCATTER, "ln_opacity": OPACITY_SCATTER}
_REACH = 4.0  # standard deviations
_LENS = (0.0, 4.0)
_NEAREST = 1e-3  # redshift below which distances are nothing
_STEP = 0.008  # of ln(1 + z) in the tables
_EBV_GALAXY = np.linspace(0.0, 0.5, 6)
_EBV_QUASAR = np.concatenate([np.linspace(0.0, 0.3, 7), np.geomspace(0.4, 2.0, 6)])
_TILT = np.array([-_REACH, 0.0, _REACH]) * SLOPE_SCATTER
_LN_OPACITY = np.linspace(-_REACH, _REACH, 7) * OPACITY_SCATTER
_DARK = 1e-30  # of fluxes, so that they have logarithms


@dataclass(frozen=True)
class Physical:
    """One kind of model for one object's bands.

    Parameters
    ----------
    kind : str
        "galaxy", "quasar" or "quasar+galaxy".
    bands : tuple of str
    fixed_z : float, optional
        Redshift of the quasar; free when None.
    forest : str
        Key of `qsocore.sed.forests.FORESTS`.
    """

    kind: str
    bands: tuple[str, ...]
    fixed_z: float | None = None
    forest: str = "bosman"

    def __post_init__(self):
        if self.kind not in KINDS[1:]:
            raise ConfigError(f"{self.kind!r} has no physical parameters to sample", "kind", f"one of {', '.join(KINDS[1:])}")
        if self.fixed_z is not None and not Z_QUASAR[0] <= self.fixed_z <= Z_QUASAR[1]:
            raise ConfigError(f"{self.fixed_z:g} is no redshift that quasars are modelled at", "fixed_z",
                              f"{Z_QUASAR[0]:g} to {Z_QUASAR[1]:g}")

    @cached_property
    def bounds(self) -> dict[str, tuple[float, float]]:
        """Limits of the parameters by name, in the order in which they come."""
        galaxy = _GALAXY | ({"z_galaxy": _LENS} if self.kind == BOTH else {}) if self.kind != "quasar" else {}
        scattered = {name: (-_REACH * sigma, _REACH * sigma) for name, sigma in _SCATTER.items()}
        quasar = _QUASAR | ({"z": Z_QUASAR} if self.fixed_z is None else {}) | scattered if self.kind != "galaxy" else {}
        return galaxy | quasar

    @property
    def names(self) -> tuple[str, ...]:
        """Parameters."""
        return tuple(self.bounds)

    @property
    def k(self) -> int:
        """Parameters in the sense of the BIC: without those whose scatter is known beforehand."""
        return sum(name not in _SCATTER for name in self.names)

    def log_prior(self, theta: NDArray) -> NDArray[np.float64]:
        """Of parameters (n, n_names), shape (n,): flat within the bounds, Gaussian for slope and sight line."""
        low, high = np.array(list(self.bounds.values())).T
        inside = ((theta >= low) & (theta <= high)).all(axis=1)
        at = dict(zip(self.names, theta.T, strict=True))
        if "t0" in at:
            inside &= at["t1"] < at["t0"]
        gaussian = sum(-0.5 * np.square(at[name] / sigma) for name, sigma in _SCATTER.items() if name in at)
        return np.where(inside, gaussian, -np.inf)

    def parts(self, theta: NDArray) -> NDArray[np.float64]:
        """Band fluxes of the components, quasar then galaxy, microjansky, shape (n, n_parts, n_bands)."""
        at = dict(zip(self.names, theta.T, strict=True))
        out = []
        if self.kind != "galaxy":
            z = np.full(len(theta), self.fixed_z) if self.fixed_z is not None else at["z"]
            light = _quasar_table(self.bands, self.forest, self.fixed_z)(z, at["tilt"], at["ebv"], at["ln_opacity"])
            out.append(light * 10 ** (0.4 * (quasars.MAGNITUDE - at["m_1450"]))[:, None])
        if self.kind != "quasar":
            shares, amplitude = _constant(at)
            light = _galaxy_table(self.bands)(at["z_galaxy"], at["a_v"] / R_V)
            out.append(np.einsum("nc,ncb->nb", galaxies.components(shares), light) * amplitude[:, None])
        return np.stack(out, axis=1)

    def log_likelihood(self, theta: NDArray, fluxes: BandFluxes, limits: Limits = "gaussian") -> NDArray[np.float64]:
        """Of one object's fluxes under parameters (n, n_names), in jansky, shape (n,)."""
        return -0.5 * (chi2_of(fluxes, self.parts(theta).sum(axis=1), limits) + fluxes.log_errors)


def light_of(parameters: dict[str, float]) -> tuple[NDArray[np.float64], float]:
    """Shares of light and rest f_lambda at 5500 Angstrom of a galaxy of these parameters, as `galaxies.spectra` takes them."""
    shares, amplitude = _constant({name: np.array([value]) for name, value in parameters.items()})
    return shares[0], float(amplitude[0])


def _constant(at: dict[str, NDArray]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    light = galaxies.history(at["t0"], at["t1"], at["metallicity"])
    total = light.sum(axis=1)
    return light / total[:, None], total * galaxies.scale(at["log_mass"], np.maximum(at["z_galaxy"], _NEAREST))


@dataclass(frozen=True)
class _Table:
    """Fluxes over redshift and further axes; between nodes linear in redshift, in the logarithm along the others."""

    log_z: NDArray[np.float64]
    axes: tuple[NDArray[np.float64], ...]
    log_flux: NDArray[np.float64]  # (n_z, *axes, ...)

    def __call__(self, z: NDArray, *values: NDArray) -> NDArray[np.float64]:
        """Fluxes (n, ...) at redshifts and values (n,)."""
        low, share = _between(np.log1p(z), self.log_z)
        corners = [((), np.ones(len(z)))]
        for value, axis in zip(values, self.axes, strict=True):
            below, up = _between(value, axis)
            corners = [((*at, below + one), weight * part) for at, weight in corners for one, part in ((0, 1 - up), (1, up))]
        extra = (slice(None),) + (None,) * (self.log_flux.ndim - 1 - len(self.axes))

        def at_node(node: NDArray) -> NDArray:
            return np.exp(sum(self.log_flux[(node, *at)] * weight[extra] for at, weight in corners))

        if self.log_z.size == 1:
            return at_node(low)
        return at_node(low) * (1 - share)[extra] + at_node(low + 1) * share[extra]


def _between(values: NDArray, nodes: NDArray) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Node below each value, and how far it is to the next; the ends hold beyond."""
    place = np.interp(values, nodes, np.arange(nodes.size))
    low = np.clip(place.astype(np.int64), 0, max(nodes.size - 2, 0))
    return low, place - low


@cache
def _galaxy_table(bands: tuple[str, ...]) -> _Table:
    z = log_steps(_NEAREST, _GALAXY["z_galaxy"][1] * 1.01, _STEP)
    table = galaxies.band_table(z, _EBV_GALAXY, responses(bands))
    return _Table(np.log1p(z), (_EBV_GALAXY,), np.log(np.maximum(table, _DARK)))


@cache
def _quasar_table(bands: tuple[str, ...], forest: str, fixed_z: float | None) -> _Table:
    z = log_steps(Z_QUASAR[0], Z_QUASAR[1] * 1.01, _STEP) if fixed_z is None else np.array([fixed_z])
    table = quasars.band_table(z, _TILT, _EBV_QUASAR, np.exp(_LN_OPACITY), forest, responses(bands))
    return _Table(np.log1p(z), (_TILT, _EBV_QUASAR, _LN_OPACITY), np.log(np.maximum(table, _DARK)))
