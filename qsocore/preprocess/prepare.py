"""Spectra of a store as a model reads them: on its grid, normalised."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from qsocore.grid import WaveGrid
from qsocore.preprocess.normalise import Normalisation
from qsocore.preprocess.regrid import Regridder
from qsocore.store import Store

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Block:
    """Prepared spectra.

    Parameters
    ----------
    rows : ndarray of int64, shape (n,)
        Rows of the store.
    x, w : ndarray of float32, shape (n, n_pix)
        Normalised flux and weight, 0 where masked.
    ivar : ndarray of float32, shape (n, n_pix)
        Inverse variance of the flux, on the model's grid; 0 where masked.
    scale : ndarray of float32, shape (n,)
        x * scale is the flux.
    """

    rows: NDArray[np.int64]
    x: NDArray[np.float32]
    w: NDArray[np.float32]
    ivar: NDArray[np.float32]
    scale: NDArray[np.float32]


class Prepared:
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

    def stream(self, rows: NDArray[np.int64], size: int) -> Iterator[Block]:
        """Blocks of at most `size` of these rows, in their order; the next is read while one is worked on."""
        return read_ahead(self.read, [rows[begin : begin + size] for begin in range(0, len(rows), size)])


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
