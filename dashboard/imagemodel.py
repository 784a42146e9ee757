"""What models of images make of the object in focus: their reconstruction and its residual, and which pixels speak for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dashboard.attribution import Explanations, Question, said_of
from dashboard.image import Cube
from qsocore.errors import AtlasError

if TYPE_CHECKING:
    from dashboard.library import Library
    from qsocore.preprocess.prepare import PreparedImages
    from qsocore.store import RunFolder, Store

Planes = dict[str, NDArray[np.float32]]
"""By band an array (H, W) as an image's, NaN where a model says nothing."""


@dataclass(frozen=True)
class Rebuilt:
    """An object's image as a model gives it back.

    Parameters
    ----------
    run : str
        Whose model.
    model : Planes
        In the image's units.
    residual : Planes
        (Image - model) / sigma; NaN where masked.
    chi2_pix : float
        Mean squared residual over good pixels, NaN without any.
    """

    run: str
    model: Planes
    residual: Planes
    chi2_pix: float


@dataclass(frozen=True)
class Shared:
    """One number of a model, shared among an image's pixels.

    Parameters
    ----------
    pixels : Planes
        Their contributions.
    said : str
        What the number is.
    """

    pixels: Planes
    said: str


def prepared(library: Library, folder: RunFolder, grid, normalisation, store: Store | None = None) -> PreparedImages:
    """The images of a library, or of another store, as a run reads them; made once."""
    from qsocore.preprocess.prepare import PreparedImages

    store = store or library.store
    return library.once(("prepared images", folder.path, store.path), lambda: PreparedImages(store, grid, normalisation))


def rebuilding(library: Library, run: str) -> RunFolder | None:
    """The run that gives images back: the one that the maps are of where it can, else the newest of the store that can."""
    if library.store is None or library.store.image_store is None:
        return None
    known = [library.run(run)] if run else []
    for folder in (*known, *reversed(library.store.runs())):
        if folder.finished and folder.config.get("reads") == "images":
            try:
                decoder = library.decoder(folder.path.name, "images")
                if decoder is not None and prepared(library, folder, decoder.grid, decoder.normalisation):
                    return folder
            except AtlasError:  # of another kind of images, or damaged: that hides no data
                continue
    return None


def rebuilt(library: Library, folder: RunFolder, row: int, cube: Cube, store: Store | None = None) -> Rebuilt | None:
    """The image of a row (of another store, where one is given) as a run gives it back, None where it sees no pixel of it."""
    decoder = library.decoder(folder.path.name, "images")
    source = prepared(library, folder, decoder.grid, decoder.normalisation, store)
    block = source.read(np.array([row]))
    if not (block.w > 0).any():
        return None
    model = decoder.reconstructed(block)[0]  # (n_bands, side, side)
    flux, ivar = block.x[0] * block.scale[0], block.ivar[0]
    sigmas = np.where(ivar > 0, (flux - model) * np.sqrt(ivar), np.float32(np.nan))
    good = sigmas[np.isfinite(sigmas)]
    chi2 = float(np.mean(np.square(good, dtype=float))) if good.size else float("nan")
    return Rebuilt(folder.name, placed(model, source.grid.bands, cube), placed(sigmas, source.grid.bands, cube), chi2)


def placed(planes: NDArray, bands: tuple[str, ...], cube: Cube) -> Planes:
    """Arrays (n_bands, side, side) of a model, row 0 at the bottom, where they are in an image of the same or a larger size."""
    height, width = cube.flux.shape[:2]
    side = planes.shape[-1]
    first_row, first_column = (height - side) // 2, (width - side) // 2
    out = {}
    for band, plane in zip(bands, planes, strict=True):
        whole = np.full((height, width), np.nan, np.float32)
        whole[first_row : first_row + side, first_column : first_column + side] = plane
        out[band] = whole[::-1]
    return out


class ImageExplanations(Explanations):
    """As `Explanations`, of models that read images; an answer is a `Shared` and the image that it is of."""

    reads = "images"

    def _folders(self, run: str) -> list[RunFolder]:
        first = super()._folders(run)
        known = {folder.path for folder in first}
        return [*first, *(folder for folder in reversed(self.library.store.runs()) if folder.path not in known)]

    def menu(self, run: str) -> list[tuple[str, list[str]]]:
        """Names of runs, each with what it can explain of this library's images."""
        if self.library.store is None or self.library.store.image_store is None:
            return []
        return super().menu(run)

    def _usable(self, folder: RunFolder) -> list[str]:
        loaded = self.explainer(folder).loaded
        prepared(self.library, folder, loaded.grid, loaded.normalisation)
        return super()._usable(folder)

    def _made(self, question: Question, folder: RunFolder, run: str, row: int) -> Any:
        explainer = self.explainer(folder)
        source = prepared(self.library, folder, explainer.loaded.grid, explainer.loaded.normalisation)
        made = explainer.explain_block(source.read(np.array([row])), question.target, question.method)
        cube = self.library.pictures.cube(row)
        return Shared(placed(made.pixels, source.grid.bands, cube), said_of(made, question, "blank"))
