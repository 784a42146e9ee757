"""What of a store a model reads, as it reads it: spectra on its grid, images in its bands, photometry; normalised."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from qsocore.errors import ConfigError, StoreError
from qsocore.grid import WaveGrid
from qsocore.preprocess.normalise import Normalisation
from qsocore.preprocess.normalise_images import ImageNormalisation
from qsocore.preprocess.photometry import fluxes_of
from qsocore.preprocess.regrid import Regridder
from qsocore.sampling import Bands, Grid, ImageGrid
from qsocore.store import Store

Item = TypeVar("Item")
Result = TypeVar("Result")
_OTHER_SCALE = 0.1  # of ln(arcsec per pixel), from which images are of another survey


@dataclass(frozen=True)
class Block:
    """Prepared objects; their shape is (n_pix,) for spectra, (n_bands, side, side) for images, (n_bands,) for photometry.

    Parameters
    ----------
    rows : ndarray of int64, shape (n,)
        Rows of the store.
    x, w : ndarray of float32, shape (n, *shape)
        Normalised flux and weight, 0 where masked; an object of which the store has nothing is masked altogether.
    ivar : ndarray of float32, shape (n, *shape)
        Inverse variance of the flux, on the model's grid; 0 where masked.
    scale : ndarray of float32, shape (n,)
        x * scale is the flux.
    precision : ndarray of float32, shape (n, *shape)
        Inverse variance of x, without an error floor.
    """

    rows: NDArray[np.int64]
    x: NDArray[np.float32]
    w: NDArray[np.float32]
    ivar: NDArray[np.float32]
    scale: NDArray[np.float32]

    @cached_property
    def precision(self) -> NDArray[np.float32]:
        """See the class."""
        return self.ivar * np.square(self.scale).reshape(-1, *[1] * (self.ivar.ndim - 1))


class Source(Protocol):
    """Where blocks come from; `prepared_for` gives the one that a model needs."""

    store: Store
    grid: Grid
    note: str

    @property
    def known(self) -> NDArray[np.bool_] | None:
        """Which objects of the store (n_rows,) it has anything of; None for all."""
        ...

    def read(self, rows: NDArray[np.int64]) -> Block:
        """These rows of the store, prepared, in their order."""
        ...

    def stream(self, rows: NDArray[np.int64], size: int) -> Iterator[Block]:
        """Blocks of at most `size` of these rows, in their order; the next is read while one is worked on."""
        ...


class _Streamed:
    """What all sources share."""

    known: NDArray[np.bool_] | None = None

    def stream(self, rows: NDArray[np.int64], size: int) -> Iterator[Block]:
        """Blocks of at most `size` of these rows, in their order; the next is read while one is worked on."""
        return read_ahead(self.read, [rows[begin : begin + size] for begin in range(0, len(rows), size)])


class Prepared(_Streamed):
    """Reads blocks of a store's spectra for a model.

    Parameters
    ----------
    store : Store
        With spectra.
    grid : WaveGrid
        The model's.
    normalisation : Normalisation
        The model's.

    Raises
    ------
    StoreError
        When the store has no spectra.
    ConfigError
        When the store's spectra cannot be brought to the grid; see `Regridder`.
    """

    def __init__(self, store: Store, grid: WaveGrid, normalisation: Normalisation):
        self.store, self.grid, self.normalisation = store, grid, normalisation
        self._regridder = Regridder.for_store(store, grid)

    @property
    def note(self) -> str:
        """What is done to the store's spectra on the way, "" when nothing is."""
        return self._regridder.note if self._regridder else ""

    def read(self, rows: NDArray[np.int64]) -> Block:
        """These rows, prepared, in their order."""
        spectra = self.store.spectra(rows)
        flux, ivar = spectra.flux, np.where(spectra.mask == 0, spectra.ivar, np.float32(0))
        if self._regridder:
            flux, ivar = self._regridder(flux, ivar, rows)
        x, w, scale = self.normalisation.apply(flux, ivar)
        return Block(rows, x, w, ivar, scale)


