"""Grids of models: the fluxes in the bands of every star, galaxy and quasar that is tried, and what each of them is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from qsocore.sed import galaxies, quasars
from qsocore.sed.stars import Stars, own_stars
from qsocore.simulate.bands import band_fluxes, responses

STEP = 0.01
"""Step of ln(1 + z): 3000 km/s, 0.07 at z = 6, below what nine bands tell apart."""

Z_QUASAR = (0.1, 7.5)
"""Redshifts of quasars."""
Z_GALAXY = (0.01, 8.0)
"""Redshifts of galaxies alone."""
Z_LENS = (0.01, 4.0)
"""Redshifts of galaxies with a quasar."""

TILT = (-0.25, 0.0, 0.25)
"""What is added to the slopes of quasars: a standard deviation to either side (`quasar_light.SLOPE_SCATTER`)."""

EBV_QUASAR = (0.0, 0.03, 0.07, 0.12, 0.2, 0.3, 0.45)
EBV_GALAXY = (0.0, 0.1, 0.2, 0.3, 0.45)
SIGHT_LINES = (("bosman", (0.78, 0.88, 1.0, 1.13, 1.28)), ("becker", (1.0,)))
"""Forests that a quasar may be seen through, and factors on their optical depth: the measured one within a standard deviation
to either side (`qsocore.simulate.quasar_light.OPACITY_SCATTER`), and one as clear as published fits assumed, so that a clear
sight line does not pass for a galaxy in front."""

K = {"star": 2, "galaxy": 4, "quasar": 3, "quasar+galaxy": 7}
"""Parameters of a grid's models: an amplitude each, and the axes: the star; redshift, E(B-V) and history of a galaxy; redshift
and E(B-V) of a quasar. Slope and sight line are none: their scatter among quasars is known beforehand."""


@dataclass(frozen=True)
class Grid:
    """Models of one kind, those of one redshift beside each other and redshifts rising.

    Parameters
    ----------
    kind : str
        "star", "galaxy" or "quasar".
    flux : ndarray of float32, shape (n_models, n_bands)
        Microjansky at an amplitude of 1.
    z : ndarray, shape (n_z,)
        Redshifts; that of model i is ``z[i // per_z]``. Stars have one, NaN.
    tilt, ebv, opacity : ndarray, shape (per_z,)
        What the models of each redshift differ in, with `templates`.
    templates : tuple of str, length per_z
        Star, history of the galaxy, or forest before the quasar.
    """

    kind: str
    flux: NDArray[np.float32]
    z: NDArray[np.float64]
    tilt: NDArray[np.float64]
    ebv: NDArray[np.float64]
    opacity: NDArray[np.float64]
    templates: tuple[str, ...]

    @property
    def per_z(self) -> int:
        """Models of each redshift."""
        return len(self.templates)

    def z_of(self, model: NDArray) -> NDArray[np.float64]:
        """Redshifts of models by number."""
        return self.z[np.asarray(model) // self.per_z]


def log_steps(low: float, high: float, step: float) -> NDArray[np.float64]:
    """Redshifts between two, a step of ln(1 + z) apart."""
    return np.expm1(np.arange(np.log1p(low), np.log1p(high), step))


def star_grid(bands: tuple[str, ...], stars: Stars | None = None) -> Grid:
    """Stars; those of `qsocore.sed.stars.own_stars` unless others are given."""
    stars = stars or own_stars()
    none = np.zeros(len(stars.names))
    return Grid("star", band_fluxes(stars.flux, bands), np.array([np.nan]), none, none, none + 1, stars.names)


@cache
def quasar_grid(bands: tuple[str, ...], step: float = STEP, tilt: tuple[float, ...] = TILT,
                ebv: tuple[float, ...] = EBV_QUASAR,
                sight_lines: tuple[tuple[str, tuple[float, ...]], ...] = SIGHT_LINES) -> Grid:
    """Quasars of `quasars.MAGNITUDE` over redshift (`Z_QUASAR`), slope, E(B-V) and sight line."""
    z = log_steps(*Z_QUASAR, step)
    flux = np.concatenate([quasars.band_table(z, *map(np.array, (tilt, ebv, opacity)), forest, responses(bands))
                           for forest, opacity in sight_lines], axis=3)
    sight = [(forest, factor) for forest, factors in sight_lines for factor in factors]
    slopes, dust, lines = (axis.ravel() for axis in np.meshgrid(tilt, ebv, np.arange(len(sight)), indexing="ij"))
    return Grid("quasar", _flat(flux), z, slopes, dust, np.array([sight[line][1] for line in lines]),
                tuple(sight[line][0] for line in lines))


@cache
def galaxy_grid(bands: tuple[str, ...], z_range: tuple[float, float] = Z_GALAXY, step: float = STEP,
                ebv: tuple[float, ...] = EBV_GALAXY) -> Grid:
    """Galaxies of the histories of `galaxies.TEMPLATES` over redshift and E(B-V), per rest f_lambda at 5500 Angstrom."""
    z = log_steps(*z_range, step)
    table = galaxies.band_table(z, np.array(ebv), responses(bands))
    shares = galaxies.components(list(galaxies.TEMPLATES.values()))
    flux = np.einsum("zecb,tc->zetb", table, shares)
    n = len(galaxies.TEMPLATES)
    nothing = np.zeros(len(ebv) * n)
    return Grid("galaxy", _flat(flux), z, nothing, np.repeat(ebv, n), nothing + 1, tuple(galaxies.TEMPLATES) * len(ebv))


def _flat(flux: NDArray) -> NDArray[np.float32]:
    """Models (n_models, n_bands) of a table with the bands last, read-only: it is shared."""
    flat = flux.reshape(-1, flux.shape[-1]).astype(np.float32)
    flat.flags.writeable = False
    return flat
