"""Our own grids: see `qsocore.sed.fit`."""

from __future__ import annotations

from typing import ClassVar

from numpy.typing import NDArray

from qsocore.sed.backends.base import Settings
from qsocore.sed.bandfluxes import BandFluxes
from qsocore.sed.columns import columns_of
from qsocore.sed.fit import KINDS, fit
from qsocore.sed.stars import read_stars


class Own:
    """Grids of `qsocore.sed.grids`."""

    title: ClassVar[str] = "Our own grids of stars, galaxies, quasars and pairs"
    citation: ClassVar[str] = "Temple, Hewett & Banerji 2021 (quasars), Calzetti et al. 2000, Bosman et al. 2022"
    kinds: ClassVar[tuple[str, ...]] = KINDS

    def missing(self, settings: Settings) -> str:
        """Nothing."""
        return ""

    def fit(self, fluxes: BandFluxes, settings: Settings) -> dict[str, NDArray]:
        """All columns."""
        stars = read_stars(settings.stars) if settings.stars else None
        return columns_of(fit(fluxes, settings.kinds, stars=stars, limits=settings.limits, progress=settings.progress))


BACKEND = Own()