class PreparedImages(_Streamed):
    """Reads blocks of the images of a store's objects for a model: its bands by name, its size from the middle.

    Parameters
    ----------
    store : Store
        Of images, or of spectra with images beside them.
    grid : ImageGrid
        The model's.
    normalisation : ImageNormalisation
        The model's.

    Raises
    ------
    StoreError
        When the store has no images.
    ConfigError
        When they lack a band, are smaller, or have another pixel scale.
    """

    def __init__(self, store: Store, grid: ImageGrid, normalisation: ImageNormalisation):
        self.store, self.grid, self.normalisation = store, grid, normalisation
        source = images_of(store)
        has, self._images = source.image_grid, source
        missing = [band for band in grid.bands if band not in has.bands]
        if missing or has.side < grid.side:
            raise ConfigError(f"the images are {has.side} pixels in {' '.join(has.bands)}, the model wants {grid.side} in "
                              f"{' '.join(grid.bands)}", source.path, "train one on images like these")
        if abs(np.log(has.pixel_scale / grid.pixel_scale)) > _OTHER_SCALE:  # not so where either is unknown
            raise ConfigError(f"the images have {has.pixel_scale:g} arcsec a pixel, the model {grid.pixel_scale:g}",
                              source.path, "train one on images like these")
        self._bands = [has.bands.index(band) for band in grid.bands]
        self._first = (has.side - grid.side) // 2
        self.note = "" if has.shape == grid.shape else f"images are cut to {grid.side} pixels in {' '.join(grid.bands)}"

    @cached_property
    def _places(self) -> NDArray[np.int64] | None:
        """Row of the image store for each row of the store, -1 for none; None when they are the same."""
        if self._images is self.store:
            return None
        return self._images.index_of(self.store.table(["object_id"]).column(0).combine_chunks())

    @property
    def known(self) -> NDArray[np.bool_] | None:
        """Which objects have an image, (n_rows,); None when all have."""
        return None if self._places is None else self._places >= 0

    def read(self, rows: NDArray[np.int64]) -> Block:
        """These rows, prepared, in their order."""
        if self._places is None:
            flux, ivar = self._cut(np.asarray(rows))
        else:
            places = self._places[rows]
            flux, ivar = np.zeros((2, len(places), *self.grid.shape), np.float32)
            flux[places >= 0], ivar[places >= 0] = self._cut(places[places >= 0])
        x, w, scale = self.normalisation.apply(flux, ivar)
        return Block(rows, x, w, ivar, scale)

    def _cut(self, rows: NDArray[np.int64]) -> tuple[NDArray, NDArray]:
        images, inside = self._images.images(rows), slice(self._first, self._first + self.grid.side)
        flux, ivar, mask = (array[:, self._bands, inside, inside] for array in (images.flux, images.ivar, images.mask))
        return flux, np.where(mask == 0, ivar, np.float32(0))


class PreparedPhotometry(_Streamed):
    """Reads the photometry in a store's catalogue for a model, each object in units of its own brightness.

    Parameters
    ----------
    store : Store
        With fluxes or magnitudes in every band of `grid`, see `qsocore.preprocess.photometry`.
    grid : Bands
        The model's.
    normalisation : ImageNormalisation
        The model's.
    """

    note = ""

    def __init__(self, store: Store, grid: Bands, normalisation: ImageNormalisation):
        self.store, self.grid, self.normalisation = store, grid, normalisation
        self._flux, self._ivar = fluxes_of(store, grid.bands)

    @cached_property
    def known(self) -> NDArray[np.bool_]:
        """Which objects have photometry, (n_rows,)."""
        return (self._ivar > 0).any(axis=1)

    def read(self, rows: NDArray[np.int64]) -> Block:
        """These rows, prepared, in their order."""
        flux, ivar = self._flux[rows], self._ivar[rows]
        as_images = (part[:, :, None, None] for part in (flux, ivar))  # of one pixel
        x, w, scale = self.normalisation.apply(*as_images)
        return Block(rows, x[:, :, 0, 0], w[:, :, 0, 0], ivar, scale)


def prepared_for(reads: str, store: Store, grid: Grid, normalisation: Normalisation | ImageNormalisation) -> Source:
    """What a model that reads spectra, images or photometry is given of a store.

    Raises
    ------
    StoreError, ConfigError
        As the classes above.
    """
    return {"spectra": Prepared, "images": PreparedImages, "photometry": PreparedPhotometry}[reads](store, grid, normalisation)


def photometry_for(store: Store, bands: Bands) -> PreparedPhotometry:
    """Photometry as a model of images reads it beside them: each object in units of its brightest band, errors as they are."""
    return PreparedPhotometry(store, bands, ImageNormalisation(error_floor=0.0))


def normalisation_for(reads: str) -> type:
    """The normalisation of what a model reads."""
    return Normalisation if reads == "spectra" else ImageNormalisation


def images_of(store: Store) -> Store:
    """Where a store's images are.

    Raises
    ------
    StoreError
        When it has none.
    """
    if store.image_store is None:
        raise StoreError("the store has no images", store.path,
                         f"put some beside its objects: qso ingest IMAGES --into {store.path}")
    return store.image_store


def read_ahead(read: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """``map(read, items)`` with the next item read by a thread while the last is used; at most two are in memory."""
    with ThreadPoolExecutor(1) as reader:
        ahead = None
        for item in items:
            ready, ahead = ahead, reader.submit(read, item)
            if ready is not None:
                yield ready.result()
        if ahead is not None:
            yield ahead.result()
