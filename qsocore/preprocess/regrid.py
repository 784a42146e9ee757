"""Bring spectra of a store to the grid of a model that was trained on another one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qsocore.errors import ConfigError, StoreError
from qsocore.grid import WaveGrid
from qsocore.preprocess.resample import rebin
from qsocore.store import Store


class Regridder:
    """Resamples blocks of spectra from one grid to another, and to the rest frame where the target is one.

    Parameters
    ----------
    source, target : WaveGrid
        Of the store and of the model.
    z : ndarray, shape (n_rows,), optional
        Redshift of every row of the store, for a target in the rest frame; a row without one has no good pixel there.

    Raises
    ------
    ConfigError
        When the grids do not overlap, or lie in frames between which nothing leads.
    """

    def __init__(self, source: WaveGrid, target: WaveGrid, z: NDArray | None = None):
        self.source, self.target, self.z = source, target, z
        if source.frame == "rest" and target.frame == "observed":
            raise ConfigError(f"the store is in the rest frame, the model's grid {target.name} is not", source.name)
        if target.frame == "rest" and source.frame == "observed" and z is None:
            raise ConfigError(f"the model's grid {target.name} is in the rest frame and no redshifts are known", source.name)
        if z is None and (source.wave[-1] < target.wave[0] or source.wave[0] > target.wave[-1]):
            raise ConfigError(f"the store covers {source.wave[0]:.0f} to {source.wave[-1]:.0f} Angstrom, the model's grid "
                              f"{target.name} {target.wave[0]:.0f} to {target.wave[-1]:.0f}", source.name)

    @classmethod
    def for_store(cls, store: Store, target: WaveGrid) -> Regridder | None:
        """The one that a store needs for a model's grid; None when it is on that grid already.

        Raises
        ------
        StoreError
            When the store has no spectra.
        ConfigError
            As the class.
        """
        if store.grid is None:
            raise StoreError("the store has a catalogue but no spectra", store.path)
        if store.grid.hash == target.hash:
            return None
        to_rest = target.frame == "rest" and store.grid.frame == "observed"
        return cls(store.grid, target, store.column("z") if to_rest and "z" in store.columns else None)

    @property
    def note(self) -> str:
        """One line for the user."""
        frame = ", in the rest frame of the catalogue redshifts" if self.z is not None else ""
        return f"spectra are resampled from {self.source.name} to {self.target.name}{frame}"

    def __call__(self, flux: NDArray, ivar: NDArray, rows: NDArray) -> tuple[NDArray, NDArray]:
        """Flux and ivar (n, n_pix of the target) of these rows; ivar is 0 where nothing is known."""
        if self.z is None:
            return rebin(self.source.wave, flux, ivar, None, self.target.edges)[:2]
        out = np.zeros((2, len(rows), self.target.n_pix), np.float32)
        for i, stretch in enumerate(1.0 + self.z[rows]):
            if stretch > 0:  # not so where the redshift is missing
                pixels = rebin(self.source.wave / stretch, flux[i] * stretch, ivar[i] / stretch**2, None, self.target.edges)
                out[:, i] = pixels[:2]
        return out[0], out[1]

    def back(self, flux: NDArray, row: int = 0) -> NDArray[np.float32]:
        """Model flux (n_pix of the target) of a row drawn on the store's grid (n_pix of the source), NaN outside its range."""
        stretch = 1.0 if self.z is None else 1.0 + self.z[row]
        drawn = np.interp(self.source.wave, self.target.wave * stretch, flux / stretch, left=np.nan, right=np.nan)
        return drawn.astype(np.float32)
