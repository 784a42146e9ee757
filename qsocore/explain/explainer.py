"""A trained run that explains itself, one object of a store at a time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from qsocore.errors import ConfigError, did_you_mean
from qsocore.explain.attribute import METHODS, Attribution, window_of
from qsocore.explain.target import targets
from qsocore.grid import WaveGrid
from qsocore.models.load import Loaded
from qsocore.preprocess.prepare import Block
from qsocore.preprocess.regrid import Regridder
from qsocore.store import RunFolder

WINDOW = 120.0
"""Angstrom that are hidden together by occlusion: a broad line."""
SQUARE = 4
"""Pixels along the side of what is hidden together of an image: about the width of a PSF."""


@dataclass(frozen=True)
class Explained:
    """One number of one spectrum, shared among its pixels.

    Parameters
    ----------
    wave : ndarray, shape (n_pix of the run,)
        Observed wavelength of the run's pixels, vacuum Angstrom.
    attribution : Attribution
        Their contributions.
    """

    wave: NDArray[np.float64]
    attribution: Attribution


class Explainer:
    """The model of a finished run, loaded once.

    Parameters
    ----------
    run : RunFolder
        Finished.
    source : WaveGrid, optional
        Grid of the spectra of a run that reads some; by default the run's.

    Attributes
    ----------
    targets : dict of str to callable
        What can be explained, see `qsocore.explain.targets`.
    """

    def __init__(self, run: RunFolder, source: WaveGrid | None = None):
        self.loaded = Loaded(run)
        self.source = source or self.loaded.grid
        self.targets = targets(self.loaded.model)
        for parameter in self.loaded.model.parameters():
            parameter.requires_grad_(False)  # only the spectrum's gradient is wanted

    def explain(self, flux: ArrayLike, ivar: ArrayLike, mask: ArrayLike, target: str, method: str = "gradients",
                z: float | None = None, window: float = WINDOW) -> Explained:
        """Share a number among the pixels of one spectrum.

        Parameters
        ----------
        flux, ivar, mask : array_like, shape (n_pix of the source,)
            As in the store.
        target : str
            One of `targets`.
        method : str
            One of `METHODS`.
        z : float, optional
            Redshift, needed by a run in the rest frame.
        window : float
            For occlusion: Angstrom that are hidden together.

        Raises
        ------
        ConfigError
            For an unknown target or method, a spectrum that cannot be brought to the run's grid, or when captum is not
            installed.
        """
        self._check(target, method)
        if self.loaded.reads != "spectra":
            raise ConfigError(f"the run {self.loaded.run.name} reads {self.loaded.reads}, not spectra", "explain")
        grid = self.loaded.grid
        flux, ivar = np.asarray(flux, np.float32)[None], np.where(np.asarray(mask) == 0, ivar, 0).astype(np.float32)[None]
        stretch = 1.0 + z if grid.frame != self.source.frame and z is not None else None
        if self.source.hash != grid.hash:
            regridder = Regridder(self.source, grid, None if stretch is None else np.array([stretch - 1.0]))
            flux, ivar = regridder(flux, ivar, np.array([0]))
        x, w, _ = self.loaded.normalisation.apply(flux, ivar)
        made = self._attribution(x, w, target, method, min(window_of(grid.wave, window), grid.n_pix))
        return Explained(grid.wave * (stretch or 1.0), made)

    def explain_block(self, block: Block, target: str, method: str = "gradients", window: int = SQUARE) -> Attribution:
        """Share a number among the pixels of one object that is prepared already, such as an image.

        Parameters
        ----------
        block : Block
            Of one object, read by `qsocore.preprocess.prepare.prepared_for`.
        target, method : str
            As for `explain`.
        window : int
            For occlusion: pixels that are hidden together, of an image a square of so many on a side.

        Returns
        -------
        Attribution
            Its pixels in the shape of the model's grid, (n_bands, side, side) of an image.

        Raises
        ------
        ConfigError
            For an unknown target or method, or when captum is not installed.
        """
        self._check(target, method)
        return self._attribution(block.x[:1], block.w[:1], target, method, min(window, block.x.shape[-1]))

    def _check(self, target: str, method: str) -> None:
        for name, known in ((target, self.targets), (method, METHODS)):
            if name not in known:
                raise ConfigError(f"nothing here is called {name!r}", f"explain {self.loaded.run.name}",
                                  did_you_mean(name, known))

    def _attribution(self, x: NDArray, w: NDArray, target: str, method: str, window: int) -> Attribution:
        given = torch.from_numpy(x), torch.from_numpy(w) * self.loaded.model.seen
        options = {"window": window} if method == "occlusion" else {}
        return METHODS[method](self.targets[target], *given, **options)
