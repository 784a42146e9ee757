"""A trained run at work: objects to latents, and for runs that can do it latents to objects."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from qsocore.errors import ConfigError
from qsocore.grid import WaveGrid
from qsocore.models.base import FeatureModel, LatentModel, Network
from qsocore.models.load import Loaded
from qsocore.preprocess.prepare import Block, PreparedPhotometry, photometry_for
from qsocore.preprocess.regrid import Regridder
from qsocore.store import RunFolder, Store
from qsocore.train.loop import pick_device


class Encoder:
    """The model of a finished run, loaded once.

    Parameters
    ----------
    run : RunFolder or Loaded
        Finished.
    device : str
        ``cpu``, ``cuda`` or ``auto``.

    Attributes
    ----------
    reads : {"spectra", "images", "photometry"}
        What of a store the model looks at.
    grid : WaveGrid, ImageGrid or Bands
        The run's.
    normalisation : Normalisation or ImageNormalisation
        The run's.
    n_latent : int
        Number of latents.

    Raises
    ------
    StoreError
        When the run is damaged.
    ConfigError
        When its model is not known or has no latents.
    """

    kind: type[Network] = FeatureModel

    def __init__(self, run: RunFolder | Loaded, device: str = "cpu"):
        loaded = Loaded(run, self.kind) if isinstance(run, RunFolder) else run
        self.reads, self.grid, self.normalisation = loaded.reads, loaded.grid, loaded.normalisation
        self.device = pick_device(device)
        self.model = loaded.model.to(self.device)
        self.n_latent: int = self.model.n_latent

    @torch.inference_mode()
    def encode(self, x: NDArray, w: NDArray, beside: Block | None = None) -> NDArray[np.float32]:
        """Latents (n, n_latent) of normalised flux and weights on the run's grid, (n, *shape) each.

        `beside` is the photometry of the same objects for a run that was trained with it, see `photometry_beside`.
        """
        more = () if beside is None else (self._tensor(beside.x), self._tensor(beside.w))
        return self.model.encode(self._tensor(x), self._tensor(w) * self.model.seen, *more).cpu().numpy()

    def photometry_beside(self, store: Store) -> PreparedPhotometry | None:
        """What of a store's photometry the run was trained with beside its images; None where it was trained without.

        Raises
        ------
        StoreError
            When the store lacks one of the bands.
        """
        return photometry_for(store, self.model.beside) if self.model.beside else None

    def _tensor(self, array: ArrayLike) -> torch.Tensor:
        return torch.as_tensor(np.asarray(array, np.float32), device=self.device)


class Decoder(Encoder):
    """An `Encoder` whose model gives objects back.

    Parameters
    ----------
    run : RunFolder or Loaded
        Finished.
    source : WaveGrid, optional
        Grid of the spectra that `reconstruct` is given; by default the run's.
    device : str
        ``cpu``, ``cuda`` or ``auto``.

    Raises
    ------
    ConfigError
        Besides what `Encoder` says when nothing is decoded from the model's features.
    """

    kind = LatentModel

    def __init__(self, run: RunFolder | Loaded, source: WaveGrid | None = None, device: str = "cpu"):
        super().__init__(run, device)
        self.source = source or self.grid

    @torch.inference_mode()
    def decode(self, latents: ArrayLike) -> NDArray[np.float32]:
        """Normalised flux (n, *shape) on the run's grid of latents (n, n_latent)."""
        return self.model.decode(self._tensor(latents)).cpu().numpy()

    def reconstructed(self, block: Block) -> NDArray[np.float32]:
        """What the model makes of prepared objects, (n, *shape), in the units of their flux."""
        return self.decode(self.encode(block.x, block.w)) * block.scale.reshape(-1, *[1] * (block.x.ndim - 1))

    @torch.inference_mode()
    def encode_and_compare(self, x: NDArray, w: NDArray, precision: NDArray) -> tuple[NDArray, NDArray, NDArray, NDArray]:
        """Latents of normalised objects, and how well the model gives them back.

        Parameters
        ----------
        x, w, precision : ndarray, shape (n, *shape)
            Normalised flux, its weight, and its plain inverse variance (0 where masked).

        Returns
        -------
        latents : ndarray, shape (n, n_latent)
        chi2, square : ndarray, shape (n,)
            Sums over the good pixels of the squared deviation in units of the error, and of the squared deviation.
        n_good : ndarray, shape (n,)
            Good pixels among those that the run was trained on.
        """
        x, w, precision = self._tensor(x), self._tensor(w) * self.model.seen, self._tensor(precision) * self.model.seen
        latents = self.model.encode(x, w)
        good = precision > 0  # (n, *shape)
        square = (x - self.model.decode(latents)).square() * good
        sums = ((square * precision).flatten(1).sum(1), square.flatten(1).sum(1), good.flatten(1).sum(1))
        return tuple(part.cpu().numpy() for part in (latents, *sums))

    def reconstruct(self, flux: ArrayLike, ivar: ArrayLike, mask: ArrayLike,
                    z: float | None = None) -> tuple[NDArray[np.float32], float]:
        """What the model makes of one spectrum.

        Parameters
        ----------
        flux, ivar, mask : array_like, shape (n_pix of `source`,)
            As in the store.
        z : float, optional
            Redshift, needed by a run in the rest frame.

        Returns
        -------
        model : ndarray of float32, shape (n_pix of `source`,)
            In the units of `flux`; NaN where the run was not trained.
        chi2_pix : float
            Mean squared deviation in units of the error over good pixels; NaN when there are none.

        Raises
        ------
        ConfigError
            When the spectrum's grid cannot be brought to the run's, or the run reads no spectra.
        """
        if self.reads != "spectra":
            raise ConfigError(f"the run reads {self.reads}, not spectra", "reconstruct")
        flux, ivar = np.asarray(flux, np.float32)[None], np.where(np.asarray(mask) == 0, ivar, 0.0).astype(np.float32)[None]
        regridder = None
        if self.source.hash != self.grid.hash:
            to_rest = self.grid.frame != self.source.frame and z is not None
            regridder = Regridder(self.source, self.grid, np.array([z], float) if to_rest else None)
        on_grid = regridder(flux, ivar, np.array([0])) if regridder else (flux, ivar)
        x, w, scale = self.normalisation.apply(*on_grid)
        known = self.model.seen.cpu().numpy() > 0
        model = np.where(known, self.decode(self.encode(x, w))[0] * scale[0], np.nan).astype(np.float32)
        if regridder:
            model = regridder.back(model)
        good = (ivar[0] > 0) & np.isfinite(model)
        chi2 = float(np.sum(ivar[0][good] * (flux[0] - model)[good] ** 2, dtype=float))
        return model, chi2 / good.sum() if good.any() else float("nan")


def open_encoder(run: RunFolder, source: WaveGrid | None = None, device: str = "cpu") -> Encoder:
    """A `Decoder` where the run's model gives objects back, else an `Encoder`.

    Raises
    ------
    StoreError
        When the run is damaged.
    ConfigError
        When its model is not known or has no latents.
    """
    loaded = Loaded(run, FeatureModel)
    return Decoder(loaded, source, device) if isinstance(loaded.model, LatentModel) else Encoder(loaded, device)
