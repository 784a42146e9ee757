"""BAGPIPES for galaxies (extra ``bagpipes``, GPL: imported only when it is asked for): Bruzual & Charlot with Cloudy's nebulae.

Product notes
-------------
* A grid of constant star formation between two ages at solar metallicity, Calzetti's A_V and redshift is made once a process,
  some 40 ms a model, and fitted as our own grids are (`qsocore.sed.fit.best_of`): the same upper limits, likelihood and k.
* It writes to its own package's folder when it is imported for the first time, which takes a minute.
"""

from __future__ import annotations

import contextlib
import io
import tempfile
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from qsocore.errors import ConfigError
from qsocore.sed.backends.base import Settings
from qsocore.sed.bandfluxes import BandFluxes
from qsocore.sed.columns import preferred_kind
from qsocore.sed.fit import best_of
from qsocore.sed.grids import Grid, K, log_steps
from qsocore.sed.physical import R_V
from qsocore.simulate.bands import FILTERS

HISTORIES = ((0.1, 0.0), (1.0, 0.0), (5.0, 0.0), (1.0, 0.5), (3.0, 2.0), (10.0, 8.0))
"""Ages (Gyr) between which stars formed at a constant rate."""

A_V = (0.0, 0.5, 1.2)
"""Attenuation, mag."""

Z_RANGE, STEP = (0.02, 7.0), 0.04
"""Redshifts, a step of ln(1 + z) apart."""

_LOG_MASS, _LOG_U = 10.0, -3.0


class Bagpipes:
    """BAGPIPES."""

    title: ClassVar[str] = "Galaxies of BAGPIPES"
    citation: ClassVar[str] = "Carnall et al. 2018, MNRAS 480, 4379; Bruzual & Charlot 2003, MNRAS 344, 1000"
    kinds: ClassVar[tuple[str, ...]] = ("galaxy",)

    def missing(self, settings: Settings) -> str:
        """The package."""
        return "" if find_spec("bagpipes") else "its package is not installed: pip install 'qso-atlas[bagpipes]'"

    def fit(self, fluxes: BandFluxes, settings: Settings) -> dict[str, NDArray]:
        """Columns of galaxies.

        Raises
        ------
        ConfigError
            When no galaxies are asked for.
        """
        if "galaxy" not in settings.kinds:
            raise ConfigError("bagpipes fits galaxies only", "--kinds", "ask for galaxy among the kinds")
        grid = galaxy_grid(fluxes.bands)
        found = best_of(fluxes, grid, settings.limits)
        known = fluxes.n > 0
        chi2 = np.where(known, found.chi2, np.nan)
        out = {"n_bands": fluxes.n, "chi2_gal": chi2, "k_gal": np.full(len(fluxes), K["galaxy"]),
               "bic_gal": K["galaxy"] * np.log(np.maximum(fluxes.n, 1)) + chi2 + fluxes.log_errors, "z_phot": found.z,
               "z_phot_low": found.z_low, "z_phot_high": found.z_high, "z_phot_gal": found.z,
               "ebv_gal": grid.ebv[found.model % grid.per_z],
               "sed_template": np.array([grid.templates[number % grid.per_z] for number in found.model], object)}
        return out | {"sed_kind": preferred_kind(out)}


@cache
def galaxy_grid(bands: tuple[str, ...]) -> Grid:
    """Galaxies of `HISTORIES` over redshift and `A_V` in some bands, of 10^10 solar masses."""
    with contextlib.redirect_stdout(io.StringIO()), tempfile.TemporaryDirectory(prefix="qso-bagpipes-") as folder:
        import bagpipes

        z = log_steps(*Z_RANGE, STEP)
        curves = _curves(bands, Path(folder))
        flux = np.zeros((z.size, len(A_V), len(HISTORIES), len(bands)))
        for at, redshift in enumerate(z):
            oldest = float(np.interp(redshift, bagpipes.utils.z_array, bagpipes.utils.age_at_z))
            for number, attenuation in enumerate(A_V):
                for other, (first, last) in enumerate(HISTORIES):
                    if first < oldest:  # stars are not older than the universe
                        model = bagpipes.model_galaxy(_components(redshift, attenuation, first, last), filt_list=curves,
                                                      phot_units="mujy")
                        flux[at, number, other] = model.photometry
    names = tuple(f"{first:g} to {last:g} Gyr" for first, last in HISTORIES)
    n = len(names)
    nothing = np.zeros(len(A_V) * n)
    return Grid("galaxy", flux.reshape(-1, len(bands)).astype(np.float32), z, nothing, np.repeat(np.array(A_V) / R_V, n),
                nothing + 1, names * len(A_V))


def _components(z: float, attenuation: float, oldest: float, youngest: float) -> dict:
    return {"redshift": z, "t_bc": 0.01, "nebular": {"logU": _LOG_U}, "dust": {"type": "Calzetti", "Av": attenuation},
            "constant": {"age_max": oldest, "age_min": youngest, "massformed": _LOG_MASS, "metallicity": 1.0}}


def _curves(bands: tuple[str, ...], folder: Path) -> list[str]:
    """Files of filter curves, as it reads them."""
    from sedpy.observate import Filter

    files = []
    for band in bands:
        curve = Filter(FILTERS[band])
        files.append(str(folder / f"{band}.dat"))
        np.savetxt(files[-1], np.column_stack([curve.wavelength, curve.transmission]))
    return files


BACKEND = Bagpipes()
