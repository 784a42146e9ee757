"""Where the images of a library's objects are: in the store's images, else in single files; found by object id alone."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dashboard import imagefiles
from dashboard.image import Cube, Scale, common_scale, cube_of
from qsocore.errors import AtlasError
from qsocore.records import Mask

if TYPE_CHECKING:
    from pathlib import Path

    from dashboard.library import Library
    from qsocore.store import Store

_UNSEEN = Mask.NO_COVERAGE | Mask.NOT_FINITE  # pixels without a value; of other masked ones it is shown
_SAMPLE = 200  # objects by which a common brightness is measured


class Pictures:
    """The images of one library; shared by all sessions.

    Parameters
    ----------
    library : Library
        Whose store holds them: as its rows, as a store of images in its folder ``images``, or there as single files.
    """

    def __init__(self, library: Library):
        self.library = library
        self.store = library.store.image_store if library.store is not None else None
        """The store whose rows are the images, None when there is none."""

    @property
    def folder(self) -> Path | None:
        """Where single files may lie."""
        return self.library.store.path / "images" if self.library.store is not None else None

    def __bool__(self) -> bool:
        """Whether there are any."""
        return self.store is not None or (self.folder is not None and self.folder.is_dir())

    @property
    def alone(self) -> bool:
        """Whether there are images and no spectra."""
        return bool(self) and self.library.store.grid is None

    @cached_property
    def _place(self) -> NDArray[np.int64] | None:
        """Row among the images of each object of the table, -1 for none; None when they are the same."""
        table = self.library.table()
        if self.store is None:
            return np.full(table.n_rows, -1)
        if self.store is self.library.store:
            return None
        theirs = table.rows_of(self.store.column("object_id").tolist())  # (n_images,)
        place = np.full(table.n_rows, -1)
        known = theirs >= 0
        place[theirs[known]] = np.flatnonzero(known)
        return place

    def image_rows(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Rows of the store of images, -1 for objects that have none there."""
        rows = np.asarray(rows, np.int64)
        return rows if self._place is None else self._place[rows]

    def cubes(self, rows: NDArray[np.int64]) -> list[Cube | AtlasError | None]:
        """The images of some objects in their order: None where there is none, the fault of a file that cannot be read."""
        found: list[Cube | AtlasError | None] = [None] * len(rows)
        places = self.image_rows(rows)
        here = np.flatnonzero(places >= 0)
        if here.size:
            images = self.store.images(places[here])
            for number, at in enumerate(here.tolist()):
                found[at] = _from_store(images.grid, images.flux[number], images.ivar[number], images.mask[number])
        if here.size < len(rows) and self.folder is not None and self.folder.is_dir():
            ids = self.library.table().ids_of(rows)
            for at in np.flatnonzero(places < 0).tolist():
                found[at] = self._from_file(ids[at])
        return found

    def cube(self, row: int) -> Cube | None:
        """The image of an object, None when there is none.

        Raises
        ------
        AtlasError
            When its file cannot be read.
        """
        (cube,) = self.cubes(np.array([row]))
        if isinstance(cube, AtlasError):
            raise cube
        return cube

    def _from_file(self, object_id: str) -> Cube | AtlasError | None:
        file = imagefiles.file_of(self.folder, object_id)
        try:
            return None if file is None else imagefiles.read(file)
        except AtlasError as error:
            return error

    @property
    def bands(self) -> tuple[str, ...]:
        """Bands of the images, in order of wavelength; those of one file where each may have its own."""
        return next((cube.bands for cube in self._some(1)), ())

    @property
    def scale(self) -> Scale:
        """A brightness for all objects, by some of them."""
        return self.library.once("common scale of images", lambda: common_scale(self._some(_SAMPLE)))

    def _some(self, most: int) -> list[Cube]:
        if self.store is not None:
            rows = np.unique(np.linspace(0, self.store.n_rows - 1, most).astype(np.int64))
            images = self.store.images(rows)
            arrays = zip(images.flux, images.ivar, images.mask, strict=True)
            return [_from_store(images.grid, *each) for each in arrays]
        found = [self._from_file(imagefiles.id_of(file)) for file in imagefiles.some_of(self.folder, most)]
        return [cube for cube in found if isinstance(cube, Cube)]


def from_store(store: Store, row: int) -> Cube:
    """The image of a row of a store of images."""
    images = store.images([row])
    return _from_store(images.grid, images.flux[0], images.ivar[0], images.mask[0])


def _from_store(grid, flux: NDArray, ivar: NDArray, mask: NDArray) -> Cube:
    """One image of a store; y of its grid grows to the north and x to the west."""
    values = np.where(mask & np.uint8(_UNSEEN), np.float32(np.nan), flux)
    known = bool(np.isfinite(grid.pixel_scale))
    return cube_of(values, grid.bands, grid.pixel_scale, known, ivar=ivar, flagged=mask > 0)
