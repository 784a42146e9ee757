"""What is looked at to grade an image: colour at several stretches, every band, what an autoencoder leaves over. No GUI.

Of an object and of one that was injected into a campaign the same is made in the same way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dashboard import image, imagemodel
from dashboard.image import Cube, Look
from qsocore.errors import AtlasError

if TYPE_CHECKING:
    from dashboard.desk import Place
    from dashboard.imagemodel import Rebuilt
    from dashboard.library import Library
    from qsocore.store import RunFolder, Store

COLOURS = (("colour", 1.0), ("faint", 0.4), ("bright", 4.0))
"""Pictures in colour, and the width of their linear part by the customary one."""
SIGMAS = 5.0
"""Of a residual, at which its colour is full."""
THUMBNAIL = 96
"""Longer side of a picture in a mosaic, pixels."""


@dataclass(frozen=True)
class Light:
    """Where a desk's images come from.

    Parameters
    ----------
    library : Library
    injected : Store or None
        The images of a campaign's injected ones.
    run : RunFolder or None
        That gives images back.
    """

    library: Library
    injected: Store | None = None
    run: RunFolder | None = None

    def cubes(self, places: list[Place]) -> list[Cube | AtlasError | None]:
        """The images of some objects in their order, as `Pictures.cubes` gives them."""
        from dashboard.pictures import from_store

        rows = np.array([place.row for place in places], np.int64)
        found: list[Cube | AtlasError | None] = [None] * len(places)
        for at, cube in zip(np.flatnonzero(rows >= 0), self.library.pictures.cubes(rows[rows >= 0]), strict=True):
            found[at] = cube
        for at in np.flatnonzero(rows < 0):
            row = self._injected_row(places[at])
            found[at] = from_store(self.injected, row) if row >= 0 else None
        return found

    def rebuilt(self, place: Place, cube: Cube) -> Rebuilt | None:
        """An image as the run gives it back, None without a run."""
        if self.run is None:
            return None
        if place.row >= 0:
            return imagemodel.rebuilt(self.library, self.run, place.row, cube)
        row = self._injected_row(place)
        return imagemodel.rebuilt(self.library, self.run, row, cube, self.injected) if row >= 0 else None

    def _injected_row(self, place: Place) -> int:
        """Row among the injected images, -1 for none."""
        if self.injected is None:
            return -1
        rows = self.library.once(("injected rows", self.injected.path), lambda: {
            name: row for row, name in enumerate(self.injected.column("object_id").tolist())})
        return rows.get(place.object_id, -1)


def pictures(light: Light, place: Place) -> dict[str, Any]:
    """All pictures of an object for the browser.

    Returns
    -------
    dict
        ``colours``, ``bands`` and ``residuals``: what each picture is, and its address; ``bar``: length of the scale bar as
        part of the width, and what it says; ``north``: whether north is up; ``note``: what is to be said of them, or "".
    """
    (cube,) = light.cubes([place])
    if not isinstance(cube, Cube):
        return {"colours": [], "bands": [], "residuals": [], "bar": [0, ""], "north": False,
                "note": "The image cannot be read" if isinstance(cube, AtlasError) else "There is no image"}
    rebuilt, fault = None, ""
    try:
        rebuilt = light.rebuilt(place, cube)
    except AtlasError as error:  # what a model cannot do hides no data
        fault = f"no residual: {error.what}"
    note = f"residual ±{SIGMAS:g} σ of {rebuilt.run}, χ² per pixel {rebuilt.chi2_pix:.3g}" if rebuilt is not None else fault
    return {"colours": _colours(cube) + _model(cube, rebuilt), "bands": _bands(cube), "residuals": _residuals(cube, rebuilt),
            "bar": list(image.bar_of(cube)), "north": cube.north_up, "note": note}


def thumbnails(light: Light, places: list[Place]) -> list[str]:
    """A small picture of each, "" where there is none."""
    return [_address(image.thumbnail(cube, THUMBNAIL)) if isinstance(cube, Cube) else "" for cube in light.cubes(places)]


def _colours(cube: Cube) -> list[tuple[str, str]]:
    """In colour at several widths; of fewer than three bands the first in all stretches."""
    names = image.shown_colours(cube, image.PLAIN)
    if names is None:
        band = next((name for name in cube.bands if not cube.lacks(name)), cube.bands[0])
        masked = cube.masked[..., cube.bands.index(band)]
        return [(stretch, _address(image.marked(image.in_grey(cube, band, Look(stretch)), masked)))
                for stretch in reversed(image.STRETCHES)]
    masked = np.stack([cube.masked[..., cube.bands.index(name)] for name in names]).all(axis=0)
    return [(what, _address(image.marked(image.lupton(cube, stretched=width), masked))) for what, width in COLOURS]


def _model(cube: Cube, rebuilt: Rebuilt | None) -> list[tuple[str, str]]:
    """The reconstruction in colour, at the image's brightness."""
    if rebuilt is None:
        return []
    planes = [rebuilt.model.get(band, np.full(cube.flux.shape[:2], np.nan, np.float32)) for band in cube.bands]
    picture = image.lupton(Cube(np.stack(planes, axis=-1), cube.bands, cube.pixel_scale), scale=image.own_scale(cube))
    return [] if picture is None else [("model", _address(picture))]


def _bands(cube: Cube) -> list[tuple[str, str]]:
    return [(name, "" if cube.lacks(name) else _address(image.marked(image.in_grey(cube, name), cube.masked[..., k])))
            for k, name in enumerate(cube.bands)]


def _residuals(cube: Cube, rebuilt: Rebuilt | None) -> list[tuple[str, str]]:
    if rebuilt is None:
        return []
    known = rebuilt.residual
    return [(name, _address(image.signed(known[name], SIGMAS)) if name in known else "") for name in cube.bands]


def _address(picture: np.ndarray) -> str:
    return image.as_url(image.png(picture))
