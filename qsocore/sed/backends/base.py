"""The face that every back end shows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from numpy.typing import NDArray

from qsocore.sed.bandfluxes import BandFluxes
from qsocore.sed.fit import KINDS, Limits


@dataclass(frozen=True)
class Settings:
    """What a user may ask of a back end; each takes what it can use.

    Parameters
    ----------
    kinds : tuple of str
        Of `qsocore.sed.fit.KINDS`.
    stars : Path, optional
        A library of stars as LePHARE lists it, in place of our own.
    limits : {"gaussian", "censored"}
        What upper limits mean.
    data : Path, optional
        Folder of the code's own data.
    progress : bool
        Whether it is shown.
    """

    kinds: tuple[str, ...] = KINDS
    stars: Path | None = None
    limits: Limits = "gaussian"
    data: Path | None = None
    progress: bool = False


class Backend(Protocol):
    """A code that fits photometry."""

    title: str
    """What it is, in a line."""
    citation: str
    """What to cite."""
    kinds: tuple[str, ...]
    """Kinds of `qsocore.sed.fit.KINDS` that it knows."""

    def missing(self, settings: Settings) -> str:
        """What it lacks to run, with what to do about it; "" when it can."""
        ...

    def fit(self, fluxes: BandFluxes, settings: Settings) -> dict[str, NDArray]:
        """Fit all objects.

        Returns
        -------
        dict of str to ndarray, shape (n,)
            Of `qsocore.sed.columns.COLUMNS`, at least chi2, bic and k of the kinds asked for, ``n_bands`` and ``sed_kind``.
        """
        ...
